package auth

import (
	"maps"
	"slices"
	"time"

	"recoup/internal/ledger"
	"recoup/internal/store"
)

// A Directory is one revision of the store's directory, indexed for the hot path. It never changes, so a call that keeps the one it
// was admitted under sees the same brands and grants to its end.
type Directory struct {
	revision int64
	apps     map[string]*store.App
	access   map[string]access // by app key
	sessions map[string]*store.Session
	brands   map[string]*ledger.Brand
	serials  map[int64]*ledger.Brand
	aliases  map[string][]*ledger.Brand
	shops    map[string][]*ledger.Brand
}

// access is what an app is granted, as sets: an integrator may serve thousands of brands.
type access struct {
	all     bool // every method
	methods map[string]struct{}
	brands  map[string]struct{}
}

func index(s *store.Snapshot) *Directory {
	d := &Directory{
		revision: s.Revision,
		apps:     make(map[string]*store.App, len(s.Apps)),
		access:   make(map[string]access, len(s.Apps)),
		sessions: make(map[string]*store.Session, len(s.Sessions)),
		brands:   make(map[string]*ledger.Brand, len(s.Brands)),
		serials:  make(map[int64]*ledger.Brand, len(s.Brands)),
		aliases:  make(map[string][]*ledger.Brand, len(s.Brands)),
		shops:    make(map[string][]*ledger.Brand),
	}
	for _, a := range s.Apps {
		d.apps[a.Key] = a
		d.access[a.Key] = access{all: slices.Contains(a.Methods, "*"), methods: set(a.Methods), brands: set(a.Brands)}
	}
	for _, t := range s.Sessions {
		d.sessions[t.Digest] = t
	}
	for _, b := range s.Brands {
		if b.Closed {
			continue // to callers it is not there
		}
		d.brands[b.ID] = b
		d.serials[b.Serial] = b
		if b.Alias != "" {
			d.aliases[b.Alias] = append(d.aliases[b.Alias], b)
		}
		for id := range b.Shops {
			d.shops[id] = append(d.shops[id], b)
		}
	}
	return d
}

func set(list []string) map[string]struct{} {
	m := make(map[string]struct{}, len(list))
	for _, s := range list {
		m[s] = struct{}{}
	}
	return m
}

// Revision is the store's number for this state of the directory.
func (d *Directory) Revision() int64 { return d.revision }

// App finds an app by its key, disabled ones too; nil if there is none.
func (d *Directory) App(key string) *store.App { return d.apps[key] }

// Session finds a session by its token. It is nil if there is none; expired says that there is one, but its time is over.
func (d *Directory) Session(token string, now time.Time) (s *store.Session, expired bool) {
	s = d.sessions[store.TokenDigest(token)]
	if s != nil && s.Expires != 0 && s.Expires <= now.UnixMilli() {
		return nil, true
	}
	return s, false
}

// Brand finds a brand by its brand_id; nil if there is none.
func (d *Directory) Brand(id string) *ledger.Brand { return d.brands[id] }

// Brands lists the ids of all brands, in no order.
func (d *Directory) Brands() []string { return slices.Collect(maps.Keys(d.brands)) }

// BrandBySerial finds the brand that issued a number, by the number's upper bits; nil if there is none.
func (d *Directory) BrandBySerial(serial int64) *ledger.Brand { return d.serials[serial] }

// BrandsByAlias lists the brands with an out_brand_id. An alias is the caller's own number for a brand, so two brands may share
// one; what the caller is granted tells them apart. The list is not to be changed.
func (d *Directory) BrandsByAlias(alias string) []*ledger.Brand { return d.aliases[alias] }

// BrandsByShop lists the brands that have a shop with this shop_id, which is the store_id of WDK. The list is not to be changed.
func (d *Directory) BrandsByShop(id string) []*ledger.Brand { return d.shops[id] }

// Grants says whether an app may call a method.
func (d *Directory) Grants(app *store.App, method string) bool {
	a := d.access[app.Key]
	if a.all {
		return true
	}
	_, ok := a.methods[method]
	return ok
}

// AppBrand says whether an app may act for a brand.
func (d *Directory) AppBrand(app *store.App, brand string) bool {
	_, ok := d.access[app.Key].brands[brand]
	return ok
}

// SessionBrand says whether a brand belongs to the merchant of a session.
func (d *Directory) SessionBrand(s *store.Session, brand string) bool {
	return slices.Contains(s.Brands, brand)
}
