package api

import (
	"context"
	"time"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/store"
	"recoup/internal/top"
)

// A Call is one call that the gateway has let in: signature, session and the grant of the method are checked. The brand is not,
// because only the method knows where its request names it.
type Call struct {
	App       *store.App
	Session   *store.Session // nil: the call came without one
	Params    *top.Params
	SignedAt  time.Time // the caller's timestamp parameter
	RequestID string    // the gateway's own id of the call, for logs and the envelope
	Dir       Directory

	Subject subject // what it was about, once it is decoded
}

// Directory tells who is who. It is one revision and does not change during a call; auth.Directory is one.
type Directory interface {
	Brand(id string) *ledger.Brand                 // by brand_id, nil if there is none
	BrandBySerial(serial int64) *ledger.Brand      // by the upper bits of the numbers it issues, nil if there is none
	BrandsByAlias(alias string) []*ledger.Brand    // by out_brand_id, which several brands may share
	BrandsByShop(id string) []*ledger.Brand        // that have a shop of this id, which is the store_id of WDK
	AppBrand(app *store.App, brand string) bool    // whether the app may act for the brand
	SessionBrand(s *store.Session, id string) bool // whether the brand is the merchant's
}

// A Reply is the answer to a call that was let in, business refusals included.
type Reply struct {
	Value    top.Value // the object under the response root
	Code     string    // the word of the result in the registry of codes, "0" when done: for logs and metrics
	Replayed bool      // the first result again: header X-Idempotent-Replayed
}

// Service is what methods need to run. Its functions may be called from many goroutines.
type Service struct {
	// Submit runs a command of a brand and answers once the outcome is durable. Its faults are busy ones (isp.): send again.
	Submit func(ctx context.Context, brand string, cmd reverse.Command) (ledger.Result, *top.Fault)
	// Try answers what Submit would, and changes nothing.
	Try func(ctx context.Context, brand string, cmd reverse.Command) (ledger.Result, *top.Fault)
	// Read shows view a consistent snapshot of what the keys lead to, and maybe of more; now is its moment in milliseconds since 1970.
	Read func(ctx context.Context, brand string, keys *reverse.Keys, view func(s *reverse.State, now int64)) error
	// History lists operations.
	History store.History
	// Digest is the brand's keyed digest of a personal identifier. The text is "mobile:" and the number, or "outer:", the type,
	// ":" and the id.
	Digest func(brand, text string) ledger.Digest
	// Now is the wall clock. Nothing is decided by it.
	Now func() time.Time
}
