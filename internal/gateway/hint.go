package gateway

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"recoup/internal/top"
)

// What an integrator reads beside a fault: what was wrong with the request as it came, and what to send instead. Nothing here depends on
// what is in the directory, so it helps nobody to guess.

const (
	hintSignMethod   = "sign_method只支持md5、hmac、hmac-sha256 sign_method must be md5, hmac or hmac-sha256"
	hintNoSignMethod = "未传sign_method，按旧版md5验签，且只限已开通旧版的应用；请传md5、hmac或hmac-sha256 " +
		"sign_method was not sent, so the old md5 form was assumed, which only apps switched to it may use; send md5, hmac or hmac-sha256"
	hintPassed    = "本次放行，通常只容许相差10分钟 passed here, usually 10 minutes are allowed: "
	hintTimestamp = "须为GMT+8的yyyy-MM-dd HH:mm:ss，或毫秒数 must be yyyy-MM-dd HH:mm:ss in GMT+8, or milliseconds since 1970"
)

func hinted(f *top.Fault, hint string) *top.Fault {
	f.SubMsg = hint
	return f
}

// maxQuery is the longest query that is taken, in bytes.
const maxQuery = 64 << 10

func queryTooLong() *top.Fault {
	most := strconv.Itoa(maxQuery)
	return top.ParameterError("URL参数过长，不可超过" + most + "字节，请用POST放在请求体中 the query is too long, at most " + most + " bytes: POST the parameters in the body")
}

const typesRead = "application/x-www-form-urlencoded, multipart/form-data"

func bodyNotRead(kind string) *top.Fault {
	kind = echo(strings.TrimSpace(kind))
	return top.ParameterError("不读取" + kind + "类型的请求体，可用: " + typesRead + "；业务JSON放在接口的参数中 a body of type " + kind +
		" is not read; send one of these, with the JSON inside the method's parameter")
}

func encodingNotRead(coding string) *top.Fault {
	coding = echo(coding)
	return top.ParameterError("不支持请求体压缩方式" + coding + "，可用gzip或不压缩 a body encoded by " + coding + " is not read; send gzip or plain")
}

func noTargetApp() *top.Fault {
	return hinted(top.InvalidArgument("target_app_key"),
		"本服务没有其他应用提供的接口，请去掉target_app_key no method here is another app's; leave target_app_key out")
}

// echo is the beginning of a header's value.
func echo(s string) string { return s[:min(len(s), maxEcho)] }

// isJSON tells a body that begins as JSON, which no form does.
func isJSON(body []byte) bool {
	body = bytes.TrimLeft(bytes.TrimPrefix(body, []byte("\ufeff")), " \t\r\n")
	return len(body) > 0 && (body[0] == '{' || body[0] == '[')
}

func notUTF8(name string) string {
	return "参数" + echo(name) + "不是UTF-8，请以UTF-8编码并据此签名 parameter " + echo(name) + " is not UTF-8: encode it so, and sign it so"
}

// stampShapes are forms of a timestamp that are not read, but understood well enough to say how far the clock behind them is off.
var stampShapes = []string{
	time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04:05-0700", "2006-01-02T15:04", "2006-01-02 15:04:05.999", "2006-01-02 15:04",
	"2006/1/2 15:04:05", "2006/1/2 15:04", "2006-1-2 15:04:05", "20060102150405", "2006.01.02 15:04:05", time.RFC1123, time.RFC1123Z,
}

// stampHint says of a timestamp in another form what was read, what is expected, and the offset that it seems to have.
func stampHint(stamp string, now time.Time) string {
	hint := "收到timestamp " + echo(stamp) + "，" + hintTimestamp
	at, ok := time.Time{}, false
	for _, shape := range stampShapes {
		if t, err := time.ParseInLocation(shape, strings.TrimSpace(stamp), top.GMT8); err == nil {
			at, ok = t, true
			break
		}
	}
	if off := at.Sub(now); ok && off.Abs() >= time.Second {
		hint += "; " + offset(off, now)
	}
	return hint
}

// clockHint says how far the clock of a caller is off, and what that looks like.
func clockHint(stamp string, off time.Duration, now time.Time) string {
	if len(stamp) == len("20060102150405") && isNumber(stamp) {
		return stampHint(stamp, now)
	}
	hint := "收到timestamp " + stamp + "，"
	if isNumber(stamp) && len(stamp) <= len("1767240000") { // read as milliseconds
		hint += "像是秒，须为毫秒 it looks like seconds; send milliseconds; "
		seconds, _ := strconv.ParseInt(stamp, 10, 64)
		if off = time.Unix(seconds, 0).Sub(now); off.Abs() < time.Second {
			return strings.TrimSuffix(hint, "; ")
		}
	}
	return hint + offset(off, now)
}

// offset says how far a clock is off.
func offset(off time.Duration, now time.Time) string {
	zhWay, enWay := "快", "ahead of"
	if off < 0 {
		zhWay, enWay = "慢", "behind"
	}
	zhZone, enZone := "", ""
	if off = off.Abs().Round(time.Second); isZone(off) {
		zhZone, enZone = "，像是时区不对，须用GMT+8", ", which looks like another time zone; send GMT+8"
	}
	time := top.FormatTime(now)
	return "比服务器时间" + time + zhWay + span(off, "天", "小时", "分", "秒") + zhZone + "；taobao.time.get可查服务器时间 " +
		"the timestamp is " + span(off, "d", "h", "m", "s") + " " + enWay + " the server's time, " + time + enZone + "; taobao.time.get tells it"
}

// isZone tells a clock that is right but in another zone: off by whole hours, but for five minutes.
func isZone(off time.Duration) bool {
	hours := off.Round(time.Hour)
	return hours >= time.Hour && hours <= 22*time.Hour && (off-hours).Abs() <= 5*time.Minute
}

// span writes a duration of whole seconds without the units that are 0.
func span(d time.Duration, day, hour, minute, second string) string {
	var b strings.Builder
	for _, unit := range []struct {
		size time.Duration
		name string
	}{{24 * time.Hour, day}, {time.Hour, hour}, {time.Minute, minute}, {time.Second, second}} {
		if n := d / unit.size; n > 0 {
			b.WriteString(strconv.Itoa(int(n)) + unit.name)
			d -= n * unit.size
		}
	}
	return b.String()
}
