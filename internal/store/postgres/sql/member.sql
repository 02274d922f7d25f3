-- name: Idents
-- one row each by primary key
SELECT i.type, i.outer_type, i.text, i.member
FROM unnest($2::smallint[], $3::text[], $4::text[]) AS k(type, outer_type, text)
JOIN ident i ON i.brand_id = $1 AND i.type = k.type AND i.outer_type = k.outer_type AND i.text = k.text;

-- name: LockMembers
-- by primary key, in its order: everybody locks in this order
SELECT id, body, accounts FROM member WHERE brand_id = $1 AND id = ANY($2::text[]) ORDER BY id FOR UPDATE;

-- name: Members
-- by primary key
SELECT id, body, accounts FROM member WHERE brand_id = $1 AND id = ANY($2::text[]);

-- name: CreateMembers
-- appends; the primary key finds that somebody came first
INSERT INTO member (brand_id, id, body, accounts)
SELECT $1, k.id, k.body, k.accounts FROM unnest($2::text[], $3::text[], $4::text[]) AS k(id, body, accounts);

-- name: ChangeMembers
-- one row each by primary key, within its page
UPDATE member m SET body = k.body, accounts = k.accounts
FROM unnest($2::text[], $3::text[], $4::text[]) AS k(id, body, accounts)
WHERE m.brand_id = $1 AND m.id = k.id;

-- name: Unbind
-- one row each by primary key
DELETE FROM ident i USING unnest($2::smallint[], $3::text[], $4::text[]) AS k(type, outer_type, text)
WHERE i.brand_id = $1 AND i.type = k.type AND i.outer_type = k.outer_type AND i.text = k.text;

-- name: Bind
-- appends; the primary key finds that somebody has the name
INSERT INTO ident (brand_id, type, outer_type, text, member)
SELECT $1, k.type, k.outer_type, k.text, k.member
FROM unnest($2::smallint[], $3::text[], $4::text[], $5::text[]) AS k(type, outer_type, text, member);

-- name: AllMembers
-- in order of the primary key
SELECT body FROM member WHERE brand_id = $1 ORDER BY id;

-- name: AllAccounts
-- in order of the primary key of ident, each account in its member's row
SELECT i.text, m.accounts FROM ident i JOIN member m ON m.brand_id = i.brand_id AND m.id = i.member
WHERE i.brand_id = $1 AND i.type = 0 AND i.outer_type = '' ORDER BY i.text;
