package api

import (
	"log/slog"
	"strconv"
	"strings"

	"recoup/internal/ledger"
)

// A subject is what a call was about, for the log. It is only worked out when somebody listens.
type subject struct {
	in      *Input
	figures []ledger.Fig
}

// Attrs are the brand, shop, order and refund number, the caller's request_id, the operator and the figures of the answer, as far as there are any:
// by them a refusal that a cashier tells of is found again. Nobody's mobile or outer id is among them.
func (s *subject) Attrs() []slog.Attr {
	if s.in == nil {
		return nil
	}
	var attrs []slog.Attr
	add := func(name, text string) {
		if text != "" {
			attrs = append(attrs, slog.String(name, text))
		}
	}
	if s.in.brand != nil {
		add("brand", s.in.brand.ID)
	}
	known := &s.in.method.known
	for _, f := range [...]struct {
		name   string
		fields []*Field
	}{
		{"shop", []*Field{known.shop, known.outShop, known.store}},
		{"order", []*Field{known.order}},
		{"number", []*Field{known.number}},
		{"asked", []*Field{known.request}},
		{"operator", []*Field{known.operator}},
	} {
		for _, field := range f.fields {
			if text := s.in.said(field); text != "" {
				add(f.name, text)
				break
			}
		}
	}
	var figures []string
	for _, f := range s.figures {
		text := f.Text
		if text == "" {
			text = strconv.FormatInt(int64(f.N), 10)
		}
		figures = append(figures, f.Name+"="+text)
	}
	add("figures", strings.Join(figures, " "))
	return attrs
}
