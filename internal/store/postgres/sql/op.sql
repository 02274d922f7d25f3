-- name: OpsByRequest
-- by the unique index op_request
SELECT seq, body FROM op WHERE brand_id = $1 AND request = ANY($2::bytea[]);

-- name: OpsByRefund
-- by the unique index op_refund
SELECT seq, body FROM op WHERE brand_id = $1 AND refund = ANY($2::bytea[]);

-- name: Histories
-- the rows of each number, in order of the index op_order
SELECT seq, body FROM op WHERE brand_id = $1 AND order_no = ANY($2::text[]) ORDER BY order_no, ordinal;

-- name: HistoryMembers
-- the rows of each number by the index op_order
SELECT member FROM op WHERE brand_id = $1 AND order_no = ANY($2::text[]);

-- name: SaveOps
-- The head's row is the last lock a batch takes; from here to the commit batches of a brand go one by one. The row hands out the
-- sequence and extends the chain; operations are appended under it. $2 operations, $3 the digest of their texts, $4 the stamp, $5 what
-- the memory moves by
WITH h AS (
  UPDATE head SET seq = seq + $2, at = greatest(at, $4), memory = memory + $5,
    hash = CASE WHEN $2 > 0 THEN sha256(hash || $3::bytea) ELSE hash END
  WHERE brand_id = $1 RETURNING seq, at, memory, hash
), l AS (
  INSERT INTO link (brand_id, last, hash, at) SELECT $1, h.seq, h.hash, h.at FROM h WHERE $2 > 0
), o AS (
  INSERT INTO op (brand_id, seq, ordinal, request, refund, order_no, member, body)
  SELECT $1, h.seq - $2 + k.i, k.ordinal, k.request, k.refund, k.order_no, k.member, k.body
  FROM h, unnest($6::integer[], $7::bytea[], $8::bytea[], $9::text[], $10::text[], $11::text[])
    WITH ORDINALITY AS k(ordinal, request, refund, order_no, member, body, i)
)
SELECT seq, memory, hash, pg_current_xact_id()::text FROM h;

-- name: Ops
-- in order of the primary key
SELECT seq, body FROM op WHERE brand_id = $1 AND seq > $2 ORDER BY seq;

-- name: Overtaken
-- by the index op_order: was one of the numbers booked between $3, the sequence number at the load, and our own $4 operations?
SELECT op.order_no FROM op WHERE op.brand_id = $1 AND op.order_no = ANY($2::text[])
AND op.seq > $3 AND op.seq <= (SELECT h.seq - $4 FROM head h WHERE h.brand_id = $1) LIMIT 1;

-- name: Answered
-- by the unique index op_request: likewise of requests
SELECT op.request FROM op WHERE op.brand_id = $1 AND op.request = ANY($2::bytea[])
AND op.seq > $3 AND op.seq <= (SELECT h.seq - $4 FROM head h WHERE h.brand_id = $1) LIMIT 1;
