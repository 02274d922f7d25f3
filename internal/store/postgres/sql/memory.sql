-- What is remembered for a while: refusals and tombstones.

-- name: RefusalsByRequest
-- one row each by primary key
SELECT r.request, r.content, r.until, r.result FROM unnest($2::bytea[]) AS k(request) CROSS JOIN LATERAL (
  SELECT * FROM refusal WHERE brand_id = $1 AND request BETWEEN k.request AND k.request ORDER BY request
) r;

-- name: SaveRefusals
-- one row each by primary key
INSERT INTO refusal (brand_id, request, content, until, result, seal)
VALUES ($1, unnest($2::bytea[]), unnest($3::bytea[]), unnest($4::bigint[]), unnest($5::text[]), unnest($6::bytea[]))
ON CONFLICT (brand_id, request) DO UPDATE
SET content = excluded.content, until = excluded.until, result = excluded.result, seal = excluded.seal;

-- name: PurgeRefusals
-- the head of the index refusal_until
DELETE FROM refusal WHERE brand_id = $1 AND ctid = ANY (ARRAY(
  SELECT ctid FROM refusal WHERE brand_id = $1 AND until <= $2 ORDER BY until LIMIT $3 FOR UPDATE SKIP LOCKED
));

-- name: TombsOfOrders
-- neighbours by primary key
SELECT t.order_no, t.app, t.family, t.charge, t.signed, t.amount, t.member, t.until
FROM unnest($2::text[]) AS k(order_no) CROSS JOIN LATERAL (
  SELECT * FROM tombstone WHERE brand_id = $1 AND order_no BETWEEN k.order_no AND k.order_no ORDER BY order_no
) t;

-- name: CountTombs
-- the tail of each app in the index tombstone_app; a number counts once
SELECT k.app, (
  SELECT count(DISTINCT t.order_no) FROM (
    SELECT order_no FROM tombstone WHERE brand_id = $1 AND app BETWEEN k.app AND k.app
    AND until > (SELECT greatest(h.at, coalesce($3::bigint, (extract(epoch FROM clock_timestamp()) * 1000)::bigint)) FROM head h WHERE h.brand_id = $1)
    ORDER BY app, until
  ) t
) FROM unnest($2::text[]) AS k(app);

-- name: SaveTombs
-- one row each by primary key
INSERT INTO tombstone (brand_id, order_no, app, family, charge, signed, amount, member, until, seal)
VALUES ($1, unnest($2::text[]), unnest($3::text[]), unnest($4::smallint[]), unnest($5::boolean[]), unnest($6::bigint[]),
  unnest($7::bigint[]), unnest($8::text[]), unnest($9::bigint[]), unnest($10::bytea[]))
ON CONFLICT (brand_id, order_no, app, family, charge) DO UPDATE
SET signed = excluded.signed, amount = excluded.amount, member = excluded.member, until = excluded.until, seal = excluded.seal;

-- name: LiftTombs
-- one row each by primary key
DELETE FROM tombstone USING (
  SELECT t.ctid AS place FROM unnest($2::text[], $3::text[], $4::smallint[], $5::boolean[]) AS k(order_no, app, family, charge)
  CROSS JOIN LATERAL (
    SELECT ctid FROM tombstone WHERE brand_id = $1 AND order_no BETWEEN k.order_no AND k.order_no
    AND app = k.app AND family = k.family AND charge = k.charge ORDER BY order_no FOR UPDATE
  ) t
) k WHERE tombstone.ctid = k.place AND brand_id = $1;

-- name: PurgeTombs
-- the head of the index tombstone_until
DELETE FROM tombstone WHERE brand_id = $1 AND ctid = ANY (ARRAY(
  SELECT ctid FROM tombstone WHERE brand_id = $1 AND until <= $2 ORDER BY until LIMIT $3 FOR UPDATE SKIP LOCKED
));

-- name: Refusals
-- in order of the primary key
SELECT request, content, until, result, seal FROM refusal WHERE brand_id = $1 ORDER BY request;

-- name: Tombs
-- in order of the primary key
SELECT order_no, app, family, charge, signed, amount, member, until, seal FROM tombstone WHERE brand_id = $1
ORDER BY order_no, app, family, charge;
