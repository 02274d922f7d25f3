package postgres_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"recoup/internal/engine"
	"recoup/internal/ledger"
	"recoup/internal/pgtemp"
	"recoup/internal/store"
	"recoup/internal/store/postgres"
)

// when says at which moment a wire is cut.
type when int32

const (
	never  when = iota
	before      // a COMMIT reaches the server
	after       // the server has committed, and nobody is told
	save        // the save reaches the server
)

// wire stands between a client and its server, and is cut at a chosen moment, once.
type wire struct {
	listener net.Listener
	server   string
	cut      atomic.Int32
	cuts     atomic.Int32
}

func newWire(t *testing.T, server string) *wire {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{listener: l, server: server}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go w.carry(client)
		}
	}()
	return w
}

// carry copies both ways until either side ends. A COMMIT is a message of its own, sent when nothing else is under way.
func (w *wire) carry(client net.Conn) {
	server, err := net.Dial("tcp", w.server)
	if err != nil {
		_ = client.Close()
		return
	}
	var once sync.Once
	end := func() { once.Do(func() { _ = client.Close(); _ = server.Close() }) }
	defer end()
	deaf := make(chan struct{})
	go func() {
		defer end()
		b := make([]byte, 64<<10)
		for {
			n, err := server.Read(b)
			select {
			case <-deaf:
				return // what the server answers now is its answer to the commit: it is lost
			default:
			}
			if n > 0 {
				if _, err := client.Write(b[:n]); err != nil {
					return
				}
			}
			if err != nil {
				return
			}
		}
	}()
	b := make([]byte, 64<<10)
	for {
		n, err := client.Read(b)
		if n > 0 {
			at := when(w.cut.Load())
			switch {
			case at == before && bytes.Contains(b[:n], []byte("COMMIT\x00")), at == save && bytes.Contains(b[:n], []byte("poison")):
				if w.cut.CompareAndSwap(int32(at), int32(never)) {
					w.cuts.Add(1)
					return
				}
			case at == after && bytes.Contains(b[:n], []byte("COMMIT\x00")) && w.cut.CompareAndSwap(int32(at), int32(never)):
				w.cuts.Add(1)
				close(deaf)
				_, _ = server.Write(b[:n])
				_, _ = io.Copy(io.Discard, client) // until the other side has read the answer and ends both
				return
			}
			if _, err := server.Write(b[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// TestCutOff cuts the connection at a save and around a commit: the engine finds out what became of it, and each charge is booked once.
func TestCutOff(t *testing.T) {
	t.Parallel()
	cutOff(throughWire(t, pgtemp.Database(t)))
}

// throughWire is a way to a database over a wire.
func throughWire(t *testing.T, dsn string) (*testing.T, string, *wire) {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	w := newWire(t, u.Host)
	u.Host = w.listener.Addr().String()
	return t, u.String(), w
}

// cutOff charges over a database that some wire leads to.
func cutOff(t *testing.T, dsn string, w *wire) {
	s := open(t, postgres.Options{DSN: dsn})
	brand(t, s)
	x := serve(t, s)
	booked := ledger.Amount(0)
	for i, at := range []when{before, after, save, never, after, before} {
		name := fmt.Sprintf("%d-%d", i, at)
		charge := func() (ledger.Result, error) {
			c := &ledger.Charge{Head: head(i + 1), Order: name, Real: 100}
			if at == save {
				c.Reason = "poison"
			}
			return x.Submit(t.Context(), "b", c)
		}
		cuts := w.cuts.Load()
		w.cut.Store(int32(at))
		r, err := charge()
		if err != nil || r.Code != ledger.OK {
			t.Errorf("%s: %v %v", name, r.Code, err)
		}
		if cut := w.cuts.Load() - cuts; (cut == 1) != (at != never) {
			t.Errorf("%s: the wire was cut %d times", name, cut)
		}
		booked += 100
		if r, err = charge(); err != nil || !r.Replayed {
			t.Errorf("%s, once more: replayed %v, %v", name, r.Replayed, err)
		}
	}
	for a, err := range s.Accounts(t.Context(), "b") {
		if err != nil {
			t.Fatal(err)
		}
		if a.ID == "m-1" && a.Balance[ledger.Real] != booked {
			t.Errorf("balance %d, booked were %d", a.Balance[ledger.Real], booked)
		}
	}
}

// TestDown: a restart passes unseen; with the server away callers are told to send the same again.
func TestDown(t *testing.T) {
	t.Parallel()
	server, err := pgtemp.Start(t.Context(), pgtemp.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	dsn, err := server.Create(t.Context(), "down")
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, postgres.Options{DSN: dsn})
	brand(t, s)
	x := serve(t, s)
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	x.charge() // over new connections
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := x.Submit(t.Context(), "b", &ledger.Charge{Head: head(0), Real: 100}); !errors.Is(err, engine.ErrFailed) {
		t.Errorf("without a server: %v", err)
	}
	if _, err := s.Revision(t.Context()); !errors.Is(err, store.ErrDown) {
		t.Errorf("Revision without a server: %v, want ErrDown", err)
	}
}
