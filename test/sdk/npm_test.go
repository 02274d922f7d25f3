package sdk

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"recoup/internal/demo"
	"recoup/internal/need"
)

// The clients of npm that can run here. Each is called by clients/<name>.js.
var npmClients = []struct {
	name    string
	verb    string // for those that let the caller choose
	objects bool   // takes request objects and writes them as JSON itself
}{
	{name: "ali-topsdk", objects: true},
	{name: "ali-topsdk-batch"}, // all calls in one request; no library of npm does that by itself
	{name: "topSdk"},
	{name: "node-taobao-topclient", verb: "POST", objects: true},
	{name: "node-taobao-topclient", verb: "GET", objects: true},
	{name: "top", verb: "POST"},
	{name: "top", verb: "GET"},
	{name: "topsdk-community", verb: "POST"},
	{name: "topsdk-community", verb: "GET"}, // a GET with a form as body
	{name: "taobao", verb: "POST"},
	{name: "taobao", verb: "GET"},
}

// npmCall is a call for clients/run.js.
type npmCall struct {
	Method string            `json:"method"`
	Params map[string]string `json:"params"`
	Object string            `json:"object,omitempty"` // the parameter that the library is to write
}

func (c call) npm() npmCall {
	n := npmCall{Method: c.method, Params: map[string]string{c.param: c.request}}
	if c.session {
		n.Params["session"] = demo.Session
	}
	return n
}

// npmResult is what a library handed back.
type npmResult struct {
	Answer json.RawMessage
	Fault  *struct {
		Code    json.RawMessage // must be a number
		SubCode string          `json:"sub_code"`
		Msg     string
	}
}

// Every client calls the four published methods twice with the samples as printed, in a world of its own; then the business refuses it
// once and the platform twice.
func TestNpmClients(t *testing.T) {
	node := needClients(t)
	onEach(t, func(t *testing.T, open opener) { testNpmClients(t, node, open) })
}

func testNpmClients(t *testing.T, node string, open opener) {
	for _, c := range npmClients {
		t.Run(strings.TrimSpace(c.name+" "+c.verb), func(t *testing.T) {
			t.Parallel()
			w := open(t)
			fen, _ := w.member("34243334")

			var calls []npmCall
			var asked []published // whose sample each of the first calls is
			for range 2 {
				for _, s := range samples {
					calls = append(calls, sampleCall(s.Sample).npm())
					asked = append(asked, s)
				}
			}
			if c.objects {
				for _, s := range samples[:3] { // 003 has a number that JavaScript cannot count
					object := sampleCall(s.Sample).npm()
					object.Object = s.Param
					calls = append(calls, object)
					asked = append(asked, s)
				}
			}
			refused := sampleCall(samples[0].Sample)
			refused.request = strings.NewReplacer("3439200320332", "another-number", "232a283b23239c7823f23d23", "another-request").Replace(refused.request)
			unknown := call{method: "alibaba.alsc.crm.no.such", param: "param", request: "{}"}
			wrong := sampleCall(samples[2].Sample)
			wrong.request = strings.Replace(wrong.request, `"change_value":1000`, `"change_value":-1`, 1)
			calls = append(calls, refused.npm(), unknown.npm(), wrong.npm())

			results := runClient(t, node, c.name, c.verb, "http://"+w.addr, calls)
			first := map[string][]string{}
			for i, s := range asked {
				r := results[i]
				if r.Fault != nil {
					t.Errorf("%s: fault %+v", s.Document, *r.Fault)
					continue
				}
				got, ids := mask(string(r.Answer))
				want := strings.TrimSuffix(s.json[strings.Index(s.json, ":")+1:], "}") // libraries take the root off
				if got != want {
					t.Errorf("%s:\n got %s\nwant %s", s.Document, got, want)
				}
				if i < len(samples) {
					first[s.Document] = ids
				} else if !slices.Equal(ids, first[s.Document]) {
					t.Errorf("%s: made up %v, then %v", s.Document, first[s.Document], ids)
				}
			}
			results = results[len(asked):]
			if now, _ := w.member("34243334"); now != fen+1000+10 {
				t.Errorf("balance %d, want %d + 1000 charged + 10 refunded", now, fen)
			}

			var answer struct {
				Result struct {
					Success *bool  `json:"biz_success"`
					Code    string `json:"result_code"`
					Desc    string `json:"result_desc"`
					View    string `json:"result_view"`
				}
			}
			if err := json.Unmarshal(results[0].Answer, &answer); err != nil {
				t.Errorf("refusal: %v in %s", err, results[0].Answer)
			} else if r := answer.Result; r.Success == nil || *r.Success || r.Code != "ALREADY_REVERSED" || !strings.Contains(r.Desc, "3439200320332") || r.View == "" {
				t.Errorf("refusal: %s", results[0].Answer)
			}
			for i, want := range []struct{ code, sub, msg string }{
				{"22", "", "Invalid method"},
				{"50", "isv.invalid-parameter", "Remote service error"},
			} {
				f := results[1+i].Fault
				if f == nil || string(f.Code) != want.code || f.SubCode != want.sub || !strings.Contains(f.Msg, want.msg) {
					t.Errorf("want fault %v, got %+v with answer %s", want, f, results[1+i].Answer)
				}
			}
		})
	}
}

// needClients finds Node and makes sure that the clients are installed as package-lock.json says.
func needClients(t *testing.T) (node string) {
	t.Helper()
	node = need.Program(t, "node")
	lock, err := os.Stat("package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	installed, err := os.Stat(filepath.Join("node_modules", ".package-lock.json"))
	if err == nil && !installed.ModTime().Before(lock.ModTime()) {
		return node
	}
	if out, err := exec.CommandContext(t.Context(), need.Program(t, "npm"), "ci", "--ignore-scripts").CombinedOutput(); err != nil {
		t.Fatalf("npm ci: %v\n%s", err, out)
	}
	return node
}

// runClient makes calls with a client library at a base URL.
func runClient(t *testing.T, node, name, verb, base string, calls []npmCall, env ...string) []npmResult {
	t.Helper()
	input, err := json.Marshal(map[string]any{
		"url": base + "/router/rest", "key": demo.AppKey, "secret": demo.Secret, "verb": verb, "calls": calls,
	})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), node, "--no-deprecation", filepath.Join("clients", name+".js"))
	cmd.Env = append(append(os.Environ(), "TZ=Asia/Shanghai", "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1"), env...) // they send local time
	cmd.Stdin = bytes.NewReader(input)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, complaints.Bytes())
	}
	var results []npmResult
	if err := json.Unmarshal(out, &results); err != nil {
		t.Fatalf("%v in %s\n%s", err, out, complaints.Bytes())
	}
	if len(results) != len(calls) {
		t.Fatalf("%d results of %d calls", len(results), len(calls))
	}
	return results
}
