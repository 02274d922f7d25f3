package main

import (
	"cmp"
	"fmt"
	"io"
	"time"

	"recoup/internal/audit"
	"recoup/internal/clock"
	"recoup/internal/ledger"
	"recoup/internal/store"
)

type verifyCmd struct {
	dbFlag
	jsonFlag
	Brand []string `help:"Verify only these brands; default all." placeholder:"ID"`
}

// verdict is what verify found, as JSON tells it.
type verdict struct {
	Database  string            `json:"database"`
	Agree     bool              `json:"agree"`
	Integrity *audit.Divergence `json:"integrity,omitempty"`
	Brands    []brandVerdict    `json:"brands"`
}

// brandVerdict is what verify found of one brand.
type brandVerdict struct {
	audit.Summary
	Name       string            `json:"name"`
	Seconds    float64           `json:"seconds"`
	Ahead      string            `json:"ahead,omitempty"` // of this machine's clock: the last stamp
	Divergence *audit.Divergence `json:"divergence,omitempty"`
}

// Run audits every brand and tells the first divergence of each. The database is only read; what has to be sorted lies in the folder for
// temporary files, which takes about as much as the operations do.
func (c *verifyCmd) Run(e *env) error {
	// Opened so that an audit cannot change it: a damaged file must stay as it was found.
	return with(e, c.look, func(s store.Store, snap *store.Snapshot) error { return c.verify(e, s, snap) })
}

func (c *verifyCmd) verify(e *env, s store.Store, snap *store.Snapshot) (err error) {
	names := map[string]string{}
	brands := c.Brand
	for _, b := range snap.Brands {
		names[b.ID] = b.Name
		if len(c.Brand) == 0 {
			brands = append(brands, b.ID)
		}
	}
	v := verdict{Database: c.database().String()}
	if v.Integrity, err = audit.Integrity(e.ctx, s); err != nil {
		return err
	}
	first := v.Integrity
	if first != nil && !c.JSON {
		fmt.Fprintf(e.stdout, "DIVERGES  %s\n", first)
	}
	if len(brands) == 0 && !c.JSON {
		fmt.Fprintln(e.stdout, "no brands yet: nothing to verify")
	}
	for _, id := range brands {
		if _, ok := names[id]; !ok {
			return fmt.Errorf("--brand %s: there is no such brand; `recoup brand list` shows them", id)
		}
		b, err := c.brand(e, s, id)
		if err != nil {
			return fmt.Errorf("brand %s: %w", id, err)
		}
		b.Name = names[id]
		v.Brands = append(v.Brands, b)
		first = cmp.Or(first, b.Divergence)
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
	return nil
}

// brand audits one brand.
func (c *verifyCmd) brand(e *env, s store.Audit, id string) (v brandVerdict, err error) {
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
	v.Summary, v.Divergence, err = audit.Verify(e.ctx, s, id, line.show)
	if !line.shown.IsZero() {
		e.progress("")
	}
	v.Seconds = time.Since(start).Seconds()
	if err != nil {
		return v, err
	}
	head, err := s.Head(e.ctx, id)
	if ahead := time.UnixMilli(head.At).Sub(start); ahead > clock.JumpMax {
		v.Ahead = ahead.Round(time.Second).String()
	}
	return v, err
}

// print tells a brand in a few lines.
func (v *brandVerdict) print(w io.Writer) {
	fmt.Fprintf(w, "%s  %s\n", v.Brand, v.Name)
	if v.Divergence != nil {
		fmt.Fprintf(w, "  DIVERGES    %s\n", v.Divergence)
		return
	}
	fmt.Fprintf(w, "  operations  %d in %d links, head %s\n", v.Ops, v.Links, v.Head)
	fmt.Fprintf(w, "  things      %d accounts, %d lots, %d holds, %d vouchers, %d WDK orders, %d reverses\n",
		v.Accounts, v.Lots, v.Holds, v.Vouchers, v.Orders, v.Reverses)
	fmt.Fprintf(w, "  balance     %s, %d uses\n", sums(&v.Balance), v.Uses)
	fmt.Fprintf(w, "  held        %s\n", sums(&v.Held))
	if v.Ahead != "" {
		fmt.Fprintf(w, "  AHEAD       the last stamp is %s ahead of this machine's clock; `recoup clock show` compares them\n", v.Ahead)
	}
	fmt.Fprintf(w, "  agrees      %.1f s, %.0f operations/s\n", v.Seconds, float64(v.Ops)/v.Seconds)
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
