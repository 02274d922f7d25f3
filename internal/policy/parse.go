package policy

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"recoup/internal/ledger"
)

//go:embed schema.json
var schemaText []byte

// Schema is the JSON Schema of documents.
func Schema() []byte { return bytes.Clone(schemaText) }

// A Problem is what is wrong with a document: where, and what to do.
type Problem struct{ Path, Remedy string }

func (p Problem) String() string {
	if p.Path == "" {
		return p.Remedy
	}
	return p.Path + ": " + p.Remedy
}

// A ParseError is everything that is wrong with a document.
type ParseError struct{ Problems []Problem }

func (e *ParseError) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// schema is compiled when it is first asked: most commands never do.
var schema = sync.OnceValue(compile)

func compile() *jsonschema.Schema {
	const name = "urn:recoup:policy"
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schemaText))
	if err != nil {
		panic(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(name, doc); err != nil {
		panic(err)
	}
	return c.MustCompile(name)
}

// Parse reads a whole document; what it leaves out has its default. The error is a *ParseError with all that is wrong.
func Parse(text []byte) (Document, error) {
	d := Of(&ledger.Brand{})
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return d, &ParseError{[]Problem{{"", "is no JSON: " + err.Error()}}}
	}
	if problems := validate(doc); len(problems) > 0 {
		return d, &ParseError{problems}
	}
	// A list that is given replaces the default's: no default list has members.
	if err := json.Unmarshal(text, &d); err != nil {
		return d, &ParseError{[]Problem{{"", err.Error()}}}
	}
	if problems := d.Check(); len(problems) > 0 {
		return d, &ParseError{problems}
	}
	return d, nil
}

// validate holds a document to the schema.
func validate(doc any) (problems []Problem) {
	err := schema().Validate(doc)
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return nil
	}
	var walk func(e *jsonschema.ValidationError)
	walk = func(e *jsonschema.ValidationError) {
		for _, c := range e.Causes {
			walk(c)
		}
		if len(e.Causes) == 0 {
			problems = append(problems, Problem{pathOf(e.InstanceLocation), remedy(e.ErrorKind)})
		}
	}
	walk(invalid)
	slices.SortStableFunc(problems, func(a, b Problem) int { return strings.Compare(a.Path, b.Path) })
	return problems
}

var english = message.NewPrinter(language.English)

// remedy says what to do about a fault that the schema found.
func remedy(k jsonschema.ErrorKind) string {
	switch k := k.(type) {
	case *kind.AdditionalProperties:
		return "there is no such rule: " + strings.Join(k.Properties, ", ") + "; `recoup policy schema` lists them"
	case *kind.Enum:
		words := make([]string, len(k.Want))
		for i, w := range k.Want {
			words[i] = fmt.Sprint(w)
		}
		return fmt.Sprintf("%v is none of %s", k.Got, strings.Join(words, ", "))
	case *kind.Type:
		return "is " + k.Got + ", want " + strings.Join(k.Want, " or ")
	case *kind.Minimum:
		return "is " + k.Got.RatString() + "; want " + k.Want.RatString() + " or more"
	case *kind.Maximum:
		return "is " + k.Got.RatString() + "; want at most " + k.Want.RatString()
	case *kind.Required:
		return "lacks " + strings.Join(k.Missing, ", ")
	}
	return k.LocalizedString(english)
}

// pathOf writes a path as people do: points.earn.fen, levels[0].id.
func pathOf(location []string) string {
	var b strings.Builder
	for _, part := range location {
		switch _, err := strconv.Atoi(part); {
		case err == nil:
			b.WriteString("[" + part + "]")
			continue
		case b.Len() > 0:
			b.WriteByte('.')
		}
		b.WriteString(part)
	}
	return b.String()
}

// Set changes members of a document by their paths: points.per_yuan=50, levels=[…]. A value is JSON, or else a text. What comes of it is
// checked as a whole.
func (d Document) Set(pairs []string) (Document, error) {
	text, err := json.Marshal(d)
	if err != nil {
		return d, err
	}
	var root map[string]any
	if err := json.Unmarshal(text, &root); err != nil {
		return d, err
	}
	for _, pair := range pairs {
		path, value, ok := strings.Cut(pair, "=")
		if !ok {
			return d, fmt.Errorf("%q: want PATH=VALUE, like points.per_yuan=50", pair)
		}
		steps, at := strings.Split(path, "."), root
		for i, step := range steps {
			_, known := at[step]
			if !known {
				return d, fmt.Errorf("%s: there is no such rule; `recoup policy get` shows them", strings.Join(steps[:i+1], "."))
			}
			if i == len(steps)-1 {
				at[step] = valueOf(value)
				break
			}
			if at, ok = at[step].(map[string]any); !ok {
				return d, fmt.Errorf("%s: has no members; set it as a whole", strings.Join(steps[:i+1], "."))
			}
		}
	}
	if text, err = json.Marshal(root); err != nil {
		return d, err
	}
	return Parse(text)
}

func valueOf(text string) any {
	var v any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil || d.More() {
		return text
	}
	return v
}
