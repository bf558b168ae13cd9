#include "portal/pay/sandbox_notices.h"

#include <stdlib.h>

#include "base/cancel.h"
#include "base/log.h"
#include "portal/pay/pay_http.h"
#include "portal/pay/pay_message.h"
#include "portal/pay/sandbox_trade.h"
#include "portal/portal_tasks.h"

#define AT_ONCE_MAX 4
#define QUEUE_MAX 1024 /* of a service that restarts with many to send */
#define PAUSE_MS 1000

struct notice {
    struct sandbox_notices *notices;
    char *trade;
    struct loop_timer *timer;
    unsigned tries;
    unsigned left; /* how often it is still to be taken: 2 when doubled */
    bool sending;
    bool changed; /* the trade's state, while it was being sent */
    /* of the sending under way */
    char *url;
    char *envelope;
    enum payment_state state;
    enum err_code result;
    struct err err;
    struct notice *next;
};

struct sandbox_notices {
    struct loop *loop;
    const struct sandbox_folder *folder;
    struct portal_tasks *tasks;
    struct cancel *cancel;
    struct notice *first;
};

static void free_notice(struct notice *notice)
{
    loop_timer_free(notice->timer);
    free(notice->trade);
    free(notice->url);
    free(notice->envelope);
    free(notice);
}

static struct notice **find(struct sandbox_notices *notices, const char *trade)
{
    struct notice **at = &notices->first;
    while (*at != NULL && strcmp((*at)->trade, trade) != 0)
        at = &(*at)->next;
    return at;
}

/* Unless its state has changed since, there is nothing left to say of it. */
static void settle(const struct notice *notice)
{
    AUTO(sandbox_trade_freep) struct sandbox_trade *trade = NULL;
    const char *folder = notice->notices->folder->path;
    struct err err = ERR_INIT;
    if (sandbox_trade_load(folder, notice->trade, &trade, &err) == ERR_NONE) {
        trade->notify = false;
        if (sandbox_trade_save(folder, trade, &err) == ERR_NONE)
            return;
    }
    log_err("pay", "settle a notification", &err);
}

static void drop(struct notice *notice)
{
    struct notice **at = find(notice->notices, notice->trade);
    settle(notice);
    *at = notice->next;
    free_notice(notice);
}

/* ---- sending ---- */

static void post(void *context)
{
    struct notice *notice = context;
    AUTO(bytes_freep) struct bytes *answer = NULL;
    notice->err = ERR_INIT;
    const struct pay_http_call call = {
        .url = notice->url,
        .ca_file = notice->notices->folder->merchant_ca_file,
        .body = span_text(notice->envelope),
        .deadline = deadline_in_ms(SANDBOX_NOTICE_MS),
        .cancel = notice->notices->cancel,
    };
    notice->result = pay_http_post(&call, &answer, &notice->err);
}

static void again_in(struct notice *notice, int64_t pause_ms)
{
    loop_timer_set(notice->timer, deadline_in_ms(pause_ms));
}

static void on_posted(void *context, bool worked)
{
    struct notice *notice = context;
    notice->sending = false;
    memory_freep(&notice->url);
    memory_freep(&notice->envelope);
    if (!worked || notice->result == ERR_CANCELLED)
        return; /* the service ends */
    if (notice->changed) {
        notice->changed = false;
        notice->tries = 0;
        again_in(notice, 0);
        return;
    }
    if (notice->result == ERR_NONE) {
        log_info("pay", "%s: notified as %s", notice->trade, payment_state_text(notice->state));
        if (--notice->left == 0)
            drop(notice);
        else
            again_in(notice, 0);
        return;
    }
    log_err("pay", notice->trade, &notice->err);
    if (++notice->tries >= SANDBOX_NOTICE_TRIES_MAX)
        drop(notice);
    else
        again_in(notice, (int64_t)PAUSE_MS << (notice->tries - 1));
}

static enum err_code prepare(struct notice *notice, struct err *err)
{
    const struct sandbox_folder *folder = notice->notices->folder;
    const struct pay_parties who = {.own = folder->own_key, .peer = folder->merchant_key};
    AUTO(sandbox_trade_freep) struct sandbox_trade *trade = NULL;
    AUTO(json_freep) struct json *content = json_new_object();
    AUTO(pay_signed_done) struct pay_signed message = {0};
    if (sandbox_trade_load(folder->path, notice->trade, &trade, err) != ERR_NONE)
        return err->code;
    const struct payment_fact fact = sandbox_trade_fact(trade);
    pay_fact_add(content, &fact);
    if (pay_message_sign(&who, PAY_NOTIFICATION, content, &message, err) != ERR_NONE)
        return err->code;
    notice->state = trade->state;
    notice->url = TAKE(trade->notify_url);
    notice->envelope = pay_envelope_text(&message);
    return ERR_NONE;
}

static void send_now(void *context)
{
    struct notice *notice = context;
    struct err err = ERR_INIT;
    if (prepare(notice, &err) != ERR_NONE) {
        log_err("pay", notice->trade, &err);
        drop(notice);
        return;
    }
    notice->sending = true;
    if (portal_tasks_add(notice->notices->tasks, post, on_posted, notice, &err) == ERR_NONE)
        return;
    notice->result = err.code;
    notice->err = err;
    on_posted(notice, true);
}

/* ---- the list ---- */

static struct notice *new_notice(struct sandbox_notices *notices, const char *trade)
{
    struct notice *notice = memory_new(sizeof *notice);
    notice->notices = notices;
    notice->trade = memory_text(trade);
    notice->timer = loop_timer_new(notices->loop, send_now, notice);
    notice->next = notices->first;
    notices->first = notice;
    return notice;
}

void sandbox_notices_add(struct sandbox_notices *notices, const char *trade)
{
    enum sandbox_notify behaviour = sandbox_folder_notify(notices->folder->path);
    struct notice *notice = *find(notices, trade);
    if (notice == NULL)
        notice = new_notice(notices, trade);
    notice->left = behaviour == SANDBOX_NOTIFY_DOUBLED ? 2 : 1;
    notice->tries = 0;
    if (notice->sending) {
        notice->changed = true;
        return;
    }
    if (behaviour == SANDBOX_NOTIFY_LOST)
        drop(notice);
    else
        again_in(notice, behaviour == SANDBOX_NOTIFY_LATE ? SANDBOX_NOTICE_LATE_MS : 0);
}

static void add_left_over(void *context, const struct sandbox_trade *trade)
{
    if (trade->notify)
        sandbox_notices_add(context, trade->trade);
}

enum err_code sandbox_notices_new(struct loop *loop, const struct sandbox_folder *folder,
                                  struct sandbox_notices **out, struct err *err)
{
    struct sandbox_notices *notices = memory_new(sizeof *notices);
    notices->loop = loop;
    notices->folder = folder;
    notices->tasks = portal_tasks_new(loop, AT_ONCE_MAX, QUEUE_MAX);
    if (cancel_new(&notices->cancel, err) != ERR_NONE ||
        sandbox_trade_each(folder->path, add_left_over, notices, err) != ERR_NONE) {
        sandbox_notices_free(notices);
        return err_add(err, "look for notifications that are left");
    }
    *out = notices;
    return ERR_NONE;
}

void sandbox_notices_free(struct sandbox_notices *notices)
{
    if (notices == NULL)
        return;
    if (notices->cancel != NULL)
        cancel_request(notices->cancel);
    portal_tasks_free(notices->tasks);
    while (notices->first != NULL) {
        struct notice *notice = notices->first;
        notices->first = notice->next;
        free_notice(notice);
    }
    cancel_free(notices->cancel);
    free(notices);
}
