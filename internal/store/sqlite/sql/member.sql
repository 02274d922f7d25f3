-- name: Member
-- one row by primary key
SELECT body FROM member WHERE brand = ?1 AND id = ?2;

-- name: MemberByIdent
-- one row by primary key
SELECT member FROM ident WHERE brand = ?1 AND type = ?2 AND outer_type = ?3 AND text = ?4;

-- name: MemberByCard
-- one row by the unique index account_card
SELECT member FROM account INDEXED BY account_card WHERE brand = ?1 AND card = ?2;

-- name: AccountsOf
-- neighbours by primary key
SELECT body FROM account WHERE brand = ?1 AND member = ?2;

-- name: SaveMember
-- one row by primary key
INSERT INTO member (brand, id, body) VALUES (?1, ?2, ?3)
ON CONFLICT (brand, id) DO UPDATE SET body = excluded.body;

-- name: Bind
-- one row by primary key, which finds that somebody has the name
INSERT INTO ident (brand, type, outer_type, text, member) VALUES (?1, ?2, ?3, ?4, ?5);

-- name: Unbind
-- one row by primary key
DELETE FROM ident WHERE brand = ?1 AND type = ?2 AND outer_type = ?3 AND text = ?4;

-- name: SaveAccount
-- one row by primary key; a known account changes in its body alone, which no index holds
INSERT INTO account (brand, member, id, card, body) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (brand, member, id) DO UPDATE SET body = excluded.body;

-- name: Members
-- in order of the primary key
SELECT body FROM member WHERE brand = ?1 ORDER BY id;

-- name: Accounts
-- in order of the unique index account_id
SELECT body FROM account INDEXED BY account_id WHERE brand = ?1 ORDER BY id;
