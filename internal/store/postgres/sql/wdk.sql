-- name: MainsBySub
-- one row each by primary key
SELECT s.main FROM unnest($2::bigint[]) AS k(no) CROSS JOIN LATERAL (
  SELECT main FROM wdk_sub WHERE brand_id = $1 AND no = k.no OFFSET 0
) s;

-- name: MainsByOut
-- one row each by the unique index wdk_order_out
SELECT o.main FROM unnest($2::text[]) AS k(out) CROSS JOIN LATERAL (
  SELECT main FROM wdk_order WHERE brand_id = $1 AND out BETWEEN k.out AND k.out ORDER BY out
) o;

-- name: MainsByOutSub
-- the rows of each number by the index wdk_sub_out
SELECT s.main FROM unnest($2::text[]) AS k(out) CROSS JOIN LATERAL (
  SELECT main FROM wdk_sub WHERE brand_id = $1 AND out BETWEEN k.out AND k.out ORDER BY out
) s;

-- name: MainsByReverse
-- one row each by primary key
SELECT r.main FROM unnest($2::bigint[]) AS k(id) CROSS JOIN LATERAL (
  SELECT main FROM reverse WHERE brand_id = $1 AND id BETWEEN k.id AND k.id ORDER BY id
) r;

-- name: LockWdkOrders
-- one row each by primary key, in the order given, which is that of the keys: everybody locks in this order, after members
SELECT o.body FROM unnest($2::bigint[]) AS k(main) CROSS JOIN LATERAL (
  SELECT body FROM wdk_order WHERE brand_id = $1 AND main BETWEEN k.main AND k.main ORDER BY main FOR UPDATE
) o;

-- name: WdkOrdersByMain
-- one row each by primary key
SELECT o.body FROM unnest($2::bigint[]) AS k(main) CROSS JOIN LATERAL (
  SELECT body FROM wdk_order WHERE brand_id = $1 AND main BETWEEN k.main AND k.main ORDER BY main
) o;

-- name: ReversesOf
-- the rows of each order by the index reverse_main
SELECT r.body FROM unnest($2::bigint[]) AS k(main) CROSS JOIN LATERAL (
  SELECT body FROM reverse WHERE brand_id = $1 AND main BETWEEN k.main AND k.main ORDER BY main
) r;

-- name: QuotesByToken
-- one row each by primary key
SELECT q.body FROM unnest($2::text[]) AS k(token) CROSS JOIN LATERAL (
  SELECT body FROM quote WHERE brand_id = $1 AND token = k.token OFFSET 0
) q;

-- name: CountQuotes
-- the tail of each store in the index quote_live
SELECT k.store, (
  SELECT count(*) FROM (
    SELECT token FROM quote WHERE brand_id = $1 AND store BETWEEN k.store AND k.store AND NOT bound
    AND until > (SELECT greatest(h.at, coalesce($3::bigint, (extract(epoch FROM clock_timestamp()) * 1000)::bigint)) FROM head h WHERE h.brand_id = $1)
    ORDER BY store, until
  ) q
) FROM unnest($2::text[]) AS k(store);

-- name: SaveWdkOrders
-- one row each by primary key; wdk_order_out finds that another order has the outer number
INSERT INTO wdk_order (brand_id, main, out, body)
VALUES ($1, unnest($2::bigint[]), unnest($3::text[]), unnest($4::text[]))
ON CONFLICT (brand_id, main) DO UPDATE SET out = excluded.out, body = excluded.body;

-- name: SaveSubs
-- one row each by primary key; fewer are written when a number is another order's
INSERT INTO wdk_sub (brand_id, no, main, out)
SELECT h.brand_id, k.no, k.main, nullif(k.out, '')
FROM head h CROSS JOIN unnest($2::bigint[], $3::bigint[], $4::text[]) AS k(no, main, out) WHERE h.brand_id = $1
ON CONFLICT (brand_id, no) DO UPDATE SET out = excluded.out WHERE wdk_sub.main = excluded.main;

-- name: SaveQuotes
-- one row each by primary key
INSERT INTO quote (brand_id, token, store, until, bound, body, seal)
VALUES ($1, unnest($2::text[]), unnest($3::text[]), unnest($4::bigint[]), unnest($5::boolean[]), unnest($6::text[]), unnest($7::bytea[]))
ON CONFLICT (brand_id, token) DO UPDATE
SET store = excluded.store, until = excluded.until, bound = excluded.bound, body = excluded.body, seal = excluded.seal;

-- name: SaveReverses
-- one row each by primary key
INSERT INTO reverse (brand_id, id, main, store, at, status, body)
VALUES ($1, unnest($2::bigint[]), unnest($3::bigint[]), unnest($4::text[]), unnest($5::bigint[]), unnest($6::smallint[]), unnest($7::text[]))
ON CONFLICT (brand_id, id) DO UPDATE
SET main = excluded.main, store = excluded.store, at = excluded.at, status = excluded.status, body = excluded.body;

-- name: ReversesAt
-- a stretch of one store's in the index reverse_store
SELECT at, id FROM reverse WHERE brand_id = $1 AND store = $2 AND (at, id) > ($3, $4) AND at <= $5 ORDER BY store, at, id LIMIT $6;

-- name: ReversesIn
-- a stretch of one state in the index reverse_status
SELECT at, id FROM reverse WHERE brand_id = $1 AND status = $2 AND (at, id) > ($3, $4) AND at <= $5 ORDER BY status, at, id LIMIT $6;

-- name: PurgeQuotes
-- the head of the index quote_until
DELETE FROM quote WHERE brand_id = $1 AND ctid = ANY (ARRAY(
  SELECT ctid FROM quote WHERE brand_id = $1 AND until <= $2 AND NOT bound ORDER BY until LIMIT $3 FOR UPDATE SKIP LOCKED
));

-- name: WdkOrders
-- in order of the primary key
SELECT body, main, out FROM wdk_order WHERE brand_id = $1 ORDER BY main;

-- name: Quotes
-- in order of the primary key
SELECT body, token, store, until, bound, seal FROM quote WHERE brand_id = $1 ORDER BY token;

-- name: Reverses
-- in order of the primary key
SELECT body, id, main, store, at, status FROM reverse WHERE brand_id = $1 ORDER BY id;

-- name: SubRows
-- in order of the primary key
SELECT no, main, out FROM wdk_sub WHERE brand_id = $1 ORDER BY no;
