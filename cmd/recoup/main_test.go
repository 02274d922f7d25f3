package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"recoup"
	"recoup/internal/pgtemp"
)

func TestMain(m *testing.M) {
	if _, set := os.LookupEnv("RECOUP_OPERATOR"); !set { // a machine that tests need not say who that is
		_ = os.Setenv("RECOUP_OPERATOR", "小王")
	}
	testscript.Main(m, map[string]func(){"recoup": main})
}

// scripts is where they are.
var scripts = filepath.Join("..", "..", "test", "script")

// filesOnly are the scripts that make no sense on PostgreSQL.
var filesOnly = map[string]string{
	"call":   "it asks a demo of its own, and keeps nothing",
	"backup": "a PostgreSQL database is backed up by its own means, which it says",
	"copy":   "it is about files that cannot be copied, and says itself where PostgreSQL comes in",
	"help":   "it is about files that are no databases",
}

// TestScripts runs every script under test/script, on each database. Each has a folder and a $RECOUP_DB of its own, and three commands
// besides testscript's: `start ARGS` runs a serving command and sets $GATEWAY, $APP_KEY, $SECRET and $SESSION from what it prints; `stop`
// ends it; `take NAME REGEXP` sets $NAME to what the first group matches in the last output. A line for one database alone begins with
// its name: [sqlite], [postgres] or [citus].
func TestScripts(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		runScripts(t, "sqlite", nil, func(e *testscript.Env) string { return "sqlite:" + filepath.Join(e.WorkDir, "recoup.db") })
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		runScripts(t, "postgres", filesOnly, func(*testscript.Env) string { return pgtemp.Database(t) })
	})
	t.Run("citus", func(t *testing.T) {
		pgtemp.NeedCitus(t)
		t.Parallel()
		runScripts(t, "citus", filesOnly, func(e *testscript.Env) string {
			dsn := pgtemp.Citus(t)
			if filepath.Base(e.WorkDir) != "script-citus" { // which does it itself
				if err := (recoup.Database{DSN: dsn}).Distribute(t.Context(), func(string, string) {}); err != nil {
					t.Error(err)
				}
			}
			return dsn
		})
	})
}

func runScripts(t *testing.T, kind string, without map[string]string, database func(*testscript.Env) string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(scripts, "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	name := func(file string) string { return strings.TrimSuffix(filepath.Base(file), ".txtar") }
	for script := range without {
		if !slices.ContainsFunc(files, func(file string) bool { return name(file) == script }) {
			t.Errorf("there is no script %s to leave out", script)
		}
	}
	testscript.Run(t, testscript.Params{
		Files:               slices.DeleteFunc(files, func(file string) bool { return without[name(file)] != "" }),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       os.Getenv("UPDATE") != "" && kind == "sqlite",
		Condition: func(c string) (bool, error) {
			if !slices.Contains([]string{"sqlite", "postgres", "citus"}, c) {
				return false, fmt.Errorf("[%s] is none of [sqlite], [postgres] and [citus]", c)
			}
			return c == kind, nil
		},
		Setup: func(e *testscript.Env) error {
			e.Setenv("RECOUP_DB", database(e))
			e.Setenv("RECOUP_OPERATOR", "小王")
			e.Values[running{}] = new(*service)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"start": start, "stop": stop, "take": take, "join": join},
	})
}

// running is the key of a script's service.
type running struct{}

func start(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: start COMMAND ARGS…")
	}
	s, err := startService(args...)
	ts.Check(err)
	ts.Defer(func() { s.end() })
	*ts.Value(running{}).(**service) = s
	for _, line := range s.printed {
		name, value, _ := strings.Cut(line, " ")
		ts.Setenv(strings.ToUpper(name), strings.TrimSpace(value))
	}
}

func stop(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: stop")
	}
	if code := (*ts.Value(running{}).(**service)).end(); code != 0 {
		ts.Fatalf("the service ended with %d", code)
	}
}

func take(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: take NAME REGEXP")
	}
	found := regexp.MustCompile(args[1]).FindStringSubmatch(ts.ReadFile("stdout"))
	if len(found) < 2 {
		ts.Fatalf("no group of %s matches the output", args[1])
	}
	ts.Setenv(args[0], found[1])
}

// join writes files one after the other into the last, which only its owner may read.
func join(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: join FILE… FILE")
	}
	var text string
	for _, name := range args[:len(args)-1] {
		text += ts.ReadFile(name)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[len(args)-1]), []byte(text), 0o600))
}

// A service is a serving command that runs in this process.
type service struct {
	printed []string // the lines that tell its addresses and credentials
	curls   []string // of a demo: one for each document
	stop    context.CancelFunc
	ended   chan struct{} // closed when code is set
	code    int
}

// startService runs a serving command until it listens.
func startService(args ...string) (*service, error) {
	ctx, cancel := context.WithCancel(context.Background())
	s := &service{stop: cancel, ended: make(chan struct{})}
	out, stdout := io.Pipe()
	var stderr bytes.Buffer
	go func() {
		defer close(s.ended)
		s.code = run(&env{ctx: ctx, stdin: strings.NewReader(""), stdout: stdout, stderr: &stderr}, args)
		stdout.Close()
	}()
	told, curls := 1, 0
	if args[0] == "demo" {
		told, curls = 6, 4
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		switch line := lines.Text(); {
		case line == "":
		case len(s.printed) < told:
			s.printed = append(s.printed, line)
		default:
			s.curls = append(s.curls, line)
		}
		if len(s.printed) == told && len(s.curls) == curls {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return s, nil
		}
	}
	<-s.ended
	return nil, fmt.Errorf("recoup %s ended with %d before it listened: %s", strings.Join(args, " "), s.code, stderr.String())
}

// end stops the service and tells its exit code.
func (s *service) end() int {
	s.stop()
	<-s.ended
	return s.code
}
