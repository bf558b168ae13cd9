#include "portal/portal_audit.h"

#include <assert.h>
#include <openssl/evp.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/hex.h"

/* A detail is a few fields of an order or certificate: larger ones are a mistake of ours. */
#define LINE_BYTES_MAX 8192

struct line {
    int64_t id;
    int64_t at_utc;
    const char *actor;
    const char *event;
    const char *subject;
    const char *detail;
};

static void add_integer(struct buf *buf, int64_t value)
{
    buf_add_u32_be(buf, (uint32_t)((uint64_t)value >> 32));
    buf_add_u32_be(buf, (uint32_t)value);
}

static void add_text(struct buf *buf, const char *text)
{
    buf_add_u32_be(buf, (uint32_t)strlen(text));
    buf_add_text(buf, text);
}

/* SM3 over the hash before, id, time, and the length-prefixed texts. */
static enum err_code hash_line(const struct line *line, struct span before,
                               uint8_t out[PORTAL_AUDIT_HASH_BYTES], struct err *err)
{
    AUTO(buf_done) struct buf buf = BUF_INIT(LINE_BYTES_MAX);
    buf_add(&buf, before);
    add_integer(&buf, line->id);
    add_integer(&buf, line->at_utc);
    add_text(&buf, line->actor);
    add_text(&buf, line->event);
    add_text(&buf, line->subject);
    add_text(&buf, line->detail);
    struct span message = buf_span(&buf);
    if (message.len == 0)
        return err_set(err, ERR_INTERNAL, "an audit line of more than %d bytes", LINE_BYTES_MAX);
    if (EVP_Digest(message.at, message.len, out, NULL, EVP_sm3(), NULL) != 1)
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
    struct line line = {before.count + 1, clock_now_utc(), portal->actor, event, subject, detail};
    uint8_t hash[PORTAL_AUDIT_HASH_BYTES];
    if (hash_line(&line, SPAN_ARRAY(before.last_hash), hash, err) != ERR_NONE)
        return err->code;
    if (portal_db_run(portal->db,
                      "INSERT INTO audit (id, at_utc, actor, event, subject, detail, hash) "
                      "VALUES (?, ?, ?, ?, ?, ?, ?)",
                      PORTAL_VALUES(PORTAL_INTEGER(line.id), PORTAL_INTEGER(line.at_utc),
                                    PORTAL_TEXT(line.actor), PORTAL_TEXT(line.event),
                                    PORTAL_TEXT(line.subject), PORTAL_TEXT(line.detail),
                                    PORTAL_BLOB(SPAN_ARRAY(hash))),
                      err) != ERR_NONE)
        return err_add(err, "write the audit trail");
    return ERR_NONE;
}

static enum err_code all_lines(struct portal *portal, struct portal_query **out, struct err *err)
{
    return portal_db_query(portal->db,
                           "SELECT id, at_utc, actor, event, subject, detail, hash "
                           "FROM audit ORDER BY id",
                           PORTAL_NO_VALUES, out, err);
}

static struct line line_of(const struct portal_query *query)
{
    return (struct line){
        .id = portal_query_integer(query, 0),
        .at_utc = portal_query_integer(query, 1),
        .actor = portal_query_text(query, 2),
        .event = portal_query_text(query, 3),
        .subject = portal_query_text(query, 4),
        .detail = portal_query_text(query, 5),
    };
}

/* Checks the row and moves the state on to it. */
static enum err_code verify_line(const struct portal_query *query, struct portal_audit_state *state,
                                 struct err *err)
{
    struct line line = line_of(query);
    if (line.id != state->count + 1)
        return err_set(err, ERR_AUDIT, "line %lld is missing", (long long)state->count + 1);
    uint8_t hash[PORTAL_AUDIT_HASH_BYTES];
    if (hash_line(&line, SPAN_ARRAY(state->last_hash), hash, err) != ERR_NONE)
        return err->code;
    if (!span_equal(SPAN_ARRAY(hash), portal_query_blob(query, 6)))
        return err_set(err, ERR_AUDIT, "line %lld was changed", (long long)line.id);
    state->count = line.id;
    memcpy(state->last_hash, hash, sizeof hash);
    return ERR_NONE;
}

enum err_code portal_audit_verify(struct portal *portal, struct portal_audit_state *out,
                                  struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (all_lines(portal, &query, err) != ERR_NONE)
        return err->code;
    struct portal_audit_state state = {0};
    for (bool row = true; row;) {
        if (portal_query_next(query, &row, err) != ERR_NONE ||
            (row && verify_line(query, &state, err) != ERR_NONE))
            return err->code;
    }
    *out = state;
    return ERR_NONE;
}

static struct json *line_json(const struct portal_query *query)
{
    struct line line = line_of(query);
    AUTO(memory_freep) char *hash = hex_encode(portal_query_blob(query, 6));
    struct json *json = json_new_object();
    json_add_integer(json, "id", line.id);
    json_add_utc(json, "at", line.at_utc);
    json_add_text(json, "actor", line.actor);
    json_add_text(json, "event", line.event);
    json_add_text(json, "subject", line.subject);
    json_add_text(json, "detail", line.detail);
    json_add_text(json, "hash", hash);
    return json;
}

enum err_code portal_audit_list(struct portal *portal, struct json **out, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (all_lines(portal, &query, err) != ERR_NONE)
        return err->code;
    return portal_query_list(query, line_json, out, err);
}
