-- What is remembered for a while: refusals and tombstones.

-- name: Refusals
-- one row each by primary key
SELECT request, content, until, result FROM refusal WHERE brand_id = $1 AND request = ANY($2::bytea[]);

-- name: SaveRefusals
-- one row each by primary key
INSERT INTO refusal (brand_id, request, content, until, result)
SELECT $1, k.request, k.content, k.until, k.result
FROM unnest($2::bytea[], $3::bytea[], $4::bigint[], $5::text[]) AS k(request, content, until, result)
ON CONFLICT (brand_id, request) DO UPDATE
SET content = excluded.content, until = excluded.until, result = excluded.result;

-- name: PurgeRefusals
-- the head of the index refusal_until
DELETE FROM refusal r USING (
  SELECT request FROM refusal WHERE brand_id = $1 AND until <= $2 ORDER BY until LIMIT $3 FOR UPDATE SKIP LOCKED
) k WHERE r.brand_id = $1 AND r.request = k.request;

-- name: TombsOfOrders
-- neighbours by primary key
SELECT order_no, app, family, charge, signed, amount, member, until FROM tombstone WHERE brand_id = $1 AND order_no = ANY($2::text[]);

-- name: CountTombs
-- the tail of each app in the index tombstone_app; a number counts once
SELECT app, count(DISTINCT order_no) FROM tombstone WHERE brand_id = $1 AND app = ANY($2::text[])
AND until > (SELECT greatest(h.at, coalesce($3::bigint, (extract(epoch FROM clock_timestamp()) * 1000)::bigint)) FROM head h WHERE h.brand_id = $1)
GROUP BY app;

-- name: SaveTombs
-- one row each by primary key
INSERT INTO tombstone (brand_id, order_no, app, family, charge, signed, amount, member, until)
SELECT $1, k.order_no, k.app, k.family, k.charge, k.signed, k.amount, k.member, k.until
FROM unnest($2::text[], $3::text[], $4::smallint[], $5::boolean[], $6::bigint[], $7::bigint[], $8::text[], $9::bigint[])
  AS k(order_no, app, family, charge, signed, amount, member, until)
ON CONFLICT (brand_id, order_no, app, family, charge) DO UPDATE
SET signed = excluded.signed, amount = excluded.amount, member = excluded.member, until = excluded.until;

-- name: LiftTombs
-- one row each by primary key
DELETE FROM tombstone t
USING unnest($2::text[], $3::text[], $4::smallint[], $5::boolean[]) AS k(order_no, app, family, charge)
WHERE t.brand_id = $1 AND t.order_no = k.order_no AND t.app = k.app AND t.family = k.family AND t.charge = k.charge;

-- name: PurgeTombs
-- the head of the index tombstone_until
DELETE FROM tombstone t USING (
  SELECT order_no, app, family, charge FROM tombstone WHERE brand_id = $1 AND until <= $2 ORDER BY until LIMIT $3 FOR UPDATE SKIP LOCKED
) k WHERE t.brand_id = $1 AND t.order_no = k.order_no AND t.app = k.app AND t.family = k.family AND t.charge = k.charge;

-- name: AllRefusals
-- in order of the primary key
SELECT request, content, until, result FROM refusal WHERE brand_id = $1 ORDER BY request;

-- name: AllTombs
-- in order of the primary key
SELECT order_no, app, family, charge, signed, amount, member, until FROM tombstone WHERE brand_id = $1
ORDER BY order_no, app, family, charge;
