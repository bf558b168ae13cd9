#include "token/virtual/sim_commands.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "token/virtual/sim_options.h"
#include "token/virtual/virtual_control.h"
#include "token/virtual/virtual_vpcd.h"

#define DEFAULT_PORT 35963 /* of Debian's vpcd */
#define TRACE_MODE 0600

struct run_wish {
    const char *state;
    int64_t port;
    const char *host;
    const char *trace;
    const char *control;
    bool removed;
    const char *latency;
};

struct run {
    struct loop *loop;
    struct virtual_vpcd *vpcd;
};

/* ---- control ---- */

static struct json *good(void)
{
    struct json *answer = json_new_object();
    json_add_bool(answer, "ok", true);
    return answer;
}

static struct json *bad(const struct err *err)
{
    struct json *answer = json_new_object();
    json_add_bool(answer, "ok", false);
    json_add_text(answer, "code", err_code_text(err->code));
    json_add_text(answer, "detail", err->detail);
    return answer;
}

static struct json *do_insert(struct run *run, const char *argument)
{
    (void)argument;
    virtual_vpcd_insert(run->vpcd);
    return good();
}

static struct json *do_remove(struct run *run, const char *argument)
{
    (void)argument;
    virtual_vpcd_remove(run->vpcd);
    return good();
}

static struct json *do_swap(struct run *run, const char *argument)
{
    struct err err = ERR_INIT;
    struct virtual_card *card = NULL;
    if (virtual_card_load(argument, &card, &err) != ERR_NONE)
        return bad(&err);
    virtual_vpcd_swap(run->vpcd, card);
    return good();
}

static struct json *do_stats(struct run *run, const char *argument)
{
    struct json *answer = virtual_vpcd_stats(run->vpcd);
    json_add_bool(answer, "ok", true);
    if (strcmp(argument, "clear") == 0)
        virtual_vpcd_clear_stats(run->vpcd);
    return answer;
}

static struct json *do_fault(struct run *run, const char *argument)
{
    struct err err = ERR_INIT;
    if (virtual_fault_add_text(virtual_vpcd_faults(run->vpcd), argument, &err) != ERR_NONE)
        return bad(&err);
    return good();
}

static struct json *do_quit(struct run *run, const char *argument)
{
    (void)argument;
    loop_stop(run->loop);
    return good();
}

static const struct {
    const char *word;
    bool needs_argument;
    struct json *(*function)(struct run *, const char *);
} controls[] = {
    {"insert", false, do_insert}, {"remove", false, do_remove}, {"swap", true, do_swap},
    {"stats", false, do_stats},   {"fault", true, do_fault},    {"quit", false, do_quit},
};

static struct json *on_line(void *context, const char *line)
{
    struct err err = ERR_INIT;
    size_t len = strcspn(line, " ");
    const char *argument = line[len] == ' ' ? line + len + 1 : "";
    for (size_t i = 0; i < ARRAY_SIZE(controls); i++)
        if (strlen(controls[i].word) == len && strncmp(controls[i].word, line, len) == 0 &&
            (!controls[i].needs_argument || *argument != '\0'))
            return controls[i].function(context, argument);
    err_set(&err, ERR_USAGE, "insert, remove, swap FILE, stats [clear], fault ..., quit");
    return bad(&err);
}

/* ---- running ---- */

static void on_signal(void *context, uint32_t events)
{
    (void)events;
    loop_stop(context);
}

static int open_signals(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

static enum err_code read_wish(const char *const *arguments, int count, struct run_wish *wish,
                               struct err *err)
{
    const struct sim_option options[] = {
        {"state", SIM_OPTION_TEXT, .required = true, .out = &wish->state},
        {"port", SIM_OPTION_NUMBER, .min = 1, .max = 65535, .out = &wish->port},
        {"host", SIM_OPTION_TEXT, .out = &wish->host},
        {"trace", SIM_OPTION_TEXT, .out = &wish->trace},
        {"control", SIM_OPTION_TEXT, .out = &wish->control},
        {"removed", SIM_OPTION_FLAG, .out = &wish->removed},
        {"latency", SIM_OPTION_TEXT, .out = &wish->latency},
    };
    if (sim_options_read(options, ARRAY_SIZE(options), arguments, count, NULL, err) != ERR_NONE)
        return err->code;
    if (strcmp(wish->latency, "none") != 0 && strcmp(wish->latency, "real") != 0)
        return err_set(err, ERR_USAGE, "--latency: none or real");
    return ERR_NONE;
}

static enum err_code open_trace(const char *path, int *out, struct err *err)
{
    if (path == NULL)
        return ERR_NONE;
    *out = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, TRACE_MODE);
    return *out >= 0 ? ERR_NONE : err_set_errno(err, ERR_FILE, path);
}

static enum err_code run_loop(struct run *run, const struct run_wish *wish, int signals,
                              struct err *err)
{
    AUTO(virtual_control_freep) struct virtual_control *control = NULL;
    if (wish->control != NULL &&
        virtual_control_open(run->loop, wish->control, on_line, run, &control, err) != ERR_NONE)
        return err->code;
    struct loop_watch *watch = loop_watch_new(run->loop, signals, EPOLLIN, on_signal, run->loop);
    enum err_code code = loop_run(run->loop, err);
    loop_watch_free(watch);
    return code;
}

enum err_code sim_run(const char *const *arguments, int count, struct err *err)
{
    struct run_wish wish = {.port = DEFAULT_PORT, .host = "127.0.0.1", .latency = "none"};
    AUTO(file_closep) int trace_fd = -1;
    AUTO(loop_freep) struct loop *loop = NULL;
    AUTO(virtual_vpcd_freep) struct virtual_vpcd *vpcd = NULL;
    struct virtual_card *card = NULL;
    if (read_wish(arguments, count, &wish, err) != ERR_NONE ||
        open_trace(wish.trace, &trace_fd, err) != ERR_NONE || loop_new(&loop, err) != ERR_NONE)
        return err->code;
    AUTO(file_closep) int signals = open_signals();
    if (signals < 0)
        return err_set_errno(err, ERR_INTERNAL, "wait for signals");
    if (virtual_card_load(wish.state, &card, err) != ERR_NONE)
        return err->code;
    const struct virtual_vpcd_options options = {
        .host = wish.host,
        .port = (uint16_t)wish.port,
        .removed = wish.removed,
        .real_latency = strcmp(wish.latency, "real") == 0,
        .trace_fd = trace_fd,
    };
    log_info("ukey-sim", "%s for the reader at %s port %d", virtual_card_serial(card), wish.host,
             (int)wish.port);
    if (virtual_vpcd_open(loop, card, &options, &vpcd, err) != ERR_NONE)
        return err->code;
    struct run run = {loop, vpcd};
    return run_loop(&run, &wish, signals, err);
}
