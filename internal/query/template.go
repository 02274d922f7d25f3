package query

import (
	"slices"

	"recoup/internal/ledger"
)

// The states of a template, in the platform's words.
const (
	TemplateUsed    = "USED"    // 使用中: can be issued
	TemplateInvalid = "INVALID" // 已失效: stopped, or past its end
)

// TemplateStatus tells whether a template can still be issued at a moment.
func TemplateStatus(t *ledger.Template, now int64) string {
	if t.Stopped || t.Days == 0 && t.End != ledger.Never && now >= t.End {
		return TemplateInvalid
	}
	return TemplateUsed
}

// TemplateFilter chooses templates. Zero fields choose all.
type TemplateFilter struct {
	ID       string   // this template alone
	Statuses []string // any of these
	Shop     string   // usable in this shop (shop_id)
	Changed  int64    // changed at this moment or later, milliseconds since 1970
	After    string   // templates behind this id in the list's order
	Page     int      // from 1
	Size     int      // templates a page
}

// TemplatePage is one page of templates, by id.
type TemplatePage struct {
	Items []*ledger.Template
	Total int // over all pages
}

// Templates lists the templates of a brand.
func Templates(b *ledger.Brand, f TemplateFilter, now int64) TemplatePage {
	var list []*ledger.Template
	for _, t := range b.Templates {
		switch {
		case f.ID != "" && t.ID != f.ID,
			f.Statuses != nil && !slices.Contains(f.Statuses, TemplateStatus(t, now)),
			f.Shop != "" && len(t.Shops) > 0 && !slices.Contains(t.Shops, f.Shop),
			t.Changed < f.Changed,
			f.After != "" && byNumber(t.ID, f.After) <= 0:
			continue
		}
		list = append(list, t)
	}
	slices.SortFunc(list, func(a, b *ledger.Template) int { return byNumber(a.ID, b.ID) })
	return TemplatePage{Items: Page(list, f.Page, f.Size), Total: len(list)}
}
