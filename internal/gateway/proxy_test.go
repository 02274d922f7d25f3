package gateway_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"recoup/internal/gateway"
)

// What a request says of the way it came counts only if a trusted machine says it.
func TestTrustedProxies(t *testing.T) {
	bare := "/router/rest?access_token=" + oldSession + "&method=alibaba.test.session&v=2.0&format=json"
	trust := func(o *gateway.Options) {
		o.Proxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	}
	for _, c := range []struct {
		name, peer string
		proto      []string // X-Forwarded-Proto
		forwarded  []string // X-Forwarded-For
		encrypted  bool
		from       string
	}{
		{"direct", "192.0.2.7:1", nil, nil, false, "192.0.2.7"},
		{"untrusted", "192.0.2.7:1", []string{"https"}, []string{"198.51.100.9"}, false, "192.0.2.7"},
		{"untrusted that names a trusted one", "192.0.2.7:1", []string{"https"}, []string{"10.0.0.1"}, false, "192.0.2.7"},
		{"trusted", "10.1.2.3:1", []string{"https"}, []string{"198.51.100.9"}, true, "198.51.100.9"},
		{"trusted, IPv6", "[fd00::1]:1", []string{"HTTPS"}, []string{"2001:db8::9"}, true, "2001:db8::9"},
		{"trusted, IPv4 as IPv6", "[::ffff:10.1.2.3]:1", []string{"https"}, []string{"198.51.100.9"}, true, "198.51.100.9"},
		{"trusted that says nothing", "10.1.2.3:1", nil, nil, false, "10.1.2.3"},
		{"trusted, in the open", "10.1.2.3:1", []string{"http"}, []string{"198.51.100.9"}, false, "198.51.100.9"},
		{"in the open at first", "10.1.2.3:1", []string{"http, https"}, nil, false, "10.1.2.3"},
		{"the caller's word before the proxy's", "10.1.2.3:1", []string{"https", "http"}, nil, false, "10.1.2.3"},
		{"two proxies", "10.1.2.3:1", []string{"https,https"}, []string{"198.51.100.9, 10.9.9.9"}, true, "198.51.100.9"},
		{"two proxies, two lines", "10.1.2.3:1", []string{"https"}, []string{"198.51.100.9", "10.9.9.9"}, true, "198.51.100.9"},
		{"the caller made up an address", "10.1.2.3:1", []string{"https"}, []string{"203.0.113.1, 198.51.100.9"}, true, "198.51.100.9"},
		{"not an address", "10.1.2.3:1", []string{"https"}, []string{"unknown\x1b[31m"}, true, "10.1.2.3"},
		{"empty", "10.1.2.3:1", []string{""}, []string{""}, false, "10.1.2.3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := setup(t, trust)
			r := httptest.NewRequest(http.MethodGet, bare, nil)
			r.RemoteAddr = c.peer
			r.Header["X-Forwarded-Proto"], r.Header["X-Forwarded-For"] = c.proto, c.forwarded
			w := b.do(t, r)
			if got := code(w) == ""; got != c.encrypted {
				t.Errorf("answer %s", w.Body)
			}
			if !strings.Contains(b.log.String(), `"from":"`+c.from+`"`) {
				t.Errorf("not from %s: %s", c.from, b.log)
			}
		})
	}
	t.Run("nobody is trusted unless named", func(t *testing.T) {
		r := httptest.NewRequest(http.MethodGet, bare, nil)
		r.RemoteAddr = "127.0.0.1:1"
		r.Header.Set("X-Forwarded-Proto", "https")
		if w := setup(t).do(t, r); code(w) != "44" {
			t.Error(w.Body)
		}
	})
}
