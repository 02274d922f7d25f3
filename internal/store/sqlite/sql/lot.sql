-- name: LotsByID
-- one row by primary key
SELECT account, n, kind, member, origin, expires, granted, balance, held, 'table'
FROM lot WHERE brand = ?1 AND account = ?2 AND n = ?3;

-- name: LotsOpen
-- in spending order of the index lot_open, from the first that is not due
SELECT account, n, kind, member, origin, expires, granted, balance, held, 'table'
FROM lot INDEXED BY lot_open WHERE brand = ?1 AND account = ?2 AND kind = ?3 AND expires > ?5 AND balance > held
ORDER BY expires, n LIMIT ?4;

-- name: LotsDue
-- the head of the index lot_due_member
SELECT account, n, kind, member, origin, expires, granted, balance, held, 'table'
FROM lot INDEXED BY lot_due_member WHERE brand = ?1 AND member = ?2 AND expires <= ?3 AND balance > held AND expires < 9223372036854775807;

-- name: CreateLots
-- one row by primary key, which finds that somebody came first
INSERT INTO lot (brand, account, n, kind, member, origin, expires, granted, balance, held)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10);

-- name: ChangeLots
-- one row by primary key
UPDATE lot SET expires = ?4, granted = ?5, balance = ?6, held = ?7 WHERE brand = ?1 AND account = ?2 AND n = ?3;

-- name: Lots
-- two streams merged, in order of the primary keys of lot and of ident: of each account the lots of the table, then its member's wallet
SELECT account, n, kind, member, origin, expires, granted, balance, held, NULL FROM lot WHERE brand = ?1
UNION ALL
SELECT i.text, 9223372036854775807, 0, m.id, x'', 0, 0, 0, 0, m.wallet FROM ident i
CROSS JOIN member m INDEXED BY member_id ON m.brand = i.brand AND m.id = i.member WHERE i.brand = ?1 AND i.type = 0 AND i.outer_type = ''
ORDER BY 1, 2;
