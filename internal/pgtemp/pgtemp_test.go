package pgtemp

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// asOwner makes the test binary a program that starts a server in the folder named, tells where, and waits to be killed.
const asOwner = "RECOUP_PGTEMP_OWNER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(asOwner); dir != "" {
		s, err := Start(context.Background(), Options{Dir: dir})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(s.pid(), s.run.cmd.Process.Pid, s.cleaner.cmd.Process.Pid)
		select {}
	}
	os.Exit(m.Run())
}

// setup starts a server in a folder that only its owner may write to.
func setup(t *testing.T) (s *Server, dir string) {
	t.Helper()
	dir = folder(t)
	s, err := Start(t.Context(), Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s, dir
}

// folder is open to the server's account, other than t.TempDir.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "pgtemp-test-") //nolint:usetesting // see above
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	return dir
}

// do runs statements, and answers the one value of the last.
func do(t *testing.T, dsn string, statements ...string) (value string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	for _, sql := range statements {
		rows, err := conn.Query(t.Context(), sql)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			v, err := rows.Values()
			if err != nil {
				t.Fatal(err)
			}
			value = fmt.Sprint(v[0])
		}
		if err := rows.Err(); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	return value
}

// family is a process and its children.
func family(t *testing.T, pid int) []int {
	t.Helper()
	found := []int{pid}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if child, err := strconv.Atoi(e.Name()); err == nil {
			if s, err := readStat(child); err == nil && s.parent == pid {
				found = append(found, child)
			}
		}
	}
	return found
}

// alive tells the processes that still run; one that only waits to be counted by its parent does not.
func alive(pids []int) (left []int) {
	for _, pid := range pids {
		if line, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline")); err == nil && len(line) > 0 {
			left = append(left, pid)
		}
	}
	return left
}

func entries(t *testing.T, dir string) []fs.DirEntry {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// eventually waits for something that nobody signals.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

func onLinux(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("looks at processes in /proc")
	}
}

// A server serves, crashes, recovers what was committed, and goes without a trace.
func TestLife(t *testing.T) {
	t.Parallel()
	s, dir := setup(t)
	ctx := t.Context()

	dsn, err := s.Create(ctx, `a "name"/?`)
	if err != nil {
		t.Fatal(err)
	}
	got := do(t, dsn, "SELECT concat_ws(' ', current_database(), current_user, pg_encoding_to_char(encoding), datcollate, datctype) "+
		"FROM pg_database WHERE datname = current_database()")
	if want := `a "name"/? recoup UTF8 C C`; got != want {
		t.Errorf("database %s, want %s", got, want)
	}
	settings, err := s.Settings(ctx, "fsync", "synchronous_commit", "full_page_writes", "shared_buffers", "listen_addresses", "unix_socket_directories")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(settings), "map[fsync:on full_page_writes:on listen_addresses:127.0.0.1 shared_buffers:128MB synchronous_commit:on unix_socket_directories:]"; got != want {
		t.Errorf("settings %s, want %s", got, want)
	}
	if version := do(t, dsn, "SHOW server_version"); !strings.HasPrefix(version+" ", s.Version()+" ") {
		t.Errorf("version %q, the server says %q", s.Version(), version)
	}
	if s.Bin("initdb") == "" || s.Bin("no-such-program") != "" {
		t.Errorf("Bin finds initdb at %q, no-such-program at %q", s.Bin("initdb"), s.Bin("no-such-program"))
	}

	do(t, dsn, "CREATE TABLE kept (n int)", "INSERT INTO kept SELECT generate_series(1, 1000)")
	if err := s.Restart(ctx); err != nil {
		t.Fatal(err)
	}
	if got := do(t, dsn, "SELECT count(*) FROM kept"); got != "1000" {
		t.Errorf("after the crash %s rows, want 1000", got)
	}
	if log := s.said(0); !bytes.Contains(log, []byte("automatic recovery in progress")) {
		t.Errorf("the restart was no crash:\n%s", log)
	}

	if err := s.Drop(ctx, `a "name"/?`); err != nil {
		t.Error(err)
	}
	if got := do(t, s.DSN("postgres"), `SELECT count(*) FROM pg_database WHERE datname LIKE 'a %'`); got != "0" {
		t.Error("the database is still there")
	}

	processes := append(family(t, s.pid()), s.run.cmd.Process.Pid, s.cleaner.cmd.Process.Pid)
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	if left := alive(processes); len(left) > 0 {
		t.Errorf("processes %v of %v are left", left, processes)
	}
	if left := entries(t, dir); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	if err := s.Stop(); err != nil {
		t.Errorf("a second time: %v", err)
	}
	if err := s.Restart(ctx); err == nil {
		t.Error("restarted after the stop")
	}
}

// CPU counts backends while they live and when they ended, and does not forget them in a restart.
func TestCPU(t *testing.T) {
	t.Parallel()
	onLinux(t)
	s, _ := setup(t)
	const burn = "DO $$ BEGIN WHILE clock_timestamp() < now() + interval '400 ms' LOOP END LOOP; END $$"
	const least = 50 * time.Millisecond // of 400, on a machine that does other things, too

	before := s.CPU()
	conn, err := pgx.Connect(t.Context(), s.DSN("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), burn); err != nil {
		t.Fatal(err)
	}
	living := s.CPU()
	if living < before+least {
		t.Errorf("with a living backend %v, before %v", living, before)
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	do(t, s.DSN("postgres"), burn)
	ended := s.CPU()
	if ended < living+least {
		t.Errorf("with ended backends %v, before %v", ended, living)
	}
	if err := s.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	// What the kernel tells of living processes is rounded, of each.
	if again := s.CPU(); again < ended-100*time.Millisecond {
		t.Errorf("after a restart %v, before %v", again, ended)
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	if s.CPU() < ended-100*time.Millisecond {
		t.Errorf("after the stop %v, before %v", s.CPU(), ended)
	}
}

// A server that somebody killed leaves its number behind, which may be another process's by now. It restarts all the same.
func TestRestartAfterKill(t *testing.T) {
	t.Parallel()
	onLinux(t)
	s, _ := setup(t)
	do(t, s.DSN("postgres"), "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (7)")
	killed := s.pid()
	process, err := os.FindProcess(killed)
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-s.run.ended
	file, err := os.ReadFile(s.pidFile())
	if err != nil {
		t.Fatal(err)
	}
	file = bytes.Replace(file, []byte(strconv.Itoa(killed)), []byte(strconv.Itoa(os.Getpid())), 1)
	if err := os.WriteFile(s.pidFile(), file, 0o600); err != nil {
		t.Fatal(err)
	}

	// And its port is taken for a while.
	l, err := net.Listen("tcp4", net.JoinHostPort(loopback, strconv.Itoa(s.port)))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	done := make(chan error)
	go func() { done <- s.Restart(t.Context()) }()
	eventually(t, "the port is found taken", func() bool { return bytes.Contains(s.said(0), []byte("Address already in use")) })
	l.Close()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if got := do(t, s.DSN("postgres"), "SELECT n FROM kept"); got != "7" {
		t.Errorf("found %s, want 7", got)
	}
}

// When its owner is killed the server ends, and its folder goes.
func TestOwnerKilled(t *testing.T) {
	t.Parallel()
	onLinux(t)
	dir := folder(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), asOwner+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err, cmd.Wait())
	}
	var server, parent, cleaner int
	if _, err := fmt.Sscan(line, &server, &parent, &cleaner); err != nil {
		t.Fatal(err)
	}
	processes := append(append(family(t, parent), family(t, server)...), cleaner)
	if len(alive(processes)) < 5 || len(entries(t, dir)) != 1 {
		t.Fatalf("processes %v, files %v: nothing to leave behind", processes, entries(t, dir))
	}

	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	eventually(t, "no process is left", func() bool { return len(alive(processes)) == 0 })
	eventually(t, "no file is left", func() bool { return len(entries(t, dir)) == 0 })
}

// A server that does not start says why, and nothing of it is left.
func TestStartFails(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	_, err := Start(t.Context(), Options{Dir: dir, Settings: map[string]string{"shared_buffers": "it's \\ no number"}})
	if err == nil || !strings.Contains(err.Error(), `invalid value for parameter "shared_buffers": "it's \ no number"`) {
		t.Errorf("the error does not say what is wrong: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Start(ctx, Options{Dir: dir}); !errors.Is(err, context.Canceled) {
		t.Errorf("started although nobody waits: %v", err)
	}
	if left := entries(t, dir); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// Each test has a database of its own, as long as it runs.
func TestDatabase(t *testing.T) {
	t.Parallel()
	var dsns []string
	t.Run("two", func(t *testing.T) {
		for range 2 {
			dsn := Database(t)
			do(t, dsn, "CREATE TABLE mine (n int)")
			dsns = append(dsns, dsn)
		}
	})
	for _, dsn := range dsns {
		conn, err := pgx.Connect(t.Context(), dsn)
		if err == nil {
			conn.Close(t.Context())
			t.Errorf("%s is still there", dsn)
		}
	}
}

// Copies begin with what was filled in, and nothing that is done to one is in the next. What was filled in is filled in once.
func TestCopies(t *testing.T) {
	filled := 0
	copies := Copies(func(dsn string) error {
		filled++
		return execute(t.Context(), dsn, "CREATE TABLE till AS SELECT 7 AS n")
	})
	for range 2 {
		if n := do(t, copies(t), "UPDATE till SET n = n + 1", "SELECT n FROM till"); n != "8" {
			t.Errorf("%s in the till, want 8", n)
		}
	}
	if filled != 1 && os.Getenv("RECOUP_TEST_POSTGRES") == "" {
		t.Errorf("filled %d times", filled)
	}
}

func TestWithDatabase(t *testing.T) {
	t.Parallel()
	for dsn, want := range map[string]string{
		"postgres://u:p@h:1/d?sslmode=disable": "postgres://u:p@h:1/x?sslmode=disable",
		"postgresql://h":                       "postgresql://h/x",
		"host=h dbname=d user=u":               "host=h dbname=d user=u dbname=x",
	} {
		got := withDatabase(dsn, "x")
		if got != want {
			t.Errorf("%s: %s, want %s", dsn, got, want)
		}
		if c, err := pgx.ParseConfig(got); err != nil || c.Database != "x" {
			t.Errorf("%s is read as %v, %v", got, c, err)
		}
	}
}

// The newest server counts, not the last in the alphabet.
func TestMajor(t *testing.T) {
	t.Parallel()
	for folder, want := range map[string]int{"/usr/lib/postgresql/9.6/bin": 0, "/usr/lib/postgresql/9/bin": 9, "/usr/lib/postgresql/15/bin": 15} {
		if got := major(folder); got != want {
			t.Errorf("%s: %d, want %d", folder, got, want)
		}
	}
}
