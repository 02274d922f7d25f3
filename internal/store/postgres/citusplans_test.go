package postgres

import (
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"recoup/internal/pgtemp"
)

// TestPlansOnCitus holds every statement to one machine: the cluster sends it there as one task, and the machine enters the index that is
// meant. Of the others each says why not.
func TestPlansOnCitus(t *testing.T) {
	t.Parallel()
	o := Options{DSN: pgtemp.Citus(t)}
	if err := Distribute(t.Context(), o, func(string, string) {}); err != nil {
		t.Fatal(err)
	}
	believing(t, o, func(c *pgx.Conn, believed, name, reason, text string) {
		if strings.HasPrefix(reason, "-- no table") {
			return
		}
		plan := explain(t, c, name, text, sample)
		if strings.Count(plan, "Task Count: 1") != 1 || strings.Count(plan, "Task Count: ") != 1 {
			t.Errorf("%s is not one task:\n%s", name, plan)
		}
		if !scanned.MatchString(reason) {
			checkPlan(t, name, reason, believed, shard.ReplaceAllString(plan, ""))
		}
	})
}

// shard is what a worker's tables and indexes are called behind ours.
var shard = regexp.MustCompile(`_1\d{5}\b`)

// sample is a parameter of a type: on Citus only a value leads to a machine. Brands are integers, and there is one.
func sample(c *pgx.Conn, oid uint32) string {
	switch typ, _ := c.TypeMap().TypeForOID(oid); {
	case oid == pgtype.ByteaOID:
		return `'\x00'`
	case oid == pgtype.ByteaArrayOID:
		return `ARRAY['\x00'::bytea]`
	case strings.HasPrefix(typ.Name, "_"):
		return "'{1}'"
	}
	return "'1'"
}
