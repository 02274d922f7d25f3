package sqlite

import (
	"sync"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// The engine's page cache costs more than it must, in three ways.
//
// A page with its header is a little more than four KiB, and the allocator knows powers of two. So the pages of all connections are
// allocated in one piece, which takes half the memory.
//
// When the engine splits a page it may swap the numbers of two pages, by way of a number that no page of a file smaller than a gigabyte has. The
// cache takes that for the greatest number it ever held, and at the commit looks at every page it holds for some that the file has no longer:
// half a millisecond, a tenth of what a batch costs. So the cache forgets the number in between.
//
// All connections have one list of pages by last use, but each counts its own. A reader that has its number takes the oldest page of them all, so
// the writer falls below its own number and takes new memory instead of the oldest page; and as all numbers together are reached by then, the cache
// drops that page with its first use, root pages among them. So the writer may have all pages there are: then it is the one piece running
// short that makes everybody take the oldest.

const (
	pagesMax    = 74 << 20 / 4096 // pages of all connections, in one piece. More are allocated one by one, if all of these are in use at once
	readerPages = 2 << 20 / 4096  // from where on a reader takes the oldest page of all for its next
)

// swapPage is the number in between: that of the page which holds the engine's lock bytes.
const swapPage = 1<<30/4096 + 1

var (
	pageCache sync.Once
	rekeyPage rekeyFunc // the cache's own
)

type rekeyFunc = func(_ *libc.TLS, cache, page uintptr, from, to uint32)

// tunePageCache comes before the process opens its first connection. If it comes too late, all that is lost is memory and time.
func tunePageCache() {
	pageCache.Do(func() {
		tls := libc.NewTLS()
		defer tls.Close()
		arguments := libc.Xmalloc(tls, 64)
		defer libc.Xfree(tls, arguments)
		config := func(option int32, a ...any) { sqlite3.Xsqlite3_config(tls, option, libc.VaList(arguments, a...)) }

		m := (*sqlite3.Tsqlite3_pcache_methods2)(memory(libc.Xcalloc(tls, 1, libc.Tsize_t(unsafe.Sizeof(sqlite3.Tsqlite3_pcache_methods2{})))))
		methods := uintptr(unsafe.Pointer(m))
		defer libc.Xfree(tls, methods)
		if config(sqlite3.SQLITE_CONFIG_GETPCACHE2, methods); m.FxRekey == 0 {
			return // too late
		}
		rekeyPage = functionAt[rekeyFunc](m.FxRekey)
		m.FxRekey = pointerTo[rekeyFunc](rekey)
		config(sqlite3.SQLITE_CONFIG_PCACHE2, methods)

		config(sqlite3.SQLITE_CONFIG_PCACHE_HDRSZ, methods)
		size := 4096 + *(*int32)(memory(methods))
		config(sqlite3.SQLITE_CONFIG_PAGECACHE, libc.Xmalloc(tls, libc.Tsize_t(size)*pagesMax), size, int32(pagesMax))
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
