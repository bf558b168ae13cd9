#include "fuzz_wire.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fuzz.h"

#define ROUNDS 60
#define READ_BYTES 16384
#define HOSTS 1000

struct talk {
    struct loop *loop;
    int fd;
    struct buf *heard;
    enum fuzz_wire_end end;
    int rounds;
};

static void hear(void *context, uint32_t events)
{
    struct talk *talk = context;
    uint8_t bytes[READ_BYTES];
    ssize_t got = recv(talk->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (got > 0)
        buf_add(talk->heard, span_of(bytes, (size_t)got));
    bool closed = got == 0 || (got < 0 && (events & (EPOLLHUP | EPOLLERR)) != 0);
    if (closed && talk->end == FUZZ_WIRE_CLOSES)
        loop_stop(talk->loop);
}

static void look(void *context)
{
    struct talk *talk = context;
    if (--talk->rounds > 0)
        loop_post(talk->loop, look, talk);
    else
        loop_stop(talk->loop);
}

static void too_late(void *context)
{
    (void)fprintf(stderr, "fuzz: the server does not close\n");
    abort();
}

void fuzz_wire_talk(struct loop *loop, int fd, struct span bytes, enum fuzz_wire_end end,
                    struct buf *heard)
{
    struct talk talk = {.loop = loop, .fd = fd, .heard = heard, .end = end, .rounds = ROUNDS};
    struct loop_timer *timer = loop_timer_new(loop, too_late, &talk);
    struct loop_watch *watch = loop_watch_new(loop, fd, EPOLLIN, hear, &talk);
    struct err err = ERR_INIT;
    ssize_t sent = send(fd, bytes.at, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT);
    fuzz_require(bytes.len <= FUZZ_WIRE_BYTES_MAX && sent == (ssize_t)bytes.len);
    if (end == FUZZ_WIRE_CLOSES) {
        fuzz_require(shutdown(fd, SHUT_WR) == 0);
        loop_timer_set(timer, deadline_in_ms(FUZZ_WIRE_MS));
    } else {
        loop_post(loop, look, &talk);
    }
    fuzz_require(loop_run(loop, &err) == ERR_NONE);
    loop_watch_free(watch);
    loop_timer_free(timer);
}

static struct sockaddr_in loopback(uint32_t host, uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl((INADDR_LOOPBACK & IN_CLASSA_NET) | host),
    };
}

static int try_connect(uint32_t host, uint16_t port)
{
    const struct sockaddr_in own = loopback(host, 0);
    const struct sockaddr_in server = loopback(1, port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    fuzz_require(fd >= 0);
    if (bind(fd, (const struct sockaddr *)&own, sizeof own) == 0 &&
        connect(fd, (const struct sockaddr *)&server, sizeof server) == 0)
        return fd;
    fuzz_require(errno == EADDRNOTAVAIL || errno == EADDRINUSE);
    close(fd);
    return -1;
}

/* From one address after the other, because each has a few ten thousand ports, which stay taken for a minute;
 * one that has just been taken is no reason to give up. */
int fuzz_wire_connect_tcp(uint16_t port)
{
    static uint32_t connections;
    int fd = -1;
    for (unsigned i = 0; i < HOSTS && fd < 0; i++)
        fd = try_connect(2 + connections++ % HOSTS, port);
    fuzz_require(fd >= 0);
    return fd;
}

int fuzz_wire_connect_unix(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    fuzz_require(strlen(path) < sizeof address.sun_path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    fuzz_require(fd >= 0);
    fuzz_require(connect(fd, (const struct sockaddr *)&address, sizeof address) == 0);
    return fd;
}
