-- Keys of the PIV family: the third authority (P-256), their algorithms, and what their secrets need.

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
    algorithm       TEXT NOT NULL CHECK (algorithm IN ('sm2', 'rsa2048', 'p256', 'p384')),
    dual            INTEGER NOT NULL CHECK (dual IN (0, 1)),
    created_utc     INTEGER NOT NULL,
    changed_utc     INTEGER NOT NULL,
    revision        INTEGER NOT NULL UNIQUE
) STRICT;
INSERT INTO renewal_order_next (number, key_id, organisation_id, fee_kind, months, fee_fen, paid_utc,
                                paid_reference, state, reason, key_policy, algorithm, dual, created_utc,
                                changed_utc, revision)
    SELECT number, key_id, organisation_id, fee_kind, months, fee_fen, paid_utc, paid_reference, state,
           reason, key_policy, algorithm, dual, created_utc, changed_utc, revision
    FROM renewal_order;
DROP TABLE renewal_order;
ALTER TABLE renewal_order_next RENAME TO renewal_order;
CREATE INDEX renewal_order_of_key ON renewal_order (key_id);
CREATE INDEX renewal_order_state ON renewal_order (state, revision);
CREATE INDEX renewal_order_paid ON renewal_order ((paid_utc IS NOT NULL), revision);
CREATE INDEX renewal_order_state_paid ON renewal_order (state, (paid_utc IS NOT NULL), revision);
CREATE INDEX renewal_order_own ON renewal_order (organisation_id, revision);
CREATE INDEX renewal_order_own_state ON renewal_order (organisation_id, state, revision);
CREATE INDEX renewal_order_own_paid ON renewal_order (organisation_id, (paid_utc IS NOT NULL), revision);
CREATE INDEX renewal_order_own_state_paid
    ON renewal_order (organisation_id, state, (paid_utc IS NOT NULL), revision);

CREATE TABLE certificate_next (
    id             INTEGER PRIMARY KEY,
    key_id         INTEGER NOT NULL REFERENCES key (id),
    order_number   TEXT REFERENCES renewal_order (number),
    authority      TEXT NOT NULL CHECK (authority IN ('sm2', 'rsa', 'p256', '')),
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
INSERT INTO certificate_next (id, key_id, order_number, authority, usage, status, reason, serial_number,
                              subject, not_before_utc, not_after_utc, sha256, der, created_utc, changed_utc)
    SELECT id, key_id, order_number, authority, usage, status, reason, serial_number, subject,
           not_before_utc, not_after_utc, sha256, der, created_utc, changed_utc
    FROM certificate;
DROP TABLE certificate;
ALTER TABLE certificate_next RENAME TO certificate;
CREATE UNIQUE INDEX certificate_active ON certificate (key_id, usage) WHERE status = 'active';
CREATE UNIQUE INDEX certificate_serial ON certificate (authority, serial_number)
    WHERE authority <> '';

-- challenge: empty for a PIV token, which has none for its PUK. sha256: for a PIV token of the job's challenge and
-- of whether the answer before was refused, since a hash of two PUKs could be searched through. puk_version: the PUK
-- that a PIV token has once it took the answer.
CREATE TABLE unblock_answer_next (
    id          INTEGER PRIMARY KEY,
    job_id      TEXT NOT NULL REFERENCES job (id),
    key_id      INTEGER NOT NULL REFERENCES key (id),
    purpose     TEXT NOT NULL CHECK (purpose IN ('login', 'unblock')),
    challenge   BLOB NOT NULL,
    sha256      BLOB NOT NULL,
    puk_version INTEGER,
    at_utc      INTEGER NOT NULL
) STRICT;
INSERT INTO unblock_answer_next (id, job_id, key_id, purpose, challenge, sha256, at_utc)
    SELECT id, job_id, key_id, purpose, challenge, sha256, at_utc FROM unblock_answer;
DROP TABLE unblock_answer;
ALTER TABLE unblock_answer_next RENAME TO unblock_answer;
CREATE INDEX unblock_answer_of_job ON unblock_answer (job_id);
CREATE INDEX unblock_answer_of_key ON unblock_answer (key_id);
CREATE UNIQUE INDEX unblock_answer_challenge ON unblock_answer (key_id, challenge)
    WHERE length(challenge) > 0;

-- Each time that a challenge was enciphered with a PIV token's management key.
CREATE TABLE manage_answer (
    id        INTEGER PRIMARY KEY,
    job_id    TEXT NOT NULL REFERENCES job (id),
    key_id    INTEGER NOT NULL REFERENCES key (id),
    algorithm TEXT NOT NULL CHECK (algorithm IN ('3des', 'aes128', 'aes192', 'aes256')),
    challenge BLOB NOT NULL,
    at_utc    INTEGER NOT NULL,
    UNIQUE (key_id, challenge)
) STRICT;
CREATE INDEX manage_answer_of_job ON manage_answer (job_id);

-- The PUKs that a PIV token may have, by version; a key without a row has version 1. state: given until the key's
-- word; confirmed by it; past: what it had before; refused by the key; never: it would have come after a refused one.
CREATE TABLE piv_puk (
    key_id       INTEGER NOT NULL REFERENCES key (id),
    version      INTEGER NOT NULL CHECK (version > 0),
    from_version INTEGER NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('given', 'confirmed', 'past', 'refused', 'never')),
    at_utc       INTEGER NOT NULL,
    PRIMARY KEY (key_id, version)
) STRICT, WITHOUT ROWID;
