package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"recoup/internal/engine"
	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/store"
)

// importCmd brings in what was kept elsewhere.
type importCmd struct {
	Members   importMembersCmd  `cmd:"" help:"Import members from a table."`
	Balances  importBalancesCmd `cmd:"" help:"Import what members had of stored value and points, as opening lots."`
	Vouchers  importVouchersCmd `cmd:"" help:"Import vouchers that members hold."`
	Orders    importOrdersCmd   `cmd:"" help:"Import paid WDK orders, so that they can be refunded."`
	GiftCards importCardsCmd    `cmd:"" help:"Import gift cards from a CSV file."`
}

// importLine is one line of a file, and the command that it comes to.
type importLine struct {
	line int
	cmd  reverse.Command
}

// faults gathers what is wrong with a file. A person is told of as many as one wants to read at once.
type faults struct{ list []fault }

// A fault is what is wrong with a line.
type fault struct {
	line int
	err  error
}

const faultsShown = 20

func (f *faults) add(line int, format string, args ...any) {
	f.list = append(f.list, fault{line, fmt.Errorf(format, args...)})
}

// sorted are the faults by line.
func (f *faults) sorted() []fault {
	slices.SortStableFunc(f.list, func(a, b fault) int { return cmp.Compare(a.line, b.line) })
	return f.list
}

// err is nil if nothing is wrong.
func (f *faults) err() error {
	if len(f.list) == 0 {
		return nil
	}
	n := len(f.list)
	head := fmt.Errorf("nothing was imported, for %d lines are wrong:", n)
	if n == 1 {
		head = errors.New("nothing was imported, for one line is wrong:")
	}
	list := []error{head}
	for _, one := range f.sorted()[:min(n, faultsShown)] {
		list = append(list, fmt.Errorf("line %d: %w", one.line, one.err))
	}
	if n > faultsShown {
		list = append(list, fmt.Errorf("and %d more", n-faultsShown))
	}
	return errors.Join(list...)
}

// digestOf keys a few texts, each behind its length, so that no two lists of texts run into the same bytes.
func digestOf(parts ...string) ledger.Digest {
	var b []byte
	for _, p := range parts {
		b = binary.AppendUvarint(b, uint64(len(p)))
		b = append(b, p...)
	}
	sum := sha256.Sum256(b)
	return ledger.Digest(sum[:16])
}

// rehearsed is how many lines are rehearsed on one snapshot.
const rehearsed = 500

// rehearse decides every line on snapshots that are thrown away, so that what the books would refuse is known before anything is
// written.
func rehearse(ctx context.Context, s store.Store, brand string, lines []importLine, p *progress) *faults {
	var bad faults
	for len(lines) > 0 {
		part := lines[:min(rehearsed, len(lines))]
		lines = lines[len(part):]
		keys := reverse.NewKeys()
		for _, l := range part {
			reverse.KeysOf(l.cmd, keys)
			for _, id := range membersOf(l.cmd) { // who may have something due
				keys.AllLots[id] = struct{}{}
			}
		}
		now := nowMilli()
		state, err := s.Read(ctx, brand, keys, now)
		if err != nil {
			bad.add(part[0].line, "%w", err)
			return &bad
		}
		next := int64(0)
		stamp := &ledger.Stamp{At: now, Next: func() int64 { next--; return next }} // numbers that nobody has
		for _, l := range part {
			r, err := reverse.Decide(state, l.cmd, stamp)
			switch {
			case err != nil:
				bad.add(l.line, "%w", err)
			case r.Code != ledger.OK:
				bad.add(l.line, "%s", refusal(l.cmd, &r))
			}
			p.step()
		}
	}
	return &bad
}

// membersOf are the identifiers of the member that a line is about.
func membersOf(c reverse.Command) []ledger.Ident {
	if card, ok := c.(*ledger.ImportCard); ok {
		if card.Member == "" {
			return nil
		}
		return []ledger.Ident{{Type: ledger.ByCustomer, Text: card.Member}}
	}
	return c.Common().Who.Idents()
}

// refusal tells why the books refuse a line, by field and remedy.
func refusal(c reverse.Command, r *ledger.Result) string {
	card, isCard := c.(*ledger.ImportCard)
	switch {
	case !isCard && r.Code == ledger.IdempotentMismatch:
		return "was imported before with other content; correct the line or leave it out"
	case !isCard && r.Code == ledger.MemberNotFound:
		return "customer_id, mobile: there is no such member; import them first"
	case !isCard:
		return r.Code.Word() + ": " + r.English()
	}
	switch r.Code {
	case ledger.IdempotentMismatch:
		return "card: " + card.Card + " was imported before with another value, sub-order or customer; correct the line or leave it out"
	case ledger.CardExists:
		return "card: there is a card " + card.Card + " already; leave the line out"
	case ledger.MemberNotFound:
		return "customer_id: there is no member " + card.Member + "; create them first, or leave it empty for a bearer card"
	}
	return r.Code.Word() + ": " + r.English()
}

// importLines writes the lines, many at once so that the engine can commit them together. It stops at the first fault. done hears of each,
// one at a time.
func importLines(ctx context.Context, s store.Store, brand string, lines []importLine, p *progress, done func(importLine, ledger.Result)) error {
	const together = 512
	n, err := newEngine(ctx, s, engine.Options{AgeMax: time.Minute})
	if err != nil {
		return err
	}
	defer n.Close()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)

	var mu sync.Mutex // guards done and p
	next := make(chan importLine)
	var workers sync.WaitGroup
	for range min(together, len(lines)) {
		workers.Go(func() {
			for l := range next {
				r, err := n.Submit(ctx, brand, l.cmd)
				if err == nil && r.Code != ledger.OK {
					err = errors.New(refusal(l.cmd, &r))
				}
				if err != nil {
					stop(fmt.Errorf("line %d: %w", l.line, err))
					return
				}
				mu.Lock()
				done(l, r)
				p.step()
				mu.Unlock()
			}
		})
	}
	for _, l := range lines {
		select {
		case next <- l:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(next)
	workers.Wait()
	return context.Cause(ctx)
}
