package top

import (
	"fmt"
	"strings"
	"testing"
)

func TestReadMultipart(t *testing.T) {
	crlf := func(lines ...string) string { return strings.Join(lines, "\r\n") }
	tests := []struct {
		name, contentType, body string
		want, files, fault      string
	}{
		{
			name:        "Java and .NET: empty line first, no blanks, type on text parts",
			contentType: "multipart/form-data;charset=UTF-8;boundary=16a3b4c5d6e",
			body: crlf("", "--16a3b4c5d6e", `Content-Disposition:form-data;name="title"`, "Content-Type:text/plain", "", "中文",
				"--16a3b4c5d6e", `Content-Disposition:form-data;name="pic";filename="a.jpg"`, "Content-Type:application/octet-stream", "", "\xff\xd8\r\n\x00",
				"--16a3b4c5d6e--", ""),
			want: "title=中文", files: "pic=\xff\xd8\r\n\x00",
		},
		{
			name:        "official Python: disposition file",
			contentType: "multipart/form-data; boundary=PYTHON_SDK_BOUNDARY",
			body: crlf("--PYTHON_SDK_BOUNDARY", `Content-Disposition: form-data; name="title"`, "", "x y",
				"--PYTHON_SDK_BOUNDARY", `Content-Disposition: file; name="pic"; filename="a.jpg"`, "Content-Type: image/jpeg", "Content-Transfer-Encoding: binary", "", "bytes",
				"--PYTHON_SDK_BOUNDARY--", ""),
			want: "title=x y", files: "pic=bytes",
		},
		{
			name:        "PHP from memory: long boundary, blank behind the filename, no last line end",
			contentType: "multipart/form-data; boundary=-------------5f3c8d6e9a1b2",
			body: crlf("---------------5f3c8d6e9a1b2", `Content-Disposition: form-data; name="pic"; filename="a.jpg" `, "Content-Type: image/jpeg", "", "bytes",
				"---------------5f3c8d6e9a1b2", `Content-Disposition: form-data; name="title"`, "", "",
				"---------------5f3c8d6e9a1b2--"),
			want: "title=", files: "pic=bytes",
		},
		{
			name:        "C++: unquoted, blank before the equals sign",
			contentType: "multipart/form-data; boundary=AaB03x",
			body: crlf("--AaB03x", "Content-Disposition: form-data; name =title", "", "v",
				"--AaB03x", "content-disposition: form-data; name =pic; filename =a.jpg", "", "bytes", "--AaB03x--", ""),
			want: "title=v", files: "pic=bytes",
		},
		{
			name:        "Node: field key as filename, type on text parts",
			contentType: "multipart/form-data; boundary=--------------------------104",
			body: crlf("----------------------------104", `Content-Disposition: form-data; name="app_key"`, "", "123",
				"----------------------------104", `Content-Disposition: form-data; name="pic"; filename="pic"`, "Content-Type: application/octet-stream", "", "bytes",
				"----------------------------104--", ""),
			want: "app_key=123", files: "pic=bytes",
		},
		{
			name:        "quoted boundary, preamble and epilogue",
			contentType: `Multipart/Form-Data; charset=UTF-8; Boundary="a b"`,
			body:        crlf("for old readers", "--a b  ", `Content-Disposition: form-data; name="x"`, "", "1", "--a b--", "--a b", "rubbish"),
			want:        "x=1",
		},
		{
			name: "bare line feeds", contentType: "multipart/form-data; boundary=b",
			body: "--b\nContent-Disposition: form-data; name=x\n\n1\n2\n--b\nContent-Disposition: form-data; name=y\n\n\n--b--\n",
			want: "x=1\n2|y=",
		},
		{
			name: "boundary look-alikes in the content", contentType: "multipart/form-data; boundary=b",
			body: crlf("--b", "Content-Disposition: form-data; name=x", "", "1", "--bc", "--b-", "\n--b", "--b.--", " --b", "end", "--b--"),
			want: "x=1\r\n--bc\r\n--b-\r\n\n--b\r\n--b.--\r\n --b\r\nend",
			// "\n--b\r\n" has no carriage return before it, so it is content too.
		},
		{
			name: "escapes in names, folded header", contentType: "multipart/form-data; boundary=b",
			body: crlf("--b", `Content-Disposition: form-data;`, `  name="a\"b\\c\d"`, "", "1",
				"--b", "X-Other: 1", " name=no", `Content-Disposition: form-data; NAME="c;d=e"`, "", "2", "--b--"),
			want: `a"b\c\d=1|c;d=e=2`,
		},
		{
			name: "starred filename is a file", contentType: "multipart/form-data; boundary=b",
			body:  crlf("--b", `Content-Disposition: form-data; name="f"; filename*=UTF-8''%e4.jpg`, "", "1", "--b--"),
			files: "f=1",
		},
		{
			name: "empty filename is a file", contentType: "multipart/form-data; boundary=b",
			body:  crlf("--b", `Content-Disposition: form-data; name="f"; filename=""`, "", "1", "--b--"),
			files: "f=1",
		},
		{
			name: "parts without a name or a header are passed over", contentType: "multipart/form-data; boundary=b",
			body: crlf("--b", "Content-Disposition: form-data", "", "1", "--b", "", "2", "--b", "Content-Disposition", " name=x", "", "3",
				"--b", "Content-Disposition: form-data; name=y", "", "4", "--b--"),
			want: "y=4",
		},
		{
			name: "part without content or its line end", contentType: "multipart/form-data; boundary=b",
			body: crlf("--b", "Content-Disposition: form-data; name=x", "", "--b", "Content-Disposition: form-data; name=y", "", "1", "--b--"),
			want: "x=|y=1",
		},
		{name: "no parts", contentType: "multipart/form-data; boundary=b", body: "--b--\r\n"},
		{name: "no parts, empty line first", contentType: "multipart/form-data; boundary=b", body: "\r\n--b--\r\n"},
		{name: "no body", contentType: "multipart/form-data; boundary=b"},
		{
			name: "quote without end", contentType: "multipart/form-data; boundary=b",
			body: crlf("--b", `Content-Disposition: form-data; name="x`, "", "1", "--b--"),
			want: "x=1",
		},
		{
			name: "cut short", contentType: "multipart/form-data; boundary=b",
			body:  crlf("--b", "Content-Disposition: form-data; name=x", "", "1", "--b", "Content-Disposition: form-data; name=y", "", "2"),
			want:  "x=1",
			fault: "43 Parameter Error: multipart格式错误 broken multipart body: last boundary",
		},
		{
			name: "cut short in a header", contentType: "multipart/form-data; boundary=b", body: crlf("--b", "Content-Disposition: form-data; name=x"),
			fault: "43 Parameter Error: multipart格式错误 broken multipart body: part header",
		},
		{
			name: "header too long", contentType: "multipart/form-data; boundary=b",
			body:  crlf("--b", "X: "+strings.Repeat("x", 5000), "Content-Disposition: form-data; name=x", "", "1", "--b--"),
			fault: "43 Parameter Error: multipart格式错误 broken multipart body: part header",
		},
		{
			name: "another boundary", contentType: "multipart/form-data; boundary=c", body: crlf("--b", "", "", "--b--"),
			fault: "43 Parameter Error: multipart格式错误 broken multipart body: first boundary",
		},
		{
			name: "no boundary", contentType: "multipart/form-data", body: crlf("--b", "", "", "--b--"),
			fault: "43 Parameter Error: multipart格式错误 broken multipart body: boundary",
		},
		{
			name: "long name", contentType: "multipart/form-data; boundary=b",
			body:  crlf("--b", "Content-Disposition: form-data; name="+strings.Repeat("n", 129), "", "1", "--b--"),
			fault: "41 Invalid arguments:" + strings.Repeat("n", 128),
		},
		{
			name: "too many", contentType: "multipart/form-data; boundary=b",
			body:  strings.Repeat(crlf("--b", "Content-Disposition: form-data; name=x", "", "1", ""), 257) + "--b--",
			want:  "x=1",
			fault: "43 Parameter Error: 参数过多 too many parameters, at most 256",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p, fault := ReadParams("", test.contentType, []byte(test.body))
			if got := show(p); got != test.want {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
			var files []string
			for _, f := range p.files {
				files = append(files, fmt.Sprintf("%s=%s", f.name, f.data))
			}
			if got := strings.Join(files, "|"); got != test.files {
				t.Errorf("files %q, want %q", got, test.files)
			}
			if got := faultText(fault); got != test.fault {
				t.Errorf("fault %q, want %q", got, test.fault)
			}
		})
	}
}

// A C++ client sends everything in the query and again in the multipart body.
func TestMultipartRepeatsQuery(t *testing.T) {
	body := "--b\r\nContent-Disposition: form-data; name =v\r\n\r\n2.0\r\n" +
		"--b\r\nContent-Disposition: form-data; name =pic; filename=\"1\"\r\n\r\none\r\n" +
		"--b\r\nContent-Disposition: form-data; name =pic; filename=\"2\"\r\n\r\ntwo\r\n--b--\r\n"
	p, fault := ReadParams("v=2.0&method=m", "multipart/form-data; boundary=b", []byte(body))
	if fault != nil || show(p) != "v=2.0|method=m" || p.Conflict() != "" {
		t.Errorf("%v %s %s", fault, show(p), p.Conflict())
	}
	if f, ok := p.File("pic"); !ok || string(f) != "one" {
		t.Errorf("file %q %v", f, ok)
	}
	if _, ok := p.File("v"); ok {
		t.Error("v is no file")
	}
}
