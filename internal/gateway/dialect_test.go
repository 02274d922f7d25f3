package gateway_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/md5"
	"fmt"
	"io"
	"strings"
	"testing"
)

// raw composes the bytes of a request; header lines come as the client sends them.
func raw(verb, query string, header []string, body string) string {
	target := "/router/rest"
	if query != "" {
		target += "?" + query
	}
	lines := append([]string{verb + " " + target + " HTTP/1.1", "Host: gw.api.taobao.com"}, header...)
	if body != "" {
		lines = append(lines, fmt.Sprintf("Content-Length: %d", len(body)))
	}
	return strings.Join(lines, "\r\n") + "\r\n\r\n" + body
}

var systemParams = []string{"method", "app_key", "timestamp", "v", "format", "sign_method", "sign", "session", "partner_id", "simplify"}

// javaParts is the multipart body of the Java and .NET clients: an empty line first, no blanks in the header, a type for texts.
func javaParts(boundary string, p params, file string) string {
	var b strings.Builder
	for _, e := range p {
		b.WriteString("\r\n--" + boundary + "\r\nContent-Disposition:form-data;name=\"" + e[0] + "\"\r\nContent-Type:text/plain\r\n\r\n" + e[1])
	}
	b.WriteString("\r\n--" + boundary + "\r\nContent-Disposition:form-data;name=\"file\";filename=\"a.png\"\r\nContent-Type:image/png\r\n\r\n" + file)
	b.WriteString("\r\n--" + boundary + "--\r\n")
	return b.String()
}

// nodeParts is the multipart body of the Node clients, which send every call so.
func nodeParts(boundary string, p params) string {
	var b strings.Builder
	for _, e := range p {
		b.WriteString("--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + e[0] + "\"\r\n\r\n" + e[1] + "\r\n")
	}
	b.WriteString("--" + boundary + "--\r\n")
	return b.String()
}

// Requests as the clients of the platform put them on the wire, byte for byte, over a real connection that all of them share.
func TestDialects(t *testing.T) {
	const text = `{"name":"双11 优惠券","amount":"1000"}`
	echo := request("alibaba.test.echo", "text", text)
	const (
		form     = "Content-Type: application/x-www-form-urlencoded"
		formUTF8 = form + ";charset=UTF-8"
	)
	java := echo.set("sign_method", "hmac").set("format", "xml").set("partner_id", "top-sdk-java-20170428").sign(secret)
	javaNew := echo.set("sign_method", "hmac-sha256").sign(secret)
	javaHeader := []string{"Accept: text/xml,text/javascript", "User-Agent: top-sdk-java", "Accept-Encoding: gzip"}
	php := echo.set("partner_id", "top-sdk-php-20180326").set("nothing", "").sign(secret)
	phpBare := request("taobao.time.get", "partner_id", "top-sdk-php-20180326").sign(secret)
	python := echo.set("timestamp", "1767240000000").set("partner_id", "taobao-sdk-python-20210816").set("flag", "True").sign(secret)
	pythonHeader := []string{"Cache-Control: no-cache", "Connection: Keep-Alive"}
	net15 := echo.without("sign_method").set("app_key", oldApp)
	net15 = net15.set("sign", fmt.Sprintf("%X", md5.Sum([]byte(oldSecret+net15.text()))))
	net23 := echo.set("sign_method", "hmac").set("partner_id", "top-sdk-net-20230831").sign(secret)
	cpp := echo.set("partner_id", "topsdkcpp").sign(secret)
	golang := echo.set("sign_method", "hmac-sha256").set("simplify", "true").set("nothing", "").sign(secret)
	node := echo.sign(secret)

	const fileAnswer = `"file":"\"png\"--\r\n"` // what fileText becomes
	const fileText = "\"png\"--\r\n"

	for _, d := range []struct {
		name, request string
		answer        string // a part of it
	}{
		{
			"Java", raw("POST", java.only(systemParams...).encode(), append(javaHeader, formUTF8), java.without(systemParams...).encode()),
			`<text>{&quot;name&quot;:&quot;双11 优惠券&quot;`,
		},
		{
			"Java, SHA-256", raw("POST", javaNew.only(systemParams...).encode(), append(javaHeader, formUTF8), javaNew.without(systemParams...).encode()),
			`"length":42`,
		},
		{"Java, file", raw("POST", javaNew.only(systemParams...).encode(),
			append(javaHeader, "Content-Type: multipart/form-data;charset=UTF-8;boundary=1767240000000"),
			javaParts("1767240000000", javaNew.without(systemParams...), fileText)), fileAnswer},
		{
			"Java, large answer", raw("POST", request("alibaba.test.large").sign(secret).encode(), append(javaHeader, formUTF8), ""),
			`一二三四五六七八九十`,
		},
		{"PHP", raw("POST", php.only(systemParams...).encode(), []string{"User-Agent: top-sdk-php", "Accept: */*", form + "; charset=UTF-8"},
			php.without(systemParams...).encode()), `"length":42`},
		{
			"PHP, nothing but system parameters", raw("GET", phpBare.encode(), []string{"User-Agent: top-sdk-php", "Accept: */*"}, ""),
			`{"time_get_response":{"time":"2026-01-01 12:00:00",`,
		},
		{"PHP, file from memory", raw("POST", php.only(systemParams...).encode(),
			[]string{"Content-Type: multipart/form-data; boundary=-------------5a1e60e3c1d2f"},
			"---------------5a1e60e3c1d2f\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\n"+text+
				"\r\n---------------5a1e60e3c1d2f\r\nContent-Disposition: form-data; name=\"nothing\"\r\n\r\n"+
				"\r\n---------------5a1e60e3c1d2f\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\" \r\nContent-Type: image/png\r\n\r\n"+
				fileText+"\r\n---------------5a1e60e3c1d2f--"), fileAnswer},
		{"Python", raw("POST", python.only(systemParams...).encode(), append(pythonHeader, "Content-type: application/x-www-form-urlencoded;charset=UTF-8"),
			python.without(systemParams...).encode()), `"signed":"2026-01-01 12:00:00"`},
		{"Python, file", raw("POST", python.only(systemParams...).encode(), append(pythonHeader, "Content-Type: multipart/form-data; boundary=PYTHON_SDK_BOUNDARY"),
			"--PYTHON_SDK_BOUNDARY\r\nContent-Disposition: form-data; name=\"text\"\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\n"+text+
				"\r\n--PYTHON_SDK_BOUNDARY\r\nContent-Disposition: form-data; name=\"flag\"\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\nTrue"+
				"\r\n--PYTHON_SDK_BOUNDARY\r\nContent-Disposition: file; name=\"file\"; filename=\"a.png\"\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: binary\r\n\r\n"+
				fileText+"\r\n--PYTHON_SDK_BOUNDARY--\r\n"), fileAnswer},
		{".NET 2015", raw("POST", "", []string{"User-Agent: Top4Net", "Accept: text/xml,text/javascript", "Content-Type: application/x-www-form-urlencoded;charset=utf-8"},
			net15.encode()), `"length":42`},
		{".NET 2023", raw("POST", "", []string{
			"User-Agent: top-sdk-net", "Accept: text/xml,text/javascript", "Accept-Encoding: gzip",
			"Content-Type: application/x-www-form-urlencoded;charset=utf-8",
		}, net23.encode()), `"length":42`},
		{".NET 2023, file", raw("POST", "", []string{"User-Agent: top-sdk-net", "Content-Type: multipart/form-data;charset=utf-8;boundary=639028224000000000"},
			javaParts("639028224000000000", net23, fileText)), fileAnswer},
		{"C++", raw("GET", strings.ReplaceAll(cpp.encode(), "+", "%20"), []string{"User-Agent: Mozilla/5.0", "Accept-Encoding: identity"}, ""), `"length":42`},
		{"C++, file", raw("POST", cpp.encode(), []string{"Content-Type: multipart/form-data; boundary=----TaoBound"},
			strings.ReplaceAll(strings.ReplaceAll(nodeParts("----TaoBound", cpp), `form-data; name="`, `form-data; name =`), "\"\r\n\r\n", "\r\n\r\n")), `"length":42`},
		{"C", raw("POST", "", []string{"User-Agent: top-sdk-c", "Accept: */*", "Content-Type: multipart/form-data; boundary=------------------------d74496d66958873e"},
			nodeParts("------------------------d74496d66958873e", node)), `"length":42`},
		{"Go, new", raw("POST", golang.only(systemParams...).encode(), []string{"User-Agent: Go-http-client/1.1", form, "Accept-Encoding: gzip"},
			golang.without(systemParams...).encode()), `{"text":"{\"name\"`},
		{"Go, new, file", raw("POST", golang.only(systemParams...).encode(), []string{"Content-Type: multipart/form-data; boundary=4f6e", "Accept-Encoding: gzip"},
			"--4f6e\r\nContent-Disposition: form-data; name=\"file\"; filename=\"file\"\r\nContent-Type: application/octet-stream\r\n\r\n"+fileText+
				"\r\n"+nodeParts("4f6e", golang.without(systemParams...))), fileAnswer},
		{"Node", raw("POST", "", []string{"content-type: multipart/form-data; boundary=--------------------------106413474474741850937423", "Connection: keep-alive"},
			nodeParts("--------------------------106413474474741850937423", node)), `"length":42`},
		{"Node topsdk: GET with a form", raw("GET", "", []string{"Content-Type: application/x-www-form-urlencoded"}, node.encode()), `"length":42`},
		{"Node top: GET", raw("GET", node.encode(), []string{"User-Agent: node-urllib"}, ""), `"length":42`},
		{"Python community", raw("POST", "", []string{"Accept-Encoding: gzip", form + ";charset=UTF-8"}, node.encode()), `"length":42`},
		{"Node get without anything", raw("GET", "", nil, ""), `<code>28</code>`},
	} {
		t.Run(d.name, func(t *testing.T) {
			conn := dial(t, setup(t).serve(t))
			in := bufio.NewReader(conn)
			for range 2 { // the connection lives on
				if _, err := io.WriteString(conn, d.request); err != nil {
					t.Fatal(err)
				}
				r, answer := receive(t, in)
				if r.Header.Get("Content-Encoding") == "gzip" {
					if !strings.Contains(d.request, "Accept-Encoding: gzip") {
						t.Error("compressed unasked")
					}
					z, err := gzip.NewReader(bytes.NewReader([]byte(answer)))
					if err != nil {
						t.Fatal(err)
					}
					text, err := io.ReadAll(z)
					if err != nil {
						t.Fatal(err)
					}
					answer = string(text)
				}
				if !strings.Contains(answer, d.answer) {
					t.Errorf("answer\n%s\nwant\n%s", answer, d.answer)
				}
				if !strings.Contains(strings.ToLower(r.Header.Get("Content-Type")), ";charset=utf-8") {
					t.Errorf("Content-Type %q has no charset", r.Header.Get("Content-Type"))
				}
			}
		})
	}

	t.Run("libcurl waits for 100", func(t *testing.T) {
		conn := dial(t, setup(t).serve(t))
		body := nodeParts("------------------------d74496d66958873e", node)
		fmt.Fprintf(conn, "POST /router/rest HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\nContent-Type: multipart/form-data; boundary=------------------------d74496d66958873e\r\nExpect: 100-continue\r\n\r\n", len(body))
		in := bufio.NewReader(conn)
		line, err := in.ReadString('\n')
		if err != nil || line != "HTTP/1.1 100 Continue\r\n" {
			t.Fatalf("%q %v", line, err)
		}
		_, _ = in.ReadString('\n')
		_, _ = io.WriteString(conn, body)
		if _, answer := receive(t, in); !strings.Contains(answer, `"length":42`) {
			t.Error(answer)
		}
	})
	t.Run("HTTP/1.0", func(t *testing.T) {
		conn := dial(t, setup(t).serve(t))
		_, _ = io.WriteString(conn, "GET /router/rest?"+node.encode()+" HTTP/1.0\r\n\r\n")
		if _, answer := receive(t, bufio.NewReader(conn)); !strings.Contains(answer, `"length":42`) {
			t.Error(answer)
		}
	})
	t.Run("burst", func(t *testing.T) { // Java clients fire a hundred calls at once; here in one piece
		conn := dial(t, setup(t).serve(t))
		one := raw("POST", "", []string{form}, node.encode())
		go func() { _, _ = io.WriteString(conn, strings.Repeat(one, 100)) }()
		in := bufio.NewReader(conn)
		for range 100 {
			if _, answer := receive(t, in); !strings.Contains(answer, `"length":42`) {
				t.Fatal(answer)
			}
		}
	})
}
