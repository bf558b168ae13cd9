#include "portal/portal_key_view.h"

#include "base/clock.h"
#include "certs/due.h"
#include "portal/portal_order.h"
#include "portal/portal_search.h"

#define COLUMNS \
    "SELECT key.id, key.serial, key.number, holder.name, organisation.name, certificate.id, " \
    "certificate.der, certificate.order_number, certificate.changed_utc, key.profile "
#define CERTIFICATE \
    "LEFT JOIN certificate ON certificate.key_id = key.id AND certificate.status = 'active' " \
    "AND certificate.usage = 'sign' "
/* In these orders of loops: whatever narrows the rows first. */
#define ALL \
    COLUMNS \
    "FROM key CROSS JOIN holder ON holder.id = key.holder_id " \
    "CROSS JOIN organisation ON organisation.id = holder.organisation_id " CERTIFICATE "WHERE "
#define OWN \
    COLUMNS \
    "FROM organisation CROSS JOIN holder ON holder.organisation_id = organisation.id " \
    "CROSS JOIN key ON key.holder_id = holder.id " CERTIFICATE "WHERE "
#define SEARCH \
    COLUMNS \
    "FROM key_search CROSS JOIN key ON key.id = key_search.rowid " \
    "CROSS JOIN holder ON holder.id = key.holder_id " \
    "CROSS JOIN organisation ON organisation.id = holder.organisation_id " CERTIFICATE "WHERE "
#define FORWARDS(id) "AND " id " > ? ORDER BY " id " ASC LIMIT ?"
#define BACKWARDS(id) "AND " id " < ? ORDER BY " id " DESC LIMIT ?"

/* ---- seals ---- */

static struct json *seal_json(const struct portal_query *query)
{
    struct json *json = json_new_object();
    json_add_text(json, "id", portal_query_text(query, 0));
    json_add_text(json, "name", portal_query_text(query, 1));
    json_add_utc(json, "valid_until", portal_query_integer(query, 2));
    json_add_bool(json, "bound", portal_query_integer(query, 3) != 0);
    return json;
}

static enum err_code seals_of(struct portal *portal, int64_t key_id, int64_t certificate_id,
                              struct json **out, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(portal->db,
                        "SELECT identity, name, valid_until_utc, certificate_id = ? FROM seal "
                        "WHERE key_id = ? AND state = 'current' ORDER BY id",
                        PORTAL_VALUES(PORTAL_INTEGER(certificate_id), PORTAL_INTEGER(key_id)),
                        &query, err) != ERR_NONE)
        return err_add(err, "find the key's seals");
    return portal_query_list(query, seal_json, out, err);
}

/* ---- one key ---- */

static enum err_code add_certificate(struct json *json, const struct portal_query *query,
                                     struct err *err)
{
    AUTO(cert_freep) struct cert *cert = NULL;
    if (portal_query_is_null(query, 5)) {
        json_add_text(json, "algorithm", NULL);
        json_add_text(json, "not_after", NULL);
        json_add_bool(json, "due", false);
        return ERR_NONE;
    }
    if (cert_parse(portal_query_blob(query, 6), &cert, err) != ERR_NONE)
        return err_add(err, "read the registered certificate");
    const struct cert_facts *facts = cert_peek(cert);
    struct due due = due_judge(facts, NULL, clock_now_utc());
    json_add_text(json, "algorithm", cert_algorithm_text(facts->algorithm));
    json_add_utc(json, "not_after", facts->not_after_utc);
    json_add_bool(json, "due", due.state == DUE_NOW || due.state == DUE_EXPIRED);
    return ERR_NONE;
}

static enum err_code row_json(void *context, const struct portal_query *query, struct json **out,
                              struct err *err)
{
    struct portal *portal = context;
    AUTO(json_freep) struct json *json = json_new_object();
    struct json *seals = NULL;
    json_add_text(json, "serial", portal_query_text(query, 1));
    json_add_text(json, "number", portal_query_text(query, 2));
    json_add_text(json, "holder", portal_query_text(query, 3));
    json_add_text(json, "organisation", portal_query_text(query, 4));
    json_add_text(json, "profile", portal_query_text(query, 9));
    if (add_certificate(json, query, err) != ERR_NONE ||
        seals_of(portal, portal_query_integer(query, 0), portal_query_integer(query, 5), &seals,
                 err) != ERR_NONE)
        return err->code;
    json_add(json, "seals", seals);
    if (portal_query_is_null(query, 7))
        json_add_text(json, "renewed", NULL);
    else
        json_add_utc(json, "renewed", portal_query_integer(query, 8));
    *out = TAKE(json);
    return ERR_NONE;
}

enum err_code portal_key_view(struct portal *portal, const char *serial, int64_t organisation_id,
                              struct json **out, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(portal->db,
                        ALL "key.serial = ?1 AND (?2 = 0 OR holder.organisation_id = ?2)",
                        PORTAL_VALUES(PORTAL_TEXT(serial), PORTAL_INTEGER(organisation_id)), &query,
                        err) != ERR_NONE ||
        portal_query_one(query, err) != ERR_NONE || row_json(portal, query, out, err) != ERR_NONE)
        return err_add(err, "show the key");
    return ERR_NONE;
}

/* ---- the list ---- */

static enum err_code query_search(struct portal *portal, const struct portal_key_filter *filter,
                                  const struct portal_page *page, int64_t from,
                                  struct portal_query **out, struct err *err)
{
    AUTO(memory_freep)
    char *scope = memory_printf("o%lld", (long long)filter->organisation_id);
    AUTO(memory_freep) char *expression = NULL;
    const char *const scopes[] = {scope};
    if (portal_search_expression(filter->search, scopes, filter->organisation_id != 0, &expression,
                                 err) != ERR_NONE)
        return err->code;
    return portal_db_query(portal->db,
                           page->backwards
                               ? SEARCH "key_search MATCH ? " BACKWARDS("key_search.rowid")
                               : SEARCH "key_search MATCH ? " FORWARDS("key_search.rowid"),
                           PORTAL_VALUES(PORTAL_TEXT(expression), PORTAL_INTEGER(from),
                                         PORTAL_INTEGER(page->limit + 1)),
                           out, err);
}

static enum err_code query_page(struct portal *portal, const struct portal_key_filter *filter,
                                const struct portal_page *page, struct portal_query **out,
                                struct err *err)
{
    struct portal_value from = PORTAL_INTEGER(page->from);
    struct portal_value limit = PORTAL_INTEGER(page->limit + 1);
    if (filter->search != NULL && filter->search[0] != '\0')
        return query_search(portal, filter, page, page->from, out, err);
    if (filter->organisation_id == 0)
        return portal_db_query(portal->db,
                               page->backwards ? ALL "1 " BACKWARDS("key.id")
                                               : ALL "1 " FORWARDS("key.id"),
                               PORTAL_VALUES(from, limit), out, err);
    return portal_db_query(portal->db,
                           page->backwards ? OWN "organisation.id = ? " BACKWARDS("key.id")
                                           : OWN "organisation.id = ? " FORWARDS("key.id"),
                           PORTAL_VALUES(PORTAL_INTEGER(filter->organisation_id), from, limit), out,
                           err);
}

enum err_code portal_key_page(struct portal *portal, const struct portal_key_filter *filter,
                              const struct portal_page *page, struct json **out, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (query_page(portal, filter, page, &query, err) != ERR_NONE ||
        portal_page_collect(page, query, row_json, portal, out, err) != ERR_NONE)
        return err_add(err, "list the keys");
    return ERR_NONE;
}
