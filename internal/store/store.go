// Package store is the contract between the engine and a database: what is loaded, what is saved, what is durable when.
//
// A batch of commands of one brand is one transaction: Resolve (nothing is decided from it), Begin (lock, then read), the decisions,
// Save, Commit. memstore keeps it all in memory and is the reference; sqlite is the embedded default, postgres is for production.
// The suite in storetest holds every store to this contract.
package store

import (
	"context"
	"errors"
	"iter"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
)

var (
	// ErrRetry: another writer came in between; nothing was written. Run the batch again from Resolve.
	ErrRetry = errors.New("store: changed underneath, run the batch again")
	// ErrNoBrand: the brand does not exist.
	ErrNoBrand = errors.New("store: no such brand")
	// ErrDown: the database is away, nothing was written. All of the batch's callers fail at once.
	ErrDown = errors.New("store: the database is not there")
	// ErrRefused: the database takes no writes as it is: its disk is full, or it may not write. Nothing was written, and trying again at once
	// does not help. All of the batch's callers fail at once.
	ErrRefused = errors.New("store: the database takes no writes")
	// ErrUnknown: whether the batch was committed is not known. Ask Outcome, then decide again.
	ErrUnknown = errors.New("store: outcome of commit unknown")
	// ErrNotEmpty: an import found something in the store that it was to fill. Nothing was written.
	ErrNotEmpty = errors.New("store: not empty")
	// ErrNoImport: the store takes no import as it is. Nothing was written.
	ErrNoImport = errors.New("store: takes no import")
	// ErrMoved: the source of an import was written to while it was read. Nothing was written.
	ErrMoved = errors.New("store: the source changed while it was read")
)

// A Store keeps the books of many brands. Its methods may be called from many goroutines.
type Store interface {
	// Lanes is how many batches of one brand are worth working on at once: 1 where none waits for anything that another need not.
	Lanes() int

	// Resolve finds which rows the keys lead to. It may be called ahead of time and its answer may be stale: Begin checks again
	// under its locks. A store with one writer returns nil.
	Resolve(ctx context.Context, brand string, keys *reverse.Keys) (*Resolved, error)

	// Begin locks what the keys lead to, then reads everything Decide needs. now is the caller's clock in milliseconds; the batch's
	// stamp is the greater of the store's clock (or now) and the brand's last stamp. The caller must end the batch by Commit or Rollback.
	// ErrRetry when the resolved keys no longer lead to what was locked.
	Begin(ctx context.Context, brand string, keys *reverse.Keys, resolved *Resolved, now int64) (Batch, error)

	// Read is Begin without locks and without writing: a consistent snapshot for queries, with the stamp a batch would have.
	Read(ctx context.Context, brand string, keys *reverse.Keys, now int64) (*reverse.State, error)

	// Outcome tells whether the batch whose Commit answered ErrUnknown was committed. It waits until it knows. Of a batch that booked
	// no operation a store may answer no all the same: what such a batch writes may be written twice.
	Outcome(ctx context.Context, brand, token string) (committed bool, err error)

	// Numbers reserves n of the brand's issued numbers and returns the first: serial·2^32 + counter, ≤ 2^53-1. Durable before it
	// returns; numbers reserved and not used are gaps. It may wait for the open batch to end: a caller that holds one must not call it.
	Numbers(ctx context.Context, brand string, n int64) (first int64, err error)

	// Due lists up to limit members that have something to expire at the moment, for the sweeper.
	Due(ctx context.Context, brand string, now int64, limit int) ([]string, error)
	// DueShare counts the members that have lots to expire at the moment, and those that have any that will expire. It is an estimate:
	// who has holds beside dated lots may count for one or the other.
	DueShare(ctx context.Context, brand string, now int64) (due, dated int64, err error)
	// Writable says why the database would take no batch, nil if it would: it writes something when the last write was refused.
	Writable(ctx context.Context) error
	// Purge deletes remembered refusals and tombstones whose time is over, and unused quotes QuoteKept later, at most limit of each
	// in each brand.
	Purge(ctx context.Context, now int64, limit int) error

	Directory
	History
	Cursors
	Audit

	Close() error
}

// Resolved is what keys led to when they were looked up: the members to lock, in key order.
type Resolved struct {
	Members []string
	Orders  []int64 // WDK main orders
}

// A Batch is one open transaction. It belongs to one goroutine.
type Batch interface {
	// State is what was loaded. Decide changes it in place.
	State() *reverse.State
	// At is the batch's stamp. Clock is what the store's clock, or now, said: At is later if the brand's last stamp is.
	At() int64
	Clock() int64
	// Save writes State's changes: hands the operations their sequence numbers, in order, and adds one link to the brand's
	// hash chain. Nothing is durable yet. ErrRetry when a unique key says that another writer won. An account stays with its member.
	// After an error the batch can only be rolled back.
	Save(ctx context.Context) error
	// Commit makes the batch durable: when it returns nil the batch survives any crash. ErrUnknown when the store cannot tell;
	// any other error means nothing was written.
	Commit(ctx context.Context) error
	// Token names the batch for Outcome. Valid after Save.
	Token() string
	// Rollback ends the batch and undoes it. Harmless after Commit.
	Rollback()
}

// Directory holds what is not the books: brands with their rules, apps, grants, sessions. Small, read whole, cached by the caller.
type Directory interface {
	// Snapshot reads the whole directory. Revision changes with every write.
	Snapshot(ctx context.Context) (*Snapshot, error)
	Revision(ctx context.Context) (int64, error)

	// PutBrand creates a brand (Version 0: the store gives it its Serial and version 1) or publishes the next version of its rules
	// (Version must be the current one, else ErrRetry). It sets b.Serial and b.Version.
	PutBrand(ctx context.Context, b *ledger.Brand, by Author) error
	PutApp(ctx context.Context, a *App, by Author) error
	DeleteApp(ctx context.Context, key string, by Author) error
	PutSession(ctx context.Context, s *Session, by Author) error
	DeleteSession(ctx context.Context, digest string, by Author) error

	// ClockWord is the last word an operator said of the clock; N is 0 if none did. SayClock adds one to the journal, and sets what is not the
	// caller's: By and Why are the author's.
	ClockWord(ctx context.Context) (ClockWord, error)
	SayClock(ctx context.Context, w *ClockWord, by Author) error

	// Note adds an act to the journal that changes nothing of the directory. Every change above adds its own.
	Note(ctx context.Context, e *Entry) error
}

// A ClockWord is what an operator said of the clock: that it was right (package clock).
type ClockWord struct {
	N    int64
	At   int64 // what it said, milliseconds since 1970
	Head int64 // stamps up to this one are accepted although they are ahead of it
	By   string
	Why  string
}

// Snapshot is the directory at one revision.
type Snapshot struct {
	Revision int64
	Brands   []*ledger.Brand
	Apps     []*App
	Sessions []*Session
}

// An App is a caller.
type App struct {
	Key       string // app_key, decimal
	Name      string
	Secrets   []string // the newest first; older ones work until removed (rotation)
	Methods   []string // granted methods; "*" all
	Brands    []string // granted brand ids
	Legacy    bool     // may call without sign_method and by access_token
	Disabled  bool
	PerSecond int // calls a second, 0: no limit
	InFlight  int // calls at once, 0: the node's limit
	Created   int64
}

// A Session is an access token a merchant issued to an app.
type Session struct {
	Digest   string // TokenDigest of the token, which is kept nowhere
	App      string
	Merchant string
	Nick     string
	Brands   []string // the merchant's brands
	Expires  int64    // milliseconds since 1970; 0: never
}

// Audit streams everything, for verify, copy and export. Each sequence is one consistent pass in the order named; memory does not grow. A row
// that cannot be read is a *RowError, and the sequence goes on; ErrDamaged ends it.
type Audit interface {
	// Ops streams the operations of a brand by sequence number, from > after.
	Ops(ctx context.Context, brand string, after int64) iter.Seq2[*ledger.Op, error]
	// Links streams the hash chain of a brand by last sequence number.
	Links(ctx context.Context, brand string) iter.Seq2[Link, error]
	// Head is the brand's newest link.
	Head(ctx context.Context, brand string) (Link, error)
	Accounts(ctx context.Context, brand string) iter.Seq2[*ledger.Account, error]
	Lots(ctx context.Context, brand string) iter.Seq2[*ledger.Lot, error]          // by account, number
	Holds(ctx context.Context, brand string) iter.Seq2[*ledger.Hold, error]        // by order, family
	Vouchers(ctx context.Context, brand string) iter.Seq2[*ledger.Voucher, error]  // by id
	Members(ctx context.Context, brand string) iter.Seq2[*ledger.Member, error]    // by id
	WdkOrders(ctx context.Context, brand string) iter.Seq2[*reverse.Order, error]  // by main number
	Reverses(ctx context.Context, brand string) iter.Seq2[*reverse.Reverse, error] // by id
	People(ctx context.Context, brand string) iter.Seq2[*Person, error]            // by id
	// Names streams every name of a member, and SubRows every number of a sub-order: what they are found by.
	Names(ctx context.Context, brand string) iter.Seq2[Name, error]
	SubRows(ctx context.Context, brand string) iter.Seq2[SubRow, error]
	Memory
	// Brands are the ids of all brands. Nothing else of them need be readable.
	Brands(ctx context.Context) ([]string, error)
	// Journal streams the journal of administration after an entry, the oldest first, and Things lists what it must speak of.
	Journal(ctx context.Context, after int64) iter.Seq2[*Entry, error]
	// Sealed streams the rows that no operation tells of, with their seals.
	Sealed(ctx context.Context, brand string) iter.Seq2[*Sealed, error]
	// HeadSeal and JournalSeal are the places where the chain of a brand and the journal were sealed last; 0 if they never were.
	HeadSeal(ctx context.Context, brand string) (Link, []byte, error)
	JournalSeal(ctx context.Context) (n int64, hash [32]byte, good bool, err error)
	// Sealing reports whether there is a key that is not in the database: then every seal is wanted.
	Sealing() bool
	Things(ctx context.Context) ([]Thing, error)
	// Integrity is what is wrong with the database itself: its own check, its schema, rows of brands that are not there.
	Integrity(ctx context.Context) ([]string, error)
}

// A Person is a member with its accounts.
type Person struct {
	*ledger.Member
	Accounts []*ledger.Account
	Due      int64 // when the next of the member's open lots and holds ends; never is 2^63-1
}

// A Name leads to a member. Accounts have names, too (AccountName).
type Name struct {
	ledger.Ident
	Member string
}

// A SubRow leads from the number of a sub-order to its WDK order.
type SubRow struct {
	No, Main int64
	Out      string
}

// Memory streams what an audit does not ask for and a copy needs: what is remembered for a while, and how a brand came to its rules and
// its numbers. Its sequences are like Audit's. They show what is stored, whether its time is over or not: only Purge forgets.
type Memory interface {
	Refusals(ctx context.Context, brand string) iter.Seq2[*ledger.Refusal, error] // by request
	Tombs(ctx context.Context, brand string) iter.Seq2[*ledger.Tombstone, error]  // by order, app, family, charge
	Quotes(ctx context.Context, brand string) iter.Seq2[*reverse.Quote, error]    // by token
	// Rules streams every version of a brand's rules that was ever published, by version: operations name the one they were decided
	// under.
	Rules(ctx context.Context, brand string) iter.Seq2[*ledger.Brand, error]
	// Issued is how many numbers the brand has issued, gaps among them: the next is serial·2^32 + Issued + 1.
	Issued(ctx context.Context, brand string) (int64, error)
}

// A Freezer can show its books as of one moment while they are written to.
type Freezer interface {
	// Freeze answers the books as of now. They cost the database something until release is called.
	Freeze(ctx context.Context) (books Audit, release func(), err error)
}

// An Importer takes whole installations as another store tells them.
type Importer interface {
	// Import fills an empty store with everything that the source tells: directory, rules, books and what is remembered. Brands keep
	// their serials and operations their sequence numbers, so that numbers and chain go on where they are. It is all or nothing, and
	// durable when it returns nil. ErrNotEmpty when a brand, an app or a session is there already, ErrMoved when the source did not
	// keep still, ErrNoImport when the store cannot take any. Nothing is decided and nothing checked but keys: verify both sides
	// afterwards. progress, which may be nil, is called with how many things of a kind have been copied, now and then and at the end of each kind.
	Import(ctx context.Context, from Source, progress func(what string, n int64)) error
}

// A Source is what an import reads: any store, or whatever can tell a world in the same words. Each sequence may be read more than once.
type Source interface {
	Snapshot(ctx context.Context) (*Snapshot, error)
	Audit
}

// A Link is one batch in a brand's hash chain: Hash = SHA-256(previous hash ‖ SHA-256(canonical operations of the batch)).
// The first previous hash is 32 zero bytes.
type Link struct {
	Last int64 // sequence number of the batch's last operation
	Hash [32]byte
	At   int64 // the brand's last stamp
}
