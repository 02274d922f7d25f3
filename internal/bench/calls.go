package bench

import "fmt"

// The brand and shop that measurements use, and the app that calls.
const (
	Brand  = "9001"
	Shop   = "1"
	AppKey = "20002000"
	Secret = "bench-secret-0123"
)

// Members are the customer_ids whom calls are about.
type Members []string

// stride is a prime: it leads to every member before it comes to one again, and from one far away to the next.
const stride = 2_654_435_761

func (m Members) of(n int64) string {
	size := int64(len(m))
	return m[n%size*stride%size]
}

const (
	customer      = "alibaba.alsc.crm.open.customer.get"
	customerParam = "param_customer_get_open_req"
	recharge      = "alibaba.alsc.crm.open.recharge.operate"
	rechargeParam = "param_recharge_operate_open_req"
	refund        = "alibaba.alsc.crm.open.assert.refund"
	refundParam   = "param_property_refund_open_req"
	save          = "alibaba.alsc.crm.open.customer.save"
	saveParam     = "param_customer_save_open_req"
)

// Charges makes charges of 10 yuan. Runs keep the order numbers of one measurement apart from another's.
func Charges(run string, m Members) Call { return charge(run, m, 1000) }

// Openings makes charges of 100 yuan: what every member begins with.
func Openings(run string, m Members) Call { return charge(run, m, 10_000) }

func charge(run string, m Members, fen int) Call {
	return func(n int64) (string, string, string) {
		return recharge, rechargeParam, fmt.Sprintf(`{"brand_id":"%s","shop_id":"%s","customer_id":"%s","operate_type":1,"change_value":%d,"operator_id":"8","outer_order_id":"C%s-%d","request_id":"c%s-%d"}`,
			Brand, Shop, m.of(n), fen, run, n, run, n)
	}
}

// Spends makes direct debits of 1 yuan.
func Spends(run string, m Members) Call {
	return func(n int64) (string, string, string) {
		return recharge, rechargeParam, fmt.Sprintf(`{"brand_id":"%s","shop_id":"%s","customer_id":"%s","operate_type":3,"change_value":100,"operator_id":"8","outer_order_id":"S%s-%d","request_id":"s%s-%d"}`,
			Brand, Shop, m.of(n), run, n, run, n)
	}
}

// Refunds gives the spends of the same run back.
func Refunds(run string, _ Members) Call {
	return func(n int64) (string, string, string) {
		return refund, refundParam, fmt.Sprintf(`{"brand_id":"%s","shop_id":"%s","operator_id":"8","outer_order_id":"S%s-%d","new_outer_order_id":"R%s-%d","request_id":"r%s-%d"}`,
			Brand, Shop, run, n, run, n, run, n)
	}
}

// Mixed makes charges and spends in turn, and gives half of the spends back a thousand rounds later. Refunds whose spend never ran
// because the measurement ended would be refused, so the first thousand rounds only charge and spend.
func Mixed(run string, m Members) Call {
	charges, spends, refunds := Charges(run, m), Spends(run, m), Refunds(run, m)
	return func(n int64) (string, string, string) {
		round := n / 4
		switch n % 4 {
		case 0:
			return charges(n)
		case 3:
			if round >= 1000 {
				return refunds((round-1000)*4 + 1)
			}
			return charges(n)
		}
		return spends(n)
	}
}

// Reads looks members up, with cards, balances, vouchers and points.
func Reads(_ string, m Members) Call {
	return func(n int64) (string, string, string) {
		return customer, customerParam, fmt.Sprintf(`{"brand_id":"%s","shop_id":"%s","customer_id":"%s"}`, Brand, Shop, m.of(n))
	}
}

// Listings lists the flows of members: the newest page.
func Listings(_ string, m Members) Call {
	return func(n int64) (string, string, string) { return flows.call(m.of(n), "", "", "") }
}

// Saves makes members.
func Saves(run string, _ Members) Call {
	return func(n int64) (string, string, string) {
		return save, saveParam, fmt.Sprintf(`{"brand_id":"%s","shop_id":"%s","mobile":"13%09d","request_id":"m%s-%d"}`, Brand, Shop, n, run, n)
	}
}

// Clock asks for the time, the least there is to ask for.
func Clock(string, Members) Call {
	return func(int64) (string, string, string) { return "taobao.time.get", "", "" }
}
