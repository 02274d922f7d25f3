-- name: Idents
-- one row by primary key
SELECT type, outer_type, text, member FROM ident WHERE brand = ?1 AND type = ?2 AND outer_type = ?3 AND text = ?4;

-- name: MembersByID
-- one row by the index member_id
SELECT id, body, wallet, due, place FROM member INDEXED BY member_id WHERE brand = ?1 AND id = ?2;

-- name: CreateMembers
-- appends; a unique index finds that somebody came first
INSERT INTO member (brand, id, body, wallet) VALUES (?1, ?2, ?3, ?4);

-- name: ChangeMembers
-- one row by rowid; no index holds what changes
UPDATE member SET body = ?3, wallet = ?4 WHERE brand = ?1 AND id = ?2 AND place = ?5;

-- name: SetDue
-- one row by the index member_id; the heads of the indexes lot_due_member and hold_member. ?3 is the soonest in the wallet
UPDATE member SET due = min(?3, ifnull(
  (SELECT expires FROM lot INDEXED BY lot_due_member
   WHERE brand = ?1 AND member = ?2 AND balance > held AND expires < 9223372036854775807 ORDER BY expires LIMIT 1), ?3), ifnull(
  (SELECT deadline FROM hold INDEXED BY hold_member WHERE brand = ?1 AND member = ?2 ORDER BY deadline LIMIT 1), ?3))
WHERE brand = ?1 AND id = ?2;

-- name: MembersDue
-- the head of the index member_due
SELECT id FROM member INDEXED BY member_due WHERE brand = ?1 AND due <= ?2 AND due < 9223372036854775807 ORDER BY due, id LIMIT ?3;

-- name: DueShare
-- all of the index member_due and of the open holds: read when a sweep is large
SELECT count(*) FILTER (WHERE due <= ?2) - (SELECT count(*) FROM hold WHERE brand = ?1 AND deadline <= ?2), count(*)
FROM member INDEXED BY member_due WHERE brand = ?1 AND due < 9223372036854775807;

-- name: Bind
-- one row by primary key, which finds that somebody has the name
INSERT INTO ident (brand, type, outer_type, text, member) VALUES (?1, ?2, ?3, ?4, ?5);

-- name: Unbind
-- one row by primary key
DELETE FROM ident WHERE brand = ?1 AND type = ?2 AND outer_type = ?3 AND text = ?4;

-- name: Members
-- in order of the index member_id
SELECT body, id FROM member INDEXED BY member_id WHERE brand = ?1 ORDER BY id;

-- name: Wallets
-- in order of the primary key of ident, each account in its member's row by the index member_id
SELECT i.text, m.wallet, m.id FROM ident i CROSS JOIN member m INDEXED BY member_id ON m.brand = i.brand AND m.id = i.member
WHERE i.brand = ?1 AND i.type = 0 AND i.outer_type = '' ORDER BY i.text;

-- name: People
-- in order of the index member_id
SELECT id, body, wallet, due FROM member INDEXED BY member_id WHERE brand = ?1 ORDER BY id;

-- name: Names
-- in order of the primary key
SELECT type, outer_type, text, member FROM ident WHERE brand = ?1 ORDER BY type, outer_type, text;
