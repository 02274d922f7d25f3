package audit

import (
	"fmt"
	"math"
	"slices"

	"recoup/internal/ledger"
	"recoup/internal/store"
)

// rules takes a version of the brand's rules. The newest has the pepper and the brand's number.
func (s *spreader) rules(b *ledger.Brand) error {
	s.printer, s.serial, s.ruled = store.Printer{Pepper: b.Pepper, Serial: b.Serial}, b.Serial, true
	return nil
}

// person adds a member with the accounts, what leads to them, and when something of the member is said to end.
func (s *spreader) person(p *store.Person) error {
	if err := s.document(p.Member); err != nil {
		return err
	}
	names := slices.Clip(p.Outer)
	if p.Mobile != "" {
		names = append(names, ledger.Ident{Type: ledger.ByMobile, Text: p.Mobile})
	}
	for _, a := range p.Accounts {
		if err := s.account(a); err != nil {
			return err
		}
		if err := s.document(a); err != nil {
			return err
		}
		names = append(names, ledger.Ident{Type: store.AccountName, Text: a.ID})
		if a.Card != "" {
			names = append(names, ledger.Ident{Type: ledger.ByCard, Text: a.Card})
		}
	}
	for _, id := range names {
		s.rec = append(s.named(id), 0).text(p.ID)
		if err := s.books.add(s.rec); err != nil {
			return err
		}
	}
	s.rec = append(start(s.rec, dueSection).text(p.ID), 1).int(p.Due)
	return s.books.add(s.rec)
}

// named begins a record of a name.
func (s *spreader) named(id ledger.Ident) record {
	return append(start(s.rec, nameSection), byte(id.Type)).text(id.Outer).text(id.Text)
}

// name adds a row of a name.
func (s *spreader) name(n store.Name) error {
	s.rec = append(s.named(n.Ident), 1).text(n.Member)
	return s.books.add(s.rec)
}

// ends adds when something of a member ends.
func (s *spreader) ends(member string, at int64) error {
	s.rec = append(start(s.rec, dueSection).text(member), 0).int(at)
	return s.books.add(s.rec)
}

// subRow adds a row of a sub-order's number.
func (s *spreader) subRow(v store.SubRow) error { return s.sub(v, 1) }

func (s *spreader) sub(v store.SubRow, line byte) error {
	s.rec = append(start(s.rec, subSection).number(v.No), line).int(v.Main).text(v.Out)
	return s.books.add(s.rec)
}

// used notes a number that only the brand's counter gives.
func (s *spreader) used(n int64) {
	if n>>32 == s.serial {
		s.issued = max(s.issued, n)
	}
}

// document adds the print of a row.
func (s *spreader) document(doc any) error {
	if !s.ruled { // which was told
		return nil
	}
	p := s.printer.Print(doc)
	s.rec = append(start(s.rec, printSection), byte(p.Thing)).text(p.ID).number(rowSeq).id(p.Digest)
	return s.books.add(s.rec)
}

// prints adds what an operation left.
func (s *spreader) prints(o *ledger.Op) error {
	if !s.ruled {
		return nil
	}
	for _, p := range o.Prints {
		s.rec = append(start(s.rec, printSection), byte(p.Thing)).text(p.ID).number(o.Seq).id(p.Digest).id(o.ID)
		if err := s.books.add(s.rec); err != nil {
			return err
		}
	}
	return nil
}

// printAudit wants every document as the last operation left it.
type printAudit struct {
	thing ledger.Thing
	id    string
	print ledger.Digest
	last  mark
	row   bool
}

func (a *printAudit) add(r *reader) *Divergence {
	thing, id, seq := ledger.Thing(r.byte()), r.text(), r.number()
	if thing != a.thing || id != a.id {
		r.note(a.end())
		*a = printAudit{thing: thing, id: id}
	}
	print := ledger.Digest(r.id())
	if seq != rowSeq {
		a.print, a.last = print, mark{seq, r.id()}
		return nil
	}
	switch {
	case a.row:
		return a.differs("number of rows", 1, "more")
	case a.last.seq == 0:
		a.row = true
		return a.differs("origin", "an operation that left it", none)
	case print != a.print:
		a.row = true
		return a.differs("print", fmt.Sprintf("%x", a.print), fmt.Sprintf("%x: the row was changed", print))
	}
	a.row = true
	return nil
}

func (a *printAudit) differs(what string, expected, found any) *Divergence {
	return diverge(PrintCheck, fmt.Sprintf("%s of %s %s", what, a.thing, a.id), expected, found).at(a.last)
}

func (a *printAudit) end() *Divergence {
	if a.last.seq != 0 && !a.row {
		return a.differs("row", "a row", none)
	}
	return nil
}

// nameAudit wants every name of a member in its place, and no other.
type nameAudit struct {
	id      ledger.Ident
	begun   bool
	members []string // who must be found by it: one
	row     bool
}

var nameTypes = map[ledger.IdentType]string{store.AccountName: "account", ledger.ByMobile: "mobile", ledger.ByOuter: "outer id", ledger.ByCard: "card"}

func (a *nameAudit) add(r *reader) *Divergence {
	id := ledger.Ident{Type: ledger.IdentType(r.byte()), Outer: r.text(), Text: r.text()}
	if !a.begun || id != a.id {
		r.note(a.end())
		*a = nameAudit{begun: true, id: id}
	}
	line, member := r.byte(), r.text()
	if line == 0 {
		a.members = append(a.members, member)
		return nil
	}
	a.row = true
	switch {
	case len(a.members) == 0:
		return a.differs(none, "member "+member)
	case member != a.members[0]:
		return a.differs("member "+a.members[0], "member "+member)
	}
	return nil
}

func (a *nameAudit) differs(expected, found any) *Divergence {
	text := a.id.Text
	if a.id.Type == ledger.ByMobile && len(text) > 4 { // reports are passed around
		text = text[:len(text)-4] + "****"
	}
	return diverge(NameCheck, fmt.Sprintf("who is found by the %s %s", nameTypes[a.id.Type], text), expected, found)
}

func (a *nameAudit) end() *Divergence {
	switch {
	case !a.begun:
		return nil
	case len(a.members) > 1:
		return a.differs("one member", fmt.Sprint("members ", a.members))
	case !a.row:
		return a.differs("member "+a.members[0], none)
	}
	return nil
}

// subAudit wants every number of a sub-order in its place, and no other.
type subAudit struct {
	no   int64
	told bool
	want store.SubRow
	row  bool
}

func (a *subAudit) add(r *reader) *Divergence {
	if no := r.number(); no != a.no {
		r.note(a.end())
		*a = subAudit{no: no}
	}
	line, v := r.byte(), store.SubRow{No: a.no, Main: r.int(), Out: r.text()}
	if line == 0 {
		a.told, a.want = true, v
		return nil
	}
	a.row = true
	switch {
	case !a.told:
		return a.differs(none, v)
	case v != a.want:
		return a.differs(a.want, v)
	}
	return nil
}

func (a *subAudit) differs(expected, found any) *Divergence {
	return diverge(NameCheck, fmt.Sprintf("order and outer number of sub-order %d", a.no), expected, found)
}

func (a *subAudit) end() *Divergence {
	if a.told && !a.row {
		return a.differs(a.want, none)
	}
	return nil
}

// dueAudit wants to be known when something of a member ends next.
type dueAudit struct {
	member  string
	soonest int64
}

func (a *dueAudit) add(r *reader) *Divergence {
	if member := r.text(); member != a.member || a.soonest == 0 {
		*a = dueAudit{member: member, soonest: math.MaxInt64}
	}
	line, at := r.byte(), r.int()
	if line == 0 {
		a.soonest = min(a.soonest, at)
		return nil
	}
	if at != a.soonest {
		return diverge(DueCheck, "next end of something of member "+a.member, moment(a.soonest), moment(at))
	}
	return nil
}

func (a *dueAudit) end() *Divergence { return nil }

// moment shows when something ends.
func moment(at int64) any {
	if at == math.MaxInt64 {
		return "never"
	}
	return at
}
