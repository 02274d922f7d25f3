package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	_ "modernc.org/sqlite"

	"recoup"
	"recoup/internal/demo"
	"recoup/internal/ledger"
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

// Damage does not end an audit: every other row and brand is looked at, and the exit code is that of a divergence.
func TestVerifyDamage(t *testing.T) {
	dsn := verified["sqlite"].open(t)
	makeBooks(t, dsn, true)
	path := strings.TrimPrefix(dsn, "sqlite:")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name, statement string
		says            []string
		agree           int
	}{
		{"a member's text", `UPDATE member SET body = '{' WHERE place = (SELECT max(place) FROM member WHERE brand = 1)`, []string{"row: member ", "expected a row that can be read"}, 2},
		{"a wallet's text", `UPDATE member SET wallet = '' WHERE place = (SELECT max(place) FROM member WHERE brand = 1)`, []string{"row: member "}, 2},
		{"an operation's text", `UPDATE op SET body = 'x' WHERE place = (SELECT max(place) FROM op WHERE brand = 1)`, []string{"row: op "}, 2},
		{"operations in the middle", `UPDATE op SET body = 'x' WHERE brand = 3 AND seq BETWEEN 20 AND 30`, []string{"row: op 20", "row: op 30"}, 2},
		{"rules", `UPDATE rules SET body = 'x' WHERE brand = 2`, []string{"row: rules 1"}, 2},
		{"an app's text", `UPDATE app SET body = 'x'`, []string{"journal: app 12345678"}, 3},
		{"no head", `DELETE FROM head WHERE brand = 1`, []string{"rows of the brand"}, 2},
		{"no counter", `DELETE FROM counter WHERE brand = 1`, []string{"DIVERGES"}, 2},
	} {
		t.Run(row.name, func(t *testing.T) {
			if err := os.WriteFile(path, whole, 0o600); err != nil {
				t.Fatal(err)
			}
			db, err := sql.Open("sqlite", path)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := db.Exec(row.statement); err != nil {
				t.Fatal(err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			code, out, errs := tryVerify("--db", dsn)
			if code != exitDiverge || strings.Count(out, "\n  agrees  ") != row.agree {
				t.Errorf("%d\n%s%s", code, out, errs)
			}
			for _, says := range row.says {
				if !strings.Contains(out, says) {
					t.Errorf("does not say %q:\n%s", says, out)
				}
			}
		})
	}
	t.Run("pages", func(t *testing.T) {
		for at := 4096; at < len(whole); at += 25 * 4096 { // the first page says what the file is
			torn := slices.Clone(whole)
			clear(torn[at : at+4096])
			for _, suffix := range []string{"-wal", "-shm"} {
				_ = os.Remove(path + suffix)
			}
			if err := os.WriteFile(path, torn, 0o600); err != nil {
				t.Fatal(err)
			}
			if code, out, errs := tryVerify("--db", dsn); code != exitDiverge {
				t.Errorf("page %d: %d\n%s%s", at/4096+1, code, out, errs)
			}
		}
	})
}

// An older copy that is put in the place of the books is told by where they were.
func TestVerifyExpect(t *testing.T) {
	for name, on := range verified {
		t.Run(name, func(t *testing.T) {
			dsn := on.open(t)
			dir := t.TempDir()
			first, last := filepath.Join(dir, "first.json"), filepath.Join(dir, "last.json")
			makeBooks(t, dsn, true)
			must := func(args ...string) {
				t.Helper()
				if code, out, errs := tryVerify(append(args, "--db", dsn)...); code != 0 {
					t.Fatalf("%v: %d\n%s%s", args, code, out, errs)
				}
			}
			must("--heads", first)
			n, err := recoup.Open(t.Context(), recoup.Options{DB: dsn, Demo: true})
			if err != nil {
				t.Fatal(err)
			}
			save := &ledger.SaveMember{Head: ledger.Head{Who: ledger.Who{Mobile: "13911112222"}}}
			if _, err := n.Engine.Submit(t.Context(), demo.MainBrand, save); err != nil {
				t.Fatal(err)
			}
			n.Close()
			must("--heads", last, "--expect", first)
			must("--expect", last)

			older := on.open(t) // another demo stands for an older copy: it has none of these heads
			makeBooks(t, older, true)
			code, out, _ := tryVerify("--expect", last, "--db", older)
			if code != exitDiverge || strings.Count(out, "expected head") < 3 {
				t.Errorf("%d\n%s", code, out)
			}
			var h heads
			text, err := os.ReadFile(last)
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(text, &h); err != nil {
				t.Fatal(err)
			}
			for _, b := range h.Brands[1:] {
				must("--expect", b.Brand+":"+b.Head)
				must("--expect", b.Head, "--brand", b.Brand)
			}
			for _, row := range []struct{ expect, says string }{
				{h.Brands[1].Head, "there are 3 brands; write BRAND:"},
				{"abc", "want a head of 64 hexadecimal digits, or a file that --heads wrote"},
				{h.Brands[1].Brand + ":" + strings.Repeat("0", 64), "expected head"},
				{"nobody:" + h.Brands[1].Head, "no such brand"},
			} {
				if code, out, errs := tryVerify("--expect", row.expect, "--db", dsn); code == 0 || !strings.Contains(out+errs, row.says) {
					t.Errorf("--expect %s: %d\n%s%s", row.expect, code, out, errs)
				}
			}
		})
	}
}
