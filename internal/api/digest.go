package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strconv"

	"recoup/internal/ledger"
)

// keyOf is the key of a few texts: the first 16 bytes of SHA-256 over them, each behind its length, so that no two lists of texts
// run into the same bytes.
func keyOf(parts ...string) ledger.Digest {
	var space [256]byte
	buf := space[:0]
	for _, p := range parts {
		buf = appendText(buf, p)
	}
	return digest(buf)
}

func digest(b []byte) ledger.Digest {
	sum := sha256.Sum256(b)
	return ledger.Digest(sum[:16])
}

func appendText(dst []byte, s string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(s)))
	return append(dst, s...)
}

// originalKey is what a refund is about beside its number: the original, the amount if one was given, and the vouchers as a set.
func originalKey(original string, amount int64, vouchers []string) ledger.Digest {
	sorted := slices.Sorted(slices.Values(vouchers))
	parts := make([]string, 0, 2+len(sorted))
	parts = append(parts, original, "")
	switch {
	case amount != 0:
		parts[1] = strconv.FormatInt(amount, 10)
	case vouchers != nil && len(vouchers) == 0:
		parts[1] = "none" // of the vouchers; absent: all
	}
	return keyOf(append(parts, sorted...)...)
}

// contentOf is the digest of the normalised fields as sent: by name, absent ones left out, numbers as numbers however they were
// written, lists as sets unless their order has a meaning; without who did it and why (semantics.md §3).
func contentOf(s *Struct, a args) ledger.Digest {
	var space [512]byte
	return digest(s.appendContent(space[:0], a))
}

func (s *Struct) appendContent(dst []byte, a args) []byte {
	for _, f := range s.content {
		if a.has(f) || a[f.pos].none {
			dst = appendText(dst, f.Name)
			dst = f.appendContent(dst, &a[f.pos])
		}
	}
	return append(dst, 0) // no name is empty: the end of the object
}

func (f *Field) appendContent(dst []byte, v *value) []byte {
	switch f.Type {
	case String:
		return appendText(dst, v.text)
	case Number, Boolean:
		return binary.AppendVarint(dst, v.num)
	case Object:
		return f.Of.appendContent(dst, v.list)
	case Strings, Numbers, Objects:
	}
	items := make([][]byte, len(v.list))
	for i := range v.list {
		switch f.Type {
		case Strings:
			items[i] = appendText(nil, v.list[i].text)
		case Numbers:
			items[i] = binary.AppendVarint(nil, v.list[i].num)
		default:
			items[i] = f.Of.appendContent(nil, v.list[i].list)
		}
	}
	if !f.Ordered {
		slices.SortFunc(items, bytes.Compare)
		if f.Type != Objects {
			// Two equal parts of a list of objects are two parts: a channel given twice pays twice.
			items = slices.CompactFunc(items, bytes.Equal)
		}
	}
	dst = binary.AppendUvarint(dst, uint64(len(items)))
	for _, item := range items {
		dst = append(dst, item...)
	}
	return dst
}
