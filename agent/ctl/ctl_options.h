/* The command line of ukeyctl. */
#pragma once

#include <stdbool.h>

#include "base/err.h"

/* A command of two words and a file. */
#define CTL_WORDS_MAX 3

/* Which options were given, and which ones a command takes. */
enum ctl_option {
    CTL_JSON = 1 << 0,
    CTL_SOCKET = 1 << 1,
    CTL_LANG = 1 << 2,
    CTL_TICKET = 1 << 3,
    CTL_TOKEN = 1 << 4,
    CTL_PLATFORM = 1 << 5,
    CTL_USAGE = 1 << 6,
    CTL_CONTAINER = 1 << 7,
    CTL_HELP = 1 << 8,
    CTL_VERSION = 1 << 9,
    CTL_PICTURE = 1 << 10,
    CTL_ROOTS = 1 << 11,
    CTL_SIGNER = 1 << 12,
    CTL_AT = 1 << 13,
    CTL_MARKED_MAKER = 1 << 14,
    CTL_SYSTEM = 1 << 15,
    CTL_STATE = 1 << 16,
    CTL_CONFIG = 1 << 17,
    CTL_REPORT = 1 << 18,
    CTL_FIX = 1 << 19,
    CTL_OPERATION = 1 << 20,
    CTL_SINCE = 1 << 21,
    CTL_FOLLOW = 1 << 22,
};
#define CTL_EVERYWHERE (CTL_JSON | CTL_SOCKET | CTL_LANG | CTL_HELP | CTL_VERSION)

/* Texts are the command line's own, but for socket_path. */
struct ctl_options {
    unsigned given;
    enum lang lang;
    char *socket_path;
    const char *ticket, *token, *platform, *usage, *container; /* NULL: not given; */
    const char *picture, *roots, *signer, *at, *state, *config; /* these too */
    const char *report, *operation, *since; /* and these */
    int word_count;
    const char *words[CTL_WORDS_MAX];
};

/* Options may stand before and behind the command. Without --socket it is
 * $XDG_RUNTIME_DIR/ukeyd/ukeyd.sock; without --lang the environment's language. ERR_USAGE. */
MUST_CHECK enum err_code ctl_options_parse(int argc, char **argv, struct ctl_options *out,
                                           struct err *err);
void ctl_options_done(struct ctl_options *options);
