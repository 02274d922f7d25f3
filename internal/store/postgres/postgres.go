// Package postgres keeps the books in PostgreSQL: for production, with many processes on one database.
//
// A batch locks its members' rows in the order of their ids, then its WDK orders', and reads after it has locked. It writes its brand's
// head last; from there to the commit the batches of a brand go one by one, and the order of their commits is the order of the chain.
// Statements are set-shaped and pipelined: a batch costs three or four round trips, however many commands it holds.
package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/seal"
	"recoup/internal/store"
)

// Options say how to open a database.
type Options struct {
	DSN         string               // postgres://user@host/database
	Reader      string               // of a replica, for streams of audits and reports; "": the same database
	PgBouncer   bool                 // DSN leads to a pooler by transaction: no prepared statements, no session settings, no migration
	Unsafe      bool                 // serve although the server's settings may lose what was acknowledged
	Conns       int                  // connections for batches and reads; default 16
	ServerClock bool                 // stamps by the database's clock instead of the caller's
	ReadOnly    bool                 // audits only: the schema is taken as it is
	Upgrade     bool                 // bring an older schema up to date; an empty database gets one anyway
	Keys        seal.Keys            // that encrypt secrets and peppers
	Migrated    func(from, to int64) // hears of a schema that was made or brought up to date; nil: nobody does
}

// lanes is how many batches of a brand are worth working on at once: one loads and decides while another commits.
const lanes = 2

// Store is a store.Store in PostgreSQL.
type Store struct {
	store.Books     // over reader
	store.Histories // over pool
	store.Tables    // over pool

	opts   Options
	pool   *pgxpool.Pool // batches and reads, with the settings of sessions
	reader *pgxpool.Pool // streams
	frozen string        // the snapshot that streams read; "": each its own

	refused store.Refused

	citus       bool // the database is a cluster's
	distributed bool // and the books are spread over it

	settings      map[string]string // of sessions of pool
	names, values []string          // the same, for a transaction behind a pooler to bring along

	mu      sync.Mutex              // guards what follows
	serials map[string]int64        // of brands, which never change
	rules   map[int64]*ledger.Brand // newest parsed rules by brand serial; a brand is never changed once published
}

var _ store.Store = (*Store)(nil)

// Open connects, checks the server's settings, and makes the schema in an empty database.
func Open(ctx context.Context, o Options) (*Store, error) {
	s, err := connected(ctx, o)
	return s, unreachable(err)
}

func connected(ctx context.Context, o Options) (*Store, error) {
	s := newStore(o)
	if err := s.detect(ctx); err != nil {
		return nil, err
	}
	cfg, err := s.poolConfig(o.DSN, &o)
	if err != nil {
		return nil, err
	}
	if err := migrate(ctx, cfg.ConnConfig.Copy(), &o); err != nil {
		return nil, err
	}
	read, err := readerConfig(cmp.Or(o.Reader, o.DSN), &o)
	if err != nil {
		return nil, err
	}
	if s.pool, err = pgxpool.NewWithConfig(ctx, cfg); err != nil {
		return nil, err
	}
	if s.reader, err = pgxpool.NewWithConfig(ctx, read); err != nil {
		s.pool.Close()
		return nil, err
	}
	if err := s.check(ctx); err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

// Lanes is how many batches of a brand may be worked on at once.
func (s *Store) Lanes() int { return lanes }

// Close ends the connections.
func (s *Store) Close() error {
	s.pool.Close()
	s.reader.Close()
	return nil
}

// serial is the number of a brand, which every key begins with; ErrNoBrand when there is none.
func (s *Store) serial(ctx context.Context, brand string) (int64, error) {
	s.mu.Lock()
	serial, ok := s.serials[brand]
	s.mu.Unlock()
	if ok {
		return serial, nil
	}
	err := s.pool.QueryRow(ctx, sql("Serial"), brand).Scan(&serial)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, fmt.Errorf("%w: %q", store.ErrNoBrand, brand)
	}
	if err != nil {
		return 0, storeError(err)
	}
	s.mu.Lock()
	s.serials[brand] = serial
	s.mu.Unlock()
	return serial, nil
}

// brand is a version of the rules, parsed once. q is a connection that may be inside of a transaction.
func (s *Store) brand(ctx context.Context, q *pgx.Conn, serial, version int64) (*ledger.Brand, error) {
	s.mu.Lock()
	b := s.rules[serial]
	s.mu.Unlock()
	if b != nil && b.Version == version {
		return b, nil
	}
	var text string
	if err := q.QueryRow(ctx, sql("Rules"), serial, version).Scan(&text); err != nil {
		return nil, fmt.Errorf("postgres: rules %d of brand %d: %w", version, serial, err)
	}
	b, err := store.Reveal[ledger.Brand](s.opts.Keys, []byte(text))
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.rules[serial] = b
	s.mu.Unlock()
	return b, nil
}

// Resolve finds whom the keys lead to, without locks.
func (s *Store) Resolve(ctx context.Context, brand string, keys *reverse.Keys) (*store.Resolved, error) {
	serial, err := s.serial(ctx, brand)
	if err != nil {
		return nil, err
	}
	l := newLoader(ctx, s, nil, serial, store.Resolving, nil)
	if l.Start(keys); l.Pending() {
		err = s.pool.AcquireFunc(ctx, func(c *pgxpool.Conn) error {
			l.asker.conn = c.Conn()
			return l.Follow()
		})
	}
	return l.Resolved(), storeError(err)
}

// Read loads on one snapshot; it waits for nobody.
func (s *Store) Read(ctx context.Context, brand string, keys *reverse.Keys, now int64) (*reverse.State, error) {
	serial, err := s.serial(ctx, brand)
	if err != nil {
		return nil, err
	}
	var state *reverse.State
	err = s.pool.AcquireFunc(ctx, func(c *pgxpool.Conn) error {
		clock := s.clock(now)
		l := newLoader(ctx, s, c.Conn(), serial, store.Reading, clock)
		defer rollback(c.Conn())
		l.asker.trip.Queue(beginReading)
		state = l.State
		return l.load(keys, clock)
	})
	if err != nil {
		return nil, storeError(err)
	}
	return state, nil
}

// clock is the caller's clock as a parameter: nil has the statements read the database's.
func (s *Store) clock(now int64) *int64 {
	if s.opts.ServerClock {
		return nil
	}
	return &now
}

// Writable tries a write when the last was refused.
func (s *Store) Writable(ctx context.Context) error { return s.refused.Writable(ctx, s.Probe) }

// ErrReadOnly: the server takes no writes: it is a standby, or default_transaction_read_only is on.
var ErrReadOnly = fmt.Errorf("%w: postgres: a standby, or read-only", store.ErrRefused)

// Drift is how far the caller's clock is ahead of the database's; 0 where stamps are by the caller's. ErrReadOnly when the database would take
// no batch.
func (s *Store) Drift(ctx context.Context, now time.Time) (time.Duration, error) {
	var there int64
	var readOnly bool
	if err := s.pool.QueryRow(ctx, sql("Clock")).Scan(&there, &readOnly); err != nil {
		return 0, storeError(err)
	}
	if readOnly && !s.opts.ReadOnly {
		return 0, ErrReadOnly
	}
	if !s.opts.ServerClock {
		return 0, nil
	}
	return now.Sub(time.UnixMilli(there)), nil
}

// rollback ends a transaction, if there is one and the connection still stands.
func rollback(c *pgx.Conn) {
	if c.IsClosed() || c.PgConn().TxStatus() == 'I' {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_, _ = c.Exec(ctx, "ROLLBACK") // a connection that cannot is not used again
}

// numbersMax is how many numbers a brand can issue.
const numbersMax = math.MaxUint32

// Numbers moves the brand's counter.
func (s *Store) Numbers(ctx context.Context, brand string, n int64) (int64, error) {
	serial, err := s.serial(ctx, brand)
	if err != nil {
		return 0, err
	}
	if _, err := store.NumberRange(serial, 0, n); err != nil {
		return 0, err
	}
	var count int64
	err = s.pool.QueryRow(ctx, sql("Issue"), serial, n, numbersMax-n).Scan(&count)
	if errors.Is(err, pgx.ErrNoRows) {
		return store.NumberRange(serial, numbersMax, n) // which tells that there are none left
	}
	if err != nil {
		return 0, storeError(err)
	}
	return store.NumberRange(serial, count, n)
}

// Due reads the head of the index of members by what ends next.
func (s *Store) Due(ctx context.Context, brand string, now int64, limit int) (members []string, err error) {
	serial, err := s.serial(ctx, brand)
	if err != nil {
		return nil, err
	}
	rows, err := s.pool.Query(ctx, sql("MembersDue"), serial, now, int64(limit))
	if err != nil {
		return nil, storeError(err)
	}
	if err := each(rows, func(r store.Row) error { members = append(members, r.Text(0)); return nil }); err != nil {
		return nil, storeError(err)
	}
	slices.Sort(members)
	return members, nil
}

// DueShare reads the index of members by what ends next, and the open holds.
func (s *Store) DueShare(ctx context.Context, brand string, now int64) (due, dated int64, err error) {
	serial, err := s.serial(ctx, brand)
	if err != nil {
		return 0, 0, err
	}
	err = s.pool.QueryRow(ctx, sql("DueShare"), serial, now).Scan(&due, &dated)
	return max(due, 0), dated, storeError(err)
}

// Purge forgets what is over, brand by brand.
func (s *Store) Purge(ctx context.Context, now int64, limit int) error {
	rows, err := s.pool.Query(ctx, sql("Serials"))
	if err != nil {
		return storeError(err)
	}
	serials, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return storeError(err)
	}
	for _, serial := range serials {
		for _, p := range []struct {
			purge string
			until int64
		}{{sql("PurgeRefusals"), now}, {sql("PurgeTombs"), now}, {sql("PurgeQuotes"), now - store.QuoteKept}} {
			if _, err := s.pool.Exec(ctx, p.purge, serial, p.until, int64(limit)); err != nil {
				return storeError(err)
			}
		}
	}
	return nil
}
