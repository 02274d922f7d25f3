package sdk

import (
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"recoup/internal/demo"
)

// A published sample, what it is answered, and the response that its document prints. In answers stand words for what the server makes
// up: REQUEST for the id of the call, FLOW for that of an operation, REVERSE for that of a reverse.
type published struct {
	demo.Sample
	json, simplified, xml string

	document string   // elements of the printed response, in order
	absent   []string // those that only a refusal has
}

var samples = []published{
	{
		Sample:     demo.Samples[0],
		json:       `{"alibaba_alsc_crm_open_assert_refund_response":{"result":{"biz_success":true,"result":{"point_success":true,"value_success":true,"voucher_status_list":{"voucher_status_info":[{"success":true,"voucher_id":"123"},{"success":true,"voucher_id":"456"}]}},"result_code":"0","result_desc":"成功","result_view":"成功"},"request_id":"REQUEST"}}`,
		simplified: `{"result":{"biz_success":true,"result":{"point_success":true,"value_success":true,"voucher_status_list":[{"success":true,"voucher_id":"123"},{"success":true,"voucher_id":"456"}]},"result_code":"0","result_desc":"成功","result_view":"成功"},"request_id":"REQUEST"}`,
		xml:        `<?xml version="1.0" encoding="utf-8" ?><alibaba_alsc_crm_open_assert_refund_response><result><biz_success>true</biz_success><result><point_success>true</point_success><value_success>true</value_success><voucher_status_list><voucher_status_info><success>true</success><voucher_id>123</voucher_id></voucher_status_info><voucher_status_info><success>true</success><voucher_id>456</voucher_id></voucher_status_info></voucher_status_list></result><result_code>0</result_code><result_desc>成功</result_desc><result_view>成功</result_view></result><request_id>REQUEST</request_id></alibaba_alsc_crm_open_assert_refund_response>`,
		document: `alibaba_alsc_crm_open_assert_refund_response
			result
			result biz_success
			result result
			result result point_success
			result result value_success
			result result voucher_status_list
			result result voucher_status_list voucher_status_info
			result result voucher_status_list voucher_status_info success
			result result voucher_status_list voucher_status_info voucher_id
			result result_code
			result result_desc
			result result_view`,
	},
	{
		Sample:     demo.Samples[1],
		json:       `{"alibaba_alsc_crm_point_reversepoint_response":{"result":{"biz_success":true,"result":"FLOW","result_code":"200","result_desc":"成功","result_view":""},"request_id":"REQUEST"}}`,
		simplified: `{"result":{"biz_success":true,"result":"FLOW","result_code":"200","result_desc":"成功","result_view":""},"request_id":"REQUEST"}`,
		xml:        `<?xml version="1.0" encoding="utf-8" ?><alibaba_alsc_crm_point_reversepoint_response><result><biz_success>true</biz_success><result>FLOW</result><result_code>200</result_code><result_desc>成功</result_desc><result_view></result_view></result><request_id>REQUEST</request_id></alibaba_alsc_crm_point_reversepoint_response>`,
		document: `alibaba_alsc_crm_point_reversepoint_response
			result
			result biz_success
			result result
			result result_code
			result result_desc
			result result_view`,
	},
	{
		Sample:     demo.Samples[2],
		json:       `{"alibaba_alsc_crm_open_recharge_operate_response":{"result":{"biz_success":true,"result":true,"result_code":"0","result_desc":"成功","result_view":"成功"},"request_id":"REQUEST"}}`,
		simplified: `{"result":{"biz_success":true,"result":true,"result_code":"0","result_desc":"成功","result_view":"成功"},"request_id":"REQUEST"}`,
		xml:        `<?xml version="1.0" encoding="utf-8" ?><alibaba_alsc_crm_open_recharge_operate_response><result><biz_success>true</biz_success><result>true</result><result_code>0</result_code><result_desc>成功</result_desc><result_view>成功</result_view></result><request_id>REQUEST</request_id></alibaba_alsc_crm_open_recharge_operate_response>`,
		document: `alibaba_alsc_crm_open_recharge_operate_response
			result
			result biz_success
			result result
			result result_code
			result result_desc
			result result_view`,
	},
	{
		Sample:     demo.Samples[3],
		json:       `{"alibaba_wdk_reverse_creatrefund_response":{"result":{"model":{"out_biz_order_ids":{"string":["1506864060698825068-1"]},"out_order_id":"1506864060698825068","request_id":"bdab6446-f0cf-4327-9ae3-fd69ac4d","reverse_ids":{"number":[REVERSE]},"store_id":"2131"},"success":true},"request_id":"REQUEST"}}`,
		simplified: `{"result":{"model":{"out_biz_order_ids":["1506864060698825068-1"],"out_order_id":"1506864060698825068","request_id":"bdab6446-f0cf-4327-9ae3-fd69ac4d","reverse_ids":[REVERSE],"store_id":"2131"},"success":true},"request_id":"REQUEST"}`,
		xml:        `<?xml version="1.0" encoding="utf-8" ?><alibaba_wdk_reverse_creatrefund_response><result><model><out_biz_order_ids><string>1506864060698825068-1</string></out_biz_order_ids><out_order_id>1506864060698825068</out_order_id><request_id>bdab6446-f0cf-4327-9ae3-fd69ac4d</request_id><reverse_ids><number>REVERSE</number></reverse_ids><store_id>2131</store_id></model><success>true</success></result><request_id>REQUEST</request_id></alibaba_wdk_reverse_creatrefund_response>`,
		document: `alibaba_wdk_reverse_creatrefund_response
			result
			result error_code
			result error_msg
			result model
			result model out_biz_order_ids
			result model out_biz_order_ids string
			result model out_order_id
			result model request_id
			result model reverse_ids
			result model reverse_ids number
			result model store_id
			result success`,
		absent: []string{"result error_code", "result error_msg"},
	},
}

var formats = []string{"json", "simplified", "xml"}

// golden is the answer to a sample in a format.
func (p published) golden(format string) string {
	return map[string]string{"json": p.json, "simplified": p.simplified, "xml": p.xml}[format]
}

// made finds what the server makes up: ids of calls (to the base 36), of operations (26 characters) and of reverses (a number that
// JavaScript still counts exactly).
var made = []struct {
	*regexp.Regexp
	word string
}{
	{regexp.MustCompile(`("request_id":"|<request_id>)([0-9a-z]{11,13})("|<)`), "REQUEST"},
	{regexp.MustCompile(`("result":"|<result>)([0-9a-zA-Z]{26})("|<)`), "FLOW"},
	{regexp.MustCompile(`("number":\[|"reverse_ids":\[|<number>)([1-9][0-9]{9,14})(\]|<)`), "REVERSE"},
}

// mask puts words for what the server made up. It also returns what stays the same however often a call is repeated: all but the id of
// the call.
func mask(body string) (masked string, ids []string) {
	for _, m := range made {
		for _, found := range m.FindAllStringSubmatch(body, -1) {
			if m.word != "REQUEST" {
				ids = append(ids, found[2])
			}
		}
		body = m.ReplaceAllString(body, "${1}"+m.word+"${3}")
	}
	return body, ids
}

// The published samples, as printed, any number of times and in every format: one effect, and one answer for ever.
func TestSamples(t *testing.T) { onEach(t, testSamples) }

func testSamples(t *testing.T, open opener) {
	w := open(t)
	fen, _ := w.member("34243334")
	for _, s := range samples {
		t.Run(s.Document, func(t *testing.T) {
			w := w.in(t)
			var first []string
			before := w.operations()
			var written int64
			for i := range 9 {
				format := formats[i%3]
				a := w.call(sampleCall(s.Sample), format)
				got, ids := mask(a.body)
				if got != s.golden(format) {
					t.Errorf("call %d, %s:\n got %s\nwant %s", i, format, got, s.golden(format))
				}
				if a.replayed() != (i > 0) {
					t.Errorf("call %d counts as a repetition: %v", i, a.replayed())
				}
				if i == 0 {
					first, written = ids, w.operations()
				}
				if !slices.Equal(ids, first) {
					t.Errorf("call %d made up %v, the first %v", i, ids, first)
				}
			}
			if written == before || w.operations() != written {
				t.Errorf("%d operations, %d after the first call, %d after all", before, written, w.operations())
			}
		})
	}
	// Document 003 gives back 10 of the 30 fen by stored value, which this member paid with.
	t.Run("balance", func(t *testing.T) {
		w := w.in(t)
		if now, _ := w.member("34243334"); now != fen+1000+10 {
			t.Errorf("balance %d, want %d + 1000 charged + 10 refunded", now, fen)
		}
	})
}

// What was answered once is answered for ever: also after a restart.
func TestSamplesAfterARestart(t *testing.T) { onEach(t, testSamplesAfterARestart) }

func testSamplesAfterARestart(t *testing.T, open opener) {
	w := open(t)
	var before [4][]string
	for i, s := range samples {
		a := w.call(sampleCall(s.Sample), "json")
		got, ids := mask(a.body)
		if got != s.json || a.replayed() {
			t.Fatalf("%s: %s", s.Document, a.body)
		}
		before[i] = ids
	}
	books := w.books()
	w.close()

	w = openOn(t, w.db)
	for i, s := range samples {
		for _, format := range formats {
			a := w.call(sampleCall(s.Sample), format)
			got, ids := mask(a.body)
			if got != s.golden(format) || !slices.Equal(ids, before[i]) || !a.replayed() {
				t.Errorf("%s: repetition %v, ids before %v\n got %s\nwant %s", s.Document, a.replayed(), before[i], a.body, s.golden(format))
			}
		}
	}
	if w.books() != books {
		t.Error("something moved")
	}
}

// A charge repeated in every format raises the balance once.
func TestChargeRaisesTheBalanceOnce(t *testing.T) { onEach(t, testChargeRaisesTheBalanceOnce) }

func testChargeRaisesTheBalanceOnce(t *testing.T, open opener) {
	w := open(t)
	before, _ := w.member("34243334")
	for range 3 {
		for _, format := range formats {
			w.call(sampleCall(demo.Samples[2]), format)
			if now, _ := w.member("34243334"); now != before+1000 {
				t.Fatalf("%s: balance %d, want %d", format, now, before+1000)
			}
		}
	}
}

// Answers have the elements of the documents, in their order; only request_id of the envelope comes on top.
func TestAnswersHaveTheShapeOfTheDocuments(t *testing.T) {
	onEach(t, testAnswersHaveTheShapeOfTheDocuments)
}

func testAnswersHaveTheShapeOfTheDocuments(t *testing.T, open opener) {
	w := open(t)
	for _, s := range samples {
		t.Run(s.Document, func(t *testing.T) {
			w := w.in(t)
			root, printed, _ := strings.Cut(s.document, "\n")
			var want []string
			for line := range strings.SplitSeq(printed, "\n") {
				if path := strings.TrimSpace(line); !slices.Contains(s.absent, path) {
					want = append(want, path)
				}
			}
			want = append(want, "request_id")
			gotRoot, got := elements(t, w.call(sampleCall(s.Sample), "xml").body)
			if gotRoot != root || !slices.Equal(got, want) {
				t.Errorf("got %s\n%s\nwant %s\n%s", gotRoot, strings.Join(got, "\n"), root, strings.Join(want, "\n"))
			}
		})
	}
}

// elements lists the elements of an XML text in order, each once: the root, and the paths of the others below it.
func elements(t *testing.T, text string) (root string, paths []string) {
	t.Helper()
	var path []string
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return root, paths
		}
		if err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if root == "" {
				root = token.Name.Local
				continue
			}
			path = append(path, token.Name.Local)
			if p := strings.Join(path, " "); !slices.Contains(paths, p) {
				paths = append(paths, p)
			}
		case xml.EndElement:
			if len(path) > 0 {
				path = path[:len(path)-1]
			}
		}
	}
}

// operatorOf003 is the operator in sample 003.
const operatorOf003 = `{"operator_id":"123","operator_name":"门店小二","operator_type":6}`

// The documents print lists in several ways, and clients write values in more. All of them are the same request: none is a second one.
func TestSpellingsOfOneRequest(t *testing.T) { onEach(t, testSpellingsOfOneRequest) }

func testSpellingsOfOneRequest(t *testing.T, open opener) {
	w := open(t)
	for _, s := range samples {
		w.call(sampleCall(s.Sample), "json")
	}
	for _, c := range []struct {
		name     string
		sample   int
		old, new string
	}{
		{"list as commas", 0, `["123","456"]`, `"123,456"`},
		{"list as commas and blanks", 0, `["123","456"]`, `"123, 456"`},
		{"list of numbers", 0, `["123","456"]`, `[123,456]`},
		{"list in another order", 0, `["123","456"]`, `["456","123"]`},
		{"list as JSON in a text", 0, `["123","456"]`, `"[\"123\",\"456\"]"`},
		{"list wrapped as in answers", 0, `["123","456"]`, `{"string":["123","456"]}`},
		{"ids as numbers", 0, `"brand_id":"342343043"`, `"brand_id":342343043`},
		{"null is absent", 0, `{"brand_id"`, `{"card_id":null,"brand_id"`},
		{"unknown field", 0, `{"brand_id"`, `{"colour":"red","brand_id"`},
		{"number as text", 1, `"change_point":23`, `"change_point":"23"`},
		{"number with a zero fraction", 1, `"change_point":23`, `"change_point":23.0`},
		{"escaped text", 1, `"biz_channel":"CS/KRY"`, `"biz_channel":"\u0043S\/KRY"`},
		{"other remark", 1, `"reason":"积分回退"`, `"reason":"again"`},
		{"other clerk", 1, `"operator_id":"3484874839","operator_name":"小王"`, `"operator_id":"1","operator_name":"小李"`},
		{"another reason", 2, `"reason":"测试"`, `"reason":"<&> \ud83d\ude00"`},
		{"type as text", 2, `"operate_type":1`, `"operate_type":"1"`},
		{"sub-orders as text", 3, `[5000399193546580981]`, `"5000399193546580981"`},
		{"sub-orders as one number", 3, `[5000399193546580981]`, `5000399193546580981`},
		{"sub-orders as list of texts", 3, `[5000399193546580981]`, `["5000399193546580981"]`},
		{"sub-orders wrapped", 3, `[5000399193546580981]`, `{"number":[5000399193546580981]}`},
		{"gift cards as list", 3, `"gift_card_nos":"22076108"`, `"gift_card_nos":["22076108"]`},
		{"operator as JSON in a text", 3, operatorOf003, strconv.Quote(operatorOf003)},
		{"channels as JSON in texts", 3, `{"amount":20,"code":"10001","name":"支付宝"}`, strconv.Quote(`{"amount":20,"code":"10001","name":"支付宝"}`)},
		{"channels as one object", 3, `[{"amount":20,"code":"10001","name":"支付宝"}]`, `{"amount":20,"code":"10001","name":"支付宝"}`},
		{"channels wrapped", 3, `[{"amount":20,"code":"10001","name":"支付宝"}]`, `{"refund_channel_vo":[{"amount":20,"code":"10001","name":"支付宝"}]}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, s := w.in(t), samples[c.sample]
			again := sampleCall(s.Sample)
			again.request = strings.Replace(again.request, c.old, c.new, 1)
			if again.request == s.Request {
				t.Fatalf("the sample has no %s", c.old)
			}
			a := w.call(again, "json")
			if got, _ := mask(a.body); got != s.json || !a.replayed() {
				t.Errorf("replayed %v\n got %s\nwant %s", a.replayed(), got, s.json)
			}
		})
	}
}
