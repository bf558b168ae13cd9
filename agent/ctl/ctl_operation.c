#include "agent/ctl/ctl_operation.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/ctl/ctl_interrupt.h"
#include "agent/ctl/ctl_progress.h"
#include "agent/ctl/ctl_show.h"

/* As the agent takes it. Source: docs/api/local.md. */
#define TICKET_BYTES_MAX 256
#define OPERATION_ID_DIGITS 32
#define REQUEST_SECONDS 15
/* One wait for a change; the agent allows 60. */
/* What the agent takes as a version. */
#define VERSION_MAX 999999999
#define WAIT_SECONDS 25
/* An agent that restarts is back within seconds, and goes on with the operation. */
#define RECONNECTS_MAX 10
#define RECONNECT_SECONDS 1

/* ---- the ticket ---- */

/* The first line of standard input without its end, at most size - 1 bytes; false when it is longer. */
static bool read_line(char *out, size_t size)
{
    size_t length = 0;
    for (;;) {
        char c;
        ssize_t got = read(STDIN_FILENO, &c, 1);
        if (got < 0 && errno == EINTR && ctl_interrupt_count() == 0)
            continue;
        if (got <= 0 || c == '\n')
            break;
        if (length == size - 1)
            return false;
        out[length++] = c;
    }
    if (length > 0 && out[length - 1] == '\r')
        length--;
    out[length] = '\0';
    return true;
}

static enum err_code read_ticket(const struct ctl *ctl, char out[TICKET_BYTES_MAX + 1],
                                 struct err *err)
{
    if (isatty(STDIN_FILENO))
        fputs(ctl->options->lang == LANG_EN ? "Ticket of the platform: "
                                            : "请输入平台给出的操作凭据：",
              stderr);
    if (!read_line(out, TICKET_BYTES_MAX + 1))
        return err_set(err, ERR_USAGE, "the ticket has more than %d bytes", TICKET_BYTES_MAX);
    if (ctl_interrupt_count() > 0)
        return err_set(err, ERR_CANCELLED, "interrupted");
    if (out[0] == '\0')
        return err_set(err, ERR_USAGE, "no ticket: give --ticket or pipe one in");
    return ERR_NONE;
}

/* ---- requests ---- */

static enum err_code start(struct ctl *ctl, const char *kind, const char *ticket, struct json **out,
                           struct err *err)
{
    AUTO(json_freep) struct json *body = json_new_object();
    json_add_text(body, "kind", kind);
    if (ticket != NULL)
        json_add_text(body, "ticket", ticket);
    if (ctl->options->platform != NULL)
        json_add_text(body, "platform", ctl->options->platform);
    if (ctl->options->token != NULL)
        json_add_text(body, "token", ctl->options->token);
    const struct ctl_request request = {"POST", "/v1/operations", body, REQUEST_SECONDS, 0};
    return ctl_client_request(ctl->client, &request, out, err);
}

/* The operation's path; the caller frees. */
static enum err_code path_of(const struct json *operation, char **out, struct err *err)
{
    const char *id = json_text_of(json_member(operation, "id"));
    if (id == NULL || strlen(id) != OPERATION_ID_DIGITS ||
        strspn(id, "0123456789abcdefABCDEF") != OPERATION_ID_DIGITS)
        return err_set(err, ERR_INTERNAL, "the agent named no operation");
    *out = memory_printf("/v1/operations/%s", id);
    return ERR_NONE;
}

/* The state that was shown last, so that no change between two requests is missed. */
static int64_t version_of(const struct json *operation)
{
    int64_t version = 0;
    struct err ignored = ERR_INIT; /* 0 waits for the next change */
    const struct json_field field = {"version", JSON_INTEGER, false, VERSION_MAX, &version};
    return json_read(operation, &field, 1, JSON_UNKNOWN_IGNORED, &ignored) == ERR_NONE ? version
                                                                                       : 0;
}

/* *out is written when it answered; an agent that is away for a moment is waited for. */
static enum err_code wait_for_change(struct ctl *ctl, const char *path, int64_t seen,
                                     int interrupts, struct json **out, struct err *err)
{
    AUTO(memory_freep)
    char *full = memory_printf("%s?wait=%d&version=%lld", path, WAIT_SECONDS, (long long)seen);
    const struct ctl_request request = {"GET", full, NULL, WAIT_SECONDS + REQUEST_SECONDS,
                                        interrupts};
    for (int attempt = 0;; attempt++) {
        enum err_code code = ctl_client_request(ctl->client, &request, out, err);
        if (code != ERR_AGENT_UNREACHABLE)
            return code;
        if (attempt == RECONNECTS_MAX)
            return err_add(err, "the operation may go on; see ukeyctl operations");
        sleep(RECONNECT_SECONDS); /* a signal ends it early, which the next request notices */
    }
}

/* What came of Ctrl-C is told at once; the operation itself then ends as it may. */
static void cancel(struct ctl *ctl, const char *path, int interrupts, struct ctl_progress *progress)
{
    struct err err = ERR_INIT;
    enum lang lang = ctl->options->lang;
    AUTO(json_freep) struct json *body = json_new_object();
    AUTO(json_freep) struct json *answer = NULL;
    AUTO(memory_freep) char *full = memory_printf("%s/cancel", path);
    const struct ctl_request request = {"POST", full, body, REQUEST_SECONDS, interrupts};
    enum err_code code = ctl_client_request(ctl->client, &request, &answer, &err);
    ctl_progress_end(progress);
    if (code == ERR_NONE)
        fputs(lang == LANG_EN ? "Cancelling ...\n" : "正在取消操作……\n", stderr);
    else
        ctl_show_err(stderr, &err, lang);
}

/* ---- the end ---- */

static bool is_over(const struct json *operation)
{
    static const char *const states[] = {"done", "failed", "cancelled", "unconfirmed"};
    const char *state = json_text_of(json_member(operation, "state"));
    for (size_t i = 0; state != NULL && i < ARRAY_SIZE(states); i++)
        if (strcmp(states[i], state) == 0)
            return true;
    return false;
}

/* Until it is over; *operation is replaced by each newer state of it. */
static enum err_code follow(struct ctl *ctl, struct ctl_progress *progress, struct json **operation,
                            struct err *err)
{
    AUTO(memory_freep) char *path = NULL;
    int interrupts = 0; /* dealt with */
    if (path_of(*operation, &path, err) != ERR_NONE)
        return err->code;
    while (!is_over(*operation)) {
        struct json *newer = NULL;
        if (!ctl_wants_json(ctl))
            ctl_progress_show(progress, *operation);
        enum err_code code =
            wait_for_change(ctl, path, version_of(*operation), interrupts, &newer, err);
        if (code == ERR_CANCELLED && interrupts++ > 0)
            return err_set(err, ERR_CANCELLED, "left; see ukeyctl operations");
        if (code == ERR_CANCELLED)
            cancel(ctl, path, interrupts, progress);
        else if (code != ERR_NONE)
            return code;
        if (newer == NULL)
            continue;
        json_free(*operation);
        *operation = newer;
    }
    return ERR_NONE;
}

/* The error of an operation that is over; ERR_NONE when it ended well. */
static enum err_code outcome(const struct json *operation, struct err *err)
{
    const struct json *problem = json_member(operation, "error");
    const char *state = json_text_of(json_member(operation, "state"));
    if (strcmp(state, "done") == 0)
        return ERR_NONE;
    if (json_is_object(problem))
        ctl_client_problem(problem, err);
    else if (strcmp(state, "unconfirmed") == 0)
        err_set(err, ERR_WRITTEN_NOT_CONFIRMED, "the platform has not acknowledged");
    else if (strcmp(state, "cancelled") == 0)
        err_set(err, ERR_CANCELLED, "cancelled");
    else
        err_set(err, ERR_INTERNAL, "the operation failed without a reason");
    return err->code;
}

/* *operation is replaced by newer states of it. */
static enum err_code see_to_its_end(struct ctl *ctl, struct json **operation, struct err *err)
{
    AUTO(ctl_progress_done)
    struct ctl_progress progress =
        CTL_PROGRESS_INIT(stderr, ctl->options->lang, isatty(STDERR_FILENO));
    if (follow(ctl, &progress, operation, err) != ERR_NONE)
        return err->code;
    ctl_progress_end(&progress);
    if (ctl_wants_json(ctl))
        ctl_print_json(ctl, *operation);
    if (outcome(*operation, err) != ERR_NONE)
        return err->code;
    if (!ctl_wants_json(ctl))
        ctl_show_result(stdout, *operation, ctl->options->lang);
    return ERR_NONE;
}

static enum err_code run(struct ctl *ctl, const char *kind, const char *ticket, struct err *err)
{
    AUTO(json_freep) struct json *operation = NULL;
    if (start(ctl, kind, ticket, &operation, err) != ERR_NONE)
        return err->code;
    return see_to_its_end(ctl, &operation, err);
}

enum err_code ctl_operation_check(struct ctl *ctl, struct err *err)
{
    ctl_interrupt_catch();
    return run(ctl, "check", ctl->options->ticket, err);
}

static enum err_code run_for_platform(struct ctl *ctl, const char *kind, struct err *err)
{
    char typed[TICKET_BYTES_MAX + 1];
    const char *ticket = ctl->options->ticket;
    if (ctl->options->platform == NULL)
        return err_set(err, ERR_USAGE, "%s needs --platform", kind);
    ctl_interrupt_catch();
    if (ticket == NULL) {
        if (read_ticket(ctl, typed, err) != ERR_NONE)
            return err->code;
        ticket = typed;
    }
    return run(ctl, kind, ticket, err);
}

enum err_code ctl_operation_renew(struct ctl *ctl, struct err *err)
{
    return run_for_platform(ctl, "renew", err);
}

enum err_code ctl_operation_extend_seal(struct ctl *ctl, struct err *err)
{
    return run_for_platform(ctl, "extend-seal", err);
}

enum err_code ctl_operation_reset_pin(struct ctl *ctl, struct err *err)
{
    return run_for_platform(ctl, "reset-pin", err);
}

/* POST to the operation of the command's second word. */
static enum err_code post_to(struct ctl *ctl, const char *action, struct json **out,
                             struct err *err)
{
    AUTO(json_freep) struct json *body = json_new_object();
    AUTO(json_freep) struct json *named = json_new_object();
    AUTO(memory_freep) char *path = NULL;
    if (ctl->options->word_count < 2)
        return err_set(err, ERR_USAGE, "%s needs the operation's id: see ukeyctl operations",
                       action);
    json_add_text(named, "id", ctl->options->words[1]);
    if (path_of(named, &path, err) != ERR_NONE)
        return err_set(err, ERR_USAGE, "an operation's id has %d hexadecimal digits",
                       OPERATION_ID_DIGITS);
    AUTO(memory_freep) char *full = memory_printf("%s/%s", path, action);
    const struct ctl_request request = {"POST", full, body, REQUEST_SECONDS, 0};
    return ctl_client_request(ctl->client, &request, out, err);
}

enum err_code ctl_operation_resume(struct ctl *ctl, struct err *err)
{
    AUTO(json_freep) struct json *operation = NULL;
    ctl_interrupt_catch();
    if (post_to(ctl, "resume", &operation, err) != ERR_NONE)
        return err->code;
    return see_to_its_end(ctl, &operation, err);
}

enum err_code ctl_operation_abandon(struct ctl *ctl, struct err *err)
{
    AUTO(json_freep) struct json *operation = NULL;
    if (post_to(ctl, "abandon", &operation, err) != ERR_NONE)
        return err->code;
    if (ctl_wants_json(ctl))
        ctl_print_json(ctl, operation);
    else
        puts(ctl->options->lang == LANG_EN ? "Given up." : "已放弃。");
    return ERR_NONE;
}

enum err_code ctl_operation_change_pin(struct ctl *ctl, struct err *err)
{
    ctl_interrupt_catch();
    return run(ctl, "change-pin", NULL, err);
}
