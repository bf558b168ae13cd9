#include "agent/options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "usage: ukeyd [OPTION]...\n"
    "The local agent that renews certificates on a USB key for a procurement platform's page.\n"
    "\n"
    "  --config FILE     settings (default /etc/ukeyd/ukeyd.conf and /etc/ukeyd/platforms.d)\n"
    "  --state FOLDER    identity and journal (default $XDG_DATA_HOME/ukeyd, "
    "~/.local/share/ukeyd)\n"
    "  --runtime FOLDER  socket of ukeyctl (default $XDG_RUNTIME_DIR/ukeyd)\n"
    "  --log-level L     error, warning, info (default) or debug\n"
    "  --log-file        log to ukeyd.log in the state folder instead of standard error\n"
    "  --trace FILE      append every command to a key and its answer, PINs masked, for support\n"
    "  --trust           have the user's browsers trust the agent, unless that was refused\n"
    "  --sandbox-report  try what the agent may not do, print what came of it and end\n"
    "  --print-states    print the steps of each operation as Markdown and end\n"
    "  --version         print the version and end\n"
    "  --help            print this and end\n";

const char *options_help(void)
{
    return help;
}

enum {
    OPTION_CONFIG,
    OPTION_STATE,
    OPTION_RUNTIME,
    OPTION_LOG,
    OPTION_LOG_FILE,
    OPTION_TRACE,
    OPTION_TRUST,
    OPTION_STATES,
    OPTION_SANDBOX,
    OPTION_VERSION,
    OPTION_HELP
};

static const struct option long_options[] = {
    {"config", required_argument, NULL, OPTION_CONFIG},
    {"state", required_argument, NULL, OPTION_STATE},
    {"runtime", required_argument, NULL, OPTION_RUNTIME},
    {"log-level", required_argument, NULL, OPTION_LOG},
    {"log-file", no_argument, NULL, OPTION_LOG_FILE},
    {"trace", required_argument, NULL, OPTION_TRACE},
    {"trust", no_argument, NULL, OPTION_TRUST},
    {"sandbox-report", no_argument, NULL, OPTION_SANDBOX},
    {"print-states", no_argument, NULL, OPTION_STATES},
    {"version", no_argument, NULL, OPTION_VERSION},
    {"help", no_argument, NULL, OPTION_HELP},
    {0},
};

static enum err_code parse_level(const char *text, enum log_level *out, struct err *err)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (strcmp(names[i], text) == 0) {
            *out = (enum log_level)i;
            return ERR_NONE;
        }
    return err_set(err, ERR_USAGE, "--log-level: error, warning, info or debug");
}

static void replace(char **text, const char *value)
{
    free(*text);
    *text = memory_text(value);
}

static enum err_code take(struct options *options, int option, struct err *err)
{
    switch (option) {
    case OPTION_CONFIG:
        options->config_file = optarg;
        return ERR_NONE;
    case OPTION_STATE:
        replace(&options->state_folder, optarg);
        return ERR_NONE;
    case OPTION_RUNTIME:
        replace(&options->runtime_folder, optarg);
        return ERR_NONE;
    case OPTION_LOG:
        return parse_level(optarg, &options->log_level, err);
    case OPTION_LOG_FILE:
        options->log_file = true;
        return ERR_NONE;
    case OPTION_TRACE:
        options->trace_file = optarg;
        return ERR_NONE;
    case OPTION_STATES:
        options->print_states = true;
        return ERR_NONE;
    case OPTION_TRUST:
        options->trust = true;
        return ERR_NONE;
    case OPTION_SANDBOX:
        options->sandbox_report = true;
        return ERR_NONE;
    case OPTION_VERSION:
        options->show_version = true;
        return ERR_NONE;
    case OPTION_HELP:
        options->show_help = true;
        return ERR_NONE;
    default:
        return err_set(err, ERR_USAGE, "see ukeyd --help");
    }
}

/* Source: XDG Base Directory Specification 0.8 (relative paths are to be ignored). */
static char *xdg_folder(const char *variable, const char *below_home)
{
    const char *value = getenv(variable);
    const char *home = getenv("HOME");
    if (value != NULL && *value == '/')
        return memory_printf("%s/ukeyd", value);
    if (below_home != NULL && home != NULL && *home == '/')
        return memory_printf("%s/%s/ukeyd", home, below_home);
    return NULL;
}

static enum err_code fill_in(struct options *options, struct err *err)
{
    if (options->state_folder == NULL)
        options->state_folder = xdg_folder("XDG_DATA_HOME", ".local/share");
    if (options->runtime_folder == NULL)
        options->runtime_folder = xdg_folder("XDG_RUNTIME_DIR", NULL);
    if (options->state_folder == NULL)
        return err_set(err, ERR_USAGE, "no --state and no HOME");
    if (options->runtime_folder == NULL)
        return err_set(err, ERR_USAGE, "no --runtime and no XDG_RUNTIME_DIR");
    return ERR_NONE;
}

enum err_code options_parse(int argc, char **argv, struct options *out, struct err *err)
{
    struct options options = {.log_level = LOG_LEVEL_INFO};
    enum err_code code = ERR_NONE;
    int option;
    optind = 0; /* also when it is called again */
    opterr = 0;
    while (code == ERR_NONE && (option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
        code = take(&options, option, err);
    if (code == ERR_NONE && optind < argc)
        code = err_set(err, ERR_USAGE, "unexpected \"%s\"", argv[optind]);
    bool runs = !options.show_help && !options.show_version && !options.print_states &&
                !options.sandbox_report;
    if (code == ERR_NONE && runs)
        code = fill_in(&options, err);
    if (code != ERR_NONE) {
        options_done(&options);
        return code;
    }
    *out = options;
    return ERR_NONE;
}

void options_done(struct options *options)
{
    free(options->state_folder);
    free(options->runtime_folder);
    *options = (struct options){0};
}
