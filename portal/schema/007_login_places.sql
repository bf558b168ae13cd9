-- Where users have logged in from: an address as it is counted, and when it was last used.
CREATE TABLE login_place (
    user_id  INTEGER NOT NULL REFERENCES user (id),
    address  TEXT NOT NULL,
    used_utc INTEGER NOT NULL,
    PRIMARY KEY (user_id, address)
) STRICT, WITHOUT ROWID;
