#include "portal/portal_audit.h"

#include <assert.h>
#include <openssl/evp.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/hex.h"
#include "portal/portal_like.h"

/* A detail is a few fields of an order or certificate: larger ones are a mistake of ours. */
#define LINE_BYTES_MAX 8192

/* Texts with all that the database holds, also behind a zero byte. */
struct line {
    int64_t id;
    int64_t at_utc;
    struct span actor;
    struct span event;
    struct span subject;
    struct span detail;
};

static void add_integer(struct buf *buf, int64_t value)
{
    buf_add_u32_be(buf, (uint32_t)((uint64_t)value >> 32));
    buf_add_u32_be(buf, (uint32_t)value);
}

static void add_text(struct buf *buf, struct span text)
{
    buf_add_u32_be(buf, (uint32_t)text.len);
    buf_add(buf, text);
}

/* SM3 that is looked up once, and a buffer that is used again: a trail has a million lines. */
struct hasher {
    EVP_MD *sm3;
    EVP_MD_CTX *context;
    struct buf buf;
};

static enum err_code hasher_open(struct hasher *hasher, struct err *err)
{
    hasher->buf = BUF_INIT(LINE_BYTES_MAX);
    hasher->sm3 = EVP_MD_fetch(NULL, "SM3", NULL);
    hasher->context = EVP_MD_CTX_new();
    return hasher->sm3 != NULL && hasher->context != NULL
               ? ERR_NONE
               : err_set(err, ERR_CRYPTO, "there is no SM3");
}

static void hasher_done(struct hasher *hasher)
{
    EVP_MD_CTX_free(hasher->context);
    EVP_MD_free(hasher->sm3);
    buf_done(&hasher->buf);
}

/* SM3 over the hash before, id, time, and the length-prefixed texts. */
static enum err_code hash_line(struct hasher *hasher, const struct line *line, struct span before,
                               uint8_t out[PORTAL_AUDIT_HASH_BYTES], struct err *err)
{
    struct buf *buf = &hasher->buf;
    buf_clear(buf);
    buf_add(buf, before);
    add_integer(buf, line->id);
    add_integer(buf, line->at_utc);
    add_text(buf, line->actor);
    add_text(buf, line->event);
    add_text(buf, line->subject);
    add_text(buf, line->detail);
    struct span message = buf_span(buf);
    if (message.len == 0)
        return err_set(err, ERR_INTERNAL, "an audit line of more than %d bytes", LINE_BYTES_MAX);
    if (EVP_DigestInit_ex2(hasher->context, hasher->sm3, NULL) != 1 ||
        EVP_DigestUpdate(hasher->context, message.at, message.len) != 1 ||
        EVP_DigestFinal_ex(hasher->context, out, NULL) != 1)
        return err_set(err, ERR_CRYPTO, "SM3 of an audit line");
    return ERR_NONE;
}

static enum err_code last_line(struct portal *portal, struct portal_audit_state *out,
                               struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(portal->db, "SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1",
                        PORTAL_NO_VALUES, &query, err) != ERR_NONE)
        return err->code;
    bool row = false;
    if (portal_query_next(query, &row, err) != ERR_NONE)
        return err->code;
    *out = (struct portal_audit_state){0};
    if (!row)
        return ERR_NONE;
    struct span hash = portal_query_blob(query, 1);
    if (hash.len != sizeof out->last_hash)
        return err_set(err, ERR_AUDIT, "the last line's hash has %zu bytes", hash.len);
    out->count = portal_query_integer(query, 0);
    memcpy(out->last_hash, hash.at, hash.len);
    return ERR_NONE;
}

enum err_code portal_audit_add(struct portal *portal, const char *event, const char *subject,
                               const char *detail, struct err *err)
{
    assert(portal_db_in_transaction(portal->db));
    struct portal_audit_state before;
    if (last_line(portal, &before, err) != ERR_NONE)
        return err_add(err, "read the audit trail's end");
    AUTO(hasher_done) struct hasher hasher = {0};
    const struct line line = {
        before.count + 1, clock_now_utc(),    span_text(portal->actor),
        span_text(event), span_text(subject), span_text(detail),
    };
    uint8_t hash[PORTAL_AUDIT_HASH_BYTES];
    if (hasher_open(&hasher, err) != ERR_NONE ||
        hash_line(&hasher, &line, SPAN_ARRAY(before.last_hash), hash, err) != ERR_NONE)
        return err->code;
    if (portal_db_run(portal->db,
                      "INSERT INTO audit (id, at_utc, actor, event, subject, detail, hash) "
                      "VALUES (?, ?, ?, ?, ?, ?, ?)",
                      PORTAL_VALUES(PORTAL_INTEGER(line.id), PORTAL_INTEGER(line.at_utc),
                                    PORTAL_TEXT(portal->actor), PORTAL_TEXT(event),
                                    PORTAL_TEXT(subject), PORTAL_TEXT(detail),
                                    PORTAL_BLOB(SPAN_ARRAY(hash))),
                      err) != ERR_NONE)
        return err_add(err, "write the audit trail");
    return ERR_NONE;
}

#define COLUMNS "id, at_utc, actor, event, subject, detail, hash"

static struct line line_of(const struct portal_query *query)
{
    return (struct line){
        .id = portal_query_integer(query, 0),
        .at_utc = portal_query_integer(query, 1),
        .actor = portal_query_blob(query, 2),
        .event = portal_query_blob(query, 3),
        .subject = portal_query_blob(query, 4),
        .detail = portal_query_blob(query, 5),
    };
}

/* ---- verifying ---- */

/* Checks the row and moves the state on to it. */
static enum err_code verify_line(const struct portal_query *query, struct hasher *hasher,
                                 struct portal_audit_state *state, struct err *err)
{
    struct line line = line_of(query);
    if (line.id != state->count + 1)
        return err_set(err, ERR_AUDIT, "line %lld is missing", (long long)state->count + 1);
    uint8_t hash[PORTAL_AUDIT_HASH_BYTES];
    if (hash_line(hasher, &line, SPAN_ARRAY(state->last_hash), hash, err) != ERR_NONE)
        return err_set(err, ERR_AUDIT, "line %lld is longer than any", (long long)line.id);
    if (!span_equal(SPAN_ARRAY(hash), portal_query_blob(query, 6)))
        return err_set(err, ERR_AUDIT, "line %lld was changed", (long long)line.id);
    state->count = line.id;
    memcpy(state->last_hash, hash, sizeof hash);
    return ERR_NONE;
}

/* Lines before the first one, which no chain begins with. */
static enum err_code check_beginning(struct portal_db *db, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    bool row = false;
    if (portal_db_query(db, "SELECT id FROM audit WHERE id < 1", PORTAL_NO_VALUES, &query, err) !=
            ERR_NONE ||
        portal_query_next(query, &row, err) != ERR_NONE)
        return err->code;
    return row ? err_set(err, ERR_AUDIT, "line %lld was put in",
                         (long long)portal_query_integer(query, 0))
               : ERR_NONE;
}

enum err_code portal_audit_verify_on(struct portal_db *db, struct portal_audit_state *state,
                                     struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    AUTO(hasher_done) struct hasher hasher = {0};
    struct portal_audit_state reached = *state;
    if (hasher_open(&hasher, err) != ERR_NONE || check_beginning(db, err) != ERR_NONE ||
        portal_db_query(db, "SELECT " COLUMNS " FROM audit WHERE id > ? ORDER BY id",
                        PORTAL_VALUES(PORTAL_INTEGER(state->count)), &query, err) != ERR_NONE)
        return err->code;
    for (bool row = true; row;) {
        if (portal_query_next(query, &row, err) != ERR_NONE ||
            (row && verify_line(query, &hasher, &reached, err) != ERR_NONE))
            return err->code;
    }
    *state = reached;
    return ERR_NONE;
}

enum err_code portal_audit_check_seen(struct portal_db *db, const struct portal_audit_state *state,
                                      struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    bool row = false;
    if (state->count == 0)
        return ERR_NONE;
    if (portal_db_query(
            db, "SELECT 1 FROM audit WHERE id = ? AND hash = ?",
            PORTAL_VALUES(PORTAL_INTEGER(state->count), PORTAL_BLOB(SPAN_ARRAY(state->last_hash))),
            &query, err) != ERR_NONE ||
        portal_query_next(query, &row, err) != ERR_NONE)
        return err->code;
    return row ? ERR_NONE
               : err_set(err, ERR_AUDIT, "line %lld is not the one that was there",
                         (long long)state->count);
}

enum err_code portal_audit_verify(struct portal *portal, struct portal_audit_state *out,
                                  struct err *err)
{
    struct portal_audit_state state = {0};
    if (portal_audit_verify_on(portal->db, &state, err) != ERR_NONE)
        return err->code;
    *out = state;
    return ERR_NONE;
}

/* ---- showing ---- */

static struct json *line_json(const struct portal_query *query)
{
    struct json *json = json_new_object();
    json_add_integer(json, "id", portal_query_integer(query, 0));
    json_add_utc(json, "at", portal_query_integer(query, 1));
    json_add_text(json, "actor", portal_query_text(query, 2));
    json_add_text(json, "event", portal_query_text(query, 3));
    json_add_text(json, "subject", portal_query_text(query, 4));
    json_add_text(json, "detail", portal_query_text(query, 5));
    return json;
}

static struct json *line_json_with_hash(const struct portal_query *query)
{
    AUTO(memory_freep) char *hash = hex_encode(portal_query_blob(query, 6));
    struct json *json = line_json(query);
    json_add_text(json, "hash", hash);
    return json;
}

enum err_code portal_audit_list(struct portal *portal, struct json **out, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(portal->db, "SELECT " COLUMNS " FROM audit ORDER BY id", PORTAL_NO_VALUES,
                        &query, err) != ERR_NONE)
        return err->code;
    return portal_query_list(query, line_json_with_hash, out, err);
}

static enum err_code page_row(void *context, const struct portal_query *query, struct json **out,
                              struct err *err)
{
    *out = line_json(query);
    return ERR_NONE;
}

#define MATCHES \
    " AND (?2 IS NULL OR actor LIKE ?2 ESCAPE '\\' OR event LIKE ?2 ESCAPE '\\' " \
    "OR subject LIKE ?2 ESCAPE '\\' OR detail LIKE ?2 ESCAPE '\\') ORDER BY id "

enum err_code portal_audit_page(struct portal_db *db, const struct portal_page *page,
                                const char *search, struct json **out, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    AUTO(memory_freep) char *pattern = NULL;
    const char *sql = page->backwards
                          ? "SELECT " COLUMNS " FROM audit WHERE id > ?1" MATCHES "LIMIT ?3"
                          : "SELECT " COLUMNS " FROM audit WHERE id < ?1" MATCHES "DESC LIMIT ?3";
    if (portal_like_pattern(search, &pattern, err) != ERR_NONE ||
        portal_db_query(db, sql,
                        PORTAL_VALUES(PORTAL_INTEGER(portal_like_from(page)), PORTAL_TEXT(pattern),
                                      PORTAL_INTEGER(page->limit + 1)),
                        &query, err) != ERR_NONE)
        return err->code;
    return portal_page_collect(page, query, page_row, NULL, out, err);
}
