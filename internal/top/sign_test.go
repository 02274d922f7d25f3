package top

import (
	"crypto/hmac"
	"crypto/md5"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
)

// The vectors of the platform's documentation (doc 101617 and its mirrors), of
// a client's own tests, and some worked out with other implementations.
var (
	docCall = []string{
		"method", "taobao.item.seller.get", "app_key", "12345678", "session", "test",
		"timestamp", "2016-01-01 12:00:00", "format", "json", "v", "2.0", "sign_method", "md5",
		"fields", "num_iid,title,nick,price,num", "num_iid", "11223344",
	}
	timeCall = []string{
		"app_key", "12345678", "timestamp", "2016-01-01 12:00:00", "v", "2.0",
		"method", "taobao.time.get", "format", "json",
	}
	echoCall = []string{
		"app_key", "12345678", "timestamp", "2016-01-01 12:00:00", "v", "2.0",
		"method", "taobao.test.echo.send", "session", "6100000abc", "format", "json", "simplify", "true",
		"title", "中文 标题&=+", "ids", "1,2,3",
	}
	batchCall = []string{"app_key", "12345678", "timestamp", "2016-01-01 12:00:00", "v", "2.0", "format", "json"}
	batchBody = "method=taobao.time.get\r\n-S-\r\nmethod=taobao.time.get"
)

func with(pairs []string, more ...string) []string {
	return append(slices.Clip(pairs), more...)
}

func TestSign(t *testing.T) {
	tests := []struct {
		name, secret, method string
		pairs                []string
		body                 string
		want                 string
	}{
		{name: "doc", secret: "helloworld", method: MD5, pairs: docCall, want: "66987CB115214E59E6EC978214934FB8"},
		{
			name: "doc mirror", secret: "test", method: MD5, want: "72CB4D809B375A54502C09360D879C64",
			pairs: []string{
				"app_key", "test", "fields", "nick", "format", "xml", "method", "taobao.user.seller.get",
				"session", "test", "sign_method", "md5", "timestamp", "2013-05-06 13:52:03", "v", "2.0",
			},
		},
		{
			name: "Chinese is UTF-8", secret: "test", method: MD5, want: "990FD28323F67A1EEC29336EDF373C0E",
			pairs: []string{
				"method", "taobao.user.get", "timestamp", "2011-07-01 13: 52:03", "format", "xml",
				"app_key", "test", "v", "2.0", "fields", "nick,location.state,location.city",
				"nick", "商家测试帐号17", "sign_method", "md5",
			},
		},
		{
			name: "V1", secret: "helloworld", method: MD5, pairs: with(timeCall, "sign_method", "md5"),
			want: "36BBE247D9CA1A1246693D07952F9C6E",
		},
		{
			name: "V2", secret: "helloworld", method: HMAC, pairs: with(echoCall, "sign_method", "hmac", "empty", ""),
			want: "698E7B477226ACE8A8DB5589ECE32CAA",
		},
		{
			name: "V2 without the empty value", secret: "helloworld", method: HMAC, pairs: with(echoCall, "sign_method", "hmac"),
			want: "DB4DAC6350F17D7C63C4ECCF13973349",
		},
		{
			name: "S of V2 under md5", secret: "helloworld", method: MD5, pairs: with(echoCall, "sign_method", "hmac", "empty", ""),
			want: "06D0CC1C4168D3193771039E1B21DA8D",
		},
		{
			name: "V3", secret: "helloworld", method: HMACSHA256,
			want: "F6F3F4628B4095FE1FC4A5955B35173D3E773882E621CE1E7627D68F82B73018",
			pairs: []string{
				"app_key", "12345678", "timestamp", "2016-01-01 12:00:00", "v", "2.0",
				"method", "taobao.test.object.send", "format", "xml", "sign_method", "hmac-sha256",
				"request", `{"voucher_name":"双11优惠券","amount":"1000","tags":["a","b"],"item":{"item_id":9007199254740993,"ok":true}}`,
			},
		},
		{
			name: "V4 md5", secret: "helloworld", method: MD5, pairs: with(batchCall, "sign_method", "md5"), body: batchBody,
			want: "8726A75FC080C987DEA28C7161F1B400",
		},
		{
			name: "V4 hmac-sha256", secret: "helloworld", method: HMACSHA256, pairs: with(batchCall, "sign_method", "hmac-sha256"), body: batchBody,
			want: "FE907C7C76540BD787553823B7F8A4893880647F08E1E3457916A9F4DC6EC425",
		},
		{name: "V5", secret: "helloworld", method: "", pairs: timeCall, want: "ECE7B71703C79FE9C4633E8FACEFA853"},
		{name: "V5 doubled", secret: "helloworld", method: MD5, pairs: timeCall, want: "ABDBC6FE5C4A46FF856258B082E465E6"},
		{
			name: "V6", secret: "helloworld", method: MD5,
			pairs: []string{"app_key", "12345678", "group_name", "default", "timestamp", "1451620800000"},
			want:  "2E03D1348D7B65A366F8DB4BD1435983",
		},
		{name: "unknown method", secret: "helloworld", method: "sha1", pairs: timeCall, want: ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := NewParams(test.pairs...)
			p.Set("sign", "left out of S")
			if test.body != "" {
				p.SetBody([]byte(test.body))
			}
			if got := Sign(p, test.secret, test.method); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// Names sort by bytes, a prefix before what it begins: sorting the joined
// "name+value" texts, as one client does, would give another S.
func TestSignOrder(t *testing.T) {
	p := NewParams("b", "1", "ab", "x", "a", "z", "B", "2", "a_b", "3", "é", "4")
	h := hmac.New(md5.New, []byte("k"))
	h.Write([]byte("B2aza_b3abxb1é4"))
	if got, want := Sign(p, "k", HMAC), strings.ToUpper(hex.EncodeToString(h.Sum(nil))); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestVerify(t *testing.T) {
	const secret = "helloworld"
	v1 := with(timeCall, "sign_method", "md5")
	tests := []struct {
		name   string
		pairs  []string
		sign   string
		legacy bool
		want   bool
	}{
		{"right", v1, "36BBE247D9CA1A1246693D07952F9C6E", false, true},
		{"lower case", v1, "36bbe247d9ca1a1246693d07952f9c6e", false, true},
		{"legacy changes nothing", v1, "36BBE247D9CA1A1246693D07952F9C6E", true, true},
		{"one digit off", v1, "36BBE247D9CA1A1246693D07952F9C6F", false, false},
		{"too short", v1, "36BBE247D9CA1A1246693D07952F9C6", false, false},
		{"too long", v1, "36BBE247D9CA1A1246693D07952F9C6E00", false, false},
		{"empty", v1, "", false, false},
		{"not hexadecimal", v1, strings.Repeat("é", 16), false, false},
		{"another digest's length", v1, strings.Repeat("36BBE247D9CA1A1246693D07952F9C6E", 2), false, false},
		{"legacy digest under md5", v1, "ECE7B71703C79FE9C4633E8FACEFA853", true, false},
		{"V5 secret first", timeCall, "ECE7B71703C79FE9C4633E8FACEFA853", true, true},
		{"V5 secret last", timeCall, "4D2896B0012B7963131F1F5264E5AD2D", true, true},
		{"V5 secret twice", timeCall, "abdbc6fe5c4a46ff856258b082e465e6", true, true},
		{"V5 wrong", timeCall, "ABDBC6FE5C4A46FF856258B082E465E7", true, false},
		{"V5 without legacy", timeCall, "ECE7B71703C79FE9C4633E8FACEFA853", false, false},
		{"unknown method", with(timeCall, "sign_method", "sha1"), "", true, false},
		{"unknown method, any sign", with(timeCall, "sign_method", "sha1"), "36BBE247D9CA1A1246693D07952F9C6E", true, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := NewParams(test.pairs...)
			p.Set("sign", test.sign)
			if got := Verify(p, secret, test.legacy); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
			if Verify(p, "another", test.legacy) {
				t.Error("verified with another secret")
			}
		})
	}
	t.Run("empty secret", func(t *testing.T) {
		p := NewParams(v1...)
		p.Set("sign", Sign(p, "", MD5))
		if Verify(p, "", true) {
			t.Error("an empty secret verified")
		}
	})
	t.Run("no sign", func(t *testing.T) {
		if Verify(NewParams(v1...), secret, true) {
			t.Error("a call without sign verified")
		}
	})
	t.Run("files are not signed, text parts are", func(t *testing.T) {
		body := "--b\r\nContent-Disposition: form-data; name=\"note\"\r\nContent-Type: application/octet-stream\r\n\r\nhi\r\n" +
			"--b\r\nContent-Disposition: form-data; name=\"picture\"; filename=\"x\"\r\n\r\nbytes\r\n--b--"
		signed := NewParams(with(v1, "note", "hi")...)
		signed.Set("sign", Sign(signed, secret, MD5))
		query := NewParams(v1...)
		query.Set("sign", signed.Get("sign"))
		p, fault := ReadParams(query.Encode(), "multipart/form-data; boundary=b", []byte(body))
		if fault != nil || !Verify(p, secret, false) {
			t.Errorf("not verified: %v %v", fault, p)
		}
	})
	t.Run("batch body", func(t *testing.T) {
		query := NewParams(with(batchCall, "sign_method", "md5", "sign", "8726A75FC080C987DEA28C7161F1B400")...).Encode()
		p, fault := ReadParams(query, "text/plain;charset=UTF-8", []byte(batchBody))
		if fault != nil || !Verify(p, secret, false) {
			t.Errorf("not verified: %v %v", fault, p)
		}
		p, _ = ReadParams(query, "text/plain;charset=UTF-8", []byte(batchBody+" "))
		if Verify(p, secret, false) {
			t.Error("verified another body")
		}
	})
}
