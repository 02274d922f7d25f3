-- +goose Up

-- Views for people with a database client and for reports. Their names and columns stay; the tables behind them may change, and may only
-- be written by the program. Amounts are fen, points or uses. Times are GMT+8 without a zone; at_ms and the like are milliseconds since 1970. Ask by
-- brand and member, order_no or seq: these have indexes. docs/views.md describes each column.

CREATE VIEW v_operation AS
SELECT b.id AS brand, o.seq, d ->> 'id' AS id, to_timestamp(o.at / 1000.0) AT TIME ZONE INTERVAL '8 hours' AS at, o.at AS at_ms, CASE o.kind
    WHEN 1 THEN 'charge' WHEN 2 THEN 'uncharge' WHEN 3 THEN 'freeze' WHEN 4 THEN 'release' WHEN 5 THEN 'hold-expire' WHEN 6 THEN 'spend'
    WHEN 7 THEN 'refund' WHEN 8 THEN 'grant' WHEN 9 THEN 'expire' WHEN 10 THEN 'member' WHEN 11 THEN 'issue' WHEN 12 THEN 'order'
    WHEN 13 THEN 'reverse' WHEN 14 THEN 'card-cancel' WHEN 15 THEN 'import' WHEN 16 THEN 'debt'
    WHEN 17 THEN 'earn' WHEN 18 THEN 'unearn' WHEN 19 THEN 'ungrant' END AS kind,
  d ->> 'app' AS app, d ->> 'by' AS method, nullif(o.member, '') AS member, nullif(o.shop, '') AS shop, o.order_no, o.ordinal,
  d ->> 'no' AS number, d ->> 'op' AS operator, d ->> 'on' AS operator_name, d ->> 'why' AS reason,
  coalesce((d ->> 'v')::bigint, 0) AS policy
FROM op o JOIN brand b ON b.serial = o.brand_id CROSS JOIN LATERAL CAST(o.body AS json) AS d;

CREATE VIEW v_posting AS
SELECT b.id AS brand, o.seq, p.line, to_timestamp(o.at / 1000.0) AT TIME ZONE INTERVAL '8 hours' AS at, o.at AS at_ms, CASE o.kind
    WHEN 1 THEN 'charge' WHEN 2 THEN 'uncharge' WHEN 3 THEN 'freeze' WHEN 4 THEN 'release' WHEN 5 THEN 'hold-expire' WHEN 6 THEN 'spend'
    WHEN 7 THEN 'refund' WHEN 8 THEN 'grant' WHEN 9 THEN 'expire' WHEN 10 THEN 'member' WHEN 11 THEN 'issue' WHEN 12 THEN 'order'
    WHEN 13 THEN 'reverse' WHEN 14 THEN 'card-cancel' WHEN 15 THEN 'import' WHEN 16 THEN 'debt'
    WHEN 17 THEN 'earn' WHEN 18 THEN 'unearn' WHEN 19 THEN 'ungrant' END AS operation,
  nullif(o.member, '') AS member, nullif(o.shop, '') AS shop, o.order_no,
  substring(p.value ->> 'l' from '^(.*)#[0-9]+$') AS account, substring(p.value ->> 'l' from '#([0-9]+)$')::bigint AS lot,
  p.value ->> 'v' AS voucher, p.value ->> 'b' AS book, CASE coalesce((p.value ->> 'k')::integer, 0) WHEN 0 THEN 'real' WHEN 1 THEN 'gift'
    WHEN 2 THEN 'pre' WHEN 3 THEN 'point' WHEN 4 THEN 'use' END AS asset,
  coalesce((p.value ->> 'a')::bigint, 0) AS amount, p.value ->> 'of' AS reverses
FROM op o JOIN brand b ON b.serial = o.brand_id
CROSS JOIN LATERAL json_array_elements(o.body::json -> 'p') WITH ORDINALITY AS p(value, line);

CREATE VIEW v_lot AS
SELECT b.id AS brand, m.id AS member, CASE WHEN (a.value -> 0 ->> 0) LIKE '**%' THEN substr((a.value -> 0 ->> 0), 2)
    WHEN (a.value -> 0 ->> 0) LIKE '*%' THEN m.id || substr((a.value -> 0 ->> 0), 2) ELSE (a.value -> 0 ->> 0) END AS account,
  (l.value ->> 0)::bigint AS n, CASE (l.value ->> 1)::integer WHEN 0 THEN 'real' WHEN 1 THEN 'gift' WHEN 2 THEN 'pre' WHEN 3 THEN 'point' END AS asset,
  (l.value ->> 3)::bigint AS granted, coalesce(l.value ->> 4, l.value ->> 3)::bigint AS balance, coalesce((l.value ->> 5)::bigint, 0) AS held,
  to_timestamp((l.value ->> 6)::bigint / 1000.0) AT TIME ZONE INTERVAL '8 hours' AS expires, (l.value ->> 6)::bigint AS expires_ms
FROM member m JOIN brand b ON b.serial = m.brand_id CROSS JOIN LATERAL json_array_elements(m.wallet::json) AS a(value)
CROSS JOIN LATERAL json_array_elements(a.value) WITH ORDINALITY AS l(value, place) WHERE l.place > 1
UNION ALL
SELECT b.id, l.member, l.account, l.n, CASE l.kind WHEN 0 THEN 'real' WHEN 1 THEN 'gift' WHEN 2 THEN 'pre' WHEN 3 THEN 'point' END, l.granted,
    l.balance, l.held, to_timestamp(nullif(l.expires, 9223372036854775807) / 1000.0) AT TIME ZONE INTERVAL '8 hours', nullif(l.expires, 9223372036854775807)
FROM lot l JOIN brand b ON b.serial = l.brand_id;

CREATE VIEW v_balance AS
SELECT b.id AS brand, m.id AS member, CASE WHEN (a.value -> 0 ->> 0) LIKE '**%' THEN substr((a.value -> 0 ->> 0), 2)
    WHEN (a.value -> 0 ->> 0) LIKE '*%' THEN m.id || substr((a.value -> 0 ->> 0), 2) ELSE (a.value -> 0 ->> 0) END AS account,
  nullif(a.value -> 0 ->> 1, '') AS card, CASE coalesce((a.value -> 0 ->> 2)::integer, 0) WHEN 0 THEN 'member card' WHEN 1 THEN 'other card'
    WHEN 2 THEN 'gift card' WHEN 3 THEN 'points' END AS type, k.asset,
  coalesce((a.value -> 0 -> 6 ->> k.kind)::bigint, 0) AS balance, coalesce((a.value -> 0 -> 8 ->> k.kind)::bigint, 0) AS held,
  coalesce((a.value -> 0 -> 7 ->> k.kind)::bigint, 0) AS granted, coalesce((a.value -> 0 -> 9 ->> k.kind)::bigint, 0) AS used,
  coalesce((a.value -> 0 -> 10 ->> k.kind)::bigint, 0) AS expired
FROM member m JOIN brand b ON b.serial = m.brand_id CROSS JOIN LATERAL json_array_elements(m.wallet::json) AS a(value)
CROSS JOIN (VALUES (0, 'real'), (1, 'gift'), (2, 'pre'), (3, 'point')) AS k(kind, asset)
WHERE coalesce((a.value -> 0 -> 7 ->> k.kind)::bigint, 0) <> 0;

CREATE VIEW v_hold AS
SELECT b.id AS brand, h.order_no, CASE h.family WHEN 0 THEN 'value' WHEN 1 THEN 'point' END AS asset, h.member, d ->> 'a' AS account,
  (SELECT sum((p.value ->> 'a')::bigint)::bigint FROM json_array_elements(d -> 'pin') AS p(value)) AS amount,
    to_timestamp(h.deadline / 1000.0) AT TIME ZONE INTERVAL '8 hours' AS ends, h.deadline AS ends_ms,
  d ->> 'op' AS operation
FROM hold h JOIN brand b ON b.serial = h.brand_id CROSS JOIN LATERAL CAST(h.body AS json) AS d;

CREATE VIEW v_voucher AS
SELECT b.id AS brand, v.id, v.member, d ->> 't' AS template, coalesce((d ->> 'uses')::bigint, 0) AS uses, coalesce((d ->> 'left')::bigint, 0) AS uses_left,
  CASE WHEN (d ->> 'deleted')::boolean THEN 'DELETED' WHEN coalesce((d ->> 'left')::bigint, 0) = 0 THEN 'ISUSED'
    WHEN (d ->> 'end')::bigint >= 0 AND (d ->> 'end')::bigint <= extract(epoch FROM now()) * 1000 THEN 'EXPIRED' ELSE 'NORMAL' END AS status,
  to_timestamp((d ->> 'start')::bigint / 1000.0) AT TIME ZONE INTERVAL '8 hours' AS starts, to_timestamp((nullif((d ->> 'end')::bigint,
    -1) - 1) / 1000) AT TIME ZONE INTERVAL '8 hours' AS ends, nullif((d ->> 'end')::bigint, -1) AS ends_ms,
  d ->> 'for' AS replaces, d ->> 'op' AS operation
FROM voucher v JOIN brand b ON b.serial = v.brand_id CROSS JOIN LATERAL CAST(v.body AS json) AS d;

CREATE VIEW v_order AS
SELECT b.id AS brand, o.main, o.out AS out_order_id, d ->> 'Store' AS store,
    to_timestamp((d ->> 'At')::bigint / 1000.0) AT TIME ZONE INTERVAL '8 hours' AS at, (d ->> 'At')::bigint AS at_ms,
  (d ->> 'PayFee')::bigint AS pay_fee, (d ->> 'PostFee')::bigint AS post_fee, json_array_length(d -> 'Subs') AS sub_orders,
  json_array_length(d -> 'Tenders') AS tenders
FROM wdk_order o JOIN brand b ON b.serial = o.brand_id CROSS JOIN LATERAL CAST(o.body AS json) AS d;

CREATE VIEW v_reverse AS
SELECT b.id AS brand, r.id, r.main, (d ->> 'Sub')::bigint AS sub_order, d ->> 'Store' AS store,
  CASE (d ->> 'Status')::integer WHEN 1 THEN 'APPLY' WHEN 2 THEN 'REFUSE' WHEN 3 THEN 'AGREE' WHEN 4 THEN 'PAYING' WHEN 5 THEN 'SUCCESS'
    WHEN 6 THEN 'FAILED' WHEN 7 THEN 'CANCEL' END AS status, (d ->> 'Amount')::bigint AS amount,
  (d ->> 'Post')::bigint AS post_fee, d ->> 'Reason' AS reason, d ->> 'Operator' AS operator,
  d ->> 'OperatorName' AS operator_name, to_timestamp((d -> 'History' -> 0 ->> 'At')::bigint / 1000.0) AT TIME ZONE INTERVAL '8 hours' AS at,
    (d -> 'History' -> 0 ->> 'At')::bigint AS at_ms
FROM reverse r JOIN brand b ON b.serial = r.brand_id CROSS JOIN LATERAL CAST(r.body AS json) AS d;

-- +goose Down
SELECT 1; -- views of the books stay with them
