package demo

// A Sample is a published request, as printed in its document.
type Sample struct {
	Document string
	Method   string
	Param    string // the parameter that carries the request
	Request  string // its JSON: every field of the document's example, in document order
	Session  bool   // the example passes a session
}

// Samples are the requests of the four published documents.
var Samples = []Sample{
	{
		Document: "000", Method: assertRefund, Param: "param_property_refund_open_req",
		Request: `{"brand_id":"342343043","mobile":"18651822226","new_outer_order_id":"3439200320332","operator_id":"23438993","outer_id":"20883892193012033","outer_order_id":"43923200230233","outer_type":"alipay","request_id":"232a283b23239c7823f23d23","shop_id":"23829323","voucher_id_list":["123","456"],"customer_id":"34342243"}`,
	},
	{
		Document: "001", Method: reversePoint, Param: "param_reverse_consume_point_open_req",
		Request: `{"biz_type":"DEDUCT_FROM_CONSUME_REVERSE","brand_id":"12332","change_point":23,"customer_id":"7027365982937563912722","operator_id":"3484874839","operator_name":"小王","out_biz_id":"3231231312312","reason":"积分回退","request_id":"4325","reverse_order_id":"34356785432","shop_id":"23453435","out_shop_id":"87766897","out_brand_id":"33959","biz_channel":"CS/KRY"}`,
	},
	{
		Document: "002", Method: rechargeOperate, Param: "param_recharge_operate_open_req",
		Request: `{"brand_id":"1332","change_value":1000,"customer_id":"34243334","mobile":"18651822226","operate_type":1,"operator_id":"322343434","outer_id":"435532","outer_order_id":"2424535354","outer_type":"wechat","reason":"测试","request_id":"249fdj242242xd","shop_id":"243545","new_outer_order_id":"23829392"}`,
	},
	{
		Document: "003", Method: creatRefund, Param: "param_create_reverse_req", Session: true,
		Request: `{"biz_order_ids":[5000399193546580981],"gift_card_nos":"22076108","operator":{"operator_id":"123","operator_name":"门店小二","operator_type":6},"proofs":"url","reason_id":1001,"reason_text":"不喜欢","refund_amount":30,"refund_channel_list":[{"amount":20,"code":"10001","name":"支付宝"}],"request_id":"bdab6446-f0cf-4327-9ae3-fd69ac4d","store_id":"2131"}`,
	},
}
