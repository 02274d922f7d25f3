package main

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// heads are where the books of a database ended, as `recoup verify --heads` writes them.
type heads struct {
	Database string    `json:"database"`
	At       time.Time `json:"at"`
	Brands   []headOf  `json:"brands"`
	Seal     string    `json:"seal,omitempty"` // keyed digest of the above, if there is a key
}

// fields are what the seal is over.
func (h *heads) fields() []string {
	list := []string{"heads", h.Database, h.At.UTC().Format(time.RFC3339)}
	for _, b := range h.Brands {
		list = append(list, b.Brand, strconv.FormatInt(b.Operations, 10), b.Head)
	}
	return list
}

type headOf struct {
	Brand      string `json:"brand"`
	Operations int64  `json:"operations"`
	Head       string `json:"head"`
}

// journalHead stands for the journal where a brand's id would: ids have no blanks at their ends.
const journalHead = "journal "

func (c *verifyCmd) writeHeads(e *env, v *verdict) error {
	path := c.Heads
	h := heads{Database: v.Database, At: time.Now().Truncate(time.Second), Brands: []headOf{{journalHead, v.Journal.Entries, v.Journal.Head}}}
	for i := range v.Brands {
		b := &v.Brands[i]
		h.Brands = append(h.Brands, headOf{b.Brand, b.Ops, b.Head})
	}
	keys, err := c.keys()
	if err != nil {
		return err
	}
	if len(keys) > 0 {
		sum := keys.Sum(h.fields()...)
		h.Seal = hex.EncodeToString(sum[:])
	}
	text, err := json.MarshalIndent(h, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("--heads: %w", err)
	}
	fmt.Fprintf(e.stderr, "heads of the journal and %d brands are in %s; verify --expect %s holds the books to them\n", len(v.Brands), path, path)
	return nil
}

// An expectation is a head that a brand's books must have come past.
type expectation struct {
	brand string
	hash  [32]byte
}

// expected reads what --expect names. A head without a brand is meant for the only one that is verified.
func (c *verifyCmd) expected(brands []string) (list []expectation, err error) {
	for _, text := range c.Expect {
		brand, head, named := strings.Cut(text, ":")
		if !named {
			brand, head = "", text
		}
		if hash, ok := parseHead(head); ok {
			if !named {
				if len(brands) != 1 {
					return nil, fmt.Errorf("--expect %s: there are %d brands; write BRAND:%s, or add --brand", text, len(brands), text)
				}
				brand = brands[0]
			}
			list = append(list, expectation{brand, hash})
			continue
		}
		fromFile, err := c.readHeads(text)
		if err != nil {
			return nil, fmt.Errorf("--expect %s: want a head of 64 hexadecimal digits, or a file that --heads wrote: %w", text, err)
		}
		list = append(list, fromFile...)
	}
	return list, nil
}

// readHeads reads a file of heads. Where there is a key, its seal must be good: who can change the database may reach the file, too.
func (c *verifyCmd) readHeads(path string) (list []expectation, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var h heads
	if err := json.Unmarshal(text, &h); err != nil {
		return nil, err
	}
	keys, err := c.keys()
	if err != nil {
		return nil, err
	}
	if sum, err := hex.DecodeString(h.Seal); len(keys) > 0 && (err != nil || !keys.Check(sum, h.fields()...)) {
		return nil, errors.New("its seal is not by this key: it was changed, or written without the key")
	}
	for _, b := range h.Brands {
		hash, ok := parseHead(b.Head)
		if !ok {
			return nil, fmt.Errorf("brand %s has no head", b.Brand)
		}
		if b.Operations > 0 { // of empty books there is no link
			list = append(list, expectation{b.Brand, hash})
		}
	}
	return list, nil
}

// of are the hashes that are expected of a brand.
func of(expected []expectation, brand string) (hashes [][32]byte) {
	for _, x := range expected {
		if x.brand == brand {
			hashes = append(hashes, x.hash)
		}
	}
	return hashes
}

func parseHead(text string) (hash [32]byte, ok bool) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != len(hash) {
		return hash, false
	}
	return [32]byte(b), true
}
