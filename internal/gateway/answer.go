package gateway

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"recoup/internal/top"
)

// Header values that never change are shared; net/http only reads them.
var (
	typeXML   = []string{top.XML.ContentType()}
	typeJSON  = []string{top.JSON.ContentType()}
	encodedBy = []string{"gzip"}
	replayed  = []string{"true"}
	nosniff   = []string{"nosniff"}
)

// minGzip is the smallest answer, in bytes, that is worth compressing.
const minGzip = 1 << 10

// write sends the answer: always HTTP 200, because most clients take anything else for a broken line. Length and request id are
// headers, so that it goes out in one piece.
func write(w http.ResponseWriter, c *call) {
	out := c.out
	h := w.Header()
	h["X-Content-Type-Options"] = nosniff // JSON is text/javascript here
	h["Content-Type"] = typeXML
	if c.format == top.JSON {
		h["Content-Type"] = typeJSON
	}
	if len(out) > minGzip && asksGzip(c.r.Header["Accept-Encoding"]) {
		z := zippers.Get().(*zipper)
		defer zippers.Put(z)
		out = z.zip(out)
		h["Content-Encoding"] = encodedBy
	}
	values := [2]string{strconv.Itoa(len(out)), c.RequestID}
	h["Content-Length"] = values[0:1:1]
	h["X-Request-Id"] = values[1:2:2]
	if c.reply.Replayed {
		h["X-Idempotent-Replayed"] = replayed
	}
	if c.fault != nil && c.fault.RetryAfter > 0 {
		h["Retry-After"] = []string{strconv.Itoa(c.fault.RetryAfter)}
	}
	if c.hint != "" {
		h["X-Recoup-Hint"] = []string{c.hint}
	}
	_, _ = w.Write(out) //nolint:gosec // JSON and XML by their types; a client that went away is no trouble of ours
}

// asksGzip is true only if the client names gzip and does not give it the quality 0. Half of the clients cannot read what they did not
// ask for.
func asksGzip(accept []string) bool {
	for _, line := range accept {
		for len(line) > 0 {
			var coding, quality string
			coding, line, _ = strings.Cut(line, ",")
			coding, quality, _ = strings.Cut(coding, ";")
			if strings.EqualFold(strings.TrimSpace(coding), "gzip") {
				quality = strings.TrimPrefix(strings.ReplaceAll(strings.ToLower(quality), " ", ""), "q=")
				return quality == "" || strings.Trim(quality, "0.") != ""
			}
		}
	}
	return false
}

// A zipper compresses one answer at a time into a buffer of its own.
type zipper struct {
	w   *gzip.Writer
	buf bytes.Buffer
}

var zippers = sync.Pool{New: func() any {
	w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level is a legal one
	return &zipper{w: w}
}}

// zip returns the compressed text, valid until the next one.
func (z *zipper) zip(text []byte) []byte {
	z.buf.Reset()
	z.w.Reset(&z.buf)
	_, _ = z.w.Write(text) // into memory: cannot fail
	_ = z.w.Close()
	return z.buf.Bytes()
}
