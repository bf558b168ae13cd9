#include "agent/proxy/proxy_finder.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/child.h"
#include "agent/proxy/proxy_login.h"
#include "agent/proxy/proxy_wire.h"
#include "base/file.h"
#include "base/log.h"

/* The task's own deadline is that of gsettings. */
#define ASK_MS (CHILD_MS + 2000)

struct proxy_finder {
    struct launch *launch;
    size_t task;
    pthread_mutex_t
        lock; /* guards the rest; held while the task is asked, so that it is asked once */
    bool known;
    int64_t until_ms;
    struct proxy_told told;
};

/* ---- the task, in a process of its own ---- */

static void look(const char *login_file, struct proxy_told *out)
{
    struct err err = ERR_INIT;
    struct proxy_desktop none = {0};
    if (proxy_desktop_read(&out->desktop, &err) != ERR_NONE)
        log_err("proxy", "read the desktop's settings", &err);
    if (proxy_login_read(login_file, &none, &out->login, &err) != ERR_NONE) {
        out->login_wrong = memory_text(err.detail);
        return;
    }
    if (out->login != NULL)
        return;
    if (proxy_login_read(login_file, &out->desktop, &out->login, &err) != ERR_NONE)
        log_err("proxy", "take the desktop's log-in", &err);
    out->login_desktops = out->login != NULL;
}

static int tell(const void *context)
{
    struct err err = ERR_INIT;
    AUTO(proxy_told_done) struct proxy_told told = {0};
    look(context, &told);
    if (proxy_wire_send(STDOUT_FILENO, &told, &err) == ERR_NONE)
        return EXIT_SUCCESS;
    log_err("proxy", "tell of the proxy", &err);
    return EXIT_FAILURE;
}

struct launch_task proxy_finder_task(const char *login_file)
{
    return (struct launch_task){.function = tell, .context = login_file};
}

/* ---- the agent's side ---- */

struct proxy_finder *proxy_finder_new(struct launch *launch, size_t task)
{
    struct proxy_finder *finder = memory_new(sizeof *finder);
    finder->launch = launch;
    finder->task = task;
    pthread_mutex_init(&finder->lock, NULL);
    return finder;
}

void proxy_finder_free(struct proxy_finder *finder)
{
    if (finder == NULL)
        return;
    proxy_told_done(&finder->told);
    pthread_mutex_destroy(&finder->lock);
    free(finder);
}

struct pair {
    int ours, theirs;
};

static void pair_done(struct pair *pair)
{
    file_closep(&pair->ours);
    file_closep(&pair->theirs);
}

static enum err_code ask(struct proxy_finder *finder, struct proxy_told *out, struct err *err)
{
    AUTO(launched_done) struct launched launched = LAUNCHED_NONE;
    AUTO(pair_done) struct pair pair = {-1, -1};
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
        return err_set_errno(err, ERR_INTERNAL, "make a pair of sockets");
    pair = (struct pair){fds[0], fds[1]};
    if (launch_ask(finder->launch, finder->task, pair.theirs, &launched, err) != ERR_NONE)
        return err->code;
    file_closep(&pair.theirs);
    return proxy_wire_receive(pair.ours, deadline_in_ms(ASK_MS), out, err);
}

/* A desktop that does not tell counts as one that has no proxy. */
static void refresh(struct proxy_finder *finder)
{
    struct err err = ERR_INIT;
    struct proxy_told told = {0};
    if (finder->known && clock_monotonic_ms() < finder->until_ms)
        return;
    if (ask(finder, &told, &err) != ERR_NONE)
        log_err("proxy", "ask for the desktop's proxy", &err);
    proxy_told_done(&finder->told);
    finder->told = told;
    finder->known = true;
    finder->until_ms = clock_monotonic_ms() + (int64_t)PROXY_FINDER_SECONDS * 1000;
}

static enum err_code copy_login(const struct secret *login, struct secret **out, struct err *err)
{
    struct span bytes = secret_peek(login);
    if (secret_new(bytes.len, out, err) != ERR_NONE)
        return err->code;
    memcpy(secret_room(*out), bytes.at, bytes.len);
    secret_set_length(*out, bytes.len);
    return ERR_NONE;
}

static enum err_code choose(const struct proxy_finder *finder, const char *platform,
                            const char *agent, struct proxy *out, struct secret **out_login,
                            struct err *err)
{
    const struct proxy_told *told = &finder->told;
    AUTO(proxy_done) struct proxy proxy = {0};
    AUTO(secret_freep) struct secret *login = NULL;
    proxy_choose(platform, agent, &told->desktop, &proxy);
    bool used = *proxy.url != '\0';
    if (used && told->login_wrong != NULL)
        return err_set(err, ERR_PLATFORM_PROXY, "%s", told->login_wrong);
    if (used && told->login != NULL && (!told->login_desktops || proxy.source == PROXY_DESKTOP) &&
        copy_login(told->login, &login, err) != ERR_NONE)
        return err->code;
    *out = proxy;
    proxy = (struct proxy){0};
    *out_login = TAKE(login);
    return ERR_NONE;
}

enum err_code proxy_finder_find(struct proxy_finder *finder, const char *platform,
                                const char *agent, struct proxy *out, struct secret **out_login,
                                struct err *err)
{
    pthread_mutex_lock(&finder->lock);
    const char *configured = platform != NULL ? platform : agent;
    bool off = configured != NULL && (*configured == '\0' || strcmp(configured, PROXY_OFF) == 0);
    if (!off)
        refresh(finder);
    enum err_code code = choose(finder, platform, agent, out, out_login, err);
    pthread_mutex_unlock(&finder->lock);
    return code;
}
