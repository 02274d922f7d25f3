package top

import "time"

// GMT8 is the zone of every date on the platform, in both directions,
// whatever the zone of client or server.
var GMT8 = time.FixedZone("GMT+8", 8*3600)

const timeLayout = "2006-01-02 15:04:05"

// maxEpochDigits bounds epoch milliseconds to the year 33658: enough for any
// clock, far from overflow.
const maxEpochDigits = 15

// ParseTime reads a date of the platform: "yyyy-MM-dd HH:mm:ss" in GMT+8, or
// digits only, which are milliseconds since 1970 (the official Python client
// sends its timestamp so). Nothing else passes: no fraction, no zone, no blanks
// around it. The ten-minute window of the timestamp parameter is the gateway's
// business.
func ParseTime(s string) (time.Time, bool) {
	if ms, ok := digits(s); ok {
		if len(s) > maxEpochDigits {
			return time.Time{}, false
		}
		return time.UnixMilli(ms).In(GMT8), true
	}
	// time.Parse would let a fraction of a second through.
	if len(s) != len(timeLayout) ||
		s[4] != '-' || s[7] != '-' || s[10] != ' ' || s[13] != ':' || s[16] != ':' {
		return time.Time{}, false
	}
	var part [6]int
	for i, span := range [6][2]int{{0, 4}, {5, 7}, {8, 10}, {11, 13}, {14, 16}, {17, 19}} {
		n, ok := digits(s[span[0]:span[1]])
		if !ok {
			return time.Time{}, false
		}
		part[i] = int(n)
	}
	if part[3] > 23 || part[4] > 59 || part[5] > 59 {
		return time.Time{}, false
	}
	t := time.Date(part[0], time.Month(part[1]), part[2], part[3], part[4], part[5], 0, GMT8)
	// Date turns February 30th into March; such a date is none.
	if t.Month() != time.Month(part[1]) || t.Day() != part[2] {
		return time.Time{}, false
	}
	return t, true
}

// FormatTime writes t as "yyyy-MM-dd HH:mm:ss" in GMT+8; parts of a second are
// dropped.
func FormatTime(t time.Time) string {
	return t.In(GMT8).Format(timeLayout)
}

// digits reads a text of ASCII digits only. More than 18 digits wrap; callers
// bound the length.
func digits(s string) (int64, bool) {
	if s == "" {
		return 0, false
	}
	var n int64
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}
