package pgtemp

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// ErrMissing: no PostgreSQL server is installed on this machine.
var ErrMissing = errors.New("no PostgreSQL server is installed (postgres and initdb, neither in PATH nor in " + debian +
	"); on Debian: sudo apt-get install postgresql")

// debian is where Debian keeps the binaries of each major version, out of PATH.
const debian = "/usr/lib/postgresql/*/bin"

// binaries is the folder of the server's binaries: of the server in PATH, or the newest of Debian's.
func binaries() (string, error) {
	if path, err := exec.LookPath("postgres"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil && complete(filepath.Dir(path)) {
			return filepath.Dir(path), nil
		}
	}
	folders, err := filepath.Glob(debian)
	if err != nil {
		return "", err
	}
	folders = slices.DeleteFunc(folders, func(f string) bool { return !complete(f) })
	if len(folders) == 0 {
		return "", ErrMissing
	}
	return slices.MaxFunc(folders, func(a, b string) int { return major(a) - major(b) }), nil
}

// complete reports whether a folder holds what a new cluster needs.
func complete(folder string) bool {
	for _, name := range []string{"postgres", "initdb"} {
		if _, err := exec.LookPath(filepath.Join(folder, name)); err != nil {
			return false
		}
	}
	return true
}

// major is the version in a path of Debian's; the text would put 9 above 15.
func major(folder string) int {
	n, err := strconv.Atoi(filepath.Base(filepath.Dir(folder)))
	if err != nil {
		return 0 // 9.6 and before
	}
	return n
}

// version asks the server's binary, which says "postgres (PostgreSQL) 15.18" and whatever the distribution adds.
func version(ctx context.Context, folder string) (string, error) {
	out, err := exec.CommandContext(ctx, filepath.Join(folder, "postgres"), "--version").Output() //nolint:gosec // the binary found
	if err != nil {
		return "", fmt.Errorf("postgres --version: %w", err)
	}
	words := strings.Fields(string(out))
	if len(words) < 3 {
		return "", fmt.Errorf("postgres --version: %q", out)
	}
	return words[2], nil
}

// account is whom the server runs as; the zero value is ourselves.
type account struct {
	name     string
	uid, gid int
}

// String names the account, for whom an error must tell who was denied.
func (a account) String() string {
	if a.name == "" {
		return "ourselves"
	}
	return "user " + a.name
}

// unprivileged is the account to run the server as: PostgreSQL refuses to run as root.
func unprivileged() (account, error) {
	if os.Geteuid() != 0 {
		return account{}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.Atoi(u.Uid)
		if err != nil {
			return account{}, err
		}
		gid, err := strconv.Atoi(u.Gid)
		if err != nil {
			return account{}, err
		}
		return account{name: name, uid: uid, gid: gid}, nil
	}
	return account{}, fmt.Errorf("PostgreSQL does not run as root, and there is neither a user postgres nor nobody: useradd --system postgres")
}

// own gives a folder to the account.
func (a account) own(folder string) error {
	if a.name == "" {
		return nil
	}
	return os.Chown(folder, a.uid, a.gid)
}
