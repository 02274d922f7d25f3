package top

import (
	"strconv"
	"unicode/utf8"
)

const xmlDeclaration = `<?xml version="1.0" encoding="utf-8" ?>`

func appendResponseXML(dst []byte, method string, fields []Field, requestID string) []byte {
	dst = append(dst, xmlDeclaration...)
	dst = append(dst, '<')
	dst = appendRoot(dst, method)
	dst = append(dst, '>')
	for i := range fields {
		if fields[i].Name != "request_id" {
			dst = appendElement(dst, fields[i].Name, &fields[i].Value)
		}
	}
	dst = appendTextElement(dst, "request_id", requestID)
	dst = append(dst, '<', '/')
	dst = appendRoot(dst, method)
	return append(dst, '>')
}

func appendFaultXML(dst []byte, f *Fault, requestID string) []byte {
	dst = append(dst, xmlDeclaration+"<error_response><code>"...)
	dst = strconv.AppendInt(dst, int64(f.Code), 10)
	dst = append(dst, "</code>"...)
	dst = appendTextElement(dst, "msg", f.Msg)
	if f.SubCode != "" {
		dst = appendTextElement(dst, "sub_code", f.SubCode)
	}
	if f.SubMsg != "" {
		dst = appendTextElement(dst, "sub_msg", f.SubMsg)
	}
	dst = appendTextElement(dst, "request_id", requestID)
	return append(dst, "</error_response>"...)
}

// appendElement writes a value under its name, and nothing if it is absent.
// Elements are never self-closed: the .NET clients find the root with a regular
// expression that such a one does not match.
func appendElement(dst []byte, name string, v *Value) []byte {
	if !v.present() {
		return dst
	}
	dst = appendOpen(dst, name)
	switch v.kind {
	case textValue:
		dst = appendTextXML(dst, v.text)
	case numValue:
		dst = strconv.AppendInt(dst, v.num, 10)
	case boolValue:
		dst = strconv.AppendBool(dst, v.num != 0)
	case objValue:
		for i := range v.fields {
			dst = appendElement(dst, v.fields[i].Name, &v.fields[i].Value)
		}
	case listValue:
		for i := range v.items {
			dst = appendElement(dst, v.text, &v.items[i])
		}
	}
	return appendClose(dst, name)
}

func appendTextElement(dst []byte, name, text string) []byte {
	dst = appendOpen(dst, name)
	dst = appendTextXML(dst, text)
	return appendClose(dst, name)
}

func appendOpen(dst []byte, name string) []byte {
	dst = append(dst, '<')
	dst = append(dst, name...)
	return append(dst, '>')
}

func appendClose(dst []byte, name string) []byte {
	dst = append(dst, '<', '/')
	dst = append(dst, name...)
	return append(dst, '>')
}

// xmlSpecial marks the bytes that need a look: the five that are escaped,
// control characters, and 0xEF, with which U+FFFE and U+FFFF begin.
var xmlSpecial = func() (t [256]bool) {
	for i := range byte(' ') {
		t[i] = true
	}
	t['\t'], t['\n'] = false, false
	t['&'], t['<'], t['>'], t['"'], t['\''], t[0xEF] = true, true, true, true, true, true
	return t
}()

// appendTextXML writes escaped text. What XML 1.0 has no place for is left
// out: control characters, U+FFFE, U+FFFF and bytes that are not UTF-8. A
// carriage return is written as a reference, or parsers would make it a line
// feed.
func appendTextXML(dst []byte, s string) []byte {
	checked := utf8.ValidString(s)
	run := 0
	for i := 0; i < len(s); {
		c := s[i]
		if !xmlSpecial[c] && (checked || c < utf8.RuneSelf) {
			i++
			continue
		}
		size, instead := 1, ""
		switch c {
		case '&':
			instead = "&amp;"
		case '<':
			instead = "&lt;"
		case '>':
			instead = "&gt;"
		case '"':
			instead = "&quot;"
		case '\'':
			instead = "&apos;"
		case '\r':
			instead = "&#13;"
		default:
			if c < utf8.RuneSelf {
				break // a control character
			}
			var r rune
			r, size = utf8.DecodeRuneInString(s[i:])
			bad := r == utf8.RuneError && size == 1
			if !bad && r != 0xFFFE && r != 0xFFFF {
				i += size
				continue
			}
		}
		dst = append(dst, s[run:i]...)
		dst = append(dst, instead...)
		i += size
		run = i
	}
	return append(dst, s[run:]...)
}
