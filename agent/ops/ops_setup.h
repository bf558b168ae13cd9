/* How the daemon puts the operations together with the world: keys, platform, dialog, journal. */
#pragma once

#include "agent/ops/ops.h"
#include "agent/prompt/prompt.h"
#include "agent/remote/remote.h"
#include "certs/chain.h"
#include "certs/due.h"
#include "token/token_monitor.h"

/* A platform that may start operations; borrowed until ops_free. */
struct ops_platform {
    const char *id;
    const char *origin;
    struct remote_platform remote;
    const struct chain_roots *roots; /* of the certificates that it issues */
    /* Of its seal makers and nobody else; NULL: a maker's certificate is below roots, and marked. */
    const struct chain_roots *seal_roots;
};

struct ops_options {
    struct loop *loop;
    struct token_source *source;
    struct remote *remote;
    struct prompt *prompt;
    const char *journal_file;
    const struct ops_platform *platforms;
    size_t platform_count;
    struct due_policy due;
    int prompt_seconds;
};

/* Opens the journal and goes on with what can go on by itself; what can't is told as interrupted.
 * ERR_JOURNAL. */
MUST_CHECK enum err_code ops_new(const struct ops_options *options, struct ops **out,
                                 struct err *err);
/* Cancels what runs and waits for its threads. */
void ops_free(struct ops *ops);
void ops_freep(struct ops **ops);
/* Call it when the source's snapshot changed: observers are told. */
void ops_keys_changed(struct ops *ops);
/* Each kind's table of steps as a Markdown page with a drawing, for docs/states. The caller frees. */
char *ops_print_states(void);
