package gateway_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"recoup/internal/gateway"
	"recoup/internal/telemetry"
)

// newPair makes a certificate for 127.0.0.1 with a serial number, and its key, in PEM.
func newPair(t *testing.T, serial int64) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	shape := &x509.Certificate{
		SerialNumber: big.NewInt(serial), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, shape, shape, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	der2, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der2})
}

// write puts a file in place as renewal tools do.
func write(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := errors.Join(os.WriteFile(name+".new", data, 0o600), os.Rename(name+".new", name)); err != nil {
		t.Fatal(err)
	}
}

// A certificate that is renewed under a running server is used from the next handshake on; files that cannot be read, or do not belong
// together yet, leave the old one in place and are logged once.
func TestCertificateIsReadAgain(t *testing.T) {
	b := setup(t)
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	cert1, key1 := newPair(t, 1)
	cert2, key2 := newPair(t, 2)
	write(t, certFile, cert1)
	write(t, keyFile, key1)
	c, err := gateway.OpenCertificate(certFile, keyFile, b.clock.now, telemetry.NewLogger(b.log, nil))
	if err != nil {
		t.Fatal(err)
	}
	addr := b.serve(t, func(s *http.Server) { s.TLSConfig = c.Config() })

	shown := func() int64 {
		t.Helper()
		conn, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
	}
	for _, step := range []struct {
		name   string
		do     func()
		wait   time.Duration
		serial int64
	}{
		{"as opened", func() {}, 0, 1},
		{"the certificate without its key", func() { write(t, certFile, cert2) }, time.Second, 1},
		{"still without", func() {}, time.Second, 1},
		{"the key, looked at too soon", func() { write(t, keyFile, key2) }, 0, 1},
		{"both", func() {}, time.Second, 2},
		{"no key", func() { _ = os.Remove(keyFile) }, time.Second, 2},
		{"rubbish", func() { write(t, keyFile, []byte("rubbish")) }, time.Second, 2},
		{"the first again", func() { write(t, certFile, cert1); write(t, keyFile, key1) }, time.Second, 1},
	} {
		step.do()
		b.clock.set(b.clock.now().Add(step.wait))
		if got := shown(); got != step.serial {
			t.Errorf("%s: certificate %d, want %d", step.name, got, step.serial)
		}
	}
	for text, times := range map[string]int{"the old one stays": 3, "new TLS certificate": 2} {
		if got := strings.Count(b.log.String(), text); got != times {
			t.Errorf("the log has %q %d times, want %d:\n%s", text, got, times, b.log)
		}
	}

	if _, err := gateway.OpenCertificate(certFile, filepath.Join(dir, "none.pem"), b.clock.now, nil); err == nil {
		t.Error("a key that is not there is taken")
	}
	write(t, keyFile, key2)
	if _, err := gateway.OpenCertificate(certFile, keyFile, b.clock.now, nil); err == nil || !strings.Contains(err.Error(), "key.pem") {
		t.Errorf("a key of another certificate: %v", err)
	}
}

// Clients that speak HTTP/2 get it over TLS, old ones HTTP/1.1; nobody gets TLS 1.1.
func TestTLS(t *testing.T) {
	b := setup(t)
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	certPEM, keyPEM := newPair(t, 1)
	write(t, certFile, certPEM)
	write(t, keyFile, keyPEM)
	c, err := gateway.OpenCertificate(certFile, keyFile, time.Now, nil)
	if err != nil {
		t.Fatal(err)
	}
	addr := b.serve(t, func(s *http.Server) { s.TLSConfig = c.Config() })
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(certPEM)
	for _, http2 := range []bool{true, false} {
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}, ForceAttemptHTTP2: http2}
		defer transport.CloseIdleConnections()
		r, err := (&http.Client{Transport: transport}).Get("https://" + addr + "/router/rest?access_token=" + oldSession + "&method=alibaba.test.session&v=2.0&format=json")
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r.Body)
		_ = r.Body.Close()
		if err != nil || !strings.Contains(string(text), `"nick":"老商家"`) || r.ProtoMajor != map[bool]int{true: 2, false: 1}[http2] {
			t.Errorf("%s %v %s", r.Proto, err, text)
		}
	}
	if conn, err := tls.Dial("tcp", addr, &tls.Config{RootCAs: trusted, MaxVersion: tls.VersionTLS11}); err == nil {
		conn.Close()
		t.Error("TLS 1.1 is spoken")
	}
}
