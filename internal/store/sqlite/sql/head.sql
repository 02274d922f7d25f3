-- name: Head
-- by the unique index brand_id
SELECT serial, version, counter, seq, hash, at, token, indexed, runs FROM brand WHERE id = ?1;

-- name: Rules
-- one row by primary key
SELECT body FROM rules WHERE brand = ?1 AND version = ?2;

-- name: Published
-- in order of the primary key
SELECT body FROM rules WHERE brand = ?1 ORDER BY version;

-- name: SaveHead
-- one row by rowid
UPDATE brand SET seq = ?2, hash = ?3, at = ?4, token = ?5, indexed = ?6, runs = ?7 WHERE serial = ?1;

-- name: SaveLink
-- appends
INSERT INTO link (brand, last, hash, at) VALUES (?1, ?2, ?3, ?4);

-- name: Link
-- one row by primary key
SELECT hash FROM link WHERE brand = ?1 AND last = ?2;

-- name: SaveCounter
-- one row by rowid
UPDATE brand SET counter = ?2 WHERE serial = ?1;

-- name: Links
-- in order of the primary key
SELECT last, hash, at FROM link WHERE brand = ?1 ORDER BY last;

-- name: Begin
-- takes the file's lock at once: what is read after it cannot change underneath
BEGIN IMMEDIATE;

-- name: Commit
COMMIT;

-- name: Rollback
ROLLBACK;

-- name: Integrity
-- reads everything
PRAGMA integrity_check(10);
