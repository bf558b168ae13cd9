#include "portal/portal_session.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/log.h"

#define SHA256_BYTES 32
#define TOUCH_S 60 /* a use is noted once a minute: not each request waits for the disk */

/* SHA-256 of a label and the token, which has 256 random bits. */
static void hash_token(const char *label, const char *token, uint8_t out[SHA256_BYTES])
{
    AUTO(memory_freep) char *text = memory_printf("%s%s", label, token);
    if (EVP_Digest(text, strlen(text), out, NULL, EVP_sha256(), NULL) != 1)
        abort(); /* SHA-256 is always there */
    OPENSSL_cleanse(text, strlen(text));
}

bool portal_session_is_token(struct span text)
{
    if (text.len != PORTAL_SESSION_TOKEN_CHARACTERS)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (!isdigit(text.at[i]) && (text.at[i] < 'a' || text.at[i] > 'f'))
            return false;
    return true;
}

char *portal_session_csrf(const char *token)
{
    uint8_t hash[SHA256_BYTES];
    hash_token("ukey-portal csrf ", token, hash);
    return hex_encode(SPAN_ARRAY(hash));
}

static enum err_code delete_over(struct portal *portal, struct err *err)
{
    int64_t now = clock_now_utc();
    return portal_db_run(portal->db, "DELETE FROM session WHERE used_utc <= ? OR created_utc <= ?",
                         PORTAL_VALUES(PORTAL_INTEGER(now - PORTAL_SESSION_IDLE_S),
                                       PORTAL_INTEGER(now - PORTAL_SESSION_S)),
                         err);
}

static enum err_code make_room(struct portal *portal, int64_t user_id, struct err *err)
{
    return portal_db_run(
        portal->db,
        "DELETE FROM session WHERE sha256 IN (SELECT sha256 FROM session "
        "WHERE user_id = ? ORDER BY used_utc DESC LIMIT -1 OFFSET ?)",
        PORTAL_VALUES(PORTAL_INTEGER(user_id), PORTAL_INTEGER(PORTAL_SESSION_USER_MAX - 1)), err);
}

enum err_code portal_session_open(struct portal *portal, int64_t user_id, char **out_token,
                                  struct err *err)
{
    AUTO(memory_freep) char *token = hex_random(PORTAL_SESSION_TOKEN_BYTES);
    int64_t now = clock_now_utc();
    uint8_t hash[SHA256_BYTES];
    hash_token("", token, hash);
    if (delete_over(portal, err) != ERR_NONE || make_room(portal, user_id, err) != ERR_NONE ||
        portal_db_run(portal->db,
                      "INSERT INTO session (sha256, user_id, created_utc, used_utc) "
                      "VALUES (?, ?, ?, ?)",
                      PORTAL_VALUES(PORTAL_BLOB(SPAN_ARRAY(hash)), PORTAL_INTEGER(user_id),
                                    PORTAL_INTEGER(now), PORTAL_INTEGER(now)),
                      err) != ERR_NONE)
        return err_add(err, "open a session");
    *out_token = TAKE(token);
    return ERR_NONE;
}

/* What only reads works on while the database can't be written; the session then ends earlier. */
static void note_use(struct portal *portal, struct span hash)
{
    int64_t now = clock_now_utc();
    struct err err = ERR_INIT;
    if (portal_db_run(
            portal->db, "UPDATE session SET used_utc = ? WHERE sha256 = ? AND used_utc <= ?",
            PORTAL_VALUES(PORTAL_INTEGER(now), PORTAL_BLOB(hash), PORTAL_INTEGER(now - TOUCH_S)),
            &err) != ERR_NONE)
        log_err("portal", "note the session's use", &err);
}

enum err_code portal_session_find(struct portal *portal, const char *token, int64_t *out_user_id,
                                  struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    int64_t now = clock_now_utc();
    uint8_t hash[SHA256_BYTES];
    bool row = false;
    hash_token("", token, hash);
    if (portal_db_query(portal->db,
                        "SELECT user_id, used_utc FROM session JOIN user ON user.id = user_id "
                        "WHERE sha256 = ? AND used_utc > ? AND session.created_utc > ? "
                        "AND disabled_utc IS NULL",
                        PORTAL_VALUES(PORTAL_BLOB(SPAN_ARRAY(hash)),
                                      PORTAL_INTEGER(now - PORTAL_SESSION_IDLE_S),
                                      PORTAL_INTEGER(now - PORTAL_SESSION_S)),
                        &query, err) != ERR_NONE ||
        portal_query_next(query, &row, err) != ERR_NONE)
        return err_add(err, "find the session");
    if (!row)
        return err_set(err, ERR_NOT_LOGGED_IN, "no such session");
    if (portal_query_integer(query, 1) <= now - TOUCH_S)
        note_use(portal, SPAN_ARRAY(hash));
    *out_user_id = portal_query_integer(query, 0);
    return ERR_NONE;
}

enum err_code portal_session_close(struct portal *portal, const char *token, struct err *err)
{
    uint8_t hash[SHA256_BYTES];
    hash_token("", token, hash);
    return portal_db_run(portal->db, "DELETE FROM session WHERE sha256 = ?",
                         PORTAL_VALUES(PORTAL_BLOB(SPAN_ARRAY(hash))), err);
}

enum err_code portal_session_close_others(struct portal *portal, int64_t user_id, const char *token,
                                          struct err *err)
{
    uint8_t hash[SHA256_BYTES] = {0};
    if (token != NULL)
        hash_token("", token, hash);
    return portal_db_run(portal->db, "DELETE FROM session WHERE user_id = ? AND sha256 <> ?",
                         PORTAL_VALUES(PORTAL_INTEGER(user_id), PORTAL_BLOB(SPAN_ARRAY(hash))),
                         err);
}
