// Command report reads what `go test -json` writes and prints what go test prints without -json; then, if all passed, the slowest tests.
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// listed is how many of the slowest tests are printed.
const listed = 10

func main() {
	if err := report(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}

// event is one line of `go test -json`; `go doc test2json` says what it means.
type event struct {
	Action  string
	Package string
	Test    string // "" for the package itself
	Output  string
	Elapsed float64 // seconds
}

func (e *event) name() string { return e.Package + " " + e.Test }

// report prints a package when it ends: of tests that passed nothing, of the others what they wrote.
func report(in io.Reader, out io.Writer) error {
	written := map[string][]event{} // by package
	passed := map[string]bool{}     // by name
	parents := map[string]bool{}    // names of tests that have tests in them
	var ended []event
	failed := false
	for lines := bufio.NewReader(in); ; {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		var e event
		if json.Unmarshal(line, &e) != nil {
			fmt.Fprintf(out, "%s", line)
			continue
		}
		switch e.Action {
		case "build-output":
			fmt.Fprint(out, e.Output)
		case "output":
			written[e.Package] = append(written[e.Package], e)
		case "pass", "fail", "skip":
			failed = failed || e.Action == "fail"
			if e.Test == "" {
				printEnd(out, written[e.Package], passed)
				delete(written, e.Package)
				continue
			}
			passed[e.name()] = e.Action != "fail"
			ended = append(ended, e)
			if i := strings.LastIndex(e.name(), "/"); i >= 0 {
				parents[e.name()[:i]] = true
			}
		}
	}
	if failed || len(ended) == 0 {
		return nil // a failure shall be the last that is read
	}
	ended = slices.DeleteFunc(ended, func(e event) bool { return parents[e.name()] })
	slices.SortStableFunc(ended, func(a, b event) int { return cmp.Compare(b.Elapsed, a.Elapsed) })
	fmt.Fprintln(out, "The slowest tests:")
	for _, e := range ended[:min(listed, len(ended))] {
		fmt.Fprintf(out, "%7.2fs  %s\n", e.Elapsed, e.name())
	}
	return nil
}

// printEnd prints what a package and those of its tests wrote that did not pass. A test that a panic cut off has no end, and did not pass.
func printEnd(out io.Writer, written []event, passed map[string]bool) {
	for _, e := range written {
		progress := strings.HasPrefix(e.Output, "=== ") || e.Test == "" && e.Output == "PASS\n"
		if !progress && !passed[e.name()] {
			fmt.Fprint(out, e.Output)
		}
	}
}
