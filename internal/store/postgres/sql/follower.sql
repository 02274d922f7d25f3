-- How far followers of the operations are, and what they have written.

-- name: NewCursor
-- one row by primary key
INSERT INTO follower (brand_id, name, epoch, seq, owner, until) VALUES ($1, $2, 0, 0, '', 0) ON CONFLICT (brand_id, name) DO NOTHING;

-- name: Cursor
-- one row by primary key
SELECT epoch, seq, owner, until FROM follower WHERE brand_id = $1 AND name = $2 FOR UPDATE;

-- name: LeaseCursor
-- one row by primary key
UPDATE follower SET epoch = $3, owner = $4, until = $5 WHERE brand_id = $1 AND name = $2;

-- name: AdvanceCursor
-- one row by primary key
UPDATE follower SET seq = $5 WHERE brand_id = $1 AND name = $2 AND epoch = $3 AND seq = $4;

-- name: PutRow
-- one row by primary key
INSERT INTO follower_row (brand_id, name, key, body) VALUES ($1, $2, $3, $4)
ON CONFLICT (brand_id, name, key) DO UPDATE SET body = excluded.body;

-- name: DeleteRow
-- one row by primary key
DELETE FROM follower_row WHERE brand_id = $1 AND name = $2 AND key = $3;

-- name: GetRow
-- one row by primary key
SELECT body FROM follower_row WHERE brand_id = $1 AND name = $2 AND key = $3;

-- name: FollowerRows
-- neighbours by primary key
SELECT key, body FROM follower_row WHERE brand_id = $1 AND name = $2 AND key >= $3 ORDER BY key LIMIT $4;
