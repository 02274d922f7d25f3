package seal_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"recoup/internal/seal"
)

func keys(t *testing.T, texts ...string) seal.Keys {
	t.Helper()
	ks, err := seal.Parse(strings.Join(texts, "\n"))
	if err != nil {
		t.Fatal(err)
	}
	return ks
}

func TestEncrypt(t *testing.T) {
	one, two := seal.New(), seal.New()
	old, both, other := keys(t, one), keys(t, two, one), keys(t, two)
	box := old.Encrypt("app 1", "geheim")
	if id, ok := seal.EncryptedBy(box); !ok || id != old[0].ID() || strings.Contains(box, "geheim") || box == old.Encrypt("app 1", "geheim") {
		t.Errorf("box %s, id %s", box, id)
	}
	for _, row := range []struct {
		name  string
		keys  seal.Keys
		place string
		text  string
		want  string
		err   error
	}{
		{"the key", old, "app 1", box, "geheim", nil},
		{"the old of two", both, "app 1", box, "geheim", nil},
		{"another key", other, "app 1", box, "", seal.ErrLocked},
		{"no key", nil, "app 1", box, "", seal.ErrLocked},
		{"another place", old, "app 2", box, "", seal.ErrChanged},
		{"a changed text", old, "app 1", box[:len(box)-6] + "AAAAA=", "", seal.ErrChanged},
		{"cut off", old, "app 1", box[:len(box)-40], "", seal.ErrChanged},
		{"not encrypted", old, "app 1", "plain", "plain", nil},
		{"nothing", old, "app 1", "", "", nil},
	} {
		got, err := row.keys.Decrypt(row.place, row.text)
		if got != row.want || !errors.Is(err, row.err) {
			t.Errorf("%s: %q, %v", row.name, got, err)
		}
	}
	if got := seal.Keys(nil).Encrypt("app 1", "plain"); got != "plain" {
		t.Errorf("without keys: %s", got)
	}
	sum := old.Sum("a", "bc")
	if !both.Check(sum[:], "a", "bc") || both.Check(sum[:], "ab", "c") || other.Check(sum[:], "a", "bc") || seal.Keys(nil).Check(make([]byte, 16)) {
		t.Error("sums")
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, row := range []struct {
		name, text string
		mode       os.FileMode
		n          int
		says       string
	}{
		{"good", "# the newest\n" + seal.New() + "\n" + seal.New() + "\n", 0o600, 2, ""},
		{"open", seal.New(), 0o644, 0, "chmod 600"},
		{"short", "c2hvcnQ=", 0o600, 0, "key 1 is not 32 bytes"},
		{"empty", "\n", 0o600, 0, "there is no key"},
	} {
		ks, err := seal.Load(write(row.name, row.text, row.mode))
		if len(ks) != row.n || (err == nil) != (row.says == "") || err != nil && !strings.Contains(err.Error(), row.says) {
			t.Errorf("%s: %d keys, %v", row.name, len(ks), err)
		}
	}
	if _, err := seal.Load(filepath.Join(dir, "nothing")); err == nil {
		t.Error("a file that is not there")
	}
}
