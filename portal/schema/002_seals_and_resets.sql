-- Seals, PIN resets, and tickets and jobs that belong to a key without an order.

-- An electronic seal that was made for a key's certificate. state: issued until the key's confirmation,
-- then current; superseded by its extension. predecessor_id: what it extends, NULL: it is the first.
CREATE TABLE seal (
    id              INTEGER PRIMARY KEY,
    key_id          INTEGER NOT NULL REFERENCES key (id),
    certificate_id  INTEGER NOT NULL REFERENCES certificate (id),
    predecessor_id  INTEGER REFERENCES seal (id),
    state           TEXT NOT NULL CHECK (state IN ('issued', 'current', 'superseded')),
    identity        TEXT NOT NULL,
    name            TEXT NOT NULL,
    version         INTEGER NOT NULL,
    valid_until_utc INTEGER NOT NULL,
    sha256          BLOB NOT NULL UNIQUE,
    der             BLOB NOT NULL,
    created_utc     INTEGER NOT NULL,
    changed_utc     INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX seal_current ON seal (identity) WHERE state = 'current';
-- Extended once for each renewed certificate, however often it is asked for.
CREATE UNIQUE INDEX seal_extension ON seal (predecessor_id, certificate_id)
    WHERE predecessor_id IS NOT NULL;

-- A request for CA锁密码重置. user: the person who asked. state: done when the key was reset.
CREATE TABLE reset_request (
    id          INTEGER PRIMARY KEY,
    key_id      INTEGER NOT NULL REFERENCES key (id),
    user        TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('requested', 'approved', 'done')),
    created_utc INTEGER NOT NULL,
    changed_utc INTEGER NOT NULL
) STRICT;

-- order_number: of a check or renewal. reset_id: of a PIN reset. seal_id: the extended seal that the job got.
CREATE TABLE job_next (
    id           TEXT PRIMARY KEY,
    key_id       INTEGER NOT NULL REFERENCES key (id),
    order_number TEXT REFERENCES renewal_order (number),
    reset_id     INTEGER REFERENCES reset_request (id),
    seal_id      INTEGER REFERENCES seal (id),
    kind         TEXT NOT NULL CHECK (kind IN ('check', 'renew', 'extend-seal', 'reset-pin')),
    challenge    BLOB NOT NULL,
    outcome      TEXT NOT NULL DEFAULT '' CHECK (outcome IN ('', 'written', 'failed')),
    created_utc  INTEGER NOT NULL,
    expires_utc  INTEGER NOT NULL,
    CHECK ((order_number IS NOT NULL) = (kind IN ('check', 'renew'))),
    CHECK ((reset_id IS NOT NULL) = (kind = 'reset-pin'))
) STRICT;
INSERT INTO job_next (id, key_id, order_number, kind, challenge, outcome, created_utc, expires_utc)
    SELECT job.id, renewal_order.key_id, order_number, kind, challenge, outcome, job.created_utc,
           expires_utc
    FROM job JOIN renewal_order ON renewal_order.number = order_number;
DROP TABLE job;
ALTER TABLE job_next RENAME TO job;

CREATE TABLE ticket_next (
    sha256          BLOB PRIMARY KEY,
    key_id          INTEGER NOT NULL REFERENCES key (id),
    order_number    TEXT REFERENCES renewal_order (number),
    reset_id        INTEGER REFERENCES reset_request (id),
    kind            TEXT NOT NULL CHECK (kind IN ('check', 'renew', 'extend-seal', 'reset-pin')),
    created_utc     INTEGER NOT NULL,
    expires_utc     INTEGER NOT NULL,
    job_id          TEXT REFERENCES job (id),
    redeemed_serial TEXT,
    CHECK ((order_number IS NOT NULL) = (kind IN ('check', 'renew'))),
    CHECK ((reset_id IS NOT NULL) = (kind = 'reset-pin'))
) STRICT;
INSERT INTO ticket_next (sha256, key_id, order_number, kind, created_utc, expires_utc, job_id,
                         redeemed_serial)
    SELECT sha256, renewal_order.key_id, order_number, kind, ticket.created_utc, expires_utc, job_id,
           redeemed_serial
    FROM ticket JOIN renewal_order ON renewal_order.number = order_number;
DROP TABLE ticket;
ALTER TABLE ticket_next RENAME TO ticket;

-- Each time that something was computed with a key's administrator PIN. sha256: of the answer, so that
-- the key's confirmation can be held against it; the answer itself is not kept.
CREATE TABLE unblock_answer (
    id        INTEGER PRIMARY KEY,
    job_id    TEXT NOT NULL REFERENCES job (id),
    key_id    INTEGER NOT NULL REFERENCES key (id),
    purpose   TEXT NOT NULL CHECK (purpose IN ('login', 'unblock')),
    challenge BLOB NOT NULL,
    sha256    BLOB NOT NULL,
    at_utc    INTEGER NOT NULL,
    UNIQUE (key_id, challenge)
) STRICT;
CREATE INDEX unblock_answer_of_job ON unblock_answer (job_id);
