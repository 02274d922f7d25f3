-- name: Idents
-- one row each by primary key
SELECT i.type, i.outer_type, i.text, i.member FROM unnest($2::smallint[], $3::text[], $4::text[]) AS k(type, outer_type, text)
CROSS JOIN LATERAL (
  SELECT * FROM ident WHERE brand_id = $1 AND type = k.type AND outer_type = k.outer_type AND text = k.text OFFSET 0
) i;

-- name: LockMembers
-- one row each by primary key, in the order given, which is that of the keys: everybody locks in this order
SELECT m.id, m.body, m.wallet, m.due, m.ctid::text FROM unnest($2::text[]) AS k(id) CROSS JOIN LATERAL (
  SELECT id, body, wallet, due, ctid FROM member WHERE brand_id = $1 AND id = k.id FOR UPDATE
) m;

-- name: MembersByID
-- one row each by primary key
SELECT m.id, m.body, m.wallet, m.due, m.ctid::text FROM unnest($2::text[]) AS k(id) CROSS JOIN LATERAL (
  SELECT id, body, wallet, due, ctid FROM member WHERE brand_id = $1 AND id = k.id OFFSET 0
) m;

-- name: CreateMembers
-- appends; the primary key finds that somebody came first
INSERT INTO member (brand_id, id, body, wallet)
VALUES ($1, unnest($2::text[]), unnest($3::text[]), unnest($4::text[]));

-- name: ChangeMembers
-- one row each by its place, where it is locked, within its page
UPDATE member m SET body = k.body, wallet = k.wallet
FROM unnest($2::text[], $3::text[], $4::text[], $5::text[]) AS k(id, body, wallet, place)
WHERE m.ctid = k.place::tid AND m.brand_id = $1 AND m.id = k.id;

-- name: SetDue
-- one row each by primary key; the heads of the indexes lot_due_member and hold_member beside the soonest of each wallet
UPDATE member m SET due = k.due FROM (
  SELECT k.id, least(k.soonest,
    (SELECT expires FROM lot WHERE brand_id = $1 AND member BETWEEN k.id AND k.id AND open AND expires < 9223372036854775807
     ORDER BY member, expires LIMIT 1),
    (SELECT deadline FROM hold WHERE brand_id = $1 AND member BETWEEN k.id AND k.id ORDER BY member, deadline LIMIT 1)) AS due
  FROM unnest($2::text[], $3::bigint[]) AS k(id, soonest) OFFSET 0
) k WHERE m.brand_id = $1 AND m.id = k.id AND m.due <> k.due;

-- name: MembersDue
-- the head of the index member_due
SELECT id FROM member WHERE brand_id = $1 AND due <= $2 AND due < 9223372036854775807 ORDER BY due LIMIT $3;

-- name: DueShare
-- all of the index member_due and of the open holds: read when a sweep is large
SELECT count(*) FILTER (WHERE due <= $2) - (SELECT count(*) FROM hold WHERE brand_id = $1 AND deadline <= $2), count(*)
FROM member WHERE brand_id = $1 AND due < 9223372036854775807;

-- name: Unbind
-- one row each by primary key
DELETE FROM ident USING (
  SELECT i.ctid AS place FROM unnest($2::smallint[], $3::text[], $4::text[]) AS k(type, outer_type, text) CROSS JOIN LATERAL (
    SELECT ctid FROM ident WHERE brand_id = $1 AND type = k.type AND outer_type = k.outer_type AND text = k.text OFFSET 0
  ) i
) k WHERE ident.ctid = k.place AND brand_id = $1;

-- name: Bind
-- appends; the primary key finds that somebody has the name
INSERT INTO ident (brand_id, type, outer_type, text, member)
VALUES ($1, unnest($2::smallint[]), unnest($3::text[]), unnest($4::text[]), unnest($5::text[]));

-- name: Members
-- in order of the primary key
SELECT body, id FROM member WHERE brand_id = $1 ORDER BY id;

-- name: Wallets
-- in order of the primary key of ident, each account in its member's wallet
SELECT i.text, m.wallet, m.id FROM ident i JOIN member m ON m.brand_id = i.brand_id AND m.id = i.member
WHERE i.brand_id = $1 AND i.type = 0 AND i.outer_type = '' ORDER BY i.text;

-- name: People
-- in order of the primary key
SELECT id, body, wallet, due FROM member WHERE brand_id = $1 ORDER BY id;

-- name: Names
-- in order of the primary key
SELECT type, outer_type, text, member FROM ident WHERE brand_id = $1 ORDER BY type, outer_type, text;
