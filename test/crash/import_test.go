package crash

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"recoup/internal/pgtemp"
)

// An import that is killed in the middle goes on where it stopped: run again, every line is in the books once, and they add up to the file.
func TestImportKilled(t *testing.T) {
	t.Parallel()
	const lines = 4000
	var table strings.Builder
	table.WriteString("会员号,余额,积分,有效期\n")
	for i := range lines { // several lines of each member, apart by their days
		fmt.Fprintf(&table, "%s,1.25,3,%s\n", memberID(int64(i%members)), time.Now().AddDate(0, 0, 1+i/members).Format("2006/1/2"))
	}
	file := filepath.Join(t.TempDir(), "余额.csv")
	if err := os.WriteFile(file, []byte(table.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, dsn := range map[string]string{"sqlite": "sqlite:" + filepath.Join(t.TempDir(), "import.db"), "postgres": pgtemp.Database(t)} {
		t.Run(name, func(t *testing.T) {
			prepare(t, dsn, members)
			imports := []string{"import", "balances", file, "--brand", brand, "--db", dsn, "--json"}
			for kill := range 4 {
				cmd := recoupCommand(imports...)
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Duration(100+150*kill) * time.Millisecond) // in the check, or among the lines
				_ = cmd.Process.Kill()
				_ = cmd.Wait()
			}
			var stderr bytes.Buffer
			cmd := recoupCommand(imports...)
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("%v\n%s", err, &stderr)
			}
			var sum struct{ Lines, Imported, Present, Fen, Points int }
			if err := json.Unmarshal(out, &sum); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			t.Logf("%d lines were there already", sum.Present)
			if sum.Lines != lines || sum.Imported+sum.Present != lines || sum.Fen != 125*lines || sum.Points != 3*lines {
				t.Errorf("%+v", sum)
			}
			// auditAll counts value in charges of 10 yuan.
			if points := auditAll(t, dsn, 125*lines/1000, 0); points != 3*lines {
				t.Errorf("%d points are booked, want %d", points, 3*lines)
			}
		})
	}
}
