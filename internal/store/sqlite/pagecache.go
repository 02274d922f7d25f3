package sqlite

import (
	"math"
	"sync"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// The engine's page cache costs more than it must, twice.
//
// A page with its header is a little more than four KiB, and the allocator knows powers of two. So the pages of a connection are
// allocated in one piece, which takes half the memory.
//
// When the engine splits a page it may swap the numbers of two pages, by way of a number that no page of a file smaller than a gigabyte has. The
// cache takes that for the greatest number it ever held, and at the commit looks at every page it holds for some that the file has no longer:
// half a millisecond, a tenth of what a batch costs. So the cache forgets the number in between.

// swapPage is the number in between: that of the page which holds the engine's lock bytes.
const swapPage = 1<<30/4096 + 1

var (
	pageCache sync.Once
	rekeyPage rekeyFunc // the cache's own
)

type rekeyFunc = func(_ *libc.TLS, cache, page uintptr, from, to uint32)

// tunePageCache comes before the process opens its first connection. If it comes too late, all that is lost is the time.
func tunePageCache() {
	pageCache.Do(func() {
		tls := libc.NewTLS()
		defer tls.Close()
		room := libc.Xmalloc(tls, 1<<10)
		defer libc.Xfree(tls, room)
		methods := room + 64
		if sqlite3.Xsqlite3_config(tls, sqlite3.SQLITE_CONFIG_GETPCACHE2, libc.VaList(room, methods)) != sqlite3.SQLITE_OK {
			return
		}
		_ = sqlite3.Xsqlite3_config(tls, sqlite3.SQLITE_CONFIG_PAGECACHE, libc.VaList(room, uintptr(0), int32(0), int32(math.MaxInt32)))
		m := (*sqlite3.Tsqlite3_pcache_methods2)(memory(methods))
		rekeyPage = functionAt[rekeyFunc](m.FxRekey)
		m.FxRekey = pointerTo[rekeyFunc](rekey)
		_ = sqlite3.Xsqlite3_config(tls, sqlite3.SQLITE_CONFIG_PCACHE2, libc.VaList(room, methods))
	})
}

func rekey(tls *libc.TLS, cache, page uintptr, from, to uint32) {
	c := (*sqlite3.TPCache1)(memory(cache))
	greatest := c.FiMaxKey
	rekeyPage(tls, cache, page, from, to)
	if to == swapPage {
		c.FiMaxKey = greatest
	}
}
