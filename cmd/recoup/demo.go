package main

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"recoup"
	"recoup/internal/demo"
	"recoup/internal/telemetry"
	"recoup/internal/top"
)

type demoCmd struct {
	nodeFlags
	Data string `help:"Folder that keeps the world; without it a temporary one is used and removed at the end."`
	DB   string `name:"db" help:"Put the world on another database: sqlite:FILE or postgres://USER@HOST/DATABASE."`
}

// pasteWindow lets the printed curl lines, whose timestamps are of the start, answer for a day. A clock that would be refused elsewhere is
// told by the header X-Recoup-Hint.
const pasteWindow = 24 * time.Hour

// Run makes the world (once) and serves it. It prints what a newcomer needs to try the samples, and nothing before.
func (c *demoCmd) Run(e *env) error {
	dsn, done, err := c.database()
	if err != nil {
		return err
	}
	defer done()
	o := c.options()
	o.DB, o.Demo, o.Window, o.Log = dsn, true, pasteWindow, telemetry.NewLogger(e.stderr, max(c.LogLevel, slog.LevelWarn))
	n, err := recoup.Open(e.ctx, o)
	if err != nil {
		return err
	}
	defer n.Close()
	return listen(e, n, &c.nodeFlags, func(addr string) { c.greet(e, addr) })
}

// database is where the world lives, and what is to be done at the end.
func (c *demoCmd) database() (dsn string, done func(), err error) {
	done = func() {}
	if c.DB != "" {
		return c.DB, done, nil
	}
	dir := c.Data
	if dir == "" {
		if dir, err = os.MkdirTemp("", "recoup-demo-"); err != nil {
			return "", nil, err
		}
		done = func() { _ = os.RemoveAll(dir) }
	} else if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", nil, err
	}
	return "sqlite:" + filepath.Join(dir, "recoup.db"), done, nil
}

// greet prints the addresses, the credentials and one signed curl line for each published sample.
func (c *demoCmd) greet(e *env, addr string) {
	base := c.url(addr)
	fmt.Fprintf(e.stdout, `gateway   %[1]s/router/rest
console   %[1]s/console   user demo   password demo
docs      %[1]s/docs
app_key   %[2]s
secret    %[3]s
session   %[4]s
`, base, demo.AppKey, demo.Secret, demo.Session)
	for _, s := range demo.Samples {
		p := top.NewParams("method", s.Method, "app_key", demo.AppKey, "v", "2.0", "format", "json", "sign_method", top.HMACSHA256,
			"timestamp", top.FormatTime(time.Now()), s.Param, s.Request)
		if s.Session {
			p.Set("session", demo.Session)
		}
		p.Set("sign", top.Sign(p, demo.Secret, top.HMACSHA256))
		fmt.Fprintf(e.stdout, "\ncurl -s '%s/router/rest' --data '%s'\n", base, p.Encode())
	}
}
