/* Command lines of ukey-sim: "--name value", "--name=value" and "--flag", by table. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum sim_option_type {
    SIM_OPTION_TEXT, /* out: const char ** */
    SIM_OPTION_NUMBER, /* out: int64_t *; from min to max */
    SIM_OPTION_FLAG, /* out: bool * */
};

struct sim_option {
    const char *name; /* without the dashes */
    enum sim_option_type type;
    bool required;
    int64_t min;
    int64_t max;
    void *out;
};

/* Reads arguments[0..count). Words that are no options end them when rest is not NULL (*rest: where they
 * begin), else they are refused. Fails with ERR_USAGE. */
MUST_CHECK enum err_code sim_options_read(const struct sim_option *options, size_t option_count,
                                          const char *const *arguments, int count, int *rest,
                                          struct err *err);
