package store

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
)

// The texts of what is kept beside operations. Members, accounts, holds and vouchers are read and written by nearly every batch,
// so they are spelt by hand; the rest is plain JSON.

// AppendMember appends the text of a member, without the id: it is the row's.
//
//go:noinline // as AppendOp
func AppendMember(dst []byte, m *ledger.Member) []byte {
	w := &writer{b: dst}
	w.object(func() {
		w.text("name", m.Name)
		w.text("mobile", m.Mobile)
		w.text("gender", m.Gender)
		w.text("birthday", m.Birthday)
		w.text("remark", m.Remark)
		w.text("channel", m.Channel)
		list(w, "outer", m.Outer, func(i *ledger.Ident) {
			w.object(func() {
				w.int("k", int64(i.Type))
				w.text("o", i.Outer)
				w.text("t", i.Text)
			})
		})
		w.bool("frozen", m.Frozen)
		w.bool("bearer", m.Bearer)
		w.text("shop", m.Shop)
		w.int("created", m.Created)
		w.int("changed", m.Changed)
	})
	return w.b
}

// ParseMember reads what AppendMember wrote of a member.
func ParseMember(id string, text []byte) (*ledger.Member, error) {
	r := &scanner{s: string(text)}
	m := &ledger.Member{ID: id}
	for name := range r.fields {
		switch name {
		case "name":
			m.Name = r.text()
		case "mobile":
			m.Mobile = r.text()
		case "gender":
			m.Gender = r.text()
		case "birthday":
			m.Birthday = r.text()
		case "remark":
			m.Remark = r.text()
		case "channel":
			m.Channel = r.text()
		case "outer":
			for range r.items {
				m.Outer = append(m.Outer, r.ident())
			}
		case "frozen":
			m.Frozen = r.bool()
		case "bearer":
			m.Bearer = r.bool()
		case "shop":
			m.Shop = r.text()
		case "created":
			m.Created = r.int()
		case "changed":
			m.Changed = r.int()
		default:
			r.unknown(name)
		}
	}
	if err := r.end(); err != nil {
		return nil, fmt.Errorf("member: %w", err)
	}
	return m, nil
}

func (r *scanner) ident() (i ledger.Ident) {
	for name := range r.fields {
		switch name {
		case "k":
			i.Type = ledger.IdentType(r.small(math.MaxUint8))
		case "o":
			i.Outer = r.text()
		case "t":
			i.Text = r.text()
		default:
			r.unknown(name)
		}
	}
	return i
}

// AppendAccount appends the text of an account: a list without names, for they would be most of a row that every call writes. The member is
// the row's, and what an account has not is left out from the end.
func AppendAccount(dst []byte, a *ledger.Account) []byte {
	w := &writer{b: append(dst, '[')}
	w.quote(within(a.ID, a.Member))
	w.comma()
	w.quote(a.Card)
	end := len(w.b)
	number := func(n int64) {
		w.comma()
		if w.b = strconv.AppendInt(w.b, n, 10); n != 0 {
			end = len(w.b)
		}
	}
	number(int64(a.Type))
	number(a.Created)
	number(a.Changed)
	number(a.Lots)
	for _, v := range [...]*[ledger.Kinds]ledger.Amount{&a.Balance, &a.Granted, &a.Held, &a.Used, &a.Expired} {
		w.comma()
		if w.figures(v); *v != [ledger.Kinds]ledger.Amount{} {
			end = len(w.b)
		}
	}
	number(a.SoldIn)
	if a.Closed {
		number(1)
	}
	return append(w.b[:end], ']')
}

// ParseAccount reads what AppendAccount wrote of a member's account.
func ParseAccount(member string, text []byte) (*ledger.Account, error) {
	return parseAccount(member, string(text))
}

func parseAccount(member, text string) (*ledger.Account, error) {
	r := &scanner{s: text}
	a := &ledger.Account{Member: member}
	read := 0
	for i := range r.items {
		switch read++; i {
		case 0:
			a.ID = whole(r.text(), member)
		case 1:
			a.Card = r.text()
		case 2:
			a.Type = ledger.AccountType(r.small(math.MaxUint8))
		case 3:
			a.Created = r.int()
		case 4:
			a.Changed = r.int()
		case 5:
			a.Lots = r.int()
		case 6:
			a.Balance = r.figures()
		case 7:
			a.Granted = r.figures()
		case 8:
			a.Held = r.figures()
		case 9:
			a.Used = r.figures()
		case 10:
			a.Expired = r.figures()
		case 11:
			a.SoldIn = r.int()
		case 12:
			a.Closed = r.small(1) == 1
		default:
			r.fail("too many figures")
		}
	}
	if read < 2 {
		r.fail("want an id and a card")
	}
	if err := r.end(); err != nil {
		return nil, fmt.Errorf("account: %w", err)
	}
	return a, nil
}

// within is how the id of a member's account is written: most begin with the member's, of which a star is left.
func within(id, member string) string {
	rest, ours := strings.CutPrefix(id, member)
	switch {
	case ours && member != "" && !strings.HasPrefix(rest, "*"):
		return "*" + rest
	case strings.HasPrefix(id, "*"):
		return "*" + id
	}
	return id
}

// whole reads what within wrote.
func whole(id, member string) string {
	rest, short := strings.CutPrefix(id, "*")
	if short && !strings.HasPrefix(rest, "*") {
		return member + rest
	}
	return rest
}

// AppendHold appends the text of a hold.
func AppendHold(dst []byte, h *ledger.Hold) []byte {
	w := &writer{b: dst}
	w.object(func() {
		w.text("o", h.Order)
		w.int("f", int64(h.Family))
		w.text("m", h.Member)
		w.text("a", h.Account)
		w.id("op", h.Op)
		w.int("until", h.Deadline)
		list(w, "pin", h.Pins, w.pin)
	})
	return w.b
}

// ParseHold reads what AppendHold wrote.
func ParseHold(text []byte) (*ledger.Hold, error) {
	r := &scanner{s: string(text)}
	h := &ledger.Hold{}
	for name := range r.fields {
		switch name {
		case "o":
			h.Order = r.text()
		case "f":
			h.Family = ledger.Family(r.small(math.MaxUint8))
		case "m":
			h.Member = r.text()
		case "a":
			h.Account = r.text()
		case "op":
			h.Op = r.id()
		case "until":
			h.Deadline = r.int()
		case "pin":
			h.Pins = r.pins()
		default:
			r.unknown(name)
		}
	}
	if err := r.end(); err != nil {
		return nil, fmt.Errorf("hold: %w", err)
	}
	return h, nil
}

// AppendVoucher appends the text of a voucher.
func AppendVoucher(dst []byte, v *ledger.Voucher) []byte {
	w := &writer{b: dst}
	w.object(func() {
		w.text("id", v.ID)
		w.text("m", v.Member)
		w.text("t", v.Template)
		w.int("uses", int64(v.Uses))
		w.int("left", int64(v.Left))
		w.int("start", v.Start)
		w.int("end", v.End)
		w.bool("deleted", v.Deleted)
		w.text("for", v.Replaces)
		w.id("op", v.Origin)
	})
	return w.b
}

// ParseVoucher reads what AppendVoucher wrote.
func ParseVoucher(text []byte) (*ledger.Voucher, error) {
	r := &scanner{s: string(text)}
	v := &ledger.Voucher{}
	for name := range r.fields {
		switch name {
		case "id":
			v.ID = r.text()
		case "m":
			v.Member = r.text()
		case "t":
			v.Template = r.text()
		case "uses":
			v.Uses = ledger.Amount(r.int())
		case "left":
			v.Left = ledger.Amount(r.int())
		case "start":
			v.Start = r.int()
		case "end":
			v.End = r.int()
		case "deleted":
			v.Deleted = r.bool()
		case "for":
			v.Replaces = r.text()
		case "op":
			v.Origin = r.id()
		default:
			r.unknown(name)
		}
	}
	if err := r.end(); err != nil {
		return nil, fmt.Errorf("voucher: %w", err)
	}
	return v, nil
}

// AppendResult appends the text of a result, as remembered with a refusal.
func AppendResult(dst []byte, v *ledger.Result) []byte {
	w := &writer{b: dst}
	w.result("", v)
	return w.b
}

// ParseResult reads what AppendResult wrote.
func ParseResult(text []byte) (ledger.Result, error) {
	r := &scanner{s: string(text)}
	v := r.result()
	if err := r.end(); err != nil {
		return ledger.Result{}, fmt.Errorf("result: %w", err)
	}
	return v, nil
}

// orderText and reverseText spell digests and ids as text, where the types themselves would become lists of numbers.
type orderText struct {
	reverse.Order
	Content []byte
}

type reverseText struct {
	reverse.Reverse
	Channels []channelText
}

type channelText struct {
	reverse.Channel
	Flow string `json:",omitempty"`
}

// EncodeOrder is the text of a WDK order.
func EncodeOrder(o *reverse.Order) ([]byte, error) {
	return json.Marshal(orderText{Order: *o, Content: o.Content[:]})
}

// DecodeOrder reads what EncodeOrder wrote.
func DecodeOrder(text []byte) (*reverse.Order, error) {
	var t orderText
	if err := json.Unmarshal(text, &t); err != nil {
		return nil, fmt.Errorf("store: order: %w", err)
	}
	if copy(t.Order.Content[:], t.Content) != len(t.Order.Content) {
		return nil, fmt.Errorf("store: order %d: content is no digest", t.Main)
	}
	return &t.Order, nil
}

// EncodeReverse is the text of a reverse.
func EncodeReverse(v *reverse.Reverse) ([]byte, error) {
	t := reverseText{Reverse: *v, Channels: make([]channelText, len(v.Channels))}
	for i, c := range v.Channels {
		t.Channels[i].Channel = c
		if !c.Flow.IsZero() {
			t.Channels[i].Flow = c.Flow.String()
		}
	}
	return json.Marshal(t)
}

// DecodeReverse reads what EncodeReverse wrote.
func DecodeReverse(text []byte) (*reverse.Reverse, error) {
	var t reverseText
	if err := json.Unmarshal(text, &t); err != nil {
		return nil, fmt.Errorf("store: reverse: %w", err)
	}
	for _, c := range t.Channels {
		if c.Flow != "" {
			var ok bool
			if c.Channel.Flow, ok = ledger.ParseID(c.Flow); !ok {
				return nil, fmt.Errorf("store: reverse %d: %q is no id", t.ID, c.Flow)
			}
		}
		t.Reverse.Channels = append(t.Reverse.Channels, c.Channel)
	}
	return &t.Reverse, nil
}

// Encode is the text of a document that plain JSON fits: a brand's rules, a quote, an app, a session.
func Encode(v any) ([]byte, error) { return json.Marshal(v) }

// Decode reads what Encode wrote.
func Decode[T any](text []byte) (*T, error) {
	v := new(T)
	if err := json.Unmarshal(text, v); err != nil {
		return nil, fmt.Errorf("store: %T: %w", v, err)
	}
	return v, nil
}
