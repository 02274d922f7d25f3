package sqlite

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"recoup/internal/reverse"
	"recoup/internal/store"
)

// batch is one open transaction of the writing connection.
type batch struct {
	s      *Store
	w      *writer // nil when the batch has ended
	loaded *store.Loaded
	head   head // as it will be
	saved  bool
	token  string
}

// Begin takes the writer and the file's lock, then reads.
func (s *Store) Begin(ctx context.Context, brand string, keys *reverse.Keys, _ *store.Resolved, now int64) (store.Batch, error) {
	w, err := s.lock(ctx)
	if err != nil {
		return nil, err
	}
	t := &batch{s: s, w: w}
	if _, err := w.exec("Begin"); err != nil {
		s.writer <- w
		s.refused.Note(err)
		return nil, err
	}
	l, h, err := s.load(ctx, w.conn, brand, keys, now)
	if err != nil {
		t.Rollback()
		return nil, err
	}
	t.loaded, t.head = &l.Loaded, h
	return t, nil
}

func (t *batch) State() *reverse.State { return t.loaded.State }
func (t *batch) At() int64             { return t.loaded.At }
func (t *batch) Clock() int64          { return t.loaded.Clock }
func (t *batch) Token() string         { return t.token }

// Save writes the changes into the open transaction.
func (t *batch) Save(context.Context) error {
	err := t.save()
	t.s.refused.Note(err)
	return err
}

func (t *batch) save() error {
	if t.w == nil {
		return errors.New("sqlite: batch has ended")
	}
	if t.loaded.State.Empty() {
		return nil
	}
	writes, err := t.loaded.Plan()
	if err != nil {
		return err
	}
	for _, w := range writes {
		rows, err := t.w.exec(w.Statement, append([]any{t.head.serial}, w.Columns...)...)
		if err != nil {
			return err
		}
		if w.All && rows < int64(w.Rows) {
			return fmt.Errorf("%w: %s wrote %d rows of %d", store.ErrRetry, w.Statement, rows, w.Rows)
		}
	}
	if err := t.saveOps(); err != nil {
		return err
	}
	t.saved = true
	return nil
}

// saveOps appends the operations and one link, and moves the head.
func (t *batch) saveOps() error {
	h, ops := &t.head, t.loaded.State.Changes.Ops
	h.link.At = t.loaded.At
	t.token = rand.Text()
	if len(ops) > 0 {
		columns, digest := store.OpColumns(ops)
		seqs := make([]int64, len(ops))
		for i, o := range ops {
			h.link.Last++
			o.Seq, seqs[i] = h.link.Last, h.link.Last
		}
		if _, err := t.w.exec("SaveOps", append([]any{h.serial, seqs}, columns...)...); err != nil {
			return err
		}
		h.link.Hash = store.NextHash(h.link.Hash, digest)
		if _, err := t.w.exec("SaveLink", h.serial, h.link.Last, h.link.At, h.link.Hash[:]); err != nil {
			return err
		}
		t.token = linkToken(h.link)
	}
	_, err := t.w.exec("SaveHead", h.serial, h.link.Last, h.link.At, h.link.Hash[:], t.token)
	return err
}

// Commit returns when the log is synced.
func (t *batch) Commit(context.Context) error {
	err := t.commit()
	t.s.refused.Note(err)
	return err
}

func (t *batch) commit() error {
	if t.w == nil {
		return errors.New("sqlite: batch has ended")
	}
	defer t.Rollback()
	var err error
	if t.saved {
		err = t.s.commit(t.w)
	}
	switch {
	case err == nil:
		if t.saved {
			t.s.checkpoints.wrote(t.w)
		}
		commit := t.s.syncer.seen() // ours, or the last before us if we only read
		t.Rollback()                // gives the writer to the next batch
		if err = t.s.syncer.wait(commit); err == nil {
			return nil
		}
	case busy(err): // the engine keeps the transaction open, and Rollback undoes it
		return err
	}
	return fmt.Errorf("%w: %w", store.ErrUnknown, err)
}

// Rollback gives the writer back.
func (t *batch) Rollback() {
	if t.w == nil {
		return
	}
	w := t.w
	t.w = nil
	if w.inTransaction() {
		_, _ = w.exec("Rollback") // it fails only when the engine has rolled back by itself
	}
	t.s.writer <- w
}

func linkToken(l store.Link) string { return fmt.Sprintf("%d.%x", l.Last, l.Hash) }

// Outcome looks for the batch's link, or for its token in the brand's head when it has no link. Where another batch came after one
// without a link, the answer is no: such a batch holds only what may be written twice.
func (s *Store) Outcome(ctx context.Context, brand, token string) (committed bool, err error) {
	err = s.write(ctx, func(w *writer) error { // behind whatever is still being written
		h, err := w.head(ctx, brand)
		if err != nil {
			return err
		}
		var last int64
		if _, err := fmt.Sscanf(token, "%d.", &last); err != nil {
			committed = h.token == token && token != ""
			return nil
		}
		return w.query(ctx, "Link", func(r store.Row) error {
			committed = linkToken(store.Link{Last: last, Hash: [32]byte(r.Bytes(0))}) == token
			return nil
		}, h.serial, last)
	})
	return committed, err
}
