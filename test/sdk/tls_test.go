package sdk

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net/http/httptest"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"recoup"
	"recoup/internal/demo"
)

// certificate is one for 127.0.0.1 and its key, in files, and how a client trusts it.
func certificate(t *testing.T) (certFile, keyFile string, trusted *tls.Config) {
	t.Helper()
	known := httptest.NewTLSServer(nil)
	known.Close()
	pair := known.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for name, block := range map[string]*pem.Block{
		certFile: {Type: "CERTIFICATE", Bytes: pair.Certificate[0]}, keyFile: {Type: "PRIVATE KEY", Bytes: key},
	} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	roots := x509.NewCertPool()
	roots.AddCert(known.Certificate())
	return certFile, keyFile, &tls.Config{RootCAs: roots, ServerName: "127.0.0.1"}
}

// overTLS serves a world over TLS.
func overTLS(certFile, keyFile string) func(*recoup.Options) {
	return func(o *recoup.Options) { o.TLSCert, o.TLSKey = certFile, keyFile }
}

// bare is a call as the Go client of 2013 and the C++ client send it over TLS: the token and nothing else of the platform's.
func bare(c call, token string) string {
	f := form{{"method", c.method}, {"format", "json"}, {"v", "2.0"}, {"access_token", token}, {c.param, c.request}}
	return request("POST", "/router/rest", []string{"User-Agent: Go 1.1 package http", plainForm}, f.encoded())
}

// The old OAuth mode, over TLS: no key, no timestamp, no signature. The samples are done, and the same answers come again when they are sent
// in the signed way.
func TestAccessTokenOverTLS(t *testing.T) { onEach(t, testAccessTokenOverTLS) }

func testAccessTokenOverTLS(t *testing.T, open opener) {
	certFile, keyFile, trusted := certificate(t)
	w := open(t, overTLS(certFile, keyFile))
	w.tls = trusted
	if a := w.send(bare(sampleCall(demo.Samples[charge]), demo.Session)); textOf(t, "json", a.body, "code") != "44" {
		t.Errorf("an app that is not switched to it: %s", a.body)
	}
	w.allowLegacy()
	for _, s := range samples {
		for round := range 2 {
			a := w.send(bare(sampleCall(s.Sample), demo.Session))
			if got, _ := mask(a.body); got != s.json || a.replayed() != (round > 0) {
				t.Errorf("%s: %s", s.Document, a.body)
			}
		}
		if a := w.call(sampleCall(s.Sample), "json"); !a.replayed() {
			t.Errorf("%s, signed: %s", s.Document, a.body)
		}
	}
	if a := w.send(bare(sampleCall(demo.Samples[charge]), demo.Session+"2")); textOf(t, "json", a.body, "code") != "44" {
		t.Errorf("an unknown token: %s", a.body)
	}
	batch := func(calls ...call) string {
		var parts []string
		for _, c := range calls {
			parts = append(parts, form{{"method", c.method}, {c.param, c.request}}.encoded())
		}
		return request("POST", "/router/batch?v=2.0&format=json&access_token="+demo.Session, []string{"Content-Type: text/plain"}, strings.Join(parts, usualSeparator))
	}
	a := w.send(batch(sampleCall(demo.Samples[charge]), sampleCall(demo.Samples[submit])))
	if got := strings.Split(a.body, usualSeparator); len(got) != 2 || strings.Contains(a.body, "error_response") {
		t.Errorf("a batch: %s", a.body)
	}
}

// A library of npm, over TLS.
func TestNpmClientOverTLS(t *testing.T) { onEach(t, testNpmClientOverTLS) }

func testNpmClientOverTLS(t *testing.T, open opener) {
	node := needClients(t)
	certFile, keyFile, trusted := certificate(t)
	w := open(t, overTLS(certFile, keyFile))
	w.tls = trusted
	calls := make([]npmCall, len(samples))
	for i, s := range samples {
		calls[i] = sampleCall(s.Sample).npm()
	}
	for i, r := range runClient(t, node, "ali-topsdk", "", "https://"+w.addr, calls, "NODE_EXTRA_CA_CERTS="+certFile) {
		if r.Fault != nil || !strings.Contains(string(r.Answer), `success":true`) {
			t.Errorf("%s: %+v %s", samples[i].Document, r.Fault, r.Answer)
		}
	}
}

// Behind a proxy that ends TLS the token passes if the proxy is trusted, and only then.
func TestAccessTokenBehindAProxy(t *testing.T) { onEach(t, testAccessTokenBehindAProxy) }

func testAccessTokenBehindAProxy(t *testing.T, open opener) {
	_, _, trusted := certificate(t)
	for _, c := range []struct {
		name    string
		trusted string // network of the proxy
		passes  bool
	}{
		{"trusted", "127.0.0.0/8", true},
		{"not trusted", "", false},
		{"another is trusted", "10.0.0.0/8", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := open(t, func(o *recoup.Options) {
				if c.trusted != "" {
					o.Proxies = []netip.Prefix{netip.MustParsePrefix(c.trusted)}
				}
			})
			w.allowLegacy()
			behind := &url.URL{Scheme: "http", Host: w.addr}
			handler := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
				r.SetURL(behind)
				r.SetXForwarded()
			}}
			proxy := httptest.NewTLSServer(handler)
			defer proxy.Close()
			direct := *w
			w.addr, w.tls = proxy.Listener.Addr().String(), trusted

			want := map[bool]string{true: "", false: "44"}[c.passes]
			a := w.send(bare(sampleCall(demo.Samples[charge]), demo.Session))
			if textOf(t, "json", a.body, "code") != want {
				t.Errorf("by the proxy: %s", a.body)
			}
			// What somebody else says of TLS, past the proxy or through it in the open, is as good as nothing.
			forged := strings.Replace(bare(sampleCall(demo.Samples[charge]), demo.Session), "\r\n", "\r\nX-Forwarded-Proto: http, https\r\n", 1)
			if a := direct.send(forged); textOf(t, "json", a.body, "code") != "44" {
				t.Errorf("past the proxy: %s", a.body)
			}
			open := httptest.NewServer(handler)
			defer open.Close()
			direct.addr = open.Listener.Addr().String()
			if a := direct.send(strings.Replace(forged, "http, https", "https", 1)); textOf(t, "json", a.body, "code") != "44" {
				t.Errorf("through a proxy in the open: %s", a.body)
			}
			// Signed calls need no TLS.
			if a := direct.call(sampleCall(demo.Samples[charge]), "json"); a.replayed() != c.passes {
				t.Errorf("signed: %s", a.body)
			}
		})
	}
}
