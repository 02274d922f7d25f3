package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"recoup/internal/ledger"
	"recoup/internal/store"
	"recoup/internal/top"
)

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

// imported is the summary of an import.
type imported struct {
	Imported int   `json:"imported"`
	Present  int   `json:"present"`
	Value    int64 `json:"value"` // in fen, of the cards imported now
}
