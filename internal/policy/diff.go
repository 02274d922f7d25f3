package policy

import (
	"encoding/json"
	"maps"
	"slices"
)

// A Change is a member that differs between two documents.
type Change struct {
	Path string `json:"path"`
	From string `json:"from"` // JSON
	To   string `json:"to"`
}

// Diff lists what changes from one document to another, by path.
func Diff(from, to Document) (changes []Change) {
	a, b := from.Flat(), to.Flat()
	for _, path := range slices.Sorted(maps.Keys(a)) {
		if a[path] != b[path] {
			changes = append(changes, Change{path, a[path], b[path]})
		}
	}
	return changes
}

// Flat is the document by paths; a list is one value. Every document has the same paths.
func (d Document) Flat() map[string]string {
	text, _ := json.Marshal(d) // words and numbers always marshal
	var root any
	_ = json.Unmarshal(text, &root)
	flat := map[string]string{}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		if m, ok := v.(map[string]any); ok {
			for k, v := range m {
				if path != "" {
					k = path + "." + k
				}
				walk(k, v)
			}
			return
		}
		text, _ := json.Marshal(v)
		flat[path] = string(text)
	}
	walk("", root)
	return flat
}
