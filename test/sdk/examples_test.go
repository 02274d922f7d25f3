package sdk

import (
	"strings"
	"testing"

	"recoup/internal/api"
	"recoup/internal/demo"
)

// Every example of the catalogue can be sent to the demo as it is printed, in the catalogue's order, and is done; but for those that name what
// only an earlier answer tells, which are refused by the word that says so.
func TestExamples(t *testing.T) { onEach(t, testExamples) }

func testExamples(t *testing.T, open opener) {
	w := open(t)
	refusals := map[string]string{
		"alibaba.alsc.crm.customer.create":       "MEMBER_EXISTS",     // of the sample's mobile
		"alibaba.alsc.crm.voucher.status.change": "VOUCHER_NOT_FOUND", // voucher.send tells the ids
		"alibaba.wdk.reverse.reversedetail":      "REVERSE_NOT_FOUND", // creatrefund tells the numbers
		"alibaba.wdk.reverse.createfeatch":       "REVERSE_NOT_FOUND",
		"alibaba.wdk.reverse.load.featchorder":   "REVERSE_NOT_FOUND",
	}
	for _, m := range w.node.Catalogue.All() {
		t.Run(m.Name, func(t *testing.T) {
			w := w.in(t)
			body := w.example(m)
			if strings.Contains(body, "error_response") || strings.HasPrefix(body, `{"code"`) {
				t.Fatalf("a fault: %s", body)
			}
			word, refused := refusals[m.Name], false
			for _, no := range []string{`"biz_success":false`, `"success":false`, `"state":false`} {
				refused = refused || strings.Contains(body, no)
			}
			if refused != (word != "") || !strings.Contains(body, word) {
				t.Errorf("want %q, answered %s", word, body)
			}
		})
	}
}

// example sends what the catalogue prints of a method.
func (w *world) example(m *api.Method) string {
	w.t.Helper()
	c := call{method: m.Name, session: true}
	var bare form
	for _, p := range m.Sample() {
		if m.Param != "" {
			c.param, c.request = p.Name, p.Value
		} else if p.Value != "" {
			bare = append(bare, [2]string{p.Name, p.Value})
		}
	}
	return w.post(append(c.params("simplified"), bare...).signed("hmac-sha256", demo.Secret)).body
}
