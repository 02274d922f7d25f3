package gateway

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// The bounds of a connection. A call that waits its turn in the queue must be answered within the write timeout.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second // header and body
	writeTimeout      = 60 * time.Second // from the header read to the answer written
	idleTimeout       = 90 * time.Second
	maxHeaderBytes    = 256 << 10 // room for a query that is too long to be answered so, in the platform's way
)

// NewServer returns a server for addr with every timeout and bound set; what is not to be seen in public goes on another one.
func NewServer(addr string, h http.Handler) *http.Server {
	return &http.Server{
		Addr:              addr,
		Handler:           h,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
	}
}

// Serve serves on l until ctx ends, then takes no more calls and lets those in flight finish, for at most grace. It returns nil if all
// did. The handler's contexts do not end with ctx. A server with a TLSConfig serves TLS, with HTTP/2 for those that speak it.
func Serve(ctx context.Context, s *http.Server, l net.Listener, grace time.Duration) error {
	serve := s.Serve
	if s.TLSConfig != nil {
		serve = func(l net.Listener) error { return s.ServeTLS(l, "", "") }
	}
	failed := make(chan error, 1)
	go func() { failed <- serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	err := s.Shutdown(last)
	if err != nil {
		_ = s.Close() // the rest is cut off; what it committed is answered again on repeat
	}
	if served := <-failed; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
