-- name: OpsByRequest
-- by the unique index op_request
SELECT o.seq, o.body FROM unnest($2::bytea[]) AS k(request) CROSS JOIN LATERAL (
  SELECT seq, body FROM op WHERE brand_id = $1 AND request BETWEEN k.request AND k.request ORDER BY request
) o;

-- name: OpsByRefund
-- by the unique index op_refund
SELECT o.seq, o.body FROM unnest($2::bytea[]) AS k(refund) CROSS JOIN LATERAL (
  SELECT seq, body FROM op WHERE brand_id = $1 AND refund BETWEEN k.refund AND k.refund ORDER BY refund
) o;

-- name: Histories
-- the rows of each number, in order of the index op_order
SELECT o.seq, o.body FROM unnest($2::text[]) AS k(order_no) CROSS JOIN LATERAL (
  SELECT seq, body FROM op WHERE brand_id = $1 AND order_no BETWEEN k.order_no AND k.order_no ORDER BY order_no, ordinal
) o;

-- name: HistoryMembers
-- the rows of each number by the index op_order
SELECT o.member FROM unnest($2::text[]) AS k(order_no) CROSS JOIN LATERAL (
  SELECT member FROM op WHERE brand_id = $1 AND order_no BETWEEN k.order_no AND k.order_no ORDER BY order_no
) o;

-- name: MoveHead
-- one row by primary key: the last lock a batch takes; from here to the commit batches of a brand go one by one. It hands out the
-- sequence and extends the chain. $2 operations, $3 the digest of their texts, $4 the stamp, $5 what the memory moves by
UPDATE head SET seq = seq + $2, at = greatest(at, $4), memory = memory + $5,
  hash = CASE WHEN $2 > 0 THEN sha256(hash || $3::bytea) ELSE hash END
WHERE brand_id = $1 RETURNING seq, memory, hash;

-- name: SaveLink
-- the head by primary key, as it is now
INSERT INTO link (brand_id, last, hash, at) SELECT brand_id, seq, hash, at FROM head WHERE brand_id = $1;

-- name: SaveOps
-- the head by primary key; $2 operations are appended, the last with its sequence
INSERT INTO op (brand_id, seq, at, kind, ordinal, request, refund, member, shop, order_no, body, moves)
SELECT h.brand_id, h.seq - $2 + k.i, k.at, k.kind, k.ordinal, k.request, k.refund, k.member, k.shop, nullif(k.order_no, ''), k.body, k.moves
FROM head h CROSS JOIN unnest($3::bigint[], $4::smallint[], $5::integer[], $6::bytea[], $7::bytea[], $8::text[], $9::text[], $10::text[],
  $11::text[], $12::smallint[]) WITH ORDINALITY AS k(at, kind, ordinal, request, refund, member, shop, order_no, body, moves, i)
WHERE h.brand_id = $1;

-- name: OpsAfter
-- in order of the primary key
SELECT seq, body FROM op WHERE brand_id = $1 AND seq > $2 ORDER BY seq LIMIT $3;

-- name: Overtaken
-- by the index op_order: was one of the numbers booked between $3, the sequence number at the load, and our own $4 operations?
SELECT o.order_no FROM unnest($2::text[]) AS k(order_no) CROSS JOIN LATERAL (
  SELECT order_no, seq FROM op WHERE brand_id = $1 AND order_no BETWEEN k.order_no AND k.order_no ORDER BY order_no
) o WHERE o.seq > $3 AND o.seq <= (SELECT h.seq - $4 FROM head h WHERE h.brand_id = $1) LIMIT 1;

-- name: Answered
-- by the unique index op_request: likewise of requests
SELECT o.request FROM unnest($2::bytea[]) AS k(request) CROSS JOIN LATERAL (
  SELECT request, seq FROM op WHERE brand_id = $1 AND request BETWEEN k.request AND k.request ORDER BY request
) o WHERE o.seq > $3 AND o.seq <= (SELECT h.seq - $4 FROM head h WHERE h.brand_id = $1) LIMIT 1;

-- name: MemberOps
-- the tail of what moved the same of one member in the index op_member
SELECT seq, body FROM op WHERE brand_id = $1 AND member = $2 AND moves = $3 AND seq < $4 ORDER BY member DESC, moves DESC, seq DESC LIMIT $5;

-- name: OrderOps
-- the rows of one number, backwards in the index op_order
SELECT seq, body FROM op WHERE brand_id = $1 AND order_no = $2 AND seq < $3 ORDER BY order_no DESC, ordinal DESC LIMIT $4;

-- name: SeqAt
-- the last rows of the moment before by the index link_at
SELECT coalesce(max(last), 0)::bigint FROM (
  SELECT last FROM link WHERE brand_id = $1
  AND at = (SELECT at FROM link WHERE brand_id = $1 AND at <= $2 ORDER BY at DESC LIMIT 1) ORDER BY at, last DESC LIMIT 1
) l;

-- name: Ops
-- in order of the primary key
SELECT seq, body, at, kind, ordinal, request, refund, member, shop, order_no, true, moves FROM op WHERE brand_id = $1 AND seq > $2 ORDER BY seq;
