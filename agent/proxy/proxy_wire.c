#include "agent/proxy/proxy_wire.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "agent/proxy/proxy_login.h"
#include "base/memory.h"

/* An address that is not there, told apart from an empty one. */
#define ABSENT UINT32_MAX
#define URL_BYTES_MAX 512

struct head {
    uint32_t script, login_desktops;
    uint32_t url, no_proxy, login_wrong, login; /* bytes that follow, in this order; ABSENT: none */
};

void proxy_told_done(struct proxy_told *told)
{
    proxy_desktop_done(&told->desktop);
    secret_freep(&told->login);
    memory_freep(&told->login_wrong);
}

/* ---- sending ---- */

static enum err_code put(int fd, const void *bytes, size_t length, struct err *err)
{
    const uint8_t *at = bytes;
    while (length > 0) {
        ssize_t sent = send(fd, at, length, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return err_set_errno(err, ERR_SOCKET, "tell the agent of the proxy");
        at += sent;
        length -= (size_t)sent;
    }
    return ERR_NONE;
}

static uint32_t length_of(const char *text, size_t limit)
{
    return text == NULL || strlen(text) > limit ? ABSENT : (uint32_t)strlen(text);
}

static size_t present(uint32_t length)
{
    return length == ABSENT ? 0 : length;
}

enum err_code proxy_wire_send(int fd, const struct proxy_told *told, struct err *err)
{
    struct span login = told->login == NULL ? SPAN_NONE : secret_peek(told->login);
    const struct head head = {
        .script = told->desktop.script,
        .login_desktops = told->login_desktops,
        .url = length_of(told->desktop.url, URL_BYTES_MAX),
        .no_proxy = length_of(told->desktop.no_proxy, PROXY_DESKTOP_BYTES_MAX),
        .login_wrong = length_of(told->login_wrong, ERR_DETAIL_BYTES),
        .login = told->login == NULL ? ABSENT : (uint32_t)login.len,
    };
    if (put(fd, &head, sizeof head, err) != ERR_NONE ||
        put(fd, told->desktop.url, present(head.url), err) != ERR_NONE ||
        put(fd, told->desktop.no_proxy, present(head.no_proxy), err) != ERR_NONE ||
        put(fd, told->login_wrong, present(head.login_wrong), err) != ERR_NONE)
        return err->code;
    return put(fd, login.at, present(head.login), err);
}

/* ---- receiving ---- */

static enum err_code take(int fd, struct deadline deadline, void *bytes, size_t length,
                          struct err *err)
{
    uint8_t *at = bytes;
    while (length > 0) {
        struct pollfd event = {.fd = fd, .events = POLLIN};
        int ready = poll(&event, 1, deadline_left_ms(deadline));
        if (ready == 0)
            return err_set(err, ERR_DEADLINE, "the desktop's proxy is not told");
        ssize_t got = ready < 0 ? -1 : recv(fd, at, length, MSG_DONTWAIT);
        if (got < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (got < 0)
            return err_set_errno(err, ERR_SOCKET, "hear of the proxy");
        if (got == 0)
            return err_set(err, ERR_SOCKET, "it ends %zu bytes early", length);
        at += got;
        length -= (size_t)got;
    }
    return ERR_NONE;
}

static enum err_code take_text(int fd, struct deadline deadline, uint32_t length, size_t limit,
                               char **out, struct err *err)
{
    *out = NULL;
    if (length == ABSENT)
        return ERR_NONE;
    if (length > limit)
        return err_set(err, ERR_SOCKET, "%u bytes, at most %zu", length, limit);
    *out = memory_new((size_t)length + 1);
    return take(fd, deadline, *out, length, err);
}

static enum err_code take_login(int fd, struct deadline deadline, uint32_t length,
                                struct secret **out, struct err *err)
{
    if (length == ABSENT)
        return ERR_NONE;
    if (length < 2 || length > PROXY_LOGIN_BYTES_MAX + 1)
        return err_set(err, ERR_SOCKET, "a log-in of %u bytes", length);
    if (secret_new(length, out, err) != ERR_NONE ||
        take(fd, deadline, secret_room(*out), length, err) != ERR_NONE)
        return err->code;
    secret_room(*out)[length - 1] = '\0';
    secret_set_length(*out, length);
    return ERR_NONE;
}

enum err_code proxy_wire_receive(int fd, struct deadline deadline, struct proxy_told *out,
                                 struct err *err)
{
    struct head head;
    AUTO(proxy_told_done) struct proxy_told told = {0};
    if (take(fd, deadline, &head, sizeof head, err) != ERR_NONE ||
        take_text(fd, deadline, head.url, URL_BYTES_MAX, &told.desktop.url, err) != ERR_NONE ||
        take_text(fd, deadline, head.no_proxy, PROXY_DESKTOP_BYTES_MAX, &told.desktop.no_proxy,
                  err) != ERR_NONE ||
        take_text(fd, deadline, head.login_wrong, ERR_DETAIL_BYTES, &told.login_wrong, err) !=
            ERR_NONE ||
        take_login(fd, deadline, head.login, &told.login, err) != ERR_NONE)
        return err->code;
    told.desktop.script = head.script != 0;
    told.login_desktops = head.login_desktops != 0;
    *out = told;
    told = (struct proxy_told){0};
    return ERR_NONE;
}
