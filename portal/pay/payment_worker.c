#include "portal/pay/payment_worker.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "portal/portal_payment.h"
#include "portal/portal_tasks.h"

struct waiter {
    payment_worker_told told;
    void *context;
    struct waiter *next;
};

/* A question that is under way. */
struct question {
    struct payment_worker *worker;
    char *trade;
    int64_t refund_fen; /* 0: a query */
    struct waiter *waiters;
    enum err_code result; /* the thread's, like what follows */
    struct payment_fact fact;
    struct err err;
    struct question *next;
};

struct payment_worker {
    struct portal *portal;
    const struct payment_provider *provider;
    struct portal_tasks *tasks;
    struct loop_timer *timer;
    struct question *first;
    unsigned waiters;
    bool closing;
};

/* ---- one question ---- */

static struct question *find(const struct payment_worker *worker, const char *trade)
{
    struct question *question = worker->first;
    while (question != NULL && strcmp(question->trade, trade) != 0)
        question = question->next;
    return question;
}

static void unlink_question(struct question *question)
{
    struct question **at = &question->worker->first;
    while (*at != question)
        at = &(*at)->next;
    *at = question->next;
}

static void free_question(struct question *question)
{
    payment_fact_done(&question->fact);
    free(question->trade);
    free(question);
}

static void call_service(void *context)
{
    struct question *question = context;
    const struct payment_provider *provider = question->worker->provider;
    question->err = ERR_INIT;
    question->result =
        question->refund_fen > 0
            ? provider->refund(provider->context, question->trade, question->refund_fen,
                               &question->fact, &question->err)
            : provider->query(provider->context, question->trade, &question->fact, &question->err);
}

/* Only what is known of it, for the next question. */
static void put_off(const struct question *question)
{
    struct err err = ERR_INIT;
    if (portal_payment_put_off(question->worker->portal, question->trade, &err) != ERR_NONE)
        log_err("payment", question->trade, &err);
}

static void apply(struct question *question)
{
    struct payment_worker *worker = question->worker;
    AUTO(memory_freep) char *before = memory_text(worker->portal->actor);
    AUTO(memory_freep) char *actor = memory_printf("payment:%s", worker->provider->name);
    if (question->result == ERR_CANCELLED)
        return;
    portal_set_actor(worker->portal, actor);
    if (question->result == ERR_NONE)
        question->result = portal_payment_apply(worker->portal, worker->provider->name,
                                                &question->fact, &question->err);
    if (question->result != ERR_NONE) {
        log_err("payment", question->trade, &question->err);
        put_off(question);
    }
    portal_set_actor(worker->portal, before);
}

static void tell(struct question *question)
{
    for (struct waiter *waiter = question->waiters, *next; waiter != NULL; waiter = next) {
        struct err err = question->err;
        next = waiter->next;
        question->worker->waiters--;
        waiter->told(waiter->context, &err);
        free(waiter);
    }
}

static void on_answered(void *context, bool worked)
{
    struct question *question = context;
    struct payment_worker *worker = question->worker;
    if (!worked)
        question->result = err_set(&question->err, ERR_CANCELLED, "the portal ends");
    unlink_question(question);
    apply(question);
    tell(question);
    free_question(question);
    if (!worker->closing)
        payment_worker_look(worker);
}

static enum err_code ask(struct payment_worker *worker, const char *trade, int64_t refund_fen,
                         struct question **out, struct err *err)
{
    struct question *question = memory_new(sizeof *question);
    question->worker = worker;
    question->trade = memory_text(trade);
    question->refund_fen = refund_fen;
    question->err = ERR_INIT;
    if (portal_tasks_add(worker->tasks, call_service, on_answered, question, err) != ERR_NONE) {
        free_question(question);
        return err_add(err, "ask about %s", trade);
    }
    question->next = worker->first;
    worker->first = question;
    *out = question;
    return ERR_NONE;
}

enum err_code payment_worker_ask(struct payment_worker *worker, const char *trade,
                                 payment_worker_told told, void *context, struct err *err)
{
    struct question *question = find(worker, trade);
    if (worker->waiters >= PAYMENT_WORKER_ASKS_MAX)
        return err_set(err, ERR_HTTP_TOO_MANY, "%u wait for the payment service", worker->waiters);
    if (question == NULL && ask(worker, trade, 0, &question, err) != ERR_NONE)
        return err->code;
    struct waiter *waiter = memory_new(sizeof *waiter);
    *waiter = (struct waiter){told, context, question->waiters};
    question->waiters = waiter;
    worker->waiters++;
    return ERR_NONE;
}

/* ---- what is due ---- */

static void set_timer(struct payment_worker *worker)
{
    struct err err = ERR_INIT;
    int64_t next_utc = INT64_MAX;
    int64_t wait_ms = PAYMENT_WORKER_LOOK_MS;
    if (portal_payment_next(worker->portal, worker->provider->name, &next_utc, &err) != ERR_NONE)
        log_err("payment", "look for what is due", &err);
    int64_t left_s = next_utc == INT64_MAX ? INT64_MAX : next_utc - clock_now_utc();
    if (left_s < PAYMENT_WORKER_LOOK_MS / 1000)
        wait_ms = left_s < 1 ? 1000 : left_s * 1000;
    loop_timer_set(worker->timer, deadline_in_ms(wait_ms));
}

static void ask_due(struct payment_worker *worker, const struct portal_payment *payment)
{
    struct err err = ERR_INIT;
    struct question *question = NULL;
    int64_t refund_fen = payment->state == PORTAL_PAYMENT_REFUND_DUE ? payment->received_fen : 0;
    if (find(worker, payment->trade) != NULL)
        return;
    if (ask(worker, payment->trade, refund_fen, &question, &err) != ERR_NONE)
        log_err("payment", payment->trade, &err);
}

void payment_worker_look(struct payment_worker *worker)
{
    struct portal_payment *due[PAYMENT_WORKER_AT_ONCE_MAX];
    size_t count = 0;
    struct err err = ERR_INIT;
    if (worker->closing)
        return;
    if (portal_tasks_count(worker->tasks) < PAYMENT_WORKER_AT_ONCE_MAX &&
        portal_payment_due(worker->portal, worker->provider->name, clock_now_utc(), ARRAY_SIZE(due),
                           due, &count, &err) != ERR_NONE)
        log_err("payment", "look for what is due", &err);
    for (size_t i = 0; i < count; i++) {
        ask_due(worker, due[i]);
        portal_payment_free(due[i]);
    }
    set_timer(worker);
}

static void on_timer(void *context)
{
    payment_worker_look(context);
}

/* ---- life ---- */

enum err_code payment_worker_new(struct portal *portal, struct loop *loop,
                                 const struct payment_provider *provider,
                                 struct payment_worker **out, struct err *err)
{
    struct payment_worker *worker = memory_new(sizeof *worker);
    worker->portal = portal;
    worker->provider = provider;
    worker->tasks = portal_tasks_new(loop, PAYMENT_WORKER_AT_ONCE_MAX, PAYMENT_WORKER_ASKS_MAX);
    worker->timer = loop_timer_new(loop, on_timer, worker);
    loop_timer_set(worker->timer, deadline_in_ms(0));
    *out = worker;
    return ERR_NONE;
}

void payment_worker_free(struct payment_worker *worker)
{
    if (worker == NULL)
        return;
    worker->closing = true;
    worker->provider->stop(worker->provider->context);
    portal_tasks_free(worker->tasks);
    loop_timer_free(worker->timer);
    free(worker);
}
