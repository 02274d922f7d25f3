package ledger

// VoucherStatus is the state of a voucher instance, in the platform's words.
type VoucherStatus uint8

// The voucher states.
const (
	Normal  VoucherStatus = iota // NORMAL: has uses left
	Used                         // ISUSED: every use spent
	Expired                      // EXPIRED
	Deleted                      // DELETED: replaced or withdrawn
)

var voucherStatusNames = [...]string{"NORMAL", "ISUSED", "EXPIRED", "DELETED"}

func (s VoucherStatus) String() string { return voucherStatusNames[s] }

// A Voucher is one voucher instance of a member.
type Voucher struct {
	ID       string
	Member   string
	Template string
	Uses     Amount // uses it was issued with
	Left     Amount // uses left; 0 ≤ Left ≤ Uses
	Start    int64  // valid from, milliseconds since 1970
	End      int64  // valid until (exclusive), or Never
	Deleted  bool
	Replaces string // the instance this one was reissued for
	Origin   ID     // the operation that issued it
}

// Status is derived, never stored: deleted, then used up, then expired, then normal.
func (v *Voucher) Status(at int64) VoucherStatus {
	switch {
	case v.Deleted:
		return Deleted
	case v.Left == 0:
		return Used
	case v.End != Never && at >= v.End:
		return Expired
	}
	return Normal
}
