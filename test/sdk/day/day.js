'use strict';

// A day in a restaurant, told as the till, the app and the manager live it: `day.js evening`, then after midnight `day.js morning`. Calls go
// through a client of npm; what the manager does goes through the recoup command.

const assert = require('assert');
const fs = require('fs');
const { execFileSync } = require('child_process');

// The morning is tomorrow's: this clock and the server's are as far ahead.
const ahead = Number(process.env.AHEAD_MS);
const RealDate = Date;
global.Date = class extends RealDate {
  constructor(...args) {
    super(...(args.length ? args : [RealDate.now() + ahead]));
  }
  static now() {
    return RealDate.now() + ahead;
  }
};

const { ApiClient } = require('ali-topsdk');
const { URL: url, APP_KEY: appkey, SECRET: appsecret, SESSION: session, RECOUP: program, NOTES: notes } = process.env;
const client = new ApiClient({ appkey, appsecret, url });

const recoup = (...args) => execFileSync(program, args, { encoding: 'utf8', env: { ...process.env, RECOUP_OPERATOR: 'manager' } });
const params = new Map(recoup('call', '--list').split('\n').map((line) => line.split(/ +/)));

// call sends a request of a method and hands back what stands under result; a fault fails the day.
let count = 0;
const call = async (method, request) => {
  const name = 'alibaba.' + method;
  const crm = method.startsWith('alsc.');
  const body = crm ? { brand_id: '1332', shop_id: '1', operator_id: 'till-7', request_id: `${process.argv[2]}-${++count}`, ...request } : request;
  const answer = await new Promise((resolve, reject) => {
    client.execute(name, { ...wrap(name, body), session }, (fault, ok) =>
      fault ? reject(new Error(`${name}: ${JSON.stringify(fault)}`)) : resolve(ok),
    );
  });
  return answer.result;
};
const wrap = (name, body) => (params.get(name) === '-' ? body : { [params.get(name)]: JSON.stringify(body) });

// done wants a call to succeed, refused wants it refused with a word.
const done = async (method, request) => {
  const r = await call(method, request);
  assert.ok(r.biz_success ?? r.success ?? r.state, `${method}: ${JSON.stringify(r)}`);
  return r.result ?? r.model ?? r.result_list;
};
const refused = async (word, method, request) => {
  const r = await call(method, request);
  assert.strictEqual(r.result_code ?? r.error_code, word, JSON.stringify(r));
};

// balance is what the member has: fen that can be spent, by kind, and points.
const balance = async (who) => {
  const [account] = (await done('alsc.crm.recharge.account.get', who)).recharge_account_open_info;
  const { point_account: points } = await done('alsc.crm.customer.get', { ...who, options: ['POINT'] });
  return { real: account.real_value, gift: account.gift_value, usable: account.usable_value, points: points.available_point };
};

const day = {
  async evening() {
    // A guest opens an account, and charges 200 yuan: the tier gives 30.
    const customer_id = await done('alsc.crm.customer.create', { mobile: '13900139000', name: '王小二', level_id: 'gold', tag_id_list: ['爱吃辣'] });
    const who = { customer_id };
    await refused('MEMBER_EXISTS', 'alsc.crm.customer.create', { mobile: '13900139000' });
    const [{ card_id }] = (await done('alsc.crm.recharge.account.get', who)).recharge_account_open_info;
    await done('alsc.crm.recharge.charge.update', { card_id, outer_order_id: 'charge', real_value: 20000, trigger_gift: true });
    assert.deepStrictEqual(await balance(who), { real: 20000, gift: 3000, usable: 23000, points: 0 });

    // Dinner for 80 yuan: 50 by card, 30 in cash. Gold members earn half as much again.
    await done('alsc.crm.open.assert.verify', { ...who, outer_order_id: 'dinner', value: 5000 });
    const bill = {
      action: 'PAID',
      order_info: { outer_order_id: 'dinner', actual_fee: 8000, vip_user_id: customer_id },
      payment_info_list: [
        { pay_method: 'STORED_VALUE', user_pay_amount: 5000, out_payment_no: 'p1' },
        { pay_method: 'CASH', user_pay_amount: 3000, out_payment_no: 'p2' },
      ],
    };
    await done('alsc.crm.open.order.backflow', bill);
    await done('alsc.crm.open.order.backflow', { ...bill, action: 'SUCCESS' });
    assert.deepStrictEqual(await balance(who), { real: 15000, gift: 3000, usable: 18000, points: 120 });

    // A banquet is held at 60 yuan and comes to 45: the rest is free at once.
    await done('alsc.crm.open.recharge.operate', { ...who, operate_type: 2, outer_order_id: 'banquet', change_value: 6000 });
    assert.strictEqual((await balance(who)).usable, 12000);
    await done('alsc.crm.open.recharge.operate', { operate_type: 3, outer_order_id: 'banquet', change_value: 4500 });
    assert.strictEqual((await balance(who)).usable, 13500);

    // It goes back through three doors: 10 by undedut, 5 by a WDK reverse, the rest by assert.refund. Then there is nothing left.
    const sold = await done('wdk.trade.order.success.create', {
      store_id: '1', out_order_id: 'W-banquet', pay_fee: 3500, sub_info_list: [{ out_sub_order_id: 'W-banquet-1', pay_fee: 3500 }],
      pay_infos: JSON.stringify([{ code: 'STORED_VALUE', amount: 3500, customer_id, outer_order_id: 'banquet' }]),
    });
    const line = sold.order_sub_info_list.order_sub_info_bo[0].biz_order_id;
    await done('alsc.crm.recharge.undedut.update', { ...who, outer_order_id: 'banquet', new_outer_order_id: 'back-1', value: 1000 });
    await refund('1', line, 500, 6);
    await done('alsc.crm.open.assert.refund', { ...who, outer_order_id: 'banquet', new_outer_order_id: 'back-3' });
    await refused('ALREADY_REVERSED', 'alsc.crm.recharge.undedut.update', { ...who, outer_order_id: 'banquet', new_outer_order_id: 'back-4' });
    assert.deepStrictEqual(await balance(who), { real: 15000, gift: 3000, usable: 18000, points: 120 });

    // An order from the shop over three tenders: card 30 yuan, 100 points for 1 yuan, alipay 68.
    await done('alsc.crm.open.assert.verify', { ...who, outer_order_id: 'basket', value: 3000, point: 100 });
    const basket = await done('wdk.trade.order.success.create', {
      store_id: '2', out_order_id: 'W-basket', pay_fee: 9900,
      sub_info_list: [{ out_sub_order_id: 'fish', pay_fee: 6000 }, { out_sub_order_id: 'rice', pay_fee: 3900 }],
      pay_infos: JSON.stringify([
        { code: 'STORED_VALUE', amount: 3000, customer_id, outer_order_id: 'basket' },
        { code: 'POINT', amount: 100, point: 100, customer_id, outer_order_id: 'basket' },
        { code: '10001', amount: 6800 },
      ]),
    });
    const fish = basket.order_sub_info_list.order_sub_info_bo[0].biz_order_id;

    // The fish goes back. It is picked up: of one kilogram 900 grams come, and the manager approves as much.
    const slots = await done('wdk.reverse.timeslice', { store_id: '2', main_out_order_id: 'W-basket', sub_out_order_ids: ['fish'] });
    const [{ date, time_slice_list: times }] = slots.alibaba_wdk_reverse_timeslice_model[0].date_time_slice_collection_d_t_o_list.date_time_slice_collection_dto_list;
    const id = await refund('2', fish, 6000, 1);
    await done('wdk.reverse.createfeatch', {
      store_id: '2', reverse_id: id, main_out_order_id: 'W-basket', fetch_type: 1, operator: { operator_type: 4 }, buyer_name: '王小二', buyer_phone: '13900139000',
      buyer_address: '西湖区', memo: `${date} ${times.time_slice_list[0].time_slot}`,
      fetch_aggregate_list: [{ sub_out_order_id: 'fish', expect_fetch_quantity: '1', expect_refund_quantity: '1', fetch_type: 1 }],
    });
    assert.match(recoup('reverse', 'approve', '--brand', '1332', id, '--counted', '0.9'), /PAYING, 54.00 yuan/);
    const paid = await done('wdk.reverse.reversedetail', { reverse_id: id });
    const [value, points, alipay] = paid.refund_channel_list.refund_channel_vo;
    assert.strictEqual(value.amount + points.amount + alipay.amount, 5400);
    assert.deepStrictEqual([value.status, points.status, alipay.status], [2, 2, 1]);

    // The payout fails, is tried again under the same id, and is confirmed.
    assert.match(recoup('reverse', 'payout', '--brand', '1332', alipay.unique_id, '--failed', '--reason', '账户注销'), /FAILED/);
    assert.match(recoup('reverse', 'payout', '--brand', '1332', alipay.unique_id, '--retry'), /PAYING/);
    const confirmed = await done('wdk.reverse.refund', {
      store_id: '2', sub_biz_order_id: fish, agent: 'finance', refund_channel_list: [{ channel_code: '10001', refund_amount: alipay.amount }],
    });
    assert.strictEqual(String(confirmed), id);
    assert.strictEqual((await done('wdk.reverse.reversedetail', { reverse_id: id })).reverse_status_str, 'SUCCESS');

    // A quarter of the dinner is refunded: a quarter of its points go back.
    await done('alsc.crm.open.order.backflow', {
      action: 'REFUND', order_info: { outer_order_id: 'dinner' }, refund_info_list: [{ out_refund_no: 'dinner-r1', refund_amount: 2000 }],
    });
    fs.writeFileSync(notes, JSON.stringify({ customer_id, evening: await balance(who), value: value.amount, points: points.amount }));
  },

  async morning() {
    const { customer_id, evening, value, points } = JSON.parse(fs.readFileSync(notes));
    const who = { customer_id };
    assert.deepStrictEqual(evening, { real: 12000 + value, gift: 3000, usable: 15000 + value, points: 120 - 100 + points - 30 });

    // At midnight the points of the year ended.
    assert.deepStrictEqual(await balance(who), { ...evening, points: 0 });
    await refused('INSUFFICIENT_POINT', 'alsc.crm.point.consumepoint', { ...who, out_biz_id: 'coffee', change_point: 1 });
    const flows = (await done('alsc.crm.point.querypointflow', { ...who, page_size: 100 })).point_flow_open_info;
    assert.deepStrictEqual(
      flows.map((f) => [f.biz_type, f.change_point]),
      [
        ['EXPIRE', -evening.points], ['REWARD_FROM_CONSUME_REVERSE', -30], ['DEDUCT_FROM_CONSUME_REVERSE', points], ['DEDUCT_FROM_CONSUME', -100],
        ['REWARD_FROM_CONSUME', 120],
      ],
    );

    // The statement adds up to the fen, and the audit finds nothing.
    const lines = recoup('member', 'statement', '--brand', '1332', '--customer', customer_id, '--json').trim().split('\n').map((line) => JSON.parse(line));
    const card = lines.filter((l) => l.account.endsWith('-1'));
    const moved = card.reduce((sum, l) => sum + l.real + l.gift + l.pre, 0);
    assert.strictEqual(card.at(-1).kind, 'opening');
    assert.strictEqual(card.at(-1).balance + moved, evening.usable);
    assert.strictEqual(card[0].balance, evening.usable);
    assert.match(recoup('liability', '--brand', '1332', '--at', '2099-01-01', '--by', 'none', '--json'), new RegExp(`"kind":"real","amount":${evening.real},`));
    recoup('verify');
  },
};

// refund quotes a line and submits part of it over the channels in order, as an operator of a type.
const refund = async (store_id, line, amount, operator_type) => {
  const operator = { operator_id: 'clerk', operator_type };
  const quote = await done('wdk.reverse.applyrefund', { store_id, biz_order_ids: [Number(line)], operator });
  let rest = amount;
  const channels = quote.refund_channel_list.refund_channel_vo.map((c) => {
    const n = Math.min(rest, c.amount);
    rest -= n;
    return { unique_id: c.unique_id, code: c.code, amount: n };
  });
  const made = await done('wdk.reverse.creatrefund', {
    store_id, biz_order_ids: [Number(line)], operator, request_id: quote.request_id, reason_id: 1002, reason_text: '商品质量问题', refund_amount: amount,
    refund_channel_list: channels.filter((c) => c.amount > 0),
  });
  return String(made.reverse_ids.number[0]);
};

day[process.argv[2]]().then(
  () => process.exit(0),
  (err) => {
    console.error(err);
    process.exit(1);
  },
);
