package sdk

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"recoup"
)

// A day in a restaurant (day/day.js): the manager sets the house up by the recoup command, the evening is now, and the morning is
// tomorrow's.
func TestDay(t *testing.T) {
	t.Parallel()
	node := needClients(t)
	dir := t.TempDir()
	program := filepath.Join(dir, "recoup")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "recoup/cmd/recoup").CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	db := "sqlite:" + filepath.Join(dir, "recoup.db")
	recoupSays := func(args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), program, args...)
		cmd.Env = append(os.Environ(), "RECOUP_DB="+db, "RECOUP_OPERATOR=manager")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("recoup %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	found := func(pattern, text string) string {
		t.Helper()
		m := regexp.MustCompile(pattern).FindStringSubmatch(text)
		if m == nil {
			t.Fatalf("no %s in %s", pattern, text)
		}
		return m[1]
	}
	const night = 24 * time.Hour
	tomorrow := time.Now().Add(night).In(time.FixedZone("GMT+8", 8*60*60))
	if tomorrow.Format("01-02") == "02-29" { // no day of every year
		tomorrow = tomorrow.Add(night)
	}
	recoupSays("brand", "create", "--id", "1332", "--name", "云上小馆")
	recoupSays("shop", "add", "--brand", "1332", "--id", "1", "--name", "总店")
	recoupSays("shop", "add", "--brand", "1332", "--id", "2", "--name", "鲜生店", "--no-auto-agree", "--hours", "00:00-23:59")
	recoupSays("policy", "set", "--brand", "1332", "stored_value.recharge_gift=true", `stored_value.recharge_tiers=[{"real":10000,"gift":1000},{"real":20000,"gift":3000}]`,
		"points.earn.points=1", "points.earn.fen=100", "points.clear_date="+tomorrow.Format("01-02"), `levels=[{"id":"gold","name":"金卡","earn_percent":150}]`)
	app := recoupSays("app", "create", "--name", "till", "--method", "*", "--brand", "1332")
	key, secret := found(`app_key +(\d+)`, app), found(`secret +(\w+)`, app)
	session := found(`session +(\w+)`, recoupSays("session", "create", "--app", key, "--merchant", "1", "--brand", "1332"))

	for _, part := range []struct {
		name  string
		ahead time.Duration
	}{{"evening", 0}, {"morning", time.Until(tomorrow)}} {
		now := func() time.Time { return time.Now().Add(part.ahead) }
		house, err := recoup.Open(t.Context(), recoup.Options{DB: db, Now: now})
		if err != nil {
			t.Fatal(err)
		}
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		life, stop := context.WithCancel(t.Context())
		served := make(chan error, 1)
		go func() { served <- house.Serve(life, listener) }()

		cmd := exec.CommandContext(t.Context(), node, "--no-deprecation", filepath.Join("day", "day.js"), part.name)
		cmd.Env = append(os.Environ(), "TZ=Asia/Shanghai", "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1", "RECOUP_DB="+db, "RECOUP="+program,
			"URL=http://"+listener.Addr().String()+"/router/rest", "APP_KEY="+key, "SECRET="+secret, "SESSION="+session,
			"NOTES="+filepath.Join(dir, "notes.json"), "AHEAD_MS="+strconv.FormatInt(part.ahead.Milliseconds(), 10))
		var complaints bytes.Buffer
		cmd.Stderr = &complaints
		if err := cmd.Run(); err != nil {
			t.Errorf("%s: %v\n%s", part.name, err, complaints.Bytes())
		}
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
		house.Close()
	}
}
