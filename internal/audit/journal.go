package audit

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"recoup/internal/store"
)

// Directory audits the journal of administration and what it tells of: brands with every version of their rules, apps and sessions. The head is
// the hash of the newest entry.
func Directory(ctx context.Context, s store.Audit, expected ...[32]byte) (entries int64, head [32]byte, found []*Divergence, err error) {
	a := &journal{states: map[string]string{}, versions: map[string]string{}}
	sealed, sealedHash, good, err := s.JournalSeal(ctx)
	switch {
	case errors.Is(err, store.ErrDamaged):
		a.note("seal of the journal", "a row that can be read", err)
		sealed = 0
	case err != nil:
		return 0, head, nil, err
	case s.Sealing() && !good:
		a.note("seal of the journal", "the seal of entry "+fmt.Sprint(sealed), "none or another; a service that is started with the key makes it within a second")
		sealed = 0
	}
	for e, err := range s.Journal(ctx, 0) {
		if bad, ok := errors.AsType[*store.RowError](err); ok {
			a.lost = true
			a.note("journal entry "+bad.Key, "a row that can be read and agrees with itself", bad.Err)
			continue
		}
		if errors.Is(err, store.ErrDamaged) {
			a.note("journal", "to be read to its end", err)
			break
		}
		if err != nil {
			return a.n, a.hash, a.found, err
		}
		a.add(e)
		if e.N == sealed && e.Hash != sealedHash {
			a.note(fmt.Sprintf("hash of journal entry %d", sealed), show(sealedHash)+", which was sealed", show(e.Hash)+": the journal was made anew")
		}
		for i, hash := range expected {
			if hash == a.hash {
				expected = append(expected[:i:i], expected[i+1:]...)
				break
			}
		}
	}
	if a.n < sealed {
		a.note("end of the journal", fmt.Sprintf("at least entry %d, which was sealed", sealed), a.n)
	}
	for _, hash := range expected {
		a.note("expected head", show(hash)+" on the way to the end", "none such: the journal is older than that head, or another")
	}
	things, err := s.Things(ctx)
	if errors.Is(err, store.ErrDamaged) {
		a.note("brands, apps and sessions", "to be read to their end", err)
		err = nil
	}
	for _, t := range things {
		a.thing(t)
	}
	if err == nil {
		a.end()
	}
	return a.n, a.hash, a.found, err
}

// A journal is followed to where the directory should be.
type journal struct {
	n        int64
	hash     [32]byte
	lost     bool
	states   map[string]string // of things that should be there: what, a space and the key
	versions map[string]string // of brands: what their rows should say
	found    []*Divergence
}

func (a *journal) note(what string, expected, found any) {
	a.found = append(a.found, diverge(JournalCheck, what, expected, found))
}

func (a *journal) add(e *store.Entry) {
	what := fmt.Sprintf("journal entry %d", e.N)
	if e.N != a.n+1 && !a.lost {
		a.note("number of the journal entry after "+fmt.Sprint(a.n), a.n+1, e.N)
		a.lost = true
	}
	hash := e.Hash
	if _, err := e.After(e.N-1, a.hash); err != nil || e.Hash != hash && !a.lost {
		a.note("hash of "+what, show(hash), show(e.Hash))
	}
	a.n, a.hash, a.lost = e.N, hash, false
	key := e.What + " " + e.Key
	if e.State == "" {
		delete(a.states, key)
	} else {
		a.states[key] = e.State
	}
	if id, version, ok := cutLast(e.Key, "@"); ok && e.What == "rules" {
		a.versions[id] = version
	}
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// thing compares a row of the directory with the last entry about it.
func (a *journal) thing(t store.Thing) {
	key := t.What + " " + t.Key
	switch {
	case t.Err != nil:
		a.note(key, "a row that can be read and agrees with itself", t.Err)
	case t.What == "brand":
		if want, ok := a.versions[t.Key]; !ok || !strings.HasSuffix(t.State, ", version "+want) {
			a.note(key, "version "+want, t.State)
		}
	case t.What == "revision":
		if want := fmt.Sprint(a.n); t.State != want {
			a.note("revision of the directory", want+", as many entries as the journal has", t.State)
		}
	case a.states[key] == "":
		a.note(key, "an entry of the journal that tells of it", none)
	case a.states[key] != t.State:
		a.note(key, "as the journal's last entry about it", "something else: the row was changed")
	}
	delete(a.states, key)
	if t.What == "brand" {
		delete(a.versions, t.Key)
	}
}

// end wants a row for everything that is left.
func (a *journal) end() {
	for key := range a.states {
		a.note(key, "a row", none)
	}
	for id := range a.versions {
		a.note("brand "+id, "a row", none)
	}
}
