#include "portal/portal_search.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/text.h"

#define CHARACTER_BYTES_MAX 4
/* Each character stands in as many parts as one has characters, and grows to at most three bytes unless it
 * has four. */
#define PARTS_BYTES_MAX(text_bytes) (16 * (text_bytes) + 16)
#define SCOPES_BYTES_MAX 512
#define PRIVATE_USE 0xE000u
#define FULL_WIDTH_FIRST 0xFF01u
#define FULL_WIDTH_LAST 0xFF5Eu
#define FULL_WIDTH_OFFSET 0xFEE0u
#define IDEOGRAPHIC_SPACE 0x3000u

/* ---- characters ---- */

static uint32_t decode(const char *at, size_t length)
{
    static const uint8_t masks[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint32_t code = (uint8_t)at[0] & masks[length];
    for (size_t i = 1; i < length; i++)
        code = code << 6 | ((uint8_t)at[i] & 0x3F);
    return code;
}

static uint32_t narrow(uint32_t code)
{
    if (code >= FULL_WIDTH_FIRST && code <= FULL_WIDTH_LAST)
        code -= FULL_WIDTH_OFFSET;
    return code == IDEOGRAPHIC_SPACE ? ' ' : code;
}

static bool is_alnum(uint32_t code)
{
    return (code >= '0' && code <= '9') || (code >= 'a' && code <= 'z') ||
           (code >= 'A' && code <= 'Z');
}

static bool is_space(uint32_t code)
{
    return code == ' ' || code == '\t';
}

/* A character as the tokenizer takes it for a part of a word: what else is in ASCII becomes a private one,
 * so that no character of a query has a meaning to FTS5. The tokenizer folds the case. */
static void add_character(struct buf *buf, uint32_t code)
{
    if (code < 0x80 && !is_alnum(code))
        code += PRIVATE_USE;
    if (code < 0x80) {
        buf_add_u8(buf, (uint8_t)code);
    } else if (code < 0x800) {
        buf_add_u8(buf, (uint8_t)(0xC0 | code >> 6));
        buf_add_u8(buf, (uint8_t)(0x80 | (code & 0x3F)));
    } else if (code < 0x10000) {
        buf_add_u8(buf, (uint8_t)(0xE0 | code >> 12));
        buf_add_u8(buf, (uint8_t)(0x80 | (code >> 6 & 0x3F)));
        buf_add_u8(buf, (uint8_t)(0x80 | (code & 0x3F)));
    } else {
        buf_add_u8(buf, (uint8_t)(0xF0 | code >> 18));
        buf_add_u8(buf, (uint8_t)(0x80 | (code >> 12 & 0x3F)));
        buf_add_u8(buf, (uint8_t)(0x80 | (code >> 6 & 0x3F)));
        buf_add_u8(buf, (uint8_t)(0x80 | (code & 0x3F)));
    }
}

/* The character at *at, which moves behind it; 0 at the end and where the text is broken. */
static uint32_t next_character(const char **at)
{
    size_t length = text_utf8_length(*at, strnlen(*at, CHARACTER_BYTES_MAX));
    if (length == 0)
        return 0;
    uint32_t code = narrow(decode(*at, length));
    *at += length;
    return code;
}

/* ---- parts ---- */

/* Up to count characters of what at begins with, as far as they belong to the same word when it is a
 * query's; returns how many there were. */
static size_t add_part(struct buf *buf, const char *at, size_t count, bool of_word)
{
    size_t done = 0;
    for (uint32_t code; done < count && (code = next_character(&at)) != 0; done++) {
        if (of_word && is_space(code))
            break;
        add_character(buf, code);
    }
    return done;
}

static char *text_of(struct buf *buf)
{
    struct span span = buf_span(buf);
    char *text = memory_printf("%.*s", (int)span.len, span.len > 0 ? (const char *)span.at : "");
    buf_done(buf);
    return text;
}

char *portal_search_parts(const char *text, size_t part)
{
    struct buf buf = BUF_INIT(PARTS_BYTES_MAX(strlen(text)));
    for (const char *at = text; add_part(&buf, at, part, false) > 0; buf_add_u8(&buf, ' '))
        next_character(&at);
    return text_of(&buf);
}

/* ---- queries ---- */

static size_t word_length(const char *at)
{
    size_t length = 0;
    for (uint32_t code; (code = next_character(&at)) != 0 && !is_space(code);)
        length++;
    return length;
}

/* The phrase of the parts of a word of length characters; a word that is shorter begins one. */
static void add_phrase(struct buf *buf, const char *at, size_t length, size_t part)
{
    buf_add_u8(buf, '"');
    for (size_t left = length; left >= part; left--) {
        add_part(buf, at, part, true);
        buf_add_u8(buf, ' ');
        next_character(&at);
    }
    if (length < part)
        add_part(buf, at, part, true);
    buf_add_text(buf, length < part ? "\" *" : "\"");
}

/* Moves behind the word. */
static void add_word(struct buf *buf, const char **at)
{
    size_t length = word_length(*at);
    buf_add_text(buf, "({number serial} : ");
    add_phrase(buf, *at, length, PORTAL_SEARCH_NUMBER_PART);
    buf_add_text(buf, " OR {organisation holder} : ");
    add_phrase(buf, *at, length, PORTAL_SEARCH_NAME_PART);
    buf_add_text(buf, ")");
    while (length-- > 0)
        next_character(at);
}

static const char *skip_spaces(const char *at)
{
    for (const char *next = at; is_space(next_character(&next)); at = next)
        ;
    return at;
}

static enum err_code check_text(const char *text, struct err *err)
{
    size_t length = strlen(text);
    if (length > PORTAL_SEARCH_BYTES_MAX)
        return err_set(err, ERR_FIELD_VALUE, "search: %zu bytes, at most %d are allowed", length,
                       PORTAL_SEARCH_BYTES_MAX);
    for (const char *at = text; *at != '\0';) {
        size_t bytes = text_utf8_length(at, strlen(at));
        if (bytes == 0 || (uint8_t)*at < 0x20)
            return err_set(err, ERR_FIELD_VALUE, "search: not a line of UTF-8");
        at += bytes;
    }
    return ERR_NONE;
}

static void add_scopes(struct buf *buf, const char *const scopes[], size_t count)
{
    if (count == 0)
        return;
    buf_add_text(buf, "scope : (");
    for (size_t i = 0; i < count; i++)
        buf_printf(buf, "%s\"%s\"", i > 0 ? " AND " : "", scopes[i]);
    buf_add_text(buf, ") AND ");
}

enum err_code portal_search_expression(const char *text, const char *const scopes[],
                                       size_t scope_count, char **out, struct err *err)
{
    if (check_text(text, err) != ERR_NONE)
        return err->code;
    struct buf buf = BUF_INIT(2 * PARTS_BYTES_MAX(PORTAL_SEARCH_BYTES_MAX) + SCOPES_BYTES_MAX);
    add_scopes(&buf, scopes, scope_count);
    buf_add_text(&buf, "(");
    int words = 0;
    for (const char *at = skip_spaces(text); *at != '\0'; at = skip_spaces(at)) {
        buf_add_text(&buf, words++ > 0 ? " AND " : "");
        add_word(&buf, &at);
    }
    buf_add_text(&buf, ")");
    AUTO(memory_freep) char *expression = text_of(&buf);
    if (words == 0 || words > PORTAL_SEARCH_WORDS_MAX || expression[0] == '\0')
        return err_set(err, ERR_FIELD_VALUE, "search: 1 to %d words are allowed",
                       PORTAL_SEARCH_WORDS_MAX);
    *out = TAKE(expression);
    return ERR_NONE;
}

/* ---- the index ---- */

/* Columns: rowid, then number, serial, organisation, holder, and the scope's words. */
#define ORDER_DOCUMENTS \
    "SELECT o.revision, o.number, key.serial, organisation.name, holder.name, " \
    "'o' || o.organisation_id || ' p' || (o.paid_utc IS NOT NULL) || ' s' || hex(o.state) " \
    "FROM renewal_order o JOIN key ON key.id = o.key_id JOIN holder ON holder.id = key.holder_id " \
    "JOIN organisation ON organisation.id = o.organisation_id "
#define KEY_DOCUMENTS \
    "SELECT key.id, key.number, key.serial, organisation.name, holder.name, " \
    "'o' || organisation.id " \
    "FROM key JOIN holder ON holder.id = key.holder_id " \
    "JOIN organisation ON organisation.id = holder.organisation_id "
#define INSERT_INTO(table) \
    "INSERT INTO " table " (rowid, number, serial, organisation, holder, scope) " \
    "VALUES (?, ?, ?, ?, ?, ?)"

static enum err_code put(struct portal *portal, const char *insert,
                         const struct portal_query *document, struct err *err)
{
    static const size_t sizes[] = {PORTAL_SEARCH_NUMBER_PART, PORTAL_SEARCH_NUMBER_PART,
                                   PORTAL_SEARCH_NAME_PART, PORTAL_SEARCH_NAME_PART};
    char *parts[ARRAY_SIZE(sizes)];
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
        parts[i] = portal_search_parts(portal_query_text(document, (int)i + 1), sizes[i]);
    enum err_code code = portal_db_run(
        portal->db, insert,
        PORTAL_VALUES(PORTAL_INTEGER(portal_query_integer(document, 0)), PORTAL_TEXT(parts[0]),
                      PORTAL_TEXT(parts[1]), PORTAL_TEXT(parts[2]), PORTAL_TEXT(parts[3]),
                      PORTAL_TEXT(portal_query_text(document, 5))),
        err);
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
        free(parts[i]);
    return code;
}

static enum err_code put_rows(struct portal *portal, const char *insert, struct portal_query *query,
                              struct err *err)
{
    for (bool more = true; more;)
        if (portal_query_next(query, &more, err) != ERR_NONE ||
            (more && put(portal, insert, query, err) != ERR_NONE))
            return err_add(err, "index for the search");
    return ERR_NONE;
}

static enum err_code put_one(struct portal *portal, const char *insert, const char *documents,
                             struct portal_value value, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(portal->db, documents, PORTAL_VALUES(value), &query, err) != ERR_NONE)
        return err_add(err, "index for the search");
    return put_rows(portal, insert, query, err);
}

static enum err_code put_all(struct portal *portal, const char *insert, const char *documents,
                             struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(portal->db, documents, PORTAL_NO_VALUES, &query, err) != ERR_NONE)
        return err_add(err, "index for the search");
    return put_rows(portal, insert, query, err);
}

enum err_code portal_search_put_order(struct portal *portal, const char *number,
                                      int64_t previous_revision, struct err *err)
{
    if (portal_db_run(portal->db, "DELETE FROM order_search WHERE rowid = ?",
                      PORTAL_VALUES(PORTAL_INTEGER(previous_revision)), err) != ERR_NONE)
        return err_add(err, "index for the search");
    return put_one(portal, INSERT_INTO("order_search"), ORDER_DOCUMENTS "WHERE o.number = ?",
                   PORTAL_TEXT(number), err);
}

enum err_code portal_search_put_key(struct portal *portal, int64_t key_id, struct err *err)
{
    return put_one(portal, INSERT_INTO("key_search"), KEY_DOCUMENTS "WHERE key.id = ?",
                   PORTAL_INTEGER(key_id), err);
}

#define LAST_ORDER "coalesce((SELECT rowid FROM order_search ORDER BY rowid DESC LIMIT 1), 0)"
#define LAST_KEY "coalesce((SELECT rowid FROM key_search ORDER BY rowid DESC LIMIT 1), 0)"

static enum err_code is_behind(struct portal *portal, bool *out, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(portal->db,
                        "SELECT EXISTS (SELECT 1 FROM renewal_order WHERE revision > " LAST_ORDER
                        ") OR EXISTS (SELECT 1 FROM key WHERE id > " LAST_KEY ")",
                        PORTAL_NO_VALUES, &query, err) != ERR_NONE ||
        portal_query_one(query, err) != ERR_NONE)
        return err_add(err, "look how far the search's index goes");
    *out = portal_query_integer(query, 0) != 0;
    return ERR_NONE;
}

enum err_code portal_search_catch_up(struct portal *portal, struct err *err)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    bool behind = false;
    if (is_behind(portal, &behind, err) != ERR_NONE || !behind)
        return err->code;
    if (portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        put_all(portal, INSERT_INTO("order_search"),
                ORDER_DOCUMENTS "WHERE o.revision > " LAST_ORDER, err) != ERR_NONE ||
        put_all(portal, INSERT_INTO("key_search"), KEY_DOCUMENTS "WHERE key.id > " LAST_KEY, err) !=
            ERR_NONE)
        return err->code;
    return portal_transaction_commit(&transaction, err);
}
