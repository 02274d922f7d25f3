package top

import (
	"bytes"
	"strings"
)

// readMultipart reads the text parts of a multipart/form-data body into r and
// the file parts into p.
//
// It is written by hand because the clients' dialects are wider than
// mime/multipart and mime.ParseMediaType: Python's file parts have the
// disposition "file", for which FormName is empty; C++ writes "name =key"; Java
// and .NET begin with an empty line and put no space behind the colon. Besides
// it copies no file.
func readMultipart(r *reader, p *Params, boundary string, body []byte) {
	if boundary == "" {
		r.fail(brokenMultipart("boundary"))
		return
	}
	// Only the first delimiter may stand at the very beginning; the others need
	// a line end in front, which belongs to them and not to the part.
	dash := []byte("--" + boundary)
	var rest []byte
	if closing, after, ok := afterDelimiter(body, dash); ok {
		if closing {
			return
		}
		rest = after
	} else {
		_, closing, after, ok := cutDelimiter(body, append([]byte("\n"), dash...))
		switch {
		case !ok:
			r.fail(brokenMultipart("first boundary"))
			return
		case closing:
			return
		}
		rest = after
	}
	// A sender that ends that line with a bare LF does so everywhere; one that
	// sends CRLF may have a bare LF before a look-alike inside a file.
	newline := "\r\n"
	if start := len(body) - len(rest); start < 2 || body[start-2] != '\r' {
		newline = "\n"
	}
	delimiter := append([]byte(newline), dash...)

	for {
		if !r.count() {
			return
		}
		name, file, named, content, ok := readPartHeader(rest, r.limits.MaxHeader)
		if !ok {
			r.fail(brokenMultipart("part header"))
			return
		}
		var data []byte
		closing, after, found := afterDelimiter(content, dash)
		if !found { // else the part is empty and lacks its own line end
			data, closing, after, found = cutDelimiter(content, delimiter)
		}
		if !found {
			r.fail(brokenMultipart("last boundary"))
			return
		}
		if named && r.checkName(name) {
			if !file {
				m := mark{name: len(r.buf)}
				r.buf = append(r.buf, name...)
				m.value = len(r.buf)
				r.buf = append(r.buf, data...)
				m.end = len(r.buf)
				r.marks = append(r.marks, m)
			} else if _, again := p.File(string(name)); !again {
				p.files = append(p.files, filePart{string(name), data})
			}
		}
		if closing {
			return
		}
		rest = after
	}
}

func brokenMultipart(what string) *Fault {
	return ParameterError("multipart格式错误 broken multipart body: " + what)
}

// afterDelimiter reads a delimiter at the beginning of s: the dashes and the
// boundary, then either two dashes (closing) or blanks and a line end.
func afterDelimiter(s, dash []byte) (closing bool, after []byte, ok bool) {
	if !bytes.HasPrefix(s, dash) {
		return false, nil, false
	}
	s = s[len(dash):]
	if bytes.HasPrefix(s, []byte("--")) {
		return true, nil, true
	}
	for len(s) > 0 && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	switch {
	case len(s) > 0 && s[0] == '\n':
		return false, s[1:], true
	case len(s) > 1 && s[0] == '\r' && s[1] == '\n':
		return false, s[2:], true
	}
	return false, nil, false // another boundary that begins alike
}

// cutDelimiter finds the first delimiter in s; delimiter begins with its line
// end.
func cutDelimiter(s, delimiter []byte) (before []byte, closing bool, after []byte, ok bool) {
	for from := 0; ; {
		i := bytes.Index(s[from:], delimiter)
		if i < 0 {
			return nil, false, nil, false
		}
		i += from
		if closing, after, ok = afterDelimiter(s[i:], delimiter); ok {
			return s[:i], closing, after, true
		}
		from = i + 1
	}
}

// readPartHeader reads the header of a part up to its empty line. Only
// Content-Disposition matters: its name, and whether it has a filename; its
// type and the part's own content type do not. A part without a name is not
// named.
func readPartHeader(s []byte, limit int) (name []byte, file, named bool, content []byte, ok bool) {
	const header = "content-disposition"
	disposition, last := []byte(nil), false // last: the line before was it
	for at := 0; ; {
		i := bytes.IndexByte(s[at:min(len(s), at+limit)], '\n')
		if i < 0 || at+i > limit {
			return nil, false, false, nil, false
		}
		line := s[at : at+i]
		next := at + i + 1
		switch trimmed := bytes.TrimRight(line, "\r"); {
		case len(trimmed) == 0:
			name, file, named = disposed(disposition)
			return name, file, named, s[next:], true
		case line[0] == ' ' || line[0] == '\t': // a folded line goes on
			if last {
				disposition = disposition[:len(disposition)+1+len(line)]
			}
		default:
			key, value, colon := bytes.Cut(line, []byte(":"))
			last = colon && strings.EqualFold(string(bytes.TrimSpace(key)), header)
			if last {
				disposition = value
			}
		}
		at = next
	}
}

// disposed reads the parameters of a Content-Disposition value.
func disposed(s []byte) (name []byte, file, named bool) {
	_, s, _ = bytes.Cut(s, []byte(";"))
	for len(s) > 0 {
		var key, value []byte
		key, value, s = nextParameter(s)
		switch {
		case strings.EqualFold(string(key), "name"):
			if !named {
				name, named = value, true
			}
		case strings.EqualFold(string(key), "filename"), strings.EqualFold(string(key), "filename*"):
			file = true
		}
	}
	return name, file, named
}

// boundaryOf finds the boundary among the parameters of a content type.
func boundaryOf(parameters string) string {
	s := []byte(parameters)
	for len(s) > 0 {
		var key, value []byte
		key, value, s = nextParameter(s)
		if strings.EqualFold(string(key), "boundary") {
			return string(value)
		}
	}
	return ""
}

// nextParameter reads "key=value;" from s: the value quoted or not, blanks
// allowed around both.
func nextParameter(s []byte) (key, value, rest []byte) {
	end := bytes.IndexAny(s, "=;")
	if end < 0 {
		return bytes.TrimSpace(s), nil, nil
	}
	key = bytes.TrimSpace(s[:end])
	if s[end] == ';' {
		return key, nil, s[end+1:]
	}
	s = bytes.TrimLeft(s[end+1:], " \t\r\n")
	if len(s) == 0 || s[0] != '"' {
		value, rest, _ = bytes.Cut(s, []byte(";"))
		return key, bytes.TrimSpace(value), rest
	}
	s = s[1:]
	escaped := false
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			value = s[:i]
			if escaped {
				value = unquote(value)
			}
			_, rest, _ = bytes.Cut(s[i:], []byte(";"))
			return key, value, rest
		case '\\':
			if i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\') {
				escaped = true
				i++
			}
		}
	}
	return key, bytes.TrimSpace(s), nil // the quote never ends; take what is there
}

// unquote takes the backslash off an escaped quote or backslash.
func unquote(s []byte) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\') {
			i++
		}
		out = append(out, s[i])
	}
	return out
}
