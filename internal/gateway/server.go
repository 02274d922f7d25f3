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

// A Stop says how a server ends.
type Stop struct {
	Begun func()          // called at once: /readyz fails from here on, so that balancers look elsewhere; nil: nobody is told
	Wait  time.Duration   // calls are taken for so long still: until balancers have looked
	Grace time.Duration   // then those in flight may take so long
	Hurry <-chan struct{} // closed: wait for nobody; nil: never
}

// Serve serves on l until ctx ends, then stops. It returns nil if all calls in flight were answered. The handler's contexts do not end with
// ctx. A server with a TLSConfig serves TLS, with HTTP/2 for those that speak it.
func Serve(ctx context.Context, s *http.Server, l net.Listener, stop Stop) error {
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
	if stop.Begun != nil {
		stop.Begun()
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), stop.Wait+stop.Grace)
	defer cancel()
	go func() {
		select {
		case <-stop.Hurry:
		case <-last.Done():
		}
		cancel()
	}()
	pause := time.NewTimer(stop.Wait)
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-last.Done():
	case err := <-failed:
		return err
	}
	err := s.Shutdown(last)
	if err != nil {
		_ = s.Close() // the rest is cut off; what it committed is answered again on repeat
	}
	if served := <-failed; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
