package top

import (
	"encoding/json"
	"encoding/xml"
	"testing"
)

// Bodies captured from the platform, request ids included.
func TestFaultCaptured(t *testing.T) {
	tests := []struct {
		fault *Fault
		id    string
		json  string
		xml   string
	}{
		{
			MissingMethod(), "14ibtxvb4vqjh",
			`{"error_response":{"code":21,"msg":"Missing method","sub_msg":"http传入的参数加入method字段","request_id":"14ibtxvb4vqjh"}}`,
			`<error_response><code>21</code><msg>Missing method</msg><sub_msg>http传入的参数加入method字段</sub_msg><request_id>14ibtxvb4vqjh</request_id></error_response>`,
		},
		{
			InvalidMethod("taobao.idle.item.search"), "eonzx7q4qjvg",
			`{"error_response":{"code":22,"msg":"Invalid method","sub_msg":"不合法ApiName，ApiName = taobao.idle.item.search","request_id":"eonzx7q4qjvg"}}`,
			`<error_response><code>22</code><msg>Invalid method</msg><sub_msg>不合法ApiName，ApiName = taobao.idle.item.search</sub_msg><request_id>eonzx7q4qjvg</request_id></error_response>`,
		},
		{
			InvalidSignature(), "109wcmcgllsj1",
			`{"error_response":{"code":25,"msg":"Invalid signature","request_id":"109wcmcgllsj1"}}`,
			`<error_response><code>25</code><msg>Invalid signature</msg><request_id>109wcmcgllsj1</request_id></error_response>`,
		},
		{
			MissingArgument("phone_no_b"), "zt9pqaglr3tk",
			`{"error_response":{"code":40,"msg":"Missing required arguments:phone_no_b","request_id":"zt9pqaglr3tk"}}`,
			`<error_response><code>40</code><msg>Missing required arguments:phone_no_b</msg><request_id>zt9pqaglr3tk</request_id></error_response>`,
		},
		{
			InsufficientPermission("isv.permission-api-package-limit", "scope ids is 11655 11998"), "2swi5veg6778",
			`{"error_response":{"code":11,"msg":"Insufficient isv permissions","sub_code":"isv.permission-api-package-limit","sub_msg":"scope ids is 11655 11998","request_id":"2swi5veg6778"}}`,
			`<error_response><code>11</code><msg>Insufficient isv permissions</msg><sub_code>isv.permission-api-package-limit</sub_code><sub_msg>scope ids is 11655 11998</sub_msg><request_id>2swi5veg6778</request_id></error_response>`,
		},
		{
			InvalidSession("invalid-sessionkey", "SessionKey非法"), "saelco6piee9",
			`{"error_response":{"code":27,"msg":"Invalid session","sub_code":"invalid-sessionkey","sub_msg":"SessionKey非法","request_id":"saelco6piee9"}}`,
			`<error_response><code>27</code><msg>Invalid session</msg><sub_code>invalid-sessionkey</sub_code><sub_msg>SessionKey非法</sub_msg><request_id>saelco6piee9</request_id></error_response>`,
		},
		{
			AppCallLimited(31062), "4jkl5mhpc274",
			`{"error_response":{"code":7,"msg":"App Call Limited","sub_code":"accesscontrol.limited-by-app-access-count","sub_msg":"This ban will last for 31062 more seconds","request_id":"4jkl5mhpc274"}}`,
			`<error_response><code>7</code><msg>App Call Limited</msg><sub_code>accesscontrol.limited-by-app-access-count</sub_code><sub_msg>This ban will last for 31062 more seconds</sub_msg><request_id>4jkl5mhpc274</request_id></error_response>`,
		},
		{ // the error sample of the published documents
			InvalidField("", ""), "r",
			`{"error_response":{"code":50,"msg":"Remote service error","sub_code":"isv.invalid-parameter","sub_msg":"非法参数","request_id":"r"}}`,
			`<error_response><code>50</code><msg>Remote service error</msg><sub_code>isv.invalid-parameter</sub_code><sub_msg>非法参数</sub_msg><request_id>r</request_id></error_response>`,
		},
		{ // names come from callers and may hold anything
			InvalidArgument("a\"\x00<b>\xff"), "r",
			`{"error_response":{"code":41,"msg":"Invalid arguments:a\"<b>","request_id":"r"}}`,
			`<error_response><code>41</code><msg>Invalid arguments:a&quot;&lt;b&gt;</msg><request_id>r</request_id></error_response>`,
		},
	}
	for _, test := range tests {
		if got := string(AppendFault(nil, JSON, test.fault, test.id)); got != test.json {
			t.Errorf("got  %s\nwant %s", got, test.json)
		}
		if got := string(AppendFault(nil, XML, test.fault, test.id)); got != xmlDeclaration+test.xml {
			t.Errorf("got  %s\nwant %s", got, xmlDeclaration+test.xml)
		}
	}
}

// The platform's table: every fault with its code and exact message.
func TestFaultTable(t *testing.T) {
	tests := []struct {
		fault *Fault
		want  string
		after int
	}{
		{UploadFailed(), "3 Upload Fail", 0},
		{UserCallLimited(1), "4 User Call Limited: This ban will last for 1 more seconds", 1},
		{SessionCallLimited(2), "5 Session Call Limited: This ban will last for 2 more seconds", 2},
		{AppCallLimited(0), "7 App Call Limited [accesscontrol.limited-by-app-access-count]: This ban will last for 1 more seconds", 1},
		{CallLimited(ScopeAPI, 3), "7 App Call Limited [accesscontrol.limited-by-api-access-count]: This ban will last for 3 more seconds", 3},
		{CallLimited(ScopeAppAPI, 3), "7 App Call Limited [accesscontrol.limited-by-app-api-access-count]: This ban will last for 3 more seconds", 3},
		{CallLimited(ScopeDynamic, 3), "7 App Call Limited [accesscontrol.limited-by-dynamic-access-count]: This ban will last for 3 more seconds", 3},
		{HTTPActionNotAllowed(), "9 Http Action Not Allowed", 0},
		{ServiceUnavailable(), "10 Service Currently Unavailable", 0},
		{InsufficientUserPermission("subuser.has-no-permission", ""), "12 Insufficient User Permissions [subuser.has-no-permission]", 0},
		{Busy("isp.system-busy", "系统繁忙", 2), "15 Remote service error [isp.system-busy]: 系统繁忙", 2},
		{InvalidFormat(), "23 Invalid format", 0},
		{MissingSignature(), "24 Missing signature", 0},
		{MissingSession(), "26 Missing session", 0},
		{MissingAppKey(), "28 Missing app key", 0},
		{InvalidAppKey(), "29 Invalid app Key [isv.appkey-not-exists]", 0},
		{MissingTimestamp(), "30 Missing timestamp", 0},
		{InvalidTimestamp(), "31 Invalid timestamp", 0},
		{MissingVersion(), "32 Missing version", 0},
		{InvalidVersion(), "33 Invalid version", 0},
		{UnsupportedVersion(), "34 Unsupported version", 0},
		{InvalidArgument("ids"), "41 Invalid arguments:ids", 0},
		{InsufficientSessionPermission(), "42 Insufficient session permissions", 0},
		{ParameterError(""), "43 Parameter Error", 0},
		{InvalidAccessToken(), "44 Invalid access token", 0},
		{InvalidEncoding(), "47 Invalid encoding", 0},
		{MissingField("req.shop_id", "必填 required"), "50 Remote service error [isv.missing-parameter]: 非法参数 req.shop_id：必填 required", 0},
		{InvalidField("req.shop_id", "最多128字节"), "50 Remote service error [isv.invalid-parameter]: 非法参数 req.shop_id：最多128字节", 0},
		{InsufficientSecurityLevel(), "53 Insufficient security level", 0},
	}
	for _, test := range tests {
		if got := test.fault.Error(); got != test.want || test.fault.RetryAfter != test.after {
			t.Errorf("got %s (%d), want %s (%d)", got, test.fault.RetryAfter, test.want, test.after)
		}
		if b := AppendFault(nil, JSON, test.fault, "r"); !json.Valid(b) {
			t.Errorf("not JSON: %s", b)
		}
		if err := xml.Unmarshal(AppendFault(nil, XML, test.fault, "r"), new(struct{})); err != nil {
			t.Errorf("not XML: %v", err)
		}
	}
}
