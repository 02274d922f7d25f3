package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"recoup"
	"recoup/internal/clock"
	"recoup/internal/engine"
	"recoup/internal/store"
	"recoup/internal/top"
)

// clockCmd is for when the clock cannot be believed.
type clockCmd struct {
	Show    clockShowCmd    `cmd:"" help:"Show this machine's clock, the database's, and the last stamps of the books."`
	Confirm clockConfirmCmd `cmd:"" help:"Say that the clock is right: stamps and sweeps go on."`
}

type clockShowCmd struct {
	dbFlag
	jsonFlag
}

// clockView is a clock, or a last stamp, as JSON.
type clockView struct {
	What  string `json:"what"`
	Time  string `json:"time"`
	Ahead string `json:"ahead"` // of this machine's clock; "" for as far as it matters the same
}

// Run shows the clocks.
func (c *clockShowCmd) Run(e *env) error {
	return with(e, c.look, func(s store.Store, snap *store.Snapshot) error {
		now := time.Now()
		views := []clockView{viewClock("this machine", now, now)}
		if there, ok := s.(interface {
			Drift(context.Context, time.Time) (time.Duration, error)
		}); ok {
			drift, err := there.Drift(e.ctx, now)
			if err != nil {
				return err
			}
			views = append(views, viewClock("the database", now.Add(-drift), now))
		}
		if file, ok := s.(interface{ Written() time.Time }); ok {
			views = append(views, viewClock("the file was in use", file.Written(), now))
		}
		for _, b := range snap.Brands {
			head, err := s.Head(e.ctx, b.ID)
			if err != nil {
				return err
			}
			if head.At > 0 {
				views = append(views, viewClock("last stamp of brand "+b.ID, time.UnixMilli(head.At), now))
			}
		}
		word, err := s.ClockWord(e.ctx)
		if err != nil {
			return err
		}
		if word.N > 0 {
			views = append(views, viewClock("confirmed by "+orDash(word.By), time.UnixMilli(word.At), now))
		}
		return printList(e, c.JSON, views, "CLOCK\tTIME (GMT+8)\tAHEAD", func(v clockView) string {
			return fmt.Sprintf("%s\t%s\t%s", v.What, v.Time, orDash(v.Ahead))
		})
	})
}

func viewClock(what string, at, now time.Time) clockView {
	v := clockView{What: what, Time: top.FormatTime(at)}
	if ahead := at.Sub(now); ahead > clock.Limit {
		v.Ahead = ahead.Round(time.Second).String()
	}
	return v
}

type clockConfirmCmd struct {
	dbFlag
	authorFlags
}

// Help shows an example.
func (clockConfirmCmd) Help() string {
	return "Set the clock right first (timedatectl, NTP): a wrong one expires what is not over, for good. Running servers take the word within a " +
		"second if their clocks read the same. It also lets sweeps go on that would expire what most members have, for 24 hours.\n\nExample:\n\n" +
		"  recoup clock confirm --reason 已与NTP核对"
}

// Run adds the word.
func (c *clockConfirmCmd) Run(e *env) error {
	if c.Reason == "" {
		return errors.New("--reason: how do you know? It is kept with the word")
	}
	by, err := c.author()
	if err != nil {
		return err
	}
	return with(e, c.open, func(s store.Store, snap *store.Snapshot) error {
		w := &store.ClockWord{At: nowMilli()}
		for _, b := range snap.Brands {
			head, err := s.Head(e.ctx, b.ID)
			if err != nil {
				return err
			}
			w.Head = max(w.Head, head.At)
		}
		if err := s.SayClock(e.ctx, w, by); err != nil {
			return err
		}
		fmt.Fprintf(e.stdout, "the clock is right at %s\n", showTime(w.At))
		if ahead := time.Duration(w.Head-w.At) * time.Millisecond; ahead > clock.Limit {
			fmt.Fprintf(e.stdout, "the books are %s ahead of it: until then every stamp is that of the last, and nothing ends\n", ahead.Round(time.Second))
		}
		return nil
	})
}

// newEngine makes an engine that is held to the clock as a server's is.
func newEngine(ctx context.Context, s store.Store, o engine.Options) (*engine.Engine, error) {
	trust, err := recoup.Trust(ctx, s)
	if err != nil {
		return nil, err
	}
	o.Trust = trust
	return engine.New(s, o), nil
}
