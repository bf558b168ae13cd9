#include "agent/trust/trust_keeper.h"

#include <pthread.h>
#include <stdlib.h>

#include "agent/trust/trust.h"
#include "base/cancel.h"
#include "base/log.h"
#include "base/thread.h"

struct trust_keeper {
    char *state_folder;
    struct cancel *cancel;
    pthread_t thread;
    pthread_mutex_t lock;
    bool started; /* of the loop's thread: there is something to join */
    bool running; /* under the lock, as the next */
    bool again;
};

static void follow(const struct trust_keeper *keeper)
{
    struct err err = ERR_INIT;
    bool changed = false;
    AUTO(trust_user_done) struct trust_user user = {0};
    if (trust_user_from_environment(keeper->state_folder, keeper->cancel, &user, &err) ==
            ERR_NONE &&
        trust_follow(&user, &changed, &err) == ERR_NONE) {
        if (changed)
            log_info("trust", "the browsers trust the new certificate");
        return;
    }
    log_err("trust", "make the browsers trust the new certificate", &err);
}

static bool is_asked_again(struct trust_keeper *keeper)
{
    pthread_mutex_lock(&keeper->lock);
    bool again = keeper->again && !cancel_requested(keeper->cancel);
    keeper->again = false;
    keeper->running = again;
    pthread_mutex_unlock(&keeper->lock);
    return again;
}

static void *run(void *context)
{
    struct trust_keeper *keeper = context;
    do
        follow(keeper);
    while (is_asked_again(keeper));
    return NULL;
}

enum err_code trust_keeper_new(const char *state_folder, struct trust_keeper **out, struct err *err)
{
    struct cancel *cancel = NULL;
    if (cancel_new(&cancel, err) != ERR_NONE)
        return err->code;
    struct trust_keeper *keeper = memory_new(sizeof *keeper);
    *keeper = (struct trust_keeper){
        .state_folder = memory_text(state_folder),
        .cancel = cancel,
        .lock = PTHREAD_MUTEX_INITIALIZER,
    };
    *out = keeper;
    return ERR_NONE;
}

static void join(struct trust_keeper *keeper)
{
    if (keeper->started)
        pthread_join(keeper->thread, NULL);
    keeper->started = false;
}

void trust_keeper_look(struct trust_keeper *keeper)
{
    struct err err = ERR_INIT;
    pthread_mutex_lock(&keeper->lock);
    bool running = keeper->running;
    keeper->again = running;
    keeper->running = true;
    pthread_mutex_unlock(&keeper->lock);
    if (running)
        return;
    join(keeper);
    keeper->started = thread_start(&keeper->thread, run, keeper, &err) == ERR_NONE;
    if (keeper->started)
        return;
    pthread_mutex_lock(&keeper->lock);
    keeper->running = false;
    pthread_mutex_unlock(&keeper->lock);
    log_err("trust", "start", &err);
}

void trust_keeper_free(struct trust_keeper *keeper)
{
    if (keeper == NULL)
        return;
    cancel_request(keeper->cancel);
    join(keeper);
    cancel_free(keeper->cancel);
    pthread_mutex_destroy(&keeper->lock);
    free(keeper->state_folder);
    free(keeper);
}
