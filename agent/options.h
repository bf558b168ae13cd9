/* The agent's command line. */
#pragma once

#include "base/err.h"
#include "base/log.h"

#include <stdbool.h>

struct options {
    const char *config_file; /* NULL: CONFIG_DEFAULT_FILE and the platform folder */
    char *state_folder;
    char *runtime_folder;
    const char *trace_file; /* commands and answers of keys, PINs masked; NULL: none */
    enum log_level log_level;
    bool log_file; /* log to LOG_FILE_NAME in the state folder instead of standard error */
    bool trust; /* make the browsers trust the agent unless the user refused */
    bool print_states;
    bool sandbox_report;
    bool show_help;
    bool show_version;
};

/* Fills in the folders of the XDG base directories where none are given. ERR_USAGE. */
MUST_CHECK enum err_code options_parse(int argc, char **argv, struct options *out, struct err *err);
void options_done(struct options *options);
/* What --help prints: static text. */
const char *options_help(void);
