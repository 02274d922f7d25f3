-- name: HoldsOfOrders
-- neighbours by primary key
SELECT h.body FROM unnest($2::text[]) AS k(order_no) CROSS JOIN LATERAL (
  SELECT body FROM hold WHERE brand_id = $1 AND order_no BETWEEN k.order_no AND k.order_no ORDER BY order_no
) h;

-- name: HoldsDue
-- the head of each member in the index hold_member
SELECT h.body FROM unnest($2::text[]) AS k(member) CROSS JOIN LATERAL (
  SELECT body FROM hold WHERE brand_id = $1 AND member BETWEEN k.member AND k.member AND deadline <= $3 ORDER BY member, deadline
) h;

-- name: HoldsOf
-- the rows of each member by the index hold_member
SELECT h.body FROM unnest($2::text[]) AS k(member) CROSS JOIN LATERAL (
  SELECT body FROM hold WHERE brand_id = $1 AND member BETWEEN k.member AND k.member ORDER BY member
) h;

-- name: SaveHolds
-- one row each by primary key
INSERT INTO hold (brand_id, order_no, family, member, deadline, body)
VALUES ($1, unnest($2::text[]), unnest($3::smallint[]), unnest($4::text[]), unnest($5::bigint[]), unnest($6::text[]))
ON CONFLICT (brand_id, order_no, family) DO UPDATE
SET member = excluded.member, deadline = excluded.deadline, body = excluded.body;

-- name: EndHolds
-- one row each by primary key
DELETE FROM hold USING (
  SELECT h.ctid AS place FROM unnest($2::text[], $3::smallint[]) AS k(order_no, family) CROSS JOIN LATERAL (
    SELECT ctid FROM hold WHERE brand_id = $1 AND order_no BETWEEN k.order_no AND k.order_no AND family = k.family ORDER BY order_no
  ) h
) k WHERE hold.ctid = k.place AND brand_id = $1;

-- name: Holds
-- in order of the primary key
SELECT body, order_no, family, member, deadline FROM hold WHERE brand_id = $1 ORDER BY order_no, family;
