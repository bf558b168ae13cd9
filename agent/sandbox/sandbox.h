/* What the agent gives up for good before it reads anything foreign: it keeps two folders to write, the system's
 * libraries and settings to read, sockets, also to the user's session, and threads. Why these, and what is left: docs/adr/0010. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* The certificates of 64 platforms, and the folder of profiles. */
#define SANDBOX_READ_MAX 66
/* Three pairs. */
#define SANDBOX_PORTS_MAX 8

struct sandbox_settings {
    const char *state_folder; /* exists; all of it may be read and changed */
    const char *runtime_folder; /* the same */
    size_t read_count;
    const char
        *read[SANDBOX_READ_MAX]; /* files and folders that may be read too; those that don't exist
                                         * are left out */
    size_t port_count;
    uint16_t ports
        [SANDBOX_PORTS_MAX]; /* TCP ports that it may listen on; 0: any that the kernel picks */
};

/* What this kernel could do of it. */
struct sandbox_facts {
    int landlock; /* its version; 0: the kernel has none */
    bool calls; /* seccomp filters */
    bool no_new_code; /* memory that can be written never becomes code, by the kernel's own rule */
};

/* Call it while the process has one thread: those that start later inherit it. Fails closed (ERR_SANDBOX), except for what
 * the kernel lacks, which *out_facts tells. */
MUST_CHECK enum err_code sandbox_enter(const struct sandbox_settings *settings,
                                       struct sandbox_facts *out_facts, struct err *err);
/* For all threads: no further socket becomes a listening one. Call it after sandbox_enter, once all listen.
 * ERR_SANDBOX. */
MUST_CHECK enum err_code sandbox_close(struct err *err);
