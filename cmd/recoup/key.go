package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"recoup/internal/ledger"
	"recoup/internal/seal"
	"recoup/internal/store"
)

// keyCmd administers the keys of an installation: they encrypt secrets and peppers in the database, and seal the books.
type keyCmd struct {
	Create keyCreateCmd `cmd:"" help:"Make a key in a new file."`
	List   keyListCmd   `cmd:"" help:"Show which keys there are, and what is encrypted under each."`
	Rotate keyRotateCmd `cmd:"" help:"Encrypt everything anew under the first key."`
}

type keyCreateCmd struct {
	File string `arg:"" help:"The file to make."`
}

// Help says what to do with it.
func (keyCreateCmd) Help() string {
	return "Keep the file where backups of the database are not: who has both can read every secret and forge the books; who has lost it has lost every " +
		"secret.\n\nExample:\n\n  recoup key create /etc/recoup/key\n  recoup key rotate --key-file /etc/recoup/key\n  recoup serve --key-file /etc/recoup/key"
}

// Run makes the file.
func (c *keyCreateCmd) Run(e *env) error {
	f, err := os.OpenFile(c.File, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if _, err := f.WriteString(seal.New() + "\n"); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "%s has a key; next: recoup key rotate --key-file %s\n", c.File, c.File)
	return nil
}

// rekeyer is a store that keeps secrets.
type rekeyer interface {
	Rekey(ctx context.Context, by store.Author) (int, error)
	EncryptedUnder(ctx context.Context) (map[string]int, error)
	SealJournal(ctx context.Context) error
	SealHead(ctx context.Context, b *ledger.Brand) (store.Link, error)
}

type keyListCmd struct {
	dbFlag
	jsonFlag
}

// keyView is a key as JSON.
type keyView struct {
	Key     string `json:"key"` // its id; "" for what is not encrypted
	Here    bool   `json:"here"`
	First   bool   `json:"first"` // new secrets are encrypted under it
	Secrets int    `json:"secrets"`
}

// Run lists the keys. It needs none of them.
func (c *keyListCmd) Run(e *env) error {
	keys, err := c.keys()
	if err != nil {
		return err
	}
	s, err := c.look(e)
	if err != nil {
		return err
	}
	defer s.Close()
	counts, err := s.(rekeyer).EncryptedUnder(e.ctx)
	if err != nil {
		return err
	}
	var views []keyView
	for i, k := range keys {
		views = append(views, keyView{k.ID(), true, i == 0, counts[k.ID()]})
		delete(counts, k.ID())
	}
	for _, id := range slices.Sorted(maps.Keys(counts)) {
		views = append(views, keyView{Key: id, Secrets: counts[id]})
	}
	return printList(e, c.JSON, append([]keyView{}, views...), "KEY\tSTATE\tSECRETS", func(v keyView) string {
		state := "not here"
		switch {
		case v.First:
			state = "encrypts"
		case v.Here:
			state = "decrypts"
		case v.Key == "":
			v.Key, state = "-", "not encrypted"
		}
		return fmt.Sprintf("%s\t%s\t%d", v.Key, state, v.Secrets)
	})
}

type keyRotateCmd struct {
	dbFlag
	authorFlags
}

// Help shows the steps.
func (keyRotateCmd) Help() string {
	return "A key file has one key a line: the first encrypts, all decrypt. To change keys: put the new one first, restart the servers one after the other, " +
		"run this, then take the old line out. The first time: make a key, restart the servers with it, run this.\n\nExample:\n\n  recoup key rotate --key-file /etc/recoup/key"
}

// Run encrypts everything anew.
func (c *keyRotateCmd) Run(e *env) error {
	by, err := c.author()
	if err != nil {
		return err
	}
	keys, err := c.keys()
	if err != nil {
		return err
	}
	if len(keys) == 0 {
		return errors.New("want --key-file or RECOUP_KEY; `recoup key create FILE` makes a key")
	}
	s, err := c.open(e)
	if err != nil {
		return err
	}
	defer s.Close()
	n, err := s.(rekeyer).Rekey(e.ctx, by)
	if err != nil {
		return err
	}
	if err := reseal(e.ctx, s); err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "%d secrets are encrypted under key %s\n", n, keys[0].ID())
	return nil
}

// reseal seals where every chain and the journal stand, as a service does each second, if there is a key.
func reseal(ctx context.Context, s store.Store) error {
	k, ok := s.(rekeyer)
	if !ok || !s.Sealing() {
		return nil
	}
	snap, err := s.Snapshot(ctx)
	if err != nil {
		return err
	}
	for _, b := range snap.Brands {
		if _, err := k.SealHead(ctx, b); err != nil {
			return err
		}
	}
	return k.SealJournal(ctx)
}
