/* How this very program was built, read from what is loaded. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum sandbox_built {
    SANDBOX_BUILT,
    SANDBOX_BUILT_IN_PART, /* ours is; what the system links into every program is not */
    SANDBOX_NO_SUCH_THING, /* not on this machine, or not in this kind of build */
    SANDBOX_NOT_BUILT,
};

struct sandbox_flag {
    const char *name;
    enum sandbox_built (*look)(void);
};

extern const struct sandbox_flag sandbox_flags[];
extern const size_t sandbox_flag_count;
