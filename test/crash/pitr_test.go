//go:build linux

package crash

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"recoup/internal/pgtemp"
)

// TestPointInTime rehearses what docs/operating.md says of PostgreSQL's backups: a base backup and the archived log bring the books back to a moment
// before a mistake, with everything that was acknowledged until then, and verify proves them and tells how far they had come.
func TestPointInTime(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	room, err := os.MkdirTemp("", "recoup-pitr-") //nolint:usetesting // another user works in it, and folders of t are closed to others
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(room) })
	archive, base := filepath.Join(room, "archive"), filepath.Join(room, "base")
	server, err := pgtemp.Start(ctx, pgtemp.Options{Settings: map[string]string{
		"archive_mode": "on", "wal_level": "replica", "max_wal_senders": "2", "archive_command": "test ! -f " + archive + "/%f && cp %p " + archive + "/%f",
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() })
	dsn, err := server.Create(ctx, "books")
	if err != nil {
		t.Fatal(err)
	}
	var data string
	administer(t, dsn, func(c *pgx.Conn) error { return c.QueryRow(ctx, "SHOW data_directory").Scan(&data) })
	info, err := os.Stat(data)
	if err != nil {
		t.Fatal(err)
	}
	who := info.Sys().(*syscall.Stat_t)
	as := func(name string, args ...string) *exec.Cmd {
		cmd := exec.CommandContext(context.WithoutCancel(ctx), server.Bin(name), args...)
		cmd.Dir = room
		if os.Geteuid() == 0 {
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: who.Uid, Gid: who.Gid}}
		}
		return cmd
	}
	for _, folder := range []string{room, archive} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(folder, int(who.Uid), int(who.Gid)); err != nil {
			t.Fatal(err)
		}
	}

	appendTo(t, filepath.Join(data, "pg_hba.conf"), "host replication all 127.0.0.1/32 trust\n")
	statements(t, dsn, "SELECT pg_reload_conf()")
	prepare(t, dsn, members)
	if out, err := as("pg_basebackup", "-d", dsn, "-D", base, "-X", "none", "-c", "fast").CombinedOutput(); err != nil {
		t.Fatalf("pg_basebackup: %v\n%s", err, out)
	}
	p := start(t, dsn)
	book := func(from, to int) {
		t.Helper()
		for i := from; i < to; i++ {
			if a, err := call(ctx, p.url, charge(0, 0, i), time.Now()); err != nil || !a.success {
				t.Fatalf("%v %+v", err, a)
			}
		}
	}
	const before = 25
	book(0, before)
	heads := filepath.Join(t.TempDir(), "heads.json")
	if out, err := recoupCommand("verify", "--db", dsn, "--heads", heads).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var moment string
	administer(t, dsn, func(c *pgx.Conn) error { return c.QueryRow(ctx, "SELECT clock_timestamp()::text").Scan(&moment) })
	time.Sleep(20 * time.Millisecond)
	book(before, 2*before)
	statements(t, dsn, "DELETE FROM op WHERE seq > 10", "SELECT pg_switch_wal()") // the mistake
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
	if err := server.Stop(); err != nil { // which archives the rest
		t.Fatal(err)
	}

	port := freePort(t)
	conf := fmt.Sprintf("\narchive_mode = off\nport = %d\nunix_socket_directories = ''\nrestore_command = 'cp %s/%%f %%p'\nrecovery_target_time = '%s'\nrecovery_target_action = 'promote'\n",
		port, archive, moment)
	appendTo(t, filepath.Join(base, "postgresql.auto.conf"), conf)
	signal := filepath.Join(base, "recovery.signal")
	if err := os.WriteFile(signal, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(signal, int(who.Uid), int(who.Gid)); err != nil {
		t.Fatal(err)
	}
	recovered := as("postgres", "-D", base)
	var said bytes.Buffer
	recovered.Stderr = &said
	if err := recovered.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = recovered.Process.Signal(syscall.SIGQUIT)
		_ = recovered.Wait()
	}()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = fmt.Sprintf("127.0.0.1:%d", port)
	for tries := 0; ; tries++ {
		c, err := pgx.Connect(ctx, u.String())
		if err == nil {
			var recovering bool
			err = c.QueryRow(ctx, "SELECT pg_is_in_recovery()").Scan(&recovering)
			_ = c.Close(ctx)
			if err == nil && !recovering {
				break
			}
		}
		if tries == 300 {
			t.Fatalf("it does not recover: %v\n%s", err, said.String())
		}
		time.Sleep(100 * time.Millisecond)
	}
	auditAll(t, u.String(), before, 0)
	out, err := recoupCommand("verify", "--db", u.String(), "--expect", heads).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "agrees") {
		t.Errorf("%v\n%s", err, out)
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func appendTo(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}
