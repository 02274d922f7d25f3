package main

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"

	"recoup/internal/store"
)

// sessionCmd administers sessions: the tokens by which an app acts for a merchant.
type sessionCmd struct {
	Create sessionCreateCmd `cmd:"" help:"Issue a session; prints its token once."`
	List   sessionListCmd   `cmd:"" help:"List the sessions, their tokens masked."`
	Revoke sessionRevokeCmd `cmd:"" help:"End a session."`
}

type sessionCreateCmd struct {
	dbFlag
	jsonFlag
	App      string   `required:"" help:"The app_key it is issued to."`
	Merchant string   `required:"" help:"The merchant it acts for."`
	Nick     string   `help:"What people call the merchant."`
	Brand    []string `required:"" help:"The merchant's brands, by brand_id."`
	TTL      span     `name:"ttl" default:"365d" help:"How long it lives, like 30d; 0d: for ever."`
}

// Help shows an example.
func (sessionCreateCmd) Help() string {
	return "The app must be granted the brands as well.\n\nExample:\n\n  recoup session create --app 23456789 --merchant 1 --brand 1332"
}

// Run issues the session.
func (c *sessionCreateCmd) Run(e *env) error {
	if err := firstErr(checkID("--merchant", c.Merchant), checkOptional("--nick", c.Nick)); err != nil {
		return err
	}
	return with(e, c.open, func(s store.Store, snap *store.Snapshot) error {
		a, err := findApp(snap, c.App)
		if err != nil {
			return err
		}
		for _, id := range c.Brand {
			if _, err := findBrand(snap, "--brand", id); err != nil {
				return err
			}
			if !slices.Contains(a.Brands, id) {
				return fmt.Errorf("--brand %s: app %s is not granted it; `recoup app grant --app %s --brand %s` grants it", id, a.Key, a.Key, id)
			}
		}
		t := &store.Session{Token: newToken(), App: a.Key, Merchant: c.Merchant, Nick: c.Nick, Brands: c.Brand}
		if c.TTL > 0 {
			t.Expires = time.Now().Add(time.Duration(c.TTL)).UnixMilli()
		}
		if err := s.PutSession(e.ctx, t); err != nil {
			return err
		}
		if c.JSON {
			return printJSON(e, map[string]string{"session": t.Token, "app_key": a.Key, "expires": showTime(t.Expires)})
		}
		fmt.Fprintf(e.stdout, "session   %s\n", t.Token)
		return nil
	})
}

// newToken is a token of the platform's shape: 56 characters, the first a 6, the last a digit or letter. Clients for clusters choose
// their way by these two.
func newToken() string {
	var b [27]byte
	_, _ = rand.Read(b[:])
	return fmt.Sprintf("62%x", b)
}

// mask shows enough of a token to tell it from others, and too little to use it.
func mask(token string) string {
	const shown = 4
	if len(token) < 4*shown {
		return "…"
	}
	return token[:shown] + "…" + token[len(token)-shown:]
}

type sessionListCmd struct {
	dbFlag
	jsonFlag
}

// sessionView is a session as JSON, masked.
type sessionView struct {
	Token    string   `json:"session"`
	App      string   `json:"app_key"`
	Merchant string   `json:"merchant"`
	Nick     string   `json:"nick"`
	Brands   []string `json:"brands"`
	Expires  string   `json:"expires"`
	Expired  bool     `json:"expired"`
}

// Run lists the sessions by app and token.
func (c *sessionListCmd) Run(e *env) error {
	return with(e, c.look, func(_ store.Store, snap *store.Snapshot) error {
		slices.SortFunc(snap.Sessions, func(a, b *store.Session) int {
			return strings.Compare(a.App+" "+a.Token, b.App+" "+b.Token)
		})
		now := time.Now().UnixMilli()
		views := make([]sessionView, 0, len(snap.Sessions))
		for _, t := range snap.Sessions {
			views = append(views, sessionView{
				Token: mask(t.Token), App: t.App, Merchant: t.Merchant, Nick: t.Nick, Brands: append([]string{}, t.Brands...),
				Expires: showTime(t.Expires), Expired: t.Expires != 0 && t.Expires <= now,
			})
		}
		return printList(e, c.JSON, views, "SESSION\tAPP\tMERCHANT\tNICK\tBRANDS\tEXPIRES", func(v sessionView) string {
			return fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%s", v.Token, v.App, v.Merchant, orDash(v.Nick), strings.Join(v.Brands, ","), orDash(v.Expires))
		})
	})
}

type sessionRevokeCmd struct {
	dbFlag
	Token string `arg:"" help:"The token, or how 'session list' shows it."`
}

// Help shows an example.
func (sessionRevokeCmd) Help() string {
	return "A running server knows within five seconds.\n\nExample:\n\n  recoup session revoke 62ab…9f01"
}

// Run ends the one session that is meant.
func (c *sessionRevokeCmd) Run(e *env) error {
	return with(e, c.open, func(s store.Store, snap *store.Snapshot) error {
		var meant []string
		for _, t := range snap.Sessions {
			if t.Token == c.Token || mask(t.Token) == c.Token {
				meant = append(meant, t.Token)
			}
		}
		switch len(meant) {
		case 0:
			return fmt.Errorf("there is no such session; `recoup session list` shows them")
		case 1:
		default:
			return fmt.Errorf("%s stands for %d sessions; give the whole token", c.Token, len(meant))
		}
		if err := s.DeleteSession(e.ctx, meant[0]); err != nil {
			return err
		}
		fmt.Fprintf(e.stdout, "session %s is over\n", mask(meant[0]))
		return nil
	})
}
