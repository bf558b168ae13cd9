#include "base/thread.h"

#include <signal.h>
#include <string.h>

enum err_code thread_start(pthread_t *out, void *(*function)(void *context), void *context,
                           struct err *err)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int result = pthread_create(out, NULL, function, context);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (result != 0)
        return err_set_foreign(err, ERR_INTERNAL, result, "start a thread: %s",
                               strerrordesc_np(result));
    return ERR_NONE;
}
