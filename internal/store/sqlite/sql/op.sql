-- name: Key
-- one row by primary key
SELECT seq FROM op_key WHERE brand = ?1 AND key = ?2;

-- name: CountKeys
-- all of a brand, in order of the primary key
SELECT count(*) FROM op_key WHERE brand = ?1 AND seq <= ?2;

-- name: SaveKey
-- one row by primary key; it may have been written before, with a run that was begun again
INSERT INTO op_key (brand, key, seq) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING;

-- name: Op
-- one row by rowid
SELECT ?2, body FROM op WHERE place = ?1 << 42 | ?2;

-- name: SaveOp
-- appends
INSERT INTO op (place, body) VALUES (?1 << 42 | ?2, ?3);

-- name: Ops
-- in order of rowids
SELECT place & 4398046511103, body FROM op WHERE place > ?1 << 42 | ?2 AND place <= ?1 << 42 | 4398046511103 ORDER BY place;
