/* What an intruder in the agent would try, and what the agent needs: each really tried by a process that has shut itself in
 * as the agent does. */
#pragma once

#include <sys/types.h>

#include "agent/sandbox/sandbox.h"

enum sandbox_wanted { SANDBOX_ALLOWED, SANDBOX_REFUSED };

/* Part of the kernel that it takes. */
enum sandbox_need { SANDBOX_NEEDS_NOTHING, SANDBOX_NEEDS_CALLS, SANDBOX_NEEDS_LANDLOCK };

/* Folders that stand in for the agent's, and things outside of them. */
struct sandbox_stage {
    struct sandbox_settings settings;
    char *outside_folder;
    char *outside_file; /* may be read by the user */
    char *inside_file; /* does not exist yet */
    pid_t user; /* another process of the same user */
};

struct sandbox_trial {
    const char *name;
    enum sandbox_wanted wanted;
    enum sandbox_need need;
    int landlock; /* the version that it takes; with SANDBOX_NEEDS_LANDLOCK */
    /* In a process that is shut in (but where from_outside says): 0 when it went, else an errno. */
    int (*attempt)(const struct sandbox_stage *stage);
    bool
        from_outside; /* by another process of the same user, without root's rights, on stage->user */
    bool from_the_start; /* before sandbox_close */
};

extern const struct sandbox_trial sandbox_trials[];
extern const size_t sandbox_trial_count;

enum sandbox_ending { SANDBOX_WENT, SANDBOX_FAILED, SANDBOX_KILLED, SANDBOX_CRASHED };

struct sandbox_outcome {
    enum sandbox_ending ending;
    int cause; /* errno of SANDBOX_FAILED, the signal of SANDBOX_CRASHED */
};

/* Forks, shuts the child in and lets it try. ERR_SANDBOX when it could not even be shut in. */
MUST_CHECK enum err_code sandbox_trial_perform(const struct sandbox_trial *trial,
                                               const struct sandbox_stage *stage,
                                               struct sandbox_outcome *out, struct err *err);
/* What is neither allowed nor refused as it should be is false. */
bool sandbox_trial_holds(const struct sandbox_trial *trial, const struct sandbox_outcome *outcome);
