package pgtemp

import (
	"context"
	"crypto/rand"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
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
	name := "recoup_test_" + strings.ToLower(rand.Text()) // other tests may use the same server at this moment
	if err := create(t.Context(), server, name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
		defer cancel()
		if err := drop(ctx, server, name); err != nil {
			t.Error(err)
		}
	})
	return withDatabase(server, name)
}

// withDatabase puts another database into a DSN, which is an address or a list of words.
func withDatabase(dsn, database string) string {
	if u, err := url.Parse(dsn); err == nil && u.Scheme != "" {
		u.Path = "/" + database
		return u.String()
	}
	return dsn + " dbname=" + database // the last one counts
}
