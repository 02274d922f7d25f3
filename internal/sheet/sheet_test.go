package sheet

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
)

var columns = []Column{
	{Names: []string{"mobile", "手机号"}, Required: true},
	{Names: []string{"real", "实储"}},
	{Names: []string{"birthday", "生日"}},
	{Names: []string{"name", "姓名"}},
	{Names: []string{"points", "积分"}},
}

const (
	mobile = iota
	realValue
	birthday
	name
	points
)

func gbk(s string) string {
	out, err := simplifiedchinese.GBK.NewEncoder().String(s)
	if err != nil {
		panic(err)
	}
	return out
}

func xlsx(t *testing.T, rows ...[]any) string {
	t.Helper()
	f := excelize.NewFile()
	for i, row := range rows {
		cell, _ := excelize.CoordinatesToCellName(1, i+1)
		if err := f.SetSheetRow("Sheet1", cell, &row); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := f.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// The same table in every form that chains send.
func TestForms(t *testing.T) {
	for form, file := range map[string]string{
		"commas":           "mobile,real,birthday,name\n13800000001,12.50,1990-01-31,王小二\n",
		"byte order mark":  "\ufeff手机号,实储(元),生日,姓名\r\n13800000001,12.50,1990-01-31,王小二\r\n",
		"GBK":              gbk("手机号,实储,生日,姓名\n13800000001,12.50,1990/1/31,王小二\n"),
		"tabs":             "手机号\t实储\t生日\t姓名\n13800000001\t12.5\t1990年1月31日\t王小二\n",
		"semicolons":       "Mobile;REAL;birthday;name\n13800000001;12,50;x;y\n",
		"fen, other order": "姓名,实储（分）,手机号,生日\n王小二,1250,１３８０００００００１,19900131\n\n,,,\n",
		"workbook":         xlsx(t, []any{"手机号", "实储", "生日", "姓名"}, []any{"13800000001", 12.5, time.Date(1990, 1, 31, 0, 0, 0, 0, time.UTC), "王小二"}),
		"workbook, number": xlsx(t, []any{"手机号", "实储", "生日", "姓名"}, []any{13800000001, "12.50元", "1990-01-31", "王小二"}),
	} {
		t.Run(form, func(t *testing.T) {
			table, err := Read(strings.NewReader(file), columns)
			if err != nil {
				t.Fatal(err)
			}
			if len(table.Rows) != 1 || table.Has(points) {
				t.Fatalf("%d rows, points %v", len(table.Rows), table.Has(points))
			}
			r := &table.Rows[0]
			id, err := r.ID(mobile)
			if err != nil || id != "13800000001" {
				t.Errorf("mobile %q, %v", id, err)
			}
			if form == "semicolons" { // what would be a decimal comma is asked about
				if _, err := r.Fen(realValue); err == nil {
					t.Error("12,50 is an amount")
				}
				return
			}
			if fen, err := r.Fen(realValue); err != nil || fen != 1250 {
				t.Errorf("%d fen, %v", fen, err)
			}
			if day, err := r.Day(birthday); err != nil || day.Format("2006-01-02") != "1990-01-31" {
				t.Errorf("%v, %v", day, err)
			}
			if r.Text(name) != "王小二" || r.Line != 2 {
				t.Errorf("%q on line %d", r.Text(name), r.Line)
			}
		})
	}
}

func TestRefusedFiles(t *testing.T) {
	for file, want := range map[string]string{
		"":                               "is empty",
		"\n\n":                           "is empty",
		"real,name\n1,2\n":               "line 1: the heading lacks mobile or 手机号; it has real, name",
		"mobile,color\n1,2\n":            "line 1: the heading has color, which nobody knows; take the columns out, or call them as the help says",
		"\xff\xfem\x00":                  "is UTF-16; save it as CSV UTF-8",
		"mobile\n\xff\xff\xff\n":         "is neither UTF-8 nor GBK; save it as CSV UTF-8",
		"mobile,name\n1,\"x\n":           "line 2: column",
		"PK\x03\x04 this is no workbook": "is no XLSX file that can be read",
		"mobile,real\n1,1,234.50\n":      `line 2: has "234.50" in column 3, which has no heading; put cells with commas into quotes`,
		"mobile,,real\n1,x,2\n":          `line 2: has "x" in column 2, which has no heading`,
	} {
		if _, err := Read(strings.NewReader(file), columns); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", file, err, want)
		}
	}
}

func TestCells(t *testing.T) {
	cell := func(heading, text string) *Row {
		table, err := Read(strings.NewReader("mobile\t"+heading+"\n1\t"+text+"\n"), columns)
		if err != nil {
			t.Fatal(err)
		}
		return &table.Rows[0]
	}
	for text, want := range map[string]int64{
		"0": 0, "": 0, "12": 1200, "12.5": 1250, "12.50": 1250, "12.500": 1250, "1,234.50": 123450, "¥12.50": 1250, "12.50元": 1250, "１２．５０": 1250, "0.01": 1,
		"12.505": -1, "1,23": -1, "-1": -1, "abc": -1, "1.2.3": -1, "99999999999999": -1, "1e3": -1,
	} {
		got, err := cell("real", text).Fen(realValue)
		if (err != nil) != (want < 0) || err == nil && got != want {
			t.Errorf("%q yuan is %d fen, %v", text, got, err)
		}
	}
	for text, want := range map[string]int64{"1250": 1250, "1250.0": 1250, "12.5": -1, "1,250": 1250} {
		got, err := cell("real_fen", text).Fen(realValue)
		if (err != nil) != (want < 0) || err == nil && got != want {
			t.Errorf("%q fen is %d, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		"2026-03-31": "2026-03-31 00:00:00", "2026/3/31": "2026-03-31 00:00:00", "20260331": "2026-03-31 00:00:00", "2026年3月31日": "2026-03-31 00:00:00",
		"2026.3.31": "2026-03-31 00:00:00", "2026-03-31 18:30:00": "2026-03-31 18:30:00", "46112": "2026-03-31 00:00:00", "46112.5": "2026-03-31 12:00:00", "2026-02-30": "", "31.3.2026": "",
		"soon": "", "46": "",
	} {
		got, err := cell("birthday", text).Day(birthday)
		if (err != nil) != (want == "") || err == nil && got.Format("2006-01-02 15:04:05") != want {
			t.Errorf("%q is %v, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{"'0012": "0012", "1.38E+10": "", "138": "138", "138.0": "138", "x y": "x y", strings.Repeat("9", 129): ""} {
		table, err := Read(strings.NewReader("mobile\n"+text+"\n"), columns)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := table.Rows[0].ID(mobile); got != want || (err != nil) != (want == "") {
			t.Errorf("%q is %q, %v", text, got, err)
		}
	}
	for text, want := range map[string]int64{"5": 5, "5.0": 5, "": 0, "1,000": 1000, "-5": -1, "5.5": -1} {
		if got, err := cell("points", text).Number(points); (err != nil) != (want < 0) || err == nil && got != want {
			t.Errorf("%q is %d, %v", text, got, err)
		}
	}
}

// An empty cell keeps its place, whatever parts the cells.
func TestEmptyCells(t *testing.T) {
	for _, mark := range []string{",", "\t", ";"} {
		table, err := Read(strings.NewReader(strings.ReplaceAll("mobile|name|real|points\n1||12.50| 5\n", "|", mark)), columns)
		if err != nil {
			t.Fatal(err)
		}
		r := &table.Rows[0]
		fen, _ := r.Fen(realValue)
		n, _ := r.Number(points)
		if r.Text(name) != "" || fen != 1250 || n != 5 {
			t.Errorf("%q: name %q, %d fen, %d points", mark, r.Text(name), fen, n)
		}
	}
}

// Files keep more digits than people typed. Long numbers without a fraction are somebody's number.
func TestShown(t *testing.T) {
	for cell, want := range map[string]string{
		"1.1000000000000001": "1.1", "16.559999999999999": "16.56", "12.5": "12.5", "13800138000": "13800138000", "6222021234567890123": "6222021234567890123",
		"2026-03-31 12:00:00": "2026-03-31 12:00:00", "1.0000000000000001E-2": "0.01", "99999999.989999995": "99999999.99",
	} {
		if got := shown(cell); got != want {
			t.Errorf("%s is %s, want %s", cell, got, want)
		}
	}
}

// Only what is nothing but the unit makes fen of a column.
func TestUnits(t *testing.T) {
	for text, fen := range map[string]bool{
		"余额（分）": true, "余额(单位:分)": true, "real_fen": true, "real (fen)": true, "余额(元)": false, "余额(不含积分)": false, "余额(分店)": false, "余额": false,
	} {
		if _, got := heading(text); got != fen {
			t.Errorf("%s: fen %v", text, got)
		}
	}
}

func TestLostZeros(t *testing.T) {
	table, err := Read(strings.NewReader("mobile\n000123\n124\n999999\nA-1\n"), columns)
	if err != nil {
		t.Fatal(err)
	}
	if lines, digits := table.LostZeros(mobile); digits != 6 || !slices.Equal(lines, []int{3}) {
		t.Errorf("lines %v of %d digits", lines, digits)
	}
	if table, err = Read(strings.NewReader("mobile\n123\n1234\n"), columns); err != nil {
		t.Fatal(err)
	}
	if lines, _ := table.LostZeros(mobile); lines != nil {
		t.Errorf("lines %v", lines)
	}
}

// Whatever is read, no cell brings the reader down.
func FuzzRead(f *testing.F) {
	f.Add("mobile,real,birthday\n1,2,3\n")
	f.Add(gbk("手机号,实储\n1,２\n"))
	f.Fuzz(func(t *testing.T, file string) {
		table, err := Read(strings.NewReader(file), columns)
		if err != nil {
			return
		}
		for i := range table.Rows {
			r := &table.Rows[i]
			if fen, err := r.Fen(realValue); err == nil && fen < 0 {
				t.Errorf("%d fen of %q", fen, r.cell(realValue))
			}
			_, _ = r.ID(mobile)
			_, _ = r.Day(birthday)
			if n, err := r.Number(points); err == nil && n < 0 {
				t.Errorf("%d", n)
			}
		}
		table.LostZeros(mobile)
	})
}
