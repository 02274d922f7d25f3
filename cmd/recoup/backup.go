package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"recoup"
	"recoup/internal/audit"
	"recoup/internal/store"
	"recoup/internal/store/sqlite"
)

type backupCmd struct {
	dbFlag
	File string `arg:"" help:"The file to make." type:"path"`
}

// Help says what is in it, and what there is for PostgreSQL.
func (backupCmd) Help() string {
	return "Copies a SQLite database as of one moment, while it is served, and proves the copy. Only its owner may read it: it has the secrets of apps, " +
		"encrypted where there is a key file, which belongs elsewhere. Of PostgreSQL, back up by its own means: docs/operating.md has the steps, and a " +
		"point in time to go back to.\n\nExample:\n\n  recoup backup /backup/recoup-$(date +%F).db"
}

// Run makes the copy under another name first: a file that is there is a whole one.
func (c *backupCmd) Run(e *env) error {
	if _, err := filePath("--db", c.DB); err != nil {
		return fmt.Errorf("%w; a PostgreSQL database is backed up by its own means (docs/operating.md, Backups)", err)
	}
	if _, err := os.Lstat(c.File); err == nil {
		return fmt.Errorf("%s: is there already; give another name", c.File)
	}
	part := c.File + ".part"
	f, err := os.OpenFile(part, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	err = c.copy(e, part)
	if err == nil {
		err = c.prove(e, part)
	}
	if err == nil {
		err = place(part, c.File)
	}
	if err != nil {
		return errors.Join(err, removed(part))
	}
	fmt.Fprintf(e.stdout, "%s is a copy of %s, and its books agree\n", c.File, c.DB)
	return nil
}

func (c *backupCmd) copy(e *env, to string) error {
	s, err := c.look(e)
	if err != nil {
		return err
	}
	defer s.Close()
	return s.(*sqlite.Store).Backup(e.ctx, to)
}

// prove audits a file. It has not to be served for that.
func (f *dbFlag) prove(e *env, path string) error {
	keys, err := f.keys()
	if err != nil {
		return err
	}
	s, err := recoup.Database{DSN: "sqlite:" + path, Keys: keys, ReadOnly: true}.Open(e.ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	found, err := audit.Integrity(e.ctx, s)
	if err != nil {
		return err
	}
	_, _, more, err := audit.Directory(e.ctx, s)
	if err != nil {
		return err
	}
	brands, err := s.Brands(e.ctx)
	if err != nil {
		return err
	}
	found = append(found, more...)
	for _, b := range brands {
		line := verifyLine{e: e, brand: b}
		_, more, err := audit.Verify(e.ctx, s, b, line.show)
		if err != nil {
			return err
		}
		found = append(found, more...)
	}
	if found != nil {
		return fmt.Errorf("%w: %s", errDiverge, found[0])
	}
	return nil
}

// place gives a file that is written its name, and waits for the disk.
func place(from, to string) error {
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close(), removed(from+"-wal"), removed(from+"-shm"), os.Rename(from, to)); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(to))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// removed removes a file that may be there.
func removed(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// filePath is the file of a SQLite database.
func filePath(flag, dsn string) (string, error) {
	path, ok := strings.CutPrefix(dsn, "sqlite:")
	if !ok {
		return "", fmt.Errorf("%s %s: want sqlite:FILE", flag, recoup.Database{DSN: dsn})
	}
	return path, nil
}

type restoreCmd struct {
	dbFlag
	authorFlags
	File    string `arg:"" help:"The backup." type:"existingfile"`
	Replace bool   `help:"Move what is there aside first. Nothing may serve it."`
}

// Help says what becomes of what is there.
func (restoreCmd) Help() string {
	return "Proves a backup and puts a copy of it in the place of --db. With --replace, what is there is moved aside and kept. What was booked after the " +
		"backup is not in it: `recoup verify --expect` tells how far the books had come.\n\nExample:\n\n  recoup restore /backup/recoup-2026-03-01.db --replace --reason 磁盘损坏"
}

// Run restores.
func (c *restoreCmd) Run(e *env) error {
	by, err := c.author()
	if err != nil {
		return err
	}
	path, err := filePath("--db", c.DB)
	if err != nil {
		return err
	}
	if err := c.prove(e, c.File); err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	_, err = os.Lstat(path)
	there := err == nil
	switch {
	case there && !c.Replace:
		return fmt.Errorf("--db %s: there is a database; --replace moves it aside", c.DB)
	case there && sqlite.InUse(path):
		return fmt.Errorf("--db %s: somebody has it open; stop what serves it first", c.DB)
	}
	part := path + ".restored"
	if err := copyFile(c.File, part); err != nil {
		return errors.Join(err, removed(part))
	}
	if there {
		aside := path + ".before-" + time.Now().Format("20060102-150405")
		for _, suffix := range []string{"", "-wal", "-shm"} { // the log belongs to the file
			if err := os.Rename(path+suffix, aside+suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
		}
		fmt.Fprintf(e.stdout, "what was there is in %s\n", aside)
	}
	if err := place(part, path); err != nil {
		return err
	}
	s, err := c.open(e)
	if err != nil {
		return err
	}
	defer s.Close()
	act := &store.Entry{Author: by, What: "restore", Key: filepath.Base(c.File)}
	if err := s.Note(e.ctx, act); err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "%s is restored from %s\n", c.DB, c.File)
	return reseal(e.ctx, s)
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = out.ReadFrom(in)
	return errors.Join(err, out.Sync(), out.Close())
}
