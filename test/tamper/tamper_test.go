package tamper

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"recoup"
	"recoup/internal/audit"
	"recoup/internal/pgtemp"
)

// unseen are the changes that verify does not notice, each with its reason. docs/operating.md has the same list in words.
var unseen = map[string]string{
	"counter.issued+":              "numbers that are skipped harm nobody",
	"counter.issued-":              "it is noticed when numbers above it are in use",
	"head.at+":                     "a later stamp only makes the next stamp later, and who watches the clock tells",
	"head.at-":                     "it is noticed when an operation has a later stamp",
	"head.token":                   "names the last batch, for who asks after an unknown commit",
	"head.memory+":                 "counts what was remembered, to notice what comes in between",
	"head.memory-":                 "likewise",
	"link.at+":                     "only finds operations by time; it cannot be before theirs",
	"member.place+":                "the number of a row",
	"member.place-":                "likewise",
	"follower.epoch+":              "followers keep what can be made anew from the operations",
	"follower.epoch-":              "likewise",
	"follower.seq+":                "likewise",
	"follower.seq-":                "likewise",
	"follower.owner":               "likewise",
	"follower.until+":              "likewise",
	"follower.until-":              "likewise",
	"follower.name":                "likewise",
	"follower_row.name":            "likewise",
	"follower_row.key":             "likewise",
	"follower_row.body":            "likewise",
	"goose_db_version.id+":         "the number of a row",
	"goose_db_version.is_applied+": "any number is a yes",
	"goose_db_version.tstamp":      "when the schema was made; the schema itself is compared",

	"deleted refusal":      "what is remembered for 20 minutes has no number that would be missing",
	"deleted tombstone":    "likewise",
	"deleted quote":        "likewise, for 30 minutes; a reverse that was made of it stays",
	"deleted follower":     "followers keep what can be made anew from the operations",
	"deleted follower_row": "likewise",
}

// A table as the database tells of it.
type table struct {
	name    string
	key     []string
	columns []string
}

// A database is edited behind the program's back.
type database struct {
	db     *sql.DB
	dsn    string
	mark   func(i int) string // of a parameter
	tables []table
	bodies bool // edit every figure and word inside of documents
}

func TestSQLite(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "r.db")
	fill(t, "sqlite:"+path)
	db, err := sql.Open("sqlite", path+"?_pragma=journal_mode(WAL)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	d := &database{db: db, dsn: "sqlite:" + path, mark: func(int) string { return "?" }, bodies: true}
	for _, name := range d.strings(t, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name") {
		d.tables = append(d.tables, table{
			name:    name,
			key:     d.strings(t, "SELECT name FROM pragma_table_info('"+name+"') WHERE pk > 0 ORDER BY pk"),
			columns: d.strings(t, "SELECT name FROM pragma_table_info('"+name+"') ORDER BY cid"), // without generated ones
		})
	}
	d.tamper(t)
}

func TestPostgres(t *testing.T) {
	t.Parallel()
	dsn := pgtemp.Database(t)
	fill(t, dsn)
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	d := &database{db: db, dsn: dsn, mark: func(i int) string { return "$" + strconv.Itoa(i) }}
	for _, name := range d.strings(t, "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY 1") {
		d.tables = append(d.tables, table{
			name: name,
			key: d.strings(t, `SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
WHERE i.indrelid = '`+name+`'::regclass AND i.indisprimary ORDER BY 1`),
			columns: d.strings(t, `SELECT column_name FROM information_schema.columns WHERE table_name = '`+name+`' AND table_schema = 'public' ORDER BY ordinal_position`),
		})
	}
	d.tamper(t)
}

func (d *database) strings(t *testing.T, query string) (list []string) {
	t.Helper()
	rows, err := d.db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		list = append(list, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}

// tamper changes every column of every table, one at a time, and puts it back.
func (d *database) tamper(t *testing.T) {
	if found := d.verify(t); found != nil {
		t.Fatalf("untouched: %v", found)
	}
	changed, missed := 0, map[string]bool{}
	judge := func(name, what string, found []*audit.Divergence) {
		changed++
		_, listed := unseen[name]
		if found == nil {
			missed[name] = true
		}
		if found == nil && !listed {
			t.Errorf("%s: %s goes unnoticed", name, what)
		}
	}
	for _, tab := range d.tables {
		if len(tab.key) == 0 {
			tab.key = tab.columns[:1]
		}
		for _, column := range tab.columns {
			key, old, ok := d.row(t, &tab, column)
			if !ok {
				t.Errorf("%s.%s: no row has a value to change; fill should make one", tab.name, column)
				continue
			}
			for _, m := range d.mutants(column, old) {
				if err := d.set(t.Context(), &tab, column, key, m.value); err != nil {
					continue // the schema itself refuses it
				}
				found := d.verify(t)
				d.restore(t, &tab, column, key, old, m.value)
				judge(tab.name+"."+column+m.sign, fmt.Sprintf("from %.60v to %.60v %s", show(old), show(m.value), m.where), found)
			}
		}
		putBack := d.delete(t, &tab)
		found := d.verify(t)
		putBack()
		judge("deleted "+tab.name, "a row", found)
	}
	for name := range unseen {
		if !missed[name] && !strings.HasPrefix(name, "head.memory") && !strings.HasPrefix(name, "head.token") && !strings.HasPrefix(name, "member.place") && name != "goose_db_version.is_applied+" {
			t.Errorf("%s is on the list, and is noticed", name) // but for columns that one database has alone
		}
	}
	for _, attack := range attacks {
		undo, err := attack.do(d)
		if err != nil {
			t.Fatalf("%s: %v", attack.name, err)
		}
		found := d.verify(t)
		undo()
		if !slices.ContainsFunc(found, func(v *audit.Divergence) bool { return v.Check == attack.by }) {
			t.Errorf("%s: found %v, want one by %s", attack.name, found, attack.by)
		}
	}
	if found := d.verify(t); found != nil {
		t.Fatalf("put back: %v", found)
	}
	if t.Logf("%d changes", changed); changed < 150 {
		t.Error("too few")
	}
}

// delete deletes the last row of a table, and answers how to put it back.
func (d *database) delete(t *testing.T, tab *table) (putBack func()) {
	t.Helper()
	values, into := make([]any, len(tab.columns)), make([]any, len(tab.columns))
	for i := range values {
		into[i] = &values[i]
	}
	query := fmt.Sprintf("SELECT %s FROM %s ORDER BY %s", strings.Join(tab.columns, ", "), tab.name, strings.Join(tab.key, " DESC, ")+" DESC")
	if err := d.db.QueryRowContext(t.Context(), query).Scan(into...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	var where, marks []string
	var key []any
	for i, column := range tab.columns {
		marks = append(marks, d.mark(i+1))
		if slices.Contains(tab.key, column) {
			key = append(key, values[i])
			where = append(where, column+" = "+d.mark(len(key)))
		}
	}
	if _, err := d.db.ExecContext(t.Context(), "DELETE FROM "+tab.name+" WHERE "+strings.Join(where, " AND "), key...); err != nil {
		t.Fatal(err)
	}
	return func() {
		insert := fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", tab.name, strings.Join(tab.columns, ", "), strings.Join(marks, ", "))
		if _, err := d.db.ExecContext(t.Context(), insert, values...); err != nil {
			t.Fatal(err)
		}
	}
}

func show(v any) any {
	if b, ok := v.([]byte); ok {
		return hex.EncodeToString(b)
	}
	return v
}

// row finds a row in which a column has a value: the last, which is worth the most.
func (d *database) row(t *testing.T, tab *table, column string) (key []any, old any, ok bool) {
	t.Helper()
	query := fmt.Sprintf("SELECT %s, %s FROM %s WHERE %s IS NOT NULL ORDER BY %s", strings.Join(tab.key, ", "), column, tab.name, column, strings.Join(tab.key, " DESC, ")+" DESC")
	key = make([]any, len(tab.key))
	into := make([]any, 0, len(key)+1)
	for i := range key {
		into = append(into, &key[i])
	}
	err := d.db.QueryRowContext(t.Context(), query).Scan(append(into, &old)...)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil, false
	}
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return key, old, true
}

// A mutant is another value. sign says in which direction a number went, where says which part of a document changed.
type mutant struct {
	value       any
	sign, where string
}

func (d *database) mutants(column string, old any) []mutant {
	switch v := old.(type) {
	case int64:
		return []mutant{{value: v + 1, sign: "+"}, {value: v - 1, sign: "-"}}
	case bool:
		return []mutant{{value: !v}}
	case time.Time:
		return []mutant{{value: v.Add(time.Hour)}}
	case []byte:
		b := append([]byte(nil), v...)
		if len(b) == 0 {
			return []mutant{{value: []byte{1}}}
		}
		b[len(b)-1] ^= 1
		return []mutant{{value: b}}
	case string:
		if d.bodies && strings.ContainsAny(v, "{[") && slices.Contains([]string{"body", "wallet", "result"}, column) {
			return scalars(v)
		}
		return []mutant{{value: v + "x"}}
	}
	return nil
}

var scalar = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|-?\d+|true|false`)

// scalars are documents with one figure, word or truth changed.
func scalars(text string) (list []mutant) {
	for _, at := range scalar.FindAllStringIndex(text, -1) {
		if at[1] < len(text) && text[at[1]] == ':' {
			continue // a name
		}
		was := text[at[0]:at[1]]
		is := "false"
		switch {
		case was == "false":
			is = "true"
		case was == `""`:
			is = `"x"`
		case was[0] == '"':
			last := was[len(was)-2]
			next := byte('1')
			if last == '1' {
				next = '2'
			}
			if last >= 0x80 {
				is = `"x"`
				break
			}
			is = was[:len(was)-2] + string(next) + `"`
		case was != "true":
			n, _ := strconv.ParseInt(was, 10, 64)
			is = strconv.FormatInt(n+1, 10)
		}
		list = append(list, mutant{value: text[:at[0]] + is + text[at[1]:], where: fmt.Sprintf("at %d: %s", at[0], was)})
	}
	return list
}

// set changes one column of one row.
func (d *database) set(ctx context.Context, tab *table, column string, key []any, value any) error {
	var where []string
	args := []any{value}
	for i, k := range tab.key {
		where = append(where, k+" = "+d.mark(i+2))
		args = append(args, key[i])
	}
	r, err := d.db.ExecContext(ctx, fmt.Sprintf("UPDATE %s SET %s = %s WHERE %s", tab.name, column, d.mark(1), strings.Join(where, " AND ")), args...)
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n != 1 {
		return fmt.Errorf("%d rows, %w", n, err)
	}
	return nil
}

// restore puts a value back.
func (d *database) restore(t *testing.T, tab *table, column string, key []any, old, value any) {
	t.Helper()
	now := slices.Clone(key)
	if i := slices.Index(tab.key, column); i >= 0 {
		now[i] = value
	}
	if err := d.set(t.Context(), tab, column, now, old); err != nil {
		t.Fatalf("%s.%s: putting it back: %v", tab.name, column, err)
	}
}

// verify is what `recoup verify` finds, with the key.
func (d *database) verify(t *testing.T) (found []*audit.Divergence) {
	t.Helper()
	ctx := t.Context()
	s, err := recoup.Database{DSN: d.dsn, Keys: keys, ReadOnly: true}.Open(ctx)
	if err != nil {
		return []*audit.Divergence{{Check: audit.RowCheck, What: "opening", Found: err.Error()}}
	}
	defer s.Close()
	add := func(more []*audit.Divergence, err error) {
		if err != nil {
			more = append(more, &audit.Divergence{Check: audit.RowCheck, What: "an error", Found: err.Error()})
		}
		found = append(found, more...)
	}
	add(audit.Integrity(ctx, s))
	_, _, more, err := audit.Directory(ctx, s)
	add(more, err)
	brands, err := s.Brands(ctx)
	add(nil, err)
	for _, b := range brands {
		_, more, err := audit.Verify(ctx, s, b, nil)
		add(more, err)
	}
	return found
}
