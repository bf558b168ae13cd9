-- What may come to be only once: a seal's extension for a certificate, whichever of its files was brought;
-- a PIN reset for an approval that doesn't last; audit lines for what is refused.

-- Of several that were made for one certificate the current one counts, else the newest.
UPDATE seal SET state = 'superseded'
WHERE state = 'issued' AND EXISTS (
    SELECT 1 FROM seal other
    WHERE other.identity = seal.identity AND other.certificate_id = seal.certificate_id
      AND (other.state = 'current' OR (other.state = 'issued' AND other.id > seal.id)));
DROP INDEX seal_extension;
CREATE UNIQUE INDEX seal_extension ON seal (identity, certificate_id) WHERE state <> 'superseded';

-- user: the person who asked. state: done when the key was reset; expired when an approval was not used
-- until expires_utc (NULL before it is approved). approved_by: the reviewer, or 'policy'. reason: of a
-- rejection.
CREATE TABLE reset_request_next (
    id          INTEGER PRIMARY KEY,
    key_id      INTEGER NOT NULL REFERENCES key (id),
    user        TEXT NOT NULL,
    state       TEXT NOT NULL
                CHECK (state IN ('requested', 'approved', 'rejected', 'expired', 'done')),
    approved_by TEXT NOT NULL DEFAULT '',
    reason      TEXT NOT NULL DEFAULT '',
    expires_utc INTEGER,
    created_utc INTEGER NOT NULL,
    changed_utc INTEGER NOT NULL
) STRICT;
INSERT INTO reset_request_next (id, key_id, user, state, expires_utc, created_utc, changed_utc)
    SELECT id, key_id, user, state, CASE WHEN state = 'requested' THEN NULL ELSE changed_utc + 86400 END,
           created_utc, changed_utc
    FROM reset_request;
DROP TABLE reset_request;
ALTER TABLE reset_request_next RENAME TO reset_request;
CREATE INDEX reset_request_of_key ON reset_request (key_id, id);
CREATE INDEX reset_request_waiting ON reset_request (id) WHERE state = 'requested';
CREATE INDEX reset_request_approved ON reset_request (expires_utc) WHERE state = 'approved';
CREATE INDEX key_of_holder ON key (holder_id);

-- seal_identity: of the seal that is meant, for keys that carry several; NULL: it was not said.
ALTER TABLE ticket ADD COLUMN seal_identity TEXT
    CHECK (seal_identity IS NULL OR kind = 'extend-seal');
ALTER TABLE job ADD COLUMN seal_identity TEXT CHECK (seal_identity IS NULL OR kind = 'extend-seal');

-- refusals: how many refused unblock calls of the job stand in the audit trail.
ALTER TABLE job ADD COLUMN refusals INTEGER NOT NULL DEFAULT 0;
