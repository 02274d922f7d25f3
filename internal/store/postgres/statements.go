package postgres

import (
	"embed"
	"reflect"

	"recoup/internal/store"
)

//go:embed sql/*.sql
var sqlFiles embed.FS

// texts are the statements by name.
var texts = store.Statements(sqlFiles, "sql")

// statements are the texts as fields, so that a name that does not exist does not compile. Every text has its field.
type statements struct {
	Serial, Head, Rules, Clock, Issue, Issued, Link, Links, HeadLink, AwaitHead, Settings, SetLocal string

	OpsByRequest, OpsByRefund, Histories, HistoryMembers, MoveHead, SaveLink, SaveOps, Ops, Overtaken, Answered string

	Idents, LockMembers, Members, CreateMembers, ChangeMembers, SetDue, MembersDue, Unbind, Bind, AllMembers, AllWallets string

	LotsByID, LotsOpen, LotsDue, CreateLots, ChangeLots, AllLots string

	HoldsOfOrders, HoldsDue, HoldsOf, SaveHolds, EndHolds, AllHolds string

	Vouchers, VoucherMembers, VouchersOf, SaveVouchers, AllVouchers string

	Refusals, SaveRefusals, PurgeRefusals, AllRefusals                    string
	TombsOfOrders, CountTombs, SaveTombs, LiftTombs, PurgeTombs, AllTombs string
	MainsBySub, MainsByOut, MainsByOutSub, MainsByReverse                 string
	LockWdkOrders, WdkOrders, ReversesOf, Quotes, CountQuotes             string
	SaveWdkOrders, SaveSubs, SaveQuotes, SaveReverses                     string
	PurgeQuotes, AllWdkOrders, AllQuotes, AllReverses                     string
	Revision, MoveRevision, Brands, Apps, Sessions, Brand, Serials        string
	LastSerial, CreateBrand, CreateCounter, CreateHead, SetVersion        string
	SaveRules, AllRules, SaveApp, SaveSession, DeleteSession              string
}

var sql = func() (s statements) {
	v := reflect.ValueOf(&s).Elem()
	for name, text := range texts {
		v.FieldByName(name).SetString(text)
	}
	for field, value := range v.Fields() {
		if value.String() == "" {
			panic("postgres: no statement named " + field.Name)
		}
	}
	return s
}()
