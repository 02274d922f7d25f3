package api

import (
	"strings"
	"testing"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/store"
)

// notGranted is the answer for a brand that is unknown or not granted; what the request named follows.
const notGranted = "isv.permission-brand-not-granted 应用未获该品牌授权 this call may not act for the brand: "

// brand_id and out_brand_id, shop_id and out_shop_id.
func TestBrandAndShopPairs(t *testing.T) {
	const point = crm + "point.reversepoint"
	const p = "非法参数 param_reverse_consume_point_open_req"
	for _, c := range []struct {
		name   string
		change []string
		want   string // the fault, or the brand
	}{
		{"both", nil, "12332"},
		{"brand_id alone", []string{"out_brand_id", ``}, "12332"},
		{"out_brand_id alone", []string{"brand_id", ``}, "12332"},
		{"neither", []string{"brand_id", ``, "out_brand_id", ``}, "isv.missing-parameter " + p + ".brand_id：brand_id与out_brand_id不可同时为空 one of brand_id and out_brand_id is required"},
		{"unknown brand", []string{"brand_id", `"nobody"`}, notGranted + "brand_id nobody"},
		{"ungranted brand", []string{"brand_id", `"other"`}, notGranted + "brand_id other"},
		{"unknown alias alone", []string{"brand_id", ``, "out_brand_id", `"nobody"`}, notGranted + "out_brand_id nobody"},
		{"alias of another brand", []string{"out_brand_id", `"901332"`}, "isv.invalid-parameter " + p + ".out_brand_id：与brand_id不是同一品牌 names another brand than brand_id"},
		{"alias of nobody", []string{"out_brand_id", `"nobody"`}, "isv.invalid-parameter " + p + ".out_brand_id：与brand_id不是同一品牌 names another brand than brand_id"},
		{"alias of two granted brands", []string{"brand_id", ``, "out_brand_id", `"shared"`}, "isv.invalid-parameter " + p + ".out_brand_id：对应多个已授权品牌,请传brand_id names several granted brands, send brand_id"},

		{"shop_id alone", []string{"out_shop_id", ``}, "12332"},
		{"out_shop_id alone", []string{"shop_id", ``}, "12332"},
		{"no shop", []string{"shop_id", ``, "out_shop_id", ``}, "isv.missing-parameter " + p + ".shop_id：shop_id与out_shop_id不可同时为空 one of shop_id and out_shop_id is required"},
		{"two shops", []string{"out_shop_id", `"87766898"`}, "isv.invalid-parameter " + p + ".out_shop_id：与shop_id不是同一门店 names another shop than shop_id"},
		{"unknown shop is for the ledger", []string{"shop_id", `"nowhere"`, "out_shop_id", ``}, "12332"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := setup(t)
			_, fault := w.json(point, w.sample(point, c.change...))
			got := w.brand
			if fault != nil {
				got = says(fault)
				if code := map[bool]int{true: 11, false: 50}[strings.HasPrefix(c.want, notGranted)]; fault.Code != code {
					t.Errorf("code %d", fault.Code)
				}
			}
			if got != c.want {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
		})
	}
}

// A session limits a call to the brands of its merchant, also where none is needed.
func TestSessionLimitsTheBrand(t *testing.T) {
	const point = crm + "point.reversepoint"
	for _, c := range []struct {
		brands []string
		change []string
		want   string // the fault, "" if there is none
	}{
		{[]string{"12332"}, nil, ""},
		{[]string{"1332"}, nil, notGranted + "brand_id 12332"},
		{[]string{"1332"}, []string{"brand_id", ``}, notGranted + "out_brand_id 33959"},
		{nil, nil, notGranted + "brand_id 12332"},
	} {
		w := setup(t)
		w.session = &store.Session{Brands: c.brands}
		_, fault := w.json(point, w.sample(point, c.change...))
		if got := says(fault); got != c.want && (fault != nil || c.want != "") {
			t.Errorf("brands %q, %q\n got %s\nwant %s", c.brands, c.change, got, c.want)
		}
	}
}

// Values that a brand adds to a registry work for that brand alone.
func TestRegistries(t *testing.T) {
	const point = crm + "point.reversepoint"
	for _, c := range []struct{ method, member, json, want string }{
		{point, "biz_type", `"GAME_REVERSE"`, ""},
		{point, "biz_type", `"NO"`, "isv.invalid-parameter 非法参数 param_reverse_consume_point_open_req.biz_type：可用值 allowed values: DEDUCT_FROM_CONSUME_REVERSE, GAME_REVERSE"},
		{point, "biz_channel", `"CS"`, ""},
		{point, "biz_channel", `"KRY"`, ""},
		{point, "biz_channel", `"CS/KRY"`, ""},
		{point, "biz_channel", `"SELF"`, ""},
		{point, "biz_channel", `"cs"`, "isv.invalid-parameter 非法参数 param_reverse_consume_point_open_req.biz_channel：可用值 allowed values: CS, KRY, CS/KRY, SELF"},
		{crm + "open.point.operate", "outer_type", `"douyin"`, ""},
		{rechargeName, "outer_type", `"douyin"`, "isv.invalid-parameter 非法参数 param_recharge_operate_open_req.outer_type：可用值 allowed values: wechat, alipay"},
		{crm + "voucher.template.list", "status_list", `"USED,NONE"`, "isv.invalid-parameter 非法参数 voucher_template_open_req.status_list[1]：可用值 allowed values: UNUSED, USED, NO_INVENTORY, INVALID"},
	} {
		w := setup(t)
		_, fault := w.json(c.method, w.sample(c.method, c.member, c.json))
		if got := says(fault); got != c.want && (fault != nil || c.want != "") {
			t.Errorf("%s %s\n got %s\nwant %s", c.member, c.json, got, c.want)
		}
	}
}

// The tenant of a WDK call is the brand that owns the store among those the call may act for.
func TestStoreBrand(t *testing.T) {
	const refund = wdk + "reverse.creatrefund"
	several := "isv.invalid-parameter 非法参数 param_create_reverse_req.store_id：属于多个已授权品牌,无法确定 belongs to several granted brands"
	for _, c := range []struct {
		name, store string
		session     []string // brands of the merchant; nil: no session
		want        string
	}{
		{"of the merchant", "2131", []string{"1332"}, "1332"},
		{"without a session", "2131", nil, "1332"},
		{"of another merchant", "2131", []string{"12332"}, notGranted + "store_id 2131"},
		{"of a merchant whose brand the app is not granted", "theirs", []string{"other"}, notGranted + "store_id theirs"},
		{"of nobody", "nowhere", []string{"1332"}, notGranted + "store_id nowhere"},
		{"of two brands of the merchant", "both", []string{"1332", "second"}, several},
		{"of two brands, one the merchant's", "both", []string{"second"}, "second"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := setup(t)
			w.result = ledger.Result{IDs: []string{"1", "2"}, Numbers: []int64{3}}
			if c.session != nil {
				w.session = &store.Session{Brands: c.session}
			}
			_, fault := w.json(refund, w.sample(refund, "store_id", quote(c.store)))
			got := w.brand
			if fault != nil {
				got = says(fault)
			}
			if got != c.want {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
		})
	}
}

// Who the member is must be said where nothing else can tell.
func TestWhoIsRequired(t *testing.T) {
	nobody := []string{"customer_id", ``, "mobile", ``, "outer_id", ``, "outer_type", ``, "card_id", ``}
	card := "customer_id与card_id至少提供一项 one of customer_id and card_id is required"
	one := "customer_id、mobile、outer_id至少提供一项 one of customer_id, mobile and outer_id is required"
	for _, c := range []struct {
		method string
		change []string
		want   string
	}{
		{rechargeName, []string{"operate_type", `1`}, "isv.missing-parameter 非法参数 param_recharge_operate_open_req.customer_id：" + one},
		{rechargeName, []string{"operate_type", `2`}, "isv.missing-parameter 非法参数 param_recharge_operate_open_req.customer_id：" + one},
		{rechargeName, []string{"operate_type", `3`}, ""}, // the hold tells
		{rechargeName, []string{"operate_type", `4`}, ""}, // the charge tells
		{crm + "open.point.operate", []string{"operate_type", `1`}, "isv.missing-parameter 非法参数 param_point_operate_open_req.customer_id：" + one},
		{crm + "open.point.operate", []string{"operate_type", `4`}, "isv.missing-parameter 非法参数 param_point_operate_open_req.customer_id：" + one},
		{crm + "open.point.operate", []string{"operate_type", `3`}, ""},
		{crm + "open.assert.refund", nil, ""},
		{crm + "open.assert.verify", nil, ""},
		{crm + "point.reversepoint", nil, ""},
		{crm + "open.customer.get", nil, "isv.missing-parameter 非法参数 param_customer_get_open_req.customer_id：" + one},
		{crm + "recharge.dedut.update", nil, "isv.missing-parameter 非法参数 param_dedut_open_req.customer_id：" + card},
		{crm + "recharge.dedutprecheck.get", nil, "isv.missing-parameter 非法参数 param_deduct_pre_check_open_req.customer_id：" + card},
		{crm + "recharge.chargeprecheck.get", nil, "isv.missing-parameter 非法参数 param_charge_pre_check_open_req.customer_id：" + card},
		{crm + "recharge.account.get", nil, "isv.missing-parameter 非法参数 param_query_recharge_account_open_req.customer_id：" + card},
		{crm + "recharge.uncharge.update", nil, ""},
		{crm + "recharge.undedut.update", nil, ""},
		{crm + "recharge.unchargecheck.get", nil, ""},
		{crm + "open.customer.save", nil, "isv.missing-parameter 非法参数 param_customer_save_open_req.mobile：mobile与outer_id至少提供一项 one of mobile and outer_id is required"},
	} {
		w := setup(t)
		_, fault := w.json(c.method, w.sample(c.method, append(c.change, nobody...)...))
		if got := says(fault); got != c.want && (fault != nil || c.want != "") {
			t.Errorf("%s %q\n got %s\nwant %s", c.method, c.change, got, c.want)
		}
	}
}

// reversedetail finds the brand in the number; a number it may not see answers like one that nobody issued.
func TestReverseOfAnotherBrand(t *testing.T) {
	w := setup(t)
	w.state = reverse.NewState
	for name, no := range map[string]string{"unknown": "12884901889", "ungranted": "17179869185", "nobody's": "5"} {
		r, fault := w.call(wdk+"reverse.reversedetail", "reverse_id", no)
		if fault != nil {
			t.Fatal(fault)
		}
		want := `{"alibaba_wdk_reverse_reversedetail_response":{"result":{"error_code":"REVERSE_NOT_FOUND","error_msg":"逆向单` + no + `不存在","success":false},"request_id":"rid"}}`
		if got := r.json(wdk + "reverse.reversedetail"); got != want {
			t.Errorf("%s\n got %s\nwant %s", name, got, want)
		}
	}
	if w.brand != "1332" {
		t.Errorf("the books of %s were read", w.brand)
	}
}
