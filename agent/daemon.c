#include "agent/daemon.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "agent/config_roots.h"
#include "agent/ops/ops_setup.h"
#include "agent/prompt/prompt_process.h"
#include "agent/proxy/proxy_finder.h"
#include "agent/sandbox/sandbox.h"
#include "agent/sandbox/sandbox_folder.h"
#include "agent/trust/trust_keeper.h"
#include "agent/web/web.h"
#include "agent/web/web_listen.h"
#include "base/file.h"

/* Two ports, each on IPv4 and IPv6, and the Unix socket. */
#define INHERITED_MAX 5
/* For the databases of three browsers on a slow disk; then the first answer comes before the trust. */
#define FIRST_TRUST_MS 5000

/* What the launcher can start. */
enum task { TASK_PINENTRY, TASK_TRUST, TASK_PROXY, TASK_COUNT };

/* Everything that lives as long as the agent, in the order in which it comes up. */
struct daemon {
    struct config *config;
    struct trust_keeper_folders folders;
    struct launch *launch;
    struct loop *loop;
    struct loop_watch *launch_watch;
    bool launcher_lost;
    int signal_fd;
    struct loop_watch *signal_watch;
    struct token_settings token_settings;
    FILE *trace;
    struct token_monitor *monitor;
    struct remote *remote;
    struct proxy_finder *proxy;
    struct prompt *prompt;
    char *journal_file;
    size_t platform_count;
    struct ops_platform platforms[CONFIG_PLATFORMS_MAX];
    struct chain_roots *roots[CONFIG_PLATFORMS_MAX]; /* of the platforms */
    struct chain_roots *seal_roots[CONFIG_PLATFORMS_MAX]; /* NULL: of those that name none */
    struct ops *ops;
    struct trust_keeper *trust;
    struct web *web;
};

static void daemon_done(struct daemon *daemon)
{
    web_free(daemon->web);
    trust_keeper_free(daemon->trust);
    ops_free(daemon->ops);
    token_monitor_free(daemon->monitor);
    if (daemon->trace != NULL)
        fclose(daemon->trace);
    remote_http_free(daemon->remote);
    proxy_finder_free(daemon->proxy);
    prompt_pinentry_free(daemon->prompt);
    for (size_t i = 0; i < daemon->platform_count; i++) {
        chain_roots_free(daemon->roots[i]);
        chain_roots_free(daemon->seal_roots[i]);
    }
    loop_watch_free(daemon->launch_watch);
    launch_free(daemon->launch);
    loop_watch_free(daemon->signal_watch);
    file_closep(&daemon->signal_fd);
    loop_free(daemon->loop);
    config_free(daemon->config);
    free(daemon->journal_file);
}

/* ---- the launcher ---- */

/* Before anything foreign is read, and while there is one thread. */
static enum err_code start_launcher(struct daemon *daemon, const struct options *options,
                                    struct err *err)
{
    struct launch_task tasks[TASK_COUNT];
    daemon->folders = (struct trust_keeper_folders){options->state_folder, options->runtime_folder,
                                                    options->trust};
    if (prompt_process_task(daemon->config->pinentry, &tasks[TASK_PINENTRY], err) != ERR_NONE)
        return err->code;
    tasks[TASK_TRUST] = trust_keeper_task(&daemon->folders);
    tasks[TASK_PROXY] = proxy_finder_task(daemon->config->proxy_login);
    return launch_new(tasks, TASK_COUNT, &daemon->launch, err);
}

/* Without it no dialog opens: the service manager starts both anew. */
static void on_launcher_lost(void *context, uint32_t events)
{
    struct daemon *daemon = context;
    (void)events;
    daemon->launcher_lost = true;
    loop_stop(daemon->loop);
}

/* ---- the process ---- */

static void on_signal(void *context, uint32_t events)
{
    struct daemon *daemon = context;
    (void)events;
    struct signalfd_siginfo info;
    if (read(daemon->signal_fd, &info, sizeof info) == sizeof info)
        log_info("ukeyd", "ending on signal %u", info.ssi_signo);
    loop_stop(daemon->loop);
}

/* Signals become events of the loop. */
static enum err_code set_up_process(struct daemon *daemon, struct err *err)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    signal(SIGPIPE, SIG_IGN);
    if (sigprocmask(SIG_BLOCK, &signals, NULL) != 0)
        return err_set_errno(err, ERR_INTERNAL, "set up the process");
    daemon->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (daemon->signal_fd < 0)
        return err_set_errno(err, ERR_INTERNAL, "make a signalfd");
    daemon->signal_watch =
        loop_watch_new(daemon->loop, daemon->signal_fd, EPOLLIN, on_signal, daemon);
    daemon->launch_watch =
        loop_watch_new(daemon->loop, launch_fd(daemon->launch), EPOLLIN, on_launcher_lost, daemon);
    return ERR_NONE;
}

/* ---- platforms ---- */

static enum err_code find_way(void *context, const char *proxy, struct remote_way *out,
                              struct err *err)
{
    struct daemon *daemon = context;
    AUTO(proxy_done) struct proxy found = {0};
    if (proxy_finder_find(daemon->proxy, proxy, daemon->config->proxy, &found, &out->login, err) !=
        ERR_NONE)
        return err->code;
    out->proxy = TAKE(found.url);
    out->no_proxy = TAKE(found.no_proxy);
    return ERR_NONE;
}

/* A platform whose roots can't be read is left out, and said so: the others go on working. */
static void add_platform(struct daemon *daemon, const struct config_platform *config)
{
    AUTO(chain_roots_freep) struct chain_roots *roots = NULL;
    AUTO(chain_roots_freep) struct chain_roots *seal_roots = NULL;
    struct err err = ERR_INIT;
    if (config_roots_read(config, &roots, &seal_roots, &err) != ERR_NONE) {
        log_err("ukeyd", "read the roots", &err);
        return;
    }
    size_t index = daemon->platform_count++;
    daemon->platforms[index] = (struct ops_platform){
        .id = config->id,
        .origin = config->origin,
        .remote =
            {
                .name = config->name,
                .base_url = config->api,
                .ca_file = config->tls_ca,
                .proxy = config->proxy,
                .find_way = find_way,
                .way_context = daemon,
            },
        .roots = roots,
        .seal_roots = seal_roots,
    };
    daemon->roots[index] = TAKE(roots);
    daemon->seal_roots[index] = TAKE(seal_roots);
}

static bool origin_listed(void *context, const char *origin)
{
    const struct daemon *daemon = context;
    for (size_t i = 0; i < daemon->platform_count; i++)
        if (strcmp(daemon->platforms[i].origin, origin) == 0)
            return true;
    return false;
}

/* ---- the parts ---- */

static void on_keys_changed(void *context)
{
    struct daemon *daemon = context;
    if (daemon->ops != NULL)
        ops_keys_changed(daemon->ops);
}

static enum err_code set_up_edges(struct daemon *daemon, struct err *err)
{
    const struct config *config = daemon->config;
    daemon->token_settings.profile_folder =
        config->profile_folder != NULL ? config->profile_folder : CONFIG_PROFILE_FOLDER;
    if (token_settings_check(&daemon->token_settings, err) != ERR_NONE ||
        token_monitor_new(daemon->loop, &daemon->token_settings, on_keys_changed, daemon,
                          &daemon->monitor, err) != ERR_NONE ||
        remote_http_new(&daemon->remote, err) != ERR_NONE)
        return err->code;
    daemon->proxy = proxy_finder_new(daemon->launch, TASK_PROXY);
    daemon->prompt =
        prompt_pinentry_new(daemon->launch, TASK_PINENTRY, text_lang_from_environment());
    if (daemon->trace != NULL)
        token_monitor_set_trace(daemon->monitor, daemon->trace);
    return ERR_NONE;
}

static enum err_code open_trace(struct daemon *daemon, const struct options *options,
                                struct err *err)
{
    if (options->trace_file == NULL)
        return ERR_NONE;
    int fd =
        open(options->trace_file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    daemon->trace = fd < 0 ? NULL : fdopen(fd, "a");
    if (daemon->trace == NULL) {
        err_set_errno(err, ERR_FILE, "open the trace");
        file_closep(&fd);
        return err_add(err, "%s", options->trace_file);
    }
    setvbuf(daemon->trace, NULL, _IOLBF, 0);
    return ERR_NONE;
}

static enum err_code set_up_ops(struct daemon *daemon, const struct options *options,
                                struct err *err)
{
    daemon->journal_file = file_join(options->state_folder, "journal.db");
    const struct ops_options ops_options = {
        .loop = daemon->loop,
        .source = token_monitor_source(daemon->monitor),
        .remote = daemon->remote,
        .prompt = daemon->prompt,
        .journal_file = daemon->journal_file,
        .platforms = daemon->platforms,
        .platform_count = daemon->platform_count,
        .due = {DUE_WINDOW_DAYS_DEFAULT, DUE_GRACE_DAYS_DEFAULT},
        .prompt_seconds = daemon->config->prompt_seconds,
    };
    return ops_new(&ops_options, &daemon->ops, err);
}

/* The listening sockets that systemd hands over. Source: sd_listen_fds(3). */
static enum err_code take_inherited(struct web_inherited out[INHERITED_MAX], size_t *out_count,
                                    struct err *err)
{
    int count = sd_listen_fds(1);
    if (count > INHERITED_MAX)
        return err_set(err, ERR_SOCKET, "%d sockets were handed over", count);
    for (int i = 0; i < count; i++)
        out[i] = (struct web_inherited){.fd = SD_LISTEN_FDS_START + i};
    *out_count = count > 0 ? (size_t)count : 0;
    return web_listen_sort(out, *out_count, err);
}

static void on_identity_used(void *context)
{
    struct daemon *daemon = context;
    trust_keeper_look(daemon->trust);
}

static enum err_code set_up_web(struct daemon *daemon, const struct options *options,
                                struct err *err)
{
    struct web_inherited inherited[INHERITED_MAX];
    size_t inherited_count = 0;
    if (take_inherited(inherited, &inherited_count, err) != ERR_NONE)
        return err->code;
    const struct web_options web_options = {
        .loop = daemon->loop,
        .ops = daemon->ops,
        .state_folder = options->state_folder,
        .runtime_folder = options->runtime_folder,
        .port = (uint16_t)daemon->config->port,
        .origin_listed = origin_listed,
        .origin_context = daemon,
        .identity_used = on_identity_used,
        .identity_context = daemon,
        .inherited = inherited,
        .inherited_count = inherited_count,
    };
    daemon->trust = trust_keeper_new(daemon->loop, daemon->launch, TASK_TRUST);
    bool first = trust_keeper_is_first(&daemon->folders);
    if (web_new(&web_options, &daemon->web, err) != ERR_NONE)
        return err->code;
    /* Whoever asks for the agent meanwhile is answered by one that the browsers trust. */
    if (first)
        trust_keeper_wait(daemon->trust, FIRST_TRUST_MS);
    return ERR_NONE;
}

/* ---- the order ---- */

/* What an administrator and the user have decided: nothing foreign is read. */
static enum err_code prepare(struct daemon *daemon, const struct options *options, struct err *err)
{
    if (config_read(options->config_file, &daemon->config, err) != ERR_NONE ||
        sandbox_folder_own(options->state_folder, err) != ERR_NONE ||
        sandbox_folder_own(options->runtime_folder, err) != ERR_NONE ||
        start_launcher(daemon, options, err) != ERR_NONE ||
        open_trace(daemon, options, err) != ERR_NONE)
        return err->code;
    for (size_t i = 0; i < daemon->config->left_out_count; i++)
        log_line(LOG_LEVEL_ERROR, "ukeyd", "platforms left out: %s",
                 daemon->config->left_out[i].detail);
    for (size_t i = 0; i < daemon->config->platform_count; i++)
        add_platform(daemon, &daemon->config->platforms[i]);
    return ERR_NONE;
}

static bool ports_are_inherited(void)
{
    for (int i = 0; i < sd_listen_fds(0); i++)
        if (sd_is_socket_inet(SD_LISTEN_FDS_START + i, AF_UNSPEC, SOCK_STREAM, 1, 0) > 0)
            return true;
    return false;
}

/* Those of the service manager are bound already. */
static void add_ports(const struct config *config, struct sandbox_settings *settings)
{
    if (ports_are_inherited())
        return;
    for (int i = 0; i < WEB_PORT_TRIES; i++) {
        int port = config->port == 0 ? 0 : config->port + i * WEB_PORT_STEP;
        settings->ports[settings->port_count++] = (uint16_t)port;
        settings->ports[settings->port_count++] = (uint16_t)(port == 0 ? 0 : port + 1);
    }
}

static enum err_code shut_in(const struct daemon *daemon, const struct options *options,
                             struct err *err)
{
    const struct config *config = daemon->config;
    struct sandbox_facts facts;
    struct sandbox_settings settings = {
        .state_folder = options->state_folder,
        .runtime_folder = options->runtime_folder,
    };
    settings.read[settings.read_count++] =
        config->profile_folder != NULL ? config->profile_folder : CONFIG_PROFILE_FOLDER;
    for (size_t i = 0; i < config->platform_count; i++)
        if (config->platforms[i].tls_ca != NULL)
            settings.read[settings.read_count++] = config->platforms[i].tls_ca;
    add_ports(config, &settings);
    if (sandbox_enter(&settings, &facts, err) != ERR_NONE)
        return err->code;
    if (!facts.calls || facts.landlock == 0)
        log_warning("ukeyd", "this kernel has no %s: see ukeyd --sandbox-report",
                    facts.calls ? "Landlock" : "seccomp");
    return ERR_NONE;
}

static enum err_code set_up(struct daemon *daemon, const struct options *options, struct err *err)
{
    if (prepare(daemon, options, err) != ERR_NONE || shut_in(daemon, options, err) != ERR_NONE ||
        loop_new(&daemon->loop, err) != ERR_NONE || set_up_process(daemon, err) != ERR_NONE ||
        set_up_edges(daemon, err) != ERR_NONE || set_up_ops(daemon, options, err) != ERR_NONE ||
        set_up_web(daemon, options, err) != ERR_NONE)
        return err->code;
    return sandbox_close(err);
}

enum err_code daemon_run(const struct options *options, struct err *err)
{
    AUTO(daemon_done) struct daemon daemon = {.signal_fd = -1};
    if (set_up(&daemon, options, err) != ERR_NONE)
        return err->code;
    sd_notify(0, "READY=1");
    enum err_code code = loop_run(daemon.loop, err);
    sd_notify(0, "STOPPING=1");
    if (code == ERR_NONE && daemon.launcher_lost)
        return err_set(err, ERR_INTERNAL, "the launcher has gone");
    return code;
}
