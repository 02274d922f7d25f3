package crash

import (
	"bytes"
	"context"
	"io"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"recoup/internal/pgtemp"
)

// A server that may lose what it acknowledged is not served on, and the refusal says what to do; whoever insists may.
func TestUnsafeServer(t *testing.T) {
	t.Parallel()
	for _, setting := range []string{"fsync", "full_page_writes"} {
		t.Run(setting, func(t *testing.T) {
			t.Parallel()
			server, err := pgtemp.Start(t.Context(), pgtemp.Options{Settings: map[string]string{setting: "off"}})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := server.Stop(); err != nil {
					t.Error(err)
				}
			})
			dsn, err := server.Create(t.Context(), "unsafe")
			if err != nil {
				t.Fatal(err)
			}
			out, err := serving(dsn).CombinedOutput()
			if err == nil || !strings.Contains(string(out), setting+" is off; set it on, or pass --unsafe") || strings.Contains(string(out), "gateway") {
				t.Errorf("%v\n%s", err, out)
			}

			cmd := serving(dsn, "--unsafe")
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			stdout, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			_, refused := listening(stdout)
			_ = cmd.Process.Signal(os.Interrupt)
			_, _ = io.Copy(io.Discard, stdout)
			if err := cmd.Wait(); refused != nil || err != nil {
				t.Errorf("%v, %v\n%s", refused, err, &stderr)
			}
		})
	}
}

// What commands say ends up in logs and tickets. Whatever is wrong with a DSN, its password is not in it.
func TestPasswordsAreNotTold(t *testing.T) {
	t.Parallel()
	address := guarded(t) // knows teller, by another password
	nowhere := "127.0.0.1:1"
	for _, tt := range []struct {
		name, dsn string
		secrets   []string // what must not be told; "geheim" if nil
		says      string   // what helps instead
	}{
		{"nobody listens", "postgres://teller:geheim@" + nowhere + "/books", nil, "--db postgres://teller:xxxxx@127.0.0.1:1/books: store: the database is not there: 127.0.0.1:1 (127.0.0.1): dial error: dial tcp 127.0.0.1:1: connect: connection refused; is PostgreSQL running there, and is the address right?\n"},
		{"wrong password", "postgres://teller:geheim@" + address + "/postgres", nil, "password authentication failed"},
		{"wrong password as a parameter", "postgres://" + address + "/postgres?user=teller&password=geheim", nil, "password authentication failed"},
		{"no such database", "postgres://recoup:geheim@" + address + "/nothing", nil, `database "nothing" does not exist`},
		{"no such setting", "postgres://recoup:geheim@" + address + "/postgres?colour=red", nil, `unrecognized configuration parameter "colour"`},
		{"no host", "postgres://teller:geheim@/books?host=/nowhere", nil, "--db"},
		{"no such ssl mode", "postgres://teller:geheim@" + nowhere + "/books?sslmode=maybe", nil, "--db"},
		{"no such ssl mode, a parameter", "postgres://" + nowhere + "/books?user=teller&password=geheim&sslmode=maybe", nil, "--db"},
		{"password of a key", "postgres://" + nowhere + "/books?sslmode=verify-full&sslkey=a&sslcert=b&sslpassword=geheim", nil, "--db"},
		{"no port", "postgres://teller:geheim@127.0.0.1:port/books", nil, "--db"},
		{"an address cut off", "postgres://teller:ge heim@[::1", []string{"ge heim", "heim"}, "--db"},
		{"no such escape", "postgres://teller:ge%heim@127.0.0.1/books", []string{"ge%heim", "heim"}, "--db"},
		{"a sharp in the password", "postgres://teller:ge#heim@127.0.0.1/books", []string{"ge#", "#heim", ":ge"}, "--db"},
		{"a slash in the password", "postgres://teller:ge/heim@127.0.0.1/books", []string{"ge/", "heim", ":ge"}, "--db"},
		{"a question mark in the password", "postgres://teller:ge?heim@127.0.0.1/books", []string{"ge?", "heim", ":ge"}, "--db"},
		{"an at sign in the password", "postgres://teller:ge@heim@" + nowhere + "/books", []string{"ge@", "heim"}, "write %40 for @"},
		{"digits and a sharp", "postgres://teller:98#76@127.0.0.1/books", []string{"98", "76"}, "%23 for #"},
		{"digits and a slash", "postgres://teller:98/76@127.0.0.1/books", []string{"98", "76"}, "%2F for /"},
		{"an at sign in a parameter", "postgres://" + nowhere + "/books?user=teller&password=ge@heim", []string{"ge@", "heim"}, "write %40 for @"},
		{"a password in both places", "postgres://teller:geheim@" + nowhere + "/books?password=geheim", nil, "--db"},
		{"many hosts", "postgres://teller:geheim@" + nowhere + ",127.0.0.1:2/books", nil, "--db"},
		{"a database of passwords", "postgres://teller:geheim@" + nowhere + "/password", nil, "--db postgres://teller:xxxxx@127.0.0.1:1/password"},
		{"one slash", "postgres:/teller:geheim@127.0.0.1/books", nil, "--db"},
		{"no slashes", "postgres:teller:geheim@127.0.0.1/books", nil, "--db"},
		{"words", "host=127.0.0.1 user=teller password=geheim dbname=books", nil, "want sqlite:FILE or postgres://USER@HOST/DATABASE"},
		{"words with spaces", "host=127.0.0.1 user=teller password = 'geheim' dbname=books", nil, "want sqlite:FILE or postgres://USER@HOST/DATABASE"},
		{"another database", "mysql://teller:geheim@127.0.0.1/books", nil, "want sqlite:FILE or postgres://USER@HOST/DATABASE"},
		{"capitals", "POSTGRES://teller:geheim@" + nowhere + "/books", nil, "--db"},
	} {
		secrets := tt.secrets
		if secrets == nil {
			secrets = []string{"geheim"}
		}
		for _, command := range [][]string{
			{"migrate", "--db", tt.dsn},
			{"serve", "--addr", "127.0.0.1:0", "--log-level", "debug", "--db", tt.dsn},
			{"app", "list", "--db", tt.dsn},
			{"verify", "--db", tt.dsn},
			{"verify", "--db", "postgres://recoup@" + address + "/books?sslmode=disable", "--db-reader", tt.dsn},
			{"copy", "--from", tt.dsn, "--to", "postgres://teller@" + nowhere + "/books"},
		} {
			t.Run(tt.name+"/"+strings.Join(command[:1], " "), func(t *testing.T) {
				t.Parallel()
				cmd := recoupCommand(command...)
				cmd.Dir = t.TempDir()
				said, err := cmd.CombinedOutput()
				if err == nil {
					t.Errorf("it works:\n%s", said)
				}
				for _, secret := range secrets {
					if strings.Contains(string(said), secret) {
						t.Errorf("told %q:\n%s", secret, said)
					}
				}
				if command[0] != "copy" && len(command) < 5 && !strings.Contains(string(said), tt.says) {
					t.Errorf("does not say %q:\n%s", tt.says, said)
				}
			})
		}
	}
}

// guarded starts a server that asks teller for a password, and answers its address.
func guarded(t *testing.T) string {
	t.Helper()
	server, err := pgtemp.Start(t.Context(), pgtemp.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	conn, err := pgx.Connect(t.Context(), server.DSN("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	var hba string
	if err := conn.QueryRow(t.Context(), "SELECT current_setting('hba_file')").Scan(&hba); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(hba, []byte("host all teller 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{"CREATE ROLE teller LOGIN PASSWORD 'another'", "SELECT pg_reload_conf()"} {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	u, err := url.Parse(server.DSN("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.User("teller")
	for refused := false; !refused; { // reloading takes a moment
		door, err := pgx.Connect(t.Context(), u.String())
		if refused = err != nil; !refused {
			door.Close(t.Context())
		}
	}
	books, err := server.Create(t.Context(), "books")
	if err != nil {
		t.Fatal(err)
	}
	if out, err := recoupCommand("brand", "create", "--db", books, "--id", "1", "--name", "茶").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return u.Host
}
