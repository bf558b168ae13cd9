-- The reference platform's records. Times are seconds since 1970 UTC; money is whole fen.

CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- 证书单位名称
CREATE TABLE organisation (
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL UNIQUE,
    created_utc INTEGER NOT NULL
) STRICT;

-- 使用者姓名
CREATE TABLE holder (
    id              INTEGER PRIMARY KEY,
    organisation_id INTEGER NOT NULL REFERENCES organisation (id),
    name            TEXT NOT NULL,
    created_utc     INTEGER NOT NULL,
    UNIQUE (organisation_id, name)
) STRICT;

-- A CA锁: serial is its 介质硬件号, number its 证书KEY号.
CREATE TABLE key (
    id          INTEGER PRIMARY KEY,
    serial      TEXT NOT NULL UNIQUE,
    number      TEXT NOT NULL,
    profile     TEXT NOT NULL,
    holder_id   INTEGER NOT NULL REFERENCES holder (id),
    created_utc INTEGER NOT NULL
) STRICT;

-- state: 编辑中, 待审核, 审核通过, 审核不通过. paid_utc is NULL until 已支付. changed_utc: 操作时间.
CREATE TABLE renewal_order (
    number      TEXT PRIMARY KEY,
    key_id      INTEGER NOT NULL REFERENCES key (id),
    fee_kind    TEXT NOT NULL,
    months      INTEGER NOT NULL CHECK (months > 0),
    fee_fen     INTEGER NOT NULL CHECK (fee_fen >= 0),
    paid_utc    INTEGER,
    state       TEXT NOT NULL,
    reason      TEXT NOT NULL DEFAULT '',
    key_policy  TEXT NOT NULL CHECK (key_policy IN ('keep', 'replace')),
    algorithm   TEXT NOT NULL CHECK (algorithm IN ('sm2', 'rsa2048')),
    dual        INTEGER NOT NULL CHECK (dual IN (0, 1)),
    created_utc INTEGER NOT NULL,
    changed_utc INTEGER NOT NULL
) STRICT;
CREATE INDEX renewal_order_of_key ON renewal_order (key_id);

-- 流程审批记录
CREATE TABLE approval_record (
    id           INTEGER PRIMARY KEY,
    order_number TEXT NOT NULL REFERENCES renewal_order (number),
    actor        TEXT NOT NULL,
    action       TEXT NOT NULL,
    from_state   TEXT NOT NULL,
    to_state     TEXT NOT NULL,
    reason       TEXT NOT NULL,
    at_utc       INTEGER NOT NULL
) STRICT;
CREATE INDEX approval_record_of_order ON approval_record (order_number);

-- status: issued until the key's confirmation, then active; revoked for good. authority: which of our
-- CAs issued it ('sm2', 'rsa'), '' when it is another's: only ours stand in our revocation lists.
CREATE TABLE certificate (
    id             INTEGER PRIMARY KEY,
    key_id         INTEGER NOT NULL REFERENCES key (id),
    order_number   TEXT REFERENCES renewal_order (number),
    authority      TEXT NOT NULL CHECK (authority IN ('sm2', 'rsa', '')),
    usage          TEXT NOT NULL CHECK (usage IN ('sign', 'encrypt')),
    status         TEXT NOT NULL CHECK (status IN ('issued', 'active', 'revoked')),
    reason         TEXT NOT NULL DEFAULT '',
    serial_number  TEXT NOT NULL,
    subject        TEXT NOT NULL,
    not_before_utc INTEGER NOT NULL,
    not_after_utc  INTEGER NOT NULL,
    sha256         TEXT NOT NULL UNIQUE,
    der            BLOB NOT NULL,
    created_utc    INTEGER NOT NULL,
    changed_utc    INTEGER NOT NULL
) STRICT;
-- A key has one certificate of each usage in force at a time.
CREATE UNIQUE INDEX certificate_active ON certificate (key_id, usage) WHERE status = 'active';
CREATE UNIQUE INDEX certificate_serial ON certificate (authority, serial_number)
    WHERE authority <> '';

-- Only the hash of a ticket is kept. job_id and redeemed_serial are NULL until it is redeemed.
CREATE TABLE ticket (
    sha256          BLOB PRIMARY KEY,
    order_number    TEXT NOT NULL REFERENCES renewal_order (number),
    kind            TEXT NOT NULL CHECK (kind IN ('check', 'renew')),
    created_utc     INTEGER NOT NULL,
    expires_utc     INTEGER NOT NULL,
    job_id          TEXT REFERENCES job (id),
    redeemed_serial TEXT
) STRICT;

-- outcome: '' until the confirmation, then 'written' or 'failed'.
CREATE TABLE job (
    id           TEXT PRIMARY KEY,
    order_number TEXT NOT NULL REFERENCES renewal_order (number),
    kind         TEXT NOT NULL CHECK (kind IN ('check', 'renew')),
    challenge    BLOB NOT NULL,
    outcome      TEXT NOT NULL DEFAULT '' CHECK (outcome IN ('', 'written', 'failed')),
    created_utc  INTEGER NOT NULL,
    expires_utc  INTEGER NOT NULL
) STRICT;

-- What was issued for an order: the stored answer. A failed one stays as a record.
CREATE TABLE issue (
    id                     INTEGER PRIMARY KEY,
    order_number           TEXT NOT NULL REFERENCES renewal_order (number),
    job_id                 TEXT NOT NULL REFERENCES job (id),
    public_key_sha256      BLOB NOT NULL,
    state                  TEXT NOT NULL CHECK (state IN ('issued', 'confirmed', 'failed')),
    sign_certificate_id    INTEGER REFERENCES certificate (id),
    encrypt_certificate_id INTEGER REFERENCES certificate (id),
    enveloped_key          BLOB,
    chain                  BLOB,
    created_utc            INTEGER NOT NULL,
    changed_utc            INTEGER NOT NULL
) STRICT;
-- Issued once: an order has at most one issue that did not fail, whatever the public key.
CREATE UNIQUE INDEX issue_live ON issue (order_number) WHERE state <> 'failed';
CREATE UNIQUE INDEX issue_of_public_key ON issue (order_number, public_key_sha256)
    WHERE state <> 'failed';

-- Encryption private keys in the key manager's keeping: SM4-CBC, then HMAC-SM3.
CREATE TABLE escrow_key (
    id             INTEGER PRIMARY KEY,
    order_number   TEXT NOT NULL REFERENCES renewal_order (number),
    public_key     BLOB NOT NULL UNIQUE,
    iv             BLOB NOT NULL,
    ciphertext     BLOB NOT NULL,
    mac            BLOB NOT NULL,
    created_utc    INTEGER NOT NULL
) STRICT;

-- Append-only; each line's hash covers the line and the hash before it.
CREATE TABLE audit (
    id      INTEGER PRIMARY KEY,
    at_utc  INTEGER NOT NULL,
    actor   TEXT NOT NULL,
    event   TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail  TEXT NOT NULL,
    hash    BLOB NOT NULL
) STRICT;
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
BEGIN
    SELECT raise(ABORT, 'the audit trail is append-only');
END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
BEGIN
    SELECT raise(ABORT, 'the audit trail is append-only');
END;
