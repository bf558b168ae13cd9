/* An operation's steps as they happen: one line that is rewritten on a terminal, a line per step elsewhere. */
#pragma once

#include <stdio.h>

#include "base/json.h"

struct ctl_progress {
    FILE *out;
    enum lang lang;
    bool terminal;
    char *last; /* what stands there now */
};

#define CTL_PROGRESS_INIT(file, language, is_terminal) \
    ((struct ctl_progress){(file), (language), (is_terminal), NULL})

/* operation: as docs/api/local.md shows it. */
void ctl_progress_show(struct ctl_progress *progress, const struct json *operation);
/* Ends the line that stands there, so that something else can be printed. */
void ctl_progress_end(struct ctl_progress *progress);
void ctl_progress_done(struct ctl_progress *progress);
