// Package sheet reads tables as chains have them: CSV or XLSX, UTF-8 or GBK, with a heading in Chinese or English. Cells are texts; the
// readers in cell.go make of them what they mean, and say what spreadsheets have done to them.
package sheet

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// A Column is what a table may have under any of its names; the first name is how faults call it.
type Column struct {
	Names    []string
	Required bool
}

// A Row is one line of a table.
type Row struct {
	Line  int // in the file, from 1
	cells []string
	table *Table
}

// Table is a table that was read whole.
type Table struct {
	Rows    []Row
	columns []Column
	at      []int  // where each column lies, −1: nowhere
	fen     []bool // the heading says fen
}

// RowsMax bounds a table, bytesMax a text.
const (
	RowsMax  = 2_000_000
	bytesMax = 2 << 30
)

// Read reads a table of the columns. Errors name the line and the remedy.
func Read(in io.Reader, columns []Column) (*Table, error) {
	buffered := bufio.NewReaderSize(in, 1<<20)
	head, err := buffered.Peek(4)
	if len(head) == 0 {
		if errors.Is(err, io.EOF) {
			return nil, errors.New("is empty")
		}
		return nil, err
	}
	var lines [][]string
	var numbers []int
	if bytes.HasPrefix(head, []byte("PK\x03\x04")) {
		lines, numbers, err = workbook(buffered)
	} else {
		lines, numbers, err = text(buffered)
	}
	if err != nil {
		return nil, err
	}
	return tableOf(lines, numbers, columns)
}

// workbook reads the first sheet of an XLSX file, cells as they are kept.
func workbook(in io.Reader) (lines [][]string, numbers []int, err error) {
	f, err := excelize.OpenReader(in, excelize.Options{RawCellValue: true, UnzipSizeLimit: 2 << 30})
	if err != nil {
		return nil, nil, fmt.Errorf("is no XLSX file that can be read: %w", err)
	}
	defer func() { _ = f.Close() }()
	rows, err := f.Rows(f.GetSheetName(0))
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = rows.Close() }()
	for n := 1; rows.Next(); n++ {
		cells, err := rows.Columns()
		if err != nil {
			return nil, nil, fmt.Errorf("line %d: %w", n, err)
		}
		for i := range cells {
			cells[i] = shown(cells[i])
		}
		if !blank(cells) {
			lines, numbers = append(lines, cells), append(numbers, n)
		}
		if len(lines) > RowsMax {
			return nil, nil, fmt.Errorf("has more than %d lines; part it", RowsMax)
		}
	}
	return lines, numbers, rows.Error()
}

// shown is a number with a fraction as a spreadsheet shows it: files keep more digits than people typed, 16.56 as 16.559999999999999.
func shown(cell string) string {
	if len(cell) <= 16 || !fraction.MatchString(cell) {
		return cell
	}
	n, err := strconv.ParseFloat(cell, 64)
	if err != nil {
		return cell
	}
	const digits = 15
	n, err = strconv.ParseFloat(strconv.FormatFloat(n, 'g', digits, 64), 64)
	if err != nil {
		return cell
	}
	return strconv.FormatFloat(n, 'f', -1, 64)
}

var fraction = regexp.MustCompile(`^[0-9]+\.[0-9]+(E-?[0-9]+)?$`)

// text reads CSV, parted by commas, tabs or semicolons, in UTF-8 or GBK.
func text(in io.Reader) (lines [][]string, numbers []int, err error) {
	raw, err := io.ReadAll(io.LimitReader(in, bytesMax+1))
	if err != nil {
		return nil, nil, err
	}
	if len(raw) > bytesMax {
		return nil, nil, errors.New("is larger than 2 GB; part it")
	}
	switch {
	case bytes.HasPrefix(raw, []byte("\xff\xfe")), bytes.HasPrefix(raw, []byte("\xfe\xff")):
		return nil, nil, errors.New("is UTF-16; save it as CSV UTF-8")
	case !utf8.Valid(raw):
		if raw, err = simplifiedchinese.GB18030.NewDecoder().Bytes(raw); err != nil || bytes.ContainsRune(raw, utf8.RuneError) {
			return nil, nil, errors.New("is neither UTF-8 nor GBK; save it as CSV UTF-8")
		}
	}
	raw = bytes.TrimPrefix(raw, []byte("\ufeff"))
	r := csv.NewReader(bytes.NewReader(raw))
	heading, _, _ := bytes.Cut(raw, []byte("\n"))
	for _, mark := range []byte{'\t', ';'} {
		if bytes.Count(heading, []byte{mark}) > bytes.Count(heading, []byte{byte(r.Comma)}) {
			r.Comma = rune(mark)
		}
	}
	r.FieldsPerRecord, r.TrimLeadingSpace = -1, r.Comma != '\t' // which is white space, too: empty cells would be lost
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return lines, numbers, nil
		}
		if parse, ok := errors.AsType[*csv.ParseError](err); ok {
			return nil, nil, fmt.Errorf("line %d: column %d: %w; quotes belong in pairs", parse.Line, parse.Column, parse.Err)
		}
		if err != nil {
			return nil, nil, err
		}
		n, _ := r.FieldPos(0)
		if !blank(cells) {
			lines, numbers = append(lines, cells), append(numbers, n)
		}
		if len(lines) > RowsMax {
			return nil, nil, fmt.Errorf("has more than %d lines; part it", RowsMax)
		}
	}
}

func blank(cells []string) bool {
	return !slices.ContainsFunc(cells, func(c string) bool { return strings.TrimSpace(c) != "" })
}

// tableOf finds the columns by the heading.
func tableOf(lines [][]string, numbers []int, columns []Column) (*Table, error) {
	if len(lines) == 0 {
		return nil, errors.New("is empty")
	}
	t := &Table{columns: columns, at: make([]int, len(columns)), fen: make([]bool, len(columns))}
	var unknown, missing []string
	taken := make([]bool, len(lines[0]))
	for i, c := range columns {
		t.at[i] = -1
		for j, cell := range lines[0] {
			if name, fen := heading(cell); !taken[j] && slices.ContainsFunc(c.Names, func(n string) bool { return strings.EqualFold(n, name) }) {
				t.at[i], t.fen[i], taken[j] = j, fen, true
				break
			}
		}
		if t.at[i] < 0 && c.Required {
			missing = append(missing, strings.Join(c.Names, " or "))
		}
	}
	for j, cell := range lines[0] {
		if !taken[j] && strings.TrimSpace(cell) != "" {
			unknown = append(unknown, strings.TrimSpace(cell))
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("line %d: the heading lacks %s; it has %s", numbers[0], strings.Join(missing, ", "), strings.Join(lines[0], ", "))
	}
	if len(unknown) > 0 {
		return nil, fmt.Errorf("line %d: the heading has %s, which nobody knows; take the columns out, or call them as the help says", numbers[0], strings.Join(unknown, ", "))
	}
	for i, cells := range lines[1:] {
		for j, cell := range cells { // a cell that belongs nowhere is the rest of another: of an amount with a comma, for instance
			if (j >= len(taken) || !taken[j]) && strings.TrimSpace(cell) != "" {
				return nil, fmt.Errorf("line %d: has %q in column %d, which has no heading; put cells with commas into quotes", numbers[i+1], cell, j+1)
			}
		}
		t.Rows = append(t.Rows, Row{numbers[i+1], cells, t})
	}
	return t, nil
}

// heading is the name of a column without the unit behind it, and whether that is fen.
func heading(cell string) (name string, fen bool) {
	name = strings.TrimSpace(halfWidth(cell))
	if base, unit, ok := strings.Cut(name, "("); ok {
		unit = strings.TrimPrefix(strings.TrimSuffix(strings.TrimSpace(unit), ")"), "单位:")
		name, fen = strings.TrimSpace(base), unit == "分" || strings.EqualFold(unit, "fen")
	}
	if base, ok := strings.CutSuffix(name, "_fen"); ok {
		name, fen = base, true
	}
	return name, fen
}

// Has reports whether the table has a column at all.
func (t *Table) Has(column int) bool { return t.at[column] >= 0 }

// cell is the text of a column, "" if the line ends before it.
func (r *Row) cell(column int) string {
	at := r.table.at[column]
	if at < 0 || at >= len(r.cells) {
		return ""
	}
	return strings.TrimSpace(r.cells[at])
}

// halfWidth writes full-width digits, letters, signs and blanks half-width.
func halfWidth(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case '\uff01' <= r && r <= '\uff5e':
			return r - 0xfee0
		case r == '\u3000':
			return ' '
		}
		return r
	}, s)
}
