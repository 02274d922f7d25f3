-- The directory is small and read whole: scans are right here.

-- name: Revision
-- one row
SELECT revision FROM directory;

-- name: MoveRevision
-- one row; taken first, so that writers of the directory go one by one
UPDATE directory SET revision = revision + 1;

-- name: Probe
-- one row
UPDATE directory SET revision = revision;

-- name: Brands
-- all, with the rules in force by primary key
SELECT r.body FROM brand b JOIN rules r ON r.brand_id = b.serial AND r.version = b.version ORDER BY b.id;

-- name: Apps
-- all
SELECT body FROM app ORDER BY key;

-- name: Sessions
-- all
SELECT body FROM session ORDER BY token;

-- name: ClockWord
-- the last row
SELECT body FROM clock ORDER BY n DESC LIMIT 1;

-- name: SayClock
-- appends
INSERT INTO clock (n, body) VALUES ($1, $2);

-- name: Brand
-- one row by the unique key brand_id_key
SELECT serial, version FROM brand WHERE id = $1;

-- name: Serials
-- all
SELECT serial FROM brand ORDER BY serial;

-- name: LastSerial
-- the last row
SELECT coalesce(max(serial), 0)::bigint FROM brand;

-- name: CreateBrand
-- appends
INSERT INTO brand (serial, id, version) VALUES ($1, $2, 1);

-- name: CreateCounter
-- appends
INSERT INTO counter (brand_id, issued) VALUES ($1, 0);

-- name: CreateHead
-- appends
INSERT INTO head (brand_id, seq, at, memory, hash) VALUES ($1, 0, 0, 0, decode(repeat('00', 32), 'hex'));

-- name: SetVersion
-- one row by primary key
UPDATE brand SET version = $2 WHERE serial = $1;

-- name: SaveRules
-- appends
INSERT INTO rules (brand_id, version, body) VALUES ($1, $2, $3);

-- name: AllRules
-- in order of the primary key
SELECT body FROM rules WHERE brand_id = $1 ORDER BY version;

-- name: SaveApp
-- one row by primary key
INSERT INTO app (key, body) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET body = excluded.body;

-- name: SaveSession
-- one row by primary key
INSERT INTO session (token, body) VALUES ($1, $2) ON CONFLICT (token) DO UPDATE SET body = excluded.body;

-- name: DeleteSession
-- one row by primary key
DELETE FROM session WHERE token = $1;
