// Package copy moves a world with everything in it to PostgreSQL, and looks for whatever could be missing.
package copy

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5"

	"recoup/internal/audit"
	"recoup/internal/demo"
	"recoup/internal/engine"
	"recoup/internal/ledger"
	"recoup/internal/pgtemp"
	"recoup/internal/reverse"
	"recoup/internal/store"
	"recoup/internal/store/memstore"
	"recoup/internal/store/postgres"
	"recoup/internal/store/storetest"
)

// importNow is when the world that is imported ends.
var importNow = time.UnixMilli(1_800_000_000_000)

// importTarget is an empty database.
func importTarget(t *testing.T) *postgres.Store {
	t.Helper()
	return importOpen(t, postgres.Options{DSN: pgtemp.Database(t)})
}

func importOpen(t *testing.T, o postgres.Options) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), o)
	return storetest.Opened(t, s, err)
}

// importDo decides a command in the main brand of the demo world.
func importDo(t *testing.T, s store.Store, c reverse.Command) ledger.Result {
	t.Helper()
	e := engine.New(s, engine.Options{Now: func() time.Time { return importNow }})
	defer e.Close()
	r, err := e.Submit(t.Context(), demo.MainBrand, c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// importHead is the head of a command whose request is its name.
func importHead(name string, who ledger.Who) ledger.Head {
	sum := sha256.Sum256([]byte(name))
	d := ledger.Digest(sum[:16])
	return ledger.Head{
		App: demo.AppKey, Method: "m", Signed: importNow.UnixMilli(), Shop: "243545", Who: who, RequestID: name, Request: d, Content: d,
	}
}

// importWorld is the demo world with everything else that a store can hold: a hold, refusals and tombstones, live and over, bound gift
// cards that sort before their bearer's other accounts, a second version of the rules, numbers that were issued in vain, and a brand
// in which nothing ever happened.
func importWorld(t *testing.T) *memstore.Store {
	t.Helper()
	ctx, s := t.Context(), memstore.Open()
	digest := func(b *ledger.Brand, text string) ledger.Digest {
		sum := sha256.Sum256([]byte(b.ID + text))
		return ledger.Digest(sum[:16])
	}
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(demo.Make(ctx, s, digest, importNow))
	check(s.PutBrand(ctx, &ledger.Brand{ID: "quiet", Name: "静"}, store.Author{}))
	snap, err := s.Snapshot(ctx)
	check(err)
	for _, b := range snap.Brands {
		if b.ID == demo.MainBrand {
			b.Policy.PointDays = 30
			check(s.PutBrand(ctx, b, store.Author{}))
		}
	}
	_, err = s.Numbers(ctx, "quiet", 7)
	check(err)

	var rich string // somebody with a card and 100 yuan
	for a, err := range s.Accounts(ctx, demo.MainBrand) {
		check(err)
		if a.Type == ledger.MemberCard && a.Balance[ledger.Real]-a.Held[ledger.Real] > 10_000 {
			rich = a.Member
		}
	}
	who := ledger.Who{Customer: rich}
	must := func(want ledger.Code, c reverse.Command) {
		t.Helper()
		if r := importDo(t, s, c); r.Code != want {
			t.Fatalf("%T: %s, want %s", c, r.Code, want)
		}
	}
	must(ledger.OK, &ledger.Freeze{Head: importHead("freeze", who), Order: "import-F", Family: ledger.Value, Amount: 700})
	must(ledger.OK, &ledger.ImportCard{Head: importHead("card", ledger.Who{}), Card: "import-0", Value: 500, Member: rich})
	must(ledger.OK, &ledger.ImportCard{Head: importHead("bearer", ledger.Who{}), Card: "import-1", Value: 500})
	name, family := "客\n\"\\", ledger.Who{Customer: rich, OuterType: "wechat", Outer: "import-outer"}
	must(ledger.OK, &ledger.SaveMember{Head: importHead("save", family), Name: &name})
	if r := importDo(t, s, &ledger.Spend{
		Head: importHead("poor", who), Order: "import-P", Report: true, Wants: []ledger.Want{{Family: ledger.Value, Amount: 1_000_000_000}},
	}); r.Code == ledger.OK {
		t.Fatal("somebody has ten million yuan")
	}
	undo := &ledger.RefundAssets{Head: importHead("early", who), Order: "import-T", Number: "import-N"}
	undo.Refund, undo.Original = undo.Request, undo.Request
	if r := importDo(t, s, undo); r.Code == ledger.OK {
		t.Fatal("what never was could be undone")
	}
	for what, n := range map[string]int{
		"holds": count(t, s.Holds(ctx, demo.MainBrand)), "refusals": count(t, s.Refusals(ctx, demo.MainBrand)),
		"tombstones": count(t, s.Tombs(ctx, demo.MainBrand)), "quotes": count(t, s.Quotes(ctx, demo.MainBrand)),
		"orders": count(t, s.WdkOrders(ctx, demo.MainBrand)), "reverses": count(t, s.Reverses(ctx, demo.MainBrand)),
		"vouchers": count(t, s.Vouchers(ctx, demo.MainBrand)), "rules": count(t, s.Rules(ctx, demo.MainBrand)) - 1,
	} {
		if n == 0 {
			t.Errorf("the world has no %s", what)
		}
	}
	return s
}

func count[T any](t *testing.T, seq iter.Seq2[T, error]) (n int) {
	t.Helper()
	return len(importList(t, seq))
}

func importList[T any](t *testing.T, seq iter.Seq2[T, error]) (list []T) {
	t.Helper()
	for v, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, v)
	}
	return list
}

// importDiff shows how two things differ. An empty list and none are one, and what a batch would write is nobody's.
func importDiff(want, got any) string {
	if reflect.DeepEqual(want, got) {
		return "" // the rule; cmp is slow
	}
	return cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(ledger.State{}),
		cmpopts.IgnoreFields(ledger.State{}, "Changes"), cmpopts.IgnoreFields(reverse.State{}, "Wdk"))
}

// importSame compares everything that two stores tell.
func importSame(t *testing.T, got, want store.Source) {
	t.Helper()
	ctx := t.Context()
	same := func(what string, got, want any) {
		t.Helper()
		if diff := importDiff(want, got); diff != "" {
			t.Errorf("%s: -source +copy\n%s", what, diff)
		}
	}
	snaps := [2]*store.Snapshot{}
	for i, s := range []store.Source{got, want} {
		var err error
		if snaps[i], err = s.Snapshot(ctx); err != nil {
			t.Fatal(err)
		}
	}
	same("directory", snaps[0], snaps[1])
	for _, b := range snaps[1].Brands {
		all := func(s store.Source) map[string]any {
			head, err := s.Head(ctx, b.ID)
			if err != nil {
				t.Fatal(err)
			}
			issued, err := s.Issued(ctx, b.ID)
			if err != nil {
				t.Fatal(err)
			}
			return map[string]any{
				"head": head, "issued": issued, "operations": importList(t, s.Ops(ctx, b.ID, 0)), "links": importList(t, s.Links(ctx, b.ID)),
				"members": importList(t, s.Members(ctx, b.ID)), "accounts": importList(t, s.Accounts(ctx, b.ID)),
				"lots": importList(t, s.Lots(ctx, b.ID)), "holds": importList(t, s.Holds(ctx, b.ID)),
				"vouchers": importList(t, s.Vouchers(ctx, b.ID)), "orders": importList(t, s.WdkOrders(ctx, b.ID)),
				"reverses": importList(t, s.Reverses(ctx, b.ID)), "refusals": importList(t, s.Refusals(ctx, b.ID)),
				"tombstones": importList(t, s.Tombs(ctx, b.ID)), "quotes": importList(t, s.Quotes(ctx, b.ID)),
				"rules": importList(t, s.Rules(ctx, b.ID)),
			}
		}
		copied := all(got)
		for what, list := range all(want) {
			same(b.ID+" "+what, copied[what], list)
		}
	}
}

// TestImport copies a world and finds it whole: what is told, what is found by every key there is, and what happens next.
func TestImport(t *testing.T) {
	t.Parallel()
	ctx, from, dsn := t.Context(), importWorld(t), pgtemp.Database(t)
	to := importOpen(t, postgres.Options{DSN: dsn})
	indexes := importIndexes(t, dsn)
	told := map[string]int64{}
	if err := to.Import(ctx, from, func(what string, n int64) { told[what] = n }); err != nil {
		t.Fatal(err)
	}
	importSame(t, to, from)
	members := 0
	for _, b := range []string{demo.RefundBrand, demo.PointBrand, demo.MainBrand, "quiet"} {
		members += count(t, from.Members(ctx, b))
		_, d, err := audit.Verify(ctx, to, b, nil)
		if err != nil || d != nil {
			t.Errorf("brand %s: %v, %v", b, d, err)
		}
	}
	if told["members"] != int64(members) {
		t.Errorf("progress told of %d members, want %d", told["members"], members)
	}
	if err := to.Import(ctx, from, nil); !errors.Is(err, store.ErrNotEmpty) {
		t.Errorf("a second import: %v, want ErrNotEmpty", err)
	}
	if diff := cmp.Diff(indexes, importIndexes(t, dsn)); diff != "" {
		t.Errorf("indexes: -before +after\n%s", diff)
	}

	importFound(t, to, from)
	importDue(t, to, from)
	who := ledger.Who{Customer: importList(t, from.Members(ctx, demo.MainBrand))[0].ID}
	for i := range 20 { // more than a wallet holds
		c := &ledger.Charge{Head: importHead(fmt.Sprint("charge", i), who), Order: fmt.Sprint("after", i), Real: 100}
		for _, s := range []store.Store{from, to} {
			if r := importDo(t, s, c); r.Code != ledger.OK {
				t.Fatal(r.English())
			}
		}
	}
	if _, d, err := audit.Verify(ctx, to, demo.MainBrand, nil); d != nil || err != nil {
		t.Errorf("after more charges: %v, %v", d, err)
	}
	importDue(t, to, from)
	for _, s := range []store.Store{from, to} {
		if n, err := s.Numbers(ctx, "quiet", 1); err != nil || n&(1<<32-1) != 8 {
			t.Errorf("the next number is %d, %v, want the eighth", n, err)
		}
	}
}

// importDue compares who is due at every moment at which something ends, and just before.
func importDue(t *testing.T, got, want store.Store) {
	t.Helper()
	ctx, brand, ends := t.Context(), demo.MainBrand, map[int64]bool{}
	for _, l := range importList(t, want.Lots(ctx, brand)) {
		if l.Free() > 0 && l.Expires != ledger.Never {
			ends[l.Expires] = true
		}
	}
	for _, h := range importList(t, want.Holds(ctx, brand)) {
		ends[h.Deadline] = true
	}
	if len(ends) < 3 {
		t.Fatalf("there are %d moments at which something ends", len(ends))
	}
	for end := range ends {
		for _, at := range []int64{end - 1, end} {
			var lists [2][]string
			for i, s := range []store.Store{got, want} {
				var err error
				if lists[i], err = s.Due(ctx, brand, at, 1_000_000); err != nil {
					t.Fatal(err)
				}
			}
			if diff := importDiff(lists[1], lists[0]); diff != "" {
				t.Errorf("due at %d: -source +copy\n%s", at, diff)
			}
		}
	}
}

// importIndexes are the definitions of all indexes.
func importIndexes(t *testing.T, dsn string) []string {
	t.Helper()
	c, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	rows, err := c.Query(t.Context(), `SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema() ORDER BY indexdef`)
	if err != nil {
		t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(list) < 20 {
		t.Fatal(len(list), err)
	}
	return list
}

// TestImportPooled copies over connections of which each transaction gets another, and from a PostgreSQL store.
func TestImportPooled(t *testing.T) {
	t.Parallel()
	from, dsn := importTarget(t), pgtemp.Database(t)
	if err := from.Import(t.Context(), importWorld(t), nil); err != nil {
		t.Fatal(err)
	}
	importOpen(t, postgres.Options{DSN: dsn}) // makes the schema
	to := importOpen(t, postgres.Options{DSN: dsn, PgBouncer: true})
	if err := to.Import(t.Context(), from, nil); err != nil {
		t.Fatal(err)
	}
	importSame(t, to, from)
}

// importFound asks both stores for every member by every name, with all it has, and for every operation and order by its keys.
func importFound(t *testing.T, got, want store.Store) {
	t.Helper()
	ctx := t.Context()
	ask := func(what string, add func(*reverse.Keys)) {
		t.Helper()
		var states [2]*reverse.State
		for i, s := range []store.Store{got, want} {
			keys := reverse.NewKeys()
			add(keys)
			var err error
			if states[i], err = s.Read(ctx, demo.MainBrand, keys, importNow.UnixMilli()); err != nil {
				t.Fatal(err)
			}
		}
		if diff := importDiff(states[1], states[0]); diff != "" {
			t.Fatalf("by %s: -source +copy\n%s", what, diff)
		}
	}
	var names []ledger.Ident
	for m, err := range want.Members(ctx, demo.MainBrand) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(append(names, ledger.Ident{Text: m.ID}, ledger.Ident{Type: ledger.ByMobile, Text: m.Mobile}), m.Outer...)
	}
	for a, err := range want.Accounts(ctx, demo.MainBrand) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, ledger.Ident{Type: ledger.ByCard, Text: a.Card})
	}
	for _, name := range names {
		if name.Text != "" {
			ask("the name "+name.Text, func(k *reverse.Keys) { k.Wallets[name] = struct{}{} })
		}
	}
	for o, err := range want.Ops(ctx, demo.MainBrand, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if o.Seq%11 == 0 {
			ask("the operation "+strconv.FormatInt(o.Seq, 10), func(k *reverse.Keys) {
				k.Requests[o.Request], k.Refunds[o.Refund], k.Orders[o.Order] = struct{}{}, struct{}{}, struct{}{}
			})
		}
	}
	for q, err := range want.Quotes(ctx, demo.MainBrand) {
		if err != nil {
			t.Fatal(err)
		}
		ask("the quote "+q.Token, func(k *reverse.Keys) { k.Quotes[q.Token], k.Stores[q.Store] = struct{}{}, struct{}{} })
	}
	for o, err := range want.WdkOrders(ctx, demo.MainBrand) {
		if err != nil {
			t.Fatal(err)
		}
		ask("the order "+o.Out, func(k *reverse.Keys) { k.Outs[o.Out] = struct{}{} })
		for i := range o.Subs {
			ask("the sub-order "+o.Subs[i].Out, func(k *reverse.Keys) { k.OutSubs[o.Subs[i].Out] = struct{}{} })
			ask("the number of "+o.Subs[i].Out, func(k *reverse.Keys) { k.Subs[o.Subs[i].No] = struct{}{} })
		}
	}
}

// failing is a source that breaks, or goes on, while it is read.
type failing struct {
	store.Store
	err   error
	moved func()
}

func (f *failing) Vouchers(ctx context.Context, brand string) iter.Seq2[*ledger.Voucher, error] {
	return func(yield func(*ledger.Voucher, error) bool) {
		for v, err := range f.Store.Vouchers(ctx, brand) {
			if f.moved != nil {
				f.moved()
				f.moved = nil
			}
			if f.err != nil {
				yield(nil, f.err)
				return
			}
			if !yield(v, err) {
				return
			}
		}
	}
}

// TestImportFails: whatever goes wrong, nothing is written, and the next import finds an empty store.
func TestImportFails(t *testing.T) {
	t.Parallel()
	ctx, from, to := t.Context(), importWorld(t), importTarget(t)
	empty := func(what string) {
		t.Helper()
		snap, err := to.Snapshot(ctx)
		if err != nil || len(snap.Brands)+len(snap.Apps)+len(snap.Sessions) > 0 || snap.Revision != 0 {
			t.Errorf("after %s: %+v, %v", what, snap, err)
		}
	}
	broken := errors.New("broken")
	if err := to.Import(ctx, &failing{Store: from, err: broken}, nil); !errors.Is(err, broken) {
		t.Errorf("of a broken source: %v", err)
	}
	empty("a broken source")
	for name, move := range map[string]func() error{
		"numbers":   func() error { _, err := from.Numbers(ctx, "quiet", 1); return err },
		"directory": func() error { return from.PutApp(ctx, &store.App{Key: "7"}, store.Author{}) },
		"books": func() error {
			if r := importDo(t, from, &ledger.ImportCard{Head: importHead("late", ledger.Who{}), Card: "late", Value: 1}); r.Code != ledger.OK {
				return errors.New(r.English())
			}
			return nil
		},
	} {
		moved := func() {
			if err := move(); err != nil {
				t.Error(err)
			}
		}
		if err := to.Import(ctx, &failing{Store: from, moved: moved}, nil); !errors.Is(err, store.ErrMoved) {
			t.Errorf("of a source whose %s moved: %v, want ErrMoved", name, err)
		}
		empty(name)
	}
	stopped, stop := context.WithCancel(ctx)
	if err := to.Import(stopped, &failing{Store: from, moved: stop}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("of an import that was stopped: %v", err)
	}
	empty("an import that was stopped")
	for what, put := range map[string]func(store.Store) error{
		"brand": func(s store.Store) error { return s.PutBrand(ctx, &ledger.Brand{ID: "b"}, store.Author{}) },
		"app":   func(s store.Store) error { return s.PutApp(ctx, &store.App{Key: "1"}, store.Author{}) },
		"session": func(s store.Store) error {
			return s.PutSession(ctx, &store.Session{Digest: store.TokenDigest("t")}, store.Author{})
		},
	} {
		full := importTarget(t)
		if err := put(full); err != nil {
			t.Fatal(err)
		}
		if err := full.Import(ctx, from, nil); !errors.Is(err, store.ErrNotEmpty) {
			t.Errorf("into a store with a %s: %v, want ErrNotEmpty", what, err)
		}
	}
	if err := to.Import(ctx, from, nil); err != nil {
		t.Fatal(err)
	}
	importSame(t, to, from)
}
