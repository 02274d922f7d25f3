package main

import (
	"crypto/x509"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"recoup/internal/demo"
	"recoup/internal/top"
)

// TestDemoGreets holds the demo to its contract: six lines and no other before four curl lines that answer when pasted, twice.
func TestDemoGreets(t *testing.T) {
	t.Parallel()
	s, err := startService("demo", "--addr", "127.0.0.1:0", "--data", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.end()
	for i, want := range []string{
		`gateway   http://127\.0\.0\.1:\d+/router/rest`,
		`console   http://127\.0\.0\.1:\d+/console   user demo   password demo`,
		`docs      http://127\.0\.0\.1:\d+/docs`,
		`app_key   12345678`,
		`secret    recoup-demo-secret`,
		`session   6100recoupdemosession00000000000000000000000000000000001`,
	} {
		if !regexp.MustCompile("^" + want + "$").MatchString(s.printed[i]) {
			t.Errorf("line %d is %q, want %s", i+1, s.printed[i], want)
		}
	}
	curl := regexp.MustCompile(`^curl -s '([^']+)' --data '([^']+)'$`)
	for range 2 {
		for i, line := range s.curls {
			parts := curl.FindStringSubmatch(line)
			if parts == nil {
				t.Fatalf("%q cannot be pasted", line)
			}
			resp, err := http.Post(parts[1], "application/x-www-form-urlencoded", strings.NewReader(parts[2]))
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil {
				t.Fatal(err)
			}
			if !regexp.MustCompile(`"(biz_)?success":true`).Match(body) {
				t.Errorf("the sample of document %s is answered %s", demo.Samples[i].Document, body)
			}
		}
	}
	if code := s.end(); code != 0 {
		t.Errorf("the demo ended with %d", code)
	}
}

// TestDemoOverTLS: the addresses it prints are https, and answer so. A clock that would be refused elsewhere is told in a header.
func TestDemoOverTLS(t *testing.T) {
	t.Parallel()
	known := httptest.NewTLSServer(nil) // its certificate is for 127.0.0.1
	defer known.Close()
	dir := t.TempDir()
	pair := known.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		"cert.pem": {Type: "CERTIFICATE", Bytes: pair.Certificate[0]}, "key.pem": {Type: "PRIVATE KEY", Bytes: key},
	} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := startService("demo", "--addr", "127.0.0.1:0", "--data", dir, "--tls-cert", filepath.Join(dir, "cert.pem"), "--tls-key", filepath.Join(dir, "key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.end()
	_, gateway, _ := strings.Cut(s.printed[0], "https://")
	p := top.NewParams("method", "taobao.time.get", "app_key", demo.AppKey, "v", "2.0", "format", "json", "sign_method", top.HMACSHA256)
	for offset, hinted := range map[time.Duration]bool{0: false, -8 * time.Hour: true} {
		p.Set("timestamp", top.FormatTime(time.Now().Add(offset)))
		p.Set("sign", top.Sign(p, demo.Secret, top.HMACSHA256))
		resp, err := known.Client().Get("https://" + gateway + "?" + p.Encode())
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || !strings.Contains(string(body), "time_get_response") {
			t.Errorf("%v %s", err, body)
		}
		if hint := resp.Header.Get("X-Recoup-Hint"); strings.Contains(hint, "慢8小时") != hinted || hinted != (hint != "") {
			t.Errorf("%s off: hint %q", offset, hint)
		}
	}
	if code := s.end(); code != 0 {
		t.Errorf("the demo ended with %d", code)
	}
	if _, err := startService("demo", "--addr", "127.0.0.1:0", "--tls-cert", filepath.Join(dir, "cert.pem")); err == nil || !strings.Contains(err.Error(), "--tls-key") {
		t.Errorf("a certificate without a key: %v", err)
	}
}
