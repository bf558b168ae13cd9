#include "load_requests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/memory.h"
#include "load_client.h"
#include "load_times.h"

#define ANSWER_BYTES_MAX 16384
#define REQUEST_BYTES_MAX 1024
#define EVENTS_PER_WAIT 64

enum phase { PHASE_HANDSHAKE, PHASE_ASK, PHASE_ANSWER };

struct asker {
    struct load_client client;
    enum phase phase;
    int64_t since_ns;
    char answer[ANSWER_BYTES_MAX + 1];
    size_t length;
};

struct load {
    const struct load_plan *plan;
    SSL_CTX *context;
    int epoll_fd;
    char request[REQUEST_BYTES_MAX];
    size_t request_length;
    int64_t end_ns;
    struct load_times times;
};

static void watch(struct load *load, struct asker *asker, int operation)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = asker};
    if (epoll_ctl(load->epoll_fd, operation, asker->client.fd, &event) != 0)
        load_fail("no watch");
}

static void begin(struct load *load, struct asker *asker)
{
    load_open(&asker->client, load->context, load->plan->port);
    asker->phase = PHASE_HANDSHAKE;
    asker->since_ns = load_now_ns();
    asker->length = 0;
    watch(load, asker, EPOLL_CTL_ADD);
}

static bool is_whole(const struct asker *asker)
{
    const char *end = strstr(asker->answer, "\r\n\r\n");
    const char *length = strcasestr(asker->answer, "\r\nContent-Length:");
    if (end == NULL)
        return false;
    if (strncmp(asker->answer, "HTTP/1.1 200 ", 13) != 0 || length == NULL || length > end)
        load_fail(asker->answer);
    size_t wanted = (size_t)(end + 4 - asker->answer) + strtoul(length + 17, NULL, 10);
    if (asker->length > wanted || wanted > ANSWER_BYTES_MAX)
        load_fail("a wrong length");
    return asker->length == wanted;
}

static bool is_over(const struct load *load, int64_t now_ns)
{
    if (load->plan->requests > 0)
        return load->times.count >= load->plan->requests;
    return now_ns >= load->end_ns;
}

static void answered(struct load *load, struct asker *asker)
{
    int64_t now_ns = load_now_ns();
    load_times_add(&load->times, now_ns - asker->since_ns);
    asker->length = 0;
    asker->phase = PHASE_ASK;
    asker->since_ns = now_ns;
    if (!load->plan->fresh)
        return;
    load_close(&asker->client);
    begin(load, asker);
}

static bool read_answer(struct load *load, struct asker *asker)
{
    size_t count;
    if (!load_read(&asker->client, asker->answer + asker->length, ANSWER_BYTES_MAX - asker->length,
                   &count))
        return false;
    asker->length += count;
    asker->answer[asker->length] = '\0';
    if (is_whole(asker))
        answered(load, asker);
    return true;
}

/* false: it waits. */
static bool step(struct load *load, struct asker *asker)
{
    switch (asker->phase) {
    case PHASE_HANDSHAKE:
        if (!load_shake_hands(&asker->client))
            return false;
        asker->phase = PHASE_ASK;
        return true;
    case PHASE_ASK:
        if (!load_write(&asker->client, load->request, load->request_length))
            return false;
        asker->phase = PHASE_ANSWER;
        return true;
    default:
        return read_answer(load, asker);
    }
}

static void perform(struct load *load)
{
    struct epoll_event events[EVENTS_PER_WAIT];
    while (!is_over(load, load_now_ns())) {
        int count = epoll_wait(load->epoll_fd, events, EVENTS_PER_WAIT, 1000);
        for (int i = 0; i < count; i++)
            while (!is_over(load, load_now_ns()) && step(load, events[i].data.ptr))
                continue;
    }
}

static void write_request(struct load *load)
{
    const struct load_plan *plan = load->plan;
    int length = snprintf(
        load->request, sizeof load->request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n%s%s%s\r\n",
        plan->path, plan->port, plan->origin != NULL ? "Origin: " : "",
        plan->origin != NULL ? plan->origin : "", plan->origin != NULL ? "\r\n" : "");
    if (length < 0 || (size_t)length >= sizeof load->request)
        load_fail("the path is too long");
    load->request_length = (size_t)length;
}

void load_requests(const struct load_plan *plan)
{
    struct load load = {.plan = plan, .context = load_context()};
    struct asker *askers = memory_new(plan->connections * sizeof *askers);
    load.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    write_request(&load);
    int64_t since_ns = load_now_ns();
    load.end_ns = since_ns + plan->ns;
    for (unsigned i = 0; i < plan->connections; i++)
        begin(&load, &askers[i]);
    perform(&load);
    load_times_print(&load.times, load_now_ns() - since_ns);
    for (unsigned i = 0; i < plan->connections; i++)
        load_close(&askers[i].client);
    free(askers);
    SSL_CTX_free(load.context);
}
