/* Keeps the browsers' trust when the agent renews its certificate, in a thread of its own: programs of others
 * are run for it. Belongs to the loop's thread. */
#pragma once

#include "base/err.h"

struct trust_keeper;

/* state_folder: the agent's. */
MUST_CHECK enum err_code trust_keeper_new(const char *state_folder, struct trust_keeper **out,
                                          struct err *err);
/* Does trust_follow and logs what came of it. Returns at once; one that is asked for while another runs is
 * done after it. */
void trust_keeper_look(struct trust_keeper *keeper);
/* Ends what runs. NULL is fine. */
void trust_keeper_free(struct trust_keeper *keeper);
