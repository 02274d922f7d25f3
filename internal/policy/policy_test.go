package policy

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"recoup/internal/ledger"
)

// TestSchemaAndDocument holds the schema to the types: the same members, and the defaults that a brand without rules has.
func TestSchemaAndDocument(t *testing.T) {
	t.Parallel()
	var root map[string]any
	if err := json.Unmarshal(schemaText, &root); err != nil {
		t.Fatal(err)
	}
	var compare func(path string, schema map[string]any, v reflect.Value)
	compare = func(path string, schema map[string]any, v reflect.Value) {
		switch {
		case v.Kind() == reflect.Struct:
			properties, _ := schema["properties"].(map[string]any)
			var ours, theirs []string
			for i := range v.NumField() {
				name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
				ours = append(ours, name)
				if p, ok := properties[name].(map[string]any); ok {
					compare(path+"."+name, p, v.Field(i))
				}
			}
			for name := range properties {
				theirs = append(theirs, name)
			}
			slices.Sort(ours)
			slices.Sort(theirs)
			if !slices.Equal(ours, theirs) {
				t.Errorf("%s: the type has %v, the schema %v", path, ours, theirs)
			}
		case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Struct:
			items, _ := schema["items"].(map[string]any)
			compare(path+"[]", items, reflect.New(v.Type().Elem()).Elem())
			fallthrough
		default:
			if usual, ok := schema["default"]; ok {
				text, _ := json.Marshal(usual)
				got, _ := json.Marshal(v.Interface())
				if string(text) != string(got) {
					t.Errorf("%s: the default is %s, the schema says %s", path, got, text)
				}
			}
		}
	}
	compare("", root, reflect.ValueOf(Of(&ledger.Brand{})))
}

// TestNothingIsLost: any rules of a brand come back from their document as they were, or as their defaults.
func TestNothingIsLost(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := &ledger.Brand{}
		d := Of(b)
		pairs := map[string][]string{
			"stored_value.deduction_order": {"real_first", "gift_first", "proportional"}, "stored_value.direct_debit": {"true", "false"},
			"stored_value.hold_seconds": {"1", "1800", "7200"}, "stored_value.valid_days": {"0", "365"}, "stored_value.gift_spent": {"refuse", "deduct", "absorb"},
			"stored_value.recharge_gift": {"true", "false"}, "stored_value.recharge_tiers": {"[]", `[{"real":1,"gift":2},{"real":3,"gift":4}]`},
			"stored_value.refund_days": {"0", "30"}, "points.per_yuan": {"1", "100"}, "points.valid_days": {"0", "9"}, "points.clear_date": {"", "12-31", "01-01"},
			"points.earn.pay_methods": {"[]", `["CASH"]`}, "points.earn.excluded_goods": {"[]", `["cup"]`}, "points.earn.member_assets": {"true", "false"},
			"points.earn":             {`{"points":0,"fen":0}`, `{"points":1,"fen":100,"pay_methods":[],"excluded_goods":[],"member_assets":true}`},
			"points.refund_shortfall": {"debt", "refuse", "absorb"}, "points.take_back_shortfall": {"debt", "refuse", "absorb"}, "points.refund_days": {"0", "7"},
			"vouchers.refund_days": {"0", "1"}, "vouchers.grace_days": {"0", "2"}, "refunds.other_shop": {"allow", "forbid"}, "refunds.grace_days": {"0", "3"},
			"refunds.apply_days": {"7", "14"}, "members.unmerge_days": {"30", "365"}, "levels": {"[]", `[{"id":"a","name":"A","earn_percent":100},{"id":"b","name":"B","earn_percent":150}]`},
			"sweep.share_percent": {"20", "100"}, "registries.biz_types": {"[]", `["A"]`}, "registries.biz_channels": {"[]", `["B"]`},
			"registries.outer_types": {"[]", `["douyin"]`}, "registries.operator_types": {"[]", "[7,8]"},
			"registries.channels": {"[]", `[{"code":"20001","name":"云闪付"}]`}, "registries.reasons": {"[]", `[{"id":1,"text":"x","tip":"y","tags":["z"]}]`},
		}
		for _, path := range slices.Sorted(mapsKeys(pairs)) {
			value := rapid.SampledFrom(pairs[path]).Draw(t, path)
			var err error
			if d, err = d.Set([]string{path + "=" + value}); err != nil {
				t.Fatalf("%s=%s: %v", path, value, err)
			}
		}
		d.Apply(b)
		if diff := cmp.Diff(d, Of(b)); diff != "" {
			t.Fatalf("the document came back otherwise:\n%s", diff)
		}
		again := *b
		doc := Of(b)
		doc.Apply(&again)
		if diff := cmp.Diff(*b, again); diff != "" {
			t.Fatalf("the rules came back otherwise:\n%s", diff)
		}
	})
}

func mapsKeys(m map[string][]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// A brand that never set a rule keeps none: it follows the defaults.
func TestDefaultsStayDefaults(t *testing.T) {
	t.Parallel()
	var b, none ledger.Brand
	d := Of(&b)
	d.Apply(&b)
	if diff := cmp.Diff(none, b); diff != "" {
		t.Error(diff)
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"nothing", `{}`, nil},
		{"no JSON", `{`, []string{"is no JSON: unexpected EOF"}},
		{"a list", `[]`, []string{"is array, want object"}},
		{"null", `{"levels": null}`, []string{"levels: is null, want array"}},
		{"unknown at the top", `{"color": 1}`, []string{"there is no such rule: color; `recoup policy schema` lists them"}},
		{"lacks", `{"levels":[{"id":"a"}]}`, []string{"levels[0]: lacks name, earn_percent"}},
		{"twice", `{"registries":{"biz_types":["a","a"]}}`, []string{"registries.biz_types: items at 0 and 1 are equal"}},
		{"empty word", `{"registries":{"biz_types":[""]}}`, []string{
			"registries.biz_types[0]: '' does not match pattern '^[^\\\\u0000-\\\\u001f\\\\u007f-\\\\u009f]+$'", "registries.biz_types[0]: minLength: got 0, want 1",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse([]byte(tt.text))
			var wrong *ParseError
			if !errors.As(err, &wrong) {
				if tt.want != nil || err != nil {
					t.Errorf("got %v", err)
				}
				return
			}
			var got []string
			for _, p := range wrong.Problems {
				got = append(got, p.String())
			}
			slices.Sort(got)
			if len(got) != len(tt.want) || tt.name != "empty word" && !slices.Equal(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestDiff(t *testing.T) {
	t.Parallel()
	from := Of(&ledger.Brand{})
	to, err := from.Set([]string{"points.per_yuan=50", `levels=[{"id":"a","name":"A","earn_percent":100}]`})
	if err != nil {
		t.Fatal(err)
	}
	want := []Change{{"levels", "[]", `[{"earn_percent":100,"id":"a","name":"A"}]`}, {"points.per_yuan", "100", "50"}}
	if diff := cmp.Diff(want, Diff(from, to)); diff != "" {
		t.Error(diff)
	}
	if got := Diff(to, to); got != nil {
		t.Errorf("nothing differs, got %v", got)
	}
}
