package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	_ "modernc.org/sqlite"

	"recoup"
	"recoup/internal/demo"
	"recoup/internal/pgtemp"
)

// A database says how a new one is made, and how a statement damages it.
type database struct {
	open   func(t *testing.T) (dsn string)
	damage func(t *testing.T, dsn, brand string)
}

// verified are the databases that verify is tried on.
var verified = map[string]database{
	"sqlite": {
		open: func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "recoup.db") },
		damage: func(t *testing.T, dsn, brand string) {
			db, err := sql.Open("sqlite", strings.TrimPrefix(dsn, "sqlite:"))
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			const first = ` FROM member WHERE brand = (SELECT serial FROM brand WHERE id = ?1) AND wallet LIKE '%' || char(10) || '[1,%' LIMIT 1`
			var id, wallet string
			if err := db.QueryRow(`SELECT id, wallet`+first, brand).Scan(&id, &wallet); err != nil {
				t.Fatal(err)
			}
			if _, err := db.Exec(`UPDATE member SET wallet = ?1 WHERE id = ?2`, spoilt(wallet), id); err != nil {
				t.Fatal(err)
			}
		},
	},
	"postgres": {
		open: func(t *testing.T) string { return pgtemp.Database(t) },
		damage: func(t *testing.T, dsn, brand string) {
			db, err := pgx.Connect(t.Context(), dsn)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close(t.Context())
			const first = ` FROM member WHERE brand_id = (SELECT serial FROM brand WHERE id = $1) AND wallet LIKE E'%\n[1,%' LIMIT 1`
			var id, wallet string
			if err := db.QueryRow(t.Context(), `SELECT id, wallet`+first, brand).Scan(&id, &wallet); err != nil {
				t.Fatal(err)
			}
			if _, err := db.Exec(t.Context(), `UPDATE member SET wallet = $1 WHERE id = $2`, spoilt(wallet), id); err != nil {
				t.Fatal(err)
			}
		},
	},
}

// spoilt is the text of a wallet with the balance of every first lot changed.
func spoilt(wallet string) string {
	return regexp.MustCompile(`(?m)^(\[1,\d+,"\w+",(\d+))(,\d+)?`).ReplaceAllString(wallet, "$1,7$2")
}

// makeBooks makes a database, with the demo world or with nothing in it.
func makeBooks(t *testing.T, dsn string, demo bool) {
	t.Helper()
	n, err := recoup.Open(t.Context(), recoup.Options{DB: dsn, Demo: demo})
	if err != nil {
		t.Fatal(err)
	}
	n.Close()
}

// tryVerify runs verify as a command line.
func tryVerify(args ...string) (code int, out, errs string) {
	var stdout, stderr bytes.Buffer
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	code = run(&env{ctx: ctx, stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr}, append([]string{"verify"}, args...))
	return code, stdout.String(), stderr.String()
}

// Books whose last stamp is ahead of the clock say so.
func TestVerifyAhead(t *testing.T) {
	dsn := verified["sqlite"].open(t)
	n, err := recoup.Open(t.Context(), recoup.Options{DB: dsn, Demo: true, Now: func() time.Time { return time.Now().Add(50 * time.Hour) }})
	if err != nil {
		t.Fatal(err)
	}
	n.Close()
	code, out, _ := tryVerify("--db", dsn)
	if code != 0 || !strings.Contains(out, "AHEAD") {
		t.Errorf("%d\n%s", code, out)
	}
	if code, out, _ = tryVerify("--db", dsn, "--json"); code != 0 || !strings.Contains(out, `"ahead": "`) {
		t.Errorf("%d\n%s", code, out)
	}
}

func TestVerify(t *testing.T) {
	for name, on := range verified {
		t.Run(name, func(t *testing.T) { verifies(t, on) })
	}
}

func verifies(t *testing.T, on database) {
	dsn, empty := on.open(t), on.open(t)
	makeBooks(t, dsn, true)
	code, out, errs := tryVerify("--db", dsn)
	if code != 0 || errs != "" || strings.Count(out, "agrees") != 3 {
		t.Errorf("%d\n%s%s", code, out, errs)
	}
	code, out, _ = tryVerify("--db", dsn, "--brand", demo.PointBrand)
	if code != 0 || strings.Count(out, "agrees") != 1 {
		t.Errorf("%d\n%s", code, out)
	}
	code, _, errs = tryVerify("--db", dsn, "--brand", "nobody")
	if code != exitFailed || !strings.Contains(errs, "--brand nobody: there is no such brand") {
		t.Errorf("%d\n%s", code, errs)
	}
	makeBooks(t, empty, false)
	if code, out, errs = tryVerify("--db", empty); code != 0 || out != "no brands yet: nothing to verify\n" {
		t.Errorf("%d\n%s%s", code, out, errs)
	}
	other := strings.Replace(dsn, "recoup", "nobody", 1) // a file that is not there, or a user
	if code, _, errs = tryVerify("--db", other); code != exitFailed {
		t.Errorf("%d\n%s", code, errs)
	}

	on.damage(t, dsn, demo.PointBrand)
	code, out, errs = tryVerify("--db", dsn)
	if code != exitDiverge || strings.Count(out, "agrees") != 2 || !strings.Contains(out, "DIVERGES") || !strings.Contains(errs, "balance of lot") {
		t.Errorf("%d\n%s%s", code, out, errs)
	}
	code, out, _ = tryVerify("--db", dsn, "--json")
	var v struct {
		Agree  bool
		Brands []struct{ Found []struct{ Check, Lot string } }
	}
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		t.Fatal(err)
	}
	diverging := 0
	for _, b := range v.Brands {
		if d := b.Found; d != nil && d[0].Check == "lot" && strings.HasSuffix(d[0].Lot, "#1") {
			diverging++
		}
	}
	if code != exitDiverge || v.Agree || len(v.Brands) != 3 || diverging != 1 {
		t.Errorf("%d\n%s", code, out)
	}
}
