package api

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/store"
	"recoup/internal/top"
)

// A world is a catalogue over a service that runs nothing: it notes the commands and answers what the test put there.
type world struct {
	t         testing.TB
	catalogue *Catalogue
	brands    []*ledger.Brand
	app       *store.App
	session   *store.Session

	result   ledger.Result                      // what Submit answers
	busy     *top.Fault                         // instead of it
	state    func(*ledger.Brand) *reverse.State // what Read answers
	readErr  error                              // instead of it
	commands []reverse.Command                  // what was submitted
	brand    string                             // of the last command or read
	keys     *reverse.Keys                      // of the last read
	digests  []string                           // texts that were digested
	history  booked                             // what History answers
}

var moment = time.Date(2026, 3, 1, 12, 0, 0, 0, top.GMT8)

// The brands of the documents, and one that the app is not granted but that shares an alias and a store.
func setup(t testing.TB) *world {
	w := &world{t: t, result: ledger.Result{ValueOK: true, PointOK: true}, state: reverse.NewState}
	w.brands = []*ledger.Brand{
		{ID: "342343043", Serial: 1, Shops: shops("23829323", "")},
		{
			ID: "12332", Alias: "33959", Serial: 2, Shops: shops("23453435", "87766897", "23453436", "87766898"),
			BizTypes: []string{"GAME_REVERSE"}, BizChannels: []string{"SELF"}, OuterTypes: []string{"douyin"},
		},
		{ID: "1332", Alias: "901332", Serial: 3, Shops: shops("243545", "S-001", "2131", "out-2131", "both", "")},
		{ID: "other", Alias: "33959", Serial: 4, Shops: shops("23453435", "", "2131", "", "theirs", "")},
		{ID: "second", Alias: "shared", Serial: 5, Shops: shops("both", "")},
		{ID: "third", Alias: "shared", Serial: 6},
	}
	w.app = &store.App{Key: "12345678", Brands: []string{"342343043", "12332", "1332", "second", "third"}}
	run := func(_ context.Context, brand string, cmd reverse.Command) (ledger.Result, *top.Fault) {
		w.brand, w.commands = brand, append(w.commands, cmd)
		return w.result, w.busy
	}
	w.catalogue = NewCatalogue(&Service{
		Submit: run, Try: run,
		Read: func(_ context.Context, brand string, keys *reverse.Keys, view func(*reverse.State, int64)) error {
			w.brand, w.keys = brand, keys
			if w.readErr != nil {
				return w.readErr
			}
			view(w.state(w.Brand(brand)), moment.UnixMilli())
			return nil
		},
		History: &w.history,
		Digest: func(brand, text string) ledger.Digest {
			w.digests = append(w.digests, text)
			return keyOf("test", brand, text)
		},
		Now: func() time.Time { return moment },
	})
	return w
}

// booked is a history of operations, the oldest first.
type booked []*ledger.Op

func (b *booked) MemberOps(_ context.Context, _, member string, of ledger.Moves, before int64, limit int) ([]*ledger.Op, error) {
	return b.back(before, limit, func(o *ledger.Op) bool { return o.Member == member && o.Moves()&of != 0 })
}

func (b *booked) OrderOps(_ context.Context, _, order string, before int64, limit int) ([]*ledger.Op, error) {
	return b.back(before, limit, func(o *ledger.Op) bool { return o.Order == order })
}

func (b *booked) ReversesAt(context.Context, string, string, store.ReverseRef, int64, int) ([]store.ReverseRef, error) {
	return []store.ReverseRef{{At: moment.UnixMilli(), ID: 1000002329950431000}}, nil
}

func (b *booked) ReversesIn(context.Context, string, reverse.Status, store.ReverseRef, int64, int) ([]store.ReverseRef, error) {
	return nil, nil
}

func (b *booked) back(before int64, limit int, is func(*ledger.Op) bool) (ops []*ledger.Op, err error) {
	for _, o := range slices.Backward(*b) {
		if (before == 0 || o.Seq < before) && is(o) && len(ops) < limit {
			ops = append(ops, o)
		}
	}
	return ops, nil
}

func (b *booked) OpsAfter(_ context.Context, _ string, after int64, limit int) ([]*ledger.Op, error) {
	ops := (*b)[min(after, int64(len(*b))):]
	return ops[:min(len(ops), limit)], nil
}

func (b *booked) SeqAt(_ context.Context, _ string, at int64) (seq int64, err error) {
	for _, o := range *b {
		if o.At <= at {
			seq = o.Seq
		}
	}
	return seq, nil
}

func shops(idAlias ...string) map[string]*ledger.Shop {
	m := map[string]*ledger.Shop{}
	for i := 0; i < len(idAlias); i += 2 {
		m[idAlias[i]] = &ledger.Shop{ID: idAlias[i], Alias: idAlias[i+1]}
	}
	return m
}

// The world is its own directory.

func (w *world) Brand(id string) *ledger.Brand {
	for _, b := range w.brands {
		if b.ID == id {
			return b
		}
	}
	return nil
}

func (w *world) BrandBySerial(serial int64) *ledger.Brand {
	for _, b := range w.brands {
		if b.Serial == serial {
			return b
		}
	}
	return nil
}

func (w *world) BrandsByAlias(alias string) (list []*ledger.Brand) {
	for _, b := range w.brands {
		if b.Alias == alias {
			list = append(list, b)
		}
	}
	return list
}

func (w *world) BrandsByShop(id string) (list []*ledger.Brand) {
	for _, b := range w.brands {
		if b.Shops[id] != nil {
			list = append(list, b)
		}
	}
	return list
}

func (w *world) AppBrand(app *store.App, brand string) bool { return contains(app.Brands, brand) }

func (w *world) SessionBrand(s *store.Session, brand string) bool { return contains(s.Brands, brand) }

// Short names of the methods in tables.
const (
	crm = "alibaba.alsc.crm."
	wdk = "alibaba.wdk."
)

// call serves a method with parameters as names and values in turn.
func (w *world) call(method string, pairs ...string) (Reply, *top.Fault) {
	w.t.Helper()
	m := w.catalogue.Find(method)
	if m == nil {
		w.t.Fatalf("no method %s", method)
	}
	return m.Serve(context.Background(), &Call{App: w.app, Session: w.session, Params: top.NewParams(pairs...), SignedAt: moment, RequestID: "test", Dir: w})
}

// json serves a method with its wrapper parameter.
func (w *world) json(method, request string) (Reply, *top.Fault) {
	w.t.Helper()
	return w.call(method, w.catalogue.Find(method).Param, request)
}

// sample is the printed request of a method, with some members replaced: names and JSON texts in turn; "" leaves a member out.
func (w *world) sample(method string, change ...string) string {
	w.t.Helper()
	n, err := top.ParseJSON(w.catalogue.Find(method).Sample()[0].Value)
	if err != nil {
		w.t.Fatal(err)
	}
	var parts []string
	for name, node := range n.Fields() {
		v, changed := raw(node), false
		for i := 0; i < len(change); i += 2 {
			if change[i] == name {
				v, changed = change[i+1], true
			}
		}
		if !changed || v != "" {
			parts = append(parts, quote(name)+":"+v)
		}
	}
	for i := 0; i < len(change); i += 2 {
		if n.Field(change[i]) == nil && change[i+1] != "" {
			parts = append(parts, quote(change[i])+":"+change[i+1])
		}
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// raw writes a node back as JSON.
func raw(n *top.Node) string {
	var parts []string
	switch n.Kind() {
	case top.KindArray:
		for _, item := range n.Items() {
			parts = append(parts, raw(item))
		}
		return "[" + strings.Join(parts, ",") + "]"
	case top.KindObject:
		for name, node := range n.Fields() {
			parts = append(parts, quote(name)+":"+raw(node))
		}
		return "{" + strings.Join(parts, ",") + "}"
	case top.KindNull:
		return "null"
	case top.KindString:
		s, _ := n.Text()
		return quote(s)
	case top.KindBool, top.KindNumber:
	}
	s, _ := n.Text()
	return s
}

// command serves a call that must be let in, and returns what it became.
func (w *world) command(method, request string) reverse.Command {
	w.t.Helper()
	w.commands = nil
	if _, fault := w.json(method, request); fault != nil {
		w.t.Fatalf("%s %s: %v", method, request, fault)
	}
	if len(w.commands) != 1 {
		w.t.Fatalf("%s: %d commands", method, len(w.commands))
	}
	return w.commands[0]
}

// says is a fault in one line: sub code and sub message.
func says(f *top.Fault) string {
	if f == nil {
		return "<no fault>"
	}
	return f.SubCode + " " + f.SubMsg
}

func (r Reply) json(method string) string {
	return string(top.AppendResponse(nil, top.JSON, false, method, r.Value, "rid"))
}
