package main

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"recoup/internal/need"
)

// TestReadmeCalls pastes the shell lines of both READMEs against a demo: what newcomers try first must work as printed.
func TestReadmeCalls(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"bash", "curl", "openssl"} {
		need.Program(t, tool)
	}
	s, err := startService("demo", "--addr", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer s.end()
	gateway, err := url.Parse(strings.TrimSpace(strings.TrimPrefix(s.printed[0], "gateway")))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"README.md", "README.zh-CN.md"} {
		text, err := os.ReadFile(filepath.Join("..", "..", name))
		if err != nil {
			t.Fatal(err)
		}
		_, after, found := strings.Cut(string(text), "```bash\n")
		script, _, closed := strings.Cut(after, "```")
		if !found || !closed {
			t.Fatalf("%s has no bash block", name)
		}
		out, err := exec.Command("bash", "-c", strings.ReplaceAll(script, "127.0.0.1:8080", gateway.Host)).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
		answers := strings.Split(strings.TrimSpace(string(out)), "\n")
		if len(answers) != 4 {
			t.Fatalf("%s: %d answers, want 4:\n%s", name, len(answers), out)
		}
		for i, a := range answers {
			if !strings.Contains(a, `success":true`) || strings.Contains(a, `success":false`) {
				t.Errorf("%s: call %d is answered %s", name, i+1, a)
			}
		}
	}
}
