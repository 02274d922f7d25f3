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
	List   sessionListCmd   `cmd:"" help:"List the sessions. Tokens are kept as digests."`
	Revoke sessionRevokeCmd `cmd:"" help:"End a session."`
}

type sessionCreateCmd struct {
	dbFlag
	authorFlags
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
	by, err := c.author()
	if err != nil {
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
		token := newToken()
		t := &store.Session{Digest: store.TokenDigest(token), App: a.Key, Merchant: c.Merchant, Nick: c.Nick, Brands: c.Brand}
		if c.TTL > 0 {
			t.Expires = time.Now().Add(time.Duration(c.TTL)).UnixMilli()
		}
		if err := s.PutSession(e.ctx, t, by); err != nil {
			return err
		}
		if c.JSON {
			return printJSON(e, map[string]string{"session": token, "app_key": a.Key, "expires": showTime(t.Expires)})
		}
		fmt.Fprintf(e.stdout, "session   %s\n", token)
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

// shownDigits is how many digits of a token's digest stand for a session.
const shownDigits = 12

type sessionListCmd struct {
	dbFlag
	jsonFlag
}

// sessionView is a session as JSON.
type sessionView struct {
	Session  string   `json:"session"` // the beginning of the digest of its token
	App      string   `json:"app_key"`
	Merchant string   `json:"merchant"`
	Nick     string   `json:"nick"`
	Brands   []string `json:"brands"`
	Expires  string   `json:"expires"`
	Expired  bool     `json:"expired"`
	Disabled bool     `json:"app_disabled"`
}

// viewSessions shows the sessions of an app, of all apps if it is "".
func viewSessions(snap *store.Snapshot, app string) []sessionView {
	slices.SortFunc(snap.Sessions, func(a, b *store.Session) int {
		return strings.Compare(a.App+" "+a.Digest, b.App+" "+b.Digest)
	})
	now := time.Now().UnixMilli()
	views := make([]sessionView, 0, len(snap.Sessions))
	for _, t := range snap.Sessions {
		if app != "" && t.App != app {
			continue
		}
		a, err := findApp(snap, t.App)
		views = append(views, sessionView{
			Session: t.Digest[:min(shownDigits, len(t.Digest))], App: t.App, Merchant: t.Merchant, Nick: t.Nick, Brands: append([]string{}, t.Brands...),
			Expires: showTime(t.Expires), Expired: t.Expires != 0 && t.Expires <= now, Disabled: err != nil || a.Disabled,
		})
	}
	return views
}

// state says whether a session works.
func (v sessionView) state() string {
	switch {
	case v.Expired:
		return "expired"
	case v.Disabled:
		return "app disabled"
	}
	return "works"
}

func listSessions(e *env, asJSON bool, views []sessionView) error {
	return printList(e, asJSON, views, "SESSION\tAPP\tMERCHANT\tNICK\tBRANDS\tEXPIRES\tSTATE", func(v sessionView) string {
		return fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%s\t%s", v.Session, v.App, v.Merchant, orDash(v.Nick), strings.Join(v.Brands, ","), orDash(v.Expires), v.state())
	})
}

// Run lists the sessions by app and digest.
func (c *sessionListCmd) Run(e *env) error {
	return with(e, c.look, func(_ store.Store, snap *store.Snapshot) error {
		return listSessions(e, c.JSON, viewSessions(snap, ""))
	})
}

type sessionRevokeCmd struct {
	dbFlag
	authorFlags
	Token string `arg:"" help:"The token, or how 'session list' shows it."`
}

// Help shows an example.
func (sessionRevokeCmd) Help() string {
	return "A running server knows within five seconds.\n\nExample:\n\n  recoup session revoke 3f62ab419f01"
}

// Run ends the one session that is meant.
func (c *sessionRevokeCmd) Run(e *env) error {
	by, err := c.author()
	if err != nil {
		return err
	}
	return with(e, c.open, func(s store.Store, snap *store.Snapshot) error {
		var meant []string
		for _, t := range snap.Sessions {
			if t.Digest == store.TokenDigest(c.Token) || len(c.Token) >= 4 && strings.HasPrefix(t.Digest, c.Token) {
				meant = append(meant, t.Digest)
			}
		}
		switch len(meant) {
		case 0:
			return fmt.Errorf("there is no such session; `recoup session list` shows them")
		case 1:
		default:
			return fmt.Errorf("%s stands for %d sessions; give more digits, or the token", c.Token, len(meant))
		}
		if err := s.DeleteSession(e.ctx, meant[0], by); err != nil {
			return err
		}
		fmt.Fprintf(e.stdout, "session %s is over\n", meant[0][:shownDigits])
		return nil
	})
}
