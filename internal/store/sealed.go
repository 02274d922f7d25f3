package store

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/seal"
)

// What no operation tells of is sealed: the row holds a keyed digest of itself. The key is the brand's pepper, which is encrypted where the
// installation has a key file: then who has the database alone cannot make a seal.

// Seal is the digest in the column seal of a row.
func (pr Printer) Seal(table string, fields ...string) []byte {
	sum := seal.Sum([]byte(pr.Pepper), append([]string{"seal", table, strconv.FormatInt(pr.Serial, 10)}, fields...)...)
	return sum[:]
}

// RefusalSeal is the seal of a remembered refusal.
func (pr Printer) RefusalSeal(r *ledger.Refusal) []byte {
	return pr.Seal("refusal", refusalFields(r)...)
}

// TombSeal is the seal of a tombstone.
func (pr Printer) TombSeal(t *ledger.Tombstone) []byte { return pr.Seal("tombstone", tombFields(t)...) }

// QuoteSeal is the seal of a quote.
func (pr Printer) QuoteSeal(q *reverse.Quote) []byte { return pr.Seal("quote", quoteFields(q)...) }

// LinkSeal is the seal of a place in a brand's chain.
func (pr Printer) LinkSeal(l Link) []byte {
	return pr.Seal("head", strconv.FormatInt(l.Last, 10), hex.EncodeToString(l.Hash[:]))
}

func refusalFields(r *ledger.Refusal) []string {
	return []string{hex.EncodeToString(r.Request[:]), hex.EncodeToString(r.Content[:]), strconv.FormatInt(r.Until, 10), string(AppendRefusal(nil, r))}
}

func tombFields(t *ledger.Tombstone) []string {
	return []string{t.Order, t.App, fmt.Sprint(t.Family, t.Charge, t.Signed, t.Amount, t.Until), t.Member}
}

func quoteFields(q *reverse.Quote) []string {
	text, err := Encode(q)
	if err != nil {
		panic(err) // of words and numbers
	}
	return []string{string(text)}
}

// A Sealed row is one that no operation tells of.
type Sealed struct {
	Table, Key string
	Fields     []string
	Seal       []byte
}

// Sealed streams refusals, tombstones and quotes with their seals.
func (b Books) Sealed(ctx context.Context, brand string) iter.Seq2[*Sealed, error] {
	return func(yield func(*Sealed, error) bool) {
		for _, one := range []iter.Seq2[*Sealed, error]{
			stream(ctx, b, brand, "Refusals", sealedRow("refusal", 4, RefusalOf, func(v *ledger.Refusal) (string, []string) {
				return hex.EncodeToString(v.Request[:]), refusalFields(v)
			})),
			stream(ctx, b, brand, "Tombs", sealedRow("tombstone", 8, TombOf, func(v *ledger.Tombstone) (string, []string) { return v.Order, tombFields(v) })),
			stream(ctx, b, brand, "Quotes", sealedRow("quote", 5, quoteOf, func(v *reverse.Quote) (string, []string) { return v.Token, quoteFields(v) })),
		} {
			for v, err := range one {
				if !yield(v, err) {
					return
				}
			}
		}
	}
}

// sealedRow reads a row with the seal in a column.
func sealedRow[T any](table string, column int, read func(Row) (*T, error), fields func(*T) (key string, list []string)) func(Row) (*Sealed, error) {
	return func(r Row) (*Sealed, error) {
		v, err := read(r)
		if err != nil {
			if _, bad := errors.AsType[*RowError](err); !bad {
				err = &RowError{Table: table, Key: "that cannot be read", Err: err}
			}
			return nil, err
		}
		s := &Sealed{Table: table, Seal: append([]byte(nil), r.Bytes(column)...)}
		s.Key, s.Fields = fields(v)
		return s, nil
	}
}

// HeadSeal is the newest sealed place of a brand's chain; Last is 0 when there is none.
func (b Books) HeadSeal(ctx context.Context, brand string) (l Link, mac []byte, err error) {
	for v, err := range stream(ctx, b, brand, "HeadSeal", func(r Row) (sealedLink, error) {
		v := sealedLink{Link: Link{Last: r.Int(0)}, mac: append([]byte(nil), r.Bytes(2)...)}
		copy(v.Hash[:], r.Bytes(1))
		return v, nil
	}) {
		return v.Link, v.mac, err
	}
	return Link{}, nil, nil
}

type sealedLink struct {
	Link
	mac []byte
}

// SealHead seals the place where a brand's chain stands, and answers it.
func (t Tables) SealHead(ctx context.Context, b *ledger.Brand) (l Link, err error) {
	err = t.Write(ctx, func(tx Tx) error {
		err := tx.Query("HeadLink", func(r Row) error { l, err = linkOf(r); return err }, b.Serial)
		if err != nil {
			return err
		}
		_, err = tx.Exec("SaveSeal", b.Serial, l.Last, l.Hash[:], Printer{Pepper: b.Pepper, Serial: b.Serial}.LinkSeal(l))
		return err
	})
	return l, err
}

// SealJournal seals the place where the journal stands.
func (t Tables) SealJournal(ctx context.Context) error {
	return t.Write(ctx, func(tx Tx) error {
		n, hash, err := journalHead(tx)
		if err != nil {
			return err
		}
		sum := t.Keys.Sum(journalFields(n, hash)...)
		_, err = tx.Exec("SealJournal", n, hash[:], sum[:])
		return err
	})
}

func journalFields(n int64, hash [32]byte) []string {
	return []string{"journal", strconv.FormatInt(n, 10), hex.EncodeToString(hash[:])}
}

// JournalSeal is the newest sealed place of the journal, and whether its seal is good; n is 0 when there is none.
func (t Tables) JournalSeal(ctx context.Context) (n int64, hash [32]byte, good bool, err error) {
	err = t.Read(ctx, func(tx Tx) error {
		return tx.Query("JournalSeal", func(r Row) error {
			n = r.Int(0)
			copy(hash[:], r.Bytes(1))
			good = t.Keys.Check(r.Bytes(2), journalFields(n, hash)...)
			return nil
		})
	})
	return n, hash, good, err
}

// Sealing reports whether there is a key that is not in the database: then every seal is wanted.
func (t Tables) Sealing() bool { return len(t.Keys) > 0 }

// Reveal decodes a document of the directory and decrypts its secrets.
func Reveal[T any](keys seal.Keys, text []byte) (*T, error) {
	v, err := Decode[T](text)
	if err != nil {
		return nil, err
	}
	place, secrets := secretsOf(v)
	for _, s := range secrets {
		if *s, err = keys.Decrypt(place, *s); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// Conceal is the text of a document of the directory with its secrets encrypted.
func Conceal(keys seal.Keys, v any) ([]byte, error) {
	switch d := v.(type) {
	case *App:
		a := *d
		a.Secrets = slices.Clone(d.Secrets)
		v = &a
	case *ledger.Brand:
		b := *d
		v = &b
	}
	place, secrets := secretsOf(v)
	for _, s := range secrets {
		*s = keys.Encrypt(place, *s)
	}
	return Encode(v)
}

// secretsOf are the secrets of a document, and the place that they are encrypted for.
func secretsOf(v any) (place string, secrets []*string) {
	switch d := v.(type) {
	case *App:
		for i := range d.Secrets {
			secrets = append(secrets, &d.Secrets[i])
		}
		return "a secret of app " + d.Key, secrets
	case *ledger.Brand:
		return "the pepper of brand " + d.ID, []*string{&d.Pepper}
	}
	return "", nil
}

// Rekey encrypts every secret anew, under the first key, and tells the journal. It answers how many secrets there were.
func (t Tables) Rekey(ctx context.Context, by Author) (secrets int, err error) {
	count := func(v any) {
		_, list := secretsOf(v)
		secrets += len(list)
	}
	err = t.change(ctx, func(tx Tx) error {
		var apps []*App
		if err := readAll(tx, t.Keys, "Apps", &apps); err != nil {
			return err
		}
		var rules []*ledger.Brand
		err := tx.Query("RulesRows", func(r Row) error {
			b, err := Reveal[ledger.Brand](t.Keys, r.Bytes(1))
			rules = append(rules, b)
			return err
		})
		if err != nil {
			return err
		}
		for _, a := range apps {
			text, err := Conceal(t.Keys, a)
			if err == nil {
				_, err = tx.Exec("SaveApp", a.Key, string(text))
			}
			if err != nil {
				return err
			}
			count(a)
		}
		for _, b := range rules {
			text, err := Conceal(t.Keys, b)
			if err == nil {
				_, err = tx.Exec("RewriteRules", b.Serial, b.Version, string(text))
			}
			if err != nil {
				return err
			}
			count(b)
		}
		return note(tx, &Entry{Author: by, What: "key", Key: t.Keys[0].ID(), Changes: []Changed{{Field: "secrets encrypted", After: strconv.Itoa(secrets)}}})
	})
	return secrets, err
}

// EncryptedUnder counts secrets by the id of the key that they are encrypted under, "" for none.
func (t Tables) EncryptedUnder(ctx context.Context) (map[string]int, error) {
	counts := map[string]int{}
	count := func(v any) {
		_, secrets := secretsOf(v)
		for _, s := range secrets {
			id, _ := seal.EncryptedBy(*s)
			counts[id]++
		}
	}
	err := t.Read(ctx, func(tx Tx) error {
		return errors.Join(
			tx.Query("Apps", func(r Row) error {
				a, err := Decode[App](r.Bytes(0))
				if err == nil {
					count(a)
				}
				return err
			}),
			tx.Query("RulesRows", func(r Row) error {
				b, err := Decode[ledger.Brand](r.Bytes(1))
				if err == nil {
					count(b)
				}
				return err
			}))
	})
	return counts, err
}
