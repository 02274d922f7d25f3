package sdk

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// crm sends a call of the main brand's shop: the method behind alibaba.alsc.crm., and the request without brand, shop, operator and request_id.
func (w *world) crm(method, id, request string) string {
	w.t.Helper()
	method = "alibaba.alsc.crm." + method
	return w.call(call{
		method: method, param: w.node.Catalogue.Find(method).Param,
		request: fmt.Sprintf(`{"brand_id":"1332","shop_id":"243545","operator_id":"7","operator_name":"小王","request_id":"%s",%s}`, id, request),
	}, "simplified").body
}

// newMember opens an account, and tells the member's id and how requests name the member and the card.
func (w *world) newMember(mobile string) (id, who, card string) {
	w.t.Helper()
	var saved struct{ Result struct{ Result string } }
	if err := json.Unmarshal([]byte(w.crm("open.customer.save", "new-"+mobile, `"mobile":"`+mobile+`"`)), &saved); err != nil {
		w.t.Fatal(err)
	}
	id = saved.Result.Result
	who = `"customer_id":"` + id + `"`
	var accounts struct {
		Result struct {
			Result []struct {
				Card string `json:"card_id"`
			}
		}
	}
	body := w.crm("recharge.account.get", "", who)
	if err := json.Unmarshal([]byte(body), &accounts); err != nil || len(accounts.Result.Result) != 1 {
		w.t.Fatalf("%v in %s", err, body)
	}
	return id, who, `"card_id":"` + accounts.Result.Result[0].Card + `"`
}

// A door is a way to make something of 1000, or to undo part of it. In its request $O is the order, $N the number of the undo, $W the member, $C the
// card and $V a voucher.
type door struct {
	method, request string
	part            int64 // what it gives back; 0: all that is left
}

// numbered reports whether the undo has a number of its own, which it takes.
func (d door) numbered() bool { return strings.Contains(d.request, "$N") }

// capped are the things that several doors make and undo. Every door undoes what any door made.
var capped = []struct {
	name   string
	makes  []door
	undoes []door
	tender string // of the WDK order that is paid with it, if any
	charge bool   // undone, it leaves the member; else it comes back
	counts string // "points", "vouchers": what is counted; else fen
	whole  int64  // of it; 0: 1000
}{
	{
		name: "charge", charge: true,
		makes: []door{
			{method: "open.recharge.operate", request: `$W,"operate_type":1,"outer_order_id":"$O","change_value":1000`},
			{method: "recharge.charge.update", request: `$C,"outer_order_id":"$O","real_value":1000`},
		},
		undoes: []door{
			{"open.recharge.operate", `"operate_type":4,"outer_order_id":"$O","new_outer_order_id":"$N","change_value":600`, 600},
			{"open.recharge.operate", `"operate_type":4,"outer_order_id":"$O","new_outer_order_id":"$N","change_value":400`, 400},
			{"open.recharge.operate", `"operate_type":4,"outer_order_id":"$O","new_outer_order_id":"$N"`, 0},
			{"recharge.uncharge.update", `"src_outer_order_id":"$O","outer_order_id":"$N"`, 0},
		},
	},
	{
		name: "value spent", tender: `"code":"STORED_VALUE"`,
		makes: []door{
			{method: "open.assert.verify", request: `$W,"outer_order_id":"$O","value":1000`},
			{method: "open.recharge.operate", request: `$W,"operate_type":3,"outer_order_id":"$O","change_value":1000`},
			{method: "recharge.dedut.update", request: `$W,"outer_order_id":"$O","value":1000`},
		},
		undoes: []door{
			{"recharge.undedut.update", `$W,"outer_order_id":"$O","new_outer_order_id":"$N","value":600`, 600},
			{"recharge.undedut.update", `$W,"outer_order_id":"$O","new_outer_order_id":"$N","value":400`, 400},
			{"recharge.undedut.update", `$W,"outer_order_id":"$O","new_outer_order_id":"$N"`, 0},
			{"open.assert.refund", `$W,"outer_order_id":"$O","new_outer_order_id":"$N"`, 0},
			{wdkReverse, "", 600},
			{wdkReverse, "", 0},
		},
	},
	{
		name: "points spent", tender: `"code":"POINT","point":1000`, counts: "points",
		makes: []door{
			{method: "open.assert.verify", request: `$W,"outer_order_id":"$O","point":1000`},
			{method: "open.point.operate", request: `$W,"operate_type":4,"outer_order_id":"$O","change_point":1000`},
			{method: "point.consumepoint", request: `$W,"out_biz_id":"$O","change_point":1000`},
		},
		undoes: []door{
			{"point.reversepoint", reversePoints + `,"change_point":600`, 600},
			{"point.reversepoint", reversePoints + `,"change_point":400`, 400},
			{"point.reversepoint", reversePoints, 0},
			{"open.assert.refund", `$W,"outer_order_id":"$O","new_outer_order_id":"$N"`, 0},
			{wdkReverse, "", 600},
			{wdkReverse, "", 0},
		},
	},
	{
		name: "points granted", charge: true, counts: "points",
		makes: []door{
			{method: "point.extracharge", request: `$W,"out_biz_id":"$O","change_point":1000`},
			{method: "open.point.operate", request: `$W,"operate_type":1,"outer_order_id":"$O","change_point":1000`},
		},
		undoes: []door{
			{"point.extra.consume", `$W,"out_biz_id":"$O","change_point":600`, 600},
			{"point.extra.consume", `$W,"out_biz_id":"$O","change_point":400`, 400},
			{"point.extra.consume", `$W,"out_biz_id":"$O","change_point":1000`, 1000},
		},
	},
	{
		name: "points earned", charge: true, counts: "points",
		makes: []door{
			{method: "open.order.backflow", request: `"action":"PAID","order_info":{"outer_order_id":"$O","actual_fee":100000,$B}`},
			{method: "open.order.backflow", request: `"action":"SUCCESS","order_info":{"outer_order_id":"$O","actual_fee":100000,$B}`},
		},
		undoes: []door{
			{"open.order.backflow", refundBill + `"refund_amount":60000}]`, 600},
			{"open.order.backflow", refundBill + `"refund_amount":40000}]`, 400},
			{"open.order.backflow", refundBill + `"refund_amount":100000}]`, 1000},
			{"open.order.backflow", `"action":"CLOSE","order_info":{"outer_order_id":"$O"}`, 0},
		},
	},
	{
		name: "a voucher used", counts: "vouchers", whole: 1,
		makes: []door{
			{method: "open.assert.verify", request: `$W,"outer_order_id":"$O","voucher_id_list":["$V"]`},
			{method: "voucher.status.change", request: `$W,"out_order_id":"$O","voucher_id_list":["$V"],"voucher_status_action":"NORMAL_ISUSED"`},
		},
		undoes: []door{
			{"open.assert.refund", `$W,"outer_order_id":"$O","new_outer_order_id":"$N"`, 0},
			{"open.assert.refund", `$W,"outer_order_id":"$O","new_outer_order_id":"$N","voucher_id_list":["$V"]`, 0},
			{"voucher.status.change", `$W,"out_order_id":"$O","voucher_id_list":["$V"],"voucher_status_action":"ISUSED_NORMAL"`, 0},
		},
	},
}

const refundBill = `"action":"REFUND","order_info":{"outer_order_id":"$O"},"refund_info_list":[{"out_refund_no":"$N",`

// wdkReverse stands for a quote and its commit, of the order that was paid with the thing.
const wdkReverse = "reverse.creatrefund"

const reversePoints = `$W,"biz_type":"DEDUCT_FROM_CONSUME_REVERSE","biz_channel":"KRY","out_biz_id":"$O","reverse_order_id":"$N"`

// voucher issues a voucher to a member.
func (w *world) voucher(id, who string) string {
	w.t.Helper()
	var issued struct{ Result struct{ Result []string } }
	body := w.crm("voucher.send", "v-"+id, who+`,"voucher_id":"T200","voucher_num":1`)
	if err := json.Unmarshal([]byte(body), &issued); err != nil || len(issued.Result.Result) != 1 {
		w.t.Fatalf("%v in %s", err, body)
	}
	return issued.Result.Result[0]
}

// usable counts the vouchers that a member can use.
func (w *world) usable(who string) int64 {
	w.t.Helper()
	var page struct {
		Result struct {
			Size *int64 `json:"total_size"`
		}
	}
	body := w.crm("customer.voucher.list", "", who+`,"voucher_status_list":"NORMAL","page_size":1`)
	if err := json.Unmarshal([]byte(body), &page); err != nil || page.Result.Size == nil {
		w.t.Fatalf("%v in %s", err, body)
	}
	return *page.Result.Size
}

// sell books a WDK order of one line, paid by an order's spend of 1000, and tells the line's number.
func (w *world) sell(order, tender string) json.Number {
	w.t.Helper()
	subs := wdkCall[[]struct {
		No json.Number `json:"biz_order_id"`
	}](w, "trade.order.success.create", "order_request", fmt.Sprintf(
		`{"sub_info_list":[{"out_sub_order_id":"%[1]s","pay_fee":1000}],"out_order_id":"%[1]s","store_id":"2131","pay_fee":1000,"pay_infos":[{%[2]s,"amount":1000,"outer_order_id":"%[1]s"}]}`,
		order, tender), "result", "result", "order_sub_info_list")
	return subs[0].No
}

// reverse quotes a line and refunds part of it, 0: as quoted. What cannot be quoted is not committed.
func (w *world) reverse(sub json.Number, part int64) string {
	w.t.Helper()
	send := func(name, param, request string) string {
		return w.call(call{method: "alibaba.wdk." + name, param: param, request: request, session: true}, "simplified").body
	}
	said := send("reverse.applyrefund", "param_apply_reverse_req",
		fmt.Sprintf(`{"biz_order_ids":[%s],"store_id":"2131","operator":{"operator_type":6}}`, sub))
	var quote struct {
		Result struct {
			Success bool
			Model   quoted
		}
	}
	if err := json.Unmarshal([]byte(said), &quote); err != nil {
		w.t.Fatalf("%v in %s", err, said)
	}
	if !quote.Result.Success {
		return said
	}
	var channels []map[string]any
	if err := json.Unmarshal(quote.Result.Model.Channels, &channels); err != nil || len(channels) != 1 {
		w.t.Fatalf("%v in %s", err, said)
	}
	fen := cmp.Or(part, quote.Result.Model.Max)
	channels[0]["amount"] = fen
	list, err := json.Marshal(channels)
	if err != nil {
		w.t.Fatal(err)
	}
	return send("reverse.creatrefund", "param_create_reverse_req", fmt.Sprintf(
		`{"biz_order_ids":[%s],"store_id":"2131","operator":{"operator_type":6},"reason_id":1001,"reason_text":"不喜欢","refund_amount":%d,"refund_channel_list":%s,"request_id":"%s"}`,
		sub, fen, list, quote.Result.Model.Token))
}

// One cap over every ordered pair of doors, whichever made the thing, with a number of its own or the same one again: what comes back is what
// the rule says, and never more than there was.
func TestOneCap(t *testing.T) { onEach(t, testOneCap) }

func testOneCap(t *testing.T, open opener) {
	w := open(t)
	member, who, card := w.newMember("13900002222")
	w.crm("recharge.charge.update", "cap", card+`,"outer_order_id":"cap","real_value":100000`)
	w.crm("point.extracharge", "cap", who+`,"out_biz_id":"cap-p","change_point":100000`)
	n := 0
	for _, thing := range capped {
		balance := func() int64 {
			n, points := w.member(member)
			switch thing.counts {
			case "points":
				n = points
			case "vouchers":
				n = w.usable(who)
			}
			if thing.charge {
				return -n
			}
			return n
		}
		for _, made := range thing.makes {
			for _, a := range thing.undoes {
				for _, b := range thing.undoes {
					for _, same := range []bool{false, true} {
						n++
						order, first, second := fmt.Sprint("cap-", n), fmt.Sprintf("cap-%d-a", n), fmt.Sprintf("cap-%d-b", n)
						if same {
							second = first
						}
						var sub json.Number
						voucher := ""
						if thing.counts == "vouchers" {
							voucher = w.voucher(order, who)
						}
						send := func(d door, id, number string) string {
							if d.method == wdkReverse {
								return w.reverse(sub, d.part)
							}
							return w.crm(d.method, id, strings.NewReplacer("$O", order, "$N", number, "$W", who, "$C", card, "$V", voucher, "$B", `"vip_user_id":"`+member+`"`).Replace(d.request))
						}
						send(made, order, "")
						if thing.tender != "" {
							sub = w.sell(order, thing.tender+`,`+who)
						}
						before := balance()
						answers := []string{send(a, first+"-1", first), send(b, first+"-2", second)}
						got := balance() - before
						whole := cmp.Or(thing.whole, 1000)
						want := cmp.Or(a.part, whole)
						switch left := whole - want; {
						case same && a.method == b.method && a.numbered() && b.numbered(): // a replay, or refused: the number is taken
						case b.part == 0:
							want += left
						case b.part <= left:
							want += b.part
						}
						if got != want || got > whole {
							t.Errorf("%s by %s, %s of %d, then %s of %d, same number %v: %d came back, want %d\n%s",
								thing.name, made.method, a.method, a.part, b.method, b.part, same, got, want, strings.Join(answers, "\n"))
						}
					}
				}
			}
		}
	}
}
