package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"

	"recoup/internal/ledger"
	"recoup/internal/seal"
)

// An Author is who changes the directory: it is in the journal.
type Author struct {
	By   string `json:"by"`             // the operator
	From string `json:"from,omitempty"` // the machine, or the peer
	Why  string `json:"why,omitempty"`
	At   int64  `json:"at"` // milliseconds since 1970, by the caller's clock
}

// An Entry is one act of administration in the journal. Entries are only ever added, and each hashes the one before.
type Entry struct {
	N int64 `json:"n"`
	Author
	What    string    `json:"what"` // "rules", "app", "session", "clock", or another act
	Key     string    `json:"key"`  // of what was changed: BRAND@VERSION, an app_key, the digest of a session's token
	Changes []Changed `json:"changes,omitempty"`
	State   string    `json:"state,omitempty"` // SHA-256 of what it is now, "" when it is gone or nothing is kept

	Hash [32]byte `json:"-"` // SHA-256(hash before ‖ SHA-256(text))
}

// Changed is one field before and after. A secret shows as the beginning of its SHA-256.
type Changed struct {
	Field  string `json:"field"`
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// A Thing is a row of the directory with what the journal must say of it.
type Thing struct {
	What, Key string
	State     string
	Err       error // it cannot be read, or does not agree with itself
}

// secretFields are never told.
var secretFields = []string{"Secrets", "Pepper"}

// NewEntry makes an entry of a thing before and after; nil: there is none.
func NewEntry(by Author, what, key string, before, after any) (*Entry, error) {
	was, is := map[string]string{}, map[string]string{}
	if err := errors.Join(flatten(was, before), flatten(is, after)); err != nil {
		return nil, err
	}
	e := &Entry{Author: by, What: what, Key: key}
	for _, field := range slices.Sorted(maps.Keys(merged(was, is))) {
		if was[field] != is[field] {
			e.Changes = append(e.Changes, Changed{field, was[field], is[field]})
		}
	}
	if after != nil {
		var err error
		if e.State, err = State(after); err != nil {
			return nil, err
		}
	}
	return e, nil
}

func merged(a, b map[string]string) map[string]string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// State is the digest by which the journal knows a thing.
func State(v any) (string, error) {
	text, err := Encode(v)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// flatten writes every field of a thing as text under its path.
func flatten(into map[string]string, v any) error {
	if v == nil {
		return nil
	}
	text, err := Encode(v)
	if err != nil {
		return err
	}
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.UseNumber()
	var tree any
	if err := d.Decode(&tree); err != nil {
		return err
	}
	walk(into, "", tree, false)
	return nil
}

func walk(into map[string]string, path string, v any, secret bool) {
	under := func(name string) string {
		if path == "" {
			return name
		}
		return path + "." + name
	}
	switch v := v.(type) {
	case map[string]any:
		for name, part := range v {
			walk(into, under(name), part, secret || slices.Contains(secretFields, name))
		}
	case []any:
		for i, part := range v {
			walk(into, under(strconv.Itoa(i)), part, secret)
		}
	case nil:
	default:
		text := fmt.Sprint(v)
		if secret {
			text = Fingerprint(text)
		}
		if text != "" && text != "0" && text != "false" {
			into[path] = text
		}
	}
}

// Fingerprint shows which secret it is without telling it: the beginning of its SHA-256.
func Fingerprint(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return "sha256:" + hex.EncodeToString(sum[:4])
}

// After puts an entry behind another, and returns its text.
func (e *Entry) After(n int64, hash [32]byte) (text []byte, err error) {
	e.N = n + 1
	if text, err = Encode(e); err != nil {
		return nil, err
	}
	e.Hash = ChainHash(hash, text)
	return text, nil
}

// RulesKey names a version of a brand's rules in the journal.
func RulesKey(b *ledger.Brand) string { return b.ID + "@" + strconv.FormatInt(b.Version, 10) }

// TokenDigest is what is stored of a session's token.
func TokenDigest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// note adds an entry to the journal in the transaction that it tells of.
func note(tx Tx, e *Entry) error {
	n, hash, err := journalHead(tx)
	if err != nil {
		return err
	}
	text, err := e.After(n, hash)
	if err != nil {
		return err
	}
	_, err = tx.Exec("AppendJournal", e.N, e.At, e.What, string(text), e.Hash[:])
	return err
}

func journalHead(tx Tx) (n int64, hash [32]byte, err error) {
	err = tx.Query("JournalHead", func(r Row) error {
		n = r.Int(0)
		copy(hash[:], r.Bytes(1))
		return nil
	})
	return n, hash, err
}

// Note adds an act that changes nothing of the directory.
func (t Tables) Note(ctx context.Context, e *Entry) error {
	return t.change(ctx, func(tx Tx) error { return note(tx, e) })
}

// Journal streams the entries after one, the oldest first.
func (t Tables) Journal(ctx context.Context, after int64) iter.Seq2[*Entry, error] {
	return func(yield func(*Entry, error) bool) {
		err := t.Read(ctx, func(tx Tx) error {
			return tx.Query("Journal", func(r Row) error {
				e, err := Decode[Entry](r.Bytes(1))
				switch {
				case err != nil:
				default:
					copy(e.Hash[:], r.Bytes(4))
					err = agree(r, copied{0, "n", e.N}, copied{2, "at", e.At}, copied{3, "what", e.What})
				}
				if err != nil {
					e, err = nil, &RowError{Table: "journal", Key: strconv.FormatInt(r.Int(0), 10), Err: err}
				}
				if !yield(e, err) {
					return errStop
				}
				return nil
			}, after)
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(nil, err)
		}
	}
}

// Things lists the rows of the directory as an audit sees them.
func (t Tables) Things(ctx context.Context) (things []Thing, err error) {
	err = t.Read(ctx, func(tx Tx) error {
		return errors.Join(
			thingsOf(tx, t.Keys, &things, "AppRows", "app", func(a *App) string { return a.Key }),
			thingsOf(tx, t.Keys, &things, "SessionRows", "session", func(s *Session) string { return s.Digest }),
			thingsOf(tx, t.Keys, &things, "RulesRows", "rules", RulesKey),
			tx.Query("BrandRows", func(r Row) error {
				b := &ledger.Brand{ID: r.Text(0), Serial: r.Int(1), Version: r.Int(2)}
				things = append(things, BrandThing(b))
				return nil
			}),
			tx.Query("Revision", func(r Row) error {
				things = append(things, RevisionThing(r.Int(0)))
				return nil
			}),
		)
	})
	return things, err
}

// BrandThing is what a brand's own row says.
func BrandThing(b *ledger.Brand) Thing {
	return Thing{What: "brand", Key: b.ID, State: fmt.Sprintf("number %d, version %d", b.Serial, b.Version)}
}

// RevisionThing is the directory's revision: it grows with every entry.
func RevisionThing(n int64) Thing { return Thing{What: "revision", State: strconv.FormatInt(n, 10)} }

// thingsOf reads rows of key, body.
func thingsOf[T any](tx Tx, keys seal.Keys, things *[]Thing, query, what string, key func(*T) string) error {
	return tx.Query(query, func(r Row) error {
		thing := Thing{What: what, Key: r.Text(0)}
		v, err := Reveal[T](keys, r.Bytes(1))
		if err == nil {
			thing.State, err = State(v)
			if k := key(v); err == nil && k != thing.Key {
				err = fmt.Errorf("the key is %s, and the body says %s", thing.Key, k)
			}
		}
		thing.Err = err
		*things = append(*things, thing)
		return nil
	})
}
