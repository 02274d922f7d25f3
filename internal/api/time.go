package api

import (
	"context"

	"recoup/internal/ledger"
	"recoup/internal/top"
)

// timeGet declares taobao.time.get: the platform's clock, asked by clients whose own is wrong.
func timeGet() *Method {
	return &Method{
		Name: "taobao.time.get", Group: groupPlatform,
		Zh: "获取系统当前时间", En: "Tell the time",
		About:    "获取系统当前时间(GMT+8)。",
		Notes:    "Tells the platform's time in GMT+8.",
		Request:  structure(""),
		Response: structure("", date("time", "2016-01-01 12:00:00", "系统当前时间", "The time.")),
		Codes:    []ledger.Code{ledger.OK},
		answer: func(_ context.Context, in *Input) (top.Value, ledger.Result, *top.Fault) {
			return top.Str(top.FormatTime(in.service.Now())), ledger.Result{}, nil
		},
		wrap: func(_ *Method, _ *ledger.Result, v top.Value) top.Value { return top.Obj(top.F("time", v)) },
	}
}
