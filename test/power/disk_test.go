package power

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// A disk is a folder as its calls have made it: what a power failure cannot take any more, and what it may.
//
// It promises no more than POSIX: a sync makes durable what had been written to its file before it began. Names are made durable by a
// sync of the folder. Everything else may have reached the disk or not, in any order, torn between sectors.
type disk struct {
	files map[string]*file // as programs see them
	names map[string]*file // as they are on disk for certain
	moved []*call          // names made and removed since
	made  map[*call]*file
	acks  []string // what was acknowledged
}

type file struct {
	durable []byte
	pending []*call // writes and cuts that need not be on disk
}

// begin does what a call may do from its first moment on.
func (d *disk) begin(c *call) {
	switch c.kind {
	case "acknowledge":
		d.acks = append(d.acks, strings.TrimSpace(string(c.data)))
	case "create":
		if d.files[c.file] == nil {
			d.files[c.file] = &file{}
			d.made[c] = d.files[c.file]
			d.moved = append(d.moved, c)
		}
	case "remove":
		delete(d.files, c.file)
		d.moved = append(d.moved, c)
	case "write", "cut":
		f := d.files[c.file]
		f.pending = append(f.pending, c)
	}
}

// synced takes what a sync has done when it returns.
func (d *disk) synced(c *call) {
	settled := func(w *call) bool { return w.ended < c.begun }
	if c.file == "." {
		for _, n := range d.moved {
			if settled(n) {
				d.name(d.names, n)
			}
		}
		d.moved = slices.DeleteFunc(d.moved, settled)
		return
	}
	f := d.files[c.file]
	for _, w := range f.pending {
		if settled(w) {
			f.durable = apply(f.durable, w)
		}
	}
	f.pending = slices.DeleteFunc(f.pending, settled)
}

func (d *disk) name(names map[string]*file, c *call) {
	if c.kind == "remove" {
		delete(names, c.file)
	} else {
		names[c.file] = d.made[c]
	}
}

// apply does a write or a cut to what a file has.
func apply(content []byte, c *call) []byte {
	size := c.at
	if c.kind == "write" {
		size = max(int64(len(content)), c.at+int64(len(c.data)))
	}
	content = append(content, make([]byte, max(0, size-int64(len(content))))...)[:size]
	copy(content[min(c.at, size):], c.data)
	return content
}

// A loss is what a power failure does to what is not synced: which pending calls are kept.
type loss struct {
	what string
	kept func(r *rand.Rand, name string, pending []*call) []*call
}

var losses = []loss{
	{"all is lost", func(*rand.Rand, string, []*call) []*call { return nil }},
	{"all is kept", func(_ *rand.Rand, _ string, p []*call) []*call { return p }},
	{"only the log is kept", func(_ *rand.Rand, name string, p []*call) []*call {
		if strings.HasSuffix(name, "-wal") {
			return p
		}
		return nil
	}},
	{"only the file is kept", func(_ *rand.Rand, name string, p []*call) []*call {
		if strings.HasSuffix(name, "-wal") {
			return nil
		}
		return p
	}},
	{"the end is lost, and the last write torn", func(r *rand.Rand, _ string, p []*call) []*call {
		if len(p) == 0 {
			return nil
		}
		last := r.IntN(len(p))
		parts := torn(p[last])
		return append(slices.Clone(p[:last]), parts[:r.IntN(len(parts)+1)]...)
	}},
	{"some calls are lost", func(r *rand.Rand, _ string, p []*call) []*call { return half(r, p) }},
	{"some sectors are lost", func(r *rand.Rand, _ string, p []*call) (kept []*call) {
		for _, c := range p {
			kept = append(kept, half(r, torn(c))...)
		}
		return kept
	}},
	{"the length is kept, new bytes are zero", func(_ *rand.Rand, _ string, p []*call) (kept []*call) {
		for _, c := range p {
			zero := *c
			zero.data = make([]byte, len(c.data))
			kept = append(kept, &zero)
		}
		return kept
	}},
}

// half keeps each call or not, by the toss of a coin.
func half(r *rand.Rand, calls []*call) (kept []*call) {
	for _, c := range calls {
		if r.IntN(2) == 0 {
			kept = append(kept, c)
		}
	}
	return kept
}

// sector is what a disk writes whole or not at all.
const sector = 512

// torn takes a write apart where sectors end.
func torn(c *call) (parts []*call) {
	if c.kind != "write" {
		return []*call{c}
	}
	for at, data := c.at, c.data; len(data) > 0; {
		n := min(sector-at%sector, int64(len(data)))
		parts = append(parts, &call{kind: "write", file: c.file, at: at, data: data[:n]})
		at, data = at+n, data[n:]
	}
	return parts
}

// after is what the folder holds after a power failure. Names survive from none to all of those that are not synced.
func (d *disk) after(l loss, r *rand.Rand) map[string][]byte {
	names := maps.Clone(d.names)
	kept := len(d.moved)
	if l.what != losses[1].what {
		kept = r.IntN(len(d.moved) + 1)
	}
	for _, n := range d.moved[:kept] {
		d.name(names, n)
	}
	left := map[string][]byte{}
	for _, name := range slices.Sorted(maps.Keys(names)) { // in order, so that the dice fall alike
		content := bytes.Clone(names[name].durable)
		for _, c := range l.kept(r, name, names[name].pending) {
			content = apply(content, c)
		}
		left[name] = content
	}
	return left
}

// walk lets a disk live through the calls, and hands it over after each that a power failure may follow: one has begun, or a sync has
// returned.
func walk(calls []*call, visit func(d *disk, at *call)) *disk {
	d := &disk{files: map[string]*file{}, names: map[string]*file{}, made: map[*call]*file{}}
	ends := slices.SortedFunc(slices.Values(calls), func(a, b *call) int { return a.ended - b.ended })
	for len(calls) > 0 || len(ends) > 0 && ends[0].ended != never {
		if len(calls) > 0 && calls[0].begun <= ends[0].ended {
			d.begin(calls[0])
			visit(d, calls[0])
			calls = calls[1:]
			continue
		}
		if c := ends[0]; c.kind == "sync" {
			d.synced(c)
			visit(d, c)
		}
		ends = ends[1:]
	}
	return d
}
