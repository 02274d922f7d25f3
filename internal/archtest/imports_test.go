package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// allowed says which packages each package may import: ours by their path under internal, others by the beginning of theirs. The
// standard library is free but for the core. Tests may import anything.
var allowed = map[string][]string{
	// The core decides. It knows no clock, no I/O and nobody but itself. policy is a brand's rules as a document.
	"ledger":  {},
	"reverse": {"ledger"},
	"policy":  {"ledger", "reverse", "github.com/santhosh-tekuri/jsonschema/v6", "golang.org/x/text"},

	// The shell keeps and commits.
	"store":           {"ledger", "reverse", "seal"},
	"store/storetest": {"ledger", "reverse", "store", "store/memstore", "github.com/google/go-cmp"},
	"store/memstore":  {"ledger", "reverse", "store"},
	"store/sqlite":    {"ledger", "reverse", "seal", "store", "golang.org/x/sys/unix", "modernc.org/sqlite", "zombiezen.com/go/sqlite", "github.com/pressly/goose/v3"},
	"store/postgres":  {"ledger", "reverse", "seal", "store", "github.com/jackc/pgx/v5", "github.com/pressly/goose/v3"},
	"engine":          {"ledger", "reverse", "store", "telemetry"},
	"query":           {"ledger", "reverse", "store"},
	"audit":           {"ledger", "reverse", "store"},
	"replay":          {"ledger", "store"},

	// What is brought in from elsewhere.
	"sheet": {"top", "github.com/xuri/excelize/v2", "golang.org/x/text"},

	// Followers of the operations. Siblings never meet.
	"feed":         {"store", "ledger", "reverse", "telemetry"},
	"feed/figures": {"feed", "store", "ledger", "reverse", "telemetry"},
	"feed/webhook": {"feed", "store", "ledger", "reverse", "telemetry"},
	"feed/tmc":     {"feed", "store", "ledger", "reverse", "telemetry"},
	"feed/payout":  {"feed", "store", "ledger", "reverse", "telemetry"},
	"calllog":      {"store", "telemetry"},
	"operator":     {"store", "telemetry"},

	// The edge speaks the platform's protocol. api reads and builds values of top, and knows apps and sessions by the store's types
	// (docs/adr/0001-api-imports-top.md).
	"top":     {"github.com/go-json-experiment/json/jsontext"},
	"api":     {"ledger", "reverse", "policy", "query", "top", "store"},
	"gateway": {"top", "api", "auth", "limit", "calllog", "telemetry", "ledger", "reverse", "store"},

	// What people look at. The console runs the same commands through the same service as the API.
	"web":         {},
	"web/docs":    {"web", "api", "top"},
	"web/console": {"web", "query", "policy", "operator", "calllog", "ledger", "reverse"},

	// Leaves. auth keeps the store's directory in memory.
	"auth":      {"store", "ledger"},
	"clock":     {"golang.org/x/sys/unix"},
	"limit":     {"golang.org/x/time/rate"},
	"telemetry": {"github.com/prometheus/client_golang"},
	"pgtemp":    {"github.com/jackc/pgx/v5"},

	// Worlds and measurements (docs/adr/0002-demo-and-bench.md).
	"demo":  {"engine", "store", "ledger", "reverse"},
	"bench": {"pgtemp", "store", "ledger", "reverse", "top", "github.com/jackc/pgx/v5"},

	"seal":     {},
	"archtest": {},
	"need":     {},
}

// coming are rows whose packages are not there yet. Whoever adds one takes it from here.
var coming = []string{
	"feed", "feed/figures", "feed/webhook", "feed/tmc", "feed/payout", "calllog", "operator", "web", "web/docs", "web/console",
}

// banned is what the core may not import of the standard library: whatever could make two decisions over the same state differ.
var banned = []string{"context", "crypto/rand", "database/sql", "io", "log", "math/rand", "net", "os", "runtime", "sync", "syscall"}

// bannedTime is what the core may not take from package time, which it needs to write dates.
var bannedTime = []string{"After", "AfterFunc", "NewTicker", "NewTimer", "Now", "Since", "Sleep", "Tick", "Until"}

const module, internal = "recoup", "recoup/internal/"

func TestImports(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for dir, files := range packages(t) {
		path, ok := strings.CutPrefix(dir, "internal/")
		if !ok {
			continue // the root package, the command and the tests are where things meet
		}
		row, listed := allowed[path]
		if !listed {
			t.Errorf("package %s is not in the table: say here and in ARCHITECTURE.md whom it may import", path)
			continue
		}
		seen[path] = true
		for name, file := range files {
			for _, spec := range file.Imports {
				imported, err := strconv.Unquote(spec.Path.Value)
				if err != nil {
					t.Fatal(err)
				}
				if !mayImport(path, row, imported) {
					t.Errorf("%s: package %s may not import %s; it may import %s", name, path, imported, strings.Join(row, ", "))
				}
			}
		}
	}
	for path := range allowed {
		if seen[path] == slices.Contains(coming, path) {
			t.Errorf("%s: there is %v; the table has a row for what is there, and coming names the rest", path, seen[path])
		}
	}
}

// mayImport reports whether a package may import another by its row of the table.
func mayImport(path string, row []string, imported string) bool {
	if ours, ok := strings.CutPrefix(imported, internal); ok {
		return slices.Contains(row, ours)
	}
	if imported == module {
		return false // the root package imports everything below it
	}
	if first, _, _ := strings.Cut(imported, "/"); strings.Contains(first, ".") {
		return under(row, imported)
	}
	return path != "ledger" && path != "reverse" || !under(banned, imported)
}

// under reports whether a path is one of the list or lies below one.
func under(list []string, path string) bool {
	return slices.ContainsFunc(list, func(p string) bool { return path == p || strings.HasPrefix(path, p+"/") })
}

// TestCoreHasNoClock holds the core to the stamp it is given.
func TestCoreHasNoClock(t *testing.T) {
	t.Parallel()
	all := packages(t)
	for _, dir := range []string{"internal/ledger", "internal/reverse"} {
		for name, file := range all[dir] {
			ast.Inspect(file, func(n ast.Node) bool {
				if sel, ok := n.(*ast.SelectorExpr); ok {
					if x, ok := sel.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains(bannedTime, sel.Sel.Name) {
						t.Errorf("%s: time.%s; take the Stamp", name, sel.Sel.Name)
					}
				}
				return true
			})
		}
	}
}

// packages parses every Go file of the module but tests, by folder and file name.
func packages(t *testing.T) map[string]map[string]*ast.File {
	t.Helper()
	root := filepath.Join("..", "..")
	found := map[string]map[string]*ast.File{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if d.IsDir() {
			if name := d.Name(); name == "node_modules" || name == "testdata" || rel == "tools" || len(name) > 2 && name[0] == '.' {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(rel, ".go") || strings.HasSuffix(rel, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(filepath.Dir(rel))
		if found[dir] == nil {
			found[dir] = map[string]*ast.File{}
		}
		found[dir][rel] = file
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
