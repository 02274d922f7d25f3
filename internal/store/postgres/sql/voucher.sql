-- name: Vouchers
-- one row each by primary key
SELECT body FROM voucher WHERE brand_id = $1 AND id = ANY($2::text[]);

-- name: VoucherMembers
-- one row each by primary key
SELECT member FROM voucher WHERE brand_id = $1 AND id = ANY($2::text[]);

-- name: VouchersOf
-- the rows of each member by the index voucher_member
SELECT body FROM voucher WHERE brand_id = $1 AND member = ANY($2::text[]);

-- name: SaveVouchers
-- one row each by primary key
INSERT INTO voucher (brand_id, id, member, body)
SELECT $1, k.id, k.member, k.body FROM unnest($2::text[], $3::text[], $4::text[]) AS k(id, member, body)
ON CONFLICT (brand_id, id) DO UPDATE SET member = excluded.member, body = excluded.body;

-- name: AllVouchers
-- in order of the primary key
SELECT body FROM voucher WHERE brand_id = $1 ORDER BY id;
