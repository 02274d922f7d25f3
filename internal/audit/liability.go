package audit

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"maps"
	"slices"

	"recoup/internal/ledger"
)

// A Liability is what a brand owes its members at a moment in one kind of asset, granted in one shop so long before.
type Liability struct {
	Kind   ledger.Kind
	Shop   string // shop_id; "": no shop granted it
	Age    int    // index into Ages: how long before the moment it was granted
	Amount ledger.Amount
	Lots   int64 // with something left
}

// Ages are the bounds of ages in days; the last has none.
var Ages = [...]int64{30, 90, 180, 365, 0}

const dayMs = 24 * 60 * 60 * 1000

func ageOf(granted, at int64) int {
	for i, days := range Ages {
		if days > 0 && at-granted < days*dayMs {
			return i
		}
	}
	return len(Ages) - 1
}

// Liabilities adds up what all lots held at a moment, from operations alone: those up to it, in any order. Holds are part of it, and what had
// run out by then but was not expired yet. Memory does not grow with the history. The list is by kind, shop and age.
func Liabilities(ctx context.Context, ops iter.Seq2[*ledger.Op, error], at int64) (list []Liability, err error) {
	s := newSorter()
	defer func() { err = errors.Join(err, s.close()) }()
	var rec record
	for o, err := range ops {
		if err != nil {
			return nil, err
		}
		if o.At > at {
			continue
		}
		for i := range o.Postings {
			p := &o.Postings[i]
			if p.Lot.IsZero() {
				continue
			}
			rec = start(rec, lotSection).text(p.Lot.Account).number(p.Lot.N).number(o.Seq)
			rec = append(rec, byte(p.Kind)).int(int64(p.Amount)).int(o.At).text(o.Shop)
			if err := s.add(rec); err != nil {
				return nil, err
			}
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	sums := map[Liability]*Liability{}
	var account []byte
	var number int64
	var lot Liability // of the lot that is read: its first operation granted it
	end := func() {
		if lot.Amount == 0 {
			return
		}
		key := Liability{Kind: lot.Kind, Shop: lot.Shop, Age: lot.Age}
		if sums[key] == nil {
			sum := key
			sums[key] = &sum
		}
		sums[key].Amount += lot.Amount
		sums[key].Lots++
	}
	for text, err := range s.sorted() {
		if err != nil {
			return nil, err
		}
		r := reader{b: text[1:]}
		name, n := r.keyText(), r.number()
		r.number()
		kind, amount, when, shop := ledger.Kind(r.byte()), r.amount(), r.int(), r.text()
		if r.bad {
			return nil, errRecord
		}
		if n != number || !slices.Equal(name, account) {
			end()
			account, number = append(account[:0], name...), n
			lot = Liability{Kind: kind, Shop: shop, Age: ageOf(when, at)}
		}
		lot.Amount += amount
	}
	end()
	for _, sum := range sums {
		list = append(list, *sum)
	}
	slices.SortFunc(list, func(a, b Liability) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Shop, b.Shop), cmp.Compare(a.Age, b.Age))
	})
	return list, nil
}

// TotalBy adds liabilities up by what of them is kept: by must be set for each part that tells lines apart.
func TotalBy(list []Liability, shop, age bool) []Liability {
	sums := map[Liability]Liability{}
	for _, l := range list {
		key := Liability{Kind: l.Kind}
		if shop {
			key.Shop = l.Shop
		}
		if age {
			key.Age = l.Age
		}
		sum := sums[key]
		sum.Kind, sum.Shop, sum.Age = key.Kind, key.Shop, key.Age
		sum.Amount += l.Amount
		sum.Lots += l.Lots
		sums[key] = sum
	}
	return slices.SortedFunc(maps.Values(sums), func(a, b Liability) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Shop, b.Shop), cmp.Compare(a.Age, b.Age))
	})
}
