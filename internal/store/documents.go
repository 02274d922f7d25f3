package store

import (
	"encoding/json"
	"fmt"
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
	c := &codec{b: dst}
	c.member(m)
	return c.b
}

// ParseMember reads what AppendMember wrote of a member.
func ParseMember(id string, text []byte) (*ledger.Member, error) {
	c, m := reader(string(text)), &ledger.Member{ID: id}
	c.member(m)
	return m, c.end("member")
}

func (c *codec) member(m *ledger.Member) {
	c.object(func() {
		c.text("name", &m.Name)
		c.text("mobile", &m.Mobile)
		c.text("gender", &m.Gender)
		c.text("birthday", &m.Birthday)
		c.text("remark", &m.Remark)
		c.text("channel", &m.Channel)
		c.text("address", &m.Address)
		c.text("email", &m.Email)
		c.text("invoice", &m.Invoice)
		c.text("level", &m.Level)
		c.text("phone", &m.Phone)
		c.text("type", &m.Type)
		list(c, "tags", &m.Tags, c.quoted)
		objects(c, "outer", &m.Outer, func(i *ledger.Ident) {
			num(c, "k", &i.Type)
			c.text("o", &i.Outer)
			c.text("t", &i.Text)
		})
		c.flag("frozen", &m.Frozen)
		c.flag("bearer", &m.Bearer)
		c.text("into", &m.Into)
		num(c, "merged", &m.Merged)
		list(c, "from", &m.From, c.quoted)
		list(c, "parted", &m.Parted, c.quoted)
		num(c, "since", &m.Since)
		c.text("shop", &m.Shop)
		num(c, "created", &m.Created)
		num(c, "changed", &m.Changed)
	})
}

// AppendAccount appends the text of an account. The member is the row's.
func AppendAccount(dst []byte, a *ledger.Account) []byte {
	c := &codec{b: dst}
	c.account(a)
	return c.b
}

// ParseAccount reads what AppendAccount wrote of a member's account.
func ParseAccount[Text string | []byte](member string, text Text) (*ledger.Account, error) {
	c, a := reader(string(text)), &ledger.Account{Member: member}
	c.account(a)
	return a, c.end("account")
}

func (c *codec) account(a *ledger.Account) {
	c.row(func() {
		c.must()
		id := within(a.ID, a.Member)
		if c.quoted(&id); c.reading {
			a.ID = unshorten(id, a.Member)
		}
		c.must()
		c.quoted(&a.Card)
		usually(c, &a.Type, 0)
		usually(c, &a.Created, 0)
		usually(c, &a.Changed, 0)
		usually(c, &a.Lots, 0)
		for _, v := range [...]*[ledger.Kinds]ledger.Amount{&a.Balance, &a.Granted, &a.Held, &a.Used, &a.Expired} {
			if c.cell() {
				c.figures(v)
				c.keep(*v != [ledger.Kinds]ledger.Amount{})
			}
		}
		usually(c, &a.SoldIn, 0)
		var closed uint8
		if a.Closed {
			closed = 1
		}
		if usually(c, &closed, 0); c.reading {
			a.Closed = closed == 1
		}
		if closed > 1 {
			c.fail("want 1")
		}
		usually(c, &a.Owed, 0)
	})
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

// unshorten reads what within wrote.
func unshorten(id, member string) string {
	rest, short := strings.CutPrefix(id, "*")
	if short && !strings.HasPrefix(rest, "*") {
		return member + rest
	}
	return rest
}

// AppendHold appends the text of a hold.
func AppendHold(dst []byte, h *ledger.Hold) []byte {
	c := &codec{b: dst}
	c.hold(h)
	return c.b
}

// ParseHold reads what AppendHold wrote.
func ParseHold(text []byte) (*ledger.Hold, error) {
	c, h := reader(string(text)), &ledger.Hold{}
	c.hold(h)
	return h, c.end("hold")
}

func (c *codec) hold(h *ledger.Hold) {
	c.object(func() {
		c.text("o", &h.Order)
		num(c, "f", &h.Family)
		c.text("m", &h.Member)
		c.text("a", &h.Account)
		c.id("op", &h.Op)
		num(c, "until", &h.Deadline)
		objects(c, "pin", &h.Pins, c.pin)
	})
}

// AppendVoucher appends the text of a voucher.
func AppendVoucher(dst []byte, v *ledger.Voucher) []byte {
	c := &codec{b: dst}
	c.voucher(v)
	return c.b
}

// ParseVoucher reads what AppendVoucher wrote.
func ParseVoucher(text []byte) (*ledger.Voucher, error) {
	c, v := reader(string(text)), &ledger.Voucher{}
	c.voucher(v)
	return v, c.end("voucher")
}

func (c *codec) voucher(v *ledger.Voucher) {
	c.object(func() {
		c.text("id", &v.ID)
		c.text("m", &v.Member)
		c.text("t", &v.Template)
		num(c, "uses", &v.Uses)
		num(c, "left", &v.Left)
		num(c, "start", &v.Start)
		num(c, "end", &v.End)
		c.flag("deleted", &v.Deleted)
		c.text("for", &v.Replaces)
		c.id("op", &v.Origin)
	})
}

// AppendRefusal appends the text of what is remembered of a refusal beside its keys: its result, and what was refused.
func AppendRefusal(dst []byte, r *ledger.Refusal) []byte {
	c := &codec{b: dst}
	c.refusal(r)
	return c.b
}

// ParseRefusal reads what AppendRefusal wrote into a refusal.
func ParseRefusal(text []byte, r *ledger.Refusal) error {
	c := reader(string(text))
	c.refusal(r)
	return c.end("refusal")
}

func (c *codec) refusal(r *ledger.Refusal) {
	c.object(func() {
		c.result(&r.Result)
		c.text("order", &r.Order)
		c.text("method", &r.Method)
		c.text("app", &r.App)
		c.text("shop", &r.Shop)
	})
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
