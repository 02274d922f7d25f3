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
SELECT body FROM session ORDER BY token;

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
INSERT INTO session (token, body) VALUES (?1, ?2) ON CONFLICT (token) DO UPDATE SET body = excluded.body;

-- name: ClockWord
-- the last row
SELECT body FROM clock ORDER BY n DESC LIMIT 1;

-- name: SayClock
-- appends
INSERT INTO clock (n, body) VALUES (?1, ?2);

-- name: DeleteSession
-- one row by primary key
DELETE FROM session WHERE token = ?1;

-- name: Schema
-- all
SELECT type, name, coalesce(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%';
