-- name: Keys
-- one row by rowid
SELECT keys FROM op_key WHERE place = ?1;

-- name: AllKeys
-- in order of rowids
SELECT keys, place FROM op_key WHERE place >= ?1 AND place <= ?2 ORDER BY place;

-- name: SaveKeys
-- one row by rowid; places come again, and what lies there counts no more
INSERT OR REPLACE INTO op_key (place, keys) VALUES (?1, ?2);

-- name: DeleteKeys
-- one row by rowid
DELETE FROM op_key WHERE place = ?1;

-- name: Op
-- one row by rowid
SELECT ?2, body FROM op WHERE place = ?1 << 42 | ?2;

-- name: SaveOp
-- appends
INSERT INTO op (place, body) VALUES (?1 << 42 | ?2, ?3);

-- name: SaveOps
-- appends eight that follow each other: the engine stays where it is from one to the next
INSERT INTO op (place, body) VALUES
  (?1 << 42 | ?2, ?3), (?1 << 42 | ?2 + 1, ?4), (?1 << 42 | ?2 + 2, ?5), (?1 << 42 | ?2 + 3, ?6),
  (?1 << 42 | ?2 + 4, ?7), (?1 << 42 | ?2 + 5, ?8), (?1 << 42 | ?2 + 6, ?9), (?1 << 42 | ?2 + 7, ?10);

-- name: Ops
-- in order of rowids
SELECT place & 4398046511103, body FROM op WHERE place > ?1 << 42 | ?2 AND place <= ?1 << 42 | 4398046511103 ORDER BY place;
