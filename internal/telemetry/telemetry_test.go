package telemetry_test

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"recoup/internal/telemetry"
)

func TestMetrics(t *testing.T) {
	m := telemetry.New()
	m.Calls.WithLabelValues("taobao.time.get", "0").Inc()
	m.Latency.WithLabelValues("taobao.time.get").Observe(0.003)
	m.BatchSize.Observe(17)
	m.Queue.Set(5)
	m.Commit.Observe(0.002)
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, line := range []string{
		`recoup_calls_total{method="taobao.time.get",outcome="0"} 1`,
		`recoup_call_seconds_count{method="taobao.time.get"} 1`,
		`recoup_calls_in_flight 0`,
		`recoup_batch_commands_bucket{le="32"} 1`,
		`recoup_queue_commands 5`,
		`recoup_commit_seconds_bucket{le="0.0025"} 1`,
		`go_goroutines `,
	} {
		if !strings.Contains(w.Body.String(), "\n"+line) {
			t.Errorf("no line %s", line)
		}
	}
	telemetry.New() // each node has a registry of its own
}

func TestLogger(t *testing.T) {
	var b strings.Builder
	log := telemetry.NewLogger(&b, slog.LevelInfo)
	ctx := telemetry.WithRequest(t.Context(), "14ibtxvb4vqjh")
	log.DebugContext(ctx, "quiet")
	log.With(slog.Int("a", 1)).InfoContext(ctx, "call of 18651822226", slog.String("mobile", "18651822226"),
		slog.Any("error", errors.New("no 18651822226")), slog.Int64("n", 18651822226))
	log.Info("start")
	lines := strings.Split(b.String(), "\n")
	if len(lines) != 3 || !strings.HasSuffix(lines[0],
		`"level":"INFO","msg":"call of 186****2226","a":1,"mobile":"186****2226","error":"no 186****2226","n":18651822226,"request_id":"14ibtxvb4vqjh"}`) {
		t.Errorf("log:\n%s", b.String())
	}
	if strings.Contains(lines[1], "request_id") {
		t.Errorf("a line of no call: %s", lines[1])
	}
	if telemetry.Request(t.Context()) != "" || telemetry.Request(ctx) != "14ibtxvb4vqjh" {
		t.Error("Request")
	}
}

func TestMaskMobiles(t *testing.T) {
	for text, want := range map[string]string{
		"":                                  "",
		"18651822226":                       "186****2226",
		"a18651822226b, 13800000000":        "a186****2226b, 138****0000",
		"手机18651822226":                     "手机186****2226",
		"1865182222":                        "1865182222",
		"118651822226":                      "118651822226",
		"186518222260":                      "186518222260",
		"12651822226":                       "12651822226",
		"28651822226":                       "28651822226",
		"5000399193546580981":               "5000399193546580981",
		"18651822226 18651822226x118 18651": "186****2226 186****2226x118 18651",
	} {
		if got := telemetry.MaskMobiles(text); got != want {
			t.Errorf("MaskMobiles(%q) = %q, want %q", text, got, want)
		}
	}
}
