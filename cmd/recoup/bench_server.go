package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"recoup"
	"recoup/internal/bench"
)

// parting is how long a server may take to end when the client is gone. The database is gone then, too: it would be waited for.
const parting = 5 * time.Second

// benchServerCmd is the server side of a measurement.
type benchServerCmd struct {
	dbFlag
	nodeFlags
	Null bool `help:"Answer from a store that keeps nothing."`
}

// Run serves, and prints the address of the gateway. It ends with its input, so that it never outlives the client.
func (c *benchServerCmd) Run(e *env) error {
	ctx, stop := context.WithCancel(e.ctx)
	defer stop()
	e.ctx = ctx
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		_, _ = io.Copy(io.Discard, e.stdin)
		stop()
		select {
		case <-ended:
		case <-time.After(parting):
			os.Exit(exitFailed)
		}
	}()
	d := c.database()
	d.Unsafe = true // the settings are printed beside the figures
	s, err := d.Open(e.ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	if c.Null {
		if s, err = bench.NewNull(e.ctx, s); err != nil {
			return err
		}
	}
	n, err := recoup.Open(e.ctx, recoup.Options{Store: s, BatchMax: c.BatchMax, Lanes: c.Lanes, InFlight: c.InFlight})
	if err != nil {
		return err
	}
	defer n.Close()
	c.Addr = "127.0.0.1:0"
	return listen(e, n, &c.nodeFlags, func(addr string) { fmt.Fprintln(e.stdout, addr) })
}
