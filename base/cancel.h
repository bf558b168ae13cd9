/* One wish to stop, seen by whoever waits in another thread. Everything here may be called from any
 * thread; the object must outlive its users. */
#pragma once

#include <stdbool.h>

#include "base/err.h"

struct cancel;

MUST_CHECK enum err_code cancel_new(struct cancel **out, struct err *err);
void cancel_free(struct cancel *cancel);
void cancel_freep(struct cancel **cancel);
/* For good: there is no way back. */
void cancel_request(struct cancel *cancel);
/* cancel may be NULL: never cancelled. */
bool cancel_requested(const struct cancel *cancel);
/* Readable (for poll) from the request on. -1 when cancel is NULL, which poll ignores. */
int cancel_fd(const struct cancel *cancel);
