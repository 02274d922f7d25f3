package power

import (
	"encoding/hex"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// traced are the system calls by which a process changes files or makes them durable.
const traced = "trace=?open,openat,?unlink,unlinkat,write,pwrite64,ftruncate,fsync,fdatasync"

// A call is one system call on a file of the traced folder.
type call struct {
	kind  string // create, remove, write, cut, sync, or acknowledge
	file  string // its name; "." is the folder itself
	at    int64  // write: the offset; cut: the new length
	data  []byte
	begun int // line of the trace at which it began
	ended int // and at which it had returned; never where the process ended before
}

const never = math.MaxInt

// The calls as strace prints them with -y -xx: a descriptor has its path in angle brackets, every text is hexadecimal.
var (
	callLine = regexp.MustCompile(`^(\w+)\((.*)\) += (\S+)`)
	callArgs = map[string]*regexp.Regexp{
		"open":      regexp.MustCompile(`^"(.*)", .*O_CREAT`),
		"openat":    regexp.MustCompile(`^[^,]+, "(.*)", .*O_CREAT`),
		"unlink":    regexp.MustCompile(`^"(.*)"`),
		"unlinkat":  regexp.MustCompile(`^[^,]+, "(.*)",`),
		"fsync":     regexp.MustCompile(`^\d+<(.*)>$`),
		"fdatasync": regexp.MustCompile(`^\d+<(.*)>$`),
		"ftruncate": regexp.MustCompile(`^\d+<(.*)>, (\d+)$`),
		"write":     regexp.MustCompile(`^\d+<(.*)>, "(.*)", \d+$`),
		"pwrite64":  regexp.MustCompile(`^\d+<(.*)>, "(.*)", \d+, (\d+)$`),
	}
	callKind = map[string]string{
		"open": "create", "openat": "create", "unlink": "remove", "unlinkat": "remove", "fsync": "sync", "fdatasync": "sync", "ftruncate": "cut",
		"write": "acknowledge", "pwrite64": "write",
	}
)

// readTrace reads the calls on files of a folder, in the order in which they began. The log's index (-shm) is left out: it is made anew
// after a power failure.
func readTrace(trace, folder string) ([]*call, error) {
	text, err := os.ReadFile(trace)
	if err != nil {
		return nil, err
	}
	type beginning struct {
		text string
		line int
	}
	var calls []*call
	begun := map[string]beginning{} // by thread
	for n, line := range slices.Collect(strings.Lines(string(text))) {
		thread, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		text = strings.TrimLeft(text, " ")
		if unfinished, ok := strings.CutSuffix(text, " <unfinished ...>"); ok {
			begun[thread] = beginning{unfinished, n}
			continue
		}
		first := n
		if _, end, ok := strings.Cut(text, " resumed>"); ok {
			first, text = begun[thread].line, begun[thread].text+end
			delete(begun, thread)
		}
		c, err := parse(text, folder)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n+1, err)
		}
		if c != nil {
			if c.begun = first; c.ended == 0 {
				c.ended = n
			}
			calls = append(calls, c)
		}
	}
	slices.SortFunc(calls, func(a, b *call) int { return a.begun - b.begun })
	return calls, nil
}

// parse reads a call; nil when it changed no file of the folder.
func parse(text, folder string) (*call, error) {
	m := callLine.FindStringSubmatch(text)
	if m == nil || strings.HasPrefix(m[3], "-") {
		return nil, nil // a thread's end, or a failure, which changed nothing
	}
	args := callArgs[m[1]].FindStringSubmatch(m[2])
	if args == nil {
		return nil, nil
	}
	path, err := unhex(args[1])
	if err != nil {
		return nil, err
	}
	name, err := filepath.Rel(folder, string(path))
	if err != nil || strings.HasPrefix(name, "..") || strings.HasSuffix(name, "-shm") {
		return nil, nil
	}
	c := &call{kind: callKind[m[1]], file: name}
	if m[3] == "?" {
		c.ended = never
	}
	switch m[1] {
	case "ftruncate":
		c.at, err = strconv.ParseInt(args[2], 10, 64)
	case "pwrite64":
		if c.at, err = strconv.ParseInt(args[3], 10, 64); err == nil {
			c.data, err = unhex(args[2])
		}
	case "write":
		c.data, err = unhex(args[2])
	}
	return c, err
}

// unhex reads a text of -xx.
func unhex(s string) ([]byte, error) { return hex.DecodeString(strings.ReplaceAll(s, `\x`, "")) }
