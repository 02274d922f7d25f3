package sqlite

import (
	"embed"
	"fmt"
	"reflect"

	"recoup/internal/store"
)

//go:embed sql/*.sql
var sqlFiles embed.FS

// texts are the statements by name.
var texts = store.Statements(sqlFiles, "sql")

// reads are the prepared queries of one connection. Fields have the names of the statements.
type reads struct {
	c *conn

	Head, Rules                                               *stmt
	Keys, AllKeys, Op                                         *stmt
	Member, MembersAt, MemberByIdent, MembersDue              *stmt
	Lot, LotsOpen, LotsDue                                    *stmt
	HoldsOfOrder, HoldsDue, HoldsOf                           *stmt
	Voucher, VouchersOf                                       *stmt
	Refusal, TombsOfOrder, CountTombs                         *stmt
	MainBySub, MainByOut, MainsByOutSub, MainByReverse        *stmt
	WdkOrder, ReversesOf, Quote, CountQuotes                  *stmt
	Revision, Brands, Apps, Sessions                          *stmt
	Link, Links, Ops, Members, Wallets, Lots, Holds, Vouchers *stmt
	WdkOrders, Reverses, Refusals, Tombs, Quotes, Published   *stmt
	Integrity                                                 *stmt
}

// writes are the prepared statements of the connection that writes.
type writes struct {
	reads
	log   *logBuffer
	pages int // written to the log since a checkpoint began it anew

	Begin, Commit, Rollback                                    *stmt
	SaveHead, SaveLink, SaveOp, SaveOps, SaveCounter           *stmt
	SaveKeys, DeleteKeys                                       *stmt
	CreateMember, ChangeMember, SetDue, Bind, Unbind, SaveLot  *stmt
	SaveHold, EndHold, SaveVoucher                             *stmt
	SaveRefusal, SaveTomb, LiftTomb                            *stmt
	SaveWdkOrder, SaveSub, SaveQuote, SaveReverse              *stmt
	PurgeRefusals, PurgeTombs, PurgeQuotes                     *stmt
	MoveRevision, LastSerial, Serials, CreateBrand, SetVersion *stmt
	SaveRules, SaveApp, SaveSession, DeleteSession             *stmt
}

// prepare fills every field of a struct of statements.
func prepare(c *conn, into any) error {
	v := reflect.ValueOf(into).Elem()
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Type != reflect.TypeFor[*stmt]() {
			continue
		}
		text := texts[f.Name]
		if text == "" {
			return fmt.Errorf("sqlite: no statement is named %s", f.Name)
		}
		s, err := c.prepare(f.Name, text)
		if err != nil {
			return err
		}
		v.Field(i).Set(reflect.ValueOf(s))
	}
	return nil
}
