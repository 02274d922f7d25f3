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

-- name: BrandIDs
-- all
SELECT id FROM brand ORDER BY id;

-- name: Apps
-- all
SELECT body FROM app ORDER BY key;

-- name: Sessions
-- all
SELECT body FROM session ORDER BY digest;

-- name: LastOf
-- the last row of a kind by the index journal_what
SELECT body FROM journal WHERE what = $1 ORDER BY n DESC LIMIT 1;

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
SELECT body, version, brand_id FROM rules WHERE brand_id = $1 ORDER BY version;

-- name: SaveApp
-- one row by primary key
INSERT INTO app (key, body) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET body = excluded.body;

-- name: SaveSession
-- one row by primary key
INSERT INTO session (digest, body) VALUES ($1, $2) ON CONFLICT (digest) DO UPDATE SET body = excluded.body;

-- name: DeleteSession
-- one row by primary key
DELETE FROM session WHERE digest = $1;

-- name: Schema
-- no table of ours: columns, indexes, constraints, triggers and rules of this schema. Of views the columns: how a server writes their text changes.
WITH here AS (
  SELECT c.oid, c.relname, c.relkind, c.relrowsecurity FROM pg_class c
  WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'v', 'm', 'p', 'f')
)
SELECT 'column', h.relname, a.attname, CASE WHEN h.relkind <> 'v' THEN concat_ws(' ', h.relrowsecurity, format_type(a.atttypid, a.atttypmod), a.attnotnull,
    CASE WHEN h.relname <> 'goose_db_version' THEN pg_get_expr(d.adbin, d.adrelid) END,
    CASE WHEN a.attcollation <> 0 THEN a.attcollation::regcollation::text END) ELSE '' END
  FROM here h JOIN pg_attribute a ON a.attrelid = h.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = h.oid AND d.adnum = a.attnum
UNION ALL
SELECT 'index', h.relname, i.indexrelid::regclass::text, replace(pg_get_indexdef(i.indexrelid), ' ' || current_schema() || '.', ' ') || i.indisvalid
  FROM here h JOIN pg_index i ON i.indrelid = h.oid
UNION ALL
SELECT 'constraint', h.relname, k.conname, pg_get_constraintdef(k.oid) FROM here h JOIN pg_constraint k ON k.conrelid = h.oid AND k.contype <> 'n'
UNION ALL
SELECT 'trigger', h.relname, t.tgname, pg_get_triggerdef(t.oid)
  FROM here h JOIN pg_trigger t ON t.tgrelid = h.oid AND NOT t.tgisinternal AND t.tgname NOT LIKE 'truncate_trigger_%'
UNION ALL
SELECT 'rule', h.relname, w.rulename, pg_get_ruledef(w.oid) FROM here h JOIN pg_rewrite w ON w.ev_class = h.oid AND w.rulename <> '_RETURN'
ORDER BY 1, 2, 3;

-- name: App
-- one row by primary key
SELECT body FROM app WHERE key = $1;

-- name: DeleteApp
-- one row by primary key
DELETE FROM app WHERE key = $1;

-- name: Session
-- one row by primary key
SELECT body FROM session WHERE digest = $1;

-- name: AppRows
-- all
SELECT key, body FROM app ORDER BY key;

-- name: SessionRows
-- all
SELECT digest, body FROM session ORDER BY digest;

-- name: RulesRows
-- all
SELECT b.id || '@' || r.version, r.body FROM brand b JOIN rules r ON r.brand_id = b.serial ORDER BY b.serial, r.version;

-- name: BrandRows
-- all
SELECT id, serial, version FROM brand ORDER BY id;

-- name: JournalHead
-- the last row
SELECT n, hash FROM journal ORDER BY n DESC LIMIT 1;

-- name: AppendJournal
-- appends
INSERT INTO journal (n, at, what, body, hash) VALUES ($1, $2, $3, $4, $5);

-- name: Journal
-- in order of the primary key
SELECT n, body, at, what, hash FROM journal WHERE n > $1 ORDER BY n;

-- name: SealJournal
-- one row
UPDATE directory SET sealed = $1, hash = $2, seal = $3;

-- name: JournalSeal
-- one row
SELECT sealed, hash, seal FROM directory;

-- name: RewriteRules
-- one row by primary key
UPDATE rules SET body = $3 WHERE brand_id = $1 AND version = $2;
