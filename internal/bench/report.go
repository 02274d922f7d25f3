package bench

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// A Line names a line of the table: a load, and where it was sent.
type Line struct {
	Load string `json:"load"`
	On   string `json:"on"`
}

func (l Line) String() string { return l.Load + ", " + l.On }

// A Figure is something that is measured, by its name in JSON.
type Figure string

// The figures. Processor time is in microseconds a call.
const (
	PerSecond   Figure = "calls_per_second"
	Ratio       Figure = "calls_ratio" // to those of the line it took turns with, turn by turn
	CPURatio    Figure = "cpu_ratio"   // of processor time a call, likewise
	RecoupCPU   Figure = "recoup_us_per_call"
	PostgresCPU Figure = "postgres_us_per_call"
	P50         Figure = "p50_ms" // at half the rate; of one caller at its own
	P99         Figure = "p99_ms"
	RSS         Figure = "recoup_rss_mb" // the most a process ever had
	Refused     Figure = "refused"
	Start       Figure = "start_s" // from exec to the first answer
	Took        Figure = "took_s"  // of a command
	Lines       Figure = "lines"   // that it printed
)

// A Sample is what one measurement found out.
type Sample map[Figure]float64

// A Row is a line of the table with the figures of all its samples: the greatest of RSS and Start, the sum of Refused, and medians of all
// else.
type Row struct {
	Line
	To      string                `json:"ratio_to,omitempty"` // the line that ratios compare with
	Figures Sample                `json:"figures"`
	Spread  map[Figure][2]float64 `json:"spread,omitempty"` // of ratios: the quartiles

	samples []Sample
}

// A Bar is what a figure has to reach.
type Bar struct {
	Name    string  `json:"name"`
	Line    Line    `json:"-"` // the zero value: of any line the greatest
	Figure  Figure  `json:"-"`
	Inverse bool    `json:"-"` // of the ratio the other way round
	Alone   bool    `json:"-"` // at most twice what a sync takes, and a millisecond
	Format  string  `json:"-"`
	Least   float64 `json:"at_least,omitempty"`
	Most    float64 `json:"at_most,omitempty"`
	Got     float64 `json:"got,omitempty"` // 0: not measured
	Reached bool    `json:"reached"`
}

// A Report is what a run found out, and under which circumstances.
type Report struct {
	Machine  string    `json:"machine"`
	Method   string    `json:"method"`
	Postgres []Setting `json:"postgres,omitempty"` // settings of the server
	SyncTime float64   `json:"fdatasync_us"`
	Rows     []*Row    `json:"rows"`
	Bars     []Bar     `json:"bars"`
	Notes    []string  `json:"notes,omitempty"`
}

// add adds a sample to a line. to is the line that its ratio compares with, or the zero value.
func (r *Report) add(l, to Line, s Sample) {
	i := slices.IndexFunc(r.Rows, func(row *Row) bool { return row.Line == l })
	if i < 0 {
		i = len(r.Rows)
		r.Rows = append(r.Rows, &Row{Line: l})
	}
	row := r.Rows[i]
	row.samples = append(row.samples, s)
	if to != (Line{}) {
		row.To = to.String()
	}
}

// note notes something that the reader should know, once.
func (r *Report) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(r.Notes, text) {
		r.Notes = append(r.Notes, text)
	}
}

// close works the figures out of the samples and compares them with the bars.
func (r *Report) close(bars []Bar) {
	for _, row := range r.Rows {
		all := map[Figure][]float64{}
		for _, s := range row.samples {
			for f, n := range s {
				all[f] = append(all[f], n)
			}
		}
		row.Figures, row.Spread = Sample{}, map[Figure][2]float64{}
		for f, list := range all {
			row.Figures[f] = together(f, list)
			if f == Ratio || f == CPURatio {
				row.Spread[f] = [2]float64{list[len(list)/4], list[len(list)*3/4]}
			}
		}
	}
	r.Bars = slices.Clone(bars)
	for i := range r.Bars {
		if r.Bars[i].Alone {
			r.Bars[i].Most = 2*r.SyncTime/1000 + 1
		}
		r.Bars[i].close(r.Rows)
	}
}

// together is one figure of many. It sorts them.
func together(f Figure, list []float64) (n float64) {
	switch slices.Sort(list); f {
	case RSS, Start:
		return list[len(list)-1]
	case Refused:
		for _, x := range list {
			n += x
		}
		return n
	}
	return list[len(list)/2]
}

func (b *Bar) close(rows []*Row) {
	for _, row := range rows {
		if row.Line == b.Line || b.Line == (Line{}) {
			b.Got = max(b.Got, row.Figures[b.Figure])
		}
	}
	if b.Got == 0 {
		return
	}
	if b.Inverse {
		b.Got = 1 / b.Got
	}
	b.Reached = b.Got >= b.Least && (b.Most == 0 || b.Got <= b.Most)
}

// A column shows a figure.
type column struct {
	title  string
	figure Figure
	format string
	rare   bool // left out where no row has it
}

var columns = []column{
	{"calls/s", PerSecond, "%.0f", false},
	{"calls ×", Ratio, "%.2f", false},
	{"processor ×", CPURatio, "%.2f", false},
	{"recoup µs/call", RecoupCPU, "%.0f", false},
	{"postgres µs/call", PostgresCPU, "%.0f", false},
	{"p50 ms", P50, "%.2f", false},
	{"p99 ms", P99, "%.2f", false},
	{"RSS MB", RSS, "%.0f", false},
	{"start s", Start, "%.2f", false},
	{"took s", Took, "%.1f", true},
	{"lines", Lines, "%.0f", true},
	{"refused", Refused, "%.0f", false},
}

// Write prints the report in Markdown, which reads well at a terminal, too.
func (r *Report) Write(w io.Writer) {
	fmt.Fprintf(w, "%s\n\n%s\n\n", r.Machine, r.Method)
	if len(r.Postgres) > 0 {
		fmt.Fprint(w, "PostgreSQL:")
		for _, s := range r.Postgres {
			fmt.Fprintf(w, " %s=%s", s.Name, s.Value)
		}
		fmt.Fprint(w, "\n\n")
	}
	fmt.Fprintf(w, "A write of 8 KiB with fdatasync: %.0f µs.\n\n", r.SyncTime)
	r.table(w)
	bars := [][]string{{"bar", "wanted", "got", "reached"}}
	for i := range r.Bars {
		bars = append(bars, r.Bars[i].cells())
	}
	if len(r.Bars) > 0 {
		table(w, 1, bars)
	}
	for _, n := range r.Notes {
		fmt.Fprintln(w, n)
	}
}

// table prints the lines that were measured.
func (r *Report) table(w io.Writer) {
	rows := [][]string{{"load", "on", "in turns with"}}
	columns := slices.DeleteFunc(slices.Clone(columns), func(c column) bool {
		return c.rare && !slices.ContainsFunc(r.Rows, func(row *Row) bool { return row.Figures[c.figure] > 0 })
	})
	for _, c := range columns {
		rows[0] = append(rows[0], c.title)
	}
	for _, row := range r.Rows {
		if row.Figures[PerSecond] == 0 && row.Figures[Took] == 0 {
			continue
		}
		cells := []string{row.Load, row.On, row.To}
		for _, c := range columns {
			n, measured := row.Figures[c.figure]
			cell := show(measured, c.format, n)
			if q, ok := row.Spread[c.figure]; ok {
				cell += fmt.Sprintf(" ("+c.format+"–"+c.format+")", q[0], q[1])
			}
			cells = append(cells, cell)
		}
		rows = append(rows, cells)
	}
	table(w, 3, rows)
}

func (b *Bar) cells() []string {
	limit, n := "≥ ", b.Least
	if b.Most > 0 {
		limit, n = "≤ ", b.Most
	}
	reached := map[bool]string{true: "yes", false: "no"}[b.Reached]
	if b.Got == 0 {
		reached = "not measured"
	}
	return []string{b.Name, limit + fmt.Sprintf(b.Format, n), show(b.Got > 0, b.Format, b.Got), reached}
}

func show(measured bool, format string, n float64) string {
	if !measured {
		return "–"
	}
	return fmt.Sprintf(format, n)
}

// table prints rows, of which the first is the head. The first columns are texts, the others figures.
func table(w io.Writer, texts int, rows [][]string) {
	width := make([]int, len(rows[0]))
	for _, cells := range rows {
		for i, cell := range cells {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	for n, cells := range rows {
		for i, cell := range cells {
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell))
			if i >= texts {
				cell, pad = pad+cell, ""
			}
			fmt.Fprintf(w, "| %s%s ", cell, pad)
		}
		fmt.Fprintln(w, "|")
		if n > 0 {
			continue
		}
		for i := range width {
			end := "-"
			if i >= texts {
				end = ":"
			}
			fmt.Fprintf(w, "|%s%s", strings.Repeat("-", width[i]+1), end)
		}
		fmt.Fprintln(w, "|")
	}
	fmt.Fprintln(w)
}
