package api

import (
	"context"
	"strings"

	"recoup/internal/ledger"
	"recoup/internal/reverse"
	"recoup/internal/top"
)

// A Method is one method of the catalogue. Its exported part is its documentation: whatever is published about the method is made
// from it. The rest is how it works.
type Method struct {
	Name   string
	Zh, En string // title
	About  string // what it does, Chinese
	Notes  string // the same in English
	Group  string // the category it is listed under

	Session   bool // acts for a merchant: a session is needed
	Published bool // printed by one of the four documents: its examples are theirs

	Param            string        // the parameter that carries the request as JSON; "" when the members are parameters themselves
	ParamZh, ParamEn string        // what that parameter is
	Request          *Struct       // its members
	Response         *Struct       // the members under the response root, without the envelope's request_id
	Codes            []ledger.Code // what it may answer, OK first

	known   roles
	service *Service
	tenant  func(*Input) *top.Fault // finds the brand; nil when the call concerns none
	answer  answer
	wrap    func(m *Method, r *ledger.Result, v top.Value) top.Value
}

// An answer runs a decoded call: the result, and what is shown of it.
type answer func(context.Context, *Input) (top.Value, ledger.Result, *top.Fault)

// Input is a decoded call on its way.
type Input struct {
	*Call
	args
	method  *Method
	service *Service
	brand   *ledger.Brand
}

// RequiresSession reports whether the method acts for a merchant, so that the gateway asks for a session (26).
func (m *Method) RequiresSession() bool { return m.Session }

// Serve answers one call: decode, find the brand, run, wrap. Refusals of the business are replies; a fault is answered as
// error_response.
func (m *Method) Serve(ctx context.Context, c *Call) (Reply, *top.Fault) {
	in := Input{Call: c, method: m, service: m.service}
	var fault *top.Fault
	if in.args, fault = m.decode(c.Params); fault != nil {
		return Reply{}, fault
	}
	c.Subject.in = &in
	if m.tenant != nil {
		if fault = m.tenant(&in); fault != nil {
			return Reply{}, fault
		}
		if fault = in.checkRegistries(); fault != nil {
			return Reply{}, fault
		}
	}
	v, r, fault := m.answer(ctx, &in)
	c.Subject.figures = r.Figs
	if fault != nil {
		return Reply{}, fault
	}
	if r.Code == ledger.MissingField {
		return Reply{}, m.missing(&r)
	}
	return Reply{Value: m.wrap(m, &r, v), Code: r.Code.Word(), Replayed: r.Replayed}, nil
}

// missing answers for a member that only the books could tell is missing. Commands name it with or without the parameter it is in.
func (m *Method) missing(r *ledger.Result) *top.Fault {
	path, noHold := m.Param, false
	for _, f := range r.Figs {
		switch {
		case f.Name == "hold":
			noHold = true
		case f.Name != "field":
		case strings.HasPrefix(f.Text, m.Param+"."):
			path = f.Text
		default:
			path = m.Param + "." + f.Text
		}
	}
	if noHold { // an amount that a hold would have given
		return top.MissingField(path, "该订单没有冻结,须传"+path[strings.LastIndexByte(path, '.')+1:]+" is required without a hold")
	}
	return top.MissingField(path, remedyRequired)
}

// write answers by a command: build makes it around the head, show says what of its result is shown.
func write(build func(*Input, ledger.Head) (reverse.Command, *top.Fault), show func(*Input, *ledger.Result) top.Value) answer {
	return func(ctx context.Context, in *Input) (top.Value, ledger.Result, *top.Fault) {
		head, fault := in.head()
		if fault != nil {
			return top.Value{}, ledger.Result{}, fault
		}
		cmd, fault := build(in, head)
		if fault != nil {
			return top.Value{}, ledger.Result{}, fault
		}
		r, fault := in.service.Submit(ctx, in.brand.ID, cmd)
		if fault != nil {
			return top.Value{}, ledger.Result{}, fault
		}
		return show(in, &r), r, nil
	}
}

// done shows something of what was done, and nothing of a refusal.
func done(show func(*Input, *ledger.Result) top.Value) func(*Input, *ledger.Result) top.Value {
	return func(in *Input, r *ledger.Result) top.Value {
		if r.Code != ledger.OK {
			return top.Value{}
		}
		return show(in, r)
	}
}

// yes is the Boolean result of the documents: true, for a refusal has none.
var yes = done(func(*Input, *ledger.Result) top.Value { return top.Bool(true) })

// flow is the String result of the point family: the id of the operation, the same on replay.
var flow = done(func(_ *Input, r *ledger.Result) top.Value { return top.Str(r.Flow.String()) })

// read shows a snapshot to a query. A store that cannot answer is a fault of ours.
func (in *Input) read(ctx context.Context, keys *reverse.Keys, view func(s *reverse.State, now int64)) *top.Fault {
	if in.service.Read(ctx, in.brand.ID, keys, view) != nil {
		return unavailable()
	}
	return nil
}

func unavailable() *top.Fault {
	return top.Busy("isp.service-error", "服务暂不可用,请用相同请求重试 please send the same request again", 1)
}

// Catalogue is every method of the service. It never changes.
type Catalogue struct {
	byName map[string]*Method
	list   []*Method
}

// NewCatalogue makes the catalogue over a service.
func NewCatalogue(s *Service) *Catalogue {
	c := &Catalogue{list: []*Method{
		assertRefund(), reversePoint(), rechargeOperate(), creatRefund(), // the four documents
		customerSave(), customerGet(), customerCreate(), customerUpdate(), customerQuery(),
		assertVerify(), pointOperate(), consumePoint(), extraCharge(), extraConsume(), pointWorth(), pointPrecheck(), pointFlows(), pointRule(), orderBackflow(),
		rechargeRule(), ruleGet(), accountGet(), accountFlows(), flowDetailGet(), chargePrecheck(), chargeUpdate(), unchargePrecheck(), unchargeUpdate(), dedutPrecheck(), dedutUpdate(), undedutUpdate(),
		voucherSend(), voucherStatusChange(), voucherTemplateList(), customerVoucherList(),
		orderCreate(), applyRefund(), reverseDetail(), confirmRefund(), timeSlice(), createFetch(), loadFetch(), getRefunds(), listRefunds(),
		timeGet(),
	}}
	c.byName = make(map[string]*Method, len(c.list))
	for _, m := range c.list {
		m.service = s
		m.known = rolesOf(m.Request)
		c.byName[m.Name] = m
	}
	return c
}

// Find returns a method by its name, nil if there is none.
func (c *Catalogue) Find(name string) *Method { return c.byName[name] }

// All lists the methods: the four documents first, then their companions. The list is not to be changed.
func (c *Catalogue) All() []*Method { return c.list }
