package main

import (
	"strings"
	"testing"
)

// Packages that pass are one line each, as go test prints them; of one that fails the tests that did not pass are shown, last of all.
func TestReport(t *testing.T) {
	t.Parallel()
	const ok = `{"Action":"run","Package":"a","Test":"TestX"}
{"Action":"output","Package":"a","Test":"TestX","Output":"=== RUN   TestX\n"}
{"Action":"output","Package":"a","Test":"TestX","Output":"    x_test.go:1: a word\n"}
{"Action":"output","Package":"a","Test":"TestX/inner","Output":"=== RUN   TestX/inner\n"}
{"Action":"pass","Package":"a","Test":"TestX/inner","Elapsed":1.25}
{"Action":"output","Package":"a","Test":"TestX","Output":"--- PASS: TestX (2.00s)\n"}
{"Action":"pass","Package":"a","Test":"TestX","Elapsed":2}
{"Action":"skip","Package":"a","Test":"TestY","Elapsed":3}
{"Action":"output","Package":"a","Output":"PASS\n"}
{"Action":"output","Package":"a","Output":"ok  \ta\t2.000s\n"}
{"Action":"pass","Package":"a","Elapsed":2.1}
`
	const fails = `{"Action":"output","Package":"b","Test":"TestZ","Output":"=== RUN   TestZ\n"}
{"Action":"output","Package":"b","Test":"TestZ","Output":"    z_test.go:1: wrong\n"}
{"Action":"output","Package":"b","Test":"TestGood","Output":"    z_test.go:2: fine\n"}
{"Action":"pass","Package":"b","Test":"TestGood","Elapsed":0}
{"Action":"output","Package":"b","Test":"TestZ","Output":"--- FAIL: TestZ (0.00s)\n"}
{"Action":"fail","Package":"b","Test":"TestZ","Elapsed":0}
{"Action":"output","Package":"b","Output":"FAIL\tb\t0.100s\n"}
{"Action":"fail","Package":"b","Elapsed":0.1}
`
	for _, tt := range []struct{ name, in, want string }{
		{"all pass", ok, "ok  \ta\t2.000s\nThe slowest tests:\n   3.00s  a TestY\n   1.25s  a TestX/inner\n"},
		{"one fails", ok + fails, "ok  \ta\t2.000s\n    z_test.go:1: wrong\n--- FAIL: TestZ (0.00s)\nFAIL\tb\t0.100s\n"},
		{
			"a panic cuts a test off", `{"Action":"output","Package":"c","Test":"TestP","Output":"panic: no\n"}
{"Action":"output","Package":"c","Output":"FAIL\tc\t0.100s\n"}
{"Action":"fail","Package":"c","Elapsed":0.1}
`, "panic: no\nFAIL\tc\t0.100s\n",
		},
		{
			"it does not compile", `{"ImportPath":"d [d.test]","Action":"build-output","Output":"d.go:3:27: undefined: x\n"}
{"ImportPath":"d [d.test]","Action":"build-fail"}
{"Action":"output","Package":"d","Output":"FAIL\td [build failed]\n"}
{"Action":"fail","Package":"d","Elapsed":0,"FailedBuild":"d [d.test]"}
`, "d.go:3:27: undefined: x\nFAIL\td [build failed]\n",
		},
		{"no JSON", "go: no such module\n", "go: no such module\n"},
	} {
		var out strings.Builder
		if err := report(strings.NewReader(tt.in), &out); err != nil || out.String() != tt.want {
			t.Errorf("%s: %v\n%s\nwant\n%s", tt.name, err, out.String(), tt.want)
		}
	}
}
