package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"recoup/internal/store"
)

// outcomeMax is how long Outcome asks before it gives up: a server that is away so long is for people to look at.
const outcomeMax = 60 * time.Second

// Outcome waits until nobody holds the brand's head: a server process that lost its client may still commit. Then the link that the batch
// wrote tells. Where it booked nothing the answer is no, and the batch runs again. Nothing else is a witness: after a crash the server gives
// the number of a transaction that was lost to another, and on Citus it is a worker that commits, and the coordinator may not learn of it.
func (s *Store) Outcome(ctx context.Context, brand, token string) (bool, error) {
	serial, err := s.serial(ctx, brand)
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithTimeout(ctx, outcomeMax)
	defer cancel()
	pause := 5 * time.Millisecond
	for {
		committed, err := s.outcome(ctx, serial, token)
		if err == nil || !passing(err) {
			return committed, storeError(err)
		}
		select {
		case <-ctx.Done():
			return false, fmt.Errorf("%w: %w", store.ErrDown, errors.Join(err, ctx.Err()))
		case <-time.After(pause):
		}
		pause = min(2*pause, 500*time.Millisecond)
	}
}

// outcome asks once.
func (s *Store) outcome(ctx context.Context, serial int64, token string) (committed bool, err error) {
	if _, err := s.pool.Exec(ctx, sql("AwaitHead"), serial); err != nil {
		return false, err
	}
	last, hash, _ := strings.Cut(token, ".")
	n, err := strconv.ParseInt(last, 10, 64)
	if err != nil {
		return false, nil //nolint:nilerr // a token that is none of ours names nothing that was committed
	}
	var found []byte
	err = s.pool.QueryRow(ctx, sql("Link"), serial, n).Scan(&found)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	return fmt.Sprintf("%x", found) == hash, err
}

// passing reports whether an error is over when the database is back, or when the head has been let go.
func passing(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && (e.Code == "55P03" || e.Code == "57014") { // waited for too long
		return true
	}
	return errors.Is(storeError(err), store.ErrDown)
}
