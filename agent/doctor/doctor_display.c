#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/child.h"
#include "agent/doctor/doctor_checks.h"
#include "agent/doctor/doctor_process.h"
#include "agent/doctor/doctor_units.h"
#include "base/file.h"

#define DEFAULT_PINENTRY "/usr/bin/pinentry"
#define X_SOCKETS "/tmp/.X11-unix/X"

/* ---- the program ---- */

/* Those with a window, best first, then those for a terminal. */
static const char *const graphical[] = {"/usr/bin/pinentry-qt", "/usr/bin/pinentry-gnome3",
                                        "/usr/bin/pinentry-gtk-2", "/usr/bin/pinentry-x11"};
static const char *const for_terminals[] = {"pinentry-curses", "pinentry-tty"};

static const char *alternative(const struct doctor_world *world)
{
    for (size_t i = 0; i < ARRAY_SIZE(graphical); i++)
        if (doctor_world_has(world, graphical[i]))
            return graphical[i];
    return "none";
}

static bool is_for_terminals(const char *program)
{
    char real[PATH_MAX];
    const char *name = realpath(program, real) == NULL ? program : real;
    const char *slash = strrchr(name, '/');
    for (size_t i = 0; i < ARRAY_SIZE(for_terminals); i++)
        if (strcmp(slash == NULL ? name : slash + 1, for_terminals[i]) == 0)
            return true;
    return false;
}

static void check_pinentry(const struct doctor_world *world, struct doctor_findings *findings)
{
    if (world->config == NULL)
        return; /* it may name another one */
    AUTO(memory_freep)
    char *program = world->config->pinentry != NULL ? memory_text(world->config->pinentry)
                                                    : doctor_world_path(world, DEFAULT_PINENTRY);
    doctor_findings_fact(findings, "pinentry", program);
    if (access(program, X_OK) != 0)
        doctor_findings_add(findings, DOCTOR_PINENTRY_MISSING, "%s: %s; installed: %s", program,
                            strerror(errno), alternative(world));
    else if (is_for_terminals(program))
        doctor_findings_add(findings, DOCTOR_PINENTRY_TEXT, "%s; installed: %s", program,
                            alternative(world));
}

/* ---- the desktop ---- */

static bool is_listening(const char *path, bool abstract)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t length = strlen(path);
    if (length + 2 > sizeof address.sun_path)
        return false;
    memcpy(address.sun_path + (abstract ? 1 : 0), path, length);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + 1);
    AUTO(file_closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return fd >= 0 && (connect(fd, (const void *)&address, size) == 0 || errno == EAGAIN);
}

/* ":1" and ":1.0"; a display of another host is taken for good. */
static bool x_answers(const char *display)
{
    char *end;
    if (*display != ':')
        return true;
    unsigned long number = strtoul(display + 1, &end, 10);
    if (end == display + 1)
        return false;
    AUTO(memory_freep) char *path = memory_printf(X_SOCKETS "%lu", number);
    return is_listening(path, false) || is_listening(path, true);
}

static bool wayland_answers(const char *display, const char *runtime)
{
    AUTO(memory_freep)
    char *path = *display == '/' ? memory_text(display)
                                 : memory_printf("%s/%s", runtime == NULL ? "" : runtime, display);
    return is_listening(path, false);
}

struct desktop {
    char *x, *wayland, *runtime;
};

static void desktop_done(struct desktop *desktop)
{
    free(desktop->x);
    free(desktop->wayland);
    free(desktop->runtime);
}

/* A variable in what `systemctl --user show-environment` prints; NULL: none. The caller frees. */
static char *variable_of(const char *output, const char *name)
{
    AUTO(memory_freep) char *wanted = memory_printf("\n%s=", name);
    AUTO(memory_freep) char *text = memory_printf("\n%s", output);
    const char *at = strstr(text, wanted);
    at = at == NULL ? NULL : at + strlen(wanted);
    return at == NULL ? NULL : memory_printf("%.*s", (int)strcspn(at, "\n"), at);
}

/* What a unit gets that the manager starts. */
static bool desktop_of_manager(const struct doctor_world *world, struct desktop *out)
{
    static const char *const arguments[] = {"--user", "show-environment", NULL};
    struct err ignored = ERR_INIT;
    AUTO(memory_freep) char *output = NULL;
    AUTO(memory_freep) char *program = doctor_world_path(world, DOCTOR_SYSTEMCTL);
    if (!doctor_units_manager() || child_run(program, arguments, &output, &ignored) != ERR_NONE)
        return false;
    out->x = variable_of(output, "DISPLAY");
    out->wayland = variable_of(output, "WAYLAND_DISPLAY");
    out->runtime = memory_text(getenv("XDG_RUNTIME_DIR"));
    return true;
}

/* The dialog gets the agent's desktop; where that can't be seen, the user manager's or this process's is taken
 * for it. */
static const char *desktop_of(const struct doctor_world *world, struct desktop *out)
{
    bool known = false;
    struct doctor_process processes[DOCTOR_PROCESSES_MAX];
    if (doctor_world_agent_runs(world) && doctor_process_find(world, "ukeyd", processes) == 1) {
        pid_t pid = processes[0].pid;
        out->x = doctor_process_variable(world, pid, "DISPLAY", &known);
        out->wayland = doctor_process_variable(world, pid, "WAYLAND_DISPLAY", &known);
        out->runtime = doctor_process_variable(world, pid, "XDG_RUNTIME_DIR", &known);
    }
    if (known)
        return "the agent";
    if (getenv("DISPLAY") == NULL && getenv("WAYLAND_DISPLAY") == NULL &&
        desktop_of_manager(world, out))
        return "the user manager";
    out->x = memory_text(getenv("DISPLAY"));
    out->wayland = memory_text(getenv("WAYLAND_DISPLAY"));
    out->runtime = memory_text(getenv("XDG_RUNTIME_DIR"));
    return "this session";
}

static bool is_set(const char *value)
{
    return value != NULL && *value != '\0';
}

static void check_desktop(const struct doctor_world *world, struct doctor_findings *findings)
{
    AUTO(desktop_done) struct desktop desktop = {0};
    const char *whose = desktop_of(world, &desktop);
    doctor_findings_fact(findings, "display", desktop.x);
    doctor_findings_fact(findings, "wayland_display", desktop.wayland);
    if (!is_set(desktop.x) && !is_set(desktop.wayland)) {
        doctor_findings_add(findings, DOCTOR_NO_DISPLAY,
                            "%s has neither DISPLAY nor WAYLAND_DISPLAY", whose);
        return;
    }
    if ((is_set(desktop.wayland) && wayland_answers(desktop.wayland, desktop.runtime)) ||
        (is_set(desktop.x) && x_answers(desktop.x)))
        return;
    doctor_findings_add(findings, DOCTOR_DISPLAY_GONE, "nobody answers at %s of %s",
                        is_set(desktop.wayland) ? desktop.wayland : desktop.x, whose);
}

void doctor_display_check(const struct doctor_world *world, struct doctor_findings *findings)
{
    check_pinentry(world, findings);
    check_desktop(world, findings);
}
