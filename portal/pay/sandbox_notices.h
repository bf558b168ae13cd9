/* The sandbox service's notifications: signed when they are sent, sent again with growing pauses until the
 * merchant takes them or they are given up. What is to be notified stands in the trade's file, so that a
 * restart goes on. */
#pragma once

#include "base/loop.h"
#include "portal/pay/sandbox_folder.h"

#define SANDBOX_NOTICE_TRIES_MAX 8 /* pauses of 1, 2, 4 … 64 s: two minutes */
#define SANDBOX_NOTICE_MS 10000 /* for the merchant to answer */
#define SANDBOX_NOTICE_LATE_MS 5000

struct sandbox_notices;

/* folder: borrowed. Goes on with what an earlier process left. */
MUST_CHECK enum err_code sandbox_notices_new(struct loop *loop, const struct sandbox_folder *folder,
                                             struct sandbox_notices **out, struct err *err);
void sandbox_notices_free(struct sandbox_notices *notices);
/* The trade's state has changed. */
void sandbox_notices_add(struct sandbox_notices *notices, const char *trade);
