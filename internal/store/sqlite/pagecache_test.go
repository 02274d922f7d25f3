package sqlite

import (
	"testing"

	sqlite3 "modernc.org/sqlite/lib"
)

// TestPageCache: pages of the cache come from one piece of memory, and after pages were swapped the cache still knows how many the file has.
func TestPageCache(t *testing.T) {
	s, err := Open(t.Context(), Options{Path: t.TempDir() + "/test.db"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	w := <-s.writer
	defer func() { s.writer <- w }()
	c := w.c
	err = c.exec(`CREATE TABLE t (k BLOB PRIMARY KEY) WITHOUT ROWID; BEGIN; INSERT INTO t
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
