package sqlite_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/store"
	"recoup/internal/store/sqlite"
)

// copyFile copies a file's bytes, as cp does.
func copyFile(t testing.TB, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	check(t, err)
	check(t, os.WriteFile(to, data, 0o600))
}

// bookAll books operations from one number to another.
func bookAll(t testing.TB, s *sqlite.Store, from, to int) {
	t.Helper()
	for n := from; n <= to; n++ {
		book(t, s, byte(n))
	}
}

func openFile(t testing.TB, path string, logPages int) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Options{Path: path, LogPages: logPages})
	check(t, err)
	return s
}

// TestStaleLog puts copies of a database in its place after a crash, beside the log that the crash left: each is refused and named, unless file
// and log belong together; without the log each opens. Even a backup of the last moment has its pages elsewhere.
func TestStaleLog(t *testing.T) {
	for _, tt := range []struct {
		name  string
		take  func(t *testing.T, s *sqlite.Store, path, kept string) // between the first and the later operations
		later func(t *testing.T, s *sqlite.Store, path, kept string) // at the end, instead of take
		stale bool
	}{
		{"nothing restored", nil, nil, false},
		{"an older backup", func(t *testing.T, s *sqlite.Store, _, kept string) { check(t, s.Backup(t.Context(), kept)) }, nil, true},
		{"an older file", func(t *testing.T, _ *sqlite.Store, path, kept string) { copyFile(t, path, kept) }, nil, true},
		{"a backup of the end", nil, func(t *testing.T, s *sqlite.Store, _, kept string) { check(t, s.Backup(t.Context(), kept)) }, true},
		{"another database", nil, func(t *testing.T, _ *sqlite.Store, _, kept string) {
			other := openFile(t, kept, 0)
			check(t, other.PutBrand(t.Context(), &ledger.Brand{ID: "b"}, store.Author{}))
			bookAll(t, other, 101, 250)
			check(t, other.Close())
		}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir, kept := t.TempDir(), filepath.Join(t.TempDir(), "kept.db")
			path, crashed := filepath.Join(dir, "recoup.db"), filepath.Join(t.TempDir(), "recoup.db")
			s := openFile(t, path, 0)
			check(t, s.PutBrand(t.Context(), &ledger.Brand{ID: "b"}, store.Author{}))
			bookAll(t, s, 1, 40)
			check(t, s.Close()) // the file has it all
			s = openFile(t, path, 20)
			if tt.take != nil {
				tt.take(t, s, path, kept)
			}
			bookAll(t, s, 41, 90) // the log begins again, several times
			if tt.later != nil {
				tt.later(t, s, path, kept)
			}
			copyFile(t, path, crashed)
			copyFile(t, path+"-wal", crashed+"-wal")
			check(t, s.Close())
			if tt.take != nil || tt.later != nil {
				copyFile(t, kept, crashed)
			}
			r, err := sqlite.Open(t.Context(), sqlite.Options{Path: crashed})
			if tt.stale {
				if !errors.Is(err, sqlite.ErrStale) || !strings.Contains(err.Error(), "recoup.db-wal") {
					t.Fatalf("opened: %v", err)
				}
				check(t, os.Remove(crashed+"-wal"))
				_ = os.Remove(crashed + "-shm")
				r, err = sqlite.Open(t.Context(), sqlite.Options{Path: crashed})
			}
			check(t, err)
			whole(t, r)
			check(t, r.Close())
		})
	}
}

// TestCleanStop leaves no log, whoever was reading: a file that is put in the place of this one is what is served.
func TestCleanStop(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "recoup.db")
	s := openFile(t, path, 0)
	check(t, s.PutBrand(t.Context(), &ledger.Brand{ID: "b"}, store.Author{}))
	bookAll(t, s, 1, 20)
	for range s.Ops(t.Context(), "b", 0) {
		for range s.Lots(t.Context(), "b") { // readers nest
			break
		}
	}
	if _, err := s.Read(t.Context(), "b", reverse.NewKeys(), 1); err != nil {
		t.Fatal(err)
	}
	check(t, s.Close())
	files, err := os.ReadDir(dir)
	check(t, err)
	for _, f := range files {
		if f.Name() != "recoup.db" {
			t.Errorf("%s is left", f.Name())
		}
	}
}

// TestFileGone: when the file or its log is removed or replaced under a running store, nothing is acknowledged any more within a second, and
// reads fail too, so that /readyz tells.
func TestFileGone(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(t *testing.T, path string)
		want string
	}{
		{"removed", func(t *testing.T, path string) { check(t, os.Remove(path)) }, "recoup.db is gone"},
		{"moved", func(t *testing.T, path string) { check(t, os.Rename(path, path+".old")) }, "recoup.db is gone"},
		{"replaced", func(t *testing.T, path string) {
			copyFile(t, path, path+".new")
			check(t, os.Rename(path+".new", path))
		}, "recoup.db was replaced"},
		{"log removed", func(t *testing.T, path string) { check(t, os.Remove(path+"-wal")) }, "recoup.db-wal is gone"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "recoup.db")
			s := openFile(t, path, 0)
			defer s.Close()
			check(t, s.PutBrand(t.Context(), &ledger.Brand{ID: "b"}, store.Author{}))
			book(t, s, 1)
			tt.do(t, path)
			time.Sleep(time.Second)
			b, err := s.Begin(t.Context(), "b", reverse.NewKeys(), nil, 1)
			if err == nil {
				b.Rollback()
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("a batch begins: %v, want %q", err, tt.want)
			}
			if _, err := s.Revision(t.Context()); err == nil {
				t.Error("reads go on")
			}
		})
	}
}

// TestLongReader: the log grows while a reader is open, and begins again within seconds after it has left.
func TestLongReader(t *testing.T) {
	path := filepath.Join(t.TempDir(), "recoup.db")
	s := openFile(t, path, 200)
	defer s.Close()
	check(t, s.PutBrand(t.Context(), &ledger.Brand{ID: "b"}, store.Author{}))
	bookAll(t, s, 1, 10)
	size := func() int64 {
		bytes, promised := s.LogSize()
		if promised != 384<<20 {
			t.Fatalf("promised are %d bytes", promised)
		}
		return bytes
	}
	for range s.Ops(t.Context(), "b", 0) {
		bookAll(t, s, 11, 200)
		break
	}
	long := size()
	if long < 1<<20 {
		t.Fatalf("the log has %d bytes under a reader", long)
	}
	time.Sleep(2 * time.Second) // copied, as nobody reads
	for n := 201; n < 215; n++ {
		book(t, s, byte(n))
	}
	time.Sleep(2 * time.Second)
	grown := size()
	if grown > long {
		t.Errorf("the log has grown from %d to %d bytes after the reader left", long, grown)
	}
}
