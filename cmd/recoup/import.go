package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"recoup/internal/engine"
	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/store"
	"recoup/internal/top"
)

// importCmd brings in what was kept elsewhere.
type importCmd struct {
	Members   importMembersCmd  `cmd:"" help:"Import members from a table."`
	Balances  importBalancesCmd `cmd:"" help:"Import what members had of stored value and points, as opening lots."`
	Vouchers  importVouchersCmd `cmd:"" help:"Import vouchers that members hold."`
	Orders    importOrdersCmd   `cmd:"" help:"Import paid WDK orders, so that they can be refunded."`
	GiftCards importCardsCmd    `cmd:"" help:"Import gift cards from a CSV file."`
}

type importCardsCmd struct {
	dbFlag
	authorFlags
	jsonFlag
	Brand string `required:"" help:"The brand_id."`
	File  string `arg:"" help:"The CSV file, - for standard input."`
}

// Help tells the columns.
func (importCardsCmd) Help() string {
	return "Columns: card, value in fen, the number of the sub-order that sold it (may be empty), customer_id it is bound to (may be empty or " +
		"left out: a bearer card). A first line that begins with \"card\" is a heading.\n\n" +
		"Every line is checked before the first is written; if one is wrong, all are refused. A file may be imported again, for instance " +
		"after an interruption: cards that are there already with the same content are left as they are.\n\n" +
		"Example:\n\n  card,value,sub_order,customer_id\n  22076108,10000,5000399193546580981,\n\n" +
		"  recoup import gift-cards cards.csv --brand 1332"
}

// Run checks the file, then imports it.
func (c *importCardsCmd) Run(e *env) error {
	by, err := c.author()
	if err != nil {
		return err
	}
	in := e.stdin
	if c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	cards, err := readCards(in, c.Brand)
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	s, err := c.open(e)
	if err != nil {
		return err
	}
	defer s.Close()
	if _, err := readBrand(e.ctx, s, "--brand", c.Brand); err != nil {
		return err
	}
	p := newProgress(e, "checked", len(cards))
	bad := rehearse(e.ctx, s, c.Brand, cards, p)
	err = bad.err()
	p.end()
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	p = newProgress(e, "imported", len(cards))
	sum := imported{}
	err = importLines(e.ctx, s, c.Brand, cards, p, func(l importLine, r ledger.Result) {
		if r.Replayed {
			sum.Present++
			return
		}
		sum.Imported++
		sum.Value += int64(l.cmd.(*ledger.ImportCard).Value)
	})
	p.end()
	if err != nil {
		return fmt.Errorf("%s: %w; run it again to go on where it stopped", c.File, err)
	}
	act := &store.Entry{Author: by, What: "import", Key: "gift-cards", Changes: []store.Changed{
		{Field: "brand", After: c.Brand},
		{Field: "imported", After: fmt.Sprint(sum.Imported)},
		{Field: "fen", After: fmt.Sprint(sum.Value)},
		{Field: "there already", After: fmt.Sprint(sum.Present)},
	}}
	if err := s.Note(e.ctx, act); err != nil {
		return fmt.Errorf("the cards are imported, but not the journal's entry: %w", err)
	}
	if c.JSON {
		return printJSON(e, sum)
	}
	fmt.Fprintf(e.stdout, "%d gift cards imported, worth %s yuan; %d were there already\n", sum.Imported, ledger.Yuan(ledger.Amount(sum.Value)), sum.Present)
	return nil
}

// importLine is one line of a file, and the command that it comes to.
type importLine struct {
	line int
	cmd  reverse.Command
}

// faults gathers what is wrong with a file, as many as a person wants to read at once.
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

// readCards reads and checks the lines of a file.
func readCards(in io.Reader, brand string) ([]importLine, error) {
	r := csv.NewReader(skipMark(in))
	r.FieldsPerRecord = -1
	r.TrimLeadingSpace = true
	r.ReuseRecord = true
	var cards []importLine
	var bad faults
	first := map[string]int{} // the line on which a card came first
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if parse, ok := errors.AsType[*csv.ParseError](err); ok {
			bad.add(parse.Line, "column %d: %w", parse.Column, parse.Err)
			break // after a broken quote the fields cannot be separated
		}
		if err != nil {
			return nil, err
		}
		line, _ := r.FieldPos(0)
		for i := range record {
			record[i] = strings.TrimSpace(record[i])
		}
		if len(cards) == 0 && len(first) == 0 && strings.EqualFold(record[0], "card") {
			continue
		}
		c := readCard(&bad, line, record)
		if at := first[record[0]]; at != 0 {
			bad.add(line, "card %s came on line %d already; leave one out", record[0], at)
			continue
		}
		first[record[0]] = line
		if c == nil {
			continue
		}
		c.Head = importHead(brand, c)
		cards = append(cards, importLine{line, c})
	}
	if err := bad.err(); err != nil {
		return nil, err
	}
	if len(cards) == 0 {
		return nil, errors.New("has no cards; want lines of card,value,sub_order,customer_id")
	}
	return cards, nil
}

// readCard reads one line, nil when something is wrong with it.
func readCard(bad *faults, line int, record []string) *ledger.ImportCard {
	if len(record) < 2 || len(record) > 4 {
		bad.add(line, "has %d columns; want card,value,sub_order,customer_id, of which the last two may be left out", len(record))
		return nil
	}
	field := func(i int) string {
		if i < len(record) {
			return record[i]
		}
		return ""
	}
	c := &ledger.ImportCard{Card: strings.Clone(field(0)), Member: strings.Clone(field(3))}
	ok := true
	fail := func(format string, args ...any) {
		ok = false
		bad.add(line, format, args...)
	}
	if err := firstErr(checkID("card", c.Card), checkDigits("card", c.Card), checkDigits("customer_id", c.Member)); err != nil {
		fail("%w", err)
	}
	if v, err := strconv.ParseInt(field(1), 10, 64); err != nil || v <= 0 || v > int64(ledger.AmountMax) {
		fail("value: %q is no amount in fen; want a whole number from 1 to %d", field(1), ledger.AmountMax)
	} else {
		c.Value = ledger.Amount(v)
	}
	if s := field(2); s != "" {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil || n <= 0 {
			fail("sub_order: %q is no number of a sub-order; want a whole number above 0, or leave it empty", s)
		}
		c.SoldIn = n
	}
	if err := checkOptional("customer_id", c.Member); err != nil {
		fail("%w", err)
	}
	if !ok {
		return nil
	}
	return c
}

// checkDigits refuses what spreadsheets and input methods make of a number.
func checkDigits(field, s string) error {
	switch {
	case top.Scientific(s):
		return fmt.Errorf("%s: %s is a number that lost digits, as spreadsheets write it; export the column as text", field, s)
	case strings.IndexFunc(s, func(r rune) bool { return '\uff01' <= r && r <= '\uff5e' }) >= 0:
		return fmt.Errorf("%s: %s has full-width characters; write them half-width", field, s)
	}
	return nil
}

// skipMark leaves out the byte order mark that spreadsheets write.
func skipMark(in io.Reader) io.Reader {
	var head [3]byte
	n, _ := io.ReadFull(in, head[:])
	rest := string(head[:n])
	return io.MultiReader(strings.NewReader(strings.TrimPrefix(rest, "\ufeff")), in)
}

// importHead keys a card's import by the card, so that a second import of the same is a replay and one of other content is refused.
func importHead(brand string, c *ledger.ImportCard) ledger.Head {
	const method = "import.gift-cards"
	return ledger.Head{
		App: "recoup", Method: method, RequestID: c.Card,
		Request: digestOf(method, brand, c.Card),
		Content: digestOf(strconv.FormatInt(int64(c.Value), 10), strconv.FormatInt(c.SoldIn, 10), c.Member),
	}
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

// imported is the summary of an import.
type imported struct {
	Imported int   `json:"imported"`
	Present  int   `json:"present"`
	Value    int64 `json:"value"` // in fen, of the cards imported now
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

// progress tells a person at a terminal how far a long work is. Elsewhere it is silent.
type progress struct {
	out   io.Writer // nil: silent
	verb  string
	done  int
	total int
	shown time.Time
}

func newProgress(e *env, verb string, total int) *progress {
	p := &progress{verb: verb, total: total, shown: time.Now()}
	if f, ok := e.stderr.(*os.File); ok && isTerminal(f) {
		p.out = f
	}
	return p
}

// isTerminal reports whether a person is likely to read a file as it is written.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && runtime.GOOS != "windows"
}

// step counts one more done.
func (p *progress) step() { p.at(int64(p.done) + 1) }

// at says how many are done. Work that is over at once shows nothing.
func (p *progress) at(done int64) {
	p.done = int(done)
	if p.out == nil || time.Since(p.shown) < 200*time.Millisecond {
		return
	}
	p.shown = time.Now()
	fmt.Fprintf(p.out, "\r%s %d of %d", p.verb, p.done, p.total)
}

// end clears the line.
func (p *progress) end() {
	if p.out != nil {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}

func nowMilli() int64 { return time.Now().UnixMilli() }
