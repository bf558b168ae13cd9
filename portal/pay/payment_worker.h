/* Asks the payment service on threads, and applies what it says in the loop: for a user who wants to know
 * now, and by itself for refunds that are due and payments whose notification never came. What is to be
 * asked stands in the database, so that a restart goes on; while nothing is due nobody is asked. */
#pragma once

#include "base/loop.h"
#include "portal/pay/payment.h"
#include "portal/portal.h"

#define PAYMENT_WORKER_AT_ONCE_MAX 4 /* calls under way */
#define PAYMENT_WORKER_ASKS_MAX 32 /* users who wait */
/* Other processes (administration commands) may have noted something meanwhile. */
#define PAYMENT_WORKER_LOOK_MS 600000

struct payment_worker;

/* portal, loop and provider outlive it. */
MUST_CHECK enum err_code payment_worker_new(struct portal *portal, struct loop *loop,
                                            const struct payment_provider *provider,
                                            struct payment_worker **out, struct err *err);
/* Stops the provider; what was asked is answered with ERR_CANCELLED. */
void payment_worker_free(struct payment_worker *worker);

/* In the loop's thread, once: the answer was applied, or why not. */
typedef void (*payment_worker_told)(void *context, struct err *err);
/* Asks about a trade; several who ask about the same one share a call. ERR_HTTP_TOO_MANY when too many
 * wait: told is not called then. */
MUST_CHECK enum err_code payment_worker_ask(struct payment_worker *worker, const char *trade,
                                            payment_worker_told told, void *context,
                                            struct err *err);
/* Something may be due earlier than was thought. */
void payment_worker_look(struct payment_worker *worker);
