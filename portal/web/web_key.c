#include <stdlib.h>

#include "portal/portal_key.h"
#include "portal/portal_key_view.h"
#include "portal/portal_reset.h"
#include "portal/portal_search.h"
#include "portal/portal_ticket.h"
#include "portal/web/web_order.h"
#include "portal/web/web_reader.h"

#define KIND_BYTES_MAX 16
#define SEAL_ID_BYTES_MAX 256 /* of a text in a seal: SEAL_TEXT_BYTES_MAX */
#define ID_DIGITS_MAX 18 /* fits int64_t */

static const char *serial_of(const struct web_call *call)
{
    return http_request_segment(call->request, "serial");
}

/* ---- keys ---- */

struct key_list {
    struct portal_key_filter filter;
    struct portal_page page;
    char *search; /* the filter's */
};

static void key_list_free(void *context)
{
    struct key_list *list = context;
    free(list->search);
    free(list);
}

static enum err_code read_keys(struct portal *portal, void *context, struct json **out,
                               struct err *err)
{
    const struct key_list *list = context;
    return portal_key_page(portal, &list->filter, &list->page, out, err);
}

static enum err_code list_keys(const struct web_call *call, struct web_answer *out, struct err *err)
{
    struct portal_key_filter filter = {.search = web_query(call, "search")};
    struct portal_page page;
    if (web_scope(call, &filter.organisation_id, err) != ERR_NONE ||
        web_page_of(call, PORTAL_PAGE_KEYS, &page, err) != ERR_NONE)
        return err->code;
    struct key_list *list = memory_new(sizeof *list);
    *list = (struct key_list){filter, page, memory_text(filter.search)};
    list->filter.search = list->search;
    const struct web_read read = {read_keys, NULL, key_list_free, list};
    return web_reader_start(call, &read, list->search != NULL, out, err);
}

static enum err_code show_key(const struct web_call *call, struct web_answer *out, struct err *err)
{
    int64_t organisation_id = 0;
    if (web_scope(call, &organisation_id, err) != ERR_NONE)
        return err->code;
    return portal_key_view(call->web->portal, serial_of(call), organisation_id, &out->json, err);
}

/* seal: the identity of the one that is meant, NULL: the key has one. */
static enum err_code add_ticket(const struct web_call *call, const char *kind, const char *seal,
                                char **out, struct err *err)
{
    struct portal *portal = call->web->portal;
    const char *serial = serial_of(call);
    if (seal == NULL)
        return portal_ticket_add_for_key(portal, serial, kind, PORTAL_TICKET_TTL_S_DEFAULT, out,
                                         err);
    if (strcmp(kind, PORTAL_KIND_EXTEND_SEAL) != 0)
        return err_set(err, ERR_FIELD_VALUE, "a seal is named for %s alone",
                       PORTAL_KIND_EXTEND_SEAL);
    return portal_ticket_add_for_seal(portal, serial, seal, PORTAL_TICKET_TTL_S_DEFAULT, out, err);
}

static enum err_code key_ticket(const struct web_call *call, struct web_answer *out,
                                struct err *err)
{
    const char *kind = NULL, *seal = NULL;
    const struct json_field fields[] = {
        {"kind", JSON_TEXT, false, KIND_BYTES_MAX, &kind},
        {"seal", JSON_TEXT, true, SEAL_ID_BYTES_MAX, &seal},
    };
    AUTO(json_freep) struct json *key = NULL;
    AUTO(memory_freep) char *ticket = NULL;
    int64_t organisation_id = 0;
    if (json_read(call->body, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_REFUSED, err) != ERR_NONE ||
        web_scope(call, &organisation_id, err) != ERR_NONE ||
        portal_key_view(call->web->portal, serial_of(call), organisation_id, &key, err) !=
            ERR_NONE ||
        add_ticket(call, kind, seal, &ticket, err) != ERR_NONE)
        return err->code;
    web_ticket_answer(ticket, kind, serial_of(call), out);
    return ERR_NONE;
}

/* ---- PIN resets ---- */

/* The row without its cursor. */
static struct json *reset_json(const struct json *row)
{
    static const char *const names[] = {"serial",       "number",    "holder",
                                        "organisation", "not_after", "request"};
    struct json *json = json_new_object();
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        json_add(json, names[i], json_copy(json_member(row, names[i])));
    return json;
}

static enum err_code page_of_resets(const struct portal_page *page, const struct json *list,
                                    struct json **out, struct err *err)
{
    AUTO(portal_page_rows_done) struct portal_page_rows rows = {0};
    for (size_t i = 0; i < json_count(list); i++) {
        const struct json *row = json_item(list, i);
        int64_t cursor = 0;
        const struct json_field fields[] = {{"cursor", JSON_INTEGER, false, INT32_MAX, &cursor}};
        if (json_read(row, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_IGNORED, err) != ERR_NONE)
            return err_add(err, "the list of resets");
        portal_page_rows_add(&rows, cursor, reset_json(row));
    }
    *out = portal_page_json(page, &rows);
    return ERR_NONE;
}

static enum err_code check_search(const char *search, struct err *err)
{
    if (search != NULL && strlen(search) > PORTAL_SEARCH_BYTES_MAX)
        return err_set(err, ERR_FIELD_VALUE, "search: at most %d bytes", PORTAL_SEARCH_BYTES_MAX);
    return ERR_NONE;
}

struct reset_list {
    struct portal_reset_page ask;
    struct portal_page page;
    char *search; /* what is asked for */
    bool own; /* one's own keys; else what waits for a reviewer */
};

static void reset_list_free(void *context)
{
    struct reset_list *list = context;
    free(list->search);
    free(list);
}

static enum err_code read_resets(struct portal *portal, void *context, struct json **out,
                                 struct err *err)
{
    const struct reset_list *list = context;
    AUTO(json_freep) struct json *rows = NULL;
    if ((list->own ? portal_reset_keys : portal_reset_waiting)(portal, &list->ask, &rows, err) !=
        ERR_NONE)
        return err->code;
    return page_of_resets(&list->page, rows, out, err);
}

static enum err_code list_resets(const struct web_call *call, struct web_answer *out,
                                 struct err *err)
{
    struct portal_page page;
    struct portal_reset_page ask = {.search = web_query(call, "search")};
    if (web_scope(call, &ask.organisation_id, err) != ERR_NONE ||
        check_search(ask.search, err) != ERR_NONE ||
        web_page_of(call, PORTAL_PAGE_RESETS, &page, err) != ERR_NONE)
        return err->code;
    if (page.limit >= PORTAL_RESET_PAGE_MAX)
        page.limit = PORTAL_RESET_PAGE_MAX - 1; /* and one to know whether there are more */
    ask.from_id = page.from;
    ask.backwards = page.backwards;
    ask.limit = page.limit + 1;
    struct reset_list *list = memory_new(sizeof *list);
    *list = (struct reset_list){ask, page, memory_text(ask.search), call->user->role == WEB_BIDDER};
    list->ask.search = list->search;
    const struct web_read read = {read_resets, NULL, reset_list_free, list};
    return web_reader_start(call, &read, list->search != NULL, out, err);
}

static enum err_code ask_for_reset(const struct web_call *call, struct web_answer *out,
                                   struct err *err)
{
    struct portal_reset_wish wish = {.serial = serial_of(call), .user = call->user->login};
    struct portal_reset_noted noted = {0};
    if (web_no_fields(call, err) != ERR_NONE ||
        web_scope(call, &wish.organisation_id, err) != ERR_NONE ||
        portal_reset_request(call->web->portal, &wish, &noted, err) != ERR_NONE)
        return err->code;
    out->status = 201;
    out->json = json_new_object();
    json_add_integer(out->json, "id", noted.id);
    json_add_text(out->json, "state", noted.state);
    return ERR_NONE;
}

static enum err_code reset_of(const struct web_call *call, int64_t *out, struct err *err)
{
    const char *id = http_request_segment(call->request, "id");
    size_t digits = strspn(id, "0123456789");
    if (digits > ID_DIGITS_MAX || id[digits] != '\0')
        return err_set(err, ERR_NO_SUCH_RECORD, "no such reset request");
    *out = strtoll(id, NULL, 10);
    return ERR_NONE;
}

static enum err_code approve_reset(const struct web_call *call, struct web_answer *out,
                                   struct err *err)
{
    int64_t id = 0;
    if (web_no_fields(call, err) != ERR_NONE || reset_of(call, &id, err) != ERR_NONE ||
        portal_reset_approve(call->web->portal, id, err) != ERR_NONE)
        return err->code;
    out->json = json_new_object();
    json_add_integer(out->json, "id", id);
    json_add_text(out->json, "state", "approved");
    return ERR_NONE;
}

static enum err_code reject_reset(const struct web_call *call, struct web_answer *out,
                                  struct err *err)
{
    const char *reason = NULL;
    const struct json_field fields[] = {
        {"reason", JSON_TEXT, false, PORTAL_RESET_REASON_BYTES_MAX, &reason}};
    int64_t id = 0;
    if (json_read(call->body, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_REFUSED, err) != ERR_NONE ||
        reset_of(call, &id, err) != ERR_NONE ||
        portal_reset_reject(call->web->portal, id, reason, err) != ERR_NONE)
        return err->code;
    out->json = json_new_object();
    json_add_integer(out->json, "id", id);
    json_add_text(out->json, "state", "rejected");
    return ERR_NONE;
}

/* Which key it is for, as whoever asked may know. */
static enum err_code serial_of_reset(const struct web_call *call, int64_t id, char **out,
                                     struct err *err)
{
    AUTO(memory_freep) char *user = NULL;
    AUTO(portal_key_freep) struct portal_key *key = NULL;
    int64_t key_id = 0;
    if (portal_reset_subject(call->web->portal, id, &key_id, &user, err) != ERR_NONE ||
        portal_key_load(call->web->portal, key_id, &key, err) != ERR_NONE)
        return err->code;
    *out = memory_text(key->serial);
    return ERR_NONE;
}

static enum err_code reset_ticket(const struct web_call *call, struct web_answer *out,
                                  struct err *err)
{
    AUTO(memory_freep) char *ticket = NULL;
    AUTO(memory_freep) char *serial = NULL;
    int64_t id = 0;
    if (web_no_fields(call, err) != ERR_NONE || reset_of(call, &id, err) != ERR_NONE ||
        portal_ticket_add_for_reset(call->web->portal, id, call->user->login,
                                    PORTAL_TICKET_TTL_S_DEFAULT, &ticket, err) != ERR_NONE ||
        serial_of_reset(call, id, &serial, err) != ERR_NONE)
        return err->code;
    web_ticket_answer(ticket, PORTAL_KIND_RESET_PIN, serial, out);
    return ERR_NONE;
}

#define SEEN_BY (WEB_BIDDER | WEB_REVIEWER)

static const struct web_route routes[] = {
    {HTTP_GET, "/keys", SEEN_BY, list_keys},
    {HTTP_GET, "/keys/{serial}", SEEN_BY, show_key},
    {HTTP_POST, "/keys/{serial}/ticket", WEB_BIDDER, key_ticket},
    {HTTP_POST, "/keys/{serial}/resets", WEB_BIDDER, ask_for_reset},
    {HTTP_GET, "/resets", SEEN_BY, list_resets},
    {HTTP_POST, "/resets/{id}/approve", WEB_REVIEWER, approve_reset},
    {HTTP_POST, "/resets/{id}/reject", WEB_REVIEWER, reject_reset},
    {HTTP_POST, "/resets/{id}/ticket", WEB_BIDDER, reset_ticket},
};
const struct web_table web_key_table = {routes, ARRAY_SIZE(routes)};
