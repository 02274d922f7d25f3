-- name: Head
-- by the unique index of brand.id, and one row by rowid
SELECT b.serial, b.version, h.seq, h.at, h.hash, h.token FROM brand b CROSS JOIN head h ON h.brand = b.serial WHERE b.id = ?1;

-- name: Stands
-- all: where every brand stands
SELECT brand, seq, hash FROM head;

-- name: Rules
-- one row by primary key
SELECT body FROM rules WHERE brand = ?1 AND version = ?2;

-- name: SaveHead
-- one row by rowid
UPDATE head SET seq = ?2, at = ?3, hash = ?4, token = ?5 WHERE brand = ?1;

-- name: HeadLink
-- one row by rowid
SELECT seq, at, hash FROM head WHERE brand = ?1;

-- name: SaveLink
-- appends
INSERT INTO link (brand, last, at, hash) VALUES (?1, ?2, ?3, ?4);

-- name: Link
-- one row by primary key
SELECT hash FROM link WHERE brand = ?1 AND last = ?2;

-- name: Links
-- in order of the primary key
SELECT last, at, hash FROM link WHERE brand = ?1 ORDER BY last;

-- name: Issued
-- one row by rowid
SELECT issued FROM counter WHERE brand = ?1;

-- name: Issue
-- one row by rowid
UPDATE counter SET issued = ?2 WHERE brand = ?1;

-- name: Begin
-- takes the file's lock at once: what is read after it cannot change underneath
BEGIN IMMEDIATE;

-- name: BeginReading
-- sees the last commit before its first query
BEGIN;

-- name: Commit
COMMIT;

-- name: Rollback
ROLLBACK;

-- name: Integrity
-- reads everything
PRAGMA integrity_check(10);

-- name: Checkpoint
-- copies what no reader needs any more from the log into the file; waits for nobody
PRAGMA wal_checkpoint(PASSIVE);

-- name: LogLength
-- copies nothing
PRAGMA wal_checkpoint(NOOP);

-- name: HeadSeal
-- one row by rowid
SELECT last, hash, seal FROM seal WHERE brand = ?1;

-- name: SaveSeal
-- one row by rowid
INSERT INTO seal (brand, last, hash, seal) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (brand) DO UPDATE SET last = excluded.last, hash = excluded.hash, seal = excluded.seal;
