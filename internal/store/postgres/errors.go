package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"recoup/internal/store"
)

// Codes of errors that mean another writer came in between (PostgreSQL, appendix A).
var again = map[string]bool{
	"23505": true, // unique_violation
	"40001": true, // serialization_failure
	"40P01": true, // deadlock_detected
}

// Codes of errors that mean that the server cannot write.
var refused = map[string]bool{
	"53100": true, // disk_full
	"25006": true, // read_only_sql_transaction
	"58030": true, // io_error
}

// Codes of errors that mean that a part of the database cannot be read.
var damaged = map[string]bool{
	"XX001": true, // data_corrupted
	"XX002": true, // index_corrupted
	"58P01": true, // undefined_file
}

// storeError maps an error of a statement: ErrRetry when another writer won, ErrDown when the database is away, ErrRefused when it cannot write.
// In all cases nothing was written.
func storeError(err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	for _, known := range []error{store.ErrRetry, store.ErrNoBrand, store.ErrDown, store.ErrRefused, store.ErrDamaged, store.ErrUnknown} {
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
	case damaged[e.Code]:
		return fmt.Errorf("%w: %w", store.ErrDamaged, err)
	case refused[e.Code]:
		return fmt.Errorf("%w: %w", store.ErrRefused, err)
	case e.Code[:2] == "08", e.Code[:3] == "57P", e.Code == "53300", e.Code == "25P03":
		// connection lost; shutting down, starting up; too many connections; cut off while idle
		return fmt.Errorf("%w: %w", store.ErrDown, err)
	}
	return err
}

// unreachable says in one line why no connection came about, and what helps. Other errors it leaves alone.
func unreachable(err error) error {
	var connect *pgconn.ConnectError
	if !errors.As(err, &connect) {
		return err
	}
	_, tries, _ := strings.Cut(connect.Error(), "\n") // a line for each address that was tried, some of them more than once
	var why []string
	for try := range strings.Lines(tries) {
		if try = strings.TrimSpace(try); !slices.ContainsFunc(why, func(said string) bool { return strings.Contains(said, try) }) {
			why = append(why, try)
		}
	}
	text, remedy := strings.Join(why, "; "), "is PostgreSQL running there, and is the address right?"
	if _, answered := errors.AsType[*pgconn.PgError](err); answered {
		remedy = "are user, password and database right, and may they come from here?"
	}
	return fmt.Errorf("%w: %s; %s", store.ErrDown, text, remedy)
}

// lost reports whether an error is the connection's.
func lost(err error) bool {
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) || pgconn.SafeToRetry(err) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}
