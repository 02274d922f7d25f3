package reverse

import (
	"slices"
	"strconv"
	"strings"

	"recoup/internal/ledger"
)

// This file holds the enum values every brand knows, beside those it registers itself.

// StoreClerk is the operator type that may refund at once; a brand can give others the same rights. Unknown types have least rights.
const StoreClerk int64 = 6

// defaultChannels are the tenders outside the ledger that every brand knows.
var defaultChannels = []ledger.Channel{{Code: "10001", Name: "支付宝"}, {Code: "10002", Name: "微信"}, {Code: "10003", Name: "现金"}, {Code: "10004", Name: "银行卡"}}

// assetNames are what member assets are called where the caller gives no name.
var assetNames = map[string]string{StoredValue: "储值", PointTender: "积分", GiftCard: "礼品卡"}

// Channels are the external tenders of a brand: its own first, so that it can rename the platform's.
func Channels(b *ledger.Brand) []ledger.Channel { return slices.Concat(b.Channels, defaultChannels) }

// channel finds an external tender by its code.
func channel(b *ledger.Brand, code string) (ledger.Channel, bool) {
	list := Channels(b)
	i := slices.IndexFunc(list, func(c ledger.Channel) bool { return c.Code == code })
	if i < 0 {
		return ledger.Channel{}, false
	}
	return list[i], true
}

// defaultReasons are the refund reasons of a brand that registered none.
var defaultReasons = []ledger.Reason{
	{ID: 1001, Text: "不喜欢"}, {ID: 1002, Text: "商品质量问题"}, {ID: 1003, Text: "缺货"}, {ID: 1004, Text: "送错商品"}, {ID: 1005, Text: "其他"},
}

// Reasons are why a reverse of a brand may be asked for.
func Reasons(b *ledger.Brand) []ledger.Reason {
	if len(b.Reasons) > 0 {
		return b.Reasons
	}
	return defaultReasons
}

// known checks a reason; the refusal lists those there are.
func known(b *ledger.Brand, reason int64) (ledger.Result, bool) {
	var allowed []string
	for _, r := range Reasons(b) {
		if r.ID == reason {
			return ledger.Result{}, true
		}
		allowed = append(allowed, strconv.FormatInt(r.ID, 10)+r.Text)
	}
	return ledger.Refuse(ledger.ReasonUnknown, ledger.T("reason", strconv.FormatInt(reason, 10)), ledger.T("allowed", strings.Join(allowed, "、"))), false
}

// clerk reports whether an operator has a store clerk's rights.
func clerk(b *ledger.Brand, operator int64) bool {
	return operator == StoreClerk || slices.Contains(b.OperatorTypes, operator)
}

// shop finds the store of a call.
func (s *State) shop(id string) (*ledger.Shop, ledger.Result, bool) {
	if shop := s.Brand.Shops[id]; shop != nil {
		return shop, ledger.Result{}, true
	}
	return nil, ledger.Refuse(ledger.ShopNotFound, ledger.T("shop", id)), false
}
