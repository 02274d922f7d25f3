package main

import (
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"recoup/internal/audit"
	"recoup/internal/clock"
	"recoup/internal/ledger"
	"recoup/internal/store"
)

type verifyCmd struct {
	dbFlag
	jsonFlag
	Brand  []string `help:"Verify only these brands; default all." placeholder:"ID"`
	Heads  string   `help:"Write where the books of each brand end into this file, if they agree; keep it elsewhere." placeholder:"FILE" type:"path"`
	Expect []string `help:"A head (64 hexadecimal digits), or a file that --heads wrote, which the books must have come past: an older copy put in their place has not." placeholder:"HEAD"`
}

// verdict is what verify found, as JSON tells it.
type verdict struct {
	Database  string              `json:"database"`
	Agree     bool                `json:"agree"`
	Integrity []*audit.Divergence `json:"integrity,omitempty"`
	Journal   journalVerdict      `json:"journal"`
	Brands    []brandVerdict      `json:"brands"`
}

// journalVerdict is what verify found of the journal and of what it tells of: brands, apps, sessions.
type journalVerdict struct {
	Entries int64               `json:"entries"`
	Head    string              `json:"head"`
	Found   []*audit.Divergence `json:"found,omitempty"`
}

// brandVerdict is what verify found of one brand.
type brandVerdict struct {
	audit.Summary
	Name    string              `json:"name"`
	Seconds float64             `json:"seconds"`
	Ahead   string              `json:"ahead,omitempty"` // of this machine's clock: the last stamp
	Found   []*audit.Divergence `json:"found,omitempty"` // the first hundred
}

// Run audits every brand and tells what diverges. The database is only read; what has to be sorted lies in the folder for temporary files, which
// takes about as much as the operations do.
func (c *verifyCmd) Run(e *env) error {
	// Opened so that an audit cannot change it: a damaged file must stay as it was found.
	s, err := c.look(e)
	if errors.Is(err, store.ErrDamaged) {
		return fmt.Errorf("%w: %w", errDiverge, err)
	}
	if err != nil {
		return err
	}
	defer s.Close()
	return c.verify(e, s)
}

func (c *verifyCmd) verify(e *env, s store.Store) (err error) {
	v := verdict{Database: c.database().String()}
	if v.Integrity, err = audit.Integrity(e.ctx, s); err != nil {
		return err
	}
	brands, err := s.Brands(e.ctx)
	if errors.Is(err, store.ErrDamaged) {
		v.Integrity, err = append(v.Integrity, &audit.Divergence{Check: audit.RowCheck, What: "brands", Expected: "a list that can be read", Found: err.Error()}), nil
	}
	if err != nil {
		return err
	}
	var first *audit.Divergence
	if len(brands) == 0 && len(v.Integrity) == 0 && !c.JSON {
		fmt.Fprintln(e.stdout, "no brands yet: nothing to verify")
	}
	for _, id := range c.Brand {
		if !slices.Contains(brands, id) {
			return fmt.Errorf("--brand %s: there is no such brand; `recoup brand list` shows them", id)
		}
	}
	if len(c.Brand) > 0 {
		brands = c.Brand
	}
	expected, err := c.expected(brands)
	if err != nil {
		return err
	}
	for _, x := range expected {
		if len(c.Brand) == 0 && x.brand != journalHead && !slices.Contains(brands, x.brand) {
			v.Integrity = append(v.Integrity, &audit.Divergence{Brand: x.brand, Check: audit.ChainCheck, What: "expected head", Expected: hex.EncodeToString(x.hash[:]), Found: "no such brand"})
		}
	}
	if err := c.journal(e, s, &v, of(expected, journalHead)); err != nil {
		return err
	}
	for _, d := range slices.Concat(v.Integrity, v.Journal.Found) {
		first = cmp.Or(first, d)
		if !c.JSON {
			fmt.Fprintf(e.stdout, "DIVERGES  %s\n", d)
		}
	}
	if !c.JSON && v.Journal.Entries > 0 {
		fmt.Fprintf(e.stdout, "journal  %d entries, head %s\n", v.Journal.Entries, v.Journal.Head)
	}
	for _, id := range brands {
		b, err := c.brand(e, s, id, of(expected, id))
		if err != nil {
			return fmt.Errorf("brand %s: %w", id, err)
		}
		v.Brands = append(v.Brands, b)
		if len(b.Found) > 0 {
			first = cmp.Or(first, b.Found[0])
		}
		if !c.JSON {
			b.print(e.stdout)
		}
	}
	v.Agree = first == nil
	if c.JSON {
		if err := printJSON(e, v); err != nil {
			return err
		}
	}
	if first != nil {
		return fmt.Errorf("%w: %s", errDiverge, first)
	}
	if c.Heads != "" {
		return c.writeHeads(e, &v)
	}
	return nil
}

// journal audits what is not a brand's books.
func (c *verifyCmd) journal(e *env, s store.Audit, v *verdict, expected [][32]byte) error {
	entries, head, found, err := audit.Directory(e.ctx, s, expected...)
	v.Journal = journalVerdict{Entries: entries, Head: hex.EncodeToString(head[:]), Found: found}
	return err
}

// brand audits one brand.
func (c *verifyCmd) brand(e *env, s store.Audit, id string, expected [][32]byte) (v brandVerdict, err error) {
	start := time.Now()
	if f, ok := s.(store.Freezer); ok {
		frozen, release, err := f.Freeze(e.ctx)
		if err != nil {
			return v, err
		}
		defer release()
		s = frozen
	}
	line := verifyLine{e: e, brand: id}
	v.Summary, v.Found, err = audit.Verify(e.ctx, s, id, line.show, expected...)
	if !line.shown.IsZero() {
		e.progress("")
	}
	v.Seconds = time.Since(start).Seconds()
	if errors.Is(err, store.ErrNoBrand) { // which the list of brands has
		v.Divergences++
		v.Found = append(v.Found, &audit.Divergence{Brand: id, Check: audit.RowCheck, What: "rows of the brand", Expected: "a head, a counter and rules", Found: err.Error()})
		return v, nil
	}
	if err != nil {
		return v, err
	}
	for b, err := range s.Rules(e.ctx, id) {
		if err == nil {
			v.Name = b.Name
		}
	}
	if head, err := s.Head(e.ctx, id); err == nil {
		if ahead := time.UnixMilli(head.At).Sub(start); ahead > clock.JumpMax {
			v.Ahead = ahead.Round(time.Second).String()
		}
	}
	return v, nil
}

// foundShown is how many divergences of a brand are printed; JSON tells a hundred.
const foundShown = 20

// print tells a brand in a few lines.
func (v *brandVerdict) print(w io.Writer) {
	fmt.Fprintf(w, "%s  %s\n", v.Brand, v.Name)
	for _, d := range v.Found[:min(len(v.Found), foundShown)] {
		fmt.Fprintf(w, "  DIVERGES    %s\n", d)
	}
	if v.Divergences > foundShown {
		fmt.Fprintf(w, "  DIVERGES    in %d places; --json tells the first hundred\n", v.Divergences)
	}
	fmt.Fprintf(w, "  operations  %d in %d links, head %s\n", v.Ops, v.Links, v.Head)
	if v.Sealed > 0 {
		fmt.Fprintf(w, "  sealed      up to operation %d\n", v.Sealed)
	}
	fmt.Fprintf(w, "  things      %d accounts, %d lots, %d holds, %d vouchers, %d WDK orders, %d reverses\n",
		v.Accounts, v.Lots, v.Holds, v.Vouchers, v.Orders, v.Reverses)
	fmt.Fprintf(w, "  balance     %s, %d uses\n", sums(&v.Balance), v.Uses)
	fmt.Fprintf(w, "  held        %s\n", sums(&v.Held))
	if v.Ahead != "" {
		fmt.Fprintf(w, "  AHEAD       the last stamp is %s ahead of this machine's clock; `recoup clock show` compares them\n", v.Ahead)
	}
	verdict := "agrees "
	if v.Divergences > 0 {
		verdict = "audited"
	}
	fmt.Fprintf(w, "  %s     %.1f s, %.0f operations/s\n", verdict, v.Seconds, float64(v.Ops)/v.Seconds)
}

// sums tells an amount of each kind.
func sums(a *audit.Amounts) string {
	return fmt.Sprintf("real %s, gift %s, pre %s yuan, %d points", ledger.Yuan(a[ledger.Real]), ledger.Yuan(a[ledger.Gift]),
		ledger.Yuan(a[ledger.Pre]), a[ledger.Point])
}

// verifyLine is a line on a terminal that tells how far an audit is.
type verifyLine struct {
	e     *env
	brand string
	stage audit.Stage
	since time.Time // when the stage began
	shown time.Time
}

// lineEvery is how often the line changes.
const lineEvery = 200 * time.Millisecond

func (l *verifyLine) show(p audit.Progress) {
	if p.Stage != l.stage {
		l.stage, l.since = p.Stage, time.Now()
	}
	if time.Since(l.shown) < lineEvery {
		return
	}
	l.shown = time.Now()
	rate := float64(p.Done) / max(time.Since(l.since).Seconds(), 0.001)
	if p.Total == 0 {
		l.e.progress("brand %s: %s %d", l.brand, p.Stage, p.Done)
		return
	}
	left := time.Duration(float64(p.Total-p.Done) / rate * float64(time.Second))
	l.e.progress("brand %s: %s %d of %d, %.0f/s, %s left", l.brand, p.Stage, p.Done, p.Total, rate, left.Round(time.Second))
}
