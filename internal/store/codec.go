package store

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"strconv"

	"recoup/internal/ledger"
)

// AppendOp appends the canonical text of an operation to dst: everything but its sequence number. This one text is what is stored
// and what is hashed; columns beside it are copies to find it by. Result.Replayed is no part of it.
//
//go:noinline // copied into another package, it would make eight things on the heap that it makes none of here
func AppendOp(dst []byte, o *ledger.Op) []byte {
	w := &writer{b: dst}
	w.object(func() {
		w.id("id", o.ID)
		w.int("k", int64(o.Kind))
		w.int("at", o.At)
		w.int("v", o.Policy)
		w.text("app", o.App)
		w.text("by", o.Method)
		w.text("m", o.Member)
		w.text("sh", o.Shop)
		w.text("o", o.Order)
		w.int("n", int64(o.Ordinal))
		w.text("no", o.Number)
		w.digest("rq", o.Request)
		w.digest("ct", o.Content)
		w.digest("rf", o.Refund)
		w.digest("og", o.Original)
		w.text("op", o.Operator)
		w.text("on", o.OperatorName)
		w.text("why", o.Reason)
		list(w, "who", o.Idents, func(d *ledger.Digest) { w.hex(*d) })
		list(w, "p", o.Postings, w.posting)
		list(w, "pin", o.Pins, w.pin)
		w.int("until", o.HoldEnd)
		list(w, "bal", o.After, func(b *ledger.Balances) {
			w.object(func() {
				w.text("a", b.Account)
				w.sums("s", &b.Sums)
			})
		})
		w.result("r", &o.Result)
	})
	return w.b
}

func (w *writer) posting(p *ledger.Posting) {
	w.object(func() {
		w.lot("l", p.Lot)
		w.text("v", p.Voucher)
		w.text("b", p.Book)
		w.int("k", int64(p.Kind))
		w.int("a", int64(p.Amount))
		w.id("of", p.Of)
		w.int("e", p.Expires)
	})
}

func (w *writer) pin(p *ledger.Pin) {
	w.object(func() {
		w.lot("l", p.Lot)
		w.int("a", int64(p.Amount))
	})
}

// result writes a result unless it is the zero value; n is "" for a result that stands alone.
func (w *writer) result(n string, r *ledger.Result) {
	if n != "" {
		if r.Code == 0 && len(r.Figs) == 0 && r.Flow.IsZero() && !r.ValueOK && !r.PointOK && len(r.Vouchers) == 0 &&
			len(r.IDs) == 0 && len(r.Numbers) == 0 {
			return
		}
		w.name(n)
	}
	w.object(func() {
		w.int("c", int64(r.Code))
		list(w, "f", r.Figs, func(f *ledger.Fig) {
			w.object(func() {
				w.text("n", f.Name)
				w.int("u", int64(f.Unit))
				w.int("a", int64(f.N))
				w.text("t", f.Text)
			})
		})
		w.id("flow", r.Flow)
		w.bool("vok", r.ValueOK)
		w.bool("pok", r.PointOK)
		list(w, "vs", r.Vouchers, func(v *ledger.VoucherOutcome) {
			w.object(func() {
				w.text("id", v.ID)
				w.bool("ok", v.OK)
				w.int("c", int64(v.Code))
			})
		})
		list(w, "ids", r.IDs, func(s *string) { w.quote(*s) })
		list(w, "nos", r.Numbers, func(n *int64) { w.b = strconv.AppendInt(w.b, *n, 10) })
	})
}

// ParseOp reads what AppendOp wrote. Seq is left 0. An unknown field is an error: a fact is never read in part.
func ParseOp(text []byte) (*ledger.Op, error) {
	r := &scanner{s: string(text)}
	o := &ledger.Op{}
	for name := range r.fields {
		switch name {
		case "id":
			o.ID = r.id()
		case "k":
			o.Kind = ledger.OpKind(r.small(math.MaxUint8))
		case "at":
			o.At = r.int()
		case "v":
			o.Policy = r.int()
		case "app":
			o.App = r.text()
		case "by":
			o.Method = r.text()
		case "m":
			o.Member = r.text()
		case "sh":
			o.Shop = r.text()
		case "o":
			o.Order = r.text()
		case "n":
			o.Ordinal = int(r.int())
		case "no":
			o.Number = r.text()
		case "rq":
			o.Request = r.digest()
		case "ct":
			o.Content = r.digest()
		case "rf":
			o.Refund = r.digest()
		case "og":
			o.Original = r.digest()
		case "op":
			o.Operator = r.text()
		case "on":
			o.OperatorName = r.text()
		case "why":
			o.Reason = r.text()
		case "who":
			for range r.items {
				o.Idents = append(o.Idents, r.digest())
			}
		case "p":
			for range r.items {
				o.Postings = append(o.Postings, r.posting())
			}
		case "pin":
			o.Pins = r.pins()
		case "until":
			o.HoldEnd = r.int()
		case "bal":
			for range r.items {
				o.After = append(o.After, r.balances())
			}
		case "r":
			o.Result = r.result()
		default:
			r.unknown(name)
		}
	}
	if err := r.end(); err != nil {
		return nil, fmt.Errorf("operation: %w", err)
	}
	return o, nil
}

func (r *scanner) posting() (p ledger.Posting) {
	for name := range r.fields {
		switch name {
		case "l":
			p.Lot = r.lot()
		case "v":
			p.Voucher = r.text()
		case "b":
			p.Book = r.text()
		case "k":
			p.Kind = ledger.Kind(r.small(math.MaxUint8))
		case "a":
			p.Amount = ledger.Amount(r.int())
		case "of":
			p.Of = r.id()
		case "e":
			p.Expires = r.int()
		default:
			r.unknown(name)
		}
	}
	return p
}

func (r *scanner) pins() (ps []ledger.Pin) {
	for range r.items {
		var p ledger.Pin
		for name := range r.fields {
			switch name {
			case "l":
				p.Lot = r.lot()
			case "a":
				p.Amount = ledger.Amount(r.int())
			default:
				r.unknown(name)
			}
		}
		ps = append(ps, p)
	}
	return ps
}

func (r *scanner) balances() (b ledger.Balances) {
	for name := range r.fields {
		switch name {
		case "a":
			b.Account = r.text()
		case "s":
			b.Sums = r.sums()
		default:
			r.unknown(name)
		}
	}
	return b
}

func (r *scanner) result() (v ledger.Result) {
	for name := range r.fields {
		switch name {
		case "c":
			v.Code = ledger.Code(r.small(math.MaxUint16))
		case "f":
			for range r.items {
				v.Figs = append(v.Figs, r.fig())
			}
		case "flow":
			v.Flow = r.id()
		case "vok":
			v.ValueOK = r.bool()
		case "pok":
			v.PointOK = r.bool()
		case "vs":
			for range r.items {
				v.Vouchers = append(v.Vouchers, r.outcome())
			}
		case "ids":
			for range r.items {
				v.IDs = append(v.IDs, r.text())
			}
		case "nos":
			for range r.items {
				v.Numbers = append(v.Numbers, r.int())
			}
		default:
			r.unknown(name)
		}
	}
	return v
}

func (r *scanner) fig() (f ledger.Fig) {
	for name := range r.fields {
		switch name {
		case "n":
			f.Name = r.text()
		case "u":
			f.Unit = ledger.Unit(r.small(math.MaxUint8))
		case "a":
			f.N = ledger.Amount(r.int())
		case "t":
			f.Text = r.text()
		default:
			r.unknown(name)
		}
	}
	return f
}

func (r *scanner) outcome() (v ledger.VoucherOutcome) {
	for name := range r.fields {
		switch name {
		case "id":
			v.ID = r.text()
		case "ok":
			v.OK = r.bool()
		case "c":
			v.Code = ledger.Code(r.small(math.MaxUint16))
		default:
			r.unknown(name)
		}
	}
	return v
}

// ChainHash is the hash of the next link of a brand's chain: SHA-256(prev ‖ SHA-256(the batch's canonical operations, each after
// its length in 8 bytes, big end first)).
func ChainHash(prev [32]byte, bodies ...[]byte) [32]byte {
	batch := sha256.New()
	var length [8]byte
	for _, b := range bodies {
		binary.BigEndian.PutUint64(length[:], uint64(len(b)))
		batch.Write(length[:])
		batch.Write(b)
	}
	link := sha256.New()
	link.Write(prev[:])
	link.Write(batch.Sum(nil))
	return [32]byte(link.Sum(nil))
}
