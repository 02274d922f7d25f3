-- name: HoldsOfOrders
-- neighbours by primary key
SELECT body FROM hold WHERE brand_id = $1 AND order_no = ANY($2::text[]);

-- name: HoldsDue
-- the head of each member in the index hold_member. Due by the clock of this statement: the reader keeps to the clock of the head
SELECT body FROM hold WHERE brand_id = $1 AND member = ANY($2::text[])
AND deadline <= (SELECT greatest(h.at, coalesce($3::bigint, (extract(epoch FROM clock_timestamp()) * 1000)::bigint)) FROM head h WHERE h.brand_id = $1);

-- name: HoldsOf
-- the rows of each member by the index hold_member
SELECT body FROM hold WHERE brand_id = $1 AND member = ANY($2::text[]);

-- name: MembersWithHoldsDue
-- the head of the index hold_due
SELECT member FROM hold WHERE brand_id = $1 AND deadline <= $2 ORDER BY deadline LIMIT $3;

-- name: SaveHolds
-- one row each by primary key
INSERT INTO hold (brand_id, order_no, family, member, deadline, body)
SELECT $1, k.order_no, k.family, k.member, k.deadline, k.body
FROM unnest($2::text[], $3::smallint[], $4::text[], $5::bigint[], $6::text[]) AS k(order_no, family, member, deadline, body)
ON CONFLICT (brand_id, order_no, family) DO UPDATE
SET member = excluded.member, deadline = excluded.deadline, body = excluded.body;

-- name: EndHolds
-- one row each by primary key
DELETE FROM hold h USING unnest($2::text[], $3::smallint[]) AS k(order_no, family)
WHERE h.brand_id = $1 AND h.order_no = k.order_no AND h.family = k.family;

-- name: AllHolds
-- in order of the primary key
SELECT body FROM hold WHERE brand_id = $1 ORDER BY order_no, family;
