package api

import (
	"strings"
	"unicode"
)

const remedyMobile = "不是手机号 is no mobile number"

// Mobile is the one spelling of a mobile number, so that a person is one member however a till writes it: digits in ASCII, without
// blanks, dashes, dots and brackets, and without 86, +86 or 0086 before a number of the mainland. Other countries keep + and their code.
// ok is false for what is no number: it has 5 to 15 digits (E.164), and of the mainland, where it begins with 1, 11.
func Mobile(s string) (number string, ok bool) {
	var b strings.Builder
	for _, r := range s {
		switch {
		case '0' <= r && r <= '9', r == '+' && b.Len() == 0:
			b.WriteRune(r)
		case '０' <= r && r <= '９':
			b.WriteRune(r - '０' + '0')
		case r == '＋' && b.Len() == 0:
			b.WriteByte('+')
		case unicode.IsSpace(r), unicode.Is(unicode.Pd, r), unicode.Is(unicode.Cf, r), strings.ContainsRune("−.()（）·", r):
		default:
			return "", false
		}
	}
	number = b.String()
	if abroad, ok := strings.CutPrefix(number, "00"); ok {
		number = "+" + abroad
	}
	for _, code := range []string{"", "86", "+86"} {
		if home, ok := strings.CutPrefix(number, code); ok && mainland(home) {
			return home, true
		}
	}
	digits := len(strings.TrimPrefix(number, "+"))
	return number, 5 <= digits && digits <= 15 && number[0] != '1' && !strings.HasPrefix(number, "+86")
}

// mainland reports the form of a mobile number of the mainland of China.
func mainland(s string) bool { return len(s) == 11 && s[0] == '1' && s[1] >= '2' }

// masked is a phone number of which only the beginning and the end are told.
func masked(phone string) string {
	if len(phone) < 8 {
		return strings.Repeat("*", len(phone))
	}
	return phone[:3] + "****" + phone[len(phone)-4:]
}
