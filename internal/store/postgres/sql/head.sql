-- name: Serial
-- one row by the unique key brand_id_key
SELECT serial FROM brand WHERE id = $1;

-- name: Head
-- two rows by primary key. Read after the locks, so that the clock is never below the stamps of what is locked. $2 is the caller's
-- clock; without one it is the database's
SELECT h.seq, h.memory, b.version,
  h.at, coalesce($2::bigint, (extract(epoch FROM clock_timestamp()) * 1000)::bigint)
FROM head h JOIN brand b ON b.serial = h.brand_id WHERE h.brand_id = $1;

-- name: Rules
-- one row by primary key
SELECT body FROM rules WHERE brand_id = $1 AND version = $2;

-- name: Clock
-- no table: the time, and whether the server takes no writes, as a standby or one that was told so
SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint, current_setting('transaction_read_only')::boolean;

-- name: Issue
-- one row by primary key
UPDATE counter SET issued = issued + $2 WHERE brand_id = $1 AND issued <= $3 RETURNING issued - $2;

-- name: Issued
-- one row by primary key
SELECT issued FROM counter WHERE brand_id = $1;

-- name: Link
-- one row by primary key
SELECT hash FROM link WHERE brand_id = $1 AND last BETWEEN $2 AND $2 ORDER BY last;

-- name: Links
-- in order of the primary key
SELECT last, at, hash FROM link WHERE brand_id = $1 ORDER BY last;

-- name: HeadLink
-- one row by primary key
SELECT seq, at, hash FROM head WHERE brand_id = $1;

-- name: AwaitHead
-- one row by primary key; a batch that has saved holds it until it has committed or is undone
SELECT brand_id FROM head WHERE brand_id = $1 FOR SHARE;

-- name: Settings
-- no table: what durability and text depend on
SELECT current_setting('server_version_num')::bigint, current_setting('fsync'), current_setting('full_page_writes'),
  current_setting('synchronous_commit'), current_setting('server_encoding');

-- name: SetLocal
-- no table: behind a transaction pooler a session's settings are nobody's, so each transaction brings its own
SELECT set_config(k.name, k.value, true) FROM unnest($1::text[], $2::text[]) AS k(name, value);

-- name: HeadSeal
-- one row by primary key
SELECT last, hash, seal FROM seal WHERE brand_id = $1;

-- name: SaveSeal
-- one row by primary key
INSERT INTO seal (brand_id, last, hash, seal) VALUES ($1, $2, $3, $4)
ON CONFLICT (brand_id) DO UPDATE SET last = excluded.last, hash = excluded.hash, seal = excluded.seal;
