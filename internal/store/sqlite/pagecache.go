package sqlite

import (
	"sync"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// The engine's page cache costs more than it must, twice.
//
// A page with its header is a little more than four KiB, and the allocator knows powers of two. So the pages of all connections are
// allocated in one piece, which takes half the memory.
//
// When the engine splits a page it may swap the numbers of two pages, by way of a number that no page of a file smaller than a gigabyte has. The
// cache takes that for the greatest number it ever held, and at the commit looks at every page it holds for some that the file has no longer:
// half a millisecond, a tenth of what a batch costs. So the cache forgets the number in between.

// pagesMax is how many pages of all connections are allocated in one piece. More are allocated one by one.
const pagesMax = (writerCache + (readersIdle+1)*readerCache) << 20 / 4096

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
