package gateway_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"testing"

	"recoup/internal/gateway"
	"recoup/internal/telemetry"
)

// A sink is a ResponseWriter that costs nothing.
type sink struct {
	header http.Header
	n      int
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(int)             {}
func (s *sink) Write(p []byte) (int, error) { s.n += len(p); return len(p), nil }

// BenchmarkServe is the gateway with signature and envelope around a method that does next to nothing, without net/http.
func BenchmarkServe(b *testing.B) {
	const operate = `{"brand_id":"1332","shop_id":"243545","customer_id":"34243334","operate_type":1,"change_value":1000,` +
		`"outer_order_id":"42343243242","request_id":"432432432","operator_id":"1","operator_name":"收银员","remark":"充值"}`
	for _, bench := range []struct{ name, signMethod, method string }{
		{"md5", "md5", http.MethodPost},
		{"hmac", "hmac", http.MethodPost},
		{"hmac-sha256", "hmac-sha256", http.MethodPost},
		{"query", "md5", http.MethodGet},
	} {
		b.Run(bench.name, func(b *testing.B) {
			g := setup(b, func(o *gateway.Options) { o.Log = telemetry.NewLogger(io.Discard, slog.LevelWarn) })
			text := request("taobao.time.get", "sign_method", bench.signMethod, "session", session, "simplify", "true", "param", operate).
				sign(secret).encode()
			reader := bytes.NewReader([]byte(text))
			r := &http.Request{
				Method: bench.method, URL: &url.URL{Path: "/router/rest"}, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
				Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded;charset=UTF-8"}, "Accept-Encoding": {"gzip"}},
			}
			if bench.method == http.MethodGet {
				r.URL.RawQuery = text
			} else {
				r.Body, r.ContentLength = io.NopCloser(reader), int64(len(text))
			}
			w := &sink{header: make(http.Header)}
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				reader.Reset([]byte(text))
				clear(w.header)
				g.ServeHTTP(w, r)
			}
			if w.n < 50*b.N {
				b.Fatal("the answers are too short")
			}
		})
	}
}
