// Package power cuts the power under the embedded store. A process that trades is traced, and after each of its system calls a power failure
// is played: what was not synced by then is lost, in many ways. Whatever is left must open and be whole, with everything that was
// acknowledged, and trade must go on.
package power

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"recoup/internal/audit"
	"recoup/internal/engine"
	"recoup/internal/ledger"
	"recoup/internal/need"
	"recoup/internal/reverse"
	"recoup/internal/store"
	"recoup/internal/store/sqlite"
)

// The trade: tills with a member each send requests, one after the other. The log is so short that it is copied back and begun again many
// times, and batches are so small that several are under way at once.
const (
	brand    = "tea"
	tills    = 6
	rounds   = 8
	logPages = 30
	batchMax = 2
)

// acknowledged is the file to which the traced process writes what it was answered, a line a request.
const acknowledged = "acknowledged"

// folderOf names the environment variable that makes a test binary the traced process.
const folderOf = "RECOUP_POWER_FOLDER"

func TestMain(m *testing.M) {
	folder := os.Getenv(folderOf)
	if folder == "" {
		os.Exit(m.Run())
	}
	if err := work(context.Background(), folder); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// work trades, closes the store in the middle and goes on.
func work(ctx context.Context, folder string) error {
	acks, err := os.OpenFile(filepath.Join(folder, acknowledged), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer acks.Close()
	for _, end := range []int{rounds / 2, rounds} {
		s, err := open(ctx, folder)
		if err != nil {
			return err
		}
		err = trade(ctx, s, end, func(request string, flow ledger.ID) error {
			_, err := fmt.Fprintln(acks, request, flow)
			return err
		})
		if err := errors.Join(err, s.Close()); err != nil {
			return err
		}
	}
	return nil
}

func open(ctx context.Context, folder string) (*sqlite.Store, error) {
	s, err := sqlite.Open(ctx, sqlite.Options{Path: filepath.Join(folder, "recoup.db"), LogPages: logPages})
	if err != nil {
		return nil, err
	}
	d, err := s.Snapshot(ctx)
	if err == nil && len(d.Brands) == 0 {
		err = s.PutBrand(ctx, &ledger.Brand{ID: brand, Shops: map[string]*ledger.Shop{"s": {ID: "s"}}}, store.Author{})
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func digest(text string) ledger.Digest {
	sum := sha256.Sum256([]byte(text))
	return ledger.Digest(sum[:16])
}

// trade sends the requests of the rounds before end. Those that were sent before are answered again as they were.
func trade(ctx context.Context, s *sqlite.Store, end int, answered func(request string, flow ledger.ID) error) error {
	e := engine.New(s, engine.Options{BatchMax: batchMax})
	defer e.Close()
	errs := make([]error, tills)
	var all sync.WaitGroup
	for i := range tills {
		all.Go(func() {
			for n := 0; n < end && errs[i] == nil; n++ {
				request := fmt.Sprintf("%d.%d", i, n)
				h := ledger.Head{App: "till", Method: "m", Shop: "s", Who: ledger.Who{Customer: fmt.Sprint("m", i)}, Request: digest(request)}
				h.Content = h.Request
				r, err := e.Submit(ctx, brand, command(h, n))
				if err == nil && r.Code != ledger.OK {
					err = fmt.Errorf("request %s is refused: %s", request, r.English())
				}
				if err == nil {
					err = answered(request, r.Flow)
				}
				errs[i] = err
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// command is the member first, then a charge, a spend and the spend's refund, again and again.
func command(h ledger.Head, n int) reverse.Command {
	number := func(n int) string { return fmt.Sprint(h.Who.Customer, "-", n) }
	switch {
	case n == 0:
		return &ledger.SaveMember{Head: h, ID: h.Who.Customer}
	case n%3 == 1:
		return &ledger.Charge{Head: h, Order: number(n), Real: 500, Gift: 20}
	case n%3 == 2:
		return &ledger.Spend{Head: h, Order: number(n), Wants: []ledger.Want{{Family: ledger.Value, Amount: 510}}}
	}
	keyed := ledger.Keyed{Refund: digest("refund " + number(n)), Original: digest("original " + number(n))}
	return &ledger.RefundAssets{Head: h, Order: number(n - 1), Number: number(n), Keyed: keyed}
}

// TestPower plays RECOUP_POWER failures (0: every one there is), chosen by RECOUP_SEED (0: a new one).
func TestPower(t *testing.T) {
	t.Parallel()
	calls := record(t)
	most, seed := setting(t, "RECOUP_POWER", 150), setting(t, "RECOUP_SEED", 1)
	if seed == 0 {
		seed = 1 + rand.IntN(1<<30)
	}
	moments, failures := 0, 0
	walk(calls, func(*disk, *call) { moments++ })
	tried := map[[sha256.Size]byte]bool{} // many failures leave the same
	moment, r := 0, rand.New(rand.NewPCG(uint64(seed), 0))
	walk(calls, func(d *disk, at *call) {
		moment++
		for _, l := range losses {
			if t.Failed() || most > 0 && r.IntN(moments*len(losses)) >= most {
				continue
			}
			left := d.after(l, r)
			if sum := sumOf(left, d.acks); !tried[sum] {
				tried[sum] = true
				failures++
				if err := judge(t, left, d.acks); err != nil {
					t.Errorf("RECOUP_SEED=%d, power failure %d of %d, after %s of %s at %d (line %d), %s: %v",
						seed, moment, moments, at.kind, at.file, at.at, at.begun+1, l.what, err)
				}
			}
		}
	})
	t.Logf("RECOUP_SEED=%d: %d system calls, %d moments, %d different folders were left", seed, len(calls), moments, failures)
}

func sumOf(left map[string][]byte, acks []string) [sha256.Size]byte {
	sum := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(left)) {
		fmt.Fprintln(sum, name, len(left[name]))
		sum.Write(left[name])
	}
	fmt.Fprintln(sum, acks)
	return [sha256.Size]byte(sum.Sum(nil))
}

// setting reads a number from the environment.
func setting(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// record traces the trade. It makes sure that the calls tell all: who applies them gets the files that are there.
func record(t *testing.T) []*call {
	t.Helper()
	strace := need.Program(t, "strace")
	folder, err := filepath.EvalSymlinks(t.TempDir()) // a trace tells where a file really is
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	trace := filepath.Join(t.TempDir(), "trace")
	cmd := exec.CommandContext(t.Context(), strace, "-f", "-y", "-xx", "-s", "1000000", "-qq", "-e", "signal=none", "-e", traced,
		"-e", "inject=fsync,fdatasync:delay_enter=2000", // a slow disk, in microseconds: more is written while it syncs
		"-o", trace, self)
	cmd.Env = append(os.Environ(), folderOf+"="+folder)
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("strace: %v\n%s", err, said)
	}
	calls, err := readTrace(trace, folder)
	if err != nil {
		t.Fatal(err)
	}
	end := walk(calls, func(*disk, *call) {})
	if want := tills * (rounds + rounds/2); len(end.acks) != want { // the first half is sent twice
		t.Fatalf("the trace has %d acknowledgements, want %d", len(end.acks), want)
	}
	for name, content := range end.after(losses[1], nil) {
		if there, err := os.ReadFile(filepath.Join(folder, name)); name != acknowledged && (err != nil || !bytes.Equal(content, there)) {
			t.Fatalf("%s has %d bytes, by the trace %d or others: %v", name, len(there), len(content), err)
		}
	}
	return calls
}

// judge opens what is left, looks for all that was acknowledged, and trades on.
func judge(t *testing.T, left map[string][]byte, acks []string) (err error) {
	ctx, folder := t.Context(), t.TempDir()
	for name, content := range left {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			return err
		}
	}
	s, err := open(ctx, folder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close(), os.RemoveAll(folder)) }()
	has, err := booked(ctx, s)
	if err != nil {
		return err
	}
	for _, ack := range acks {
		if !slices.Contains(has, ack) {
			return fmt.Errorf("request and operation %s were acknowledged and are lost", ack)
		}
	}
	err = trade(ctx, s, rounds, func(request string, flow ledger.ID) error {
		for _, one := range has {
			if strings.HasPrefix(one, request+" ") && one != request+" "+flow.String() {
				return fmt.Errorf("request %s is answered as %s, in the books is %s", request, flow, one)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	has, err = booked(ctx, s)
	if want := tills * rounds; err == nil && len(has) != want {
		err = fmt.Errorf("%d operations after all requests, want %d", len(has), want)
	}
	return err
}

// booked audits a store and returns each request with its operation.
func booked(ctx context.Context, s *sqlite.Store) (has []string, err error) {
	if wrong, err := s.Integrity(ctx); err != nil || wrong != nil {
		return nil, fmt.Errorf("integrity: %v, %w", wrong, err)
	}
	if _, d, err := audit.Verify(ctx, s, brand, nil); err != nil || d != nil {
		return nil, fmt.Errorf("audit: %v, %w", d, err)
	}
	requests := map[ledger.Digest]string{}
	for i := range tills {
		for n := range rounds {
			request := fmt.Sprintf("%d.%d", i, n)
			requests[digest(request)] = request
		}
	}
	for o, err := range s.Ops(ctx, brand, 0) {
		if err != nil {
			return nil, err
		}
		has = append(has, requests[o.Request]+" "+o.ID.String())
	}
	return has, nil
}
