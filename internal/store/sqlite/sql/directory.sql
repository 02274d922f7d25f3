-- The directory is small and read whole: scans are right here.

-- name: Revision
-- one row
SELECT revision FROM directory;

-- name: MoveRevision
-- one row
UPDATE directory SET revision = revision + 1;

-- name: Probe
-- one row
UPDATE directory SET revision = revision;

-- name: Brands
-- all, with the rules in force by primary key
SELECT r.body FROM brand b JOIN rules r ON r.brand = b.serial AND r.version = b.version ORDER BY b.id;

-- name: BrandIDs
-- all
SELECT id FROM brand ORDER BY id;

-- name: Apps
-- all
SELECT body FROM app ORDER BY key;

-- name: Sessions
-- all
SELECT body FROM session ORDER BY digest;

-- name: Serials
-- all
SELECT serial FROM brand ORDER BY serial;

-- name: LastSerial
-- the last row
SELECT coalesce(max(serial), 0) FROM brand;

-- name: Brand
-- by the unique index of brand.id
SELECT serial, version FROM brand WHERE id = ?1;

-- name: CreateBrand
-- appends
INSERT INTO brand (serial, id, version) VALUES (?1, ?2, 1);

-- name: CreateCounter
-- appends
INSERT INTO counter (brand, issued) VALUES (?1, 0);

-- name: CreateHead
-- appends
INSERT INTO head (brand, seq, at, hash, token) VALUES (?1, 0, 0, zeroblob(32), '');

-- name: SetVersion
-- one row by rowid
UPDATE brand SET version = ?2 WHERE serial = ?1;

-- name: SaveRules
-- appends
INSERT INTO rules (brand, version, body) VALUES (?1, ?2, ?3);

-- name: AllRules
-- in order of the primary key
SELECT body, version, brand FROM rules WHERE brand = ?1 ORDER BY version;

-- name: SaveApp
-- one row by primary key
INSERT INTO app (key, body) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET body = excluded.body;

-- name: SaveSession
-- one row by primary key
INSERT INTO session (digest, body) VALUES (?1, ?2) ON CONFLICT (digest) DO UPDATE SET body = excluded.body;

-- name: LastOf
-- the last row of a kind by the index journal_what
SELECT body FROM journal WHERE what = ?1 ORDER BY n DESC LIMIT 1;

-- name: DeleteSession
-- one row by primary key
DELETE FROM session WHERE digest = ?1;

-- name: Schema
-- all
SELECT type, tbl_name, name, coalesce(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%';

-- name: App
-- one row by primary key
SELECT body FROM app WHERE key = ?1;

-- name: DeleteApp
-- one row by primary key
DELETE FROM app WHERE key = ?1;

-- name: Session
-- one row by primary key
SELECT body FROM session WHERE digest = ?1;

-- name: AppRows
-- all
SELECT key, body FROM app ORDER BY key;

-- name: SessionRows
-- all
SELECT digest, body FROM session ORDER BY digest;

-- name: RulesRows
-- all
SELECT b.id || '@' || r.version, r.body FROM brand b JOIN rules r ON r.brand = b.serial ORDER BY b.serial, r.version;

-- name: BrandRows
-- all
SELECT id, serial, version FROM brand ORDER BY id;

-- name: JournalHead
-- the last row
SELECT n, hash FROM journal ORDER BY n DESC LIMIT 1;

-- name: AppendJournal
-- appends
INSERT INTO journal (n, at, what, body, hash) VALUES (?1, ?2, ?3, ?4, ?5);

-- name: Journal
-- in order of the primary key
SELECT n, body, at, what, hash FROM journal WHERE n > ?1 ORDER BY n;

-- name: SealJournal
-- one row
UPDATE directory SET sealed = ?1, hash = ?2, seal = ?3;

-- name: JournalSeal
-- one row
SELECT sealed, hash, seal FROM directory;

-- name: RewriteRules
-- one row by primary key
UPDATE rules SET body = ?3 WHERE brand = ?1 AND version = ?2;
