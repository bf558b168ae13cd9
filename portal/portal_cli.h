/* The command line: "NOUN VERB --option VALUE", read by tables. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define PORTAL_CLI_OPTIONS_MAX 10 /* of one command */

struct portal_option {
    const char *name; /* without "--"; NULL ends the table */
    const char *value; /* what stands for the value in the help; NULL: a flag without one */
    bool required;
    const char *fallback; /* where it is absent; NULL: none */
};

struct portal_arguments;

struct portal_command {
    const char *name; /* one word or two: "order add" */
    const char *summary;
    struct portal_option options[PORTAL_CLI_OPTIONS_MAX + 1]; /* besides --folder */
    enum err_code (*run)(const struct portal_arguments *arguments, struct err *err);
};

/* What was given for one command. */
struct portal_arguments {
    const struct portal_command *command;
    const char *folder;
    const char
        *values[PORTAL_CLI_OPTIONS_MAX]; /* by the command's table; NULL: absent; "" : a flag */
};
/* The value of an option of the command's table. */
const char *portal_arguments_get(const struct portal_arguments *arguments, const char *name);
bool portal_arguments_has(const struct portal_arguments *arguments, const char *name);
/* A whole number of at most maximum. ERR_USAGE. */
MUST_CHECK enum err_code portal_arguments_integer(const struct portal_arguments *arguments,
                                                  const char *name, int64_t maximum, int64_t *out,
                                                  struct err *err);

/* Reads argv[1] and on. --folder may stand anywhere. ERR_USAGE names the word. */
MUST_CHECK enum err_code portal_cli_parse(const struct portal_command *commands, size_t count,
                                          int argc, char **argv, struct portal_arguments *out,
                                          struct err *err);
/* Prints all commands of the program with their options to standard output. */
void portal_cli_help(const char *program, const struct portal_command *commands, size_t count);
