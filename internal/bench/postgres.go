package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// shown are the settings of a PostgreSQL server that decide what its figures are worth.
var shown = []string{
	"server_version", "fsync", "synchronous_commit", "full_page_writes", "shared_buffers", "max_wal_size", "wal_compression",
}

// A Setting is one setting of a server, as SHOW tells it.
type Setting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Settings tells the settings that decide what figures are worth, and others.
func Settings(ctx context.Context, dsn string, others ...string) (settings []Setting, err error) {
	err = with(ctx, dsn, func(c *pgx.Conn) error {
		for _, name := range slices.Concat(shown, others) {
			s := Setting{Name: name}
			if err := c.QueryRow(ctx, "SELECT current_setting($1)", name).Scan(&s.Value); err != nil {
				return fmt.Errorf("setting %s: %w", name, err)
			}
			if !slices.Contains(settings, s) {
				settings = append(settings, s)
			}
		}
		return nil
	})
	return settings, err
}

// Settle has a server do now what it owes a database that was just filled, so that it does not come in the middle of a measurement.
// Whoever may not ask for a checkpoint goes without.
func Settle(ctx context.Context, dsn string) error {
	return with(ctx, dsn, func(c *pgx.Conn) error {
		if _, err := c.Exec(ctx, "VACUUM (ANALYZE)"); err != nil {
			return err
		}
		_, _ = c.Exec(ctx, "CHECKPOINT")
		return nil
	})
}

// with runs something on a connection of its own.
func with(ctx context.Context, dsn string, do func(*pgx.Conn) error) error {
	c, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	return errors.Join(do(c), c.Close(context.WithoutCancel(ctx)))
}

// A Pgbench is PostgreSQL's own benchmark, by its path.
type Pgbench string

// Fill makes the tables of TPC-B at a scale in a database of their own.
func (p Pgbench) Fill(ctx context.Context, dsn string, scale int) error {
	_, err := p.run(ctx, "-i", "-q", "-s", strconv.Itoa(scale), dsn)
	return err
}

// Run measures TPC-B with so many clients, and answers transactions a second. It counts whole seconds.
func (p Pgbench) Run(ctx context.Context, dsn string, clients int, d time.Duration) (float64, error) {
	out, err := p.run(ctx, "-n", "-M", "prepared", "-c", strconv.Itoa(clients), "-j", "2", "-T", strconv.Itoa(seconds(d)), dsn)
	if err != nil {
		return 0, err
	}
	return tps(out)
}

// tps finds the figure in what pgbench says; some versions say two, with and without the time to connect.
func tps(said string) (float64, error) {
	_, rest, ok := strings.Cut(said, "tps = ")
	if !ok {
		return 0, fmt.Errorf("pgbench told no tps: %s", said)
	}
	figure, _, _ := strings.Cut(rest, " ")
	return strconv.ParseFloat(strings.TrimSpace(figure), 64)
}

func (p Pgbench) run(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, string(p), args...)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "PG") })
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("pgbench: %w\n%s", err, out)
	}
	return string(out), nil
}

// seconds rounds up.
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }
