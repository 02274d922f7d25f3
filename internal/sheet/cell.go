package sheet

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"recoup/internal/top"
)

// Text reads free text.
func (r *Row) Text(column int) string { return r.cell(column) }

// ID reads an identifier: digits stay digits, full-width ones become half-width. What a spreadsheet has damaged is an error.
func (r *Row) ID(column int) (string, error) {
	s := strings.TrimPrefix(halfWidth(r.cell(column)), "'")
	switch {
	case top.Scientific(s):
		return "", fmt.Errorf("%s: %s is a number that lost digits, as spreadsheets write it; format the column as text and export again", r.name(column), s)
	case len(s) > 128:
		return "", fmt.Errorf("%s: has %d bytes; want at most 128", r.name(column), len(s))
	case !utf8.ValidString(s), strings.IndexFunc(s, unicode.IsControl) >= 0:
		return "", fmt.Errorf("%s: has a control character or is no text; leave it out", r.name(column))
	}
	if whole, ok := strings.CutSuffix(s, ".0"); ok && allDigits(whole) { // a number that a spreadsheet kept as one
		s = whole
	}
	return s, nil
}

func (r *Row) name(column int) string { return r.table.columns[column].Names[0] }

func allDigits(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0
}

// Fen reads money as fen: yuan with up to two decimals, or whole fen where the heading says so. Empty is 0.
func (r *Row) Fen(column int) (int64, error) {
	text := r.cell(column)
	if text == "" {
		return 0, nil
	}
	fen, ok := parse(text, r.table.fen[column])
	if ok {
		return fen, nil
	}
	want := "yuan with at most two decimals, like 12.50"
	if r.table.fen[column] {
		want = "whole fen, like 1250"
	}
	return 0, fmt.Errorf("%s: %q is no amount; want %s", r.name(column), text, want)
}

// ParseFen reads yuan as fen.
func ParseFen(yuan string) (int64, error) {
	fen, ok := parse(yuan, false)
	if !ok {
		return 0, fmt.Errorf("%q is no amount", yuan)
	}
	return fen, nil
}

// parse reads an amount in yuan, or in fen. Thousands may be parted by commas, and the sign or word for yuan may stand with it.
func parse(text string, fen bool) (int64, bool) {
	s := strings.TrimSpace(strings.TrimRight(strings.TrimLeft(halfWidth(text), "¥￥ "), "元 "))
	whole, part, _ := strings.Cut(s, ".")
	if thousands.MatchString(whole) {
		whole = strings.ReplaceAll(whole, ",", "")
	}
	places := 2
	if fen {
		places = 0
	}
	if len(part) > places && strings.Trim(part[places:], "0") == "" {
		part = part[:places]
	}
	if !allDigits(whole) || part != "" && !allDigits(part) || len(whole) > 13 || len(part) > places {
		return 0, false
	}
	n, err := strconv.ParseInt(whole+part+strings.Repeat("0", places-len(part)), 10, 64)
	return n, err == nil
}

var thousands = regexp.MustCompile(`^[0-9]{1,3}(,[0-9]{3})+$`)

// Number reads a whole number of 0 or more; empty is 0.
func (r *Row) Number(column int) (int64, error) {
	text := r.cell(column)
	s := strings.TrimSuffix(halfWidth(text), ".0")
	if thousands.MatchString(s) {
		s = strings.ReplaceAll(s, ",", "")
	}
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s: %q is no whole number", r.name(column), text)
	}
	return n, nil
}

// spellings are how dates are written.
var spellings = []string{
	"2006-1-2", "2006/1/2", "2006.1.2", "20060102", "2006年1月2日", "2006-1-2 15:04:05", "2006/1/2 15:04:05", "2006-1-2 15:04", "2006/1/2 15:04",
}

// Day reads a date, maybe with the time of it: as people write it, or as a spreadsheet keeps it. The zero time if empty.
func (r *Row) Day(column int) (time.Time, error) {
	text := r.cell(column)
	s := halfWidth(text)
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range spellings {
		if t, err := time.ParseInLocation(layout, s, top.GMT8); err == nil && t.Year() > 1900 && t.Year() < 10000 {
			return t, nil
		}
	}
	if serial, err := strconv.ParseFloat(s, 64); err == nil && serial > 20_000 && serial < 100_000 { // days since 1899-12-30: 1954 to 2173
		days := int(serial)
		return time.Date(1899, 12, 30+days, 0, 0, int((serial-float64(days))*86400+0.5), 0, top.GMT8), nil
	}
	return time.Time{}, fmt.Errorf("%s: %q is no date; want one like 2026-03-31, 2026/3/31, 20260331 or 2026年3月31日", r.name(column), text)
}

// LostZeros finds identifiers of a column that have lost leading zeros: shorter than one that begins with a zero, and all digits like it. It
// returns the lines, and how many digits they should have.
func (t *Table) LostZeros(column int) (lines []int, digits int) {
	for i := range t.Rows {
		if s := t.Rows[i].cell(column); allDigits(s) && s[0] == '0' && len(s) > 1 {
			digits = max(digits, len(s))
		}
	}
	for i := range t.Rows {
		if s := t.Rows[i].cell(column); digits > 0 && allDigits(s) && len(s) < digits {
			lines = append(lines, t.Rows[i].Line)
		}
	}
	return lines, digits
}
