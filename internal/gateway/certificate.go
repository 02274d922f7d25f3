package gateway

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// A Certificate is a certificate chain and its key in two PEM files. When the files change they are read again, so that renewing them needs
// no restart. Its methods may be called from many goroutines.
type Certificate struct {
	certFile, keyFile string
	now               func() time.Time
	log               *slog.Logger

	mu       sync.Mutex
	pair     *tls.Certificate
	read     [2]os.FileInfo // the files when pair was read
	checked  time.Time
	reported string // what was wrong the last time, so that the log has it once
}

// checkEvery is how often the files are looked at, at most, and only at a handshake.
const checkEvery = time.Second

// OpenCertificate reads the files. It fails if they cannot be read or do not belong together.
func OpenCertificate(certFile, keyFile string, now func() time.Time, log *slog.Logger) (*Certificate, error) {
	c := &Certificate{certFile: certFile, keyFile: keyFile, now: now, log: log, checked: now()}
	return c, c.load()
}

// Config is how a server uses the certificate: TLS 1.2 or newer.
func (c *Certificate) Config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.current(), nil }}
}

// current is the certificate of the files, or the last one that could be read.
func (c *Certificate) current() *tls.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.now(); now.Sub(c.checked).Abs() >= checkEvery {
		c.checked = now
		c.refresh()
	}
	return c.pair
}

// refresh reads the files again if they changed. While one of the two is written already and the other is not, they do not belong
// together; then the old ones stay, and the next look finds both.
func (c *Certificate) refresh() {
	files, err := c.stat()
	if err == nil && same(files[0], c.read[0]) && same(files[1], c.read[1]) {
		return
	}
	if err == nil {
		err = c.load()
	}
	switch {
	case err == nil:
		c.reported = ""
		c.log.Info("new TLS certificate", slog.Time("until", c.pair.Leaf.NotAfter))
	case err.Error() != c.reported:
		c.reported = err.Error()
		c.log.Error("the TLS certificate changed and cannot be read; the old one stays", slog.Any("error", err))
	}
}

func (c *Certificate) load() error {
	files, err := c.stat() // before reading, so that a change while reading is seen
	if err != nil {
		return fmt.Errorf("TLS certificate: %w", err)
	}
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("TLS certificate %s with key %s: %w", c.certFile, c.keyFile, err)
	}
	c.pair, c.read = &pair, files
	return nil
}

func (c *Certificate) stat() (files [2]os.FileInfo, err error) {
	for i, name := range []string{c.certFile, c.keyFile} {
		if files[i], err = os.Stat(name); err != nil {
			return files, err
		}
	}
	return files, nil
}

func same(a, b os.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}
