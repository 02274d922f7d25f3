package sqlite

import (
	"fmt"
	"testing"

	sqlite3 "modernc.org/sqlite/lib"
)

// writerOf opens a store and takes its writer until the test ends.
func writerOf(t *testing.T) (*Store, *writes) {
	t.Helper()
	s, err := Open(t.Context(), Options{Path: t.TempDir() + "/test.db"})
	if err != nil {
		t.Fatal(err)
	}
	w := <-s.writer
	t.Cleanup(func() {
		s.writer <- w
		_ = s.Close()
	})
	return s, w
}

// TestPageCache: pages of the cache come from one piece of memory, and after pages were swapped the cache still knows how many the file has.
func TestPageCache(t *testing.T) {
	_, w := writerOf(t)
	c := w.c
	err := c.exec(`CREATE TABLE t (k BLOB PRIMARY KEY) WITHOUT ROWID; BEGIN; INSERT INTO t
		SELECT randomblob(200) FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 20000) SELECT i FROM n)`)
	if err != nil {
		t.Fatal(err)
	}
	db := (*sqlite3.Tsqlite3)(memory(c.db))
	tree := (*sqlite3.TBtree)(memory((*sqlite3.TDb)(memory(db.FaDb)).FpBt))
	shared := (*sqlite3.TBtShared)(memory(tree.FpBt))
	pages := (*sqlite3.TPCache)(memory((*sqlite3.TPager)(memory(shared.FpPager)).FpPCache))
	cache := (*sqlite3.TPCache1)(memory(pages.FpCache))
	if cache.FiMaxKey > shared.FnPage || cache.FiMaxKey < 500 {
		t.Errorf("the greatest page that the cache held is %d of %d", cache.FiMaxKey, shared.FnPage)
	}
	if rc := sqlite3.Xsqlite3_status(c.tls, sqlite3.SQLITE_STATUS_PAGECACHE_USED, c.out, c.out+4, 0); rc != sqlite3.SQLITE_OK {
		t.Fatal(c.fault(rc))
	}
	if used := *(*int32)(memory(c.out)); used < 500 {
		t.Errorf("%d pages are in the one piece", used)
	}
	if err := c.exec("ROLLBACK"); err != nil {
		t.Fatal(err)
	}
}

// TestPageCacheFull: when all pages are in use, what was read last stays, although readers have taken some of the writer's.
func TestPageCacheFull(t *testing.T) {
	s, w := writerOf(t)
	fill := fmt.Sprintf(`CREATE TABLE t (i INTEGER PRIMARY KEY, b BLOB); INSERT INTO t
		SELECT i, zeroblob(4000) FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT %d) SELECT i FROM n)`, pagesMax+2000)
	if err := w.c.exec(fill); err != nil {
		t.Fatal(err)
	}
	reader, err := s.connect(readOnly, readerPages)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.close()
	for range 2 {
		for _, c := range []*conn{reader, w.c} {
			if err := c.exec("SELECT sum(length(b)) FROM t"); err != nil {
				t.Fatal(err)
			}
		}
	}
	misses := func() int32 {
		sqlite3.Xsqlite3_db_status(w.c.tls, w.c.db, sqlite3.SQLITE_DBSTATUS_CACHE_MISS, w.c.out, w.c.out+4, 1)
		return *(*int32)(memory(w.c.out))
	}
	const some = "SELECT sum(length(b)) FROM t WHERE i <= 1000"
	for range 2 {
		misses()
		if err := w.c.exec(some); err != nil {
			t.Fatal(err)
		}
	}
	if n := misses(); n != 0 {
		t.Errorf("%d pages were read again", n)
	}
}
