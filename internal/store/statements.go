package store

import (
	"io/fs"
	"path"
	"strings"
)

// Statements reads the .sql files of a folder: statements by name, each after a line `-- name: X`. What stands above the first is
// for people. It panics on two of one name: files are part of the program.
func Statements(files fs.FS, folder string) map[string]string {
	names, err := fs.Glob(files, path.Join(folder, "*.sql"))
	if err != nil {
		panic(err)
	}
	out := map[string]string{}
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			panic(err)
		}
		for i, part := range strings.Split("\n"+string(text), "\n-- name: ") {
			if i == 0 {
				continue
			}
			name, sql, _ := strings.Cut(part, "\n")
			if out[name] != "" {
				panic("store: two statements named " + name)
			}
			out[name] = strings.TrimSpace(sql)
		}
	}
	return out
}
