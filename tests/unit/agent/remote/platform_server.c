#include "tests/unit/agent/remote/platform_server.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"

#define LOG_BYTES_MAX 4194304

extern char **environ;

static struct platform_ports ports;
static char folder[] = "/tmp/test_remote.XXXXXX";
static pid_t server = -1;
static int server_input = -1;
static struct remote_platform platform;
static char base_url[256];
static char ca_file[256];

static void must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "platform_server: %s\n", what);
    exit(99);
}

static void read_ports(int fd)
{
    FILE *lines = fdopen(fd, "r");
    must(lines != NULL &&
             fscanf(lines, "%d %d %d %d %d %d %d %d %d", &ports.good, &ports.wrong_host,
                    &ports.stranger, &ports.old_tls, &ports.handshake_cut, &ports.proxy_407,
                    &ports.proxy_choice, &ports.proxy_502, &ports.closed) == 9,
         "no ports");
    fclose(lines);
}

void platform_server_start(const char *script)
{
    int in[2], out[2];
    posix_spawn_file_actions_t actions;
    must(mkdtemp(folder) != NULL, "no folder");
    must(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0, "no pipe");
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    char *arguments[] = {(char *)(uintptr_t)script, folder, NULL};
    must(posix_spawn(&server, script, &actions, NULL, arguments, environ) == 0, "not started");
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    server_input = in[1];
    snprintf(ca_file, sizeof ca_file, "%s/ca.pem", folder);
    read_ports(out[0]);
}

void platform_server_stop(void)
{
    close(server_input);
    waitpid(server, NULL, 0);
    char *arguments[] = {(char *)(uintptr_t) "rm", (char *)(uintptr_t) "-r", folder, NULL};
    pid_t remover;
    if (posix_spawnp(&remover, "rm", NULL, NULL, arguments, environ) == 0)
        waitpid(remover, NULL, 0);
}

const struct platform_ports *platform_server_ports(void)
{
    return &ports;
}

struct remote_call platform_server_call(int port, const char *mode, int deadline_ms)
{
    snprintf(base_url, sizeof base_url, "https://127.0.0.1:%d/%s/agent/v1", port, mode);
    platform = (struct remote_platform){"测试平台", base_url, ca_file, ""};
    return (struct remote_call){&platform, NULL, deadline_in_ms(deadline_ms)};
}

struct bytes *platform_server_requests(const char *mode)
{
    struct err err = ERR_INIT;
    struct bytes *bytes = NULL;
    AUTO(memory_freep) char *path = file_join(folder, mode);
    if (file_read(path, LOG_BYTES_MAX, &bytes, &err) != ERR_NONE)
        return bytes_new(SPAN_NONE);
    return bytes;
}

int platform_server_count(const char *mode)
{
    int count = 0;
    AUTO(bytes_freep) struct bytes *bytes = platform_server_requests(mode);
    for (size_t i = 0; i < bytes->len; i++)
        count += bytes->at[i] == '\n';
    return count;
}

struct remote_job *platform_server_job(void)
{
    struct remote_job *job = memory_new(sizeof *job);
    job->id = memory_text(PLATFORM_JOB_ID);
    job->secret = memory_text(PLATFORM_JOB_SECRET);
    return job;
}
