#include "base/clock.h"
#include "portal/portal_reset.h"

/* Columns of a key and a request (r); ?1 is now, ?2 to ?5 are the page's. */
#define COLUMNS(cursor) \
    "SELECT " cursor ", key.serial, key.number, holder.name, organisation.name, " \
    "certificate.not_after_utc, r.id, CASE WHEN r.state = 'approved' AND r.expires_utc <= ?1 " \
    "THEN 'expired' ELSE r.state END, r.user, r.changed_utc, r.reason "
#define JOINS \
    "JOIN holder ON holder.id = key.holder_id " \
    "JOIN organisation ON organisation.id = holder.organisation_id " \
    "LEFT JOIN certificate ON certificate.key_id = key.id AND certificate.status = 'active' " \
    "AND certificate.usage = 'sign' "
#define ALL "?2 = 0 "
#define OWN "organisation.id = ?2 "
#define PAGE(whose, cursor, comparison, direction) \
    whose "AND (?3 = '' OR instr(key.serial, ?3) OR instr(key.number, ?3) " \
          "OR instr(holder.name, ?3) OR instr(organisation.name, ?3)) AND " cursor " " comparison \
          " ?4 ORDER BY " cursor " " direction " LIMIT ?5"

#define KEYS \
    COLUMNS("key.id") \
    "FROM key " JOINS "LEFT JOIN reset_request r ON r.id = (SELECT max(id) FROM reset_request " \
    "WHERE key_id = key.id) " \
    "WHERE "
#define WAITING \
    COLUMNS("r.id") \
    "FROM reset_request r JOIN key ON key.id = r.key_id " JOINS "WHERE r.state = 'requested' AND "

/* Of all or of one organisation, forwards and backwards: each with its index. */
static const char *const keys_sql[2][2] = {
    {KEYS PAGE(ALL, "key.id", ">", "ASC"), KEYS PAGE(ALL, "key.id", "<", "DESC")},
    {KEYS PAGE(OWN, "key.id", ">", "ASC"), KEYS PAGE(OWN, "key.id", "<", "DESC")},
};
static const char *const waiting_sql[2][2] = {
    {WAITING PAGE(ALL, "r.id", ">", "ASC"), WAITING PAGE(ALL, "r.id", "<", "DESC")},
    {WAITING PAGE(OWN, "r.id", ">", "ASC"), WAITING PAGE(OWN, "r.id", "<", "DESC")},
};

static struct json *request_json(const struct portal_query *query, int first)
{
    struct json *json = json_new_object();
    json_add_integer(json, "id", portal_query_integer(query, first));
    json_add_text(json, "state", portal_query_text(query, first + 1));
    json_add_text(json, "user", portal_query_text(query, first + 2));
    json_add_utc(json, "at", portal_query_integer(query, first + 3));
    json_add_text(json, "reason", portal_query_text(query, first + 4));
    return json;
}

static struct json *row_json(const struct portal_query *query)
{
    struct json *json = json_new_object();
    json_add_integer(json, "cursor", portal_query_integer(query, 0));
    json_add_text(json, "serial", portal_query_text(query, 1));
    json_add_text(json, "number", portal_query_text(query, 2));
    json_add_text(json, "holder", portal_query_text(query, 3));
    json_add_text(json, "organisation", portal_query_text(query, 4));
    if (portal_query_is_null(query, 5))
        json_add_text(json, "not_after", NULL);
    else
        json_add_utc(json, "not_after", portal_query_integer(query, 5));
    if (portal_query_is_null(query, 6))
        json_add_text(json, "request", NULL);
    else
        json_add(json, "request", request_json(query, 6));
    return json;
}

static enum err_code list(struct portal *portal, const char *const sql[2][2],
                          const struct portal_reset_page *page, struct json **out, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    int64_t from = page->backwards && page->from_id == 0 ? INT64_MAX : page->from_id;
    if (page->limit < 1 || page->limit > PORTAL_RESET_PAGE_MAX)
        return err_set(err, ERR_FIELD_VALUE, "limit: 1 to %d are allowed", PORTAL_RESET_PAGE_MAX);
    if (portal_db_query(portal->db, sql[page->organisation_id != 0][page->backwards],
                        PORTAL_VALUES(PORTAL_INTEGER(clock_now_utc()),
                                      PORTAL_INTEGER(page->organisation_id),
                                      PORTAL_TEXT(page->search == NULL ? "" : page->search),
                                      PORTAL_INTEGER(from), PORTAL_INTEGER(page->limit)),
                        &query, err) != ERR_NONE)
        return err_add(err, "list PIN resets");
    return portal_query_list(query, row_json, out, err);
}

enum err_code portal_reset_keys(struct portal *portal, const struct portal_reset_page *page,
                                struct json **out, struct err *err)
{
    return list(portal, keys_sql, page, out, err);
}

enum err_code portal_reset_waiting(struct portal *portal, const struct portal_reset_page *page,
                                   struct json **out, struct err *err)
{
    return list(portal, waiting_sql, page, out, err);
}

static struct json *whole_json(const struct portal_query *query)
{
    struct json *json = json_new_object();
    json_add_integer(json, "id", portal_query_integer(query, 0));
    json_add_text(json, "serial", portal_query_text(query, 1));
    json_add_text(json, "user", portal_query_text(query, 2));
    json_add_text(json, "state", portal_query_text(query, 3));
    json_add_text(json, "approved_by", portal_query_text(query, 4));
    json_add_text(json, "reason", portal_query_text(query, 5));
    if (portal_query_is_null(query, 6))
        json_add_text(json, "expires", NULL);
    else
        json_add_utc(json, "expires", portal_query_integer(query, 6));
    json_add_utc(json, "created", portal_query_integer(query, 7));
    json_add_utc(json, "changed", portal_query_integer(query, 8));
    return json;
}

enum err_code portal_reset_list(struct portal *portal, struct json **out, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(portal->db,
                        "SELECT r.id, key.serial, r.user, CASE WHEN r.state = 'approved' "
                        "AND r.expires_utc <= ? THEN 'expired' ELSE r.state END, r.approved_by, "
                        "r.reason, r.expires_utc, r.created_utc, r.changed_utc "
                        "FROM reset_request r JOIN key ON key.id = r.key_id ORDER BY r.id",
                        PORTAL_VALUES(PORTAL_INTEGER(clock_now_utc())), &query, err) != ERR_NONE)
        return err_add(err, "list the reset requests");
    return portal_query_list(query, whole_json, out, err);
}
