package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"recoup/internal/api"
	"recoup/internal/top"
)

type callCmd struct {
	Method     string        `arg:"" optional:"" help:"The method, like alibaba.alsc.crm.open.assert.refund."`
	Payload    string        `short:"p" name:"payload" placeholder:"FILE" help:"File with the request as JSON, - for standard input."`
	Param      []string      `sep:"none" placeholder:"NAME=VALUE" help:"A parameter as it is; may come several times and goes before all others."`
	URL        string        `name:"url" env:"RECOUP_URL" default:"http://127.0.0.1:8080/router/rest" help:"The gateway; the address of a server is enough."`
	AppKey     string        `env:"RECOUP_APP_KEY" help:"The app_key."`
	Secret     string        `env:"RECOUP_SECRET" help:"The secret of the app; better by environment than by flag."`
	Session    string        `env:"RECOUP_SESSION" help:"The session, for methods that act for a merchant."`
	Format     string        `enum:"json,xml" default:"json" help:"json or xml."`
	SignMethod string        `enum:"md5,hmac,hmac-sha256" default:"hmac-sha256" help:"md5, hmac or hmac-sha256."`
	Simplify   bool          `help:"Ask for simplified JSON."`
	Timeout    time.Duration `default:"30s" help:"How long to wait for the answer."`
	List       bool          `help:"List the methods with the parameter that carries their request, and call nothing."`
}

// Help shows examples.
func (callCmd) Help() string {
	return "Signs a call, sends it and prints the answer as it came. The file holds what is in the method's one parameter (brand_id, …); " +
		"which parameter that is the command knows. Exit code 1 when the platform answers error_response; a refusal of the business " +
		"(biz_success false) is an answer like any other.\n\nExamples:\n\n" +
		"  export RECOUP_APP_KEY=12345678 RECOUP_SECRET=recoup-demo-secret\n" +
		"  recoup call taobao.time.get\n" +
		"  recoup call alibaba.alsc.crm.open.assert.refund -p refund.json\n" +
		"  echo '{\"brand_id\":\"1332\",…}' | recoup call alibaba.alsc.crm.open.customer.get -p -"
}

// Validate checks what can be checked before anything is sent.
func (c *callCmd) Validate() error {
	switch {
	case c.List:
		return nil
	case c.Method == "":
		return errors.New("want a METHOD; `recoup call --list` shows them")
	case c.AppKey == "":
		return errors.New("want --app-key or RECOUP_APP_KEY")
	case c.Secret == "":
		return errors.New("want RECOUP_SECRET or --secret")
	}
	u, err := url.Parse(c.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return errors.New("--url: want one like http://127.0.0.1:8080/router/rest")
	}
	if u.Path == "" || u.Path == "/" { // the address of a server is enough
		u.Path = "/router/rest"
		c.URL = u.String()
	}
	for _, p := range c.Param {
		if name, _, ok := strings.Cut(p, "="); !ok || name == "" {
			return fmt.Errorf("--param %s: want NAME=VALUE", p)
		}
	}
	return nil
}

// Run calls the method.
func (c *callCmd) Run(e *env) error {
	catalogue := api.NewCatalogue(&api.Service{})
	if c.List {
		rows := []string{"METHOD\tPARAMETER\tSESSION"}
		for _, m := range catalogue.All() {
			session := ""
			if m.Session {
				session = "needed"
			}
			rows = append(rows, m.Name+"\t"+orDash(m.Param)+"\t"+session)
		}
		return table(e, rows)
	}
	p := top.NewParams("method", c.Method, "app_key", c.AppKey, "v", "2.0", "format", c.Format, "sign_method", c.SignMethod,
		"timestamp", top.FormatTime(time.Now()))
	if c.Simplify {
		p.Set("simplify", "true")
	}
	if c.Session != "" {
		p.Set("session", c.Session)
	}
	if err := c.payload(e, p, catalogue.Find(c.Method)); err != nil {
		return err
	}
	for _, pair := range c.Param {
		name, value, _ := strings.Cut(pair, "=")
		p.Set(name, value)
	}
	// Whoever gives a signature of their own wants to see it refused.
	if _, given := p.Lookup("sign"); !given {
		p.Set("sign", top.Sign(p, c.Secret, p.Get("sign_method")))
	}
	return c.send(e, p)
}

// payload puts the file into the parameter that carries the method's request, as it is: whether it is right is for the server to say.
func (c *callCmd) payload(e *env, p *top.Params, m *api.Method) error {
	var text []byte
	var err error
	switch {
	case c.Payload == "":
		return nil
	case m == nil:
		return fmt.Errorf("%s: is not in the catalogue, so the parameter of its request is not known; pass it by --param NAME=JSON", c.Method)
	case c.Payload == "-":
		text, err = io.ReadAll(e.stdin)
	default:
		text, err = os.ReadFile(c.Payload)
	}
	if err != nil {
		return fmt.Errorf("-p %s: %w", c.Payload, err)
	}
	text = bytes.TrimSpace(text)
	switch {
	case len(text) == 0:
		return fmt.Errorf("-p %s: is empty; want the request as JSON", c.Payload)
	case m.Param != "":
		p.Set(m.Param, string(text))
		return nil
	}
	// The members are parameters themselves: texts bare, anything else as JSON.
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return fmt.Errorf("-p %s: want a JSON object, for the members are parameters of %s: %w", c.Payload, c.Method, err)
	}
	for name, raw := range members {
		var s string
		if json.Unmarshal(raw, &s) != nil {
			s = string(raw)
		}
		p.Set(name, s)
	}
	return nil
}

// bodyMax bounds the answer that is read, in bytes.
const bodyMax = 64 << 20

// send posts the call and prints the body of the answer.
func (c *callCmd) send(e *env, p *top.Params) error {
	req, err := http.NewRequestWithContext(e.ctx, http.MethodPost, c.URL, strings.NewReader(p.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded;charset=utf-8")
	resp, err := (&http.Client{Timeout: c.Timeout}).Do(req)
	if err != nil {
		return fmt.Errorf("%w; is the server running? --url names it", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, bodyMax))
	if err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	fmt.Fprintln(e.stdout, string(bytes.TrimSpace(body)))
	switch {
	case resp.StatusCode != http.StatusOK:
		return fmt.Errorf("%s answered HTTP %s", c.URL, resp.Status)
	case isFault(body):
		return fmt.Errorf("%s was answered by error_response", c.Method)
	}
	return nil
}

// isFault reports whether an answer's root is error_response, in either format.
func isFault(body []byte) bool {
	var root map[string]json.RawMessage
	if json.Unmarshal(body, &root) == nil {
		_, fault := root["error_response"]
		return fault
	}
	return bytes.Contains(body[:min(len(body), 200)], []byte("<error_response>"))
}
