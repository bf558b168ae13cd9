#include "http/http_front.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "http/http_tls.h"

/* Connections that are accepted between two looks at the others. */
#define ACCEPTS_PER_EVENT 16
/* A wait before the next try when the process is out of descriptors. */
#define ACCEPT_PAUSE_MS 200
/* Before it has had this time to shake hands and ask, a connection is not made to leave: a flood of others
 * must not keep it from its first answer. */
#define SETTLE_MS 100
/* Whoever takes longer over 16 KiB gives way when there is no room: 128 kbit/s are not a flood's aim. */
#define SLOW_MS 1000

struct listener {
    struct http_front *front;
    int fd;
    bool tls;
    bool local; /* a Unix socket */
    uint16_t port;
    struct loop_watch *watch;
    struct listener *next;
};

struct member {
    struct http_connection *connection;
    struct deadline settled;
    struct member *next;
};

struct http_front {
    struct http_front_options options;
    SSL_CTX *tls;
    struct listener *listeners;
    struct member *oldest;
    struct member **last;
    unsigned count;
    struct loop_timer *resume; /* ends a pause */
    bool paused;
};

static void set_paused(struct http_front *front, bool paused)
{
    if (front->paused == paused)
        return;
    front->paused = paused;
    for (struct listener *listener = front->listeners; listener != NULL; listener = listener->next)
        loop_watch_set(listener->watch, paused ? 0 : EPOLLIN);
}

static void on_resume(void *context)
{
    set_paused(context, false);
}

/* Unlinks and frees; the engine was told. */
static void remove_member(struct http_front *front, struct http_connection *connection)
{
    for (struct member **at = &front->oldest; *at != NULL; at = &(*at)->next) {
        struct member *member = *at;
        if (member->connection != connection)
            continue;
        *at = member->next;
        if (front->last == &member->next)
            front->last = at;
        free(member);
        front->count--;
        http_connection_free(connection);
        set_paused(front, false);
        return;
    }
}

static void on_over(void *context, struct http_connection *connection)
{
    struct http_front *front = context;
    front->options.hooks.over(front->options.hooks.context, connection);
    remove_member(front, connection);
}

static bool on_attach(void *context, struct http_connection *connection, int fd)
{
    struct http_front *front = context;
    return front->options.hooks.attach(front->options.hooks.context, connection, fd);
}

static void pause_until(struct http_front *front, struct deadline deadline)
{
    set_paused(front, true);
    loop_timer_set(front->resume, deadline);
}

/* Clients that dawdle over a request or an answer could otherwise hold all the room between them. */
static struct http_connection *find_slowest(const struct http_front *front)
{
    struct http_connection *slowest = NULL;
    int64_t longest_ms = SLOW_MS;
    for (struct member *member = front->oldest; member != NULL; member = member->next) {
        int64_t waited_ms = http_connection_waited_ms(member->connection);
        if (waited_ms >= longest_ms) {
            slowest = member->connection;
            longest_ms = waited_ms;
        }
    }
    return slowest;
}

/* Who leaves when there is no room: the oldest that is idle, else the slowest. NULL when there is none; the
 * listeners then rest until one has settled or ends. One that is at work may become idle without a word, so
 * it is looked for again: under this pressure only. */
static struct http_connection *find_leaver(struct http_front *front)
{
    struct member *member = front->oldest;
    while (member != NULL && !http_connection_is_idle(member->connection))
        member = member->next;
    if (member != NULL && deadline_passed(member->settled))
        return member->connection;
    struct http_connection *slowest = member == NULL ? find_slowest(front) : NULL;
    if (slowest != NULL)
        return slowest;
    pause_until(front, member != NULL ? member->settled : deadline_in_ms(SETTLE_MS));
    return NULL;
}

static struct http_peer peer_of(const struct listener *listener, int fd,
                                const struct sockaddr_storage *address)
{
    struct http_peer peer = {
        .address = *address, .uid = (uid_t)-1, .local_port = listener->port, .tls = listener->tls};
    struct ucred credentials;
    socklen_t length = sizeof credentials;
    if (!listener->local)
        return peer;
    peer.address.ss_family = AF_UNIX;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0)
        peer.uid = credentials.uid;
    return peer;
}

static void add_connection(struct listener *listener, int fd,
                           const struct sockaddr_storage *address)
{
    struct http_front *front = listener->front;
    int on = 1;
    if (!listener->local)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct http_peer peer = peer_of(listener, fd, address);
    struct http_connection_hooks hooks = {on_attach, on_over, front,
                                          front->options.hooks.refusal_headers};
    struct http_stream stream;
    http_stream_init(&stream, fd, listener->tls ? front->tls : NULL);
    struct member *member = memory_new(sizeof *member);
    member->connection =
        http_connection_new(front->options.loop, front->options.times, &hooks, stream, &peer);
    member->settled = deadline_in_ms(SETTLE_MS);
    *front->last = member;
    front->last = &member->next;
    front->count++;
}

static bool accept_one(struct listener *listener)
{
    struct http_front *front = listener->front;
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof address;
    bool full = front->count >= front->options.connections_max;
    struct http_connection *leaver = full ? find_leaver(front) : NULL;
    if (full && leaver == NULL)
        return false;
    int fd =
        accept4(listener->fd, (struct sockaddr *)&address, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        if (full)
            on_over(front, leaver);
        add_connection(listener, fd, &address);
        return true;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        log_debug("http", "no descriptor for a new connection");
        pause_until(front, deadline_in_ms(ACCEPT_PAUSE_MS));
    }
    return false;
}

static void on_listener(void *context, uint32_t events)
{
    for (int i = 0; i < ACCEPTS_PER_EVENT && accept_one(context); i++)
        continue;
}

struct http_front *http_front_new(const struct http_front_options *options)
{
    struct http_front *front = memory_new(sizeof *front);
    front->options = *options;
    front->last = &front->oldest;
    front->resume = loop_timer_new(options->loop, on_resume, front);
    return front;
}

void http_front_free(struct http_front *front)
{
    if (front == NULL)
        return;
    while (front->listeners != NULL) {
        struct listener *listener = front->listeners;
        front->listeners = listener->next;
        loop_watch_free(listener->watch);
        file_closep(&listener->fd);
        free(listener);
    }
    while (front->oldest != NULL)
        on_over(front, front->oldest->connection);
    loop_timer_free(front->resume);
    http_tls_freep(&front->tls);
    free(front);
}

enum err_code http_front_set_identity(struct http_front *front, struct span cert_pem,
                                      struct span key_pem, struct err *err)
{
    SSL_CTX *tls = NULL;
    if (http_tls_new(cert_pem, key_pem, &tls, err) != ERR_NONE)
        return err->code;
    http_tls_freep(&front->tls); /* open connections hold their own reference */
    front->tls = tls;
    return ERR_NONE;
}

static enum err_code describe(int fd, struct listener *listener, struct err *err)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &length) != 0)
        return err_set_errno(err, ERR_SOCKET, "look at a listening socket");
    listener->local = address.ss_family == AF_UNIX;
    if (address.ss_family == AF_INET)
        listener->port = ntohs(((struct sockaddr_in *)&address)->sin_port);
    if (address.ss_family == AF_INET6)
        listener->port = ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
    return ERR_NONE;
}

/* An inherited socket may block and may be passed on. */
static enum err_code set_flags(int fd, struct err *err)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
        return err_set_errno(err, ERR_SOCKET, "prepare a listening socket");
    return ERR_NONE;
}

enum err_code http_front_listen(struct http_front *front, int fd, bool tls, struct err *err)
{
    AUTO(file_closep) int owned = fd;
    struct listener found = {.front = front, .fd = fd, .tls = tls};
    if (tls && front->tls == NULL)
        return err_set(err, ERR_TLS, "there is no TLS identity");
    if (describe(fd, &found, err) != ERR_NONE || set_flags(fd, err) != ERR_NONE)
        return err->code;
    struct listener *listener = memory_new(sizeof *listener);
    *listener = found;
    listener->watch =
        loop_watch_new(front->options.loop, fd, front->paused ? 0 : EPOLLIN, on_listener, listener);
    listener->next = front->listeners;
    front->listeners = listener;
    owned = -1;
    return ERR_NONE;
}
