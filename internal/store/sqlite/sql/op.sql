-- name: OpsByRequest
-- one row by the index op_request
SELECT seq, body FROM op INDEXED BY op_request WHERE brand = ?1 AND request = ?2;

-- name: OpsByRefund
-- one row by the index op_refund
SELECT seq, body FROM op INDEXED BY op_refund WHERE brand = ?1 AND refund = ?2;

-- name: Histories
-- the rows of one number, in order of the index op_order
SELECT seq, body FROM op INDEXED BY op_order WHERE brand = ?1 AND order_no = ?2 ORDER BY ordinal;

-- name: HistoryMembers
-- the rows of one number in the index op_order
SELECT member FROM op INDEXED BY op_order WHERE brand = ?1 AND order_no = ?2 ORDER BY ordinal;

-- name: CountOps
-- a stretch in order of rowids
SELECT count(*) FROM op WHERE place > ?1 << 42 | ?2 AND place <= ?1 << 42 | 4398046511103 AND length(body) > 0;

-- name: SaveOps
-- appends
INSERT INTO op (place, brand, at, kind, ordinal, request, refund, member, shop, order_no, body, moves)
VALUES (?1 << 42 | ?2, ?1, ?3, ?4, ?5, ?6, ?7, ?8, ?9, nullif(?10, ''), ?11, ?12);

-- name: OpsAfter
-- in order of rowids
SELECT seq, body FROM op WHERE place > ?1 << 42 | ?2 AND place <= ?1 << 42 | 4398046511103 ORDER BY place LIMIT ?3;

-- name: MemberOps
-- the tail of what moved the same of one member in the index op_member, which ends with the place
SELECT seq, body FROM op INDEXED BY op_member WHERE brand = ?1 AND member = ?2 AND moves = ?3 AND place < ?1 << 42 | min(?4, 4398046511103)
ORDER BY place DESC LIMIT ?5;

-- name: OrderOps
-- the rows of one number, backwards in the index op_order
SELECT seq, body FROM op INDEXED BY op_order WHERE brand = ?1 AND order_no = ?2 AND seq < ?3 ORDER BY ordinal DESC LIMIT ?4;

-- name: SeqAt
-- the last rows of the moment before by the index link_at
SELECT coalesce(max(last), 0) FROM link INDEXED BY link_at
WHERE brand = ?1 AND at = (SELECT max(at) FROM link INDEXED BY link_at WHERE brand = ?1 AND at <= ?2);

-- name: Ops
-- in order of rowids
SELECT seq, body, at, kind, ordinal, request, refund, member, shop, order_no, brand = ?1, moves
FROM op WHERE place > ?1 << 42 | ?2 AND place <= ?1 << 42 | 4398046511103 ORDER BY place;
