package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"recoup/internal/store"
)

// outcomeMax is how long Outcome asks before it gives up: a server that is away so long is for people to look at.
const outcomeMax = 60 * time.Second

// Outcome waits until the transaction is no longer in progress: a server process that lost its client may still commit. Then the link
// that the batch wrote tells. Where it booked nothing the answer is no, and the batch runs again: the server's memory of the transaction is
// no witness, for after a crash it gives the number of one that was lost to another.
func (s *Store) Outcome(ctx context.Context, brand, token string) (bool, error) {
	serial, err := s.serial(ctx, brand)
	if err != nil {
		return false, err
	}
	of, xid, link, ok := cutToken(token)
	if !ok || of != strconv.FormatInt(serial, 10) {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, outcomeMax)
	defer cancel()
	pause := 5 * time.Millisecond
	for {
		committed, over, err := s.ask(ctx, serial, xid, link)
		if over {
			return committed, err
		}
		select {
		case <-ctx.Done():
			return false, fmt.Errorf("%w: %w", store.ErrDown, errors.Join(err, ctx.Err()))
		case <-time.After(pause):
		}
		pause = min(2*pause, 500*time.Millisecond)
	}
}

// ask asks once. An error that the database's being away explains is no answer.
func (s *Store) ask(ctx context.Context, serial int64, xid, link string) (committed, over bool, err error) {
	var status *string
	if err := s.pool.QueryRow(ctx, sql("XactStatus"), xid).Scan(&status); err != nil {
		err = storeError(err)
		return false, !errors.Is(err, store.ErrDown), err
	}
	if status != nil && *status == "in progress" {
		return false, false, nil
	}
	if link == "" {
		return false, true, nil
	}
	last, hash, _ := strings.Cut(link, ".")
	n, err := strconv.ParseInt(last, 10, 64)
	if err != nil {
		return false, true, nil //nolint:nilerr // a token that is none of ours names nothing that was committed
	}
	var found []byte
	err = s.pool.QueryRow(ctx, sql("Link"), serial, n).Scan(&found)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, true, nil
	}
	if err != nil {
		err = storeError(err)
		return false, !errors.Is(err, store.ErrDown), err
	}
	return fmt.Sprintf("%x", found) == hash, true, nil
}
