/* Threads of ours get no signals: those belong to the loop. */
#pragma once

#include <pthread.h>

#include "base/err.h"

/* Starts a joinable thread with every signal blocked. ERR_INTERNAL when there is no thread to be had. */
MUST_CHECK enum err_code thread_start(pthread_t *out, void *(*function)(void *context),
                                      void *context, struct err *err);
