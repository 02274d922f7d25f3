package crash

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"recoup/internal/pgtemp"
)

// TestRollingRestart restarts two processes in turns under load, behind a balancer that follows /readyz: every call is answered.
func TestRollingRestart(t *testing.T) {
	t.Parallel()
	const callers, rounds = 16, 2
	dsn := pgtemp.Database(t)
	prepare(t, dsn, members)
	b := &balancer{}
	nodes := []*exec.Cmd{b.start(t, 0, dsn), b.start(t, 1, dsn)}
	ctx, stop := context.WithCancel(t.Context())
	var watching, calling sync.WaitGroup
	watching.Go(func() { b.watch(ctx) })
	b.settle(t)

	var done atomic.Int64
	busy, quiet := context.WithCancel(t.Context())
	for c := range callers {
		calling.Go(func() {
			for i := 0; busy.Err() == nil; i++ {
				a, err := call(t.Context(), b.next(), charge(1000+c, c, i), time.Now())
				if err != nil || !a.success {
					t.Errorf("call %d of caller %d: %v %s", i, c, err, a.body)
					return
				}
				done.Add(1)
			}
		})
	}
	for round := range rounds {
		i := round % len(nodes)
		was := done.Load()
		if err := nodes[i].Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if err := nodes[i].Wait(); err != nil {
			t.Errorf("the process did not stop cleanly: %v", err)
		}
		if done.Load() == was {
			t.Error("nothing was answered while a process stopped")
		}
		nodes[i] = b.start(t, i, dsn)
		b.settle(t)
	}
	quiet()
	calling.Wait()
	for _, n := range nodes {
		_ = n.Process.Signal(syscall.SIGTERM)
		if err := n.Wait(); err != nil {
			t.Errorf("the process did not stop cleanly: %v", err)
		}
	}
	stop()
	watching.Wait()
	auditAll(t, dsn, int(done.Load()), rounds)
}

// balancer sends calls to whichever of two processes was ready when it looked last, a tenth of a second ago.
type balancer struct {
	mu    sync.Mutex
	urls  [2]string
	ready [2]bool
	turn  int
}

// start starts a process and has the balancer know it.
func (b *balancer) start(t *testing.T, i int, dsn string) *exec.Cmd {
	t.Helper()
	cmd := serving(dsn, "--drain-wait", "1s")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = &bytes.Buffer{}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	url, err := listening(out)
	if err != nil {
		t.Fatalf("%v\n%s", err, cmd.Stderr)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	b.mu.Lock()
	b.urls[i], b.ready[i] = url, false
	b.mu.Unlock()
	return cmd
}

func (b *balancer) watch(ctx context.Context) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		b.mu.Lock()
		urls := b.urls
		b.mu.Unlock()
		for i, url := range urls {
			r, err := http.Get(health(url))
			ready := err == nil && r.StatusCode == http.StatusOK
			if err == nil {
				_ = r.Body.Close()
			}
			b.mu.Lock()
			if b.urls[i] == url {
				b.ready[i] = ready
			}
			b.mu.Unlock()
		}
	}
}

// next is where the next call goes.
func (b *balancer) next() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.turn = 1 - b.turn
	if !b.ready[b.turn] {
		b.turn = 1 - b.turn
	}
	return b.urls[b.turn]
}

// settle waits until both processes are ready.
func (b *balancer) settle(t *testing.T) {
	t.Helper()
	for range 300 {
		b.mu.Lock()
		both := b.ready[0] && b.ready[1]
		b.mu.Unlock()
		if both {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("a process does not get ready")
}

// health is /readyz of a gateway's address.
func health(gateway string) string {
	const path = "/router/rest"
	return gateway[:len(gateway)-len(path)] + "/readyz"
}
