// Package seal encrypts what a database must not tell, under keys that are not in it.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// A Key is 32 random bytes.
type Key struct {
	id   string
	aead cipher.AEAD
	mac  []byte
}

// Keys are those of an installation: the first encrypts, all decrypt. No keys encrypt nothing.
type Keys []*Key

// keySize is how many bytes a key has: AES-256.
const keySize = 32

// mark begins what is encrypted: mark, the key's id, a point, then nonce and text in base64.
const mark = "aes256."

var (
	// ErrLocked: something is encrypted under a key that is not there.
	ErrLocked = errors.New("is encrypted under a key that is not here; give --key-file or RECOUP_KEY")
	// ErrChanged: something was encrypted under a key that is here, and is not what it was.
	ErrChanged = errors.New("cannot be decrypted: it was changed, or belongs elsewhere")
)

// New makes a key, as the line of a key file.
func New() string {
	var b [keySize]byte
	_, _ = rand.Read(b[:])
	return base64.StdEncoding.EncodeToString(b[:])
}

// Parse reads keys, one a line or parted by commas; lines that begin with # are for people.
func Parse(text string) (keys Keys, err error) {
	for line := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\n' || r == ',' }) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		b, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(b) != keySize {
			return nil, fmt.Errorf("key %d is not %d bytes in base64; `recoup key create FILE` makes one", len(keys)+1, keySize)
		}
		keys = append(keys, newKey(b))
	}
	if len(keys) == 0 {
		return nil, errors.New("there is no key in it; `recoup key create FILE` makes one")
	}
	return keys, nil
}

// Load reads a key file. Nobody but its owner may read it.
func Load(path string) (Keys, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s: others may read it (%s); run `chmod 600 %s`", path, fs.FormatFileInfo(info)[:10], path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	keys, err := Parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return keys, nil
}

func newKey(b []byte) *Key {
	part := func(what string) []byte {
		m := hmac.New(sha256.New, b)
		m.Write([]byte("recoup " + what))
		return m.Sum(nil)
	}
	block, err := aes.NewCipher(part("encryption"))
	if err != nil {
		panic(err) // of the size
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return &Key{id: hex.EncodeToString(part("id")[:4]), aead: aead, mac: part("seal")}
}

// ID names a key without telling it: 8 hexadecimal digits.
func (k *Key) ID() string { return k.id }

// Encrypt encrypts a text for a place, which it can be decrypted for alone. Without keys it stays as it is.
func (ks Keys) Encrypt(place, text string) string {
	if len(ks) == 0 || text == "" {
		return text
	}
	k := ks[0]
	nonce := make([]byte, k.aead.NonceSize())
	_, _ = rand.Read(nonce)
	return mark + k.id + "." + base64.StdEncoding.EncodeToString(k.aead.Seal(nonce, nonce, []byte(text), []byte(place)))
}

// Decrypt reads what Encrypt wrote, and what is not encrypted as it is.
func (ks Keys) Decrypt(place, text string) (string, error) {
	id, ok := EncryptedBy(text)
	if !ok {
		return text, nil
	}
	for _, k := range ks {
		if k.id != id {
			continue
		}
		b, err := base64.StdEncoding.DecodeString(text[len(mark)+len(id)+1:])
		if err != nil || len(b) < k.aead.NonceSize() {
			return "", fmt.Errorf("%s %w", place, ErrChanged)
		}
		n := k.aead.NonceSize()
		plain, err := k.aead.Open(nil, b[:n], b[n:], []byte(place))
		if err != nil {
			return "", fmt.Errorf("%s %w", place, ErrChanged)
		}
		return string(plain), nil
	}
	return "", fmt.Errorf("%s %w (its id is %s)", place, ErrLocked, id)
}

// EncryptedBy is the id of the key that a text is encrypted under, if it is.
func EncryptedBy(text string) (id string, ok bool) {
	rest, ok := strings.CutPrefix(text, mark)
	if !ok {
		return "", false
	}
	id, _, ok = strings.Cut(rest, ".")
	return id, ok
}

// Sum is a keyed digest under the first key, zero without keys.
func (ks Keys) Sum(fields ...string) (sum [16]byte) {
	if len(ks) == 0 {
		return sum
	}
	return Sum(ks[0].mac, fields...)
}

// Check reports whether a digest is that of the fields under any of the keys.
func (ks Keys) Check(sum []byte, fields ...string) bool {
	for _, k := range ks {
		if want := Sum(k.mac, fields...); hmac.Equal(want[:], sum) {
			return true
		}
	}
	return false
}

// Sum is HMAC-SHA-256, cut to 16 bytes, over fields that cannot run into each other.
func Sum(key []byte, fields ...string) [16]byte {
	m := hmac.New(sha256.New, key)
	for _, f := range fields {
		fmt.Fprintf(m, "%d:%s,", len(f), f)
	}
	return [16]byte(m.Sum(nil)[:16])
}
