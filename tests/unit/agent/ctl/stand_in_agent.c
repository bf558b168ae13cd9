#include "tests/unit/agent/ctl/stand_in_agent.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cancel.h"
#include "base/file.h"

#define REQUEST_BYTES_MAX 65536

static struct {
    char folder[64];
    struct sockaddr_un address;
    int listener;
    pthread_t thread;
    struct cancel *stop;
    const struct stand_in_answer *answers;
    size_t count, next;
    struct buf requests;
} agent;

static void must(bool good, const char *what)
{
    if (good)
        return;
    perror(what);
    abort();
}

/* Whether the head and as much body as it announces are there. */
static bool is_whole(const char *text, size_t length)
{
    const char *end = strstr(text, "\r\n\r\n");
    const char *announced = strcasestr(text, "Content-Length:");
    if (end == NULL)
        return false;
    size_t body = announced == NULL || announced > end ? 0 : strtoul(announced + 15, NULL, 10);
    return length >= (size_t)(end + 4 - text) + body;
}

static void read_request(int fd)
{
    static char text[REQUEST_BYTES_MAX];
    size_t length = 0;
    while (length < sizeof text - 1) {
        ssize_t got = read(fd, text + length, sizeof text - 1 - length);
        if (got <= 0)
            break;
        length += (size_t)got;
        text[length] = '\0';
        if (is_whole(text, length))
            break;
    }
    text[length] = '\0';
    buf_add_text(&agent.requests, text);
    buf_add_u8(&agent.requests, '\n');
}

static void answer(int fd, const struct stand_in_answer *answer)
{
    struct pollfd left = {.fd = cancel_fd(agent.stop), .events = POLLIN};
    poll(&left, 1, answer->delay_ms);
    AUTO(memory_freep)
    char *text = answer->raw != NULL
                     ? memory_text(answer->raw)
                     : memory_printf("HTTP/1.1 %d X\r\nContent-Type: application/json\r\n"
                                     "Content-Length: %zu\r\n\r\n%s",
                                     answer->status, strlen(answer->body), answer->body);
    ssize_t sent = send(fd, text, strlen(text), MSG_NOSIGNAL);
    (void)sent; /* a client that left is part of some tests */
}

static void *serve(void *context)
{
    for (;;) {
        struct pollfd fds[] = {{.fd = agent.listener, .events = POLLIN},
                               {.fd = cancel_fd(agent.stop), .events = POLLIN}};
        poll(fds, 2, -1);
        if (cancel_requested(agent.stop))
            return NULL;
        AUTO(file_closep) int fd = accept(agent.listener, NULL, NULL);
        read_request(fd);
        if (agent.next < agent.count)
            answer(fd, &agent.answers[agent.next++]);
    }
}

void stand_in_agent_start(const struct stand_in_answer *answers, size_t count)
{
    struct err err = ERR_INIT;
    agent.answers = answers;
    agent.count = count;
    agent.next = 0;
    agent.requests = BUF_INIT(1 << 20);
    snprintf(agent.folder, sizeof agent.folder, "/tmp/test_ctl.XXXXXX");
    must(mkdtemp(agent.folder) != NULL, "mkdtemp");
    agent.address.sun_family = AF_UNIX;
    snprintf(agent.address.sun_path, sizeof agent.address.sun_path, "%s/socket", agent.folder);
    agent.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(bind(agent.listener, (struct sockaddr *)&agent.address, sizeof agent.address) == 0,
         "bind");
    must(listen(agent.listener, 8) == 0, "listen");
    must(cancel_new(&agent.stop, &err) == ERR_NONE, "cancel");
    must(pthread_create(&agent.thread, NULL, serve, NULL) == 0, "thread");
}

void stand_in_agent_stop(char **out_requests)
{
    cancel_request(agent.stop);
    pthread_join(agent.thread, NULL);
    cancel_freep(&agent.stop);
    file_closep(&agent.listener);
    unlink(agent.address.sun_path);
    rmdir(agent.folder);
    buf_add_u8(&agent.requests, '\0');
    if (out_requests != NULL)
        *out_requests = memory_text((const char *)buf_span(&agent.requests).at);
    buf_done(&agent.requests);
}

const char *stand_in_agent_socket(void)
{
    return agent.address.sun_path;
}

struct ctl stand_in_agent_ctl(const struct ctl_options *options)
{
    struct err err = ERR_INIT;
    struct ctl ctl = {.options = options};
    must(ctl_client_new(agent.address.sun_path, options->lang, &ctl.client, &err) == ERR_NONE,
         "client");
    return ctl;
}

enum err_code stand_in_agent_capture(enum err_code (*function)(struct ctl *, struct err *),
                                     struct ctl *ctl, char **out_text, struct err *err)
{
    struct err ignored = ERR_INIT;
    char path[] = "/tmp/test_ctl_output.XXXXXX";
    AUTO(bytes_freep) struct bytes *text = NULL;
    AUTO(file_closep) int file = mkstemp(path);
    fflush(NULL);
    AUTO(file_closep) int old_out = dup(STDOUT_FILENO);
    AUTO(file_closep) int old_err = dup(STDERR_FILENO);
    dup2(file, STDOUT_FILENO);
    dup2(file, STDERR_FILENO);
    enum err_code code = function(ctl, err);
    fflush(NULL);
    dup2(old_out, STDOUT_FILENO);
    dup2(old_err, STDERR_FILENO);
    must(file_read(path, 1 << 20, &text, &ignored) == ERR_NONE, "output");
    unlink(path);
    *out_text = memory_text((const char *)text->at);
    return code;
}
