//go:build linux

package crash

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sys/unix"

	"recoup/internal/pgtemp"
)

// A jam is a database that stops taking writes.
type jam struct {
	dsn    string
	close  func(t *testing.T, pid int) // nil: it fills up by itself
	open   func(t *testing.T, pid int)
	reason string // what the log says
	after  func(t *testing.T)
}

// TestNoRoom serves a database that takes no more writes: calls are answered at once and not acknowledged, /readyz says why, the log names
// the cause, and when there is room again the same process goes on, with what was acknowledged in its books and nothing else.
func TestNoRoom(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func(*testing.T) jam{
		"sqlite, small disk":   smallDisk,
		"sqlite, file limit":   fileLimit,
		"postgres, small disk": smallTablespace,
		"postgres, read-only":  readOnly,
		"postgres, no table":   noTable, // it answers pings, and no calls
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			jammed(t, make(t))
		})
	}
}

func jammed(t *testing.T, j jam) {
	cmd := serving(j.dsn)
	var log bytes.Buffer
	cmd.Stderr = &log
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	url, err := listening(out)
	if err != nil {
		t.Fatal(err, log.String())
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()

	acked, refused := 0, 0
	send := func(i int) *answer {
		t.Helper()
		a, err := call(t.Context(), url, charge(0, 0, i), time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if a.success {
			acked++
		} else if refused++; !strings.HasPrefix(a.sub, "isp.") {
			t.Errorf("call %d: %s", i, a.body)
		}
		return a
	}
	i := 0
	for ; i < 20 || j.close == nil && i < 20_000; i++ {
		if !send(i).success {
			break
		}
	}
	if j.close != nil {
		j.close(t, cmd.Process.Pid)
		send(i)
	}
	if refused == 0 {
		t.Fatal("every call was acknowledged")
	}
	if again := send(i); again.success {
		t.Fatalf("call %d: %s", i, again.body)
	}
	if status, text := get(t, health(url)); status != http.StatusServiceUnavailable || !strings.Contains(text, "not ready") {
		t.Errorf("/readyz: %d %s", status, text)
	}
	j.open(t, cmd.Process.Pid)
	for tries := 0; ; tries++ {
		status, text := get(t, health(url))
		if status == http.StatusOK {
			break
		}
		if tries == 150 {
			t.Fatalf("/readyz does not recover: %s", text)
		}
		time.Sleep(100 * time.Millisecond)
	}
	for end := i + 20; i < end; i++ { // the first of them is the one that was refused
		if a := send(i); !a.success {
			t.Fatalf("call %d: %s", i, a.body)
		}
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the server did not stop cleanly: %v", err)
	}
	if said := log.String(); !strings.Contains(said, j.reason) || strings.Contains(said, "changed underneath") {
		t.Errorf("the log does not say %q: %.2000s", j.reason, said)
	}
	auditAll(t, j.dsn, acked, 0)
	if j.after != nil {
		j.after(t)
	}
}

func get(t *testing.T, url string) (status int, text string) {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(b)
}

// disk mounts a file system of so many KiB and says how to make it larger.
func disk(t *testing.T, size int) (folder string, grow func(*testing.T, int)) {
	t.Helper()
	folder = t.TempDir()
	mount := func(flags uintptr, size int) error {
		return unix.Mount("tmpfs", folder, "tmpfs", flags, fmt.Sprintf("size=%dk,mode=777", size))
	}
	if err := mount(0, size); err != nil {
		t.Skipf("mounting a small file system takes root: %v; the other rows make the same fault without", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(folder, unix.MNT_DETACH) })
	return folder, func(t *testing.T, _ int) {
		t.Helper()
		if err := mount(unix.MS_REMOUNT, 32*size); err != nil {
			t.Fatal(err)
		}
	}
}

func smallDisk(t *testing.T) jam {
	made := filepath.Join(t.TempDir(), "r.db")
	prepare(t, "sqlite:"+made, members)
	b, err := os.ReadFile(made)
	if err != nil {
		t.Fatal(err)
	}
	folder, grow := disk(t, 2<<10)
	path := filepath.Join(folder, "r.db")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return jam{dsn: "sqlite:" + path, open: grow, reason: "database or disk is full"}
}

// fileLimit has the kernel refuse the process what is beyond a place in any file.
func fileLimit(t *testing.T) jam {
	dsn := "sqlite:" + filepath.Join(t.TempDir(), "r.db")
	prepare(t, dsn, members)
	limit := func(t *testing.T, pid int, size uint64) {
		t.Helper()
		if err := unix.Prlimit(pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: size, Max: unix.RLIM_INFINITY}, nil); err != nil {
			t.Fatal(err)
		}
	}
	return jam{
		dsn:    dsn,
		close:  func(t *testing.T, pid int) { limit(t, pid, 4096) },
		open:   func(t *testing.T, pid int) { limit(t, pid, unix.RLIM_INFINITY) },
		reason: "disk I/O error",
	}
}

// administer talks to a database as the server's owner.
func administer(t *testing.T, dsn string, do func(*pgx.Conn) error) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if err := do(conn); err != nil {
		t.Fatal(err)
	}
}

func statements(t *testing.T, dsn string, statements ...string) {
	t.Helper()
	administer(t, dsn, func(conn *pgx.Conn) error {
		for _, s := range statements {
			if _, err := conn.Exec(t.Context(), s); err != nil {
				return fmt.Errorf("%s: %w", s, err)
			}
		}
		return nil
	})
}

func smallTablespace(t *testing.T) jam {
	folder, grow := disk(t, 2<<10)
	dsn := pgtemp.Database(t)
	prepare(t, dsn, members)
	inside := filepath.Join(folder, "space")
	var data string
	administer(t, dsn, func(conn *pgx.Conn) error { return conn.QueryRow(t.Context(), "SHOW data_directory").Scan(&data) })
	owner, err := os.Stat(data)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(inside, 0o700); err != nil {
		t.Fatal(err)
	}
	who := owner.Sys().(*syscall.Stat_t)
	for path := inside; len(path) > len(os.TempDir()); path = filepath.Dir(path) {
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chown(inside, int(who.Uid), int(who.Gid)); err != nil {
		t.Fatal(err)
	}
	statements(t, dsn, "CREATE TABLESPACE small LOCATION '"+inside+"'", "ALTER TABLE op SET TABLESPACE small")
	return jam{dsn: dsn, open: grow, reason: "53100", after: func(t *testing.T) {
		statements(t, dsn, "ALTER TABLE op SET TABLESPACE pg_default", "DROP TABLESPACE small")
	}}
}

func readOnly(t *testing.T) jam {
	dsn := pgtemp.Database(t)
	prepare(t, dsn, members)
	c, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	do := func(setting string) func(*testing.T, int) {
		return func(t *testing.T, _ int) { // connections that are made afterwards have it
			t.Helper()
			statements(t, dsn, "SET default_transaction_read_only = off", "ALTER DATABASE "+c.Database+setting,
				"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
		}
	}
	return jam{dsn: dsn, close: do(" SET default_transaction_read_only = on"), open: do(" RESET default_transaction_read_only"), reason: "25006"}
}

func noTable(t *testing.T) jam {
	dsn := pgtemp.Database(t)
	prepare(t, dsn, members)
	do := func(statement string) func(*testing.T, int) {
		return func(t *testing.T, _ int) {
			t.Helper()
			statements(t, dsn, statement)
		}
	}
	return jam{dsn: dsn, close: do("ALTER TABLE op RENAME TO away"), open: do("ALTER TABLE away RENAME TO op"), reason: "42P01"}
}

// TestReadOnlyFolder verifies a copy where nothing can be written.
func TestReadOnlyFolder(t *testing.T) {
	t.Parallel()
	made := filepath.Join(t.TempDir(), "r.db")
	prepare(t, "sqlite:"+made, members)
	b, err := os.ReadFile(made)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	seal := func() error { return os.Chmod(folder, 0o500) }
	if os.Geteuid() == 0 { // whom no permission stops
		if err := unix.Mount("tmpfs", folder, "tmpfs", 0, "size=8m"); err != nil {
			t.Skipf("mounting a file system: %v", err)
		}
		t.Cleanup(func() { _ = unix.Unmount(folder, unix.MNT_DETACH) })
		seal = func() error { return unix.Mount("tmpfs", folder, "tmpfs", unix.MS_REMOUNT|unix.MS_RDONLY, "") }
	}
	path := filepath.Join(folder, "copy.db")
	if err := os.WriteFile(path, b, 0o400); err != nil {
		t.Fatal(err)
	}
	if err := seal(); err != nil {
		t.Fatal(err)
	}
	out, err := recoupCommand("verify", "--db", "sqlite:"+path).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "agrees") {
		t.Errorf("%v\n%s", err, out)
	}
}
