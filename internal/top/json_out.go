package top

import (
	"strconv"
	"unicode/utf8"
)

// encoding/json is not used for answers: it escapes with hexadecimal letters,
// which the Java client decodes wrongly, and needs a second pass to leave
// absent fields out.

func appendResponseJSON(dst []byte, simplify bool, method string, fields []Field, requestID string) []byte {
	if !simplify {
		dst = append(dst, '{', '"')
		dst = appendRoot(dst, method)
		dst = append(dst, '"', ':')
	}
	dst = append(dst, '{')
	for i := range fields {
		if f := &fields[i]; f.Name != "request_id" && f.Value.present() {
			dst = appendFieldJSON(dst, f, simplify)
			dst = append(dst, ',')
		}
	}
	dst = append(dst, `"request_id":`...)
	dst = appendTextJSON(dst, requestID)
	dst = append(dst, '}')
	if !simplify {
		dst = append(dst, '}')
	}
	return dst
}

// appendFaultJSON keeps the first bytes exactly {"error_response": and the last
// one a brace: the official Go client cuts the answer there without parsing.
func appendFaultJSON(dst []byte, f *Fault, requestID string) []byte {
	dst = append(dst, `{"error_response":{"code":`...)
	dst = strconv.AppendInt(dst, int64(f.Code), 10)
	dst = append(dst, `,"msg":`...)
	dst = appendTextJSON(dst, f.Msg)
	if f.SubCode != "" {
		dst = append(dst, `,"sub_code":`...)
		dst = appendTextJSON(dst, f.SubCode)
	}
	if f.SubMsg != "" {
		dst = append(dst, `,"sub_msg":`...)
		dst = appendTextJSON(dst, f.SubMsg)
	}
	dst = append(dst, `,"request_id":`...)
	dst = appendTextJSON(dst, requestID)
	return append(dst, '}', '}')
}

func appendFieldJSON(dst []byte, f *Field, simplify bool) []byte {
	dst = append(dst, '"')
	dst = append(dst, f.Name...)
	dst = append(dst, '"', ':')
	return appendValueJSON(dst, &f.Value, simplify)
}

// appendValueJSON writes a value that is present.
func appendValueJSON(dst []byte, v *Value, simplify bool) []byte {
	switch v.kind {
	case textValue:
		return appendTextJSON(dst, v.text)
	case numValue:
		return strconv.AppendInt(dst, v.num, 10)
	case boolValue:
		return strconv.AppendBool(dst, v.num != 0)
	case objValue:
		dst = append(dst, '{')
		some := false
		for i := range v.fields {
			if !v.fields[i].Value.present() {
				continue
			}
			if some {
				dst = append(dst, ',')
			}
			some = true
			dst = appendFieldJSON(dst, &v.fields[i], simplify)
		}
		return append(dst, '}')
	}
	if !simplify {
		dst = append(dst, '{', '"')
		dst = append(dst, v.text...)
		dst = append(dst, '"', ':')
	}
	dst = append(dst, '[')
	some := false
	for i := range v.items {
		if !v.items[i].present() {
			continue
		}
		if some {
			dst = append(dst, ',')
		}
		some = true
		dst = appendValueJSON(dst, &v.items[i], simplify)
	}
	dst = append(dst, ']')
	if !simplify {
		dst = append(dst, '}')
	}
	return dst
}

// jsonEscape holds, for the bytes that cannot stand in a JSON text as they are,
// the letter behind the backslash, or 1 for those that are left out: the
// control characters that have no letter would need \u00 and hexadecimal
// digits, of which the Java client misreads a to f.
var jsonEscape = func() (t [256]byte) {
	for i := range byte(' ') {
		t[i] = 1
	}
	t['"'], t['\\'] = '"', '\\'
	t['\b'], t['\f'], t['\n'], t['\r'], t['\t'] = 'b', 'f', 'n', 'r', 't'
	return t
}()

// appendTextJSON writes a quoted text as raw UTF-8. What a client could not
// read is left out: control characters without a short escape and bytes that
// are not UTF-8.
func appendTextJSON(dst []byte, s string) []byte {
	dst = append(dst, '"')
	checked := utf8.ValidString(s)
	run := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf && !checked {
			if r, size := utf8.DecodeRuneInString(s[i:]); r != utf8.RuneError || size > 1 {
				i += size
				continue
			}
			dst = append(dst, s[run:i]...)
			i++
			run = i
			continue
		}
		if jsonEscape[c] == 0 {
			i++
			continue
		}
		dst = append(dst, s[run:i]...)
		if letter := jsonEscape[c]; letter != 1 {
			dst = append(dst, '\\', letter)
		}
		i++
		run = i
	}
	dst = append(dst, s[run:]...)
	return append(dst, '"')
}
