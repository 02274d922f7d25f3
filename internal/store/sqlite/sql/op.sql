-- name: OpByRequest
-- one row by the unique index op_request
SELECT seq, body FROM op INDEXED BY op_request WHERE brand = ?1 AND request = ?2;

-- name: OpByRefund
-- one row by the unique index op_refund
SELECT seq, body FROM op INDEXED BY op_refund WHERE brand = ?1 AND refund = ?2;

-- name: History
-- the rows of one number, in order of the index op_order
SELECT seq, body FROM op INDEXED BY op_order WHERE brand = ?1 AND order_no = ?2 ORDER BY ordinal;

-- name: SaveOp
-- appends; the unique indexes find a second writer
INSERT INTO op (brand, seq, request, refund, order_no, ordinal, body)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7);

-- name: Ops
-- in order of the primary key
SELECT seq, body FROM op WHERE brand = ?1 AND seq > ?2 ORDER BY seq;
