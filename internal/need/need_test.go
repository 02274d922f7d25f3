package need

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// A program is found in PATH and, by wildcards, where distributions hide it. One that is missing skips the test and fails it in continuous
// integration, both with the name of the package; one that is not listed always fails it.
func TestProgram(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"bin/here", "opt/9/hidden", "opt/10/hidden"} {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, nil, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", filepath.Join(dir, "bin"))
	defer func(listed string) { programs = listed }(programs)
	programs = "# Lists\npackage-a here\npackage-b hidden " + dir + "/opt/*/hidden\npackage-c away /nowhere/*/away\n"
	for _, tt := range []struct{ name, ci, want string }{
		{"here", "", dir + "/bin/here"},
		{"hidden", "true", dir + "/opt/10/hidden"},
		{"away", "", "skipped: away is not installed; on Debian: sudo apt-get install package-c"},
		{"away", "true", "failed: away is not installed; on Debian: sudo apt-get install package-c"},
		{"unheard", "", "failed: unheard is not in internal/need/programs"},
	} {
		t.Setenv("CI", tt.ci)
		if got := asked(tt.name); got != tt.want {
			t.Errorf("%s with CI=%s: %s, want %s", tt.name, tt.ci, got, tt.want)
		}
	}
}

// asked is the path, or how the test would end.
func asked(name string) string {
	r := &recorder{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if path := Program(r, name); path != "" {
			r.said = path
		}
	}()
	<-done
	return r.said
}

// recorder is a test that only says how it ended.
type recorder struct {
	testing.TB
	said string
}

func (r *recorder) Helper() {}

func (r *recorder) Skipf(format string, args ...any) {
	r.said = "skipped: " + fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.said = "failed: " + fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// Every line of the list names a package and a program.
func TestList(t *testing.T) {
	t.Parallel()
	n := 0
	for line := range strings.Lines(programs) {
		if fields := strings.Fields(line); fields[0] != "#" {
			n++
			if len(fields) < 2 {
				t.Errorf("%q names no program", line)
			}
		}
	}
	if n == 0 {
		t.Error("the list is empty")
	}
}
