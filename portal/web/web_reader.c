#include "portal/web/web_reader.h"

#include <stdlib.h>

#include "base/file.h"
#include "portal/web/web_pool.h"

struct reading {
    struct web_read read;
    char *folder;
    /* what the thread found */
    struct json *json;
    enum err_code result;
    struct err err;
};

static void reading_free(struct reading *reading)
{
    reading->read.free(reading->read.context);
    json_free(reading->json);
    free(reading->folder);
    free(reading);
}

static void reading_freep(struct reading **reading)
{
    if (*reading != NULL)
        reading_free(*reading);
}

static void dropped(void *context)
{
    reading_free(context);
}

static void work(void *context)
{
    struct reading *reading = context;
    AUTO(portal_db_freep) struct portal_db *db = NULL;
    AUTO(memory_freep) char *path = file_join(reading->folder, "portal.db");
    reading->result = portal_db_open(path, &db, &reading->err);
    struct portal portal = {.folder = reading->folder, .db = db};
    if (reading->result == ERR_NONE)
        reading->result =
            reading->read.read(&portal, reading->read.context, &reading->json, &reading->err);
}

static void done(void *context, struct http_request *request)
{
    AUTO(reading_freep) struct reading *reading = context;
    if (request == NULL)
        return;
    if (reading->result == ERR_NONE && reading->read.was_read != NULL)
        reading->read.was_read(reading->read.context, reading->json);
    struct web_answer answer = {.json = TAKE(reading->json)};
    web_reply(request, reading->result, &answer, &reading->err);
}

enum err_code web_reader_start(const struct web_call *call, const struct web_read *read, bool slow,
                               struct web_answer *out, struct err *err)
{
    AUTO(reading_freep) struct reading *reading = memory_new(sizeof *reading);
    reading->read = *read;
    if (!slow)
        return read->read(call->web->portal, read->context, &out->json, err);
    reading->folder = memory_text(call->web->portal->folder);
    reading->err = ERR_INIT;
    const struct web_work item = {work, done, dropped, reading};
    if (web_pool_start(call->web->readers, call->request, &item, err) != ERR_NONE)
        return err->code;
    reading = NULL;
    out->later = true;
    return ERR_NONE;
}
