-- At most two PUKs that a PIV token may have, and which answers it refused.

ALTER TABLE unblock_answer ADD COLUMN puk_from INTEGER;
ALTER TABLE unblock_answer ADD COLUMN refused INTEGER NOT NULL DEFAULT 0 CHECK (refused IN (0, 1));
UPDATE unblock_answer SET puk_from =
    (SELECT from_version FROM piv_puk
     WHERE piv_puk.key_id = unblock_answer.key_id AND version = puk_version);
UPDATE unblock_answer SET refused = 1 WHERE EXISTS
    (SELECT 1 FROM piv_puk
     WHERE piv_puk.key_id = unblock_answer.key_id AND version = puk_from AND state = 'refused');

-- A key without a row has PUK 1 and management key 1. puk: the one before the given one, or the only one that the
-- token may have. highest: no number is given twice. settled: the newest unblock_answer of which the end is known.
CREATE TABLE piv_version (
    key_id      INTEGER PRIMARY KEY REFERENCES key (id),
    puk         INTEGER NOT NULL CHECK (puk > 0),
    given       INTEGER CHECK (given > puk),
    highest     INTEGER NOT NULL CHECK (highest >= puk AND highest >= ifnull(given, 0)),
    settled     INTEGER NOT NULL,
    management  INTEGER NOT NULL CHECK (management > 0),
    changed_utc INTEGER NOT NULL
) STRICT;
INSERT INTO piv_version (key_id, puk, given, highest, settled, management, changed_utc)
    SELECT known.key_id, puk, (SELECT max(version) FROM piv_puk
                               WHERE piv_puk.key_id = known.key_id AND state = 'given' AND version > puk),
           highest, 0, 1, changed_utc
    FROM (SELECT key_id,
                 coalesce(max(version) FILTER (WHERE state = 'confirmed'),
                          min(version) FILTER (WHERE state = 'given'), max(version)) AS puk,
                 max(version) AS highest, max(at_utc) AS changed_utc
          FROM piv_puk GROUP BY key_id) AS known;
DROP TABLE piv_puk;

-- What a token was made for, by serial: it may not be registered yet.
CREATE TABLE piv_cipher (
    serial    TEXT PRIMARY KEY,
    algorithm TEXT NOT NULL CHECK (algorithm IN ('3des', 'aes128', 'aes192', 'aes256')),
    at_utc    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX unblock_answer_of_puk ON unblock_answer (key_id, puk_version);
