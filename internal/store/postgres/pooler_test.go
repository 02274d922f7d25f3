package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"recoup/internal/need"
	"recoup/internal/pgtemp"
	"recoup/internal/store"
	"recoup/internal/store/postgres"
	"recoup/internal/store/storetest"
)

// TestConformanceThroughPooler runs the suite through PgBouncer in transaction mode: no prepared statement and no setting of a session
// outlives a transaction there.
func TestConformanceThroughPooler(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t testing.TB) store.Store {
		direct := pgtemp.Database(t)
		pooled := pooler(t, direct)
		if _, err := postgres.Open(t.Context(), postgres.Options{DSN: pooled, PgBouncer: true}); !errors.Is(err, postgres.ErrOlder) {
			t.Fatalf("opened through the pooler before the migration: %v", err)
		}
		_ = open(t, postgres.Options{DSN: direct}).Close()
		return open(t, postgres.Options{DSN: pooled, PgBouncer: true, Conns: 8})
	})
}

// pooler starts PgBouncer in front of a database, with fewer connections than callers, and answers a DSN that leads through it.
func pooler(t testing.TB, dsn string) string {
	t.Helper()
	binary := need.Program(t, "pgbouncer")
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	database := u.Path[1:]
	dir, err := os.MkdirTemp("", "recoup-pooler-") //nolint:usetesting // another user reads it, and folders of t are closed to others
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	file := filepath.Join(dir, "pgbouncer.ini")
	text := fmt.Sprintf(`[databases]
%[1]s = host=%[2]s port=%[3]s user=%[4]s dbname=%[1]s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %[5]d
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 6
max_client_conn = 200
log_connections = 0
log_disconnections = 0
`, database, u.Hostname(), u.Port(), u.User.Username(), port)
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	args := []string{"-q", file}
	if os.Getuid() == 0 {
		args = append([]string{"-u", "nobody"}, args...)
	}
	cmd := exec.Command(binary, args...)
	dieWithParent(cmd)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	through := fmt.Sprintf("postgres://%s@127.0.0.1:%d/%s?sslmode=disable", u.User.Username(), port, database)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		c, err := pgx.Connect(ctx, through)
		if err == nil {
			_ = c.Close(ctx)
			return through
		}
		select {
		case <-ctx.Done():
			t.Fatal("the pooler did not answer: ", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
