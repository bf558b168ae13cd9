-- Who may use the pages: accounts, their sessions, and the limits on attempts to log in.

-- login: 用户登录名. A bidder belongs to an organisation, nobody else does. disabled_utc: NULL, or since when
-- the account is closed. password_*: scrypt with the parameters that it was made with.
CREATE TABLE user (
    id              INTEGER PRIMARY KEY,
    login           TEXT NOT NULL UNIQUE COLLATE NOCASE,
    name            TEXT NOT NULL,
    role            TEXT NOT NULL CHECK (role IN ('bidder', 'reviewer', 'administrator')),
    organisation_id INTEGER REFERENCES organisation (id),
    department      TEXT NOT NULL DEFAULT '',
    office_phone    TEXT NOT NULL DEFAULT '',
    mobile_phone    TEXT NOT NULL DEFAULT '',
    email           TEXT NOT NULL DEFAULT '',
    password_n      INTEGER NOT NULL,
    password_r      INTEGER NOT NULL,
    password_p      INTEGER NOT NULL,
    password_salt   BLOB NOT NULL,
    password_hash   BLOB NOT NULL,
    disabled_utc    INTEGER,
    created_utc     INTEGER NOT NULL,
    changed_utc     INTEGER NOT NULL,
    CHECK ((organisation_id IS NOT NULL) = (role = 'bidder'))
) STRICT;
CREATE INDEX user_of_organisation ON user (organisation_id);
CREATE INDEX user_of_role ON user (role);

-- Only the hash of a session's token is kept. used_utc: its last use, to the minute.
CREATE TABLE session (
    sha256      BLOB PRIMARY KEY,
    user_id     INTEGER NOT NULL REFERENCES user (id),
    created_utc INTEGER NOT NULL,
    used_utc    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_of_user ON session (user_id, used_utc);
CREATE INDEX session_used ON session (used_utc);
CREATE INDEX session_created ON session (created_utc);

-- What is counted for a while: failures of a login (its hash), of a login in a place (their hash), failures
-- from an address, log-ins of a login.
CREATE TABLE login_limit (
    subject   TEXT PRIMARY KEY,
    count     INTEGER NOT NULL,
    since_utc INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX login_limit_since ON login_limit (since_utc);

-- Files that anyone may fetch: the driver package, the manual. The content lies in the portal's folder under
-- its SHA-256. An address is never used for another file.
CREATE TABLE download (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    name        TEXT NOT NULL UNIQUE,
    kind        TEXT NOT NULL CHECK (kind IN ('driver', 'manual')),
    size        INTEGER NOT NULL,
    sha256      TEXT NOT NULL,
    created_utc INTEGER NOT NULL
) STRICT;
