-- Orders for the pages: whose they are, in which order they changed, invoices, attachments, search.

-- organisation_id: the key's, when the order was added. revision: counts the changes of all orders, so that
-- the newest change has the greatest. paid_reference: the payment's number, '' until then and for what an
-- operator noted.
CREATE TABLE renewal_order_next (
    number          TEXT PRIMARY KEY,
    key_id          INTEGER NOT NULL REFERENCES key (id),
    organisation_id INTEGER NOT NULL REFERENCES organisation (id),
    fee_kind        TEXT NOT NULL,
    months          INTEGER NOT NULL CHECK (months > 0),
    fee_fen         INTEGER NOT NULL CHECK (fee_fen >= 0),
    paid_utc        INTEGER,
    paid_reference  TEXT NOT NULL DEFAULT '',
    state           TEXT NOT NULL,
    reason          TEXT NOT NULL DEFAULT '',
    key_policy      TEXT NOT NULL CHECK (key_policy IN ('keep', 'replace')),
    algorithm       TEXT NOT NULL CHECK (algorithm IN ('sm2', 'rsa2048')),
    dual            INTEGER NOT NULL CHECK (dual IN (0, 1)),
    created_utc     INTEGER NOT NULL,
    changed_utc     INTEGER NOT NULL,
    revision        INTEGER NOT NULL UNIQUE
) STRICT;
INSERT INTO renewal_order_next (number, key_id, organisation_id, fee_kind, months, fee_fen, paid_utc, state,
                                reason, key_policy, algorithm, dual, created_utc, changed_utc, revision)
    SELECT o.number, key_id, organisation_id, fee_kind, months, fee_fen, paid_utc, state, reason,
           key_policy, algorithm, dual, o.created_utc, changed_utc,
           row_number() OVER (ORDER BY changed_utc, o.number)
    FROM renewal_order o JOIN key ON key.id = key_id JOIN holder ON holder.id = holder_id;
DROP TABLE renewal_order;
ALTER TABLE renewal_order_next RENAME TO renewal_order;
CREATE INDEX renewal_order_of_key ON renewal_order (key_id);
-- One for each filter of the list, so that a page never looks at rows that it doesn't show.
CREATE INDEX renewal_order_state ON renewal_order (state, revision);
CREATE INDEX renewal_order_paid ON renewal_order ((paid_utc IS NOT NULL), revision);
CREATE INDEX renewal_order_state_paid ON renewal_order (state, (paid_utc IS NOT NULL), revision);
CREATE INDEX renewal_order_own ON renewal_order (organisation_id, revision);
CREATE INDEX renewal_order_own_state ON renewal_order (organisation_id, state, revision);
CREATE INDEX renewal_order_own_paid ON renewal_order (organisation_id, (paid_utc IS NOT NULL), revision);
CREATE INDEX renewal_order_own_state_paid
    ON renewal_order (organisation_id, state, (paid_utc IS NOT NULL), revision);

CREATE INDEX seal_of_key ON seal (key_id);

-- What a search finds, as overlapping parts of a few characters (portal_search.h). The rowid is
-- the order's revision, so that matches come in the list's order; scope holds the list's filters.
CREATE VIRTUAL TABLE order_search
    USING fts5 (number, serial, organisation, holder, scope, tokenize = 'ascii', prefix = '1 2 3');
-- The same for keys; the rowid is the key's id.
CREATE VIRTUAL TABLE key_search
    USING fts5 (number, serial, organisation, holder, scope, tokenize = 'ascii', prefix = '1 2 3');

CREATE TABLE invoice (
    order_number TEXT PRIMARY KEY REFERENCES renewal_order (number),
    kind         TEXT NOT NULL CHECK (kind IN ('normal', 'special')),
    title        TEXT NOT NULL,
    tax_number   TEXT NOT NULL,
    address      TEXT NOT NULL,
    phone        TEXT NOT NULL,
    bank         TEXT NOT NULL,
    account      TEXT NOT NULL,
    email        TEXT NOT NULL
) STRICT;

-- The content is in the file attachments/ORDER/ID of the portal's folder.
CREATE TABLE attachment (
    id           TEXT PRIMARY KEY,
    order_number TEXT NOT NULL REFERENCES renewal_order (number),
    name         TEXT NOT NULL,
    type         TEXT NOT NULL CHECK (type IN ('application/pdf', 'image/png', 'image/jpeg')),
    size         INTEGER NOT NULL,
    sha256       BLOB NOT NULL,
    created_utc  INTEGER NOT NULL,
    UNIQUE (order_number, name)
) STRICT;
