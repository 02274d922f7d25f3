-- name: HoldsOfOrders
-- neighbours by primary key
SELECT body FROM hold WHERE brand = ?1 AND order_no = ?2;

-- name: HoldsDue
-- the head of the index hold_member
SELECT body FROM hold INDEXED BY hold_member WHERE brand = ?1 AND member = ?2 AND deadline <= ?3;

-- name: SaveHolds
-- one row by primary key
INSERT INTO hold (brand, order_no, family, member, deadline, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (brand, order_no, family) DO UPDATE
SET member = excluded.member, deadline = excluded.deadline, body = excluded.body;

-- name: EndHolds
-- one row by primary key
DELETE FROM hold WHERE brand = ?1 AND order_no = ?2 AND family = ?3;

-- name: Holds
-- in order of the primary key
SELECT body, order_no, family, member, deadline FROM hold WHERE brand = ?1 ORDER BY order_no, family;

-- name: HoldsOf
-- the rows of one member by the index hold_member
SELECT body FROM hold INDEXED BY hold_member WHERE brand = ?1 AND member = ?2;
