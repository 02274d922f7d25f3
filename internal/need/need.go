// Package need finds the programs that tests run. The file programs lists all of them, for tools/setup too, which installs them.
package need

import (
	_ "embed"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

//go:embed programs
var programs string

// Program answers the path of a program in the list. Without it the test is skipped, and says which package of Debian has it; where CI
// is set the test fails, because there a skipped test would look like a passed one.
func Program(t testing.TB, name string) (path string) {
	t.Helper()
	for line := range strings.Lines(programs) {
		fields := strings.Fields(line)
		if len(fields) < 2 || fields[0] == "#" || !slices.Contains(fields[1:], name) {
			continue
		}
		if path := find(fields[1:]); path != "" {
			return path
		}
		missing := t.Skipf
		if os.Getenv("CI") != "" { //nolint:forbidigo // a test has no command line to ask
			missing = t.Fatalf
		}
		missing("%s is not installed; on Debian: sudo apt-get install %s", name, fields[0])
	}
	t.Fatalf("%s is not in internal/need/programs", name)
	return ""
}

// find answers the first program that is there, of names in PATH and paths with wildcards.
func find(places []string) string {
	for _, place := range places {
		found := []string{place}
		if filepath.IsAbs(place) {
			found, _ = filepath.Glob(place) // fails at a bad pattern, and then finds nothing
		}
		for _, file := range found {
			if path, err := exec.LookPath(file); err == nil {
				return path
			}
		}
	}
	return ""
}
