-- Lots that have left their members' wallets.

-- name: LotsByID
-- one row each by primary key
SELECT l.account, l.n, l.kind, l.member, l.origin, l.expires, l.granted, l.balance, l.held, l.ctid::text
FROM unnest($2::text[], $3::bigint[]) AS k(account, n) CROSS JOIN LATERAL (
  SELECT *, ctid FROM lot WHERE brand_id = $1 AND account = k.account AND n = k.n OFFSET 0
) l;

-- name: LotsOpen
-- the head of each kind in the index lot_open, which is in spending order, from the first that is not due
SELECT l.account, l.n, l.kind, l.member, l.origin, l.expires, l.granted, l.balance, l.held, l.ctid::text
FROM unnest($2::text[], $3::smallint[], $4::bigint[]) AS k(account, kind, most) CROSS JOIN LATERAL (
  SELECT *, ctid FROM lot WHERE brand_id = $1 AND account = k.account AND kind = k.kind AND expires > $5 AND open
  ORDER BY expires, n LIMIT k.most
) l;

-- name: LotsDue
-- the head of each member in the index lot_due_member
SELECT l.account, l.n, l.kind, l.member, l.origin, l.expires, l.granted, l.balance, l.held, l.ctid::text
FROM unnest($2::text[]) AS k(member) CROSS JOIN LATERAL (
  SELECT *, ctid FROM lot WHERE brand_id = $1 AND member BETWEEN k.member AND k.member AND open
  AND expires < 9223372036854775807 AND expires <= $3 ORDER BY member, expires
) l;

-- name: CreateLots
-- appends; the primary key finds that somebody came first
INSERT INTO lot (brand_id, account, n, kind, member, origin, expires, granted, balance, held, open)
SELECT h.brand_id, k.account, k.n, k.kind, k.member, k.origin, k.expires, k.granted, k.balance, k.held, k.balance > k.held
FROM head h CROSS JOIN unnest($2::text[], $3::bigint[], $4::smallint[], $5::text[], $6::bytea[], $7::bigint[], $8::bigint[], $9::bigint[],
  $10::bigint[]) AS k(account, n, kind, member, origin, expires, granted, balance, held)
WHERE h.brand_id = $1;

-- name: ChangeLots
-- one row each by its place, which stays while its member is locked; within its page while it stays open or closed
UPDATE lot l SET expires = k.expires, granted = k.granted, balance = k.balance, held = k.held, open = k.balance > k.held
FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::text[])
  AS k(account, n, expires, granted, balance, held, place)
WHERE l.ctid = k.place::tid AND l.brand_id = $1 AND l.account = k.account AND l.n = k.n;

-- name: Lots
-- two streams merged, in order of the primary keys of lot and of ident: of each account the lots of the table, then its member's wallet
SELECT account, n, kind, member, origin, expires, granted, balance, held, NULL FROM lot WHERE brand_id = $1
UNION ALL
SELECT i.text, 9223372036854775807, 0, m.id, '', 0, 0, 0, 0, m.wallet FROM ident i JOIN member m ON m.brand_id = i.brand_id AND m.id = i.member
WHERE i.brand_id = $1 AND i.type = 0 AND i.outer_type = ''
ORDER BY 1, 2;
