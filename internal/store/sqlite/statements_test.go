package sqlite

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"recoup/internal/store"
)

// TestPlans holds every statement to the line above it that names its index: nothing is scanned unless it says so.
func TestPlans(t *testing.T) {
	s, err := Open(t.Context(), Options{Path: filepath.Join(t.TempDir(), "recoup.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c, err := s.connect(readWrite)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	scans := regexp.MustCompile(`^-- (all|one row$|the last row)`)
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
		if err := q.each(t.Context(), func(r store.Row) error {
			plan += r.Text(3) + "\n"
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		for line := range strings.SplitSeq(strings.TrimSpace(plan), "\n") {
			if strings.HasPrefix(line, "SCAN") && !scans.MatchString(reason) || strings.Contains(line, "TEMP B-TREE") {
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
