-- name: Member
-- one row by the index member_id
SELECT id, place, due, body, wallet FROM member WHERE brand = ?1 AND id = ?2;

-- name: MembersAt
-- eight rows by rowid, of those given that are not null
SELECT m.id, m.place, m.due, m.body, m.wallet FROM (VALUES (?2), (?3), (?4), (?5), (?6), (?7), (?8), (?9)) AS v
CROSS JOIN member m ON m.place = v.column1 AND m.brand = ?1;

-- name: MemberByIdent
-- one row by primary key, and one by rowid
SELECT m.id, m.place, m.due, m.body, m.wallet FROM ident i CROSS JOIN member m ON m.place = i.member AND m.brand = i.brand
WHERE i.brand = ?1 AND i.type = ?2 AND i.outer_type = ?3 AND i.text = ?4;

-- name: CreateMember
-- appends; a unique index finds that somebody came first
INSERT INTO member (brand, id, due, body, wallet) VALUES (?1, ?2, 9223372036854775807, ?3, ?4);

-- name: ChangeMember
-- one row by rowid; no index holds what changes
UPDATE member SET body = ?3, wallet = ?4 WHERE brand = ?1 AND place = ?2;

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

-- name: Bind
-- one row by primary key, which finds that somebody has the name
INSERT INTO ident (brand, type, outer_type, text, member)
VALUES (?1, ?2, ?3, ?4, (SELECT place FROM member WHERE brand = ?1 AND id = ?5));

-- name: Unbind
-- one row by primary key
DELETE FROM ident WHERE brand = ?1 AND type = ?2 AND outer_type = ?3 AND text = ?4;

-- name: Members
-- in order of the index member_id
SELECT body, id FROM member INDEXED BY member_id WHERE brand = ?1 ORDER BY id;

-- name: Wallets
-- in order of the primary key of ident, each account in its member's row, by rowid
SELECT i.text, m.wallet, m.id FROM ident i CROSS JOIN member m ON m.place = i.member AND m.brand = i.brand
WHERE i.brand = ?1 AND i.type = 0 AND i.outer_type = '' ORDER BY i.text;
