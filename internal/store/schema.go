package store

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// brandTables are the tables whose rows belong to a brand.
var brandTables = []string{
	"rules", "head", "counter", "op", "link", "seal", "member", "ident", "lot", "hold", "voucher", "refusal", "tombstone", "wdk_order", "wdk_sub", "quote",
	"reverse", "follower", "follower_row",
}

// Strangers names tables with rows of brands that are not there. next is the first brand of a table after one, and whether there is one.
func Strangers(serials []int64, next func(table string, after int64) (brand int64, more bool, err error)) (found []string, err error) {
	for _, table := range brandTables {
		for brand := int64(math.MinInt32); ; {
			var more bool
			if brand, more, err = next(table, brand); err != nil {
				return found, err
			}
			if !more {
				break
			}
			if !slices.Contains(serials, brand) {
				found = append(found, fmt.Sprintf("table %s has rows of brand number %d, which is not there", table, brand))
			}
		}
	}
	return found, nil
}

// SchemaLine is how schema.txt tells a thing of a table: its kind, the table, its name, and a digest of the rest.
func SchemaLine(kind, table, name, text string) string {
	sum := sha256.Sum256([]byte(text))
	return kind + " " + table + "." + name + " " + hex.EncodeToString(sum[:8])
}

// SchemaDiffers tells what of our tables is not as the migrations make it: golden is schema.txt, one thing a line. What else lies in the database is
// not ours to judge.
func SchemaDiffers(golden string, found []string) (differs []string) {
	thing := func(line string) string { return line[:strings.LastIndexByte(line, ' ')] }
	table := func(line string) string {
		_, name, _ := strings.Cut(line, " ")
		name, _, _ = strings.Cut(name, ".")
		return name
	}
	want, ours := map[string]string{}, map[string]bool{}
	for line := range strings.Lines(golden) {
		line = strings.TrimSpace(line)
		want[thing(line)] = line
		ours[table(line)] = true
	}
	for _, line := range found {
		is := want[thing(line)]
		switch {
		case is == "" && ours[table(line)]:
			differs = append(differs, "the schema has something of its own, "+thing(line)+", which no migration makes")
		case is != "" && is != line:
			differs = append(differs, "the schema's "+thing(line)+" is not as the migrations make it")
		}
		delete(want, thing(line))
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		differs = append(differs, "the schema lacks the "+name)
	}
	return differs
}
