package top

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"hash"
	"slices"
	"strings"
	"sync"
)

// The values of the parameter sign_method.
const (
	MD5        = "md5"         // MD5(secret + S + secret)
	HMAC       = "hmac"        // HMAC-MD5 with the secret as key
	HMACSHA256 = "hmac-sha256" // HMAC-SHA256 with the secret as key
)

// Sign returns the signature of p in upper-case hexadecimal: of the text S that
// has every parameter but sign, sorted by name, name and value strung together,
// and then Body (doc 101617). An empty value adds its name only. signMethod ""
// is the old MD5(secret + S) of the first .NET client. Capitals are as good; an
// unknown sign method gives "".
//
// S is made of the parameters as they are: put sign_method in before.
func Sign(p *Params, secret, signMethod string) string {
	b := signBuffers.Get().(*signBuffer)
	defer b.release()
	b.write(p, secret)
	var sum [maxSum]byte
	digest := b.sum(sum[:0], secret, signMethod)
	return strings.ToUpper(hex.EncodeToString(digest))
}

// Verify says whether the parameter sign of p is right for the secret. It
// compares in constant time and takes either case of the hexadecimal digits.
//
// legacy admits calls whose sign method is absent or empty, in any of the three forms that
// clients are known to send: MD5(secret+S), MD5(S+secret), MD5(secret+S+secret).
// The first can be extended by someone who does not know the secret, so this is
// for apps that cannot do otherwise. An empty secret verifies nothing.
func Verify(p *Params, secret string, legacy bool) bool {
	method := p.Get("sign_method")
	if secret == "" || method == "" && !legacy {
		return false
	}
	b := signBuffers.Get().(*signBuffer)
	defer b.release()
	b.write(p, secret)

	var sum [maxSum]byte
	given := p.Get("sign")
	if method != "" {
		return matches(given, b.sum(sum[:0], secret, method))
	}
	whole, n := b.text, len(secret)
	prefixed, suffixed, both := md5.Sum(whole[:len(whole)-n]), md5.Sum(whole[n:]), md5.Sum(whole)
	// All three are compared, so that time does not tell which one was near.
	one, two, three := matches(given, prefixed[:]), matches(given, suffixed[:]), matches(given, both[:])
	return one || two || three
}

const maxSum = sha256.Size

// matches compares a hexadecimal signature with the digest it should be.
func matches(given string, digest []byte) bool {
	var want, got [2 * maxSum]byte
	n := hex.Encode(want[:], digest)
	if n == 0 || len(given) != n {
		return false
	}
	for i := range n {
		c := given[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		got[i] = c
	}
	return subtle.ConstantTimeCompare(want[:n], got[:n]) == 1
}

// A signBuffer holds secret + S + secret, of which every form is a part.
type signBuffer struct {
	text  []byte
	order []*param
}

var signBuffers = sync.Pool{New: func() any { return new(signBuffer) }}

// release leaves nothing of the call behind for the next one to find.
func (b *signBuffer) release() {
	clear(b.order)
	clear(b.text)
	if cap(b.text) > keepBuffer {
		return
	}
	b.text, b.order = b.text[:0], b.order[:0]
	signBuffers.Put(b)
}

func (b *signBuffer) write(p *Params, secret string) {
	for i := range p.list {
		if p.list[i].name != "sign" {
			b.order = append(b.order, &p.list[i])
		}
	}
	slices.SortFunc(b.order, func(x, y *param) int { return strings.Compare(x.name, y.name) })
	text := append(b.text, secret...)
	for _, e := range b.order {
		text = append(text, e.name...)
		text = append(text, e.value...)
	}
	text = append(text, p.body...)
	b.text = append(text, secret...)
}

// sum appends the digest of one sign method; nothing if it is unknown.
func (b *signBuffer) sum(dst []byte, secret, method string) []byte {
	n := len(secret)
	var h hash.Hash
	switch strings.ToLower(method) {
	case MD5:
		sum := md5.Sum(b.text)
		return append(dst, sum[:]...)
	case "":
		sum := md5.Sum(b.text[:len(b.text)-n])
		return append(dst, sum[:]...)
	case HMAC:
		h = hmac.New(md5.New, []byte(secret))
	case HMACSHA256:
		h = hmac.New(sha256.New, []byte(secret))
	default:
		return dst
	}
	h.Write(b.text[n : len(b.text)-n])
	return h.Sum(dst)
}
