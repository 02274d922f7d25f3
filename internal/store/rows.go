package store

import (
	"math"

	"recoup/internal/ledger"
)

// A Row is one row of a query's result, valid until the next is read.
type Row interface {
	Int(i int) int64    // an integer or a Boolean
	Text(i int) string  // text
	Bytes(i int) []byte // text or bytes, in memory that is the database's: copy what you keep
}

// FarEnd stores Never as the last moment there is, so that an index puts it last.
func FarEnd(deadline int64) int64 {
	if deadline == ledger.Never {
		return math.MaxInt64
	}
	return deadline
}

// opOf reads a row of seq, body.
func opOf(r Row) (*ledger.Op, error) {
	o, err := ParseOp(r.Bytes(1))
	if err != nil {
		return nil, err
	}
	o.Seq = r.Int(0)
	return o, nil
}

// linkOf reads a row of last, at, hash.
func linkOf(r Row) (Link, error) {
	l := Link{Last: r.Int(0), At: r.Int(1)}
	copy(l.Hash[:], r.Bytes(2))
	return l, nil
}

// lotOf reads a row of account, n, kind, member, origin, expires, granted, balance, held.
func lotOf(r Row) *ledger.Lot {
	v := &ledger.Lot{
		LotID: ledger.LotID{Account: r.Text(0), N: r.Int(1)}, Kind: ledger.Kind(r.Int(2)), Member: r.Text(3),
		Expires: r.Int(5), Granted: ledger.Amount(r.Int(6)), Balance: ledger.Amount(r.Int(7)), Held: ledger.Amount(r.Int(8)),
	}
	copy(v.Origin[:], r.Bytes(4))
	if v.Expires == math.MaxInt64 {
		v.Expires = ledger.Never
	}
	return v
}

// RefusalOf reads a row of request, content, until, result.
func RefusalOf(r Row) (*ledger.Refusal, error) {
	v := &ledger.Refusal{Until: r.Int(2)}
	copy(v.Request[:], r.Bytes(0))
	copy(v.Content[:], r.Bytes(1))
	return v, ParseRefusal(r.Bytes(3), v)
}

// TombOf reads a row of order_no, app, family, charge, signed, amount, member, until.
func TombOf(r Row) (*ledger.Tombstone, error) {
	return &ledger.Tombstone{
		TombKey: ledger.TombKey{Order: r.Text(0), App: r.Text(1), Family: ledger.Family(r.Int(2)), Charge: r.Int(3) != 0},
		Signed:  r.Int(4), Amount: ledger.Amount(r.Int(5)), Member: r.Text(6), Until: r.Int(7),
	}, nil
}
