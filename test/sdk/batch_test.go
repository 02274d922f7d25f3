package sdk

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"recoup/internal/demo"
)

// A batcher is how one client library sends a batch and takes the reply apart.
type batcher struct {
	name      string
	format    string // as formats
	sign      string
	partner   string // partner_id: the library and its date
	header    []string
	separator string
	split     func(body, separator string) []string
}

const usualSeparator = "\r\n-S-\r\n"

var (
	javaText = append(javaHeader, "Content-Type: text/plain;charset=UTF-8")
	netText  = append(netHeader, "Content-Type: text/plain;charset=utf-8")
	requests = []string{"User-Agent: python-requests/2.31.0", "Accept-Encoding: gzip, deflate", "Accept: */*"}
)

var batchers = []batcher{
	{"Java 2021", "json", "hmac-sha256", "top-sdk-java-20211125", javaText, usualSeparator, splitJava},
	{"Java 2021 simplified", "simplified", "hmac-sha256", "top-sdk-java-20211125", javaText, usualSeparator, splitJava},
	{"Java 2017 XML", "xml", "hmac", "top-sdk-java-20170428", javaText, usualSeparator, splitJava},
	{"Java with a separator of its own", "json", "md5", "", append(javaText, "top-api-separator: ##TOP##"), "##TOP##", splitJava},
	{".NET 2023", "json", "hmac", "top-sdk-net-20230831", append(netText, "Accept-Encoding: gzip"), usualSeparator, strings.Split},
	{".NET 2023 XML", "xml", "hmac", "top-sdk-net-20230831", netText, usualSeparator, strings.Split},
	{"Python by hand", "json", "hmac-sha256", "", requests, usualSeparator, strings.Split}, // requests names no type for a text
}

// splitJava takes the separator for a regular expression and drops what is empty at the end.
func splitJava(body, separator string) []string {
	parts := regexp.MustCompile(separator).Split(body, -1)
	for len(parts) > 0 && parts[len(parts)-1] == "" {
		parts = parts[:len(parts)-1]
	}
	return parts
}

// wire is the request for a batch. Java and .NET send a method that all calls share first, and name it with each of them again.
func (b batcher) wire(path string, calls []call) string {
	var segments []string
	if !slices.ContainsFunc(calls, func(c call) bool { return c.method != calls[0].method }) {
		segments = append(segments, "#PUBLIC#"+form{{"method", calls[0].method}}.encoded())
	}
	for _, c := range calls {
		f := form{{c.param, c.request}, {"method", c.method}}
		if c.session {
			f = append(f, [2]string{"session", demo.Session})
		}
		segments = append(segments, f.encoded())
	}
	body := strings.Join(segments, b.separator)

	format, _, simplify := strings.Cut(b.format, "simplified")
	query := form{{"app_key", demo.AppKey}, {"timestamp", clock(time.Now())}, {"v", "2.0"}, {"sign_method", b.sign}}
	if simplify {
		format = "json"
		query = append(query, [2]string{"simplify", "true"})
	}
	query = append(query, [2]string{"format", format})
	if b.partner != "" {
		query = append(query, [2]string{"partner_id", b.partner})
	}
	return request("POST", path+"?"+query.signedWith(body, b.sign, demo.Secret).encoded(), b.header, body)
}

// chargeNo is sample 002 under numbers of its own.
func chargeNo(n int) call {
	c := sampleCall(demo.Samples[charge])
	number := strconv.Itoa(n)
	c.request = strings.NewReplacer("2424535354", "batch-order-"+number, "249fdj242242xd", "batch-request-"+number, "23829392", "batch-refund-"+number).Replace(c.request)
	return c
}

// Twenty calls in one request, as libraries send them: alternately a charge and a look at the balance, which sees the charge before it;
// then twenty of one method. The same batch again is answered alike and moves nothing.
func TestBatches(t *testing.T) { onEach(t, testBatches) }

func testBatches(t *testing.T, open opener) {
	look := call{method: "alibaba.alsc.crm.open.customer.get", param: "param_customer_get_open_req", request: `{"brand_id":"1332","customer_id":"34243334"}`}
	for _, b := range batchers {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			w := open(t)
			fen, _ := w.member("34243334")
			var mixed, same []call
			for i := range 20 {
				same = append(same, chargeNo(100+i))
				if i%2 == 0 {
					mixed = append(mixed, chargeNo(i), look)
				}
			}
			send := func(path string, calls []call) []string {
				t.Helper()
				parts := b.split(w.send(b.wire(path, calls)).body, b.separator)
				if len(parts) != len(calls) {
					t.Fatalf("%d answers to %d calls: %.500s", len(parts), len(calls), parts)
				}
				return parts
			}
			for round, path := range []string{"/router/batch", "/router/batch/"} {
				for i, text := range send(path, mixed) {
					readable(t, b.format, &answer{body: text})
					if i%2 == 1 {
						want := fen + int64(i/2+1)*1000
						if round > 0 {
							want = fen + 10_000
						}
						if got := textOf(t, b.format, text, "balance"); got != fmt.Sprint(want) {
							t.Errorf("round %d, answer %d: balance %s, want %d", round, i, got, want)
						}
					} else if got, _ := mask(text); got != samples[charge].golden(b.format) {
						t.Errorf("round %d, answer %d: %s", round, i, got)
					}
				}
			}
			for range 2 {
				for i, text := range send("/router/batch", same) {
					if got, _ := mask(text); got != samples[charge].golden(b.format) {
						t.Errorf("answer %d: %s", i, got)
					}
				}
			}
			if now, _ := w.member("34243334"); now != fen+30_000 {
				t.Errorf("balance %d, want %d", now, fen+30_000)
			}

			// Each call stands alone: what one is refused costs the others nothing.
			wrong := chargeNo(1000)
			wrong.request = strings.Replace(wrong.request, `"change_value":1000`, `"change_value":-1`, 1)
			unknown := call{method: "alibaba.alsc.crm.no.such", param: "param", request: "{}"}
			codes := []string{}
			for _, text := range send("/router/batch", []call{chargeNo(1001), wrong, unknown, chargeNo(1002)}) {
				codes = append(codes, textOf(t, b.format, text, "code"))
			}
			if !slices.Equal(codes, []string{"", "50", "22", ""}) {
				t.Errorf("codes %q", codes)
			}

			// A byte changed on the way: one fault, no separator, which libraries tell by counting.
			a := w.send(strings.Replace(b.wire("/router/batch", same), "batch-order-100", "batch-order-200", 1))
			if code := textOf(t, b.format, a.body, "code"); code != "25" {
				t.Errorf("tampered: %s", a.body)
			}
		})
	}
}

// The same from Node.
func TestBatchOfTwentyFromNode(t *testing.T) { onEach(t, testBatchOfTwentyFromNode) }

func testBatchOfTwentyFromNode(t *testing.T, open opener) {
	node := needClients(t)
	w := open(t)
	fen, _ := w.member("34243334")
	var calls []npmCall
	for i := range 20 {
		calls = append(calls, chargeNo(i).npm())
	}
	for range 2 {
		for i, r := range runClient(t, node, "ali-topsdk-batch", "", "http://"+w.addr, calls) {
			if r.Fault != nil || !strings.Contains(string(r.Answer), `"biz_success":true`) {
				t.Errorf("call %d: %+v %s", i, r.Fault, r.Answer)
			}
		}
	}
	if now, _ := w.member("34243334"); now != fen+20_000 {
		t.Errorf("balance %d, want %d", now, fen+20_000)
	}
}
