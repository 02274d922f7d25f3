package tamper

import (
	"fmt"
	"regexp"
	"strings"

	"recoup/internal/audit"
	"recoup/internal/store"
)

// attacks are edits of more than one value, by who knows the program and has no key.
var attacks = []struct {
	name string
	by   audit.Check // who notices
	do   func(d *database) (undo func(), err error)
}{
	{"a mobile that leads to another member's money", audit.NameCheck, func(d *database) (func(), error) {
		return d.both("INSERT INTO ident (BRAND, type, outer_type, text, member) VALUES (1, 1, '', '13911112222', 'm1')",
			"DELETE FROM ident WHERE text = '13911112222'")
	}},
	{"the mobile of one member given to another", audit.NameCheck, func(d *database) (func(), error) {
		return d.both("UPDATE ident SET member = 'm2' WHERE text = '13800000000'", "UPDATE ident SET member = 'm1' WHERE text = '13800000000'")
	}},
	{"a mobile given to another member, and said so by both", audit.PrintCheck, func(d *database) (func(), error) {
		return d.both(
			"UPDATE ident SET member = 'm2' WHERE text = '13800000000'; UPDATE member SET body = replace(body, '13800000001', '13800000000') WHERE id = 'm2'; "+
				"UPDATE member SET body = replace(body, '\"mobile\":\"13800000000\",', '') WHERE id = 'm1'; DELETE FROM ident WHERE text = '13800000001'",
			"UPDATE ident SET member = 'm1' WHERE text = '13800000000'; UPDATE member SET body = replace(body, '13800000000', '13800000001') WHERE id = 'm2'; "+
				"UPDATE member SET body = replace(body, '\"gender\"', '\"mobile\":\"13800000000\",\"gender\"') WHERE id = 'm1'; "+
				"INSERT INTO ident (BRAND, type, outer_type, text, member) VALUES (1, 1, '', '13800000001', 'm2')")
	}},
	{"a member unfrozen", audit.PrintCheck, func(d *database) (func(), error) {
		return d.both("UPDATE member SET body = replace(body, ',\"frozen\":true', '') WHERE id = 'm2'",
			"UPDATE member SET body = replace(body, ',\"shop\"', ',\"frozen\":true,\"shop\"') WHERE id = 'm2'")
	}},
	{"a voucher given to a thief", audit.PrintCheck, func(d *database) (func(), error) {
		return d.both("UPDATE voucher SET member = 'm2', body = replace(body, '\"m\":\"m1\"', '\"m\":\"m2\"')",
			"UPDATE voucher SET member = 'm1', body = replace(body, '\"m\":\"m2\"', '\"m\":\"m1\"')")
	}},
	{"a refusal that says it was done", audit.SealCheck, func(d *database) (func(), error) {
		return d.both("UPDATE refusal SET result = '{\"vok\":true}'", "")
	}},
	{"a secret of one app given to another", audit.JournalCheck, func(d *database) (func(), error) {
		return d.both("INSERT INTO app (key, body) SELECT '2', replace(body, '\"Key\":\"1\"', '\"Key\":\"2\"') FROM app WHERE key = '1'",
			"DELETE FROM app WHERE key = '2'")
	}},
	{"a session for all brands", audit.JournalCheck, func(d *database) (func(), error) {
		return d.both("INSERT INTO session (digest, body) VALUES ('"+store.TokenDigest("mine")+"', '{\"Digest\":\""+store.TokenDigest("mine")+"\",\"App\":\"1\"}')",
			"DELETE FROM session WHERE digest = '"+store.TokenDigest("mine")+"'")
	}},
	{"repeat guard of a grant taken away", audit.RowCheck, func(d *database) (func(), error) {
		return d.both("UPDATE op SET request = NULL WHERE order_no = 'G1'", "")
	}},
	{"a chain that was made anew", audit.SealCheck, (*database).remake},
}

// both runs statements, and answers how to undo them; undone by nothing, everything that they change is read before and written back.
func (d *database) both(do, undo string) (func(), error) {
	column := "brand"
	if d.mark(1) == "$1" {
		column = "brand_id"
	}
	run := func(statements string) error {
		for statement := range strings.SplitSeq(statements, "; ") {
			if _, err := d.db.Exec(strings.ReplaceAll(statement, "BRAND", column)); err != nil {
				return fmt.Errorf("%s: %w", statement, err)
			}
		}
		return nil
	}
	back := func() error { return run(undo) }
	if undo == "" {
		keep := regexp.MustCompile(`UPDATE (\w+) SET (\w+) = .*?(WHERE .*)?$`).FindStringSubmatch(do)
		var old any
		if err := d.db.QueryRow(fmt.Sprintf("SELECT %s FROM %s %s", keep[2], keep[1], keep[3])).Scan(&old); err != nil {
			return nil, err
		}
		back = func() error {
			_, err := d.db.Exec(fmt.Sprintf("UPDATE %s SET %s = %s %s", keep[1], keep[2], d.mark(1), keep[3]), old)
			return err
		}
	}
	if err := run(do); err != nil {
		return nil, err
	}
	return func() {
		if err := back(); err != nil {
			panic(err)
		}
	}, nil
}

// remake changes what an operation says and computes every link after it anew, and the head: without a key that is all there is to do.
func (d *database) remake() (undo func(), err error) {
	type row struct {
		seq  int64
		body string
		link []byte
	}
	var rows []row
	var head []byte
	if err := d.db.QueryRow("SELECT hash FROM head").Scan(&head); err != nil {
		return nil, err
	}
	list, err := d.db.Query("SELECT o.seq, o.body, l.hash FROM op o LEFT JOIN link l ON l.last = o.seq ORDER BY o.seq")
	if err != nil {
		return nil, err
	}
	defer list.Close()
	for list.Next() {
		var r row
		if err := list.Scan(&r.seq, &r.body, &r.link); err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
	if err := list.Err(); err != nil {
		return nil, err
	}
	_ = list.Close() // before anything is written
	set := func(rows []row, head []byte) error {
		for _, r := range rows {
			if _, err := d.db.Exec("UPDATE op SET body = "+d.mark(1)+" WHERE seq = "+d.mark(2), r.body, r.seq); err != nil {
				return err
			}
			if r.link != nil {
				if _, err := d.db.Exec("UPDATE link SET hash = "+d.mark(1)+" WHERE last = "+d.mark(2), r.link, r.seq); err != nil {
					return err
				}
			}
		}
		_, err := d.db.Exec("UPDATE head SET hash = "+d.mark(1), head)
		return err
	}
	forged := append([]row(nil), rows...)
	var hash [32]byte
	var batch [][]byte
	for i := range forged {
		forged[i].body = strings.Replace(forged[i].body, `"why":"why"`, `"why":"not"`, 1)
		if batch = append(batch, []byte(forged[i].body)); forged[i].link != nil {
			hash = store.ChainHash(hash, batch...)
			forged[i].link, batch = append([]byte(nil), hash[:]...), nil
		}
	}
	if err := set(forged, hash[:]); err != nil {
		return nil, err
	}
	return func() {
		if err := set(rows, head); err != nil {
			panic(err)
		}
	}, nil
}
