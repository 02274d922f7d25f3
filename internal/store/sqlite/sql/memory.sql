-- What is remembered for a while: refusals and tombstones.

-- name: RefusalsByRequest
-- one row by primary key
SELECT request, content, until, result FROM refusal WHERE brand = ?1 AND request = ?2;

-- name: SaveRefusals
-- one row by primary key
INSERT INTO refusal (brand, request, content, until, result, seal) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (brand, request) DO UPDATE
SET content = excluded.content, until = excluded.until, result = excluded.result, seal = excluded.seal;

-- name: PurgeRefusals
-- the head of the index refusal_until
DELETE FROM refusal WHERE (brand, request) IN
  (SELECT brand, request FROM refusal INDEXED BY refusal_until WHERE brand = ?1 AND until <= ?2 ORDER BY until LIMIT ?3);

-- name: TombsOfOrders
-- neighbours by primary key
SELECT order_no, app, family, charge, signed, amount, member, until
FROM tombstone WHERE brand = ?1 AND order_no = ?2;

-- name: CountTombs
-- the tail of the index tombstone_app; a number counts at its first live row, found among neighbours by primary key
SELECT ?2, count(*) FROM tombstone AS t INDEXED BY tombstone_app WHERE t.brand = ?1 AND t.app = ?2 AND t.until > ?3
AND NOT EXISTS (SELECT 1 FROM tombstone AS o WHERE o.brand = t.brand AND o.order_no = t.order_no AND o.app = t.app
  AND (o.family, o.charge) < (t.family, t.charge) AND o.until > ?3);

-- name: SaveTombs
-- one row by primary key
INSERT INTO tombstone (brand, order_no, app, family, charge, signed, amount, member, until, seal)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
ON CONFLICT (brand, order_no, app, family, charge) DO UPDATE
SET signed = excluded.signed, amount = excluded.amount, member = excluded.member, until = excluded.until, seal = excluded.seal;

-- name: LiftTombs
-- one row by primary key
DELETE FROM tombstone WHERE brand = ?1 AND order_no = ?2 AND app = ?3 AND family = ?4 AND charge = ?5;

-- name: PurgeTombs
-- the head of the index tombstone_until
DELETE FROM tombstone WHERE (brand, order_no, app, family, charge) IN
  (SELECT brand, order_no, app, family, charge FROM tombstone INDEXED BY tombstone_until WHERE brand = ?1 AND until <= ?2 ORDER BY until LIMIT ?3);

-- name: Refusals
-- in order of the primary key
SELECT request, content, until, result, seal FROM refusal WHERE brand = ?1 ORDER BY request;

-- name: Tombs
-- in order of the primary key
SELECT order_no, app, family, charge, signed, amount, member, until, seal
FROM tombstone WHERE brand = ?1 ORDER BY order_no, app, family, charge;
