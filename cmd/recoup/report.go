package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/parquet-go/parquet-go"

	"recoup/internal/audit"
	"recoup/internal/ledger"
	"recoup/internal/query"
	"recoup/internal/store"
)

// Reports for a finance team, from the books alone.

// formatFlags say how a report is written.
type formatFlags struct {
	JSON bool `name:"json" xor:"format" help:"Print JSON, a line each."`
	CSV  bool `name:"csv" xor:"format" help:"Print CSV with a heading, for spreadsheets: UTF-8 with BOM."`
}

// bom tells spreadsheets that a file is UTF-8.
const bom = "\ufeff"

// lines writes rows as they come, in the format asked for. Columns are those of a table, values of JSON are v's own.
func lines[T any](e *env, f formatFlags, heading string, rows iter.Seq2[T, error], row func(T) string) error {
	var sheet *csv.Writer
	if f.CSV {
		if _, err := io.WriteString(e.stdout, bom); err != nil {
			return err
		}
		sheet = csv.NewWriter(e.stdout)
		if err := sheet.Write(strings.Split(strings.ToLower(heading), "\t")); err != nil {
			return err
		}
	}
	block := []string{heading} // of a table: as much of it as is lined up together
	for v, err := range rows {
		if err != nil {
			return err
		}
		switch {
		case f.JSON:
			text, err := json.Marshal(v)
			if err != nil {
				return err
			}
			if _, err := e.stdout.Write(append(text, '\n')); err != nil {
				return err
			}
		case f.CSV:
			cells := strings.Split(row(v), "\t")
			for i, cell := range cells {
				cells[i] = harmless(unlessDash(cell))
			}
			if err := sheet.Write(cells); err != nil {
				return err
			}
		default:
			if block = append(block, row(v)); len(block) > blockRows {
				if err := table(e, block); err != nil {
					return err
				}
				block = block[:1]
			}
		}
	}
	switch {
	case sheet != nil:
		sheet.Flush()
		return sheet.Error()
	case f.JSON:
		return nil
	}
	return table(e, block)
}

// blockRows is how many rows of a table are lined up together: a report may have millions.
const blockRows = 200

// unlessDash takes away what stands for nothing in a table.
func unlessDash(cell string) string {
	if cell == "-" {
		return ""
	}
	return cell
}

// harmless is a cell that no spreadsheet takes for a formula: texts of callers stand in it.
func harmless(cell string) string {
	if cell == "" || !strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return cell
	}
	if _, err := strconv.ParseFloat(cell, 64); err == nil {
		return cell
	}
	return "'" + cell
}

// statementCmd is `recoup member statement`.
type memberStatementCmd struct {
	brandFlag
	formatFlags
	Customer string `required:"" help:"The customer_id."`
	From     moment `help:"Not before this day or moment, GMT+8."`
	To       moment `help:"Not after it."`
}

// Help shows an example.
func (memberStatementCmd) Help() string {
	return "Every movement of the member's stored value and points, the newest first, each with what the account held after it. Each account ends with what it " +
		"held before the first: that and the movements come to the newest balance. Tables and CSV are in yuan, JSON in fen.\n\nExamples:\n\n" +
		"  recoup member statement --brand 1332 --customer 34243334 --from 2026-03-01 --to 2026-03-31\n" +
		"  recoup member statement --brand 1332 --customer 34243334 --csv > 34243334.csv"
}

// statementLine is a movement of one account as JSON. Amounts are fen and points.
type statementLine struct {
	At       string        `json:"at"`
	Account  string        `json:"account"`
	Kind     string        `json:"kind"`
	Order    string        `json:"order"`
	Number   string        `json:"number"`
	Shop     string        `json:"shop"`
	Real     ledger.Amount `json:"real"`
	Gift     ledger.Amount `json:"gift"`
	Pre      ledger.Amount `json:"pre"`
	Points   ledger.Amount `json:"points"`
	Balance  ledger.Amount `json:"balance"`      // fen after it
	Left     ledger.Amount `json:"points_after"` // points after it
	Operator string        `json:"operator"`
	Flow     string        `json:"flow"`
}

const statementHeading = "TIME\tACCOUNT\tKIND\tORDER\tNUMBER\tSHOP\tREAL\tGIFT\tPRE\tPOINTS\tBALANCE\tPOINTS AFTER\tOPERATOR\tFLOW"

func (l statementLine) row() string {
	yuan := func(n ledger.Amount) string { return ledger.Yuan(n) }
	return strings.Join([]string{
		orDash(l.At), l.Account, l.Kind, orDash(l.Order), orDash(l.Number), orDash(l.Shop), yuan(l.Real), yuan(l.Gift), yuan(l.Pre), strconv.FormatInt(int64(l.Points), 10), yuan(l.Balance),
		strconv.FormatInt(int64(l.Left), 10), orDash(l.Operator), orDash(l.Flow),
	}, "\t")
}

// Run prints the statement.
func (c *memberStatementCmd) Run(e *env) error {
	return with(e, c.dbFlag.look, func(s store.Store, snap *store.Snapshot) error {
		if _, err := findBrand(snap, "--brand", c.Brand); err != nil {
			return err
		}
		who := ledger.Who{Customer: c.Customer}
		state, err := s.Read(e.ctx, c.Brand, query.CustomerKeys(who.Idents()), nowMilli())
		if err != nil {
			return err
		}
		m, refused := query.FindMember(state, who.Idents())
		if m == nil {
			return fmt.Errorf("brand %s: %s", c.Brand, refused.English())
		}
		mine := map[string]bool{}
		for _, account := range state.AccountsOf(m.ID) {
			mine[account] = true
		}
		return lines(e, c.formatFlags, statementHeading, c.lines(e.ctx, s, m, mine), statementLine.row)
	})
}

// lines are the movements, the newest first, and of each account what it held before them.
func (c *memberStatementCmd) lines(ctx context.Context, s store.Store, m *ledger.Member, mine map[string]bool) iter.Seq2[statementLine, error] {
	return func(yield func(statementLine, error) bool) {
		var accounts []string
		before := map[string][ledger.Kinds]ledger.Amount{}
		for o, err := range query.Movements(ctx, s, c.Brand, m.Histories(), c.From.from(), c.To.to()) {
			if err != nil {
				yield(statementLine{}, err)
				return
			}
			for _, b := range o.After {
				moved := o.Moved(b.Account)
				if moved == ([ledger.Kinds]ledger.Amount{}) || !mine[b.Account] {
					continue
				}
				if _, known := before[b.Account]; !known {
					accounts = append(accounts, b.Account)
				}
				opening := b.Sums
				for k := range opening {
					opening[k] -= moved[k]
				}
				before[b.Account] = opening
				line := statementLine{
					At: showTime(o.At), Account: b.Account, Kind: o.Kind.String(), Order: printable(o.Order), Number: o.Number, Shop: o.Shop,
					Real: moved[ledger.Real], Gift: moved[ledger.Gift], Pre: moved[ledger.Pre], Points: moved[ledger.Point],
					Balance: ledger.Sum(b.Sums, ledger.Value), Left: b.Sums[ledger.Point], Operator: strings.TrimSpace(o.Operator + " " + o.OperatorName), Flow: o.ID.String(),
				}
				if !yield(line, nil) {
					return
				}
			}
		}
		for _, a := range accounts {
			if !yield(statementLine{Account: a, Kind: "opening", Balance: ledger.Sum(before[a], ledger.Value), Left: before[a][ledger.Point]}, nil) {
				return
			}
		}
	}
}

// liabilityCmd tells what a brand owes its members.
type liabilityCmd struct {
	brandFlag
	formatFlags
	At moment   `help:"At the end of this day, or at this moment, GMT+8; now if not given."`
	By []string `default:"shop,age" enum:"shop,age,none" help:"Told apart by kind, and by any of shop and age: shop,age or none."`
}

// Help shows an example.
func (liabilityCmd) Help() string {
	return "What members had of real, given and advance value and of points at any moment, by the shop that granted it and how long before: from the operations " +
		"alone. Holds are part of it. Reads all operations up to then; memory does not grow.\n\nExamples:\n\n" +
		"  recoup liability --brand 1332 --at 2026-03-31\n  recoup liability --brand 1332 --by none --csv"
}

// liabilityLine is a line as JSON: fen, or points.
type liabilityLine struct {
	Kind   string        `json:"kind"`
	Shop   string        `json:"shop,omitempty"`
	Age    string        `json:"age,omitempty"`
	Amount ledger.Amount `json:"amount"`
	Lots   int64         `json:"lots"`
}

func (l liabilityLine) row() string {
	amount := strconv.FormatInt(int64(l.Amount), 10)
	if l.Kind != ledger.Point.String() {
		amount = ledger.Yuan(l.Amount)
	}
	return strings.Join([]string{l.Kind, orDash(l.Shop), orDash(l.Age), amount, strconv.FormatInt(l.Lots, 10)}, "\t")
}

// Run prints the liability.
func (c *liabilityCmd) Run(e *env) error {
	return with(e, c.dbFlag.look, func(s store.Store, snap *store.Snapshot) error {
		if _, err := findBrand(snap, "--brand", c.Brand); err != nil {
			return err
		}
		at := c.At.to()
		if at == 0 {
			at = nowMilli()
		}
		list, err := audit.Liabilities(e.ctx, query.Between(e.ctx, s, c.Brand, 0, at), at)
		if err != nil {
			return err
		}
		shop, age := false, false
		for _, part := range c.By {
			shop, age = shop || part == "shop", age || part == "age"
		}
		rows := func(yield func(liabilityLine, error) bool) {
			for _, l := range audit.TotalBy(list, shop, age) {
				line := liabilityLine{Kind: l.Kind.String(), Amount: l.Amount, Lots: l.Lots}
				if shop {
					line.Shop = l.Shop
				}
				if age {
					line.Age = showAge(l.Age)
				}
				if !yield(line, nil) {
					return
				}
			}
		}
		if !c.JSON && !c.CSV {
			fmt.Fprintf(e.stdout, "brand %s at %s: yuan, and points\n\n", c.Brand, showTime(at))
		}
		return lines(e, c.formatFlags, "KIND\tSHOP\tAGE\tAMOUNT\tLOTS", rows, liabilityLine.row)
	})
}

// showAge is an age in days.
func showAge(i int) string {
	from := int64(0)
	if i > 0 {
		from = audit.Ages[i-1]
	}
	if audit.Ages[i] == 0 {
		return fmt.Sprintf("%d+ days", from)
	}
	return fmt.Sprintf("%d-%d days", from, audit.Ages[i]-1)
}

// exportCmd writes books for other tools.
type exportCmd struct {
	Operations exportOperationsCmd `cmd:"" help:"Write operations as CSV, JSON Lines or Parquet."`
}

type exportOperationsCmd struct {
	brandFlag
	From   moment `help:"Not before this day or moment, GMT+8."`
	To     moment `help:"Not after it."`
	Format string `default:"csv" enum:"csv,jsonl,parquet" help:"csv, jsonl or parquet."`
	Output string `short:"o" help:"Write to this file, which must not be there; standard output if not given." placeholder:"FILE"`
}

// Help shows examples.
func (exportOperationsCmd) Help() string {
	return "Every operation with who, where, when, under which number and what it moved: fen, points, voucher uses; what members lost is negative. They stream, the " +
		"oldest first, and stop at what was booked last when the export began.\n\nExamples:\n\n" +
		"  recoup export operations --brand 1332 --from 2026-03-01 --to 2026-03-31 -o march.csv\n" +
		"  recoup export operations --brand 1332 --format parquet -o all.parquet"
}

// exported is an operation as a row of an export. Amounts are fen, points and uses.
type exported struct {
	Seq      int64  `json:"seq" parquet:"seq"`
	Flow     string `json:"flow" parquet:"flow"`
	At       string `json:"at" parquet:"at"`
	AtMs     int64  `json:"at_ms" parquet:"at_ms,timestamp(millisecond)"`
	Kind     string `json:"kind" parquet:"kind,dict"`
	App      string `json:"app" parquet:"app,dict"`
	Method   string `json:"method" parquet:"method,dict"`
	Member   string `json:"member" parquet:"member"`
	Shop     string `json:"shop" parquet:"shop,dict"`
	Order    string `json:"order" parquet:"order"`
	Number   string `json:"number" parquet:"number"`
	Operator string `json:"operator" parquet:"operator,dict"`
	Reason   string `json:"reason" parquet:"reason"`
	Real     int64  `json:"real" parquet:"real"`
	Gift     int64  `json:"gift" parquet:"gift"`
	Pre      int64  `json:"pre" parquet:"pre"`
	Points   int64  `json:"points" parquet:"points"`
	Uses     int64  `json:"uses" parquet:"uses"`
	Held     int64  `json:"held" parquet:"held"`
	Policy   int64  `json:"policy" parquet:"policy"`
}

func exportOf(o *ledger.Op) exported {
	v := viewOp(o)
	x := exported{
		Seq: o.Seq, Flow: v.ID, At: v.At, AtMs: o.At, Kind: v.Kind, App: v.App, Method: v.Method, Member: v.Member, Shop: v.Shop, Order: v.Order, Number: v.Number,
		Operator: v.Operator, Reason: v.Reason, Uses: int64(v.Uses), Held: int64(v.Held), Policy: o.Policy,
	}
	moved := o.Moved("")
	x.Real, x.Gift, x.Pre, x.Points = int64(moved[ledger.Real]), int64(moved[ledger.Gift]), int64(moved[ledger.Pre]), int64(moved[ledger.Point])
	return x
}

const exportHeading = "SEQ\tFLOW\tAT\tAT_MS\tKIND\tAPP\tMETHOD\tMEMBER\tSHOP\tORDER\tNUMBER\tOPERATOR\tREASON\tREAL\tGIFT\tPRE\tPOINTS\tUSES\tHELD\tPOLICY"

func (x exported) row() string {
	n := func(v int64) string { return strconv.FormatInt(v, 10) }
	cells := []string{
		n(x.Seq), x.Flow, x.At, n(x.AtMs), x.Kind, x.App, x.Method, x.Member, x.Shop, x.Order, x.Number, x.Operator, x.Reason, n(x.Real), n(x.Gift), n(x.Pre),
		n(x.Points), n(x.Uses), n(x.Held), n(x.Policy),
	}
	for i, cell := range cells {
		cells[i] = strings.ReplaceAll(cell, "\t", " ")
	}
	return strings.Join(cells, "\t")
}

// Run writes the operations.
func (c *exportOperationsCmd) Run(e *env) error {
	if c.Format == "parquet" && c.Output == "" {
		return errors.New("--output: parquet is no text; name a file by -o")
	}
	return with(e, c.dbFlag.look, func(s store.Store, snap *store.Snapshot) (err error) {
		if _, err := findBrand(snap, "--brand", c.Brand); err != nil {
			return err
		}
		out := *e
		if c.Output != "" {
			f, err := os.OpenFile(c.Output, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			if err != nil {
				return fmt.Errorf("-o %w", err)
			}
			defer func() {
				if err = errors.Join(err, f.Close()); err != nil {
					err = errors.Join(err, os.Remove(c.Output)) // half an export looks like a whole one
				}
			}()
			out.stdout = f
		}
		rows := func(yield func(exported, error) bool) {
			for o, err := range query.Between(e.ctx, s, c.Brand, c.From.from(), c.To.to()) {
				if err != nil {
					yield(exported{}, err)
					return
				}
				if !yield(exportOf(o), nil) {
					return
				}
			}
		}
		switch c.Format {
		case "parquet":
			return writeParquet(out.stdout, rows)
		case "jsonl":
			return lines(&out, formatFlags{JSON: true}, "", rows, exported.row)
		}
		return lines(&out, formatFlags{CSV: true}, exportHeading, rows, exported.row)
	})
}

// parquetRows is how many rows of Parquet are kept in memory before they are written out.
const parquetRows = 64 << 10

func writeParquet(w io.Writer, rows iter.Seq2[exported, error]) error {
	p := parquet.NewGenericWriter[exported](w, parquet.Compression(&parquet.Zstd), parquet.MaxRowsPerRowGroup(parquetRows))
	batch := make([]exported, 0, 1024)
	for x, err := range rows {
		if err != nil {
			return err
		}
		if batch = append(batch, x); len(batch) == cap(batch) {
			if _, err := p.Write(batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	if _, err := p.Write(batch); err != nil {
		return err
	}
	return p.Close()
}
