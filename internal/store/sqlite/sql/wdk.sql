-- name: MainsBySub
-- one row by primary key
SELECT main FROM wdk_sub WHERE brand = ?1 AND no = ?2;

-- name: MainsByOut
-- one row by the unique index wdk_order_out
SELECT main FROM wdk_order INDEXED BY wdk_order_out WHERE brand = ?1 AND out = ?2;

-- name: MainsByOutSub
-- the rows of one number by the index wdk_sub_out
SELECT main FROM wdk_sub INDEXED BY wdk_sub_out WHERE brand = ?1 AND out = ?2;

-- name: MainsByReverse
-- one row by primary key
SELECT main FROM reverse WHERE brand = ?1 AND id = ?2;

-- name: WdkOrdersByMain
-- one row by primary key
SELECT body FROM wdk_order WHERE brand = ?1 AND main = ?2;

-- name: ReversesOf
-- the rows of one order by the index reverse_main
SELECT body FROM reverse INDEXED BY reverse_main WHERE brand = ?1 AND main = ?2;

-- name: QuotesByToken
-- one row by primary key
SELECT body FROM quote WHERE brand = ?1 AND token = ?2;

-- name: CountQuotes
-- the tail of the index quote_live
SELECT ?2, count(*) FROM quote INDEXED BY quote_live WHERE brand = ?1 AND store = ?2 AND until > ?3 AND bound = 0;

-- name: SaveWdkOrders
-- one row by primary key; wdk_order_out finds that another order has the outer number
INSERT INTO wdk_order (brand, main, out, body) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (brand, main) DO UPDATE SET out = excluded.out, body = excluded.body;

-- name: SaveSubs
-- one row by primary key; no row is written when the number is another order's
INSERT INTO wdk_sub (brand, no, main, out) VALUES (?1, ?2, ?3, nullif(?4, ''))
ON CONFLICT (brand, no) DO UPDATE SET out = excluded.out WHERE main = excluded.main;

-- name: SaveQuotes
-- one row by primary key
INSERT INTO quote (brand, token, store, until, bound, body, seal) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (brand, token) DO UPDATE
SET store = excluded.store, until = excluded.until, bound = excluded.bound, body = excluded.body, seal = excluded.seal;

-- name: SaveReverses
-- one row by primary key
INSERT INTO reverse (brand, id, main, store, at, status, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (brand, id) DO UPDATE
SET main = excluded.main, store = excluded.store, at = excluded.at, status = excluded.status, body = excluded.body;

-- name: ReversesAt
-- a stretch of one store's in the index reverse_store
SELECT at, id FROM reverse INDEXED BY reverse_store WHERE brand = ?1 AND store = ?2 AND (at, id) > (?3, ?4) AND at <= ?5 ORDER BY at, id LIMIT ?6;

-- name: ReversesIn
-- a stretch of one state in the index reverse_status
SELECT at, id FROM reverse INDEXED BY reverse_status WHERE brand = ?1 AND status = ?2 AND (at, id) > (?3, ?4) AND at <= ?5 ORDER BY at, id LIMIT ?6;

-- name: PurgeQuotes
-- the head of the index quote_until
DELETE FROM quote WHERE (brand, token) IN
  (SELECT brand, token FROM quote INDEXED BY quote_until WHERE brand = ?1 AND until <= ?2 AND bound = 0 ORDER BY until LIMIT ?3);

-- name: WdkOrders
-- in order of the primary key
SELECT body, main, out FROM wdk_order WHERE brand = ?1 ORDER BY main;

-- name: Reverses
-- in order of the primary key
SELECT body, id, main, store, at, status FROM reverse WHERE brand = ?1 ORDER BY id;

-- name: Quotes
-- in order of the primary key
SELECT body, token, store, until, bound, seal FROM quote WHERE brand = ?1 ORDER BY token;

-- name: SubRows
-- in order of the primary key
SELECT no, main, out FROM wdk_sub WHERE brand = ?1 ORDER BY no;
