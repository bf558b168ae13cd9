/* Which keys are plugged in: follows PC/SC without polling, and opens a key on request.
 *
 * The monitor has a thread of its own that sleeps in SCardGetStatusChange (all readers and the PnP
 * reader). It survives a pcscd that is stopped, restarted or installed later. */
#pragma once

#include <stdio.h>

#include "base/loop.h"
#include "token/token.h"
#include "token/token_driver.h"

#define TOKEN_READERS_MAX 16 /* PCSCLITE_MAX_READERS_CONTEXTS */
#define TOKEN_READER_NAME_BYTES 128

enum token_service_state {
    TOKEN_SERVICE_OK, /* at least one reader */
    TOKEN_SERVICE_NO_READER,
    TOKEN_SERVICE_NONE, /* pcscd does not run */
    TOKEN_SERVICE_NO_PERMISSION, /* it runs and refuses us */
};

/* A card in a reader. sequence grows with every card that is put in, so that a swap is noticed. */
struct token_presence {
    char reader[TOKEN_READER_NAME_BYTES];
    uint64_t sequence;
};

struct token_snapshot {
    enum token_service_state service;
    size_t count;
    struct token_presence present[TOKEN_READERS_MAX];
};

/* Where keys come from: PC/SC in the agent, virtual keys in tests. Every call from any thread. */
struct token_source {
    const struct token_source_class *class;
};

struct token_source_class {
    void (*snapshot)(struct token_source *source, struct token_snapshot *out);
    /* Fails with ERR_NO_TOKEN when the card of that sequence is no longer there, and as token_open. */
    enum err_code (*open)(struct token_source *source, const struct token_presence *presence,
                          struct deadline deadline, struct token **out, struct err *err);
};

struct token_monitor;

/* changed(context) is posted to the loop whenever a snapshot would differ from the one before; not after
 * token_monitor_free, but one that was posted before may still be waiting in the loop. A
 * snapshot waits for the first scan, which takes milliseconds, until 300 ms after the start; without one it
 * says TOKEN_SERVICE_NONE. */
MUST_CHECK enum err_code token_monitor_new(struct loop *loop, const struct token_settings *settings,
                                           loop_fn changed, void *context,
                                           struct token_monitor **out, struct err *err);
/* Takes milliseconds; two seconds when pcscd answers nothing, whose thread is then given up. */
void token_monitor_free(struct token_monitor *monitor);
void token_monitor_freep(struct token_monitor **monitor);
struct token_source *token_monitor_source(struct token_monitor *monitor);
/* Keys opened from now on write their commands and answers to out, PINs masked (channel_trace.h); NULL
 * ends it. out must outlive the keys. */
void token_monitor_set_trace(struct token_monitor *monitor, FILE *out);
