-- +goose Up

-- Directory.

CREATE TABLE directory (
  revision INTEGER NOT NULL, -- one row; moves with every write below
  sealed INTEGER NOT NULL DEFAULT 0, -- entry of the journal that was sealed last
  hash BLOB NOT NULL DEFAULT x'', -- its hash
  seal BLOB NOT NULL DEFAULT x'' -- keyed digest of the two
) STRICT;
INSERT INTO directory (revision) VALUES (0);

CREATE TABLE app (key TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE session (digest TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- What was done to the directory, by whom and why. hash is that of the entry before and of the body.
CREATE TABLE journal (
  n INTEGER PRIMARY KEY,
  at INTEGER NOT NULL, -- milliseconds since 1970
  what TEXT NOT NULL,
  body TEXT NOT NULL,
  hash BLOB NOT NULL
) STRICT;
CREATE INDEX journal_what ON journal (what, n);

CREATE TABLE brand (
  serial INTEGER PRIMARY KEY, -- 1 to 2^21-1; the brand of every other table
  id TEXT NOT NULL UNIQUE,
  version INTEGER NOT NULL -- of the rules in force
) STRICT;

CREATE TABLE rules (
  brand INTEGER NOT NULL,
  version INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (brand, version)
) STRICT, WITHOUT ROWID;

-- The books. body is the whole of an entity; the columns beside it are copies to find it by.

-- The head of a brand's books: every batch writes this row.
CREATE TABLE head (
  brand INTEGER PRIMARY KEY,
  seq INTEGER NOT NULL, -- of the last operation
  at INTEGER NOT NULL, -- last stamp, milliseconds since 1970
  hash BLOB NOT NULL, -- of the last link
  token TEXT NOT NULL -- of the last batch
) STRICT;

CREATE TABLE counter (
  brand INTEGER PRIMARY KEY,
  issued INTEGER NOT NULL
) STRICT;

-- An operation is one row, appended in the order of its place: brand << 42 | seq. Every index ends with the place.
CREATE TABLE op (
  place INTEGER PRIMARY KEY,
  brand INTEGER NOT NULL,
  seq INTEGER GENERATED ALWAYS AS (place & 4398046511103) VIRTUAL,
  at INTEGER NOT NULL, -- milliseconds since 1970
  kind INTEGER NOT NULL,
  ordinal INTEGER NOT NULL, -- place in the history of order_no
  request BLOB, -- idempotency key; NULL for operations nobody asked for
  refund BLOB,
  moves INTEGER NOT NULL, -- bits: 1 stored value, 2 points
  member TEXT NOT NULL,
  shop TEXT NOT NULL,
  order_no TEXT,
  body TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX op_request ON op (brand, request) WHERE request IS NOT NULL;
CREATE UNIQUE INDEX op_refund ON op (brand, refund) WHERE refund IS NOT NULL;
CREATE UNIQUE INDEX op_order ON op (brand, order_no, ordinal) WHERE order_no IS NOT NULL;
CREATE INDEX op_member ON op (brand, member, moves);

CREATE TABLE link (
  brand INTEGER NOT NULL,
  last INTEGER NOT NULL, -- sequence number of the batch's last operation
  hash BLOB NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (brand, last)
) STRICT, WITHOUT ROWID;
-- Where a brand's chain was sealed last: by a key that is not in the database, what came before cannot be made anew.
CREATE TABLE seal (
  brand INTEGER PRIMARY KEY,
  last INTEGER NOT NULL,
  hash BLOB NOT NULL,
  seal BLOB NOT NULL
) STRICT;

CREATE INDEX link_at ON link (brand, at); -- which operation was the last at a moment

-- A member's accounts lie in its row with the lots granted last: a charge writes this row and no other but its operation.
CREATE TABLE member (
  place INTEGER PRIMARY KEY,
  brand INTEGER NOT NULL,
  id TEXT NOT NULL,
  due INTEGER NOT NULL DEFAULT 9223372036854775807, -- when the next of the member's lots or holds ends, milliseconds since 1970; 2^63-1: nothing ends
  body TEXT NOT NULL,
  wallet TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX member_id ON member (brand, id);
CREATE INDEX member_due ON member (brand, due, id) WHERE due < 9223372036854775807;

-- Names of members, each of them once: mobiles (1), outer ids (2), cards (3), accounts (0).
CREATE TABLE ident (
  brand INTEGER NOT NULL,
  type INTEGER NOT NULL,
  outer_type TEXT NOT NULL,
  text TEXT NOT NULL,
  member TEXT NOT NULL,
  PRIMARY KEY (brand, type, outer_type, text)
) STRICT, WITHOUT ROWID;

-- Older lots, which have left their members' rows. A lot is open while more of it is there than holds pin.
CREATE TABLE lot (
  brand INTEGER NOT NULL,
  account TEXT NOT NULL,
  n INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  member TEXT NOT NULL,
  origin BLOB NOT NULL,
  expires INTEGER NOT NULL, -- milliseconds since 1970; never is 2^63-1, so that it comes last
  granted INTEGER NOT NULL,
  balance INTEGER NOT NULL,
  held INTEGER NOT NULL,
  PRIMARY KEY (brand, account, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX lot_open ON lot (brand, account, kind, expires, n) WHERE balance > held;
CREATE INDEX lot_due_member ON lot (brand, member, expires) WHERE balance > held AND expires < 9223372036854775807;

CREATE TABLE hold (
  brand INTEGER NOT NULL,
  order_no TEXT NOT NULL,
  family INTEGER NOT NULL,
  member TEXT NOT NULL,
  deadline INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (brand, order_no, family)
) STRICT, WITHOUT ROWID;
CREATE INDEX hold_member ON hold (brand, member, deadline);

CREATE TABLE voucher (
  brand INTEGER NOT NULL,
  id TEXT NOT NULL,
  member TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (brand, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX voucher_member ON voucher (brand, member);

CREATE TABLE refusal (
  brand INTEGER NOT NULL,
  request BLOB NOT NULL,
  content BLOB NOT NULL,
  until INTEGER NOT NULL,
  result TEXT NOT NULL,
  seal BLOB NOT NULL, -- keyed digest of the row, which no operation tells of
  PRIMARY KEY (brand, request)
) STRICT, WITHOUT ROWID;
CREATE INDEX refusal_until ON refusal (brand, until);

CREATE TABLE tombstone (
  brand INTEGER NOT NULL,
  order_no TEXT NOT NULL,
  app TEXT NOT NULL,
  family INTEGER NOT NULL,
  charge INTEGER NOT NULL,
  signed INTEGER NOT NULL,
  amount INTEGER NOT NULL,
  member TEXT NOT NULL,
  until INTEGER NOT NULL,
  seal BLOB NOT NULL,
  PRIMARY KEY (brand, order_no, app, family, charge)
) STRICT, WITHOUT ROWID;
CREATE INDEX tombstone_app ON tombstone (brand, app, until);
CREATE INDEX tombstone_until ON tombstone (brand, until);

-- WDK orders, their numbers, quotes and reverses.

CREATE TABLE wdk_order (
  brand INTEGER NOT NULL,
  main INTEGER NOT NULL,
  out TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (brand, main)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX wdk_order_out ON wdk_order (brand, out);

CREATE TABLE wdk_sub (
  brand INTEGER NOT NULL,
  no INTEGER NOT NULL,
  main INTEGER NOT NULL,
  out TEXT,
  PRIMARY KEY (brand, no)
) STRICT, WITHOUT ROWID;
CREATE INDEX wdk_sub_out ON wdk_sub (brand, out, main) WHERE out IS NOT NULL;

CREATE TABLE quote (
  brand INTEGER NOT NULL,
  token TEXT NOT NULL,
  store TEXT NOT NULL,
  until INTEGER NOT NULL, -- never is 2^63-1
  bound INTEGER NOT NULL, -- 1: used
  body TEXT NOT NULL,
  seal BLOB NOT NULL,
  PRIMARY KEY (brand, token)
) STRICT, WITHOUT ROWID;
CREATE INDEX quote_live ON quote (brand, store, until) WHERE bound = 0;
CREATE INDEX quote_until ON quote (brand, until) WHERE bound = 0;

CREATE TABLE reverse (
  brand INTEGER NOT NULL,
  id INTEGER NOT NULL,
  main INTEGER NOT NULL,
  store TEXT NOT NULL,
  at INTEGER NOT NULL, -- when it was asked for, milliseconds since 1970
  status INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (brand, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX reverse_main ON reverse (brand, main);
CREATE INDEX reverse_store ON reverse (brand, store, at);
CREATE INDEX reverse_status ON reverse (brand, status, at);

-- How far followers of the operations are, and their own rows.

CREATE TABLE follower (
  brand INTEGER NOT NULL,
  name TEXT NOT NULL,
  epoch INTEGER NOT NULL, -- grows each time the cursor changes hands
  seq INTEGER NOT NULL, -- followed up to here
  owner TEXT NOT NULL,
  until INTEGER NOT NULL, -- when the owner's lease ends, milliseconds since 1970
  PRIMARY KEY (brand, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE follower_row (
  brand INTEGER NOT NULL,
  name TEXT NOT NULL,
  key TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (brand, name, key)
) STRICT, WITHOUT ROWID;

-- +goose Down
SELECT 1; -- the books are not thrown away; restore a backup
