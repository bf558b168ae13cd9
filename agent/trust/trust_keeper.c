#include "agent/trust/trust_keeper.h"

#include <signal.h>
#include <stdlib.h>

#include "agent/trust/trust.h"
#include "base/cancel.h"
#include "base/file.h"
#include "base/log.h"

struct trust_keeper {
    struct loop *loop;
    struct launch *launch;
    size_t task;
    struct launched launched; /* what runs */
    struct loop_watch *watch; /* NULL: nothing runs */
    bool again;
    struct loop_timer *retry;
    size_t failures; /* one after the other, since it was asked for */
    int64_t pause_ms; /* of a test; 0: those of the table */
};

/* Until a browser is closed, a folder of the network is there, a disk has room. Then the next start does it. */
static const int64_t pauses_ms[] = {30000, 120000, 600000, 3600000};

/* ---- the task, in a process of its own ---- */

static struct cancel *wish_to_end;

static void on_signal(int number)
{
    cancel_request(wish_to_end);
}

/* SIGTERM ends what it runs, and so itself. */
static enum err_code obey_signals(struct err *err)
{
    const struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    if (cancel_new(&wish_to_end, err) != ERR_NONE)
        return err->code;
    if (sigaction(SIGTERM, &action, NULL) != 0)
        return err_set_errno(err, ERR_INTERNAL, "obey signals");
    return ERR_NONE;
}

static enum err_code follow_as(struct trust_user *user, const struct trust_keeper_folders *folders,
                               bool *out_changed, struct err *err)
{
    memory_freep(&user->foreign[TRUST_FOREIGN_RUNTIME]);
    user->foreign[TRUST_FOREIGN_RUNTIME] = memory_text(folders->runtime);
    return folders->unasked ? trust_begin(user, out_changed, err)
                            : trust_follow(user, out_changed, err);
}

static int follow(const void *context)
{
    const struct trust_keeper_folders *folders = context;
    struct err err = ERR_INIT;
    bool changed = false;
    AUTO(trust_user_done) struct trust_user user = {0};
    if (obey_signals(&err) != ERR_NONE ||
        trust_user_from_environment(folders->state, wish_to_end, &user, &err) != ERR_NONE ||
        follow_as(&user, folders, &changed, &err) != ERR_NONE) {
        log_err("trust", "make the browsers trust the new certificate", &err);
        return EXIT_FAILURE;
    }
    if (changed)
        log_info("trust", "the browsers trust the new certificate");
    return EXIT_SUCCESS;
}

struct launch_task trust_keeper_task(const struct trust_keeper_folders *folders)
{
    return (struct launch_task){.function = follow, .context = folders};
}

/* ---- the agent's side ---- */

static void forget(struct trust_keeper *keeper)
{
    loop_watch_free(keeper->watch);
    keeper->watch = NULL;
    launched_done(&keeper->launched);
}

static void plan_retry(struct trust_keeper *keeper)
{
    if (keeper->failures == ARRAY_SIZE(pauses_ms))
        return;
    int64_t pause_ms = pauses_ms[keeper->failures++];
    loop_timer_set(keeper->retry,
                   deadline_in_ms(keeper->pause_ms > 0 ? keeper->pause_ms : pause_ms));
}

static void note_outcome(struct trust_keeper *keeper)
{
    if (keeper->launched.failure != 0)
        log_warning("trust", "not started: error %d", keeper->launched.failure);
    if (keeper->launched.failure != 0 || keeper->launched.status != 0) {
        plan_retry(keeper);
        return;
    }
    keeper->failures = 0;
}

static void on_news(void *context, uint32_t events)
{
    struct trust_keeper *keeper = context;
    (void)events;
    launched_look(&keeper->launched);
    if (!keeper->launched.ended)
        return;
    note_outcome(keeper);
    forget(keeper);
    if (keeper->again)
        trust_keeper_look(keeper);
}

static void start(struct trust_keeper *keeper)
{
    struct err err = ERR_INIT;
    loop_timer_stop(keeper->retry);
    keeper->again = keeper->watch != NULL;
    if (keeper->again)
        return;
    if (launch_ask(keeper->launch, keeper->task, -1, &keeper->launched, &err) == ERR_NONE)
        keeper->watch =
            loop_watch_new(keeper->loop, keeper->launched.channel, EPOLLIN, on_news, keeper);
    else
        log_err("trust", "start", &err);
}

struct trust_keeper *trust_keeper_new(struct loop *loop, struct launch *launch, size_t task)
{
    struct trust_keeper *keeper = memory_new(sizeof *keeper);
    *keeper = (struct trust_keeper){
        .loop = loop,
        .launch = launch,
        .task = task,
        .launched = LAUNCHED_NONE,
    };
    keeper->retry = loop_timer_new(loop, (loop_fn)start, keeper);
    return keeper;
}

void trust_keeper_look(struct trust_keeper *keeper)
{
    keeper->failures = 0;
    start(keeper);
}

void trust_keeper_retry_for_test(struct trust_keeper *keeper, int64_t pause_ms)
{
    keeper->pause_ms = pause_ms;
}

bool trust_keeper_is_first(const struct trust_keeper_folders *folders)
{
    AUTO(memory_freep) char *identity = file_join(folders->state, TRUST_IDENTITY_FOLDER);
    return folders->unasked && !trust_is_decided(identity);
}

void trust_keeper_wait(struct trust_keeper *keeper, int patience_ms)
{
    struct deadline deadline = deadline_in_ms(patience_ms);
    while (keeper->watch != NULL && launched_wait_ended(&keeper->launched, deadline))
        on_news(keeper, EPOLLIN);
}

void trust_keeper_free(struct trust_keeper *keeper)
{
    if (keeper == NULL)
        return;
    forget(keeper);
    loop_timer_free(keeper->retry);
    free(keeper);
}
