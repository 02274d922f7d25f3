package pgtemp

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5"
)

// citusShards is how many shards a table of a test has: fewer than in production, because every one is a table to be made.
const citusShards = 4

// NeedCitus skips a test unless RECOUP_TEST_CITUS_DSN names a Citus cluster: Debian has no package of it. The variable leads to a database of
// the coordinator that knows the workers, and the same user must be let in everywhere.
func NeedCitus(t testing.TB) (coordinator string) {
	t.Helper()
	coordinator = os.Getenv("RECOUP_TEST_CITUS_DSN") //nolint:forbidigo // a test has no command line to ask
	if coordinator == "" {
		t.Skip("RECOUP_TEST_CITUS_DSN names no Citus cluster")
	}
	return coordinator
}

// Citus creates a database for a test on the cluster of NeedCitus and answers its DSN. It is on every machine, has the extension, and is
// dropped at the end.
func Citus(t testing.TB) (dsn string) {
	t.Helper()
	return CitusBy(t, func(worker string) string { return worker })
}

// CitusBy is Citus with workers that the coordinator reaches by other addresses than their own.
func CitusBy(t testing.TB, way func(worker string) string) (dsn string) {
	t.Helper()
	coordinator := NeedCitus(t)
	conn, err := pgx.Connect(t.Context(), coordinator)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context())) //nolint:errcheck // which gives the lock back
	nodes, err := citusNodes(t.Context(), conn)
	if err != nil {
		t.Fatal(err)
	}
	name := newName()
	must := func(dsn, statement string) {
		t.Helper()
		if err := execute(t.Context(), dsn, statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	dsn = withDatabase(coordinator, name)
	for _, n := range slices.Backward(nodes) { // so that the coordinator, which asks the others now and then, is dropped first
		if err := create(t.Context(), n.in(coordinator), name); err != nil {
			t.Fatal(err)
		}
		dropAfter(t, n.in(coordinator), name)
		must(n.in(dsn), "CREATE EXTENSION citus")
	}
	must(dsn, fmt.Sprintf("SELECT citus_set_coordinator_host('%s', %d)", nodes[0].Host, nodes[0].Port))
	for _, n := range nodes[1:] {
		host, port, err := net.SplitHostPort(way(n.address()))
		if err != nil {
			t.Fatal(err)
		}
		must(dsn, fmt.Sprintf("SELECT citus_add_node('%s', %s)", host, port))
	}
	must(dsn, fmt.Sprintf("ALTER DATABASE %s SET citus.shard_count = %d", name, citusShards))
	return dsn
}

// citusNode is one machine of a cluster.
type citusNode struct {
	Host string
	Port int
}

func (n citusNode) address() string { return net.JoinHostPort(n.Host, strconv.Itoa(n.Port)) }

// in is a DSN with this node's address.
func (n citusNode) in(dsn string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		return dsn
	}
	u.Host = n.address()
	return u.String()
}

// citusNodes are the machines of a cluster, the coordinator first. Only one test at a time adds machines to a database: they write the same
// rows of the server.
func citusNodes(ctx context.Context, coordinator *pgx.Conn) ([]citusNode, error) {
	rows, err := coordinator.Query(ctx, `SELECT nodename, nodeport FROM pg_dist_node, pg_advisory_lock(hashtext('recoup tests'))
WHERE isactive AND noderole = 'primary' ORDER BY groupid`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[citusNode])
}
