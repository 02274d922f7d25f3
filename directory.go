package recoup

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"recoup/internal/auth"
)

// tellSchema warns of a schema that is not as the migrations make it: a lost index is a lost guard.
func (n *Node) tellSchema(ctx context.Context) {
	s, ok := n.Store.(interface {
		SchemaDiffers(ctx context.Context) ([]string, error)
	})
	if !ok {
		return
	}
	differs, err := s.SchemaDiffers(ctx)
	if err != nil || len(differs) > 0 {
		n.log.Warn("the schema was changed by somebody else, or is an earlier development version's", slog.Any("differs", differs), slog.Any("error", err))
	}
}

// tellDirectory logs what others change of the directory: every entry of the journal, without values, until ctx ends.
func (n *Node) tellDirectory(ctx context.Context) {
	defer close(n.told)
	tick := time.NewTicker(auth.Interval)
	defer tick.Stop()
	last := n.Auth.Current().Revision() // of the journal's entries: it grows with each
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if n.Auth.Current().Revision() == last {
			continue
		}
		for e, err := range n.Store.Journal(ctx, last) {
			if err != nil {
				n.log.Warn("reading the journal", slog.Any("error", err))
				break
			}
			var fields []string
			for _, c := range e.Changes {
				fields = append(fields, c.Field)
			}
			n.log.Info("directory", slog.Int64("entry", e.N), slog.String("what", e.What), slog.String("key", e.Key), slog.String("by", e.By),
				slog.String("where", e.From), slog.String("why", e.Why), slog.String("fields", strings.Join(fields, " ")))
			last = e.N
		}
	}
}
