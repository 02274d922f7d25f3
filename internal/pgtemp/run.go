package pgtemp

import (
	"context"
	_ "embed"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// run.sh is the server's parent. It is no Go program because it must outlive ours, and every machine has a shell.
//
//go:embed run.sh
var runScript string

// run is one life of the server's processes.
type run struct {
	*process
	input io.WriteCloser // of run.sh; it closes with our process, however that ends
}

// newRun starts the server; that it answers is yet to be seen.
func (s *Server) newRun() (*run, error) {
	cmd := exec.Command("sh", "-c", runScript, "run.sh", s.log(), //nolint:gosec // the binary found, and its own folder
		filepath.Join(s.bin, "postgres"), "-D", s.data(), "-h", loopback, "-p", strconv.Itoa(s.port), "-k", "")
	s.prepare(cmd)
	// Nothing is printed here. But every process of the server inherits this pipe, and so ended comes after the last of them.
	cmd.Stdout = io.Discard
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	p, err := start(cmd)
	if err != nil {
		return nil, err
	}
	return &run{process: p, input: input}, nil
}

// stop ends the run and waits until no process of it is left. A fast shutdown that takes too long becomes an immediate one.
func (r *run) stop(ctx context.Context, fast bool) error {
	if fast {
		_, _ = io.WriteString(r.input, "\n") // fails if it has ended already
		select {
		case <-r.ended:
		case <-ctx.Done():
		case <-time.After(startTimeout):
		}
	}
	r.input.Close()
	return r.wait(ctx)
}

// prepare readies a command of the server: under its account, and the folder stays as long as the command or a child of it lives.
func (s *Server) prepare(cmd *exec.Cmd) {
	cmd.Dir = "/" // ours may be closed to the server's account
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "PG") }),
		"LC_ALL=C", "TZ=UTC") // so that no machine differs from another
	cmd.ExtraFiles = []*os.File{s.cleaner.hold}
	detach(cmd, s.account)
}

// cleaner is a process that removes a folder when no process holds it open any more.
type cleaner struct {
	*process
	hold *os.File // write end of the pipe the cleaner reads: ours, and inherited by the processes that use the folder
}

func newCleaner(folder string) (*cleaner, error) {
	read, hold, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer read.Close()
	cmd := exec.Command("sh", "-c", `cat >/dev/null; rm -rf -- "$0"`, folder) //nolint:gosec // a folder we made
	cmd.Dir, cmd.Stdin = "/", read
	detach(cmd, account{}) // as ourselves, because the folder's parent is ours, not the server's
	p, err := start(cmd)
	if err != nil {
		hold.Close()
		return nil, err
	}
	return &cleaner{process: p, hold: hold}, nil
}

// clean lets the folder go and waits until it is removed.
func (b *cleaner) clean(ctx context.Context) error {
	b.hold.Close()
	if err := b.wait(ctx); err != nil {
		return err
	}
	return b.err
}

// process is a command that was started, and its end.
type process struct {
	cmd   *exec.Cmd
	ended chan struct{} // closed after err was set
	err   error
}

func start(cmd *exec.Cmd) (*process, error) {
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, ended: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

// wait waits for the end, whichever it is.
func (p *process) wait(ctx context.Context) error {
	select {
	case <-p.ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
