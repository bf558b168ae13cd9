#include "portal/web/web.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/log.h"
#include "portal/portal_audit.h"
#include "portal/web/web_pool.h"

/* Meanwhile only what was added is verified, so that paging through a long trail is quick. */
#define VERIFIED_MS 60000

struct web_audit {
    struct portal_audit_state state;
    struct deadline good; /* until then state is taken for true */
};

/* One page, and the whole chain, on a thread with a connection of its own. */
struct reading {
    struct web *web;
    char *database;
    char *search;
    struct portal_page page;
    struct web_audit audit;
    /* what the thread found */
    struct json *json;
    enum err_code result; /* of the page */
    enum err_code verified;
    struct err err;
};

static void reading_free(struct reading *reading)
{
    free(reading->database);
    free(reading->search);
    json_free(reading->json);
    free(reading);
}

static void reading_freep(struct reading **reading)
{
    if (*reading != NULL)
        reading_free(*reading);
}

static struct json *state_json(const struct portal_audit_state *state)
{
    AUTO(memory_freep) char *hash = hex_encode(SPAN_ARRAY(state->last_hash));
    struct json *json = json_new_object();
    json_add_integer(json, "count", state->count);
    json_add_text(json, "hash", hash);
    return json;
}

static void verify(struct reading *reading, struct portal_db *db)
{
    struct web_audit *audit = &reading->audit;
    if (deadline_passed(audit->good))
        *audit = (struct web_audit){.good = deadline_in_ms(VERIFIED_MS)};
    reading->verified = portal_audit_verify_on(db, &audit->state, &reading->err);
}

static void read_trail(void *context)
{
    struct reading *reading = context;
    AUTO(portal_db_freep) struct portal_db *db = NULL;
    reading->result = portal_db_open(reading->database, &db, &reading->err);
    if (reading->result == ERR_NONE)
        reading->result =
            portal_audit_page(db, &reading->page, reading->search, &reading->json, &reading->err);
    if (reading->result == ERR_NONE)
        verify(reading, db);
}

/* A chain that is broken is told in the answer, for the lines can be read none the less. */
static void remember(struct reading *reading)
{
    struct web *web = reading->web;
    if (reading->verified == ERR_NONE) {
        if (web->audit == NULL)
            web->audit = memory_new(sizeof *web->audit);
        *web->audit = reading->audit;
        json_add(reading->json, "verified", state_json(&reading->audit.state));
    } else {
        free(TAKE(web->audit));
        log_err("web", "verify the audit trail", &reading->err);
        json_add_text(reading->json, "verified", NULL);
    }
}

static void was_read(void *context, struct http_request *request)
{
    AUTO(reading_freep) struct reading *reading = context;
    struct web_answer answer = {0};
    if (request == NULL)
        return;
    if (reading->result == ERR_NONE) {
        remember(reading);
        answer.json = TAKE(reading->json);
    }
    web_reply(request, reading->result, &answer, &reading->err);
}

static enum err_code get_audit(const struct web_call *call, struct web_answer *out, struct err *err)
{
    struct web *web = call->web;
    const struct portal_page_ask ask = {
        http_request_query(call->request, "limit"),
        http_request_query(call->request, "after"),
        http_request_query(call->request, "before"),
    };
    struct portal_page page;
    if (portal_page_read(PORTAL_PAGE_AUDIT, &ask, &page, err) != ERR_NONE)
        return err->code;
    AUTO(reading_freep) struct reading *reading = memory_new(sizeof *reading);
    reading->web = web;
    reading->database = file_join(web->portal->folder, "portal.db");
    reading->search = memory_text(http_request_query(call->request, "search"));
    reading->page = page;
    reading->err = ERR_INIT;
    if (web->audit != NULL)
        reading->audit = *web->audit;
    const struct web_work work = {read_trail, was_read, reading};
    if (web_pool_start(web->readers, call->request, &work, err) != ERR_NONE)
        return err->code;
    reading = NULL;
    out->later = true;
    return ERR_NONE;
}

static const struct web_route routes[] = {
    {HTTP_GET, "/audit", WEB_ADMINISTRATOR, get_audit},
};
const struct web_table web_audit_table = {routes, ARRAY_SIZE(routes)};
