#include "tests/unit/agent/web/stand_in_ops.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_VERSION 7

void stand_in_add(struct ops *ops, const char *origin)
{
    free(ops->origin);
    ops->origin = memory_text(origin);
    ops->exists = true;
    ops->over = false;
    ops->version = FIRST_VERSION;
}

void stand_in_change(struct ops *ops, bool over)
{
    ops->version++;
    ops->over = over;
    struct ops_change change = {
        .event = OPS_OPERATION_CHANGED, .id = STAND_IN_ID, .origin = ops->origin, .over = over};
    if (ops->observer != NULL)
        ops->observer(ops->observer_context, &change);
}

void stand_in_tell(struct ops *ops, enum ops_event event, const char *reader)
{
    struct ops_change change = {.event = event, .reader = reader};
    if (ops->observer != NULL)
        ops->observer(ops->observer_context, &change);
}

void stand_in_fail(struct ops *ops, const char *code)
{
    ops->failed_with = code;
    stand_in_change(ops, true);
    ops->failed_with = NULL;
}

void stand_in_tell_late(struct ops *ops, const char *code, unsigned changes)
{
    struct ops_change change = {
        .event = OPS_OPERATION_CHANGED, .id = STAND_IN_ID, .origin = ops->origin};
    ops->failed_with = code;
    ops->over = true;
    for (unsigned i = 0; i < changes; i++)
        ops->observer(ops->observer_context, &change);
    stand_in_fail(ops, code);
}

void stand_in_dialog(struct ops *ops, enum ops_event event, const char *origin,
                     enum ops_answer answer)
{
    struct ops_change change = {.event = event, .origin = origin, .answer = answer};
    if (ops->observer != NULL)
        ops->observer(ops->observer_context, &change);
}

void stand_in_finish_reading(struct ops *ops)
{
    for (unsigned i = 0; i < ops->reading_count; i++) {
        struct json *array = json_new_array();
        json_append_text(array, "key");
        ops->readings[i].done(ops->readings[i].context, array);
    }
    ops->reading_count = 0;
}

void stand_in_done(struct ops *ops)
{
    stand_in_finish_reading(ops);
    free(ops->origin);
    free(ops->last_start);
    free(ops->withdrawn);
}

static bool is_visible(struct ops *ops, const char *id, const char *origin)
{
    if (!ops->exists || strcmp(id, STAND_IN_ID) != 0)
        return false;
    return origin == NULL || (ops->origin != NULL && strcmp(origin, ops->origin) == 0);
}

enum err_code ops_start(struct ops *ops, const struct ops_start *start, char out_id[OPS_ID_BYTES],
                        struct err *err)
{
    atomic_fetch_add(&ops->calls, 1);
    if (strcmp(start->kind, "renew") != 0 && strcmp(start->kind, "check") != 0)
        return err_set(err, ERR_FIELD_VALUE, "kind");
    if (ops->exists && !ops->over)
        return err_set(err, ERR_OPERATION_BUSY, "one at a time");
    free(ops->last_start);
    ops->last_start = memory_printf(
        "%s %s %s %s %s %s", start->kind, start->ticket ? start->ticket : "-",
        start->token ? start->token : "-", start->origin ? start->origin : "-",
        start->platform ? start->platform : "-", start->lang == LANG_ZH ? "zh" : "en");
    stand_in_add(ops, start->origin);
    memcpy(out_id, STAND_IN_ID, OPS_ID_BYTES);
    return ERR_NONE;
}

static struct json *show(struct ops *ops)
{
    struct json *json = json_new_object();
    json_add_text(json, "id", STAND_IN_ID);
    json_add_integer(json, "version", (int64_t)ops->version);
    json_add_text(json, "state",
                  ops->failed_with != NULL ? "failed"
                  : ops->over              ? "done"
                                           : "running");
    if (ops->failed_with != NULL) {
        struct json *error = json_new_object();
        json_add_text(error, "code", ops->failed_with);
        json_add(json, "error", error);
    }
    json_add_text(json, "start", ops->last_start);
    return json;
}

enum err_code ops_operation_json(struct ops *ops, const char *id, const char *origin,
                                 enum lang lang, struct json **out, struct err *err)
{
    atomic_fetch_add(&ops->calls, 1);
    if (!is_visible(ops, id, origin))
        return err_set(err, ERR_OPERATION_UNKNOWN, "no such operation");
    *out = show(ops);
    return ERR_NONE;
}

uint64_t ops_operation_version(struct ops *ops, const char *id, const char *origin)
{
    atomic_fetch_add(&ops->calls, 1);
    return is_visible(ops, id, origin) ? ops->version : 0;
}

bool ops_operation_over(struct ops *ops, const char *id, const char *origin)
{
    atomic_fetch_add(&ops->calls, 1);
    return is_visible(ops, id, origin) && ops->over;
}

struct json *ops_list_json(struct ops *ops, const char *origin, enum lang lang)
{
    atomic_fetch_add(&ops->calls, 1);
    struct json *array = json_new_array();
    if (is_visible(ops, STAND_IN_ID, origin))
        json_append(array, show(ops));
    return array;
}

enum err_code ops_cancel(struct ops *ops, const char *id, const char *origin, struct err *err)
{
    atomic_fetch_add(&ops->calls, 1);
    if (!is_visible(ops, id, origin))
        return err_set(err, ERR_OPERATION_UNKNOWN, "no such operation");
    if (ops->too_late)
        return err_set(err, ERR_OPERATION_TOO_LATE, "written");
    stand_in_change(ops, true);
    return ERR_NONE;
}

enum err_code ops_resume(struct ops *ops, const char *id, const char *origin, enum lang lang,
                         struct err *err)
{
    (void)lang;
    atomic_fetch_add(&ops->calls, 1);
    if (!is_visible(ops, id, origin))
        return err_set(err, ERR_OPERATION_UNKNOWN, "no such operation");
    if (ops->too_late)
        return err_set(err, ERR_OPERATION_NOT_RESUMABLE, "done");
    return ERR_NONE;
}

enum err_code ops_abandon(struct ops *ops, const char *id, const char *origin, struct err *err)
{
    return ops_cancel(ops, id, origin, err);
}

void ops_withdraw_dialogs(struct ops *ops, const char *origin, enum err_code why)
{
    free(ops->withdrawn);
    ops->withdrawn = memory_printf("%s %s", origin ? origin : "-", err_code_text(why));
    atomic_fetch_add(&ops->withdrawals, 1);
}

struct json *ops_status_json(struct ops *ops)
{
    atomic_fetch_add(&ops->calls, 1);
    struct json *json = json_new_object();
    json_add_text(json, "agent", "ukeyd");
    json_add_text(json, "version", "9.8.7");
    return json;
}

void ops_read_tokens(struct ops *ops, enum lang lang,
                     void (*done)(void *context, struct json *array), void *context)
{
    atomic_fetch_add(&ops->calls, 1);
    if (ops->reading_count == STAND_IN_READINGS_MAX)
        abort();
    ops->readings[ops->reading_count].done = done;
    ops->readings[ops->reading_count++].context = context;
    atomic_fetch_add(&ops->readings_begun, 1);
    if (!ops->holds_tokens)
        stand_in_finish_reading(ops);
}

void ops_observe(struct ops *ops, ops_observer observer, void *context)
{
    ops->observer = observer;
    ops->observer_context = context;
}
