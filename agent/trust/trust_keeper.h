/* Keeps the browsers' trust when the agent renews its certificate, in a process of its own outside of the
 * sandbox: it runs programs of others and writes their databases. Belongs to the loop's thread. */
#pragma once

#include "agent/launch/launch.h"
#include "base/loop.h"

struct trust_keeper;

/* The agent's, borrowed. */
struct trust_keeper_folders {
    const char *state;
    const char *runtime;
    bool unasked; /* trust_begin instead of trust_follow */
};

/* For the launcher's list: does trust_follow and logs what came of it. folders: borrowed. */
struct launch_task trust_keeper_task(const struct trust_keeper_folders *folders);

/* task: the number of that one in the list. */
struct trust_keeper *trust_keeper_new(struct loop *loop, struct launch *launch, size_t task);
/* Has it done. Returns at once; one that is asked for while another runs is done after it. One that fails, as when a
 * browser holds its database, is done again four times within an hour and a quarter of
 * this call. */
void trust_keeper_look(struct trust_keeper *keeper);
/* Only so long until it is done again. */
void trust_keeper_retry_for_test(struct trust_keeper *keeper, int64_t pause_ms);
/* Whether the agent's first trust is still to be made. Ask before trust_keeper_look. */
bool trust_keeper_is_first(const struct trust_keeper_folders *folders);
/* Blocks until nothing runs any more, at most this long. */
void trust_keeper_wait(struct trust_keeper *keeper, int patience_ms);
/* Ends what runs. NULL is fine. */
void trust_keeper_free(struct trust_keeper *keeper);
