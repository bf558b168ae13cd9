/* A program of the system as a child process: no shell, no terminal, no descriptor of ours, and ended when its time is
 * over. */
#pragma once

#include "base/cancel.h"
#include "base/err.h"
#include "base/span.h"

#define CHILD_ARGUMENTS_MAX 12

struct child {
    const char *program; /* absolute */
    const char *const *arguments; /* NULL-terminated, without the program's name */
    char *const *environment; /* NULL-terminated; NULL: ours, with messages in English */
    struct span input;
    const struct cancel *cancel; /* NULL: never */
    int timeout_ms;
    size_t output_bytes_max; /* of each of its two outputs */
};

struct child_result {
    int status; /* as waitpid gives it */
    struct bytes *output, *messages;
};

/* Runs it to its end, whatever that is. Blocks. Fails with ERR_FILE_MISSING (no such program), ERR_DEADLINE and
 * ERR_CANCELLED (it was ended), ERR_FILE (it wrote more than may be), ERR_INTERNAL. */
MUST_CHECK enum err_code child_perform(const struct child *child, struct child_result *out,
                                       struct err *err);
void child_result_done(struct child_result *result);

/* systemctl and journalctl of a slow disk. */
#define CHILD_MS 10000
#define CHILD_OUTPUT_MAX 4194304
/* One that is only asked something, in our environment. out_text: its standard output. Fails as child_perform does, and
 * with ERR_FILE when it ended with another status than 0: what it said is the detail. */
MUST_CHECK enum err_code child_run(const char *program, const char *const *arguments,
                                   char **out_text, struct err *err);
