package store_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/store"
	"recoup/internal/store/storetest"
)

func TestOpText(t *testing.T) {
	var full ledger.Op
	storetest.Fill(&full, 1)
	tests := map[string]struct {
		op   ledger.Op
		want string
	}{
		"Empty": {ledger.Op{}, `{}`},
		"Charge": {
			ledger.Op{
				ID: ledger.ID{15: 1}, Seq: 7, Kind: ledger.OpCharge, At: 1700000000000, Member: "m1", Order: "a\"1", Ordinal: 1,
				Request: ledger.Digest{0: 0xab}, Postings: []ledger.Posting{
					{Lot: ledger.LotID{Account: "m1-1", N: 3}, Amount: 500}, {Book: "tender:S", Amount: -500},
				},
				After:  []ledger.Balances{{Account: "m1-1", Sums: [ledger.Kinds]ledger.Amount{500, 0, 0, 7}}},
				Result: ledger.Result{ValueOK: true, Replayed: true},
			},
			`{"id":"00000000000000000000000004","k":1,"at":1700000000000,"m":"m1","o":"a\"1","n":1,` +
				`"rq":"ab000000000000000000000000000000","p":[{"l":"m1-1#3","a":500},{"b":"tender:S","a":-500}],` +
				`"bal":[{"a":"m1-1","s":[500,0,0,7]}],"r":{"vok":true}}`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := string(store.AppendOp(nil, &tt.op)); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
	if text := store.AppendOp(nil, &full); !json.Valid(text) {
		t.Errorf("not JSON: %s", text)
	}
}

// same compares what a text is to keep: an empty list and none are one.
var same = cmp.Options{cmpopts.EquateEmpty()}

func TestOpRoundTrip(t *testing.T) {
	check := func(t interface {
		Helper()
		Fatalf(string, ...any)
	}, o *ledger.Op,
	) {
		t.Helper()
		text := store.AppendOp(nil, o)
		got, err := store.ParseOp(text)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		want := *o
		want.Seq, want.Result.Replayed = 0, false
		if diff := cmp.Diff(&want, got, same); diff != "" {
			t.Fatalf("-want +got\n%s\n%s", diff, text)
		}
	}
	var full ledger.Op
	storetest.Fill(&full, 1)
	check(t, &full)
	rapid.Check(t, func(t *rapid.T) { check(t, rapid.Ptr(rapid.Make[ledger.Op](), false).Draw(t, "op")) })
}

func FuzzParseOp(f *testing.F) {
	var full ledger.Op
	storetest.Fill(&full, 1)
	f.Add(store.AppendOp(nil, &full))
	f.Add([]byte(`{"id":"00000000000000000000000004","p":[{"l":"a#1"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		o, err := store.ParseOp(text)
		if err != nil {
			return
		}
		once := store.AppendOp(nil, o)
		again, err := store.ParseOp(once)
		if err != nil {
			t.Fatalf("%v\n%s", err, once)
		}
		if twice := store.AppendOp(nil, again); !bytes.Equal(once, twice) {
			t.Errorf("%s\n%s", once, twice)
		}
	})
}

func TestParseOpRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"Nothing":       ``,
		"NoObject":      `7`,
		"Unknown":       `{"zz":1}`,
		"Rest":          `{"k":1}{}`,
		"Blank":         `{"k": 1}`,
		"Float":         `{"at":1.5}`,
		"TooLarge":      `{"at":99999999999999999999}`,
		"KindTooLarge":  `{"k":256}`,
		"NoLot":         `{"p":[{"l":"a"}]}`,
		"ShortDigest":   `{"rq":"ab"}`,
		"UpperDigest":   `{"rq":"AB000000000000000000000000000000"}`,
		"SumsEndInZero": `{"bal":[{"s":[1,2,3,0]}]}`,
		"NoSums":        `{"bal":[{"s":[]}]}`,
		"FiveSums":      `{"bal":[{"s":[1,2,3,4,5]}]}`,
		"OpenText":      `{"m":"abc`,
		"OpenEscape":    `{"m":"abc\`,
		"Cut":           `{"k":1,"at":2`,
	} {
		t.Run(name, func(t *testing.T) {
			if o, err := store.ParseOp([]byte(text)); err == nil {
				t.Errorf("%s read as %+v", text, o)
			}
		})
	}
}

func TestDocuments(t *testing.T) {
	roundTrip(t, "Member", func(v *ledger.Member) ([]byte, error) { return store.AppendMember([]byte(v.ID+"\n"), v), nil }, ofMember(store.ParseMember))
	roundTrip(t, "Account", func(v *ledger.Account) ([]byte, error) { return store.AppendAccount([]byte(v.Member+"\n"), v), nil }, ofMember(store.ParseAccount[[]byte]))
	roundTrip(t, "Hold", func(v *ledger.Hold) ([]byte, error) { return store.AppendHold(nil, v), nil }, store.ParseHold)
	roundTrip(t, "Voucher", func(v *ledger.Voucher) ([]byte, error) { return store.AppendVoucher(nil, v), nil }, store.ParseVoucher)
	roundTrip(t, "Order", store.EncodeOrder, store.DecodeOrder)
	roundTrip(t, "Reverse", store.EncodeReverse, store.DecodeReverse)
	roundTrip(t, "Quote", func(v *reverse.Quote) ([]byte, error) { return store.Encode(v) }, store.Decode[reverse.Quote])
	roundTrip(t, "Brand", func(v *ledger.Brand) ([]byte, error) { return store.Encode(v) }, store.Decode[ledger.Brand])
	roundTrip(t, "App", func(v *store.App) ([]byte, error) { return store.Encode(v) }, store.Decode[store.App])
	roundTrip(t, "Session", func(v *store.Session) ([]byte, error) { return store.Encode(v) }, store.Decode[store.Session])
}

// ofMember reads a text that lies in a member's row from behind the member's id.
func ofMember[T any](decode func(string, []byte) (*T, error)) func([]byte) (*T, error) {
	return func(text []byte) (*T, error) {
		end := bytes.LastIndexByte(text, '\n')
		return decode(string(text[:end]), text[end+1:])
	}
}

// The ids of accounts come back whatever they look like beside their member's.
func TestAccountNames(t *testing.T) {
	for _, tt := range []struct{ member, id, text string }{
		{"m1", "m1-1", `["*-1",""]`},
		{"m1", "m1", `["*",""]`},
		{"m1", "g7", `["g7",""]`},
		{"m1", "*7", `["**7",""]`},
		{"m1", "m1*7", `["m1*7",""]`},
		{"*", "*7", `["*7",""]`},
		{"*", "**7", `["***7",""]`},
		{"", "-1", `["-1",""]`},
		{"", "*1", `["**1",""]`},
		{"m1", "", `["",""]`},
	} {
		text := store.AppendAccount(nil, &ledger.Account{ID: tt.id, Member: tt.member})
		if string(text) != tt.text {
			t.Errorf("%s of %s is written %s, want %s", tt.id, tt.member, text, tt.text)
		}
		if a, err := store.ParseAccount(tt.member, text); err != nil || a.ID != tt.id || a.Member != tt.member {
			t.Errorf("%s of %s came back as %+v, %v", tt.id, tt.member, a, err)
		}
	}
}

func TestParseAccountRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"Nothing":  ``,
		"NoList":   `{"id":"a"}`,
		"NoCard":   `["a"]`,
		"TypeText": `["a","","b"]`,
		"Type":     `["a","",256]`,
		"Figures":  `["a","",1,0,0,0,7]`,
		"FiveSums": `["a","",1,0,0,0,[1,2,3,4,5]]`,
		"ZeroLast": `["a","",1,0,0,0,[1,0]]`,
		"Closed":   `["a","",1,0,0,0,[],[],[],[],[],0,2]`,
		"TooMany":  `["a","",1,0,0,0,[],[],[],[],[],0,1,1,1]`,
		"Rest":     `["a",""] `,
		"Cut":      `["a","",1`,
	} {
		t.Run(name, func(t *testing.T) {
			if a, err := store.ParseAccount("m", []byte(text)); err == nil {
				t.Errorf("%s read as %+v", text, a)
			}
		})
	}
}

func roundTrip[T any](t *testing.T, name string, encode func(*T) ([]byte, error), decode func([]byte) (*T, error)) {
	t.Run(name, func(t *testing.T) {
		full := new(T)
		storetest.Fill(full, 1)
		for _, v := range []*T{full, new(T)} {
			text, err := encode(v)
			if err != nil {
				t.Fatal(err)
			}
			got, err := decode(text)
			if err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			if diff := cmp.Diff(v, got, same); diff != "" {
				t.Errorf("-want +got\n%s\n%s", diff, text)
			}
		}
	})
}

func TestChainHash(t *testing.T) {
	prev := [32]byte{1}
	batch := sha256.Sum256([]byte("\x00\x00\x00\x00\x00\x00\x00\x02{}\x00\x00\x00\x00\x00\x00\x00\x01x"))
	want := sha256.Sum256(append(prev[:], batch[:]...))
	if got := store.ChainHash(prev, []byte("{}"), []byte("x")); got != want {
		t.Errorf("got %x, want %x", got, want)
	}
	if store.ChainHash(prev, []byte("{}x")) == want {
		t.Error("operations run together")
	}
}

func BenchmarkAppendOp(b *testing.B) {
	var o ledger.Op
	storetest.Fill(&o, 1)
	buf := make([]byte, 0, 4096)
	for b.Loop() {
		buf = store.AppendOp(buf[:0], &o)
	}
	b.SetBytes(int64(len(buf)))
}

func BenchmarkParseOp(b *testing.B) {
	var o ledger.Op
	storetest.Fill(&o, 1)
	text := store.AppendOp(nil, &o)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := store.ParseOp(text); err != nil {
			b.Fatal(err)
		}
	}
}
