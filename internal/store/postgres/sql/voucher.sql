-- name: VouchersByID
-- one row each by primary key
SELECT v.body FROM unnest($2::text[]) AS k(id) CROSS JOIN LATERAL (
  SELECT body FROM voucher WHERE brand_id = $1 AND id BETWEEN k.id AND k.id ORDER BY id
) v;

-- name: VoucherMembers
-- one row each by primary key
SELECT v.member FROM unnest($2::text[]) AS k(id) CROSS JOIN LATERAL (
  SELECT member FROM voucher WHERE brand_id = $1 AND id BETWEEN k.id AND k.id ORDER BY id
) v;

-- name: VouchersOf
-- the rows of each member by the index voucher_member
SELECT v.body FROM unnest($2::text[]) AS k(member) CROSS JOIN LATERAL (
  SELECT body FROM voucher WHERE brand_id = $1 AND member BETWEEN k.member AND k.member ORDER BY member
) v;

-- name: SaveVouchers
-- one row each by primary key
INSERT INTO voucher (brand_id, id, member, body)
VALUES ($1, unnest($2::text[]), unnest($3::text[]), unnest($4::text[]))
ON CONFLICT (brand_id, id) DO UPDATE SET member = excluded.member, body = excluded.body;

-- name: Vouchers
-- in order of the primary key
SELECT body, id, member FROM voucher WHERE brand_id = $1 ORDER BY id;
