#include "token/virtual/virtual_control.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"

#define BACKLOG 8
#define RECV_BYTES 4096

struct client {
    struct virtual_control *control;
    int fd;
    struct loop_watch *watch;
    struct buf in;
};

struct virtual_control {
    struct loop *loop;
    char *path;
    int fd;
    struct loop_watch *watch;
    virtual_control_fn function;
    void *context;
    struct client *clients[VIRTUAL_CONTROL_CLIENTS_MAX];
};

static enum err_code set_address(const char *path, struct sockaddr_un *out, struct err *err)
{
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof out->sun_path)
        return err_set(err, ERR_USAGE, "the socket's path has %zu bytes, at most %zu", len,
                       sizeof out->sun_path - 1);
    memcpy(out->sun_path, path, len);
    return ERR_NONE;
}

static void drop_client(struct client *client)
{
    struct virtual_control *control = client->control;
    for (size_t i = 0; i < ARRAY_SIZE(control->clients); i++)
        if (control->clients[i] == client)
            control->clients[i] = NULL;
    loop_watch_free(client->watch);
    file_closep(&client->fd);
    buf_done(&client->in);
    free(client);
}

/* An answer is far smaller than a socket's buffer; a client that reads none of its answers is dropped. */
static bool answer_line(struct client *client, const char *line)
{
    AUTO(json_freep)
    struct json *answer = client->control->function(client->control->context, line);
    AUTO(memory_freep) char *printed = json_print(answer);
    AUTO(memory_freep) char *text = memory_printf("%s\n", printed);
    size_t len = strlen(text);
    return send(client->fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)len;
}

/* False when the client is to be dropped. */
static bool take_lines(struct client *client)
{
    for (;;) {
        struct span all = buf_span(&client->in);
        const uint8_t *end = all.len == 0 ? NULL : memchr(all.at, '\n', all.len);
        if (end == NULL)
            return all.len <= VIRTUAL_CONTROL_LINE_BYTES_MAX;
        size_t len = (size_t)(end - all.at);
        AUTO(bytes_freep) struct bytes *line = bytes_new(span_of(all.at, len));
        buf_drop(&client->in, len + 1);
        if (len > VIRTUAL_CONTROL_LINE_BYTES_MAX || memchr(line->at, 0, len) != NULL ||
            !answer_line(client, (const char *)line->at))
            return false;
    }
}

static void on_client(void *context, uint32_t events)
{
    struct client *client = context;
    uint8_t bytes[RECV_BYTES];
    (void)events;
    ssize_t got = recv(client->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got > 0)
        buf_add(&client->in, span_of(bytes, (size_t)got));
    if (got <= 0 || client->in.bad || !take_lines(client))
        drop_client(client);
}

static void on_listener(void *context, uint32_t events)
{
    struct virtual_control *control = context;
    (void)events;
    AUTO(file_closep)
    int fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    for (size_t i = 0; fd >= 0 && i < ARRAY_SIZE(control->clients); i++) {
        if (control->clients[i] != NULL)
            continue;
        struct client *client = memory_new(sizeof *client);
        *client = (struct client){
            .control = control,
            .fd = fd,
            .in = BUF_INIT(VIRTUAL_CONTROL_LINE_BYTES_MAX + RECV_BYTES),
        };
        client->watch = loop_watch_new(control->loop, fd, EPOLLIN, on_client, client);
        control->clients[i] = client;
        fd = -1;
    }
}

static int connect_to(const struct sockaddr_un *address)
{
    AUTO(file_closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)address, sizeof *address) != 0)
        return -1;
    int connected = fd;
    fd = -1;
    return connected;
}

/* Removes a socket that a dead process left; never a file of another kind. */
static enum err_code clear_path(const struct sockaddr_un *address, struct err *err)
{
    struct stat status;
    if (lstat(address->sun_path, &status) != 0)
        return ERR_NONE;
    AUTO(file_closep) int fd = connect_to(address);
    if (fd >= 0)
        return err_set(err, ERR_ALREADY_RUNNING, "%s answers", address->sun_path);
    if (!S_ISSOCK(status.st_mode))
        return err_set(err, ERR_FILE, "%s is in the way", address->sun_path);
    if (unlink(address->sun_path) != 0)
        return err_set_errno(err, ERR_FILE, address->sun_path);
    return ERR_NONE;
}

static enum err_code listen_at(struct virtual_control *control, const struct sockaddr_un *address,
                               struct err *err)
{
    control->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    mode_t mask = umask(0177);
    int bound =
        control->fd < 0 ? -1 : bind(control->fd, (const struct sockaddr *)address, sizeof *address);
    umask(mask);
    if (bound != 0 || listen(control->fd, BACKLOG) != 0)
        return err_set_errno(err, ERR_FILE, address->sun_path);
    return ERR_NONE;
}

enum err_code virtual_control_open(struct loop *loop, const char *path, virtual_control_fn function,
                                   void *context, struct virtual_control **out, struct err *err)
{
    struct sockaddr_un address;
    if (set_address(path, &address, err) != ERR_NONE || clear_path(&address, err) != ERR_NONE)
        return err_add(err, "open the control socket");
    AUTO(virtual_control_freep) struct virtual_control *control = memory_new(sizeof *control);
    *control =
        (struct virtual_control){.loop = loop, .fd = -1, .function = function, .context = context};
    if (listen_at(control, &address, err) != ERR_NONE)
        return err_add(err, "open the control socket");
    control->path = memory_text(path);
    control->watch = loop_watch_new(loop, control->fd, EPOLLIN, on_listener, control);
    *out = TAKE(control);
    return ERR_NONE;
}

void virtual_control_free(struct virtual_control *control)
{
    if (control == NULL)
        return;
    for (size_t i = 0; i < ARRAY_SIZE(control->clients); i++)
        if (control->clients[i] != NULL)
            drop_client(control->clients[i]);
    loop_watch_free(control->watch);
    file_closep(&control->fd);
    if (control->path != NULL && unlink(control->path) != 0)
        log_debug("control", "the socket is gone already");
    free(control->path);
    free(control);
}

void virtual_control_freep(struct virtual_control **control)
{
    virtual_control_free(*control);
    *control = NULL;
}

/* ---- asking ---- */

static enum err_code read_line(int fd, struct deadline deadline, struct buf *in, struct err *err)
{
    while (in->len == 0 || in->at[in->len - 1] != '\n') {
        uint8_t bytes[RECV_BYTES];
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        int ready = poll(&wait, 1, deadline_left_ms(deadline));
        if (ready == 0)
            return err_set(err, ERR_DEADLINE, "no answer");
        ssize_t got = ready < 0 ? -1 : recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
        if (got < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (got < 0)
            return err_set_errno(err, ERR_SOCKET, "receive");
        if (got == 0)
            return err_set(err, ERR_SOCKET, "closed without an answer");
        buf_add(in, span_of(bytes, (size_t)got));
        if (in->bad)
            return err_set(err, ERR_SOCKET, "the answer is too long");
    }
    return ERR_NONE;
}

enum err_code virtual_control_ask(const char *path, const char *line, struct deadline deadline,
                                  char **out, struct err *err)
{
    struct sockaddr_un address;
    if (set_address(path, &address, err) != ERR_NONE)
        return err->code;
    size_t len = strlen(line);
    if (len > VIRTUAL_CONTROL_LINE_BYTES_MAX || strchr(line, '\n') != NULL)
        return err_set(err, ERR_USAGE, "one line of at most %d bytes",
                       VIRTUAL_CONTROL_LINE_BYTES_MAX);
    AUTO(file_closep) int fd = connect_to(&address);
    AUTO(memory_freep) char *text = memory_printf("%s\n", line);
    if (fd < 0 || send(fd, text, len + 1, MSG_NOSIGNAL) != (ssize_t)len + 1)
        return err_set_errno(err, ERR_SOCKET, path);
    AUTO(buf_done) struct buf in = BUF_INIT(VIRTUAL_CONTROL_ANSWER_BYTES_MAX);
    if (read_line(fd, deadline, &in, err) != ERR_NONE)
        return err_add(err, "%s", path);
    in.at[in.len - 1] = '\0';
    *out = memory_text((const char *)in.at);
    return ERR_NONE;
}
