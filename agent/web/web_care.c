#include "agent/web/web_care.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/web/web_context.h"
#include "agent/web/web_limits.h"
#include "agent/web/web_pages.h"
#include "base/log.h"

struct web_care {
    struct ops *ops;
    bool unlimited;
    struct web_limits *limits;
    struct web_pages *pages;
    struct loop_timer *gone_timer; /* set while a page is away that has a dialog open */
    int64_t dialog_opened_ms; /* the last one */
};

/* ---- dialogs of pages that are gone ---- */

static void look_again_in_time(struct web_care *care)
{
    int64_t next_ms = web_pages_next_ms(care->pages);
    if (next_ms == INT64_MAX)
        loop_timer_stop(care->gone_timer);
    else
        loop_timer_set(care->gone_timer, (struct deadline){next_ms});
}

static void on_gone_timer(void *context)
{
    struct web_care *care = context;
    const char *origin;
    while (web_pages_take_gone(care->pages, clock_monotonic_ms(), &origin)) {
        log_info("web", "%s has gone: its dialog is withdrawn",
                 origin != NULL ? origin : "the terminal");
        ops_withdraw_dialogs(care->ops, origin, ERR_PAGE_GONE);
    }
    look_again_in_time(care);
}

void web_care_hold(struct web_care *care, const char *origin)
{
    web_pages_hold(care->pages, origin, clock_monotonic_ms());
    look_again_in_time(care);
}

void web_care_release(struct web_care *care, const char *origin)
{
    web_pages_release(care->pages, origin, clock_monotonic_ms());
    look_again_in_time(care);
}

/* ---- requests ---- */

struct web_care *web_care_new(struct loop *loop, struct ops *ops, bool unlimited)
{
    struct web_care *care = memory_new(sizeof *care);
    *care = (struct web_care){
        .ops = ops,
        .unlimited = unlimited,
        .limits = web_limits_new(),
        .pages = web_pages_new(),
        .gone_timer = loop_timer_new(loop, on_gone_timer, care),
    };
    return care;
}

void web_care_free(struct web_care *care)
{
    if (care == NULL)
        return;
    loop_timer_free(care->gone_timer);
    web_limits_free(care->limits);
    web_pages_free(care->pages);
    free(care);
}

static enum err_code check(struct web_care *care, struct http_request *request,
                           enum web_limit limit, struct err *err)
{
    unsigned wait_s = 0;
    char seconds[16];
    if (care->unlimited || web_limits_check(care->limits, web_origin_of(request), limit,
                                            clock_monotonic_ms(), &wait_s, err) == ERR_NONE)
        return ERR_NONE;
    snprintf(seconds, sizeof seconds, "%u", wait_s);
    http_reply_header(request, "Retry-After", seconds);
    return err->code;
}

/* Costs nothing, and is how a page finds the agent: without it a page that has to wait would take the agent for
 * some other program. */
static bool is_status(const struct http_request *request)
{
    return strcmp(http_request_path(request), "/v1/status") == 0;
}

enum err_code web_care_admit(struct web_care *care, struct http_request *request, struct err *err)
{
    web_pages_seen(care->pages, web_origin_of(request), clock_monotonic_ms());
    look_again_in_time(care);
    return is_status(request) ? ERR_NONE : check(care, request, WEB_LIMIT_FAILURES, err);
}

/* A conflict is no mistake, and who is told to wait is not punished for having asked. */
void web_care_answered(struct web_care *care, const char *origin, int status)
{
    if (status >= 400 && status < 500 && status != 409 && status != 429)
        web_limits_count(care->limits, origin, WEB_LIMIT_FAILURES, clock_monotonic_ms());
}

enum err_code web_care_start(struct web_care *care, struct http_request *request,
                             const struct web_care_start *start, struct err *err)
{
    if (check(care, request, WEB_LIMIT_STARTS, err) != ERR_NONE ||
        (start->ticket && check(care, request, WEB_LIMIT_TICKETS, err) != ERR_NONE) ||
        (start->asks && check(care, request, WEB_LIMIT_DIALOGS, err) != ERR_NONE))
        return err->code;
    web_limits_count(care->limits, web_origin_of(request), WEB_LIMIT_STARTS, clock_monotonic_ms());
    return ERR_NONE;
}

/* ---- what becomes of operations ---- */

static bool is_about_ticket(enum err_code code)
{
    static const enum err_code codes[] = {ERR_TICKET_UNKNOWN, ERR_TICKET_USED, ERR_TICKET_EXPIRED,
                                          ERR_TICKET_KIND};
    for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
        if (codes[i] == code)
            return true;
    return false;
}

/* Why it failed; ERR_NONE when it has not. */
static enum err_code failure_of(struct web_care *care, const struct ops_change *change)
{
    struct err err = ERR_INIT;
    AUTO(json_freep) struct json *operation = NULL;
    if (ops_operation_json(care->ops, change->id, change->origin, LANG_EN, &operation, &err) !=
        ERR_NONE)
        return ERR_NONE;
    const char *state = json_text_of(json_member(operation, "state"));
    const struct json *error = json_member(operation, "error");
    if (state == NULL || strcmp(state, "failed") != 0 || !json_is_object(error))
        return ERR_NONE;
    const char *code = json_text_of(json_member(error, "code"));
    return code != NULL ? err_code_from_text(code) : ERR_NONE;
}

static void operation_changed(struct web_care *care, const struct ops_change *change)
{
    int64_t now_ms = clock_monotonic_ms();
    if (change->origin == NULL || !change->over)
        return;
    enum err_code code = failure_of(care, change);
    if (code != ERR_NONE)
        web_limits_count(care->limits, change->origin, WEB_LIMIT_FAILURES, now_ms);
    if (is_about_ticket(code))
        web_limits_count(care->limits, change->origin, WEB_LIMIT_TICKETS, now_ms);
}

/* Operations that were started together may each want one. */
static void dialog_opened(struct web_care *care, const struct ops_change *change)
{
    unsigned wait_s;
    struct err err = ERR_INIT;
    care->dialog_opened_ms = clock_monotonic_ms();
    web_pages_dialog_opened(care->pages, change->origin, clock_monotonic_ms());
    if (web_limits_check(care->limits, change->origin, WEB_LIMIT_DIALOGS, clock_monotonic_ms(),
                         &wait_s, &err) != ERR_NONE)
        ops_withdraw_dialogs(care->ops, change->origin, err.code);
    look_again_in_time(care);
}

static void dialog_closed(struct web_care *care, const struct ops_change *change)
{
    web_pages_dialog_closed(care->pages, change->origin);
    web_limits_stand_still(care->limits, change->origin, WEB_LIMIT_DIALOGS, care->dialog_opened_ms,
                           clock_monotonic_ms());
    if (change->answer == OPS_ANSWERED)
        web_limits_forget(care->limits, change->origin, WEB_LIMIT_DIALOGS);
    if (change->answer == OPS_UNANSWERED)
        web_limits_count(care->limits, change->origin, WEB_LIMIT_DIALOGS, clock_monotonic_ms());
    look_again_in_time(care);
}

void web_care_change(struct web_care *care, const struct ops_change *change)
{
    static void (*const handlers[])(struct web_care * care, const struct ops_change *change) = {
        [OPS_OPERATION_CHANGED] = operation_changed,
        [OPS_DIALOG_OPENED] = dialog_opened,
        [OPS_DIALOG_CLOSED] = dialog_closed,
    };
    if (change->event < ARRAY_SIZE(handlers) && handlers[change->event] != NULL)
        handlers[change->event](care, change);
}
