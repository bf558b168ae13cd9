/* Operations and state as JSON, as docs/api/local.md describes them. */
#include "agent/ops/op_engine.h"
#include "agent/ops/op_resume.h"
#include "base/problem.h"

#define API_VERSION 1

static const char *const service_texts[] = {
    [TOKEN_SERVICE_OK] = "ok",
    [TOKEN_SERVICE_NO_READER] = "no-reader",
    [TOKEN_SERVICE_NONE] = "no-service",
    [TOKEN_SERVICE_NO_PERMISSION] = "no-permission",
};

struct json *ops_status_json(struct ops *ops)
{
    struct token_snapshot now;
    struct token_source *source = ops->options.source;
    source->class->snapshot(source, &now);
    struct json *json = json_new_object();
    json_add_text(json, "agent", "ukeyd");
    json_add_text(json, "version", UKEYD_VERSION);
    json_add_integer(json, "api", API_VERSION);
    json_add_text(json, "pcsc", service_texts[now.service]);
    json_add_integer(json, "keys", (int64_t)now.count);
    json_add_bool(json, "busy", ops->running > 0);
    return json;
}

/* One that is about to be gone on with begins at its first step. */
static size_t shown_step(const struct op *op)
{
    size_t last = op->kind->step_count - 1;
    if (op->wish == OP_WISH_RESUME)
        return 0;
    return op->step < last ? op->step : last;
}

static struct json *step_json(const struct op *op, enum lang lang)
{
    size_t shown = shown_step(op);
    const struct op_step *step = &op->kind->steps[shown];
    size_t index = shown + 1;
    struct json *json = json_new_object();
    json_add_text(json, "name", step->name);
    json_add_integer(json, "index", (int64_t)index);
    json_add_integer(json, "count", (int64_t)op->kind->step_count);
    json_add_text(json, "title", text_in(step->title, lang));
    return json;
}

static struct text said_of(const struct op *op)
{
    return op->said.zh != NULL ? op->said : op->kind->success;
}

static void add_outcome(const struct op *op, enum lang lang, struct json *json)
{
    json_add_text(json, "message", op->state == OP_DONE ? text_in(said_of(op), lang) : NULL);
    if (op->error.code != ERR_NONE && op->state != OP_DONE && op->wish != OP_WISH_RESUME)
        json_add(json, "error", problem_json(&op->error, lang));
    else
        json_add_text(json, "error", NULL);
    if (op->result != NULL)
        json_add(json, "result", json_copy(op->result));
    else
        json_add_text(json, "result", NULL);
}

/* Under the lock. */
static struct json *operation_json(const struct op *op, enum lang lang)
{
    enum op_state state = op_resume_shown(op);
    bool cancellable = !op_state_is_over(state) && op->kind->steps[shown_step(op)].cancellable;
    struct json *json = json_new_object();
    json_add_text(json, "id", op->id);
    json_add_text(json, "kind", op->kind->name);
    json_add_text(json, "title", text_in(op->kind->title, lang));
    json_add_text(json, "state", op_state_text(state));
    json_add_integer(json, "version", (int64_t)op->version);
    json_add(json, "step", step_json(op, lang));
    struct json *token = json_new_object();
    json_add_text(token, "serial", op->serial);
    json_add_text(token, "holder", op->holder);
    json_add(json, "token", token);
    json_add_text(json, "order", op->order);
    json_add_bool(json, "cancellable", cancellable);
    json_add_bool(json, "resumable", op_resume_possible(op));
    json_add_bool(json, "key_changed", op->key_changed);
    json_add_utc(json, "created", op->created_utc);
    json_add_utc(json, "updated", op->updated_utc);
    add_outcome(op, lang, json);
    return json;
}

enum err_code ops_operation_json(struct ops *ops, const char *id, const char *origin,
                                 enum lang lang, struct json **out, struct err *err)
{
    pthread_mutex_lock(&ops->lock);
    const struct op *op = ops_find(ops, id, origin);
    struct json *json = op != NULL ? operation_json(op, lang) : NULL;
    pthread_mutex_unlock(&ops->lock);
    if (json == NULL)
        return err_set(err, ERR_OPERATION_UNKNOWN, "no such operation");
    *out = json;
    return ERR_NONE;
}

struct json *ops_list_json(struct ops *ops, const char *origin, enum lang lang)
{
    struct json *array = json_new_array();
    pthread_mutex_lock(&ops->lock);
    for (const struct op *op = ops->newest; op != NULL; op = op->next)
        if (origin == NULL || (op->origin != NULL && strcmp(op->origin, origin) == 0))
            json_append(array, operation_json(op, lang));
    pthread_mutex_unlock(&ops->lock);
    return array;
}

uint64_t ops_operation_version(struct ops *ops, const char *id, const char *origin)
{
    pthread_mutex_lock(&ops->lock);
    const struct op *op = ops_find(ops, id, origin);
    uint64_t version = op != NULL ? op->version : 0;
    pthread_mutex_unlock(&ops->lock);
    return version;
}

bool ops_operation_over(struct ops *ops, const char *id, const char *origin)
{
    pthread_mutex_lock(&ops->lock);
    const struct op *op = ops_find(ops, id, origin);
    bool over = op == NULL || op_state_is_over(op_resume_shown(op));
    pthread_mutex_unlock(&ops->lock);
    return over;
}
