package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"recoup/internal/ledger"
	"recoup/internal/store"
	"recoup/internal/top"
)

// open opens the database of a command that works on what is there already. A name that is mistyped must not become an empty database.
func (f *dbFlag) open(e *env) (store.Store, error) {
	if err := f.there(); err != nil {
		return nil, err
	}
	return f.make(e)
}

// look opens the database of a command that only looks: it makes nothing, and changes no schema.
func (f *dbFlag) look(e *env) (store.Store, error) {
	if err := f.there(); err != nil {
		return nil, err
	}
	return f.reach(e, true)
}

// there refuses a file that is not there, or has nothing in it.
func (f *dbFlag) there() error {
	path, ok := strings.CutPrefix(f.DB, "sqlite:")
	if !ok {
		return nil
	}
	switch info, err := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("--db %s: there is no such file; make a database by `recoup migrate --db %s`", f.DB, f.DB)
	case err != nil:
		return fmt.Errorf("--db %s: %w", f.DB, err)
	case info.Size() == 0:
		return fmt.Errorf("--db %s: the file is empty; make a database by `recoup migrate --db %s`", f.DB, f.DB)
	}
	return nil
}

// make is open for a command that may be the first on its database.
func (f *dbFlag) make(e *env) (store.Store, error) {
	return f.reach(e, false)
}

func (f *dbFlag) reach(e *env, readOnly bool) (store.Store, error) {
	if f.DB == "memory:" {
		return nil, errors.New("--db memory: would be gone when this command ends; want sqlite:FILE or postgres://USER@HOST/DATABASE")
	}
	d, err := f.locked()
	if err != nil {
		return nil, err
	}
	d.ReadOnly = readOnly
	return d.Open(e.ctx)
}

// with opens a database, lets work be done on it and on its directory as it stands, and closes it.
func with(e *env, open func(*env) (store.Store, error), do func(store.Store, *store.Snapshot) error) error {
	s, err := open(e)
	if err != nil {
		return err
	}
	defer s.Close()
	snap, err := s.Snapshot(e.ctx)
	if err != nil {
		return err
	}
	return do(s, snap)
}

// brandFlag names the brand of a command.
type brandFlag struct {
	dbFlag
	Brand string `required:"" help:"The brand_id."`
}

// with lets work be done on the brand, which must be there.
func (f *brandFlag) with(e *env, do func(store.Store, *ledger.Brand) error) error {
	return with(e, f.open, func(s store.Store, snap *store.Snapshot) error {
		b, err := findBrand(snap, "--brand", f.Brand)
		if err != nil {
			return err
		}
		return do(s, b)
	})
}

// look shows the brand, which must be there.
func (f *brandFlag) look(e *env, show func(*ledger.Brand) error) error {
	return with(e, f.dbFlag.look, func(_ store.Store, snap *store.Snapshot) error {
		b, err := findBrand(snap, "--brand", f.Brand)
		if err != nil {
			return err
		}
		return show(b)
	})
}

// rulesFlags are those of a command that changes a brand's rules.
type rulesFlags struct {
	brandFlag
	authorFlags
}

// publish makes a change of the brand's rules its next version, and prints what was done.
func (f *rulesFlags) publish(e *env, said string, change func(*ledger.Brand) error) error {
	by, err := f.author()
	if err != nil {
		return err
	}
	return f.with(e, func(s store.Store, _ *ledger.Brand) error {
		if _, err := publish(e.ctx, s, by, "--brand", f.Brand, change); err != nil {
			return err
		}
		fmt.Fprintln(e.stdout, said)
		return nil
	})
}

// jsonFlag asks for output that machines read.
type jsonFlag struct {
	JSON bool `name:"json" help:"Print JSON."`
}

// printJSON prints a value as indented JSON; text of any language stays readable.
func printJSON(e *env, v any) error {
	enc := json.NewEncoder(e.stdout)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// printList prints values as JSON, or as a table with a row each.
func printList[V any](e *env, asJSON bool, values []V, heading string, row func(V) string) error {
	if asJSON {
		return printJSON(e, values)
	}
	rows := []string{heading}
	for _, v := range values {
		rows = append(rows, row(v))
	}
	return table(e, rows)
}

// table prints rows of tab-separated cells as columns, the first row being the heading.
func table(e *env, rows []string) error {
	var widths []int
	for _, r := range rows {
		for i, cell := range strings.Split(r, "\t") {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], width(cell))
		}
	}
	var out strings.Builder
	for _, r := range rows {
		var line strings.Builder
		for i, cell := range strings.Split(r, "\t") {
			line.WriteString(cell)
			line.WriteString(strings.Repeat(" ", widths[i]-width(cell)+2))
		}
		out.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	_, err := io.WriteString(e.stdout, out.String())
	return err
}

// width is how many columns of a terminal a text takes: Chinese characters take two, which text/tabwriter does not know.
func width(s string) int {
	n := 0
	for _, r := range s {
		n++
		if unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana) || r >= 0x3000 && r < 0x3040 || r >= 0xff01 && r < 0xff61 {
			n++
		}
	}
	return n
}

// findBrand finds a brand in a snapshot. It names the remedy when there is none.
func findBrand(snap *store.Snapshot, flag, id string) (*ledger.Brand, error) {
	i := slices.IndexFunc(snap.Brands, func(b *ledger.Brand) bool { return b.ID == id })
	if i < 0 {
		return nil, fmt.Errorf("%s %s: there is no such brand; `recoup brand list` shows them, `recoup brand create` makes one", flag, id)
	}
	return snap.Brands[i], nil
}

// readBrand reads one brand.
func readBrand(ctx context.Context, s store.Store, flag, id string) (*ledger.Brand, error) {
	snap, err := s.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	return findBrand(snap, flag, id)
}

// publishAttempts bounds how often a change is made again because another process published in between.
const publishAttempts = 20

// publish makes a change of a brand's rules its next version. The change gets a copy whose maps are its own, but not what they lead to,
// and may run several times: when another version was published in between, it is made again on that one. A change that changes
// nothing publishes nothing.
func publish(ctx context.Context, s store.Store, by store.Author, flag, id string, change func(*ledger.Brand) error) (*ledger.Brand, error) {
	for range publishAttempts {
		old, err := readBrand(ctx, s, flag, id)
		if err != nil {
			return nil, err
		}
		b := *old
		b.Shops, b.Templates = cloned(old.Shops), cloned(old.Templates)
		if err := change(&b); err != nil {
			return nil, err
		}
		if reflect.DeepEqual(&b, old) {
			return old, nil
		}
		if err := s.PutBrand(ctx, &b, by); !errors.Is(err, store.ErrRetry) {
			return &b, err
		}
	}
	return nil, fmt.Errorf("%s %s: others keep publishing rules of this brand; try again", flag, id)
}

// cloned is a copy of a map, nil only if empty and nil.
func cloned[V any](m map[string]V) map[string]V {
	if m == nil {
		return nil
	}
	return maps.Clone(m)
}

// idMax is the longest id in bytes, as on the wire (semantics.md §3, limits).
const idMax = 128

// checkID refuses what could not be sent as an id on the wire.
func checkID(field, s string) error {
	switch {
	case s == "":
		return fmt.Errorf("%s: is empty; want 1 to %d bytes", field, idMax)
	case len(s) > idMax:
		return fmt.Errorf("%s: has %d bytes; want at most %d", field, len(s), idMax)
	case !utf8.ValidString(s):
		return fmt.Errorf("%s: is not UTF-8", field)
	case strings.IndexFunc(s, unicode.IsControl) >= 0:
		return fmt.Errorf("%s: has a control character; leave it out", field)
	case top.Invisible(s):
		return fmt.Errorf("%s: has a character that is invisible or turns the direction; leave it out", field)
	}
	return nil
}

// checkOptional is checkID for what may be left empty.
func checkOptional(field, s string) error {
	if s == "" {
		return nil
	}
	return checkID(field, s)
}

// textMax is the longest free text in bytes, as on the wire.
const textMax = 512

// checkText refuses free text that could not be sent on the wire.
func checkText(field, s string) error {
	switch {
	case len(s) > textMax:
		return fmt.Errorf("%s: has %d bytes; want at most %d", field, len(s), textMax)
	case !utf8.ValidString(s):
		return fmt.Errorf("%s: is not UTF-8", field)
	case strings.ContainsRune(s, 0):
		return fmt.Errorf("%s: has a NUL; leave it out", field)
	}
	return nil
}

// firstErr is the first error of several checks.
func firstErr(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// span is a duration on the command line: as Go writes them, or whole days ("30d").
type span time.Duration

const dayLong = 24 * time.Hour

// UnmarshalText reads a span.
func (d *span) UnmarshalText(text []byte) error {
	v, err := parseSpan(string(text))
	*d = span(v)
	return err
}

func parseSpan(s string) (time.Duration, error) {
	if n, ok := strings.CutSuffix(s, "d"); ok {
		days, err := strconv.ParseInt(n, 10, 32)
		if err != nil || days < 0 || days > 36500 {
			return 0, fmt.Errorf("%q is no number of days; want 0d to 36500d", s)
		}
		return time.Duration(days) * dayLong, nil
	}
	v, err := time.ParseDuration(s)
	if err != nil || v < 0 {
		return 0, fmt.Errorf("%q is no duration; want one like 30m, 2h or 30d", s)
	}
	return v, nil
}

// onOff shows a switch.
func onOff(b bool) string {
	if b {
		return "on"
	}
	return "off"
}

// orDash stands for what is empty in a table.
func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
