package auth_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"recoup/internal/auth"
	"recoup/internal/ledger"
	"recoup/internal/store"
)

// directory is a store's directory in memory that counts its readings and can fail.
type directory struct {
	store.Directory // writing is not asked for

	mu       sync.Mutex
	snapshot store.Snapshot
	err      error
	asked    int
	read     int
}

func (d *directory) Revision(context.Context) (int64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked++
	return d.snapshot.Revision, d.err
}

func (d *directory) Snapshot(context.Context) (*store.Snapshot, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.read++
	s := d.snapshot
	return &s, d.err
}

// change publishes the next revision.
func (d *directory) change(f func(*store.Snapshot)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f(&d.snapshot)
	d.snapshot.Revision++
}

func (d *directory) fail(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.err = err
}

func (d *directory) counts() (asked, read int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.asked, d.read
}

var noon = time.UnixMilli(1767240000000)

func setup(t *testing.T) (*directory, *auth.Cache) {
	t.Helper()
	shops := func(ids ...string) map[string]*ledger.Shop {
		m := make(map[string]*ledger.Shop)
		for _, id := range ids {
			m[id] = &ledger.Shop{ID: id}
		}
		return m
	}
	d := &directory{snapshot: store.Snapshot{
		Revision: 1,
		Brands: []*ledger.Brand{
			{ID: "1332", Serial: 1, Shops: shops("243545", "2131")},
			{ID: "12332", Alias: "33959", Serial: 2, Shops: shops("23453435")},
			{ID: "77", Alias: "33959", Serial: 3, Shops: shops("2131")},
		},
		Apps: []*store.App{
			{Key: "1", Methods: []string{"*"}, Brands: []string{"1332", "77"}},
			{Key: "2", Methods: []string{"taobao.time.get"}},
		},
		Sessions: []*store.Session{
			{Digest: store.TokenDigest("always"), App: "1", Brands: []string{"77"}},
			{Digest: store.TokenDigest("until noon"), App: "1", Expires: noon.UnixMilli()},
		},
	}}
	c, err := auth.New(t.Context(), d, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return d, c
}

func TestDirectory(t *testing.T) {
	_, c := setup(t)
	d := c.Current()

	ids := func(list []*ledger.Brand) (out []string) {
		for _, b := range list {
			out = append(out, b.ID)
		}
		return out
	}
	if b := d.Brand("1332"); b == nil || b.ID != "1332" || d.Brand("33959") != nil || d.Brand("") != nil {
		t.Error("Brand finds by brand_id only")
	}
	if b := d.BrandBySerial(2); b == nil || b.ID != "12332" || d.BrandBySerial(0) != nil {
		t.Error("BrandBySerial")
	}
	if got := ids(d.BrandsByAlias("33959")); !slices.Equal(got, []string{"12332", "77"}) || len(d.BrandsByAlias("")) > 0 {
		t.Errorf("BrandsByAlias: %v", got)
	}
	if got := ids(d.BrandsByShop("2131")); !slices.Equal(got, []string{"1332", "77"}) || len(d.BrandsByShop("x")) > 0 {
		t.Errorf("BrandsByShop: %v", got)
	}

	one, two := d.App("1"), d.App("2")
	if one == nil || two == nil || d.App("3") != nil {
		t.Fatal("App")
	}
	if !d.Grants(one, "any.method") || !d.Grants(two, "taobao.time.get") || d.Grants(two, "any.method") || d.Grants(two, "*") {
		t.Error("Grants")
	}
	if !d.AppBrand(one, "1332") || d.AppBrand(one, "12332") || d.AppBrand(two, "1332") || d.AppBrand(one, "") {
		t.Error("AppBrand")
	}

	for _, s := range []struct {
		token          string
		at             time.Time
		found, expired bool
	}{
		{"always", noon, true, false},
		{"until noon", noon.Add(-time.Millisecond), true, false},
		{"until noon", noon, false, true},
		{"nobody", noon, false, false},
		{"", noon, false, false},
	} {
		got, expired := d.Session(s.token, s.at)
		if (got != nil) != s.found || expired != s.expired {
			t.Errorf("Session(%q, %v) = %v, %v", s.token, s.at, got, expired)
		}
	}
	if s, _ := d.Session("always", noon); !d.SessionBrand(s, "77") || d.SessionBrand(s, "1332") {
		t.Error("SessionBrand")
	}
}

// A change is seen within the interval, and the directory is read only when there is one.
func TestRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, c := setup(t)
		before := c.Current()
		time.Sleep(10*auth.Interval + time.Millisecond)
		if asked, read := d.counts(); asked != 11 || read != 1 {
			t.Errorf("asked %d times, read %d times", asked, read)
		}
		if c.Current() != before {
			t.Error("the directory changed without a change")
		}

		d.change(func(s *store.Snapshot) { s.Apps = append(s.Apps, &store.App{Key: "3"}) })
		time.Sleep(auth.Interval)
		if c.Current().App("3") == nil || c.Current().Revision() != 2 {
			t.Error("the change is not seen")
		}
		if before.App("3") != nil {
			t.Error("a directory changed in the hands of its reader")
		}

		d.change(func(s *store.Snapshot) { s.Apps = nil })
		if err := c.Refresh(t.Context()); err != nil || c.Current().App("3") != nil {
			t.Error("Refresh does not see the change at once")
		}
	})
}

// While the store does not answer, the old directory stays, and the node says that it is stale.
func TestStoreDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, c := setup(t)
		down := errors.New("down")
		d.fail(down)
		time.Sleep(auth.MaxAge)
		if err := c.Fresh(); err != nil {
			t.Errorf("stale too early: %v", err)
		}
		time.Sleep(time.Second)
		if c.Fresh() == nil {
			t.Error("not stale")
		}
		if err := c.Refresh(t.Context()); !errors.Is(err, down) {
			t.Errorf("Refresh: %v", err)
		}
		if c.Current().App("1") == nil {
			t.Error("the old directory is gone")
		}
		d.fail(nil)
		time.Sleep(auth.Interval + time.Millisecond)
		if err := c.Fresh(); err != nil {
			t.Errorf("still stale: %v", err)
		}
	})
}

func TestNewFails(t *testing.T) {
	down := errors.New("down")
	if _, err := auth.New(t.Context(), &directory{err: down}, time.Now); !errors.Is(err, down) {
		t.Errorf("New: %v", err)
	}
}
