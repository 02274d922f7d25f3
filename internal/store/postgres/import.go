package postgres

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/jackc/pgx/v5"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/seal"
	"recoup/internal/store"
)

var _ store.Importer = (*Store)(nil)

// importSettings are of the importing transaction alone: it may take hours, and the planner is free to join and sort what was copied as a
// whole.
const importSettings = `
SET LOCAL statement_timeout = 0;
SET LOCAL idle_in_transaction_session_timeout = 0;
SET LOCAL work_mem = '64MB';
SET LOCAL maintenance_work_mem = '256MB';
SELECT set_config(name, boot_val, true) FROM pg_settings
WHERE (name LIKE 'enable\_%' OR name IN ('random_page_cost', 'cpu_operator_cost')) AND setting <> boot_val`

// The accounts of a source come by their ids, and a member's row holds those of one member: members and accounts wait in tables of their
// own until both are there.
const importTables = `
CREATE TEMPORARY TABLE import_member (
  brand_id integer NOT NULL,
  id text COLLATE "C" NOT NULL,
  body text NOT NULL
) ON COMMIT DROP;
CREATE TEMPORARY TABLE import_account (
  brand_id integer NOT NULL,
  type smallint NOT NULL,
  member text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  card text COLLATE "C",
  body text NOT NULL
) ON COMMIT DROP`

const (
	// A wallet's text is that of store.Wallet without lots, which are all in their table; the order of accounts is store.PurseOrder.
	importMembers = `
INSERT INTO member (brand_id, id, body, wallet, due)
SELECT m.brand_id, m.id, m.body, coalesce(a.wallet, E'[\n]'), least(l.due, h.due, 9223372036854775807)
FROM import_member m LEFT JOIN (
  SELECT brand_id, member, '[' || string_agg(E'\n[' || body || ']', ',' ORDER BY type, id) || E'\n]' AS wallet FROM import_account GROUP BY brand_id, member
) a ON a.brand_id = m.brand_id AND a.member = m.id LEFT JOIN (
  SELECT brand_id, member, min(expires) AS due FROM lot WHERE open GROUP BY brand_id, member
) l ON l.brand_id = m.brand_id AND l.member = m.id LEFT JOIN (
  SELECT brand_id, member, min(deadline) AS due FROM hold GROUP BY brand_id, member
) h ON h.brand_id = m.brand_id AND h.member = m.id
ORDER BY m.brand_id, m.id`
	importNames = `
INSERT INTO ident (brand_id, type, outer_type, text, member)
SELECT brand_id, $1::smallint, '', id, member FROM import_account
UNION ALL SELECT brand_id, $2::smallint, '', card, member FROM import_account WHERE card IS NOT NULL
ORDER BY 1, 2, 4`

	// Indexes that rows do not come in the order of are made when all are there: keeping them up row by row takes twice as long, and
	// longer the more there are.
	importIndexes = `
SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
FROM unnest(ARRAY['op', 'member', 'lot', 'hold', 'voucher', 'refusal', 'tombstone', 'wdk_order', 'wdk_sub', 'quote', 'reverse']) AS k(name)
JOIN pg_index i ON i.indrelid = k.name::regclass
WHERE NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
ORDER BY 1`

	importAnalyze = `ANALYZE brand, app, session, rules, head, counter, link, op, member, ident, lot, hold, voucher, refusal, tombstone,
wdk_order, wdk_sub, quote, reverse`
)

// Import copies everything that the source tells, in one transaction, with memory for one row at a time. Streams come in the order of
// primary keys, so that these grow at their ends.
func (s *Store) Import(ctx context.Context, from store.Source, progress func(what string, n int64)) error {
	if progress == nil {
		progress = func(string, int64) {}
	}
	if s.distributed {
		return fmt.Errorf("%w: the database is distributed already; copy into a new one, then run `recoup migrate --citus`", store.ErrNoImport)
	}
	snap, err := from.Snapshot(ctx)
	if err != nil {
		return err
	}
	tx, err := s.pool.Begin(ctx)
	if err != nil {
		return storeError(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // harmless after the commit
	im := &importer{ctx: ctx, tx: tx, from: from, snap: snap, keys: s.opts.Keys, progress: progress}
	for _, step := range []func() error{
		im.begin, im.bare, im.directory, im.heads, im.assets, im.members, im.operations, im.remembered, im.wdk, im.index, im.still,
	} {
		if err := step(); err != nil {
			if ctx.Err() != nil { // then the driver cuts the connection, and may tell of that alone
				err = fmt.Errorf("%w: %w", ctx.Err(), err)
			}
			return err
		}
	}
	if err := tx.Commit(ctx); err != nil {
		return fmt.Errorf("%w: %w", store.ErrUnknown, err)
	}
	if err := s.analyze(ctx); err != nil {
		return fmt.Errorf("everything is copied, but not counted; run ANALYZE in the database, so that the server plans well: %w", err)
	}
	return nil
}

// analyze counts what was copied, so that the server plans by what there is.
func (s *Store) analyze(ctx context.Context) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := run(ctx, tx, importSettings); err != nil {
			return err
		}
		return run(ctx, tx, importAnalyze)
	})
}

// run sends statements without parameters as one text.
func run(ctx context.Context, tx pgx.Tx, statements string) error {
	_, err := tx.Conn().PgConn().Exec(ctx, statements).ReadAll()
	return err
}

// importer is one import in its transaction.
type importer struct {
	ctx      context.Context
	tx       pgx.Tx
	from     store.Source
	snap     *store.Snapshot
	keys     seal.Keys
	points   []point  // of its brands
	indexes  []string // to be made again
	progress func(string, int64)
	text     []byte // of one document after another
}

// point is where a brand's books stood when the import began.
type point struct {
	head   store.Link
	issued int64
}

func (im *importer) exec(statement string, args ...any) error {
	_, err := im.tx.Exec(im.ctx, statement, args...)
	return err
}

// begin makes sure that there is nothing yet, and that no other import begins: a writer of the directory takes its row first.
func (im *importer) begin() error {
	if err := run(im.ctx, im.tx, importSettings); err != nil {
		return err
	}
	if err := im.exec(`UPDATE directory SET revision = $1`, im.snap.Revision); err != nil {
		return err
	}
	var full bool
	err := im.tx.QueryRow(im.ctx, `SELECT EXISTS (SELECT FROM brand) OR EXISTS (SELECT FROM app) OR EXISTS (SELECT FROM session) OR EXISTS (SELECT FROM journal)`).Scan(&full)
	switch {
	case err != nil:
		return err
	case full:
		return store.ErrNotEmpty
	}
	return run(im.ctx, im.tx, importTables)
}

// bare drops the indexes that are better made at the end.
func (im *importer) bare() error {
	rows, err := im.tx.Query(im.ctx, importIndexes)
	if err != nil {
		return err
	}
	var drop []string
	var name, definition string
	_, err = pgx.ForEachRow(rows, []any{&name, &definition}, func() error {
		drop, im.indexes = append(drop, name), append(im.indexes, definition)
		return nil
	})
	if err != nil || len(drop) == 0 {
		return err
	}
	return run(im.ctx, im.tx, `DROP INDEX `+strings.Join(drop, ", "))
}

// index makes them again. Here it shows if what must be unique is not.
func (im *importer) index() error {
	for i, definition := range im.indexes {
		if err := run(im.ctx, im.tx, definition); err != nil {
			return fmt.Errorf("%s: %w", definition, err)
		}
		im.progress("indexes", int64(i+1))
	}
	return nil
}

// directory copies brands with every version of their rules, apps, sessions and the journal.
func (im *importer) directory() error {
	for _, b := range im.snap.Brands {
		if err := im.exec(`INSERT INTO brand (serial, id, version) VALUES ($1, $2, $3)`, b.Serial, b.ID, b.Version); err != nil {
			return fmt.Errorf("brand %s: %w", b.ID, err)
		}
	}
	for _, a := range im.snap.Apps {
		text, err := store.Conceal(im.keys, a)
		if err != nil {
			return err
		}
		if err := im.exec(`INSERT INTO app (key, body) VALUES ($1, $2)`, a.Key, string(text)); err != nil {
			return fmt.Errorf("app %s: %w", a.Key, err)
		}
	}
	for _, v := range im.snap.Sessions {
		text, err := store.Encode(v)
		if err != nil {
			return err
		}
		if err := im.exec(`INSERT INTO session (digest, body) VALUES ($1, $2)`, v.Digest, string(text)); err != nil {
			return fmt.Errorf("a session of app %s: %w", v.App, err)
		}
	}
	for e, err := range im.from.Journal(im.ctx, 0) {
		if err != nil {
			return err
		}
		text, err := store.Encode(e)
		if err != nil {
			return err
		}
		if err := im.exec(`INSERT INTO journal (n, at, what, body, hash) VALUES ($1, $2, $3, $4, $5)`, e.N, e.At, e.What, string(text), e.Hash[:]); err != nil {
			return fmt.Errorf("entry %d of the journal: %w", e.N, err)
		}
	}
	return bring(im, "rules", "rules", "brand_id version body", im.from.Rules, func(brand int64, v *ledger.Brand, put func(...any)) error {
		text, err := store.Conceal(im.keys, v)
		put(brand, v.Version, text)
		return err
	})
}

// heads notes where the books of every brand stand, and writes it.
func (im *importer) heads() error {
	for _, b := range im.snap.Brands {
		p, err := im.point(b.ID)
		if err != nil {
			return err
		}
		im.points = append(im.points, p)
		if err := im.exec(`INSERT INTO head (brand_id, seq, at, memory, hash) VALUES ($1, $2, $3, 0, $4)`,
			b.Serial, p.head.Last, p.head.At, p.head.Hash[:]); err != nil {
			return err
		}
		if err := im.exec(`INSERT INTO counter (brand_id, issued) VALUES ($1, $2)`, b.Serial, p.issued); err != nil {
			return err
		}
	}
	return nil
}

func (im *importer) point(brand string) (p point, err error) {
	if p.head, err = im.from.Head(im.ctx, brand); err != nil {
		return p, err
	}
	p.issued, err = im.from.Issued(im.ctx, brand)
	return p, err
}

// members copies members, their accounts and their names, behind what says when something of theirs ends.
func (im *importer) members() error {
	err := bring(im, "accounts", "import_account", "brand_id type member id card body", im.from.Accounts,
		func(brand int64, v *ledger.Account, put func(...any)) error {
			im.text = store.AppendAccount(im.text[:0], v)
			put(brand, int64(v.Type), v.Member, v.ID, orNull(v.Card), im.text)
			return nil
		})
	if err != nil {
		return err
	}
	err = bring(im, "members", "import_member", "brand_id id body", im.from.Members, func(brand int64, v *ledger.Member, put func(...any)) error {
		im.text = store.AppendMember(im.text[:0], v)
		put(brand, v.ID, im.text)
		return nil
	})
	if err != nil {
		return err
	}
	if err := run(im.ctx, im.tx, `ANALYZE import_account, import_member, lot, hold`); err != nil {
		return err
	}
	if err := run(im.ctx, im.tx, importMembers); err != nil {
		return fmt.Errorf("members: %w", err)
	}
	if err := im.exec(importNames, int64(store.AccountName), int64(ledger.ByCard)); err != nil {
		return fmt.Errorf("names: %w", err)
	}
	return bring(im, "names", "ident", "brand_id type outer_type text member", im.from.Members,
		func(brand int64, v *ledger.Member, put func(...any)) error {
			if v.Mobile != "" {
				put(brand, int64(ledger.ByMobile), "", v.Mobile, v.ID)
			}
			for _, id := range v.Outer {
				put(brand, int64(id.Type), id.Outer, id.Text, v.ID)
			}
			return nil
		})
}

// assets copies lots, holds and vouchers.
func (im *importer) assets() error {
	err := bring(im, "lots", "lot", "brand_id account n kind member origin expires granted balance held open", im.from.Lots,
		func(brand int64, v *ledger.Lot, put func(...any)) error {
			put(brand, v.Account, v.N, int64(v.Kind), v.Member, v.Origin[:], store.FarEnd(v.Expires), int64(v.Granted), int64(v.Balance), int64(v.Held),
				v.Balance > v.Held)
			return nil
		})
	if err != nil {
		return err
	}
	err = bring(im, "holds", "hold", "brand_id order_no family member deadline body", im.from.Holds,
		func(brand int64, v *ledger.Hold, put func(...any)) error {
			im.text = store.AppendHold(im.text[:0], v)
			put(brand, v.Order, int64(v.Family), v.Member, v.Deadline, im.text)
			return nil
		})
	if err != nil {
		return err
	}
	return bring(im, "vouchers", "voucher", "brand_id id member body", im.from.Vouchers,
		func(brand int64, v *ledger.Voucher, put func(...any)) error {
			im.text = store.AppendVoucher(im.text[:0], v)
			put(brand, v.ID, v.Member, im.text)
			return nil
		})
}

// operations copies the operations and their chain.
func (im *importer) operations() error {
	ops := func(ctx context.Context, brand string) iter.Seq2[*ledger.Op, error] {
		return im.from.Ops(ctx, brand, 0)
	}
	err := bring(im, "operations", "op", "brand_id seq at kind ordinal request refund member shop order_no body moves", ops,
		func(brand int64, v *ledger.Op, put func(...any)) error {
			im.text = store.AppendOp(im.text[:0], v)
			put(brand, v.Seq, v.At, int64(v.Kind), int64(v.Ordinal), store.DigestOrNull(&v.Request), store.DigestOrNull(&v.Refund), v.Member, v.Shop, orNull(v.Order),
				im.text, int64(v.Moves()))
			return nil
		})
	if err != nil {
		return err
	}
	return bring(im, "links", "link", "brand_id last at hash", im.from.Links, func(brand int64, v store.Link, put func(...any)) error {
		put(brand, v.Last, v.At, v.Hash[:])
		return nil
	})
}

// remembered copies refusals and tombstones.
func (im *importer) remembered() error {
	err := bring(im, "refusals", "refusal", "brand_id request content until result seal", im.from.Refusals,
		func(brand int64, v *ledger.Refusal, put func(...any)) error {
			im.text = store.AppendRefusal(im.text[:0], v)
			put(brand, v.Request[:], v.Content[:], v.Until, im.text, im.printer(brand).RefusalSeal(v))
			return nil
		})
	if err != nil {
		return err
	}
	return bring(im, "tombstones", "tombstone", "brand_id order_no app family charge signed amount member until seal", im.from.Tombs,
		func(brand int64, v *ledger.Tombstone, put func(...any)) error {
			put(brand, v.Order, v.App, int64(v.Family), v.Charge, v.Signed, int64(v.Amount), v.Member, v.Until, im.printer(brand).TombSeal(v))
			return nil
		})
}

// wdk copies WDK orders, their numbers, quotes and reverses.
func (im *importer) wdk() error {
	err := bring(im, "WDK orders", "wdk_order", "brand_id main out body", im.from.WdkOrders,
		func(brand int64, v *reverse.Order, put func(...any)) error {
			text, err := store.EncodeOrder(v)
			put(brand, v.Main, v.Out, text)
			return err
		})
	if err != nil {
		return err
	}
	err = bring(im, "sub-orders", "wdk_sub", "brand_id no main out", im.from.WdkOrders,
		func(brand int64, v *reverse.Order, put func(...any)) error {
			for i := range v.Subs {
				put(brand, v.Subs[i].No, v.Main, orNull(v.Subs[i].Out))
			}
			return nil
		})
	if err != nil {
		return err
	}
	err = bring(im, "quotes", "quote", "brand_id token store until bound body seal", im.from.Quotes,
		func(brand int64, v *reverse.Quote, put func(...any)) error {
			text, err := store.Encode(v)
			put(brand, v.Token, v.Store, store.FarEnd(v.Until), v.Bound, text, im.printer(brand).QuoteSeal(v))
			return err
		})
	if err != nil {
		return err
	}
	return bring(im, "reverses", "reverse", "brand_id id main store at status body", im.from.Reverses,
		func(brand int64, v *reverse.Reverse, put func(...any)) error {
			text, err := store.EncodeReverse(v)
			put(brand, v.ID, v.Main, v.Store, v.At(), int64(v.Status), text)
			return err
		})
}

// printer has the pepper of a brand.
func (im *importer) printer(serial int64) store.Printer {
	for _, b := range im.snap.Brands {
		if b.Serial == serial {
			return store.Printer{Pepper: b.Pepper, Serial: serial}
		}
	}
	return store.Printer{} // there is no such brand
}

// orNull leaves "" out of partial indexes.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// still makes sure that what was read one after the other belongs together.
func (im *importer) still() error {
	snap, err := im.from.Snapshot(im.ctx)
	if err != nil {
		return err
	}
	if snap.Revision != im.snap.Revision {
		return fmt.Errorf("%w: its directory", store.ErrMoved)
	}
	for i, b := range im.snap.Brands {
		p, err := im.point(b.ID)
		if err != nil {
			return err
		}
		if p != im.points[i] {
			return fmt.Errorf("%w: brand %s", store.ErrMoved, b.ID)
		}
	}
	return nil
}

// progressEvery is how many things lie between two reports.
const progressEvery = 4096

// bring copies one stream of every brand into a table. row puts the rows of one thing; they are used up before the next thing comes.
func bring[T any](im *importer, what, table, columns string, stream func(context.Context, string) iter.Seq2[T, error],
	row func(brand int64, v T, put func(...any)) error,
) error {
	var rows [][]any // of the newest thing
	var done int64   // things
	put := func(row ...any) { rows = append(rows, row) }
	next, stop := iter.Pull(func(yield func(error) bool) {
		for _, b := range im.snap.Brands {
			for v, err := range stream(im.ctx, b.ID) {
				if err == nil {
					err = row(b.Serial, v, put)
				}
				if !yield(err) || err != nil {
					return
				}
				if done++; done%progressEvery == 0 {
					im.progress(what, done)
				}
			}
		}
	})
	defer stop()
	var failed error
	_, err := im.tx.CopyFrom(im.ctx, pgx.Identifier{table}, strings.Fields(columns), pgx.CopyFromFunc(func() ([]any, error) {
		for len(rows) == 0 {
			err, more := next()
			if failed = err; err != nil || !more {
				return nil, err
			}
		}
		first := rows[0]
		rows = rows[1:]
		return first, nil
	}))
	if failed != nil {
		return failed // which the server has only heard of
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	im.progress(what, done)
	return nil
}
