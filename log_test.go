package recoup

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"recoup/internal/demo"
	"recoup/internal/store"
	"recoup/internal/store/memstore"
	"recoup/internal/telemetry"
	"recoup/internal/top"
)

// lines is a log that is written and read by several.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) last(msg string) (line map[string]any, text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for one := range strings.Lines(l.text.String()) {
		m := map[string]any{}
		if json.Unmarshal([]byte(one), &m) == nil && m["msg"] == msg {
			line, text = m, one
		}
	}
	return line, text
}

// Whatever a cashier is told can be found again by what the cashier knows: brand, order, shop, operator, their own request number.
func TestLogFindsRefusals(t *testing.T) {
	log := &lines{}
	n, err := Open(t.Context(), Options{Store: memstore.Open(), Demo: true, Log: telemetry.NewLogger(log, slog.LevelInfo)})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	const mobile = "18651822226"
	body := `{"brand_id":"1332","mobile":"` + mobile + `","operate_type":3,"change_value":99999999,"outer_order_id":"B-77","request_id":"R-1","shop_id":"243545","operator_id":"007","reason":"买单"}`
	p := top.NewParams("method", "alibaba.alsc.crm.open.recharge.operate", "app_key", demo.AppKey, "v", "2.0", "format", "json",
		"sign_method", top.HMACSHA256, "timestamp", top.FormatTime(time.Now()), "param_recharge_operate_open_req", body)
	p.Set("sign", top.Sign(p, demo.Secret, top.HMACSHA256))
	r := httptest.NewRequest(http.MethodPost, "/router/rest", strings.NewReader(p.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	n.handler.ServeHTTP(w, r)
	line, text := log.last("call")
	for key, want := range map[string]string{
		"brand": "1332", "shop": "243545", "order": "B-77", "asked": "R-1", "operator": "007", "from": "192.0.2.1", "app": demo.AppKey,
		"method": "alibaba.alsc.crm.open.recharge.operate",
	} {
		if line[key] != want {
			t.Errorf("%s is %v, want %s: %s\nanswer %s", key, line[key], want, text, w.Body)
		}
	}
	if result, _ := line["result"].(string); result == "" || result == "0" || strings.Contains(text, mobile) {
		t.Errorf("line %s", text)
	}
	if at, _ := line["time"].(string); len(at) < 20 || at[len(at)-1] != 'Z' && !strings.ContainsAny(at[19:], "+-") {
		t.Errorf("a time without its zone: %s", text)
	}

	// What others change is told, without values.
	app := &store.App{Key: "77", Name: "neu", Secrets: []string{"geheim-geheim-geheim"}}
	if err := n.Store.PutApp(t.Context(), app, store.Author{By: "小王", From: "pc-7", Why: "新收银机"}); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if line, text = log.last("directory"); line != nil {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	if line["what"] != "app" || line["key"] != "77" || line["by"] != "小王" || line["where"] != "pc-7" || strings.Contains(text, "geheim") {
		t.Errorf("line %s", text)
	}
}
