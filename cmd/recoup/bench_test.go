package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"recoup/internal/bench"
	"recoup/internal/pgtemp"
)

// measured runs `recoup bench` for a moment. Its servers are this test binary under the command's name.
func measured(t *testing.T, args ...string) []byte {
	t.Helper()
	var out, stderr bytes.Buffer
	e := &env{ctx: t.Context(), stdin: strings.NewReader(""), stdout: &out, stderr: &stderr}
	if code := run(e, append([]string{"bench", "--rounds", "1"}, args...)); code != 0 {
		t.Fatalf("bench ended with %d: %s", code, stderr.String())
	}
	return out.Bytes()
}

// Every group of rows is measured, and every bar but the one of pgbench, which takes long to prepare.
func TestBench(t *testing.T) {
	t.Parallel()
	var groups []string
	for name := range bench.Groups() {
		if name != "pgbench" && name != "reports" {
			groups = append(groups, name)
		}
	}
	text := measured(t, "--json", "--time", "100ms", "--conns", "8", "--members", "200", "--operations", "2000", "--only", strings.Join(groups, ","))
	var report bench.Report
	if err := json.Unmarshal(text, &report); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	var lines []string
	for _, row := range report.Rows {
		lines = append(lines, row.String())
		if row.Figures[bench.Refused] > 0 {
			t.Errorf("%s: %.0f calls were refused", row, row.Figures[bench.Refused])
		}
		if _, told := row.Figures[bench.RecoupCPU]; !told || row.Figures[bench.PerSecond] == 0 { // the kernel's tick may miss a moment
			t.Errorf("%s was not measured: %v", row, row.Figures)
		}
	}
	for _, load := range []string{"charges", "debits", "refunds", "mixed", "day", "reads"} {
		for _, on := range []string{"PostgreSQL", "SQLite"} {
			if line := load + ", " + on; !slices.Contains(lines, line) {
				t.Errorf("no line %s in %q", line, lines)
			}
		}
	}
	for _, b := range report.Bars {
		if pgbench := strings.Contains(b.Name, "pgbench"); (b.Got > 0) == pgbench {
			t.Errorf("bar %s: got %v", b.Name, b.Got)
		}
	}
	if len(report.Postgres) < 7 || report.SyncTime == 0 {
		t.Errorf("settings %v, fdatasync %v", report.Postgres, report.SyncTime)
	}
}

// A store with a history is made and measured, and the table says so.
func TestBenchLarge(t *testing.T) {
	t.Parallel()
	text := measured(t, "--only", "large", "--members", "200", "--operations", "2000", "--conns", "8", "--time", "200ms", "--pg-set", "work_mem=8MB")
	for _, want := range []string{
		"200 members and 2000 operations", "work_mem=8MB", "| charges | PostgreSQL, large store |", "| charges, PostgreSQL, empty store |",
	} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("nothing says %q:\n%s", want, text)
		}
	}
}

// What reads a whole history is measured over one, with what it needs of memory.
func TestBenchReports(t *testing.T) {
	t.Parallel()
	text := measured(t, "--json", "--only", "reports", "--members", "200", "--operations", "4000", "--conns", "8", "--time", "200ms")
	var report bench.Report
	if err := json.Unmarshal(text, &report); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	got := map[string]float64{}
	for _, row := range report.Rows {
		if row.Figures[bench.Took] > 0 {
			got[row.String()] = row.Figures[bench.Lines]
		}
	}
	for _, on := range []string{"PostgreSQL", "SQLite"} {
		deep := ", " + on + ", large store, the member with a tenth of it"
		if got["recoup member statement"+deep] < 300 || got["recoup liability"+deep] < 3 || got["recoup export operations"+deep] < 4000 {
			t.Errorf("lines on %s: %v", on, got)
		}
	}
}

// A database of the user's is measured once, while it is empty; what needs a server of our own is left out, and said to be.
func TestBenchDatabase(t *testing.T) {
	t.Parallel()
	dsn := pgtemp.Database(t)
	text := measured(t, "--db", dsn, "--only", "hot,pgbench", "--members", "200", "--conns", "8", "--time", "200ms")
	for _, want := range []string{"| charges | PostgreSQL, one member |", "Not measured: pgbench: it needs a temporary PostgreSQL server."} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("nothing says %q:\n%s", want, text)
		}
	}
	var stderr bytes.Buffer
	again := &env{ctx: t.Context(), stdout: io.Discard, stderr: &stderr}
	if code := run(again, []string{"bench", "--db", dsn, "--only", "hot"}); code != exitFailed || !strings.Contains(stderr.String(), "is not empty; create a database") {
		t.Errorf("a second time: %d, %s", code, &stderr)
	}
}

// Another build is measured in turns with this one, each on databases that it made itself; here it is the same build.
func TestBenchAgainst(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text := measured(t, "--json", "--against", self, "--only", "debits,one", "--members", "200", "--conns", "8", "--time", "200ms")
	var report bench.Report
	if err := json.Unmarshal(text, &report); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	pairs := map[string]string{}
	for _, row := range report.Rows {
		if row.To == "" {
			continue
		}
		pairs[row.String()] = row.To
		if row.Figures[bench.Ratio] <= 0 || math.IsInf(row.Figures[bench.Ratio], 0) || len(row.Spread[bench.Ratio]) != 2 {
			t.Errorf("%s: %v, %v", row, row.Figures, row.Spread)
		}
	}
	want := map[string]string{}
	for _, on := range []string{"PostgreSQL", "SQLite"} {
		for _, load := range []string{"debits, " + on, "refunds, " + on, "charges, " + on + ", one caller"} {
			want[load] = load + ", other"
		}
	}
	if !maps.Equal(pairs, want) || len(report.Bars) > 0 {
		t.Errorf("pairs %q, want %q; bars %v", pairs, want, report.Bars)
	}
}

// A server of a measurement never outlives whoever started it: it ends with its input.
func TestBenchServerEnds(t *testing.T) {
	t.Parallel()
	stdin, owner := io.Pipe()
	out, stdout := io.Pipe()
	ended := make(chan int)
	go func() {
		ended <- run(&env{ctx: t.Context(), stdin: stdin, stdout: stdout, stderr: io.Discard}, []string{"bench-server", "--null", "--db", "memory:"})
	}()
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || !strings.HasPrefix(line, "127.0.0.1:") {
		t.Fatalf("it says %q, %v", line, err)
	}
	owner.Close()
	if code := <-ended; code != 0 {
		t.Errorf("it ended with %d", code)
	}
}

// What cannot be measured is told before anything starts.
func TestBenchRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--only", "charges,speed"}, "no group of rows named speed"},
		{[]string{"--conns", "0"}, "want at least 1"},
		{[]string{"--db", "sqlite:x.db"}, "want postgres://"},
		{[]string{"--db", "postgres://u:secret@127.0.0.1:1/x", "--against", "recoup-before"}, "--against: needs a database for each build"},
		{[]string{"--against", "no/such/recoup"}, "--against no/such/recoup: want the path of another build"},
		{[]string{"--against", "/bin/true", "--only", "charges"}, "is no build of recoup"},
		{[]string{"--db", "postgres://u:secret@127.0.0.1:1/x", "--pg-set", "fsync=off"}, "--pg-set"},
	} {
		var stderr bytes.Buffer
		code := run(&env{ctx: t.Context(), stdout: io.Discard, stderr: &stderr}, append([]string{"bench"}, c.args...))
		if code != exitFailed || !strings.Contains(stderr.String(), c.want) || strings.Contains(stderr.String(), "secret") {
			t.Errorf("%q: %d, %s", c.args, code, &stderr)
		}
	}
}
