package sdk

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// quoted is what applyrefund answers and creatrefund takes back as it is.
type quoted struct {
	Subs     []json.Number   `json:"biz_order_ids"`
	Cards    []string        `json:"gift_card_nos"`
	Channels json.RawMessage `json:"refund_channel_list"` // absent where nothing was paid
	Token    string          `json:"request_id"`
	Max      int64           `json:"max_refund_fee"`
}

// wdkCall sends a call of WDK to store 2131 and reads what stands under the path in its simplified answer.
func wdkCall[T any](w *world, name, param, request string, path ...string) (out T) {
	w.t.Helper()
	a := w.call(call{method: "alibaba.wdk." + name, param: param, request: request, session: true}, "simplified")
	raw := json.RawMessage(a.body)
	for _, name := range path {
		var members map[string]json.RawMessage
		if json.Unmarshal(raw, &members) != nil || members[name] == nil {
			w.t.Fatalf("%s in %.2000s", strings.Join(path, "."), a.body)
		}
		raw = members[name]
	}
	if err := json.Unmarshal(raw, &out); err != nil {
		w.t.Fatalf("%v in %.2000s", err, raw)
	}
	return out
}

// Orders of one line and of 500, with lines that cost nothing, paid by two cards of one code and nothing else: each is quoted and submitted as
// the quote reads, by lines and then the rest.
func TestRefundAsQuoted(t *testing.T) { onEach(t, testRefundAsQuoted) }

func testRefundAsQuoted(t *testing.T, open opener) {
	w := open(t)
	for _, lines := range []int{1, 2, 500} {
		var subs []string
		sum := 0
		for i := range lines {
			fee := 100 * (i % 3) // every third is free, the first among them
			sum += fee
			subs = append(subs, fmt.Sprintf(`{"out_sub_order_id":"of%d-%d","pay_fee":%d}`, lines, i, fee))
		}
		pay := fmt.Sprintf(`[{"code":"10004","amount":%d},{"code":"10004","name":"另一张卡","amount":%d},{"code":"POINT","amount":0}]`, sum/3, sum-sum/3)
		order := fmt.Sprintf(`{"sub_info_list":[%s],"out_order_id":"of%d","store_id":"2131","pay_fee":%d,"pay_infos":%s}`, strings.Join(subs, ","), lines, sum, pay)
		numbers := wdkCall[[]struct {
			No json.Number `json:"biz_order_id"`
		}](w, "trade.order.success.create", "order_request", order, "result", "result", "order_sub_info_list")
		var all []string
		for _, n := range numbers {
			all = append(all, n.No.String())
		}
		refunded := int64(0)
		for _, part := range [][]string{all[:1], all, all} {
			q := wdkCall[quoted](w, "reverse.applyrefund", "param_apply_reverse_req",
				fmt.Sprintf(`{"biz_order_ids":[%s],"store_id":"2131","operator":{"operator_type":6}}`, strings.Join(part, ",")), "result", "model")
			if len(q.Subs) == 0 {
				continue // of one line nothing is left after the first round
			}
			back, err := json.Marshal(q.Subs)
			if err != nil {
				t.Fatal(err)
			}
			if q.Channels == nil {
				q.Channels = json.RawMessage("null")
			}
			reverses := wdkCall[[]json.Number](w, "reverse.creatrefund", "param_create_reverse_req",
				fmt.Sprintf(`{"biz_order_ids":%s,"store_id":"2131","operator":{"operator_type":6},"reason_id":1001,"reason_text":"不喜欢","refund_amount":%d,"refund_channel_list":%s,"request_id":"%s"}`,
					back, q.Max, q.Channels, q.Token), "result", "model", "reverse_ids")
			if len(reverses) != len(q.Subs) {
				t.Errorf("%d lines: %d reverses of %d sub-orders", lines, len(reverses), len(q.Subs))
			}
			refunded += q.Max
		}
		if refunded != int64(sum) {
			t.Errorf("%d lines: %d refunded of %d", lines, refunded, sum)
		}
	}
}

// However a till writes a mobile number, it is one member.
func TestSpellingsOfAMobile(t *testing.T) { onEach(t, testSpellingsOfAMobile) }

func testSpellingsOfAMobile(t *testing.T, open opener) {
	w := open(t)
	member := ""
	for i, mobile := range []string{"13712345678", "137 1234 5678", "+86 13712345678", "8613712345678", "0086-137-1234-5678", "１３７１２３４５６７８"} {
		a := w.call(call{
			method: "alibaba.alsc.crm.open.customer.save", param: "param_customer_save_open_req",
			request: fmt.Sprintf(`{"brand_id":"1332","mobile":"%s","request_id":"spelling-%d"}`, mobile, i),
		}, "json")
		id := textOf(t, "json", a.body, "result")
		if id == "" || member != "" && id != member {
			t.Errorf("%s is member %s, not %s: %s", mobile, id, member, a.body)
		}
		member = id
	}
}
