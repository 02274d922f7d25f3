package pgtemp

import (
	"context"
	"crypto/rand"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

// shared starts the server of a test binary. Nobody stops it: it goes with the process.
var shared = sync.OnceValues(func() (*Server, error) { return Start(context.Background(), Options{}) })

// Shared is the test binary's one server, started at first use. Without one the test fails: skipped, it would prove nothing and look as
// if it did.
func Shared(t testing.TB) *Server {
	t.Helper()
	s, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Database creates a database for a test, dropped at its end, and answers its DSN. It is on the shared server, or on the one whose DSN
// the environment variable RECOUP_TEST_POSTGRES holds, where that user may create databases.
func Database(t testing.TB) (dsn string) {
	t.Helper()
	server := os.Getenv("RECOUP_TEST_POSTGRES") //nolint:forbidigo // a test has no command line to ask
	if server == "" {
		server = Shared(t).DSN("postgres")
	}
	name := newName()
	if err := create(t.Context(), server, name); err != nil {
		t.Fatal(err)
	}
	dropAfter(t, server, name)
	return withDatabase(server, name)
}

// newName names a database. Other tests may use the same server at this moment.
func newName() string { return "recoup_test_" + strings.ToLower(rand.Text()) }

func dropAfter(t testing.TB, server, name string) {
	t.Helper()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), startTimeout)
		defer cancel()
		if err := drop(ctx, server, name); err != nil {
			t.Error(err)
		}
	})
}

// Copies are databases that begin alike: fill fills the first, and every test gets a copy of it, which costs a fraction. On the server of
// RECOUP_TEST_POSTGRES, where a first one would be left behind, each is filled by itself.
func Copies(fill func(dsn string) error) func(t testing.TB) (dsn string) {
	first := sync.OnceValues(func() (name string, err error) {
		s, err := shared()
		if err != nil {
			return "", err
		}
		name = newName()
		dsn, err := s.Create(context.Background(), name)
		if err != nil {
			return "", err
		}
		return name, fill(dsn)
	})
	return func(t testing.TB) (dsn string) {
		t.Helper()
		if os.Getenv("RECOUP_TEST_POSTGRES") != "" { //nolint:forbidigo // as above
			dsn = Database(t)
			if err := fill(dsn); err != nil {
				t.Fatal(err)
			}
			return dsn
		}
		template, err := first()
		if err != nil {
			t.Fatal(err)
		}
		name, s := newName(), Shared(t)
		if err := execute(t.Context(), s.DSN("postgres"), "CREATE DATABASE "+pgx.Identifier{name}.Sanitize()+" TEMPLATE "+pgx.Identifier{template}.Sanitize()); err != nil {
			t.Fatal(err)
		}
		dropAfter(t, s.DSN("postgres"), name)
		return s.DSN(name)
	}
}

// withDatabase puts another database into a DSN, which is an address or a list of words.
func withDatabase(dsn, database string) string {
	if u, err := url.Parse(dsn); err == nil && u.Scheme != "" {
		u.Path = "/" + database
		return u.String()
	}
	return dsn + " dbname=" + database // the last one counts
}
