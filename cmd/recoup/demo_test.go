package main

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"recoup/internal/demo"
)

// TestDemoGreets holds the demo to its contract: six lines and no other before four curl lines that answer when pasted, twice.
func TestDemoGreets(t *testing.T) {
	t.Parallel()
	s, err := startService("demo", "--addr", "127.0.0.1:0", "--data", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.end()
	for i, want := range []string{
		`gateway   http://127\.0\.0\.1:\d+/router/rest`,
		`console   http://127\.0\.0\.1:\d+/console   user demo   password demo`,
		`docs      http://127\.0\.0\.1:\d+/docs`,
		`app_key   12345678`,
		`secret    recoup-demo-secret`,
		`session   6100recoupdemosession00000000000000000000000000000000001`,
	} {
		if !regexp.MustCompile("^" + want + "$").MatchString(s.printed[i]) {
			t.Errorf("line %d is %q, want %s", i+1, s.printed[i], want)
		}
	}
	curl := regexp.MustCompile(`^curl -s '([^']+)' --data '([^']+)'$`)
	for range 2 {
		for i, line := range s.curls {
			parts := curl.FindStringSubmatch(line)
			if parts == nil {
				t.Fatalf("%q cannot be pasted", line)
			}
			resp, err := http.Post(parts[1], "application/x-www-form-urlencoded", strings.NewReader(parts[2]))
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil {
				t.Fatal(err)
			}
			if !regexp.MustCompile(`"(biz_)?success":true`).Match(body) {
				t.Errorf("the sample of document %s is answered %s", demo.Samples[i].Document, body)
			}
		}
	}
	if code := s.end(); code != 0 {
		t.Errorf("the demo ended with %d", code)
	}
}
