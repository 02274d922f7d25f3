package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"recoup"
	"recoup/internal/demo"
)

// demoBooks makes the demo world in a file.
func demoBooks(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "recoup.db")
	n, err := recoup.Open(context.Background(), recoup.Options{DB: "sqlite:" + path, Demo: true})
	if err != nil {
		t.Fatal(err)
	}
	n.Close()
	return path
}

// tryVerify runs verify as a command line.
func tryVerify(args ...string) (code int, out, errs string) {
	var stdout, stderr bytes.Buffer
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	code = run(&env{ctx: ctx, stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr}, append([]string{"verify"}, args...))
	return code, stdout.String(), stderr.String()
}

func TestVerify(t *testing.T) {
	path := demoBooks(t)
	code, out, errs := tryVerify("--db", "sqlite:"+path)
	if code != 0 || errs != "" || strings.Count(out, "agrees") != 3 {
		t.Errorf("%d\n%s%s", code, out, errs)
	}
	code, out, _ = tryVerify("--db", "sqlite:"+path, "--brand", demo.PointBrand)
	if code != 0 || strings.Count(out, "agrees") != 1 {
		t.Errorf("%d\n%s", code, out)
	}
	code, _, errs = tryVerify("--db", "sqlite:"+path, "--brand", "nobody")
	if code != exitFailed || !strings.Contains(errs, "--brand nobody: there is no such brand") {
		t.Errorf("%d\n%s", code, errs)
	}
	empty := filepath.Join(t.TempDir(), "recoup.db")
	n, err := recoup.Open(context.Background(), recoup.Options{DB: "sqlite:" + empty})
	if err != nil {
		t.Fatal(err)
	}
	n.Close()
	if code, out, errs = tryVerify("--db", "sqlite:"+empty); code != 0 || out != "no brands yet: nothing to verify\n" {
		t.Errorf("%d\n%s%s", code, out, errs)
	}
	if code, _, errs = tryVerify("--db", "sqlite:"+path+".not"); code != exitFailed {
		t.Errorf("%d\n%s", code, errs)
	}

	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`UPDATE lot SET balance = balance + 1 WHERE brand = (SELECT serial FROM brand WHERE id = ?) AND n = 1`, demo.PointBrand); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	code, out, errs = tryVerify("--db", "sqlite:"+path)
	if code != exitDiverge || strings.Count(out, "agrees") != 2 || !strings.Contains(out, "DIVERGES") || !strings.Contains(errs, "balance of lot") {
		t.Errorf("%d\n%s%s", code, out, errs)
	}
	code, out, _ = tryVerify("--db", "sqlite:"+path, "--json")
	var v struct {
		Agree  bool
		Brands []struct{ Divergence *struct{ Check, Lot string } }
	}
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		t.Fatal(err)
	}
	diverging := 0
	for _, b := range v.Brands {
		if d := b.Divergence; d != nil && d.Check == "lot" && strings.HasSuffix(d.Lot, "#1") {
			diverging++
		}
	}
	if code != exitDiverge || v.Agree || len(v.Brands) != 3 || diverging != 1 {
		t.Errorf("%d\n%s", code, out)
	}
}
