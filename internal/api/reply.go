package api

import (
	"strings"

	"recoup/internal/ledger"
	"recoup/internal/top"
)

// The categories of the documentation centre.
const (
	groupCRM      = "本地生活API"
	groupWDK      = "五道口API"
	groupPlatform = "平台API"
)

// answers are the codes a write may answer: what every write can, then its own.
func answers(own ...ledger.Code) []ledger.Code {
	return append([]ledger.Code{ledger.OK, ledger.IdempotentMismatch}, own...)
}

// Fields that several documents print alike.

func outerType(example string) *Field {
	return id("outer_type", example, "外部id类型,wechat:微信openId,alipay:支付宝", "Kind of outer_id: wechat, alipay, or one the brand registered.").
		oneOf("wechat", "alipay").plus(func(b *ledger.Brand) []string { return b.OuterTypes })
}

func requestID(example string) *Field {
	return id("request_id", example, "请求幂等id", "Idempotency key: the same request again gets the first answer.").must()
}

// commonResult is the response of the local-life methods: CommonResult around the method's own result.
func commonResult(result *Field) *Struct { return commonOf(result, "0", "成功") }

// pointResult is the same with the success literals of document 001.
func pointResult(result *Field) *Struct { return commonOf(result, "200", `""`) }

func commonOf(result *Field, code, view string) *Struct {
	return structure("", object("result", structure("CommonResult",
		boolean("biz_success", "true", "是否成功", "Whether it was done."),
		result,
		text("result_code", code, "结果码", "0 (methods beginning alibaba.alsc.crm.point.: 200), or the word of the refusal."),
		text("result_desc", "成功", "结果详情", "What happened, with the figures that matter."),
		text("result_view", view, "结果展示", "One sentence a cashier can read out."),
	), "接口结果", "The result."))
}

// wrapCommon makes a CommonResult in the order of document 000.
func wrapCommon(m *Method, r *ledger.Result, v top.Value) top.Value {
	code, desc, view := verdict(m, r)
	return top.Obj(top.F("result", top.Obj(
		top.F("biz_success", top.Bool(r.Code == ledger.OK)),
		top.F("result", v),
		top.F("result_code", code),
		top.F("result_desc", desc),
		top.F("result_view", view),
	)))
}

// verdict is how a local-life method says what came of a call. The point family says "200" and no view when all is well
// (semantics.md §3, success literals).
func verdict(m *Method, r *ledger.Result) (code, desc, view top.Value) {
	if r.Code == ledger.OK && strings.HasPrefix(m.Name, "alibaba.alsc.crm.point.") {
		return top.Str("200"), top.Str(r.Desc()), top.Str("")
	}
	return top.Str(r.Code.Word()), top.Str(r.Desc()), top.Str(r.View())
}

// pageResult is the response of the local-life lists: CommonPageResult.
func pageResult(of *Struct) *Struct {
	return structure("", object("result", structure("CommonPageResult",
		boolean("biz_success", "true", "是否成功", "Whether it was done."),
		number("current_page", "1", "当前页码", "Page, from 1."),
		boolean("has_next_page", "false", "是否有下一页", "Whether another page follows."),
		number("page_size", "20", "每页条数", "Items a page."),
		text("result_code", "0", "结果码", "0, or the word of the refusal."),
		text("result_desc", "成功", "结果详情", "What happened."),
		objects("result_list", of, "结果", "The items of the page."),
		text("result_view", "成功", "结果展示", "One sentence a cashier can read out."),
		number("total_page", "1", "总页数;流水类仅末页给出", "Pages in all; of histories on the last page alone."),
		number("total_size", "1", "总条数;流水类仅末页给出", "Items in all; likewise."),
	), "分页结果", "The page."))
}

// pageOf is a whole CommonPageResult of one page. total counts the items of all pages; −1: another page follows, and nobody counted.
func (in *Input) pageOf(items top.Value, no, size, total int) top.Value {
	code, desc, view := verdict(in.method, &ledger.Result{})
	more, pages, all := true, top.Value{}, top.Value{}
	if total >= 0 {
		n := (total + size - 1) / size
		more, pages, all = no < n, top.Int(int64(n)), top.Int(int64(total))
	}
	return top.Obj(top.F("result", top.Obj(
		top.F("biz_success", top.Bool(true)),
		top.F("current_page", top.Int(int64(no))),
		top.F("has_next_page", top.Bool(more)),
		top.F("page_size", top.Int(int64(size))),
		top.F("result_code", code),
		top.F("result_desc", desc),
		top.F("result_list", items),
		top.F("result_view", view),
		top.F("total_page", pages),
		top.F("total_size", all),
	)))
}

// wrapPage passes a page as it is; a refusal has none.
func wrapPage(m *Method, r *ledger.Result, v top.Value) top.Value {
	if r.Code != ledger.OK {
		return wrapCommon(m, r, top.Value{})
	}
	return v
}

// reverseResult is the response of the WDK reverse family: ReverseResult around the method's own model.
func reverseResult(model *Struct) *Struct {
	return wdkResult("ReverseResult", object("model", model, "model", "The answer."))
}

func wdkResult(name string, model *Field) *Struct {
	return structure("", object("result", structure(name,
		text("error_code", `"isv.invalid-parameter"`, "错误码", "The word of the refusal; absent when done."),
		text("error_msg", `"参数错误"`, "错误信息", "What happened, with the figures that matter; absent when done."),
		model,
		boolean("success", "false", "是否成功", "Whether it was done."),
	), name, "The result."))
}

// The results of WDK differ in their names alone: ReverseResult in the order of document 003, and OrderQueryResult.
var (
	wrapReverse = wrapWDK("error_code", "error_msg", "model", "success")
	wrapOrder   = wrapWDK("err_code", "err_msg", "result", "state")
)

// wrapWDK makes a result of these names. The word and the sentence of a refusal are absent when all is well (semantics.md §3).
func wrapWDK(code, msg, model, success string) func(*Method, *ledger.Result, top.Value) top.Value {
	return func(_ *Method, r *ledger.Result, v top.Value) top.Value {
		var word, desc top.Value
		if r.Code != ledger.OK {
			word, desc = top.Str(r.Code.Word()), top.Str(r.Desc())
		}
		return top.Obj(top.F("result", top.Obj(top.F(code, word), top.F(msg, desc), top.F(model, v), top.F(success, top.Bool(r.Code == ledger.OK)))))
	}
}

// list shows each of some items.
func list[T any](element string, items []T, show func(T) top.Value) top.Value {
	out := make([]top.Value, len(items))
	for i, item := range items {
		out[i] = show(item)
	}
	return top.List(element, out...)
}

func strs(items []string) top.Value { return list("string", items, top.Str) }

func ints(items []int64) top.Value { return list("number", items, top.Int) }
