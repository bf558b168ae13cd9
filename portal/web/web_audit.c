#include <stdlib.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/log.h"
#include "portal/portal_audit.h"
#include "portal/web/web_order.h"
#include "portal/web/web_reader.h"

/* Meanwhile only what was added is verified, so that paging through a long trail is quick. */
#define VERIFIED_MS 60000

struct web_audit {
    struct portal_audit_state state;
    struct deadline good; /* until then state is taken for true */
};

/* One page, and the whole chain. */
struct reading {
    struct web *web;
    char *search;
    struct portal_page page;
    struct web_audit audit;
    /* what the thread found */
    enum err_code verified;
    struct err err; /* of the chain */
};

static void reading_free(void *context)
{
    struct reading *reading = context;
    free(reading->search);
    free(reading);
}

static struct json *state_json(const struct portal_audit_state *state)
{
    AUTO(memory_freep) char *hash = hex_encode(SPAN_ARRAY(state->last_hash));
    struct json *json = json_new_object();
    json_add_integer(json, "count", state->count);
    json_add_text(json, "hash", hash);
    return json;
}

/* What was seen before must still be there: a trail that was cut or written anew is a chain too. */
static void verify(struct reading *reading, struct portal_db *db)
{
    struct web_audit *audit = &reading->audit;
    struct portal_audit_state seen = audit->state;
    if (deadline_passed(audit->good))
        *audit = (struct web_audit){.good = deadline_in_ms(VERIFIED_MS)};
    reading->verified = portal_audit_check_seen(db, &seen, &reading->err);
    if (reading->verified == ERR_NONE)
        reading->verified = portal_audit_verify_on(db, &audit->state, &reading->err);
}

static enum err_code read_trail(struct portal *portal, void *context, struct json **out,
                                struct err *err)
{
    struct reading *reading = context;
    if (portal_audit_page(portal->db, &reading->page, reading->search, out, err) != ERR_NONE)
        return err->code;
    verify(reading, portal->db);
    return ERR_NONE;
}

/* A chain that is broken is told in the answer, for the lines can be read none the less. */
static void remember(void *context, struct json *json)
{
    struct reading *reading = context;
    struct web *web = reading->web;
    if (reading->verified == ERR_NONE) {
        if (web->audit == NULL)
            web->audit = memory_new(sizeof *web->audit);
        *web->audit = reading->audit;
        json_add(json, "verified", state_json(&reading->audit.state));
    } else {
        if (web->audit != NULL)
            web->audit->good = (struct deadline){0}; /* all of it is looked at again */
        log_err("web", "verify the audit trail", &reading->err);
        json_add_text(json, "verified", NULL);
    }
}

static enum err_code get_audit(const struct web_call *call, struct web_answer *out, struct err *err)
{
    struct web *web = call->web;
    struct portal_page page;
    if (web_page_of(call, PORTAL_PAGE_AUDIT, &page, err) != ERR_NONE)
        return err->code;
    struct reading *reading = memory_new(sizeof *reading);
    reading->web = web;
    reading->search = memory_text(http_request_query(call->request, "search"));
    reading->page = page;
    reading->err = ERR_INIT;
    if (web->audit != NULL)
        reading->audit = *web->audit;
    const struct web_read read = {read_trail, remember, reading_free, reading};
    return web_reader_start(call, &read, true, out, err);
}

static const struct web_route routes[] = {
    {HTTP_GET, "/audit", WEB_ADMINISTRATOR, get_audit},
};
const struct web_table web_audit_table = {routes, ARRAY_SIZE(routes)};
