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
/* Has it done. Returns at once; one that is asked for while another runs is done after it. */
void trust_keeper_look(struct trust_keeper *keeper);
/* Blocks while the first trust is being made, at most this long: whoever asks for the agent meanwhile is
 * answered by one that the browsers trust. Returns at once where that is decided, or not to be. */
void trust_keeper_wait_first(struct trust_keeper *keeper,
                             const struct trust_keeper_folders *folders, int patience_ms);
/* Ends what runs. NULL is fine. */
void trust_keeper_free(struct trust_keeper *keeper);
