package main

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"recoup/internal/api"
	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/sheet"
	"recoup/internal/store"
)

// importFlags are those of an import from a table.
type importFlags struct {
	dbFlag
	authorFlags
	jsonFlag
	Brand  string `required:"" help:"The brand_id."`
	DryRun bool   `help:"Check every line against the file and the books, and write nothing."`
	Report string `help:"Write what became of each line to this CSV file." placeholder:"FILE"`
	File   string `arg:"" help:"The table: CSV or XLSX, UTF-8 or GBK; - for standard input."`
}

// tableHelp is what all of them say.
const tableHelp = "The first line is a heading, in Chinese or English; the order of columns does not matter. Money is yuan with up to two decimals, or whole fen where " +
	"the heading says (分). Dates are like 2026-03-31, 2026/3/31, 20260331 or 2026年3月31日. Full-width digits are read; numbers that a spreadsheet has damaged " +
	"(1.38E+10, lost leading zeros) are refused with their lines.\n\nEvery line is checked before the first is written; if one is wrong, nothing is written. A file may be imported again, for " +
	"instance after an interruption: what is there already with the same content is left as it is.\n\n"

// A kind of table: its columns, and what its lines come to.
type importKind struct {
	what    string // in the journal and in requests
	columns []sheet.Column
	ids     []int // columns whose leading zeros matter
	// byMember: a line is kept by its member, whichever name it gives, and its RequestID is the rest of its key.
	byMember bool
	// lines makes the commands of the table. What is wrong goes into bad.
	lines func(b *ledger.Brand, t *sheet.Table, bad *faults) []importLine
}

// importedTable is the summary of an import as JSON. Sums are of the file, in fen and points, and what the books have of it.
type importedTable struct {
	Lines    int   `json:"lines"`
	Imported int   `json:"imported"`
	Present  int   `json:"present"`
	Fen      int64 `json:"fen"`
	Points   int64 `json:"points"`
	Checked  bool  `json:"checked"` // a dry run: nothing was written
}

// run reads, checks and imports the file.
func (f *importFlags) run(e *env, kind *importKind) error {
	by, err := f.author()
	if err != nil {
		return err
	}
	in := e.stdin
	if f.File != "-" {
		file, err := os.Open(f.File)
		if err != nil {
			return err
		}
		defer file.Close()
		in = file
	}
	table, err := sheet.Read(in, kind.columns)
	if err != nil {
		return fmt.Errorf("%s: %w", f.File, err)
	}
	s, err := f.open(e)
	if err != nil {
		return err
	}
	defer s.Close()
	b, err := readBrand(e.ctx, s, "--brand", f.Brand)
	if err != nil {
		return err
	}
	var bad faults
	for _, column := range kind.ids {
		lost, digits := table.LostZeros(column)
		for _, line := range lost {
			bad.add(line, "%s: has lost its leading zeros, others have %d digits; format the column as text and export again", kind.columns[column].Names[0], digits)
		}
	}
	lines := kind.lines(b, table, &bad)
	if bad.err() == nil && len(lines) == 0 {
		return fmt.Errorf("%s: has no lines under its heading", f.File)
	}
	if kind.byMember && bad.err() == nil {
		if err := f.whose(e, s, lines, &bad); err != nil {
			return err
		}
	}
	for i := range lines {
		lines[i].keyed(kind.what, b.ID)
	}
	if bad.err() == nil {
		p := newProgress(e, "checked", len(lines))
		bad = *rehearse(e.ctx, s, b.ID, lines, p)
		p.end()
	}
	if err := bad.err(); err != nil {
		return errors.Join(fmt.Errorf("%s: %w", f.File, err), f.report(nil, &bad))
	}
	sum := importedTable{Lines: len(table.Rows), Checked: f.DryRun}
	want := openings(lines)
	sum.Fen, sum.Points = int64(ledger.Sum(want, ledger.Value)), int64(want[ledger.Point])
	if f.DryRun {
		return f.print(e, kind, sum)
	}
	fates := make([]fate, 0, len(lines))
	p := newProgress(e, "imported", len(lines))
	err = importLines(e.ctx, s, b.ID, lines, p, func(l importLine, r ledger.Result) {
		if r.Replayed {
			sum.Present++
			fates = append(fates, fate{l.line, "present", ""})
			return
		}
		sum.Imported++
		fates = append(fates, fate{l.line, "imported", strings.Join(r.IDs, " ")})
	})
	p.end()
	if err = errors.Join(err, f.report(fates, nil)); err != nil {
		return fmt.Errorf("%s: %w; run it again to go on where it stopped", f.File, err)
	}
	if err := proven(e, s, b.ID, lines, want); err != nil {
		return err
	}
	act := &store.Entry{Author: by, What: "import", Key: kind.what, Changes: []store.Changed{
		{Field: "brand", After: f.Brand},
		{Field: "imported", After: strconv.Itoa(sum.Imported)},
		{Field: "there already", After: strconv.Itoa(sum.Present)},
		{Field: "fen", After: strconv.FormatInt(sum.Fen, 10)},
		{Field: "points", After: strconv.FormatInt(sum.Points, 10)},
	}}
	if err := s.Note(e.ctx, act); err != nil {
		return fmt.Errorf("the lines are imported, but not the journal's entry: %w", err)
	}
	return f.print(e, kind, sum)
}

// whose puts the member before the keys of lines, so that one member's line is the same under every name.
func (f *importFlags) whose(e *env, s store.Store, lines []importLine, bad *faults) error {
	seen := map[string]int{}
	for part := range slices.Chunk(lines, rehearsed) {
		keys := reverse.NewKeys()
		for _, l := range part {
			for _, id := range membersOf(l.cmd) {
				keys.Idents[id] = struct{}{}
			}
		}
		state, err := s.Read(e.ctx, f.Brand, keys, nowMilli())
		if err != nil {
			return err
		}
		for _, l := range part {
			h := l.cmd.Common()
			who := cmp.Or(h.Who.Customer, h.Who.Mobile)
			for _, id := range slices.Backward(membersOf(l.cmd)) {
				if m := state.Idents[id]; m != "" { // the member as it was opened: a merge since the first import changes no key
					who = m
				}
			}
			h.RequestID = strings.TrimSpace(who + " " + h.RequestID)
			if at := seen[h.RequestID]; at != 0 {
				bad.add(l.line, "member and day %s came on line %d already; leave one out", h.RequestID, at)
				continue
			}
			seen[h.RequestID] = l.line
		}
	}
	return nil
}

func (f *importFlags) print(e *env, kind *importKind, sum importedTable) error {
	if f.JSON {
		return printJSON(e, sum)
	}
	worth := ""
	if sum.Fen > 0 || sum.Points > 0 {
		worth = fmt.Sprintf(", together %s yuan and %d points", ledger.Yuan(ledger.Amount(sum.Fen)), sum.Points)
	}
	if f.DryRun {
		fmt.Fprintf(e.stdout, "%d lines of %s can be imported%s; nothing was written\n", sum.Lines, kind.what, worth)
		return nil
	}
	if worth != "" {
		worth += ": the books have as much"
	}
	fmt.Fprintf(e.stdout, "%d %s imported, %d were there already%s\n", sum.Imported, kind.what, sum.Present, worth)
	return nil
}

// A fate is what became of a line.
type fate struct {
	line           int
	result, detail string
}

// report writes what became of each line, if asked.
func (f *importFlags) report(fates []fate, bad *faults) (err error) {
	if f.Report == "" {
		return nil
	}
	out, err := os.Create(f.Report)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if _, err := io.WriteString(out, bom); err != nil {
		return err
	}
	w := csv.NewWriter(out)
	rows := [][]string{{"line", "result", "detail"}}
	slices.SortFunc(fates, func(a, b fate) int { return cmp.Compare(a.line, b.line) })
	for _, l := range fates {
		rows = append(rows, []string{strconv.Itoa(l.line), l.result, l.detail})
	}
	if bad != nil {
		for _, one := range bad.sorted() {
			rows = append(rows, []string{strconv.Itoa(one.line), "refused", one.err.Error()})
		}
	}
	return w.WriteAll(rows)
}

// keyed gives a line the request of its own that makes a second import of it a replay.
func (l *importLine) keyed(what, brand string) {
	h := l.cmd.Common()
	h.App, h.Method = "recoup", "import."+what
	h.Request = digestOf(h.Method, brand, h.RequestID)
	h.Content = digestOf(contentOf(l.cmd)...)
}

// contentOf is what of a line must be the same when it is imported again.
func contentOf(c reverse.Command) []string {
	n := func(v ledger.Amount) string { return strconv.FormatInt(int64(v), 10) }
	t := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	switch c := c.(type) {
	case *ledger.SaveMember:
		gender := ""
		if c.Gender != nil {
			gender = n(ledger.Amount(*c.Gender))
		}
		return append([]string{c.ID, c.Who.Mobile, c.Who.OuterType, c.Who.Outer, t(c.Name), t(c.Birthday), t(c.Remark), t(c.Level), gender}, c.Tags...)
	case *ledger.OpenBalance:
		return []string{n(c.Real), n(c.Gift), n(c.Pre), n(c.Points), n(ledger.Amount(c.Expires))}
	case *ledger.IssueVouchers:
		return append([]string{c.Who.Customer, c.Who.Mobile, c.Template, n(c.Uses), n(ledger.Amount(c.End))}, c.Codes...)
	case *reverse.TakeOrder:
		parts := []string{c.Store, c.Out, n(c.PayFee), n(c.PostFee)}
		for _, s := range c.Subs {
			parts = append(parts, s.Out, n(ledger.Amount(s.No)), s.Title, s.Sku, n(s.Fee))
		}
		for _, tender := range c.Tenders {
			parts = append(parts, tender.Code, n(tender.Amount))
		}
		return parts
	}
	return nil
}

// openings adds up what opening balances credit, by kind.
func openings(lines []importLine) (want [ledger.Kinds]ledger.Amount) {
	for _, l := range lines {
		if c, ok := l.cmd.(*ledger.OpenBalance); ok {
			want[ledger.Real] += c.Real
			want[ledger.Gift] += c.Gift
			want[ledger.Pre] += c.Pre
			want[ledger.Point] += c.Points
		}
	}
	return want
}

// proven adds up what the books say of each line's request, and wants the file's sums.
func proven(e *env, s store.Store, brand string, lines []importLine, want [ledger.Kinds]ledger.Amount) error {
	var got [ledger.Kinds]ledger.Amount
	for part := range slices.Chunk(lines, rehearsed) {
		keys := reverse.NewKeys()
		for _, l := range part {
			keys.Requests[l.cmd.Common().Request] = struct{}{}
		}
		state, err := s.Read(e.ctx, brand, keys, nowMilli())
		if err != nil {
			return err
		}
		for _, l := range part {
			o := state.Requests[l.cmd.Common().Request]
			if o == nil {
				return fmt.Errorf("line %d is not in the books; run it again", l.line)
			}
			if _, opening := l.cmd.(*ledger.OpenBalance); !opening {
				continue
			}
			for k, n := range o.Moved("") {
				got[k] += n
			}
		}
	}
	if got != want {
		return fmt.Errorf("the file comes to %v (real, gift, pre in fen, points), the books to %v", want, got)
	}
	return nil
}

// cells reads the cells of a row; the first that is wrong is told.
type cells struct {
	*sheet.Row
	bad *faults
	ok  bool
}

func cell[T any](c *cells, read func(int) (T, error), column int) (v T) {
	v, err := read(column)
	if err != nil {
		c.ok = false
		c.bad.add(c.Line, "%w", err)
	}
	return v
}

func (c *cells) fail(format string, args ...any) {
	c.ok = false
	c.bad.add(c.Line, format, args...)
}

// mobile reads a mobile number in its one spelling.
func (c *cells) mobile(column int) string {
	s := cell(c, c.ID, column)
	if s == "" {
		return ""
	}
	number, ok := api.Mobile(s)
	if !ok {
		c.fail("mobile: %s is no mobile number", s)
	}
	return number
}

// member reads who a line is about.
func (c *cells) member(customer, mobile int) ledger.Who {
	w := ledger.Who{Customer: cell(c, c.ID, customer), Mobile: c.mobile(mobile)}
	if w.Customer == "" && w.Mobile == "" && c.ok {
		c.fail("customer_id, mobile: name the member by one of them")
	}
	return w
}

// eachRow runs over the rows of a table.
func eachRow(t *sheet.Table, bad *faults, do func(*cells)) {
	for i := range t.Rows {
		do(&cells{&t.Rows[i], bad, true})
	}
}

// once refuses a key that comes twice in a file.
type once map[string]int

func (o once) first(c *cells, what, key string) bool {
	if at := o[key]; at != 0 {
		c.fail("%s %s came on line %d already; leave one out", what, key, at)
		return false
	}
	o[key] = c.Line
	return true
}

var (
	customerColumn = sheet.Column{Names: []string{"customer_id", "会员id", "会员号", "顾客id", "会员编号"}}
	mobileColumn   = sheet.Column{Names: []string{"mobile", "手机号", "手机", "手机号码"}}
)
