package api

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"recoup/internal/ledger"
	"recoup/internal/top"
)

// roles are the fields that mean the same in every request that has them; nil where a request has not.
type roles struct {
	brand, outBrand, shop, outShop, store           *Field
	customer, mobile, outer, outerType, card        *Field
	request, operator, operatorName, reason, remark *Field
	order, number                                   *Field // of the log: the order, and the refund's own number
}

func rolesOf(s *Struct) roles {
	return roles{
		brand: s.Field("brand_id"), outBrand: s.Field("out_brand_id"),
		shop: s.Field("shop_id"), outShop: s.Field("out_shop_id"), store: s.Field("store_id"),
		customer: s.Field("customer_id"), mobile: s.Field("mobile"),
		outer: s.Field("outer_id"), outerType: s.Field("outer_type"), card: s.Field("card_id"),
		request: s.Field("request_id"), operator: s.Field("operator_id"), operatorName: s.Field("operator_name"),
		reason: s.Field("reason"), remark: s.Field("remark"),
		order:  firstField(s, "src_outer_order_id", "outer_order_id", "out_order_id", "out_biz_id"),
		number: firstField(s, "new_outer_order_id", "reverse_order_id"),
	}
}

// firstField is the first of some fields that a request has.
func firstField(s *Struct, names ...string) *Field {
	for _, name := range names {
		if f := s.Field(name); f != nil {
			return f
		}
	}
	return nil
}

// said is the text of a field that the request may not have.
func (in *Input) said(f *Field) string {
	if f == nil {
		return ""
	}
	return in.text(f)
}

// path is how faults name a field.
func (in *Input) path(f *Field) string {
	if in.method.Param == "" {
		return f.Name
	}
	return in.method.Param + "." + f.Name
}

func (in *Input) missing(f *Field, remedy string) *top.Fault {
	return top.MissingField(in.path(f), remedy)
}

func (in *Input) invalid(f *Field, remedy string) *top.Fault {
	return top.InvalidField(in.path(f), remedy)
}

// denied answers alike for a brand that does not exist and for one that the call may not act for. It names what the request named.
func (in *Input) denied(f *Field) *top.Fault {
	return top.InsufficientPermission("isv.permission-brand-not-granted",
		"应用未获该品牌授权 this call may not act for the brand: "+f.Name+" "+in.text(f))
}

// crmBrand finds the brand of a local-life call by brand_id, out_brand_id or both, and checks its shops.
func crmBrand(in *Input) *top.Fault {
	known := &in.method.known
	id, alias := in.said(known.brand), in.said(known.outBrand)
	switch {
	case id != "":
		b := in.Dir.Brand(id)
		if b == nil || !in.mayUse(id) {
			return in.denied(known.brand)
		}
		// The answer does not say whether the alias is another brand's or unknown.
		if alias != "" && alias != b.Alias {
			return in.invalid(known.outBrand, "与brand_id不是同一品牌 names another brand than brand_id")
		}
		in.brand = b
	case alias != "":
		for _, b := range in.Dir.BrandsByAlias(alias) {
			if !in.mayUse(b.ID) {
				continue
			}
			if in.brand != nil {
				return in.invalid(known.outBrand, "对应多个已授权品牌,请传brand_id names several granted brands, send brand_id")
			}
			in.brand = b
		}
		if in.brand == nil {
			return in.denied(known.outBrand)
		}
	default:
		return in.missing(known.brand, "brand_id与out_brand_id不可同时为空 one of brand_id and out_brand_id is required")
	}
	return in.checkShop()
}

// checkShop checks the pair of shop ids where a request has it. Whether a shop exists is for the ledger to say; that two ids name two
// shops is seen here.
func (in *Input) checkShop() *top.Fault {
	known := &in.method.known
	if known.outShop == nil {
		return nil
	}
	id, alias := in.said(known.shop), in.said(known.outShop)
	if id == "" && alias == "" {
		return in.missing(known.shop, "shop_id与out_shop_id不可同时为空 one of shop_id and out_shop_id is required")
	}
	if id != "" && alias != "" {
		if s := in.brand.Shops[id]; s != nil && s.Alias != alias {
			return in.invalid(known.outShop, "与shop_id不是同一门店 names another shop than shop_id")
		}
	}
	return nil
}

// mayUse reports whether the call may act for a brand: the app must be granted it, and with a session it must be the merchant's.
func (in *Input) mayUse(brand string) bool {
	return in.Dir.AppBrand(in.App, brand) && (in.Session == nil || in.Dir.SessionBrand(in.Session, brand))
}

// storeBrand finds the brand of a WDK call: the one that owns store_id among those the call may act for.
func storeBrand(in *Input) *top.Fault {
	store := in.method.known.store
	return in.brandOf(store, in.text(store))
}

// brandOf finds the brand that owns the store which a field names.
func (in *Input) brandOf(f *Field, store string) *top.Fault {
	for _, b := range in.Dir.BrandsByShop(store) {
		if !in.mayUse(b.ID) {
			continue
		}
		if in.brand != nil {
			return in.invalid(f, "属于多个已授权品牌,无法确定 belongs to several granted brands")
		}
		in.brand = b
	}
	if in.brand == nil {
		return in.denied(f)
	}
	return nil
}

// checkRegistries checks the values that a brand can add to.
func (in *Input) checkRegistries() *top.Fault {
	for _, f := range in.method.Request.open {
		if !in.has(f) {
			continue
		}
		if s := in.text(f); !contains(f.Enum, s) {
			if more := f.Registry(in.brand); !contains(more, s) && len(f.Enum)+len(more) > 0 { // a registry without a value is not kept yet
				return in.invalid(f, remedyEnum(append(slices.Clip(f.Enum), more...)))
			}
		}
	}
	return nil
}

func contains(list []string, s string) bool {
	return slices.Contains(list, s)
}

// head is what every command carries, from the fields that requests share.
func (in *Input) head() (ledger.Head, *top.Fault) {
	known := &in.method.known
	who, fault := in.who()
	if fault != nil {
		return ledger.Head{}, fault
	}
	h := ledger.Head{
		App: in.App.Key, Method: in.method.Name, RequestID: in.said(known.request),
		Content: contentOf(in.method.Request, in.args), Signed: in.SignedAt.UnixMilli(),
		Shop: in.said(known.shop), ShopAlias: in.said(known.outShop),
		Operator: in.said(known.operator), OperatorName: in.said(known.operatorName), Reason: in.said(known.reason),
		Who: who,
	}
	if known.store != nil {
		h.Shop = in.text(known.store)
	}
	if known.remark != nil {
		h.Reason = in.text(known.remark)
	}
	if h.RequestID != "" {
		h.Request = keyOf(in.App.Key, in.brand.ID, in.method.Name, h.RequestID)
	}
	return h, nil
}

// who gathers the identifiers of the member. An outer id means nothing without its type.
func (in *Input) who() (ledger.Who, *top.Fault) {
	known := &in.method.known
	w := ledger.Who{Customer: in.said(known.customer), Mobile: in.said(known.mobile), Outer: in.said(known.outer), Card: in.said(known.card)}
	if w.Outer != "" {
		if w.OuterType = in.said(known.outerType); w.OuterType == "" {
			return w, in.missing(known.outerType, "outer_id须与outer_type同时提供 outer_id needs outer_type")
		}
	}
	in.digest(&w)
	return w, nil
}

// digest keeps keyed digests of what is personal. The ledger pairs them with the identifiers: mobile first, then outer id.
func (in *Input) digest(w *ledger.Who) {
	if w.Mobile != "" {
		w.Digests = append(w.Digests, in.service.Digest(in.brand.ID, "mobile:"+w.Mobile))
	}
	if w.Outer != "" {
		w.Digests = append(w.Digests, in.service.Digest(in.brand.ID, "outer:"+w.OuterType+":"+w.Outer))
	}
}

// needMember asks for an identifier where nothing else can tell the member.
func (in *Input) needMember(w *ledger.Who) *top.Fault {
	if w.Customer != "" || w.Mobile != "" || w.Outer != "" || w.Card != "" {
		return nil
	}
	known := &in.method.known
	var names []string
	first := (*Field)(nil)
	for _, f := range []*Field{known.customer, known.mobile, known.outer, known.card} {
		if f != nil {
			names, first = append(names, f.Name), cmp.Or(first, f)
		}
	}
	last, and := len(names)-1, "、"
	if last == 1 {
		and = "与"
	}
	return in.missing(first, fmt.Sprintf("%s至少提供一项 one of %s and %s is required", strings.Join(names, and),
		strings.Join(names[:last], ", "), names[last]))
}

// keyed are the digests of a reversal's business number.
func (in *Input) keyed(number, original string, amount int64, vouchers []string) ledger.Keyed {
	return ledger.Keyed{
		Refund:   keyOf(in.brand.ID, in.method.Name, number),
		Original: originalKey(original, amount, vouchers),
	}
}
