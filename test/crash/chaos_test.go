package crash

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"recoup"
	"recoup/internal/audit"
	"recoup/internal/ledger"
	"recoup/internal/pgtemp"
	"recoup/internal/reverse"
)

// The chaos: how often what goes down, and who works meanwhile.
const (
	killEvery    = 3 * time.Second
	restartEvery = 8 * time.Second
	nodes        = 2
	tills        = 24
	hot          = 4 // members whom every till serves
	cold         = 8 // members whom one till alone serves, so that it knows what they have
	people       = hot + tills*cold
	crossedMost  = 900 // undos that may come before their originals: an app has 1000 such numbers at a time
	patience     = 2 * time.Minute
	remembered   = 15 * time.Minute // for which a refusal stands for certain: it is forgotten after 20
)

// TestChaos: two processes on one PostgreSQL under a mixed load, a random one of them killed again and again and the database too. No
// acknowledged call is lost or doubled, callers see nothing but what goes away when they send the same request again, and the books
// agree. RECOUP_CHAOS says for how long (default 20s), RECOUP_SEED repeats what the tills do and who is killed.
func TestChaos(t *testing.T) {
	t.Parallel()
	long, seed := asked(t)
	c := newChaos(t, long, seed)
	c.t.Logf("%s with RECOUP_SEED=%d", long, seed)

	var serving, trouble, working sync.WaitGroup
	up, down := context.WithCancel(t.Context())
	defer down()
	for i := range c.nodes {
		serving.Go(func() { c.nodes[i].keep(up) })
	}
	c.hotAccounts()

	on, off := context.WithTimeout(t.Context(), long)
	defer off()
	trouble.Go(func() { c.killing(on) })
	trouble.Go(func() { c.restarting(on) })
	for _, till := range c.tills {
		working.Go(func() { till.work(on) })
	}
	trouble.Wait()
	working.Wait()
	c.replay()
	down()
	serving.Wait()
	c.audit()
	c.log()
}

// asked reads how long and which.
func asked(t *testing.T) (long time.Duration, seed uint64) {
	t.Helper()
	long, seed = 20*time.Second, rand.Uint64()
	if text := os.Getenv("RECOUP_CHAOS"); text != "" {
		var err error
		if long, err = time.ParseDuration(text); err != nil {
			t.Fatal("RECOUP_CHAOS:", err)
		}
	}
	if text := os.Getenv("RECOUP_SEED"); text != "" && text != "0" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal("RECOUP_SEED:", err)
		}
	}
	return long, seed
}

// chaos is the whole scene.
type chaos struct {
	t      *testing.T
	server *pgtemp.Server
	dsn    string
	nodes  [nodes]*node
	tills  [tills]*till
	seed   uint64
	began  time.Time
	long   time.Duration

	crossed   atomic.Int64
	kills     atomic.Int64
	restarts  atomic.Int64
	transport atomic.Int64 // calls that ended without an answer
	pairs     atomic.Int64 // requests sent to both processes at the same time, and rivals

	mu     sync.Mutex     // guards what follows
	isp    map[string]int // answers that said "again", by sub_code
	failed int
}

func newChaos(t *testing.T, long time.Duration, seed uint64) *chaos {
	t.Helper()
	server, err := pgtemp.Start(t.Context(), pgtemp.Options{}) // of its own: it will be crashed
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	dsn, err := server.Create(t.Context(), "chaos")
	if err != nil {
		t.Fatal(err)
	}
	prepare(t, dsn, people)
	c := &chaos{t: t, server: server, dsn: dsn, seed: seed, began: time.Now(), long: long, isp: map[string]int{}}
	for i := range c.nodes {
		c.nodes[i] = newNode(c, i)
	}
	for i := range c.tills {
		c.tills[i] = newTill(c, i)
	}
	return c
}

// fail tells what must not be. The first few say enough.
func (c *chaos) fail(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failed++; c.failed <= 20 {
		c.t.Errorf(format, args...)
	}
}

// killing ends a random process the hard way, again and again.
func (c *chaos) killing(on context.Context) {
	r := rand.New(rand.NewPCG(c.seed, 1))
	for tick := time.NewTicker(killEvery); ; {
		select {
		case <-on.Done():
			tick.Stop()
			return
		case <-tick.C:
			if c.nodes[r.IntN(nodes)].kill() {
				c.kills.Add(1)
			}
		}
	}
}

// restarting crashes the database, again and again.
func (c *chaos) restarting(on context.Context) {
	for tick := time.NewTicker(restartEvery); ; {
		select {
		case <-on.Done():
			tick.Stop()
			return
		case <-tick.C:
			if err := c.server.Restart(c.t.Context()); err != nil {
				c.fail("%v", err)
				return
			}
			c.restarts.Add(1)
		}
	}
}

// A node is a place where a process serves. One that was killed is started again at once, at another port; until then callers have the
// old one, as a balancer would.
type node struct {
	*chaos
	stderr *os.File
	url    atomic.Pointer[string]

	mu     sync.Mutex // guards what follows
	cmd    *exec.Cmd  // the process, nil between two
	killed bool       // by us
	starts int
	vain   int // starts while the database was away
}

func newNode(c *chaos, i int) *node {
	stderr, err := os.Create(filepath.Join(c.t.TempDir(), fmt.Sprintf("node%d.log", i)))
	if err != nil {
		c.t.Fatal(err)
	}
	n := &node{chaos: c, stderr: stderr}
	nowhere := "http://127.0.0.1:1/router/rest"
	n.url.Store(&nowhere)
	c.t.Cleanup(func() {
		n.kill()
		stderr.Close()
		said, err := os.ReadFile(stderr.Name())
		if err != nil {
			c.t.Error(err)
		}
		for _, word := range []string{"panic", "fatal error", "DATA RACE"} {
			if at := strings.Index(string(said), word); at >= 0 {
				c.t.Errorf("node %d: %.3000s", i, said[at:])
				return
			}
		}
		if c.t.Failed() {
			c.t.Logf("node %d said last:\n%s", i, said[max(0, len(said)-3000):])
		}
	})
	return n
}

// keep keeps a process there until the time is over, then stops it as an operator would.
func (n *node) keep(up context.Context) {
	for up.Err() == nil {
		if err := n.serve(up); err != nil {
			n.fail("a process %v", err)
			return
		}
	}
}

// serve is one process from its start to its end. It may end when it is killed or stopped, and at its start while the database is away.
func (n *node) serve(up context.Context) error {
	cmd := serving(n.dsn)
	cmd.Stderr = n.stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	n.mu.Lock()
	if err := cmd.Start(); err != nil {
		n.mu.Unlock()
		return err
	}
	n.cmd, n.killed = cmd, false
	n.starts++
	n.mu.Unlock()

	url, refused := listening(out)
	if refused == nil {
		n.url.Store(&url)
	}
	ended := make(chan error, 1)
	go func() {
		_, _ = io.Copy(io.Discard, out)
		ended <- cmd.Wait()
	}()
	stopped := false
	select {
	case err = <-ended:
	case <-up.Done():
		stopped = true
		_ = cmd.Process.Signal(os.Interrupt)
		err = <-ended
	}

	n.mu.Lock()
	n.cmd = nil
	killed := n.killed
	if refused != nil && !killed {
		n.vain++
	}
	n.mu.Unlock()
	switch {
	case killed:
	case stopped && err != nil:
		return fmt.Errorf("did not stop cleanly: %w", err)
	case refused != nil: // whoever runs it starts it again
		time.Sleep(100 * time.Millisecond)
	case !stopped:
		return fmt.Errorf("ended by itself: %w", err)
	}
	return nil
}

// kill ends the process there, if there is one.
func (n *node) kill() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cmd == nil || n.killed {
		return false
	}
	n.killed = true
	return n.cmd.Process.Kill() == nil
}

// send sends a request until there is a final answer: a success, or a refusal of the business. The first try goes to a node, later ones to
// any. signed is when every try is signed; zero: when it is sent, as most clients do.
func (c *chaos) send(r *rand.Rand, first int, q request, signed time.Time) *answer {
	giveUp, last := time.Now().Add(patience), error(nil)
	for try := 0; time.Now().Before(giveUp); try++ {
		if try > 0 {
			time.Sleep(time.Duration(10+r.IntN(60)) * time.Millisecond)
			first = r.IntN(nodes)
		}
		at := signed
		if at.IsZero() {
			at = time.Now()
		}
		a, err := call(c.t.Context(), *c.nodes[first].url.Load(), q, at)
		if odd, ok := errors.AsType[*oddError](err); ok {
			c.fail("%s\n%v", q.body, odd)
			return nil
		}
		switch {
		case err != nil:
			c.transport.Add(1)
			last = err
		case strings.HasPrefix(a.sub, "isp."):
			c.mu.Lock()
			c.isp[a.sub]++
			c.mu.Unlock()
			last = errors.New(a.body)
		case a.sub != "":
			c.fail("%s\nis no error that goes away: %s", q.body, a.body)
			return nil
		default:
			return a
		}
	}
	c.fail("%s\nhas no answer after %s, last: %v", q.body, patience, last)
	return nil
}

// both sends two requests at the same time, each to another node first.
func (c *chaos) both(r *rand.Rand, q [2]request, signed time.Time) (a [2]*answer, ok bool) {
	c.pairs.Add(1)
	first := r.IntN(nodes)
	sources := [2]*rand.Rand{rand.New(rand.NewPCG(r.Uint64(), 0)), rand.New(rand.NewPCG(r.Uint64(), 1))}
	var wg sync.WaitGroup
	for i := range q {
		wg.Go(func() { a[i] = c.send(sources[i], (first+i)%nodes, q[i], signed) })
	}
	wg.Wait()
	return a, a[0] != nil && a[1] != nil
}

// booked is an operation that somebody knows of.
type booked struct {
	kind  ledger.OpKind
	order string
}

// A till calls, one call after the other, and keeps books of its own: of what was acknowledged, and what must come of it.
type till struct {
	*chaos
	id   int
	rand *rand.Rand
	n    int // numbers used

	looked int // reads

	acked   []ack
	refused []refusal
	ops     []booked                // what is in the books for certain
	has     map[int64]ledger.Amount // by member: what the till moved
	spends  []spend                 // not given back
}

// A refusal must be told again, for a while.
type refusal struct {
	ack
	at time.Time
}

type spend struct {
	order  string
	member int64
	amount ledger.Amount
}

func newTill(c *chaos, id int) *till {
	return &till{chaos: c, id: id, rand: rand.New(rand.NewPCG(c.seed, uint64(100+id))), has: map[int64]ledger.Amount{}}
}

// work does what comes, until the time is over. What was begun is brought to its end.
func (w *till) work(on context.Context) {
	for on.Err() == nil && !w.failing() {
		switch n := w.rand.IntN(100); {
		case n < 33:
			w.charge()
		case n < 59:
			w.spend()
		case n < 78:
			w.refund()
		case n < 84:
			w.look()
		case n < 88:
			w.overspend()
		case n < 93:
			w.twice()
		case n < 97:
			w.rivals()
		default:
			w.undoFirst()
		}
		if w.rand.IntN(16) == 0 { // calls come in bursts
			time.Sleep(time.Duration(w.rand.IntN(1000)) * time.Millisecond)
		}
	}
}

func (c *chaos) failing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.failed > 20
}

// someone chooses whom a call is about: every second time somebody whom all others serve, too.
func (w *till) someone() int64 {
	if w.rand.IntN(2) == 0 {
		return w.rand.Int64N(hot)
	}
	return w.own()
}

func (w *till) own() int64 { return hot + int64(w.id)*cold + w.rand.Int64N(cold) }

// name makes a number that is nobody else's.
func (w *till) name(letter string) string {
	w.n++
	return fmt.Sprintf("%s%d-%d", letter, w.id, w.n)
}

// any of the nodes.
func (w *till) any() int { return w.rand.IntN(nodes) }

func (w *till) newCharge(member int64, amount ledger.Amount) (q request, order string) {
	order = w.name("C")
	return operate(map[string]any{
		"customer_id": memberID(member), "operate_type": 1, "change_value": amount, "outer_order_id": order, "request_id": order,
	}), order
}

func (w *till) newSpend(member int64, amount ledger.Amount) (q request, s spend) {
	s = spend{w.name("S"), member, amount}
	return operate(map[string]any{
		"customer_id": memberID(member), "operate_type": 3, "change_value": amount, "outer_order_id": s.order, "request_id": s.order,
	}), s
}

func (w *till) newRefund(s spend) request {
	number := w.name("R")
	return refund(map[string]any{"outer_order_id": s.order, "new_outer_order_id": number, "request_id": number})
}

// The effects of what was acknowledged.

func (w *till) charged(member int64, amount ledger.Amount, order string) {
	w.has[member] += amount
	w.ops = append(w.ops, booked{ledger.OpCharge, order})
}

func (w *till) spent(s spend) {
	w.has[s.member] -= s.amount
	w.ops = append(w.ops, booked{ledger.OpSpend, s.order})
	w.spends = append(w.spends, s)
}

func (w *till) refunded(s spend) {
	w.has[s.member] += s.amount
	w.ops = append(w.ops, booked{ledger.OpRefund, s.order})
	w.spends = slices.DeleteFunc(w.spends, func(other spend) bool { return other.order == s.order })
}

// accept wants a success, and keeps it.
func (w *till) accept(q request, a *answer) bool {
	switch {
	case a == nil:
		return false
	case !a.success:
		w.fail("%s\nwas refused: %s", q.body, a.body)
		return false
	}
	w.acked = append(w.acked, ack{request: q, answer: a})
	return true
}

// refuse wants a refusal, and keeps it.
func (w *till) refuse(q request, a *answer, code string) bool {
	switch {
	case a == nil:
		return false
	case a.success || a.code != code:
		w.fail("%s\nwant %s: %s", q.body, code, a.body)
		return false
	}
	w.refused = append(w.refused, refusal{ack{request: q, answer: a}, time.Now()})
	return true
}

func (w *till) charge() {
	member, amount := w.someone(), ledger.Amount(1000+w.rand.IntN(1000))
	q, order := w.newCharge(member, amount)
	if w.accept(q, w.send(w.rand, w.any(), q, time.Time{})) {
		w.charged(member, amount, order)
	}
}

// someSpend is a spend that there is enough for: of the till's own members it knows, and the hot ones have plenty.
func (w *till) someSpend() (request, spend) {
	member, amount := w.someone(), ledger.Amount(1+w.rand.IntN(300))
	if member >= hot && start0+w.has[member] < amount {
		member = w.rand.Int64N(hot)
	}
	return w.newSpend(member, amount)
}

func (w *till) spend() {
	q, s := w.someSpend()
	if w.accept(q, w.send(w.rand, w.any(), q, time.Time{})) {
		w.spent(s)
	}
}

// choose takes a spend that can be given back; without one, it makes one.
func (w *till) choose() (s spend, ok bool) {
	if len(w.spends) == 0 {
		w.spend()
	}
	if len(w.spends) == 0 {
		return spend{}, false
	}
	return w.spends[w.rand.IntN(len(w.spends))], true
}

func (w *till) refund() {
	s, ok := w.choose()
	if !ok {
		return
	}
	q := w.newRefund(s)
	if w.accept(q, w.send(w.rand, w.any(), q, time.Time{})) {
		w.refunded(s)
	}
}

// balance is the first in an answer: of the member card.
var balance = regexp.MustCompile(`"balance":(\d+)`)

// look reads what one of the till's own members has: whatever node answers, all that was acknowledged is in it.
func (w *till) look() {
	member := w.own()
	q := request{"alibaba.alsc.crm.open.customer.get", "param_customer_get_open_req", text(map[string]any{"customer_id": memberID(member)})}
	a := w.send(w.rand, w.any(), q, time.Time{})
	if a == nil {
		return
	}
	want := strconv.FormatInt(int64(start0+w.has[member]), 10)
	if found := balance.FindStringSubmatch(a.body); found == nil || found[1] != want {
		w.fail("%s\nwant a balance of %s: %s", q.body, want, a.body)
	}
	w.looked++
}

// overspend asks for more than one of the till's own members has.
func (w *till) overspend() {
	member := w.own()
	q, _ := w.newSpend(member, start0+w.has[member]+1)
	w.refuse(q, w.send(w.rand, w.any(), q, time.Time{}), "INSUFFICIENT_BALANCE")
}

// twice sends one request to both nodes at the same time: one books it, and both say the same.
func (w *till) twice() {
	var q request
	var effect func()
	switch w.rand.IntN(3) {
	case 0:
		member, amount := w.someone(), ledger.Amount(1000+w.rand.IntN(1000))
		c, order := w.newCharge(member, amount)
		q, effect = c, func() { w.charged(member, amount, order) }
	case 1:
		c, s := w.someSpend()
		q, effect = c, func() { w.spent(s) }
	default:
		s, ok := w.choose()
		if !ok {
			return
		}
		q, effect = w.newRefund(s), func() { w.refunded(s) }
	}
	a, ok := w.both(w.rand, [2]request{q, q}, time.Time{})
	if !ok || !w.accept(q, a[0]) {
		return
	}
	effect()
	if a[0].same() != a[1].same() || !a[0].replayed && !a[1].replayed {
		w.fail("%s\nsent twice at the same time\nanswered %s (replayed: %v)\nand      %s (replayed: %v)", q.body, a[0].body, a[0].replayed, a[1].body, a[1].replayed)
	}
}

// rivals sends two refunds of one spend at the same time, each for all of it: one gets it.
func (w *till) rivals() {
	s, ok := w.choose()
	if !ok {
		return
	}
	q := [2]request{w.newRefund(s), w.newRefund(s)}
	a, ok := w.both(w.rand, q, time.Time{})
	if !ok {
		return
	}
	won := 0
	if a[1].success {
		won = 1
	}
	if w.accept(q[won], a[won]) {
		w.refunded(s)
		w.refuse(q[1-won], a[1-won], "ALREADY_REVERSED")
	}
}

// undoFirst sends a spend and its undo at the same time, signed at the same moment. Whichever comes first, nothing is spent: the undo
// gives the spend back, or finds none and keeps it from being booked.
func (w *till) undoFirst() {
	if w.crossed.Add(1) > int64(crossedMost*time.Since(w.began)/w.long) {
		w.crossed.Add(-1) // too many of them already; later again
		return
	}
	spendQ, s := w.someSpend()
	undoQ := w.newRefund(s)
	a, ok := w.both(w.rand, [2]request{spendQ, undoQ}, time.Now())
	switch {
	case !ok:
	case a[0].success:
		w.accept(spendQ, a[0])
		w.spent(s)
		if w.accept(undoQ, a[1]) {
			w.refunded(s)
		}
	default:
		w.refuse(spendQ, a[0], "REVERSED_BEFORE_ARRIVAL")
		w.refuse(undoQ, a[1], "ORIGINAL_NOT_FOUND")
	}
}

// hotAccounts gives those whom everybody serves so much that they never run short.
func (c *chaos) hotAccounts() {
	w := c.tills[0]
	for member := range int64(hot) {
		const plenty = 10_000_000
		q, order := w.newCharge(member, plenty)
		if w.accept(q, c.send(w.rand, w.any(), q, time.Time{})) {
			w.charged(member, plenty, order)
		}
	}
}

// replay sends again what was answered: an acknowledged call must answer as it did, and say that it is a replay; a refusal stays one.
func (c *chaos) replay() {
	type turn struct {
		first *ack
		again func(r *rand.Rand, first *ack)
	}
	turns := make(chan turn)
	var wg sync.WaitGroup
	for i := range 4 * tills {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(c.seed, uint64(1000+i)))
			for t := range turns {
				t.again(r, t.first)
			}
		})
	}
	for _, w := range c.tills {
		for i := range w.acked {
			turns <- turn{&w.acked[i], c.acknowledged}
		}
		for i := range w.refused {
			if time.Since(w.refused[i].at) < remembered {
				turns <- turn{&w.refused[i].ack, c.refused}
			}
		}
	}
	close(turns)
	wg.Wait()
}

func (c *chaos) acknowledged(r *rand.Rand, first *ack) {
	a := c.send(r, r.IntN(nodes), first.request, time.Time{})
	if a != nil && (a.same() != first.same() || !a.replayed) {
		c.fail("%s\nfirst %s\nagain %s (replayed: %v)", first.request.body, first.answer.body, a.body, a.replayed)
	}
}

// refused allows other words: they may tell what to do about it, now that it was asked again.
func (c *chaos) refused(r *rand.Rand, first *ack) {
	a := c.send(r, r.IntN(nodes), first.request, time.Time{})
	if a != nil && (a.success || a.code != first.code) {
		c.fail("%s\nfirst %s\nagain %s (replayed: %v)", first.request.body, first.answer.body, a.body, a.replayed)
	}
}

// audit looks at the books when nobody serves any more.
func (c *chaos) audit() {
	ctx := c.t.Context()
	c.nobody(ctx)
	s, err := recoup.OpenStore(ctx, c.dsn)
	if err != nil {
		c.t.Fatal(err)
	}
	defer s.Close()
	sum, divergence, err := audit.Verify(ctx, s, brand, nil)
	switch {
	case err != nil:
		c.t.Fatal(err)
	case divergence != nil:
		c.t.Errorf("the books do not agree: %v", divergence)
	}
	c.t.Logf("the books agree on %d operations in %d batches", sum.Ops, sum.Links)

	// Every operation is somebody's, once, and nobody's is missing.
	known := map[booked]int{}
	for _, w := range c.tills {
		for _, o := range w.ops {
			known[o]++
		}
	}
	for o, err := range s.Ops(ctx, brand, 0) {
		if err != nil {
			c.t.Fatal(err)
		}
		if o.Order != "" && !strings.HasPrefix(o.Order, "prepare-") {
			known[booked{o.Kind, o.Order}]--
		}
	}
	for o, n := range known {
		switch {
		case n > 0:
			c.fail("operation %d of order %s was acknowledged and is not in the books", o.kind, o.order)
		case n < 0:
			c.fail("operation %d of order %s is in the books %d times more than it was acknowledged", o.kind, o.order, -n)
		}
	}

	keys := reverse.NewKeys()
	want := map[string]ledger.Amount{}
	for i := range int64(people) {
		keys.Idents[ledger.Ident{Type: ledger.ByCustomer, Text: memberID(i)}] = struct{}{}
		want[memberID(i)] = start0
		for _, w := range c.tills {
			want[memberID(i)] += w.has[i]
		}
	}
	state, err := s.Read(ctx, brand, keys, time.Now().UnixMilli())
	if err != nil {
		c.t.Fatal(err)
	}
	got := map[string]ledger.Amount{}
	for _, a := range state.Accounts {
		got[a.Member] += ledger.Sum(a.Balance, ledger.Value)
	}
	for member, n := range want {
		if got[member] != n {
			c.fail("member %s has %d fen, the acknowledged calls come to %d", member, got[member], n)
		}
	}
}

// nobody waits until the server has seen that the processes are gone: what they left behind would hold locks.
func (c *chaos) nobody(ctx context.Context) {
	conn, err := pgx.Connect(ctx, c.dsn)
	if err != nil {
		c.t.Fatal(err)
	}
	defer conn.Close(ctx)
	for giveUp := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		var left int
		if err := conn.QueryRow(ctx, "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'recoup%'").Scan(&left); err != nil {
			c.t.Fatal(err)
		}
		if left == 0 {
			return
		}
		if time.Now().After(giveUp) {
			c.t.Errorf("%d sessions are left of processes that have ended", left)
			return
		}
	}
}

// log tells what happened. A run in which nothing went wrong proved nothing.
func (c *chaos) log() {
	acked, looked, refused, starts, vain := 0, 0, map[string]int{}, 0, 0
	for _, w := range c.tills {
		acked += len(w.acked)
		looked += w.looked
		for _, a := range w.refused {
			refused[a.code]++
		}
	}
	for _, n := range c.nodes {
		starts += n.starts
		vain += n.vain
	}
	isp := 0
	for _, n := range c.isp {
		isp += n
	}
	words := func(m map[string]int) string { b, _ := json.Marshal(m); return string(b) }
	c.t.Logf("%d acknowledged, refused %s, %d reads, %d pairs at the same time", acked, words(refused), looked, c.pairs.Load())
	c.t.Logf("%d kills, %d restarts of PostgreSQL, %d starts (%d in vain)", c.kills.Load(), c.restarts.Load(), starts, vain)
	c.t.Logf("%d calls sent again: %d had no answer, the others %s", int(c.transport.Load())+isp, c.transport.Load(), words(c.isp))
	if acked == 0 || len(refused) < 4 || c.kills.Load() == 0 || c.restarts.Load() == 0 || c.transport.Load() == 0 {
		c.t.Error("too little happened to prove anything")
	}
}
