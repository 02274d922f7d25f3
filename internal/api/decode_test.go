package api

import (
	"context"
	"slices"
	"strings"
	"testing"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/top"
)

const rechargeName = crm + "open.recharge.operate"

// Every way a member of recharge.operate can be wrong, with the words the caller reads.
func TestRechargeOperateRefusesBadMembers(t *testing.T) {
	const p = "非法参数 param_recharge_operate_open_req"
	for _, c := range []struct{ name, member, json, want string }{
		{"missing", "brand_id", ``, "isv.missing-parameter " + p + ".brand_id：必填 is required"},
		{"null", "brand_id", `null`, "isv.missing-parameter " + p + ".brand_id：必填 is required"},
		{"empty", "request_id", `""`, "isv.missing-parameter " + p + ".request_id：必填 is required"},
		{"blank", "outer_order_id", `" \t "`, "isv.missing-parameter " + p + ".outer_order_id：必填 is required"},
		{"missing type", "operate_type", ``, "isv.missing-parameter " + p + ".operate_type：必填 is required"},
		{"missing shop", "shop_id", ``, "isv.missing-parameter " + p + ".shop_id：必填 is required"},
		{"missing operator", "operator_id", ``, "isv.missing-parameter " + p + ".operator_id：必填 is required"},
		{"missing value of a charge", "change_value", ``, "isv.missing-parameter " + p + ".change_value：充值与冻结时必填 is required to charge and to freeze"},
		{"type of outer id", "outer_type", ``, "isv.missing-parameter " + p + ".outer_type：outer_id须与outer_type同时提供 outer_id needs outer_type"},

		{"object for text", "brand_id", `{}`, "isv.invalid-parameter " + p + ".brand_id：应为字符串 must be a text"},
		{"list for text", "mobile", `["1"]`, "isv.invalid-parameter " + p + ".mobile：应为字符串 must be a text"},
		{"too long", "request_id", `"` + strings.Repeat("x", 129) + `"`, "isv.invalid-parameter " + p + ".request_id：不可超过128字节 must be at most 128 bytes"},
		{"too long in bytes", "request_id", `"` + strings.Repeat("单", 43) + `"`, "isv.invalid-parameter " + p + ".request_id：不可超过128字节 must be at most 128 bytes"},
		{"control character", "customer_id", `"3\n4"`, "isv.invalid-parameter " + p + ".customer_id：不可含控制字符 must not contain control characters"},
		{"delete", "customer_id", `"3\u007f4"`, "isv.invalid-parameter " + p + ".customer_id：不可含控制字符 must not contain control characters"},
		{"C1 control character", "customer_id", `"3\u00854"`, "isv.invalid-parameter " + p + ".customer_id：不可含控制字符 must not contain control characters"},
		{"zero width", "customer_id", `"\u200b"`, "isv.invalid-parameter " + p + ".customer_id：" + remedyInvisible},
		{"right to left", "outer_order_id", `"A\u202e1"`, "isv.invalid-parameter " + p + ".outer_order_id：" + remedyInvisible},
		{"byte order mark", "outer_order_id", `"\ufeffA1"`, "isv.invalid-parameter " + p + ".outer_order_id：" + remedyInvisible},
		{"no character", "outer_order_id", `"A\uffff"`, "isv.invalid-parameter " + p + ".outer_order_id：" + remedyInvisible},
		{"line separator", "request_id", `"A\u2028"`, "isv.invalid-parameter " + p + ".request_id：" + remedyInvisible},
		{"NUL in an id", "shop_id", `"3\u00004"`, "isv.invalid-parameter " + p + ".shop_id：不可含控制字符 must not contain control characters"},
		{"NUL in a text", "reason", `"a\u0000"`, "isv.invalid-parameter " + p + ".reason：不可含NUL字符 must not contain NUL"},
		{"long text", "reason", `"` + strings.Repeat("x", 513) + `"`, "isv.invalid-parameter " + p + ".reason：不可超过512字节 must be at most 512 bytes"},

		{"word for number", "change_value", `"ten"`, "isv.invalid-parameter " + p + ".change_value：应为大于0的整数 must be a whole number above 0"},
		{"fraction", "change_value", `10.5`, "isv.invalid-parameter " + p + ".change_value：金额单位是分，不带小数点 amounts are in fen, without a decimal point"},
		{"yuan", "change_value", `"10.00"`, "isv.invalid-parameter " + p + ".change_value：金额单位是分，不带小数点 amounts are in fen, without a decimal point"},
		{"point at the end", "change_value", `"10."`, "isv.invalid-parameter " + p + ".change_value：金额单位是分，不带小数点 amounts are in fen, without a decimal point"},
		{"whole number as text with a point", "operate_type", `"1.0"`, "isv.invalid-parameter " + p + ".operate_type：可用值 allowed values: 1, 2, 3, 4"},
		{"order number with an exponent", "outer_order_id", `3.2312313123120e+21`, "isv.invalid-parameter " + p + ".outer_order_id：" + remedyDigits},
		{"order number with an exponent in a text", "outer_order_id", `"3.2312313123120e+21"`, "isv.invalid-parameter " + p + ".outer_order_id：" + remedyDigits},
		{"order number with a point", "outer_order_id", `1.5`, "isv.invalid-parameter " + p + ".outer_order_id：" + remedyDigits},
		{"order number with a sign", "outer_order_id", `-0`, "isv.invalid-parameter " + p + ".outer_order_id：" + remedyDigits},
		{"boolean for an id", "request_id", `true`, "isv.invalid-parameter " + p + ".request_id：" + remedyDigits},
		{"word for a mobile", "mobile", `"abc"`, "isv.invalid-parameter " + p + ".mobile：不是手机号 is no mobile number"},
		{"too short for a mobile", "mobile", `1`, "isv.invalid-parameter " + p + ".mobile：不是手机号 is no mobile number"},
		{"exponent", "change_value", `1e3`, "isv.invalid-parameter " + p + ".change_value：应为大于0的整数 must be a whole number above 0"},
		{"zero", "change_value", `0`, "isv.invalid-parameter " + p + ".change_value：应为大于0的整数 must be a whole number above 0"},
		{"negative", "change_value", `-1`, "isv.invalid-parameter " + p + ".change_value：应为大于0的整数 must be a whole number above 0"},
		{"beyond int64", "change_value", `9223372036854775808`, "isv.invalid-parameter " + p + ".change_value：应为大于0的整数 must be a whole number above 0"},
		{"boolean for number", "change_value", `true`, "isv.invalid-parameter " + p + ".change_value：应为大于0的整数 must be a whole number above 0"},
		{"list for number", "change_value", `[1]`, "isv.invalid-parameter " + p + ".change_value：应为大于0的整数 must be a whole number above 0"},
		{"unknown enum value", "operate_type", `5`, "isv.invalid-parameter " + p + ".operate_type：可用值 allowed values: 1, 2, 3, 4"},
		{"word for enum", "operate_type", `"charge"`, "isv.invalid-parameter " + p + ".operate_type：可用值 allowed values: 1, 2, 3, 4"},
		{"unknown registry value", "outer_type", `"qq"`, "isv.invalid-parameter " + p + ".outer_type：可用值 allowed values: wechat, alipay"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := setup(t)
			_, fault := w.json(rechargeName, w.sample(rechargeName, c.member, c.json))
			if got := says(fault); got != c.want || fault.Code != 50 {
				t.Errorf("\n got %s\nwant %s", got, c.want)
			}
			if len(w.commands) > 0 {
				t.Error("a command was submitted")
			}
		})
	}
}

// The parameter as a whole.
func TestRefusesBadParameter(t *testing.T) {
	const p = "param_recharge_operate_open_req"
	for _, c := range []struct{ name, json, want string }{
		{"absent", ``, "isv.missing-parameter 非法参数 " + p + "：必填 is required"},
		{"blank", "  ", "isv.missing-parameter 非法参数 " + p + "：必填 is required"},
		{"null", `null`, "isv.missing-parameter 非法参数 " + p + "：必填 is required"},
		{"list", `[]`, "isv.invalid-parameter 非法参数 " + p + "：应为JSON对象 must be a JSON object"},
		{"text", `"{}"`, "isv.invalid-parameter 非法参数 " + p + "：应为JSON对象 must be a JSON object"},
		{"broken", `{"brand_id":`, "isv.invalid-parameter 非法参数 " + p + "：JSON格式错误 broken JSON: unexpected end at byte 12"},
		{"trailing", `{} x`, "isv.invalid-parameter 非法参数 " + p + "：JSON格式错误 broken JSON: text after the end at byte 3"},
		{"duplicate name", `{"brand_id":"1","brand_id":"1"}`, "isv.invalid-parameter 非法参数 " + p + ".brand_id：字段名重复 duplicate name"},
		{"empty object", `{}`, "isv.missing-parameter 非法参数 " + p + ".brand_id：必填 is required"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, fault := setup(t).json(rechargeName, c.json); says(fault) != c.want {
				t.Errorf("\n got %s\nwant %s", says(fault), c.want)
			}
		})
	}
	t.Run("duplicate name inside", func(t *testing.T) {
		w := setup(t)
		request := w.sample(wdk+"reverse.creatrefund", "refund_channel_list", `[{"code":"1"},{"code":"1","code":"2"}]`)
		_, fault := w.json(wdk+"reverse.creatrefund", request)
		if want := "isv.invalid-parameter 非法参数 param_create_reverse_req.refund_channel_list[1].code：字段名重复 duplicate name"; says(fault) != want {
			t.Errorf("got %s", says(fault))
		}
	})
	t.Run("parameter not sent", func(t *testing.T) {
		_, fault := setup(t).call(rechargeName)
		if want := "isv.missing-parameter 非法参数 " + p + "：必填 is required"; says(fault) != want {
			t.Errorf("got %s", says(fault))
		}
	})
}

// The same classes of bad input against every member of every method, by the type it is declared with.
func TestEveryMemberRefusesBadInput(t *testing.T) {
	long := `"` + strings.Repeat("x", 600) + `"`
	classes := []struct {
		name    string
		applies func(*Field) bool
		json    string
		sub     string
		remedy  func(*Field) string
	}{
		{"null", func(f *Field) bool { return f.Required }, `null`, "isv.missing-parameter", required},
		{"blank", func(f *Field) bool { return f.Required }, `"  "`, "isv.missing-parameter", required},
		{"empty list", func(f *Field) bool { return f.Required && isList(f) && !f.Empty }, `[]`, "isv.missing-parameter", required},
		{"list of nothing", func(f *Field) bool { return f.Required && isList(f) && !f.Empty }, `[null,""]`, "isv.missing-parameter", required},
		{"object", func(f *Field) bool { return f.Type == String }, `{"a":1}`, "isv.invalid-parameter", always(remedyText)},
		{"list", func(f *Field) bool { return f.Type == String }, `["a"]`, "isv.invalid-parameter", always(remedyText)},
		{"too long", func(f *Field) bool { return f.Type == String && f.Bytes < 600 }, long, "isv.invalid-parameter", func(f *Field) string { return remedyBytes(f.Bytes) }},
		{"control", func(f *Field) bool { return f.Type == String && f.Line }, `"a\rb"`, "isv.invalid-parameter", always(remedyControl)},
		{"NUL", func(f *Field) bool { return f.Type == String && !f.Line }, `"a\u0000b"`, "isv.invalid-parameter", always(remedyNUL)},
		{"word", func(f *Field) bool { return f.Type == Number }, `"abc"`, "isv.invalid-parameter", (*Field).remedyNumber},
		{"fraction", func(f *Field) bool { return f.Type == Number && !f.Fen }, `1.5`, "isv.invalid-parameter", (*Field).remedyNumber},
		{"fraction of fen", func(f *Field) bool { return f.Fen }, `1.5`, "isv.invalid-parameter", always(remedyFen)},
		{"yuan", func(f *Field) bool { return f.Fen }, `"1.00"`, "isv.invalid-parameter", always(remedyFen)},
		{"number as text with a point", func(f *Field) bool { return f.Type == Number && !f.Fen }, `"1.0"`, "isv.invalid-parameter", (*Field).remedyNumber},
		{"id with an exponent", isID, `3.23e+21`, "isv.invalid-parameter", always(remedyDigits)},
		{"id with an exponent in a text", isID, `"3.23E+21"`, "isv.invalid-parameter", always(remedyDigits)},
		{"id with a point", isID, `1.5`, "isv.invalid-parameter", always(remedyDigits)},
		{"id with a sign", isID, `-1`, "isv.invalid-parameter", always(remedyDigits)},
		{"boolean for an id", isID, `false`, "isv.invalid-parameter", always(remedyDigits)},
		{"word for a mobile", func(f *Field) bool { return f.Mobile }, `"abc"`, "isv.invalid-parameter", always(remedyMobile)},
		{"exponent", func(f *Field) bool { return f.Type == Number }, `"1e2"`, "isv.invalid-parameter", (*Field).remedyNumber},
		{"beyond int64", func(f *Field) bool { return f.Type == Number }, `"-9223372036854775809"`, "isv.invalid-parameter", (*Field).remedyNumber},
		{"object for number", func(f *Field) bool { return f.Type == Number }, `{}`, "isv.invalid-parameter", (*Field).remedyNumber},
		{"zero", func(f *Field) bool { return f.Type == Number && f.Min == 1 }, `0`, "isv.invalid-parameter", (*Field).remedyNumber},
		{"negative", func(f *Field) bool { return f.Type == Number && f.Min >= 0 }, `-1`, "isv.invalid-parameter", (*Field).remedyNumber},
		{"above the most", func(f *Field) bool { return f.Type == Number && f.Max < 1<<40 }, `1099511627776`, "isv.invalid-parameter", (*Field).remedyNumber},
		{"word for boolean", func(f *Field) bool { return f.Type == Boolean }, `"maybe"`, "isv.invalid-parameter", always(remedyBoolean)},
		{"number for boolean", func(f *Field) bool { return f.Type == Boolean }, `2`, "isv.invalid-parameter", always(remedyBoolean)},
		{"text for object", func(f *Field) bool { return f.Type == Object }, `"x"`, "isv.invalid-parameter", always(remedyObject)},
		{"list for object", func(f *Field) bool { return f.Type == Object }, `[{}]`, "isv.invalid-parameter", always(remedyObject)},
		{"two members for list", func(f *Field) bool { return f.Type == Strings || f.Type == Numbers }, `{"a":["1"],"b":["2"]}`, "isv.invalid-parameter", always(remedyList)},
		{"too many items", isList, `[` + strings.Repeat(`"1",`, 500) + `"1"]`, "isv.invalid-parameter", func(f *Field) string { return remedyItems(f.Items) }},
	}
	items := []struct {
		name    string
		applies func(*Field) bool
		json    string
		remedy  func(*Field) string
	}{
		{"object in list", func(f *Field) bool { return f.Type == Strings }, `["1",{}]`, always(remedyText)},
		{"long item", func(f *Field) bool { return f.Type == Strings }, `["1",` + long + `]`, func(f *Field) string { return remedyBytes(f.Bytes) }},
		{"point in ids", func(f *Field) bool { return f.Type == Strings && f.Line }, `["1",1.5]`, always(remedyDigits)},
		{"control in item", func(f *Field) bool { return f.Type == Strings }, `["1","a\tb"]`, always(remedyControl)},
		{"word in numbers", func(f *Field) bool { return f.Type == Numbers }, `[1,"x"]`, (*Field).remedyNumber},
		{"fraction in numbers", func(f *Field) bool { return f.Type == Numbers }, `[1,2.5]`, (*Field).remedyNumber},
		{"beyond int64 in numbers", func(f *Field) bool { return f.Type == Numbers }, `[1,9223372036854775808]`, (*Field).remedyNumber},
	}
	for _, m := range setup(t).catalogue.All() {
		if m.Param == "" {
			continue
		}
		t.Run(m.Name, func(t *testing.T) {
			w := setup(t)
			for _, f := range m.Request.Fields {
				path := "非法参数 " + m.Param + "." + f.Name
				for _, c := range classes {
					if !c.applies(f) {
						continue
					}
					_, fault := w.json(m.Name, w.sample(m.Name, f.Name, c.json))
					if want := c.sub + " " + path + "：" + c.remedy(f); says(fault) != want {
						t.Errorf("%s, %s\n got %s\nwant %s", f.Name, c.name, says(fault), want)
					}
				}
				for _, c := range items {
					if !c.applies(f) || f.Enum != nil {
						continue
					}
					_, fault := w.json(m.Name, w.sample(m.Name, f.Name, c.json))
					if want := "isv.invalid-parameter " + path + "[1]：" + c.remedy(f); says(fault) != want {
						t.Errorf("%s, %s\n got %s\nwant %s", f.Name, c.name, says(fault), want)
					}
				}
			}
			if len(w.commands) > 0 {
				t.Errorf("%d commands were submitted", len(w.commands))
			}
		})
	}
}

func isID(f *Field) bool { return f.Type == String && f.Line }

func isList(f *Field) bool { return f.Type == Strings || f.Type == Numbers || f.Type == Objects }

func required(*Field) string { return remedyRequired }

func always(remedy string) func(*Field) string { return func(*Field) string { return remedy } }

// Members of members are named with their whole path.
func TestNestedPaths(t *testing.T) {
	const method = wdk + "reverse.creatrefund"
	for _, c := range []struct{ name, member, json, want string }{
		{"missing member", "operator", `{"operator_id":"1"}`, "isv.missing-parameter 非法参数 param_create_reverse_req.operator.operator_type：必填 is required"},
		{"wrong member", "operator", `{"operator_type":"six"}`, "isv.invalid-parameter 非法参数 param_create_reverse_req.operator.operator_type：应为64位整数 must be a whole number of 64 bits"},
		{"negative channel", "refund_channel_list", `[{"amount":1},{"amount":-1}]`, "isv.invalid-parameter 非法参数 param_create_reverse_req.refund_channel_list[1].amount：应为不小于0的整数 must be a whole number, 0 or more"},
		{"text in channels", "refund_channel_list", `[{"amount":1},"x"]`, "isv.invalid-parameter 非法参数 param_create_reverse_req.refund_channel_list[1]：应为JSON对象 must be a JSON object"},
		{"ten proofs", "proofs", `"1,2,3,4,5,6,7,8,9,10"`, "isv.invalid-parameter 非法参数 param_create_reverse_req.proofs：不可超过9项 must be at most 9 items"},
	} {
		w := setup(t)
		if _, fault := w.json(method, w.sample(method, c.member, c.json)); says(fault) != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.name, says(fault), c.want)
		}
	}
}

// Of several mistakes the first in documented order is told, whatever the order they were sent in.
func TestFirstMistakeInDocumentedOrder(t *testing.T) {
	w := setup(t)
	for _, request := range []string{`{"shop_id":[],"brand_id":{}}`, `{"brand_id":{},"shop_id":[]}`} {
		if _, fault := w.json(rechargeName, request); !strings.Contains(says(fault), ".brand_id：") {
			t.Errorf("%s: %s", request, says(fault))
		}
	}
}

// Lists come as arrays, single values, comma lists, quoted lists and wrapped lists.
func TestListForms(t *testing.T) {
	const method = crm + "open.assert.refund"
	for _, c := range []struct {
		json string
		want []string
	}{
		{`["123","456"]`, []string{"123", "456"}},
		{`[123,456]`, []string{"123", "456"}},
		{`"123,456"`, []string{"123", "456"}},
		{`" 123 , 456 ,"`, []string{"123", "456"}},
		{`"\"123\",\"456\""`, []string{"123", "456"}},
		{`"[\"123\",\"456\"]"`, []string{"123", "456"}},
		{`{"string":["123","456"]}`, []string{"123", "456"}},
		{`["123","456","123"]`, []string{"123", "456"}},
		{`["123",null,""]`, []string{"123"}},
		{`"123"`, []string{"123"}},
		{`123`, []string{"123"}},
		{`[]`, []string{}},
		{`"[]"`, []string{}},
		{`{"string":[]}`, []string{}},
		{`[null]`, []string{}},
		{`""`, nil},
		{`null`, nil},
		{``, nil},
	} {
		w := setup(t)
		got := w.command(method, w.sample(method, "voucher_id_list", c.json)).(*ledger.RefundAssets).Vouchers
		if len(got) != len(c.want) || strings.Join(got, "|") != strings.Join(c.want, "|") || (got == nil) != (c.want == nil) {
			t.Errorf("%s: %q, want %q", c.json, got, c.want)
		}
	}
}

// Numbers come as numbers and as texts.
func TestNumberForms(t *testing.T) {
	for _, c := range []struct {
		json string
		want ledger.Amount
	}{
		{`9`, 9}, {`"9"`, 9}, {`9.0`, 9}, {`9223372036854775807`, 9223372036854775807}, {`"9223372036854775807"`, 9223372036854775807},
	} {
		w := setup(t)
		if got := w.command(rechargeName, w.sample(rechargeName, "change_value", c.json)).(*ledger.Charge).Real; got != c.want {
			t.Errorf("%s: %d", c.json, got)
		}
	}
}

// reversedetail has no wrapper: the platform's own faults 40 and 41.
func TestTopLevelParameters(t *testing.T) {
	const method = wdk + "reverse.reversedetail"
	for _, c := range []struct {
		name  string
		pairs []string
		code  int
		msg   string
	}{
		{"absent", nil, 40, "Missing required arguments:reverse_id"},
		{"empty", []string{"reverse_id", ""}, 40, "Missing required arguments:reverse_id"},
		{"blank", []string{"reverse_id", "  "}, 40, "Missing required arguments:reverse_id"},
		{"word", []string{"reverse_id", "abc"}, 41, "Invalid arguments:reverse_id"},
		{"fraction", []string{"reverse_id", "1.5"}, 41, "Invalid arguments:reverse_id"},
		{"zero", []string{"reverse_id", "0"}, 41, "Invalid arguments:reverse_id"},
		{"negative", []string{"reverse_id", "-1"}, 41, "Invalid arguments:reverse_id"},
		{"beyond int64", []string{"reverse_id", "9223372036854775808"}, 41, "Invalid arguments:reverse_id"},
	} {
		_, fault := setup(t).call(method, c.pairs...)
		if fault == nil || fault.Code != c.code || fault.Msg != c.msg {
			t.Errorf("%s: %v", c.name, fault)
		}
	}
}

// Whatever is sent is refused, or becomes a command with amounts above 0; nothing panics.
func FuzzServe(f *testing.F) {
	for _, s := range []string{sample000, sample001, sample002, sample003, `{}`, `[]`, `{"brand_id":null}`} {
		f.Add(uint8(0), s)
		f.Add(uint8(7), s)
	}
	for i, m := range NewCatalogue(&Service{}).All() {
		if m.Param != "" {
			f.Add(uint8(i), m.Sample()[0].Value)
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, request string) {
		w := setup(t)
		w.session = merchant(w)
		w.state = w.sampleState
		w.result = ledger.Refuse(ledger.IllegalState)
		all := w.catalogue.All()
		m := all[int(which)%len(all)]
		if _, fault := w.call(m.Name, m.Param, request); fault == nil && len(w.commands) == 1 {
			switch c := w.commands[0].(type) {
			case *ledger.Charge:
				least := min(c.Real, c.Gift, c.Pre)
				if least < 0 || c.Real+c.Gift+c.Pre == 0 || c.Order == "" || c.Request.IsZero() != (c.Order == asked) {
					t.Errorf("%+v", c)
				}
			case *ledger.Freeze:
				if c.Amount <= 0 {
					t.Errorf("%+v", c)
				}
			case *ledger.Grant:
				if c.Amount <= 0 || c.Order == "" {
					t.Errorf("%+v", c)
				}
			case *ledger.UndoGrant:
				if c.Amount <= 0 || c.Order == "" {
					t.Errorf("%+v", c)
				}
			case *ledger.Earn:
				negative := slices.ContainsFunc(c.Payments, func(p ledger.Payment) bool { return p.Amount < 0 }) ||
					slices.ContainsFunc(c.Goods, func(g ledger.Good) bool { return g.Fee < 0 })
				if c.Fee < 0 || c.Order == "" || negative {
					t.Errorf("%+v", c)
				}
			case *ledger.Unearn:
				if c.Order == "" || slices.ContainsFunc(c.Refunds, func(r ledger.BillRefund) bool { return r.Amount <= 0 || r.Number == "" || r.Refund.IsZero() }) {
					t.Errorf("%+v", c)
				}
			case *ledger.IssueVouchers:
				if c.Num <= 0 || len(c.Codes) > 0 || c.Uses != 0 || c.End != 0 {
					t.Errorf("%+v", c)
				}
			case *ledger.SaveMember:
				if c.ID != "" || c.Frozen != nil {
					t.Errorf("%+v", c)
				}
			case *ledger.MergeMembers, *ledger.UnmergeMembers, *ledger.OpenBalance, *ledger.ImportCard:
				t.Errorf("a call makes a command of the operator's: %+v", c)
			}
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	w := setup(b)
	m := w.catalogue.Find(rechargeName)
	params := top.NewParams(m.Param, w.sample(rechargeName))
	b.ReportAllocs()
	for b.Loop() {
		if _, fault := m.decode(params); fault != nil {
			b.Fatal(fault)
		}
	}
}

func BenchmarkServe(b *testing.B) {
	w := setup(b)
	m := w.catalogue.Find(rechargeName)
	m.service.Submit = func(context.Context, string, reverse.Command) (ledger.Result, *top.Fault) {
		return ledger.Result{}, nil
	}
	m.service.Digest = func(string, string) ledger.Digest { return ledger.Digest{1} }
	c := &Call{App: w.app, Params: top.NewParams(m.Param, w.sample(rechargeName)), SignedAt: moment, RequestID: "test", Dir: w}
	b.ReportAllocs()
	for b.Loop() {
		if _, fault := m.Serve(context.Background(), c); fault != nil {
			b.Fatal(fault)
		}
	}
}
