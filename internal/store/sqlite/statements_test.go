package sqlite

import (
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// TestPlans holds every statement to the line above it that names its index: nothing is scanned unless it says so.
func TestPlans(t *testing.T) {
	s, err := Open(t.Context(), Options{Path: filepath.Join(t.TempDir(), "recoup.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c, err := s.connect(readWrite, readerPages)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	scans := regexp.MustCompile(`^-- (all|one row$|the last row)`)
	literals := regexp.MustCompile(`^SCAN \d+-ROW VALUES CLAUSE$`) // rows of the statement itself, no table's
	index := regexp.MustCompile(`index ([a-z]+_[a-z_]+)`)
	for name, text := range texts {
		reason, sql, _ := strings.Cut(text, "\n")
		if !strings.HasPrefix(reason, "-- ") {
			if !strings.HasPrefix(text, "COMMIT") && !strings.HasPrefix(text, "ROLLBACK") {
				t.Errorf("%s does not say why its index is right", name)
			}
			continue
		}
		if strings.HasPrefix(sql, "PRAGMA") || strings.HasPrefix(sql, "BEGIN") {
			continue
		}
		q, err := c.prepare(name, "EXPLAIN QUERY PLAN "+sql)
		if err != nil {
			t.Fatal(err)
		}
		var plan string
		if err := q.each(t.Context(), func() error {
			plan += q.columnText(3) + "\n"
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		for line := range strings.SplitSeq(strings.TrimSpace(plan), "\n") {
			if strings.HasPrefix(line, "SCAN") && !literals.MatchString(line) && !scans.MatchString(reason) || strings.Contains(line, "TEMP B-TREE") {
				t.Errorf("%s: %s", name, line)
			}
		}
		if m := index.FindStringSubmatch(reason); m != nil && !strings.Contains(plan, "INDEX "+m[1]) {
			if m[1] == "brand_id" && strings.Contains(plan, "sqlite_autoindex_brand_1") {
				continue
			}
			t.Errorf("%s uses not %s but\n%s", name, m[1], plan)
		}
	}
}

// TestStatementsUsed finds statements that no field holds.
func TestStatementsUsed(t *testing.T) {
	fields := map[string]bool{}
	for _, typ := range []reflect.Type{reflect.TypeFor[reads](), reflect.TypeFor[writes]()} {
		for field := range typ.Fields() {
			fields[field.Name] = true
		}
	}
	for name := range texts {
		if !fields[name] {
			t.Errorf("statement %s is not used", name)
		}
	}
}
