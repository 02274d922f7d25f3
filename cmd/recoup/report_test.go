package main

import (
	"bytes"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// A cell that a spreadsheet would take for a formula is a text; numbers stay numbers.
func TestHarmless(t *testing.T) {
	t.Parallel()
	for cell, want := range map[string]string{
		"": "", "总店": "总店", "-30.00": "-30.00", "+5": "+5", "=1+1": "'=1+1", "@SUM(A1)": "'@SUM(A1)", "-cmd|' /C calc'!A0": "'-cmd|' /C calc'!A0", "+86 138": "'+86 138",
	} {
		if got := harmless(cell); got != want {
			t.Errorf("%q is written as %q, want %q", cell, got, want)
		}
	}
}

// What is written as Parquet reads as it was, over row groups.
func TestParquet(t *testing.T) {
	t.Parallel()
	var file bytes.Buffer
	const n = 3000
	err := writeParquet(&file, func(yield func(exported, error) bool) {
		for i := range int64(n) {
			if !yield(exported{Seq: i + 1, Kind: "charge", Real: -i, Member: "会员", AtMs: 1772000000000 + i}, nil) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := parquet.Read[exported](bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != n {
		t.Fatalf("%d rows, want %d", len(rows), n)
	}
	if got, want := rows[n-1], (exported{Seq: n, Kind: "charge", Real: -(n - 1), Member: "会员", AtMs: 1772000000000 + n - 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
