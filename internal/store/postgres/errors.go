package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/jackc/pgx/v5/pgconn"

	"recoup/internal/store"
)

// Codes of errors that mean another writer came in between (PostgreSQL, appendix A).
var again = map[string]bool{
	"23505": true, // unique_violation
	"40001": true, // serialization_failure
	"40P01": true, // deadlock_detected
}

// storeError maps an error of a statement: ErrRetry when another writer won, ErrDown when the database is away. In all
// cases nothing was written.
func storeError(err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	for _, known := range []error{store.ErrRetry, store.ErrNoBrand, store.ErrDown, store.ErrUnknown} {
		if errors.Is(err, known) {
			return err
		}
	}
	var e *pgconn.PgError
	switch {
	case !errors.As(err, &e):
		if lost(err) {
			return fmt.Errorf("%w: %w", store.ErrDown, err)
		}
		return err
	case again[e.Code]:
		return fmt.Errorf("%w: %w", store.ErrRetry, err)
	case e.Code[:2] == "08", e.Code[:3] == "57P", e.Code == "53300", e.Code == "25P03":
		// connection lost; shutting down, starting up; too many connections; cut off while idle
		return fmt.Errorf("%w: %w", store.ErrDown, err)
	}
	return err
}

// lost reports whether an error is the connection's.
func lost(err error) bool {
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) || pgconn.SafeToRetry(err) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}
