package sqlite_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/store"
	"recoup/internal/store/sqlite"
	"recoup/internal/store/storetest"
)

func open(t testing.TB, dir string) store.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(dir, "recoup.db")})
	return storetest.Opened(t, s, err)
}

func TestStore(t *testing.T) {
	storetest.Run(t, func(t testing.TB) store.Store { return open(t, t.TempDir()) })
}

func TestPersist(t *testing.T) { storetest.Persist(t, open) }

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// book commits one batch of one operation.
func book(t testing.TB, s store.Store, n byte) {
	t.Helper()
	ctx := context.Background()
	b, err := s.Begin(ctx, "b", reverse.NewKeys(), nil, 1)
	check(t, err)
	defer b.Rollback()
	b.State().Changes.Ops = append(b.State().Changes.Ops, &ledger.Op{ID: ledger.ID{n}, At: b.At()})
	check(t, b.Save(ctx))
	check(t, b.Commit(ctx))
}

func last(t testing.TB, s store.Store) int64 {
	t.Helper()
	head, err := s.Head(context.Background(), "b")
	check(t, err)
	return head.Last
}

// TestTwoProcesses opens one file twice: the second writer waits for the first, and goes on where it stopped.
func TestTwoProcesses(t *testing.T) {
	dir := t.TempDir()
	one, two := open(t, dir), open(t, dir)
	check(t, one.PutBrand(t.Context(), &ledger.Brand{ID: "b"}, store.Author{}))
	for n := range byte(10) {
		book(t, []store.Store{one, two}[n%2], n+1)
	}
	done := make(chan struct{})
	for i, s := range []store.Store{one, two} {
		go func() {
			defer func() { done <- struct{}{} }()
			for n := range byte(20) {
				book(t, s, 100+byte(i)*50+n)
			}
		}()
	}
	<-done
	<-done
	if last(t, one) != 50 || last(t, two) != 50 {
		t.Errorf("operations: %d and %d, want 50", last(t, one), last(t, two))
	}
	a, err := one.Numbers(t.Context(), "b", 10)
	check(t, err)
	if b, err := two.Numbers(t.Context(), "b", 10); err != nil || b != a+10 {
		t.Errorf("numbers %d and %d, %v", a, b, err)
	}
	brand := &ledger.Brand{ID: "b", Version: 1, Name: "new"}
	check(t, two.PutBrand(t.Context(), brand, store.Author{}))
	state, err := one.Read(t.Context(), "b", reverse.NewKeys(), 1)
	check(t, err)
	if state.Brand.Name != "new" {
		t.Errorf("rules of another process are not seen: %+v", state.Brand)
	}
}

func TestReadOnly(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "recoup.db")
	if _, err := sqlite.Open(t.Context(), sqlite.Options{Path: path, ReadOnly: true}); err == nil {
		t.Fatal("a file that is not there was opened")
	}
	s := open(t, dir)
	check(t, s.PutBrand(t.Context(), &ledger.Brand{ID: "b"}, store.Author{}))
	book(t, s, 1)
	r, err := sqlite.Open(t.Context(), sqlite.Options{Path: path, ReadOnly: true})
	check(t, err)
	book(t, s, 2)
	if last(t, r) != 2 {
		t.Errorf("reader sees operation %d, want 2", last(t, r))
	}
	if _, err := r.Begin(t.Context(), "b", reverse.NewKeys(), nil, 1); err == nil {
		t.Error("a reader began a batch")
	}
	if err := r.PutApp(t.Context(), &store.App{Key: "1"}, store.Author{}); err == nil {
		t.Error("a reader wrote")
	}
	check(t, r.Close())
	check(t, s.Close())
	r, err = sqlite.Open(t.Context(), sqlite.Options{Path: path, ReadOnly: true}) // nobody else has it open
	check(t, err)
	if last(t, r) != 2 {
		t.Errorf("reader sees operation %d, want 2", last(t, r))
	}
	whole(t, r)
	check(t, r.Close())
	if _, err := r.Head(t.Context(), "b"); err == nil {
		t.Error("a closed store answers")
	}
}

func TestBackup(t *testing.T) {
	s := open(t, t.TempDir())
	check(t, s.PutBrand(t.Context(), &ledger.Brand{ID: "b"}, store.Author{}))
	book(t, s, 1)
	dir := t.TempDir()
	b, err := s.Begin(t.Context(), "b", reverse.NewKeys(), nil, 1) // a backup does not wait for the writer
	check(t, err)
	backup := s.(*sqlite.Store).Backup
	check(t, backup(t.Context(), filepath.Join(dir, "recoup.db")))
	b.Rollback()
	book(t, s, 2)
	copied := open(t, dir)
	if last(t, copied) != 1 {
		t.Errorf("the copy has operation %d, want 1", last(t, copied))
	}
	whole(t, copied)
	book(t, copied, 3)
	if err := backup(t.Context(), filepath.Join(dir, "recoup.db")); err == nil {
		t.Error("a backup overwrote a file")
	}
}

// TestForeign: a file that is something else is refused, by both ways to open, and stays as it is. One without tables may be opened to write.
func TestForeign(t *testing.T) {
	other := filepath.Join(t.TempDir(), "other.db")
	db, err := sql.Open("sqlite", other)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("CREATE TABLE note (text TEXT)"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(other)
	if err != nil {
		t.Fatal(err)
	}
	for _, readOnly := range []bool{true, false} {
		if _, err := sqlite.Open(t.Context(), sqlite.Options{Path: other, ReadOnly: readOnly}); !errors.Is(err, sqlite.ErrForeign) {
			t.Errorf("Open, read-only %v: %v, want ErrForeign", readOnly, err)
		}
	}
	if after, err := os.ReadFile(other); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file has changed: %v", err)
	}
	empty := filepath.Join(t.TempDir(), "empty.db")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(t.Context(), sqlite.Options{Path: empty, ReadOnly: true}); !errors.Is(err, sqlite.ErrForeign) {
		t.Errorf("Open an empty file read-only: %v, want ErrForeign", err)
	}
	s, err := sqlite.Open(t.Context(), sqlite.Options{Path: empty})
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
}

// TestNewerSchema: an older program neither writes nor audits what it does not know.
func TestNewerSchema(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "recoup.db")
	s := open(t, dir)
	check(t, s.PutBrand(t.Context(), &ledger.Brand{ID: "b"}, store.Author{}))
	db, err := sql.Open("sqlite", path)
	check(t, err)
	_, err = db.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)")
	check(t, errors.Join(err, db.Close()))
	if _, err := sqlite.Open(t.Context(), sqlite.Options{Path: path}); !errors.Is(err, sqlite.ErrNewer) {
		t.Errorf("Open: %v, want ErrNewer", err)
	}
	if _, err := sqlite.Open(t.Context(), sqlite.Options{Path: path, ReadOnly: true}); !errors.Is(err, sqlite.ErrNewer) {
		t.Errorf("Open read-only: %v, want ErrNewer", err)
	}
}

// TestOlderSchema: an older schema is brought up to date only when that is wanted, by who says so.
func TestOlderSchema(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "recoup.db")
	s := open(t, dir)
	check(t, errors.Join(s.PutBrand(t.Context(), &ledger.Brand{ID: "b"}, store.Author{}), s.Close()))
	db, err := sql.Open("sqlite", path)
	check(t, err)
	_, err = db.Exec("DELETE FROM goose_db_version WHERE version_id = 2")
	check(t, err)
	for _, view := range []string{"operation", "posting", "lot", "balance", "hold", "voucher", "order", "reverse"} {
		_, err := db.Exec("DROP VIEW v_" + view)
		check(t, err)
	}
	check(t, db.Close())
	var said []int64
	o := sqlite.Options{Path: path, Migrated: func(from, to int64) { said = append(said, from, to) }}
	if _, err := sqlite.Open(t.Context(), o); !errors.Is(err, sqlite.ErrOlder) || said != nil {
		t.Errorf("Open: %v, want ErrOlder; said %v", err, said)
	}
	o.Upgrade = true
	s, err = sqlite.Open(t.Context(), o)
	check(t, err)
	check(t, s.Close())
	if !slices.Equal(said, []int64{1, 2}) {
		t.Errorf("said %v", said)
	}
}

// whole wants nothing to be wrong with a file.
func whole(t testing.TB, s store.Store) {
	t.Helper()
	if wrong, err := s.Integrity(t.Context()); wrong != nil || err != nil {
		t.Error(wrong, err)
	}
}

// crash copies file and log as a power cut would leave them.
func crash(t testing.TB, dir string) store.Store {
	t.Helper()
	after := t.TempDir()
	for _, name := range []string{"recoup.db", "recoup.db-wal"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		check(t, err)
		check(t, os.WriteFile(filepath.Join(after, name), b, 0o600))
	}
	s := open(t, after)
	whole(t, s)
	return s
}

func TestCrash(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	check(t, s.PutBrand(t.Context(), &ledger.Brand{ID: "b"}, store.Author{}))
	for n := range byte(20) {
		book(t, s, n+1)
	}
	if n := last(t, crash(t, dir)); n != 20 {
		t.Errorf("operation %d survived, want 20", n)
	}
}

// TestSyncRefused has the disk refuse the log of a commit that everybody can see already: nobody is told of it, nothing comes after it,
// and who starts anew hears what the disk has.
func TestSyncRefused(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	s := open(t, dir)
	check(t, s.PutBrand(ctx, &ledger.Brand{ID: "b"}, store.Author{}))
	book(t, s, 1)
	s.(*sqlite.Store).SetSync(func() error { return errors.New("no space on the moon") })
	b, err := s.Begin(ctx, "b", reverse.NewKeys(), nil, 1)
	check(t, err)
	b.State().Changes.Ops = append(b.State().Changes.Ops, &ledger.Op{ID: ledger.ID{2}})
	check(t, b.Save(ctx))
	if err := b.Commit(ctx); !errors.Is(err, store.ErrUnknown) {
		t.Errorf("Commit: %v, want ErrUnknown", err)
	}
	for what, ask := range map[string]func() error{
		"Begin":    func() error { _, err := s.Begin(ctx, "b", reverse.NewKeys(), nil, 1); return err },
		"Read":     func() error { _, err := s.Read(ctx, "b", reverse.NewKeys(), 1); return err },
		"Numbers":  func() error { _, err := s.Numbers(ctx, "b", 1); return err },
		"Outcome":  func() error { _, err := s.Outcome(ctx, "b", b.Token()); return err },
		"Revision": func() error { _, err := s.Revision(ctx); return err }, // which /readyz asks for
		"PutApp":   func() error { return s.PutApp(ctx, &store.App{Key: "1"}, store.Author{}) },
	} {
		if err := ask(); err == nil || !strings.Contains(err.Error(), "restart") {
			t.Errorf("%s: %v, want to be told to restart", what, err)
		}
	}
	if n := last(t, crash(t, dir)); n != 2 {
		t.Errorf("the disk has %d operations, want 2", n)
	}
}

// TestToldWhenDurable holds a sync back: nobody who could have seen the commit is told of it, and the next batch goes on meanwhile.
func TestToldWhenDurable(t *testing.T) {
	ctx := t.Context()
	s := open(t, t.TempDir()).(*sqlite.Store)
	check(t, s.PutBrand(ctx, &ledger.Brand{ID: "b"}, store.Author{}))
	syncing, disk := make(chan struct{}, 9), make(chan struct{})
	was := s.SetSync(nil)
	s.SetSync(func() error {
		syncing <- struct{}{}
		<-disk
		return was()
	})
	commit := func(ops ...*ledger.Op) <-chan error {
		b, err := s.Begin(ctx, "b", reverse.NewKeys(), nil, 1)
		check(t, err)
		b.State().Changes.Ops = append(b.State().Changes.Ops, ops...)
		check(t, b.Save(ctx))
		done := make(chan error, 1)
		go func() { done <- b.Commit(ctx) }()
		return done
	}
	told := map[string]<-chan error{"first": commit(&ledger.Op{ID: ledger.ID{1}})}
	<-syncing // its pages are written, and the writer is free
	told["second"] = commit(&ledger.Op{ID: ledger.ID{2}})
	told["empty"] = commit()
	read := make(chan error, 1)
	go func() {
		_, err := s.Read(ctx, "b", reverse.NewKeys(), 1)
		read <- err
	}()
	told["read"] = read
	time.Sleep(20 * time.Millisecond) // for whoever would answer too early
	for who, done := range told {
		select {
		case <-done:
			t.Errorf("%s was told before the disk had it", who)
		default:
		}
	}
	close(disk)
	for who, done := range told {
		if err := <-done; err != nil {
			t.Errorf("%s: %v", who, err)
		}
	}
	if n := len(syncing); n != 1 {
		t.Errorf("%d syncs more, want 1 for all who waited", n)
	}
}

// TestCheckpoint writes a log many times its length: it begins again, and the file has what it had.
func TestCheckpoint(t *testing.T) {
	dir := t.TempDir()
	s, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(dir, "recoup.db"), LogPages: 20})
	check(t, err)
	defer s.Close()
	check(t, s.PutBrand(t.Context(), &ledger.Brand{ID: "b"}, store.Author{}))
	for n := range 200 {
		book(t, s, byte(n+1))
	}
	info, err := os.Stat(filepath.Join(dir, "recoup.db-wal"))
	check(t, err)
	if info.Size() > 1<<20 {
		t.Errorf("the log has grown to %d bytes", info.Size())
	}
	if n := last(t, crash(t, dir)); n != 200 {
		t.Errorf("last operation %d, want 200", n)
	}
}

func TestDamagedPage(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "recoup.db")
	s := open(t, dir)
	check(t, s.PutBrand(t.Context(), &ledger.Brand{ID: "b"}, store.Author{}))
	for n := range byte(50) {
		book(t, s, n+1)
	}
	check(t, s.Close())
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	check(t, err)
	info, err := f.Stat()
	check(t, err)
	for at := int64(8192); at < info.Size(); at += 4096 {
		_, err = f.WriteAt(make([]byte, 512), at)
		check(t, err)
	}
	check(t, f.Close())
	r, err := sqlite.Open(t.Context(), sqlite.Options{Path: path, ReadOnly: true})
	var wrong []string
	if err == nil {
		wrong, err = r.Integrity(t.Context())
		check(t, r.Close())
	}
	if err == nil && wrong == nil {
		t.Error("damage was not found")
	}
}
