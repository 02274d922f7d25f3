-- +goose Up

-- Text is compared byte by byte (COLLATE "C"), as the program does: the order of locks and of streams depends on it.
-- Columns are in order of their alignment, the widest first.

-- Directory: small, cached, read whole. These tables and goose's own are the only ones without brand_id.

CREATE TABLE directory (
  revision bigint NOT NULL, -- one row; moves with every write below
  sealed bigint NOT NULL DEFAULT 0, -- entry of the journal that was sealed last
  hash bytea NOT NULL DEFAULT '', -- its hash
  seal bytea NOT NULL DEFAULT '' -- keyed digest of the two
);
INSERT INTO directory (revision) VALUES (0);

CREATE TABLE brand (
  version bigint NOT NULL, -- of the rules in force
  serial integer PRIMARY KEY, -- 1 to 2^21-1; the brand_id of every other table
  id text COLLATE "C" NOT NULL UNIQUE
);

CREATE TABLE app (key text COLLATE "C" PRIMARY KEY, body text NOT NULL);
CREATE TABLE session (digest text COLLATE "C" PRIMARY KEY, body text NOT NULL);
CREATE TABLE journal ( -- what was done to the directory, by whom and why
  n bigint PRIMARY KEY,
  at bigint NOT NULL, -- milliseconds since 1970
  what text COLLATE "C" NOT NULL,
  body text NOT NULL,
  hash bytea NOT NULL -- of the entry before and of the body
);
CREATE INDEX journal_what ON journal (what, n);

CREATE TABLE rules (
  version bigint NOT NULL,
  brand_id integer NOT NULL,
  body text NOT NULL,
  PRIMARY KEY (brand_id, version)
);

-- The books. body is the whole of an entity; the columns beside it are copies to find it by.

-- The head of a brand's books: every batch writes this row, last of all. It moves within its page.
CREATE TABLE head (
  seq bigint NOT NULL, -- of the last operation
  at bigint NOT NULL, -- last stamp, milliseconds since 1970
  memory bigint NOT NULL, -- moves with every batch that plants a tombstone or remembers a refusal
  brand_id integer PRIMARY KEY,
  hash bytea NOT NULL -- of the last link
) WITH (fillfactor = 10);

CREATE TABLE counter (
  issued bigint NOT NULL,
  brand_id integer PRIMARY KEY
) WITH (fillfactor = 10);

CREATE TABLE link (
  last bigint NOT NULL, -- sequence number of the batch's last operation
  at bigint NOT NULL,
  brand_id integer NOT NULL,
  hash bytea NOT NULL,
  PRIMARY KEY (brand_id, last)
);
-- Where a brand's chain was sealed last: by a key that is not in the database, what came before cannot be made anew.
CREATE TABLE seal (
  last bigint NOT NULL,
  brand_id integer PRIMARY KEY,
  hash bytea NOT NULL,
  seal bytea NOT NULL
) WITH (fillfactor = 10);
CREATE INDEX link_at ON link (brand_id, at, last); -- which operation was the last at a moment

-- An operation is one row.
CREATE TABLE op (
  seq bigint NOT NULL,
  at bigint NOT NULL, -- milliseconds since 1970
  brand_id integer NOT NULL,
  ordinal integer NOT NULL, -- place in the history of order_no
  kind smallint NOT NULL,
  moves smallint NOT NULL, -- bits: 1 stored value, 2 points
  request bytea, -- idempotency key; NULL for operations nobody asked for
  refund bytea,
  member text COLLATE "C" NOT NULL,
  shop text COLLATE "C" NOT NULL,
  order_no text COLLATE "C",
  body text NOT NULL,
  PRIMARY KEY (brand_id, seq)
);
CREATE UNIQUE INDEX op_request ON op (brand_id, request) WHERE request IS NOT NULL;
CREATE UNIQUE INDEX op_refund ON op (brand_id, refund) WHERE refund IS NOT NULL;
CREATE UNIQUE INDEX op_order ON op (brand_id, order_no, ordinal) WHERE order_no IS NOT NULL;
CREATE INDEX op_member ON op (brand_id, member, moves, seq);

-- A member's row is what its writers lock. Its wallet holds the accounts and of each the newest lots: a charge then locks, reads and
-- writes one row of one page. Half of a page is left to what rows become. Text is not packed before it is long: that would take longer
-- than all else that is done to the row.
CREATE TABLE member (
  due bigint NOT NULL DEFAULT 9223372036854775807, -- when the next of the open lots and holds ends; never is 2^63-1
  brand_id integer NOT NULL,
  id text COLLATE "C" NOT NULL,
  body text NOT NULL,
  wallet text NOT NULL, -- as store.Wallet writes it
  PRIMARY KEY (brand_id, id)
) WITH (fillfactor = 50, toast_tuple_target = 4080);
CREATE INDEX member_due ON member (brand_id, due, id) WHERE due < 9223372036854775807;

-- Names of members, each of them once: mobiles (1), outer ids (2), cards (3), accounts (0).
CREATE TABLE ident (
  brand_id integer NOT NULL,
  type smallint NOT NULL,
  outer_type text COLLATE "C" NOT NULL,
  text text COLLATE "C" NOT NULL,
  member text COLLATE "C" NOT NULL,
  PRIMARY KEY (brand_id, type, outer_type, text)
);

-- Older lots: those that have left their member's wallet. A lot is open while more of it is there than holds pin. open is a column of its
-- own because the indexes ask for it: an update that leaves it as it is stays within its page.
CREATE TABLE lot (
  n bigint NOT NULL,
  expires bigint NOT NULL, -- milliseconds since 1970; never is 2^63-1, so that it comes last
  granted bigint NOT NULL,
  balance bigint NOT NULL,
  held bigint NOT NULL,
  brand_id integer NOT NULL,
  kind smallint NOT NULL,
  open boolean NOT NULL,
  account text COLLATE "C" NOT NULL,
  member text COLLATE "C" NOT NULL,
  origin bytea NOT NULL,
  PRIMARY KEY (brand_id, account, n),
  CHECK (open = (balance > held))
) WITH (fillfactor = 85);
CREATE INDEX lot_open ON lot (brand_id, account, kind, expires, n) WHERE open;
CREATE INDEX lot_due_member ON lot (brand_id, member, expires) WHERE open AND expires < 9223372036854775807;

CREATE TABLE hold (
  deadline bigint NOT NULL,
  brand_id integer NOT NULL,
  family smallint NOT NULL,
  order_no text COLLATE "C" NOT NULL,
  member text COLLATE "C" NOT NULL,
  body text NOT NULL,
  PRIMARY KEY (brand_id, order_no, family)
);
CREATE INDEX hold_member ON hold (brand_id, member, deadline);

CREATE TABLE voucher (
  brand_id integer NOT NULL,
  id text COLLATE "C" NOT NULL,
  member text COLLATE "C" NOT NULL,
  body text NOT NULL,
  PRIMARY KEY (brand_id, id)
) WITH (fillfactor = 80);
CREATE INDEX voucher_member ON voucher (brand_id, member);

-- What is remembered for a while.

CREATE TABLE refusal (
  until bigint NOT NULL,
  brand_id integer NOT NULL,
  request bytea NOT NULL,
  content bytea NOT NULL,
  result text NOT NULL,
  seal bytea NOT NULL, -- keyed digest of the row, which no operation tells of
  PRIMARY KEY (brand_id, request)
);
CREATE INDEX refusal_until ON refusal (brand_id, until);

CREATE TABLE tombstone (
  signed bigint NOT NULL,
  amount bigint NOT NULL,
  until bigint NOT NULL,
  brand_id integer NOT NULL,
  family smallint NOT NULL,
  charge boolean NOT NULL,
  order_no text COLLATE "C" NOT NULL,
  app text COLLATE "C" NOT NULL,
  member text COLLATE "C" NOT NULL,
  seal bytea NOT NULL,
  PRIMARY KEY (brand_id, order_no, app, family, charge)
);
CREATE INDEX tombstone_app ON tombstone (brand_id, app, until);
CREATE INDEX tombstone_until ON tombstone (brand_id, until);

-- WDK orders, their numbers, quotes and reverses.

CREATE TABLE wdk_order (
  main bigint NOT NULL,
  brand_id integer NOT NULL,
  out text COLLATE "C" NOT NULL,
  body text NOT NULL,
  PRIMARY KEY (brand_id, main)
);
CREATE UNIQUE INDEX wdk_order_out ON wdk_order (brand_id, out);

CREATE TABLE wdk_sub (
  no bigint NOT NULL,
  main bigint NOT NULL,
  brand_id integer NOT NULL,
  out text COLLATE "C",
  PRIMARY KEY (brand_id, no)
);
CREATE INDEX wdk_sub_out ON wdk_sub (brand_id, out, main) WHERE out IS NOT NULL;

CREATE TABLE quote (
  until bigint NOT NULL, -- never is 2^63-1
  brand_id integer NOT NULL,
  bound boolean NOT NULL, -- used
  token text COLLATE "C" NOT NULL,
  store text COLLATE "C" NOT NULL,
  body text NOT NULL,
  seal bytea NOT NULL,
  PRIMARY KEY (brand_id, token)
);
CREATE INDEX quote_live ON quote (brand_id, store, until) WHERE NOT bound;
CREATE INDEX quote_until ON quote (brand_id, until) WHERE NOT bound;

CREATE TABLE reverse (
  id bigint NOT NULL,
  main bigint NOT NULL,
  at bigint NOT NULL, -- when it was asked for, milliseconds since 1970
  brand_id integer NOT NULL,
  status smallint NOT NULL,
  store text COLLATE "C" NOT NULL,
  body text NOT NULL,
  PRIMARY KEY (brand_id, id)
);
CREATE INDEX reverse_main ON reverse (brand_id, main);
CREATE INDEX reverse_store ON reverse (brand_id, store, at, id);
CREATE INDEX reverse_status ON reverse (brand_id, status, at, id);

-- How far followers of the operations are, and their own rows.

CREATE TABLE follower (
  epoch bigint NOT NULL, -- grows each time the cursor changes hands
  seq bigint NOT NULL, -- followed up to here
  until bigint NOT NULL, -- when the owner's lease ends, milliseconds since 1970
  brand_id integer NOT NULL,
  name text COLLATE "C" NOT NULL,
  owner text NOT NULL,
  PRIMARY KEY (brand_id, name)
) WITH (fillfactor = 10);

CREATE TABLE follower_row (
  brand_id integer NOT NULL,
  name text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  body text NOT NULL,
  PRIMARY KEY (brand_id, name, key)
) WITH (fillfactor = 80);

-- +goose Down
SELECT 1; -- the books are not thrown away; restore a backup
