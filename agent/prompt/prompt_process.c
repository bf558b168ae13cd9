#include "agent/prompt/prompt_process.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"

/* A toolkit needs some milliseconds to take its window down. */
#define TERM_GRACE_MS 500

/* What a dialog needs to reach the display, the input method's bus and its texts; nothing else of the
 * agent's environment. */
static const char *const passed_on[] = {
    "DISPLAY",    "WAYLAND_DISPLAY",
    "XAUTHORITY", "DBUS_SESSION_BUS_ADDRESS",
    "XDG_",       "HOME",
    "LANG",       "LC_",
    "LANGUAGE",   "TERM",
    NULL,
};

enum err_code prompt_process_task(const char *program, struct launch_task *out, struct err *err)
{
    if (program == NULL)
        program = PROMPT_PROCESS_PROGRAM;
    if (program[0] != '/')
        return err_set(err, ERR_CONFIG, "pinentry: not an absolute path: %s", program);
    *out = (struct launch_task){.program = program, .passed_on = passed_on};
    return ERR_NONE;
}

static enum err_code start(struct launch *launch, size_t task, int theirs, struct launched *out,
                           struct err *err)
{
    if (launch_ask(launch, task, theirs, out, err) == ERR_NONE &&
        launched_wait_started(out, err) == ERR_NONE)
        return ERR_NONE;
    launched_done(out);
    err->code = ERR_PROMPT_UNAVAILABLE;
    return err->code;
}

/* A socket instead of two pipes: writing to a dialog that died must not raise SIGPIPE. */
enum err_code prompt_process_start(struct launch *launch, size_t task, struct prompt_process *out,
                                   struct err *err)
{
    int pair[2];
    struct launched launched = LAUNCHED_NONE;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return err_set_errno(err, ERR_PROMPT_UNAVAILABLE, "make a socket pair");
    AUTO(file_closep) int ours = pair[0];
    AUTO(file_closep) int theirs = pair[1];
    if (start(launch, task, theirs, &launched, err) != ERR_NONE)
        return err->code;
    *out = (struct prompt_process){.launched = launched, .fd = ours};
    ours = -1;
    return ERR_NONE;
}

static void make_leave(struct launched *launched, int grace_ms)
{
    if (launched_wait_ended(launched, deadline_in_ms(grace_ms)))
        return;
    launched_signal(launched, SIGTERM);
    if (launched_wait_ended(launched, deadline_in_ms(TERM_GRACE_MS)))
        return;
    launched_signal(launched, SIGKILL);
    launched_wait_ended(launched, DEADLINE_NEVER);
}

void prompt_process_end(struct prompt_process *process, int grace_ms)
{
    file_closep(&process->fd);
    if (process->launched.channel < 0)
        return;
    make_leave(&process->launched, grace_ms);
    launched_done(&process->launched);
}
