package query

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"recoup/internal/ledger"
)

func TestTemplates(t *testing.T) {
	b := &ledger.Brand{Templates: map[string]*ledger.Template{}}
	for _, x := range []*ledger.Template{
		{ID: "9", Changed: 5},
		{ID: "10", Stopped: true, Changed: 6},
		{ID: "11", End: now, Shops: []string{"s1"}},
		{ID: "12", End: now + 1, Shops: []string{"s2"}},
		{ID: "13", End: now, Days: 30}, // counts from issue: the end is not its own
	} {
		b.Templates[x.ID] = x
	}
	for _, c := range []struct {
		name  string
		f     TemplateFilter
		want  []string
		total int
	}{
		{"all", TemplateFilter{}, []string{"9", "10", "11", "12", "13"}, 5},
		{"first page", TemplateFilter{Size: 2}, []string{"9", "10"}, 5},
		{"last page", TemplateFilter{Size: 2, Page: 3}, []string{"13"}, 5},
		{"beyond", TemplateFilter{Size: 2, Page: 4}, nil, 5},
		{"far beyond", TemplateFilter{Size: 100, Page: 1<<62 + 1}, nil, 5},
		{"in use", TemplateFilter{Statuses: []string{TemplateUsed}}, []string{"9", "12", "13"}, 3},
		{"over", TemplateFilter{Statuses: []string{TemplateInvalid}}, []string{"10", "11"}, 2},
		{"either", TemplateFilter{Statuses: []string{TemplateInvalid, TemplateUsed}}, []string{"9", "10", "11", "12", "13"}, 5},
		{"neither", TemplateFilter{Statuses: []string{"NO_INVENTORY"}}, nil, 0},
		{"of a shop", TemplateFilter{Shop: "s1"}, []string{"9", "10", "11", "13"}, 4},
		{"one", TemplateFilter{ID: "11"}, []string{"11"}, 1},
		{"changed", TemplateFilter{Changed: 6}, []string{"10"}, 1},
		{"behind", TemplateFilter{After: "10"}, []string{"11", "12", "13"}, 3},
	} {
		c.f.Page, c.f.Size = max(c.f.Page, 1), max(c.f.Size, 0)
		if c.f.Size == 0 {
			c.f.Size = 100
		}
		page := Templates(b, c.f, now)
		var got []string
		for _, x := range page.Items {
			got = append(got, x.ID)
		}
		if diff := cmp.Diff(c.want, got); diff != "" || page.Total != c.total {
			t.Errorf("%s: total %d %s", c.name, page.Total, diff)
		}
	}
}
