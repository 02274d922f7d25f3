-- name: Lot
-- one row by primary key
SELECT account, n, kind, member, origin, expires, granted, balance, held
FROM lot WHERE brand = ?1 AND account = ?2 AND n = ?3;

-- name: LotsOpen
-- in spending order of the index lot_open, from the first that is not due
SELECT account, n, kind, member, origin, expires, granted, balance, held
FROM lot INDEXED BY lot_open WHERE brand = ?1 AND account = ?2 AND kind = ?3 AND expires > ?4 AND balance > held
ORDER BY expires, n LIMIT ?5;

-- name: LotsDue
-- the head of the index lot_due_member
SELECT account, n, kind, member, origin, expires, granted, balance, held
FROM lot INDEXED BY lot_due_member WHERE brand = ?1 AND member = ?2 AND expires <= ?3 AND balance > held AND expires < 9223372036854775807;

-- name: SaveLot
-- one row by primary key
INSERT INTO lot (brand, account, n, kind, member, origin, expires, granted, balance, held)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
ON CONFLICT (brand, account, n) DO UPDATE
SET kind = excluded.kind, member = excluded.member, origin = excluded.origin, expires = excluded.expires,
    granted = excluded.granted, balance = excluded.balance, held = excluded.held;

-- name: Lots
-- in order of the primary key
SELECT account, n, kind, member, origin, expires, granted, balance, held
FROM lot WHERE brand = ?1 ORDER BY account, n;
