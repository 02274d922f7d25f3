-- name: VouchersByID
-- one row by primary key
SELECT body FROM voucher WHERE brand = ?1 AND id = ?2;

-- name: VouchersOf
-- the rows of one member by the index voucher_member
SELECT body FROM voucher INDEXED BY voucher_member WHERE brand = ?1 AND member = ?2;

-- name: SaveVouchers
-- one row by primary key
INSERT INTO voucher (brand, id, member, body) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (brand, id) DO UPDATE SET member = excluded.member, body = excluded.body;

-- name: Vouchers
-- in order of the primary key
SELECT body, id, member FROM voucher WHERE brand = ?1 ORDER BY id;
