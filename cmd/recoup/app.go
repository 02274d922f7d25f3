package main

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"recoup/internal/api"
	"recoup/internal/demo"
	"recoup/internal/store"
)

// appCmd administers apps: the callers, each with a key, a secret and what it is granted.
type appCmd struct {
	Create  appCreateCmd  `cmd:"" help:"Create an app; prints its key and, once, its secret."`
	List    appListCmd    `cmd:"" help:"List the apps, without their secrets."`
	Show    appShowCmd    `cmd:"" help:"Show an app: what it is granted, its sessions, its secrets' beginnings."`
	Grant   appGrantCmd   `cmd:"" help:"Grant methods and brands to an app."`
	Revoke  appRevokeCmd  `cmd:"" help:"Take methods and brands from an app."`
	Rotate  appRotateCmd  `cmd:"" help:"Give an app a new secret; the old one works until --drop-old."`
	Limit   appLimitCmd   `cmd:"" help:"Limit the calls of an app."`
	Legacy  appLegacyCmd  `cmd:"" help:"Switch an app's old forms of calls on or off: without sign_method, by access_token."`
	Disable appDisableCmd `cmd:"" help:"Refuse every call of an app."`
	Enable  appEnableCmd  `cmd:"" help:"Take the calls of a disabled app again."`
	Remove  appRemoveCmd  `cmd:"" help:"Take away an app that is disabled and has no sessions."`
}

// appFlag names the app of a command.
type appFlag struct {
	dbFlag
	authorFlags
	App string `required:"" help:"The app_key."`
}

// change reads the app, lets it be changed and writes it. It prints what was done.
func (f *appFlag) change(e *env, do func(*store.Snapshot, *store.App) (string, error)) error {
	by, err := f.author()
	if err != nil {
		return err
	}
	return with(e, f.open, func(s store.Store, snap *store.Snapshot) error {
		a, err := findApp(snap, f.App)
		if err != nil {
			return err
		}
		said, err := do(snap, a)
		if err != nil {
			return err
		}
		if err := s.PutApp(e.ctx, a, by); err != nil {
			return err
		}
		fmt.Fprintln(e.stdout, said)
		return nil
	})
}

// findApp finds an app in a snapshot. It names the remedy when there is none.
func findApp(snap *store.Snapshot, key string) (*store.App, error) {
	for _, a := range snap.Apps {
		if a.Key == key {
			return a, nil
		}
	}
	return nil, fmt.Errorf("--app %s: there is no such app; `recoup app list` shows them, `recoup app create` makes one", key)
}

// secretMin is how short a secret from elsewhere may be, in bytes.
const secretMin = 16

// newSecret is 32 hexadecimal digits, the shape of the platform's secrets.
func newSecret() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return fmt.Sprintf("%x", b)
}

type appCreateCmd struct {
	dbFlag
	authorFlags
	jsonFlag
	Name        string   `required:"" help:"What people call it."`
	Key         string   `help:"An app_key of yours, to move an app from elsewhere; without, one is made."`
	SecretStdin bool     `help:"Read the secret from standard input, to move an app from elsewhere."`
	Method      []string `help:"Methods to grant, * for all."`
	Brand       []string `help:"Brands to grant, by brand_id."`
	PerSecond   int      `help:"Calls a second; 0: no limit."`
	InFlight    int      `help:"Calls at once; 0: as many as the server takes."`
}

// Help shows an example.
func (appCreateCmd) Help() string {
	return "The secret is shown this once. Keep it where the caller can read it and nobody else.\n\nExample:\n\n" +
		"  recoup app create --name till --method '*' --brand 1332"
}

// Run creates the app.
func (c *appCreateCmd) Run(e *env) error {
	if err := checkID("--name", c.Name); err != nil {
		return err
	}
	if c.Key != "" && (strings.Trim(c.Key, "0123456789") != "" || len(c.Key) > 20) {
		return fmt.Errorf("--key %q: want at most 20 digits", c.Key)
	}
	// The demo world is known by its app: a database that has it counts as one.
	if c.Key == demo.AppKey {
		return fmt.Errorf("--key %s: is the key of `recoup demo`, which everybody knows; give another", c.Key)
	}
	by, err := c.author()
	if err != nil {
		return err
	}
	secret := newSecret()
	if c.SecretStdin {
		line, err := bufio.NewReader(e.stdin).ReadString('\n')
		if secret = strings.TrimSpace(line); secret == "" {
			return errors.Join(errors.New("--secret-stdin: standard input is empty; want the secret on one line"), err)
		}
	}
	if err := checkID("secret", secret); err != nil {
		return err
	}
	if len(secret) < secretMin {
		return fmt.Errorf("--secret-stdin: the secret has %d bytes, and a short one is guessed; want at least %d, or leave --secret-stdin out", len(secret), secretMin)
	}
	return with(e, c.open, func(s store.Store, snap *store.Snapshot) error {
		taken := func(key string) bool {
			return key == demo.AppKey || slices.ContainsFunc(snap.Apps, func(a *store.App) bool { return a.Key == key })
		}
		if c.Key != "" && taken(c.Key) {
			return fmt.Errorf("--key %s: there is such an app already; `recoup app rotate --app %s` gives it a new secret", c.Key, c.Key)
		}
		a := &store.App{Key: c.Key, Name: c.Name, Secrets: []string{secret}, Created: time.Now().UnixMilli()}
		for a.Key == "" || taken(a.Key) {
			n, err := rand.Int(rand.Reader, big.NewInt(90_000_000))
			if err != nil {
				return err
			}
			a.Key = fmt.Sprint(10_000_000 + n.Int64())
		}
		if err := grant(snap, a, c.Method, c.Brand); err != nil {
			return err
		}
		if err := limitApp(a, c.PerSecond, c.InFlight); err != nil {
			return err
		}
		if err := s.PutApp(e.ctx, a, by); err != nil {
			return err
		}
		if c.JSON {
			return printJSON(e, map[string]string{"app_key": a.Key, "secret": secret})
		}
		fmt.Fprintf(e.stdout, "app_key   %s\nsecret    %s\n", a.Key, secret)
		return nil
	})
}

type appListCmd struct {
	dbFlag
	jsonFlag
}

// appView is an app as JSON: never with its secrets, but with how many there are.
type appView struct {
	Key       string   `json:"app_key"`
	Name      string   `json:"name"`
	Secrets   int      `json:"secrets"`
	Methods   []string `json:"methods"`
	Brands    []string `json:"brands"`
	PerSecond int      `json:"per_second"`
	InFlight  int      `json:"in_flight"`
	Legacy    bool     `json:"legacy"`
	Disabled  bool     `json:"disabled"`
	Created   string   `json:"created"`
}

// Run lists the apps by key.
func (c *appListCmd) Run(e *env) error {
	return with(e, c.look, func(_ store.Store, snap *store.Snapshot) error {
		slices.SortFunc(snap.Apps, func(a, b *store.App) int { return strings.Compare(a.Key, b.Key) })
		views := make([]appView, 0, len(snap.Apps))
		for _, a := range snap.Apps {
			views = append(views, viewApp(a))
		}
		return printList(e, c.JSON, views, "APP\tNAME\tSTATE\tSECRETS\tMETHODS\tBRANDS\tPER SECOND\tAT ONCE\tCREATED", appView.row)
	})
}

func viewApp(a *store.App) appView {
	return appView{
		Key: a.Key, Name: a.Name, Secrets: len(a.Secrets), Methods: append([]string{}, a.Methods...), Brands: append([]string{}, a.Brands...),
		PerSecond: a.PerSecond, InFlight: a.InFlight, Legacy: a.Legacy, Disabled: a.Disabled, Created: showTime(a.Created),
	}
}

func (v appView) state() string {
	if v.Disabled {
		return "disabled"
	}
	return "enabled"
}

func (v appView) row() string {
	state, methods := v.state(), fmt.Sprint(len(v.Methods))
	if slices.Contains(v.Methods, "*") {
		methods = "all"
	}
	return fmt.Sprintf("%s\t%s\t%s\t%d\t%s\t%s\t%s\t%s\t%s", v.Key, v.Name, state, v.Secrets, methods,
		orDash(strings.Join(v.Brands, ",")), bound(v.PerSecond), bound(v.InFlight), v.Created)
}

// bound shows a limit in a table.
func bound(n int) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}

// grantFlags are methods and brands.
type grantFlags struct {
	Method []string `help:"Methods, * for all."`
	Brand  []string `help:"Brands, by brand_id."`
}

// Validate wants something to do.
func (f *grantFlags) Validate() error {
	if len(f.Method) == 0 && len(f.Brand) == 0 {
		return errors.New("want --method, --brand or both")
	}
	return nil
}

type appGrantCmd struct {
	appFlag
	grantFlags
}

// Help shows an example.
func (appGrantCmd) Help() string {
	return "A running server knows within five seconds.\n\nExample:\n\n" +
		"  recoup app grant --app 23456789 --brand 1332 --method alibaba.alsc.crm.open.assert.refund,taobao.time.get"
}

// Run adds to what the app is granted.
func (c *appGrantCmd) Run(e *env) error {
	return c.change(e, func(snap *store.Snapshot, a *store.App) (string, error) {
		return "app " + a.Key + " is granted it", grant(snap, a, c.Method, c.Brand)
	})
}

// grant adds methods and brands, each of which must be there.
func grant(snap *store.Snapshot, a *store.App, methods, brands []string) error {
	catalogue := api.NewCatalogue(&api.Service{})
	for _, m := range methods {
		if m != "*" && catalogue.Find(m) == nil {
			return fmt.Errorf("--method %s: there is no such method; `recoup call --list` shows them", m)
		}
		if !slices.Contains(a.Methods, m) {
			a.Methods = append(a.Methods, m)
		}
	}
	for _, id := range brands {
		if _, err := findBrand(snap, "--brand", id); err != nil {
			return err
		}
		if !slices.Contains(a.Brands, id) {
			a.Brands = append(a.Brands, id)
		}
	}
	return nil
}

type appRevokeCmd struct {
	appFlag
	grantFlags
}

// Help shows an example.
func (appRevokeCmd) Help() string {
	return "A running server knows within five seconds.\n\nExample:\n\n  recoup app revoke --app 23456789 --brand 1332"
}

// Run takes from what the app is granted.
func (c *appRevokeCmd) Run(e *env) error {
	return c.change(e, func(_ *store.Snapshot, a *store.App) (string, error) {
		for _, m := range c.Method {
			if !slices.Contains(a.Methods, m) {
				if slices.Contains(a.Methods, "*") {
					return "", fmt.Errorf("--method %s: app %s is granted all methods; revoke * and grant the others", m, a.Key)
				}
				return "", fmt.Errorf("--method %s: app %s is not granted it; `recoup app list --json` shows what it is", m, a.Key)
			}
			a.Methods = slices.DeleteFunc(a.Methods, func(s string) bool { return s == m })
		}
		for _, id := range c.Brand {
			if !slices.Contains(a.Brands, id) {
				return "", fmt.Errorf("--brand %s: app %s is not granted it; `recoup app list --json` shows what it is", id, a.Key)
			}
			a.Brands = slices.DeleteFunc(a.Brands, func(s string) bool { return s == id })
		}
		return "app " + a.Key + " is not granted it any more", nil
	})
}

type appShowCmd struct {
	dbFlag
	jsonFlag
	App string `arg:"" help:"The app_key."`
}

// appDetails is an app with what hangs on it, as JSON.
type appDetails struct {
	appView
	SecretsAre []string      `json:"secrets_sha256"` // the beginnings, the newest first
	Sessions   []sessionView `json:"sessions"`
}

// Run shows the app.
func (c *appShowCmd) Run(e *env) error {
	return with(e, c.look, func(_ store.Store, snap *store.Snapshot) error {
		a, err := findApp(snap, c.App)
		if err != nil {
			return err
		}
		d := appDetails{appView: viewApp(a), Sessions: viewSessions(snap, a.Key)}
		for _, secret := range a.Secrets {
			d.SecretsAre = append(d.SecretsAre, store.Fingerprint(secret))
		}
		if c.JSON {
			return printJSON(e, d)
		}
		rows := []string{
			"FIELD\tVALUE", "app_key\t" + d.Key, "name\t" + d.Name, "state\t" + d.state(), "secrets\t" + strings.Join(d.SecretsAre, ", ") + ", the newest first",
			"methods\t" + orDash(strings.Join(d.Methods, ", ")), "brands\t" + orDash(strings.Join(d.Brands, ", ")),
			"calls a second\t" + bound(d.PerSecond), "calls at once\t" + bound(d.InFlight), "old forms\t" + onOff(d.Legacy), "created\t" + d.Created,
		}
		if err := table(e, rows); err != nil || len(d.Sessions) == 0 {
			return err
		}
		fmt.Fprintln(e.stdout)
		return listSessions(e, false, d.Sessions)
	})
}

type appRemoveCmd struct{ appFlag }

// Help says what must be true first.
func (appRemoveCmd) Help() string {
	return "What the app booked stays in the books under its key. Disable it first and see that nobody misses it.\n\nExample:\n\n  recoup app remove --app 23456789"
}

// Run removes the app.
func (c *appRemoveCmd) Run(e *env) error {
	by, err := c.author()
	if err != nil {
		return err
	}
	return with(e, c.open, func(s store.Store, snap *store.Snapshot) error {
		a, err := findApp(snap, c.App)
		if err != nil {
			return err
		}
		if !a.Disabled {
			return fmt.Errorf("--app %s: is enabled; `recoup app disable --app %s` first, and see that nobody misses it", a.Key, a.Key)
		}
		if sessions := viewSessions(snap, a.Key); len(sessions) > 0 {
			return fmt.Errorf("--app %s: has %d sessions, the first %s; `recoup session revoke` ends them", a.Key, len(sessions), sessions[0].Session)
		}
		if err := s.DeleteApp(e.ctx, a.Key, by); err != nil {
			return err
		}
		fmt.Fprintf(e.stdout, "app %s is gone\n", a.Key)
		return nil
	})
}

type appRotateCmd struct {
	appFlag
	jsonFlag
	DropOld bool `help:"End the rotation: keep the newest secret only."`
}

// Help shows the two steps.
func (appRotateCmd) Help() string {
	return "First a new secret, beside which the old one works; then, when every caller has the new one, --drop-old. The metric recoup_old_secret_calls_total " +
		"counts the calls that still use the old one.\n\nExample:\n\n" +
		"  recoup app rotate --app 23456789\n  recoup app rotate --app 23456789 --drop-old"
}

// Run begins a rotation, or ends it.
func (c *appRotateCmd) Run(e *env) error {
	secret := newSecret()
	return c.change(e, func(_ *store.Snapshot, a *store.App) (string, error) {
		switch {
		case c.DropOld && len(a.Secrets) < 2:
			return "", fmt.Errorf("--drop-old: app %s has one secret only; run this without --drop-old first", a.Key)
		case c.DropOld:
			a.Secrets = a.Secrets[:1]
			return "the old secret of app " + a.Key + " does not work any more", nil
		case len(a.Secrets) > 1:
			return "", fmt.Errorf("--app %s: is being rotated already; end that by --drop-old first", a.Key)
		}
		a.Secrets = slices.Insert(a.Secrets, 0, secret)
		if c.JSON {
			return fmt.Sprintf("{\n  \"app_key\": %q,\n  \"secret\": %q\n}", a.Key, secret), nil
		}
		return fmt.Sprintf("app_key   %s\nsecret    %s\nServers know it within five seconds. The old secret works until: recoup app rotate --app %s --drop-old", a.Key, secret, a.Key), nil
	})
}

type appLimitCmd struct {
	appFlag
	PerSecond *int `help:"Calls a second; 0: no limit."`
	InFlight  *int `help:"Calls at once; 0: as many as the server takes."`
}

// Help shows an example.
func (appLimitCmd) Help() string {
	return "What is not given stays as it is.\n\nExample:\n\n  recoup app limit --app 23456789 --per-second 100 --in-flight 64"
}

// Validate wants something to do.
func (c *appLimitCmd) Validate() error {
	if c.PerSecond == nil && c.InFlight == nil {
		return errors.New("want --per-second, --in-flight or both")
	}
	return nil
}

// Run sets the limits.
func (c *appLimitCmd) Run(e *env) error {
	return c.change(e, func(_ *store.Snapshot, a *store.App) (string, error) {
		perSecond, inFlight := a.PerSecond, a.InFlight
		if c.PerSecond != nil {
			perSecond = *c.PerSecond
		}
		if c.InFlight != nil {
			inFlight = *c.InFlight
		}
		return fmt.Sprintf("app %s: %s calls a second, %s at once", a.Key, noLimit(perSecond), noLimit(inFlight)), limitApp(a, perSecond, inFlight)
	})
}

func noLimit(n int) string {
	if n == 0 {
		return "any number of"
	}
	return fmt.Sprint(n)
}

func limitApp(a *store.App, perSecond, inFlight int) error {
	const most = 1_000_000
	switch {
	case perSecond < 0 || perSecond > most:
		return fmt.Errorf("--per-second %d: want 0 to %d", perSecond, most)
	case inFlight < 0 || inFlight > most:
		return fmt.Errorf("--in-flight %d: want 0 to %d", inFlight, most)
	}
	a.PerSecond, a.InFlight = perSecond, inFlight
	return nil
}

type appLegacyCmd struct {
	appFlag
	State string `arg:"" enum:"on,off" help:"on or off."`
}

// Help says what it is for.
func (appLegacyCmd) Help() string {
	return "Only for callers that cannot do otherwise, such as the first .NET client: their signature can be extended by one who does not know the secret."
}

// Run switches.
func (c *appLegacyCmd) Run(e *env) error {
	return c.change(e, func(_ *store.Snapshot, a *store.App) (string, error) {
		a.Legacy = c.State == "on"
		return "old forms of calls of app " + a.Key + " are " + c.State, nil
	})
}

type appDisableCmd struct{ appFlag }

// Run disables the app.
func (c *appDisableCmd) Run(e *env) error {
	return c.change(e, func(_ *store.Snapshot, a *store.App) (string, error) {
		a.Disabled = true
		return "app " + a.Key + " is disabled", nil
	})
}

type appEnableCmd struct{ appFlag }

// Run enables the app.
func (c *appEnableCmd) Run(e *env) error {
	return c.change(e, func(_ *store.Snapshot, a *store.App) (string, error) {
		a.Disabled = false
		return "app " + a.Key + " is enabled", nil
	})
}
