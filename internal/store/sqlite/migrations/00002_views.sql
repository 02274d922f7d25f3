-- +goose Up

-- Views for people with a database client and for reports. Their names and columns stay; the tables behind them may change, and may only
-- be written by the program. Amounts are fen, points or uses. Times are GMT+8 without a zone; at_ms and the like are milliseconds since 1970. Ask by
-- brand and member, order_no or seq: these have indexes. docs/views.md describes each column.

CREATE VIEW v_operation AS
SELECT b.id AS brand, o.seq, o.body ->> '$.id' AS id, datetime(o.at / 1000, 'unixepoch', '+8 hours') AS at, o.at AS at_ms, CASE o.kind
    WHEN 1 THEN 'charge' WHEN 2 THEN 'uncharge' WHEN 3 THEN 'freeze' WHEN 4 THEN 'release' WHEN 5 THEN 'hold-expire' WHEN 6 THEN 'spend'
    WHEN 7 THEN 'refund' WHEN 8 THEN 'grant' WHEN 9 THEN 'expire' WHEN 10 THEN 'member' WHEN 11 THEN 'issue' WHEN 12 THEN 'order'
    WHEN 13 THEN 'reverse' WHEN 14 THEN 'card-cancel' WHEN 15 THEN 'import' WHEN 16 THEN 'debt'
    WHEN 17 THEN 'earn' WHEN 18 THEN 'unearn' WHEN 19 THEN 'ungrant' END AS kind,
  o.body ->> '$.app' AS app, o.body ->> '$.by' AS method, nullif(o.member, '') AS member, nullif(o.shop, '') AS shop, o.order_no, o.ordinal,
  o.body ->> '$.no' AS number, o.body ->> '$.op' AS operator, o.body ->> '$.on' AS operator_name, o.body ->> '$.why' AS reason,
  coalesce(o.body ->> '$.v', 0) AS policy
FROM op o JOIN brand b ON b.serial = o.brand;

CREATE VIEW v_posting AS
SELECT b.id AS brand, o.seq, p.key + 1 AS line, datetime(o.at / 1000, 'unixepoch', '+8 hours') AS at, o.at AS at_ms, CASE o.kind
    WHEN 1 THEN 'charge' WHEN 2 THEN 'uncharge' WHEN 3 THEN 'freeze' WHEN 4 THEN 'release' WHEN 5 THEN 'hold-expire' WHEN 6 THEN 'spend'
    WHEN 7 THEN 'refund' WHEN 8 THEN 'grant' WHEN 9 THEN 'expire' WHEN 10 THEN 'member' WHEN 11 THEN 'issue' WHEN 12 THEN 'order'
    WHEN 13 THEN 'reverse' WHEN 14 THEN 'card-cancel' WHEN 15 THEN 'import' WHEN 16 THEN 'debt'
    WHEN 17 THEN 'earn' WHEN 18 THEN 'unearn' WHEN 19 THEN 'ungrant' END AS operation,
  nullif(o.member, '') AS member, nullif(o.shop, '') AS shop, o.order_no,
  substr(p.value ->> '$.l', 1, length(rtrim(p.value ->> '$.l', '0123456789')) - 1) AS account,
  CAST(substr(p.value ->> '$.l', length(rtrim(p.value ->> '$.l', '0123456789')) + 1) AS INTEGER) AS lot,
  p.value ->> '$.v' AS voucher, p.value ->> '$.b' AS book, CASE coalesce(p.value ->> '$.k', 0) WHEN 0 THEN 'real' WHEN 1 THEN 'gift'
    WHEN 2 THEN 'pre' WHEN 3 THEN 'point' WHEN 4 THEN 'use' END AS asset,
  coalesce(p.value ->> '$.a', 0) AS amount, p.value ->> '$.of' AS reverses
FROM op o JOIN brand b ON b.serial = o.brand, json_each(o.body, '$.p') p;

CREATE VIEW v_lot AS
SELECT b.id AS brand, m.id AS member, CASE WHEN substr((a.value ->> '$[0][0]'), 1, 2) = '**' THEN substr((a.value ->> '$[0][0]'), 2)
    WHEN substr((a.value ->> '$[0][0]'), 1, 1) = '*' THEN m.id || substr((a.value ->> '$[0][0]'), 2) ELSE (a.value ->> '$[0][0]') END AS account,
  l.value ->> '$[0]' AS n, CASE l.value ->> '$[1]' WHEN 0 THEN 'real' WHEN 1 THEN 'gift' WHEN 2 THEN 'pre' WHEN 3 THEN 'point' END AS asset,
  l.value ->> '$[3]' AS granted, coalesce(l.value ->> '$[4]', l.value ->> '$[3]') AS balance, coalesce(l.value ->> '$[5]', 0) AS held,
  datetime(l.value ->> '$[6]' / 1000, 'unixepoch', '+8 hours') AS expires, l.value ->> '$[6]' AS expires_ms
FROM member m JOIN brand b ON b.serial = m.brand, json_each(m.wallet) a, json_each(a.value) l WHERE l.key > 0
UNION ALL
SELECT b.id, l.member, l.account, l.n, CASE l.kind WHEN 0 THEN 'real' WHEN 1 THEN 'gift' WHEN 2 THEN 'pre' WHEN 3 THEN 'point' END, l.granted,
    l.balance, l.held, datetime(nullif(l.expires, 9223372036854775807) / 1000, 'unixepoch', '+8 hours'), nullif(l.expires, 9223372036854775807)
FROM lot l JOIN brand b ON b.serial = l.brand;

CREATE VIEW v_balance AS
SELECT b.id AS brand, m.id AS member, CASE WHEN substr((a.value ->> '$[0][0]'), 1, 2) = '**' THEN substr((a.value ->> '$[0][0]'), 2)
    WHEN substr((a.value ->> '$[0][0]'), 1, 1) = '*' THEN m.id || substr((a.value ->> '$[0][0]'), 2) ELSE (a.value ->> '$[0][0]') END AS account,
  nullif(a.value ->> '$[0][1]', '') AS card, CASE coalesce(a.value ->> '$[0][2]', 0) WHEN 0 THEN 'member card' WHEN 1 THEN 'other card'
    WHEN 2 THEN 'gift card' WHEN 3 THEN 'points' END AS type, k.asset,
  coalesce(a.value ->> ('$[0][6][' || k.kind || ']'), 0) AS balance, coalesce(a.value ->> ('$[0][8][' || k.kind || ']'), 0) AS held,
  coalesce(a.value ->> ('$[0][7][' || k.kind || ']'), 0) AS granted, coalesce(a.value ->> ('$[0][9][' || k.kind || ']'), 0) AS used,
  coalesce(a.value ->> ('$[0][10][' || k.kind || ']'), 0) AS expired
FROM member m JOIN brand b ON b.serial = m.brand, json_each(m.wallet) a,
  (SELECT 0 AS kind, 'real' AS asset UNION ALL SELECT 1, 'gift' UNION ALL SELECT 2, 'pre' UNION ALL SELECT 3, 'point') k
WHERE coalesce(a.value ->> ('$[0][7][' || k.kind || ']'), 0) <> 0;

CREATE VIEW v_hold AS
SELECT b.id AS brand, h.order_no, CASE h.family WHEN 0 THEN 'value' WHEN 1 THEN 'point' END AS asset, h.member, h.body ->> '$.a' AS account,
  (SELECT sum(p.value ->> '$.a') FROM json_each(h.body, '$.pin') p) AS amount, datetime(h.deadline / 1000, 'unixepoch', '+8 hours') AS ends,
    h.deadline AS ends_ms, h.body ->> '$.op' AS operation
FROM hold h JOIN brand b ON b.serial = h.brand;

CREATE VIEW v_voucher AS
SELECT b.id AS brand, v.id, v.member, v.body ->> '$.t' AS template, coalesce(v.body ->> '$.uses', 0) AS uses, coalesce(v.body ->> '$.left', 0) AS uses_left,
  CASE WHEN v.body ->> '$.deleted' THEN 'DELETED' WHEN coalesce(v.body ->> '$.left', 0) = 0 THEN 'ISUSED'
    WHEN v.body ->> '$.end' >= 0 AND v.body ->> '$.end' <= unixepoch() * 1000 THEN 'EXPIRED' ELSE 'NORMAL' END AS status,
  datetime(v.body ->> '$.start' / 1000, 'unixepoch', '+8 hours') AS starts, datetime((nullif(v.body ->> '$.end', -1) - 1) / 1000, 'unixepoch',
    '+8 hours') AS ends, nullif(v.body ->> '$.end', -1) AS ends_ms,
  v.body ->> '$.for' AS replaces, v.body ->> '$.op' AS operation
FROM voucher v JOIN brand b ON b.serial = v.brand;

CREATE VIEW v_order AS
SELECT b.id AS brand, o.main, o.out AS out_order_id, o.body ->> '$.Store' AS store, datetime(o.body ->> '$.At' / 1000, 'unixepoch',
    '+8 hours') AS at, o.body ->> '$.At' AS at_ms,
  o.body ->> '$.PayFee' AS pay_fee, o.body ->> '$.PostFee' AS post_fee, json_array_length(o.body, '$.Subs') AS sub_orders,
  json_array_length(o.body, '$.Tenders') AS tenders
FROM wdk_order o JOIN brand b ON b.serial = o.brand;

CREATE VIEW v_reverse AS
SELECT b.id AS brand, r.id, r.main, r.body ->> '$.Sub' AS sub_order, r.body ->> '$.Store' AS store,
  CASE r.body ->> '$.Status' WHEN 1 THEN 'APPLY' WHEN 2 THEN 'REFUSE' WHEN 3 THEN 'AGREE' WHEN 4 THEN 'PAYING' WHEN 5 THEN 'SUCCESS'
    WHEN 6 THEN 'FAILED' WHEN 7 THEN 'CANCEL' END AS status, r.body ->> '$.Amount' AS amount,
  r.body ->> '$.Post' AS post_fee, r.body ->> '$.Reason' AS reason, r.body ->> '$.Operator' AS operator,
  r.body ->> '$.OperatorName' AS operator_name, datetime(r.body ->> '$.History[0].At' / 1000, 'unixepoch', '+8 hours') AS at,
    r.body ->> '$.History[0].At' AS at_ms
FROM reverse r JOIN brand b ON b.serial = r.brand;

-- +goose Down
SELECT 1; -- views of the books stay with them
