#include "token/virtual/virtual_vpcd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/memory.h"

#define FRAME_HEAD_BYTES 2
#define FRAME_BODY_BYTES_MAX 65535
/* The reader waits for each answer, so one frame is on the way, or a control code and a frame. */
#define IN_BYTES_MAX (2 * (FRAME_HEAD_BYTES + FRAME_BODY_BYTES_MAX))
#define OUT_BYTES_MAX (2 * (FRAME_HEAD_BYTES + FRAME_BODY_BYTES_MAX))
#define RECV_BYTES 16384
/* Half of the interval at which pcscd looks for cards. */
#define RECONNECT_MS 200
#define STATUS_BYTES 2

enum control_code { CODE_OFF = 0, CODE_ON = 1, CODE_RESET = 2, CODE_ATR = 4 };

struct virtual_vpcd {
    struct loop *loop;
    struct virtual_card *card;
    struct sockaddr_storage address;
    socklen_t address_len;
    bool inserted;
    bool real_latency;
    int trace_fd;
    int fd; /* -1: not connected */
    bool connected;
    bool hung;
    struct loop_watch *watch;
    struct loop_timer *reconnect;
    struct loop_timer *answer_timer;
    struct bytes *late_answer; /* waits for answer_timer; frames behind it wait too */
    struct buf in;
    struct buf out;
    struct virtual_faults faults;
    uint64_t commands;
    uint64_t simulated_ms;
    uint64_t busy_us;
};

static void connect_now(void *context);

static void trace(const struct virtual_vpcd *vpcd, const char *direction, struct span bytes)
{
    if (vpcd->trace_fd < 0)
        return;
    AUTO(memory_freep) char *hex = hex_encode(bytes);
    if (dprintf(vpcd->trace_fd, "%lld %s %s\n", (long long)clock_monotonic_us(), direction, hex) <
        0)
        log_debug("vpcd", "the trace can't be written");
}

static void trace_event(const struct virtual_vpcd *vpcd, const char *event)
{
    if (vpcd->trace_fd >= 0 &&
        dprintf(vpcd->trace_fd, "%lld # %s\n", (long long)clock_monotonic_us(), event) < 0)
        log_debug("vpcd", "the trace can't be written");
}

static void disconnect(struct virtual_vpcd *vpcd)
{
    loop_watch_free(TAKE(vpcd->watch));
    file_closep(&vpcd->fd);
    vpcd->hung = false;
    buf_clear(&vpcd->in);
    buf_clear(&vpcd->out);
    bytes_freep(&vpcd->late_answer);
    loop_timer_stop(vpcd->answer_timer);
    loop_timer_stop(vpcd->reconnect);
    if (vpcd->connected)
        trace_event(vpcd, "disconnected");
    vpcd->connected = false;
    virtual_card_power_off(vpcd->card);
}

static void try_again_later(struct virtual_vpcd *vpcd)
{
    disconnect(vpcd);
    if (vpcd->inserted)
        loop_timer_set(vpcd->reconnect, deadline_in_ms(RECONNECT_MS));
}

/* ---- out ---- */

static void wait_for(struct virtual_vpcd *vpcd)
{
    uint32_t reading = vpcd->hung ? EPOLLRDHUP : EPOLLIN | EPOLLRDHUP;
    loop_watch_set(vpcd->watch, reading | (vpcd->out.len > 0 ? EPOLLOUT : 0));
}

/* False when the line broke. */
static bool flush(struct virtual_vpcd *vpcd)
{
    struct span all = buf_span(&vpcd->out);
    if (all.len == 0)
        return !vpcd->out.bad;
    ssize_t put = send(vpcd->fd, all.at, all.len, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (put < 0 && errno != EAGAIN && errno != EINTR)
        return false;
    if (put > 0)
        buf_drop(&vpcd->out, (size_t)put);
    wait_for(vpcd);
    return true;
}

/* Head and body leave in one write: two would cost the reader's delayed acknowledgement. */
static void put_frame(struct virtual_vpcd *vpcd, struct span body)
{
    buf_add_u16_be(&vpcd->out, (uint16_t)body.len);
    buf_add(&vpcd->out, body);
}

static void put_answer(struct virtual_vpcd *vpcd, struct bytes *answer)
{
    trace(vpcd, "<", span_bytes(answer));
    put_frame(vpcd, span_bytes(answer));
    bytes_free(answer);
}

/* ---- commands ---- */

static struct bytes *process(struct virtual_vpcd *vpcd, struct span command)
{
    int64_t start_us = clock_monotonic_us();
    struct bytes *answer = virtual_card_process(vpcd->card, command);
    vpcd->busy_us += (uint64_t)(clock_monotonic_us() - start_us);
    vpcd->commands++;
    return answer;
}

/* How long the answer to this command is held back. */
static uint32_t delay_ms(struct virtual_vpcd *vpcd, struct span command,
                         const struct virtual_fault *fault)
{
    if (fault->kind == VIRTUAL_FAULT_DELAY)
        return fault->argument;
    if (!vpcd->real_latency || command.len < 2)
        return 0;
    uint32_t ms = virtual_card_latency_ms(vpcd->card, command.at[1]);
    vpcd->simulated_ms += ms;
    return ms;
}

/* Faults that strike before the card acts; true when the command is over. */
static bool strike(struct virtual_vpcd *vpcd, const struct virtual_fault *fault)
{
    const uint8_t status[] = {(uint8_t)(fault->argument >> 8), (uint8_t)fault->argument};
    switch (fault->kind) {
    case VIRTUAL_FAULT_LOSE_BEFORE:
        try_again_later(vpcd);
        return true;
    case VIRTUAL_FAULT_REMOVE:
        virtual_vpcd_remove(vpcd);
        return true;
    case VIRTUAL_FAULT_HANG:
        vpcd->hung = true;
        return true;
    case VIRTUAL_FAULT_STATUS:
        put_answer(vpcd, bytes_new(SPAN_ARRAY(status)));
        return true;
    default:
        return false;
    }
}

static void take_command(struct virtual_vpcd *vpcd, struct span command)
{
    trace(vpcd, ">", command);
    struct virtual_fault fault = virtual_fault_next(&vpcd->faults);
    if (fault.kind != VIRTUAL_FAULT_NONE)
        trace_event(vpcd, "fault");
    if (strike(vpcd, &fault))
        return;
    uint32_t ms = delay_ms(vpcd, command, &fault);
    struct bytes *answer = virtual_fault_spoil(&fault, process(vpcd, command));
    if (fault.kind == VIRTUAL_FAULT_LOSE_AFTER) {
        bytes_free(answer);
        try_again_later(vpcd);
    } else if (fault.kind == VIRTUAL_FAULT_REMOVE_AFTER) {
        bytes_free(answer);
        virtual_vpcd_remove(vpcd);
    } else if (ms > 0) {
        vpcd->late_answer = answer;
        loop_timer_set(vpcd->answer_timer, deadline_in_ms(ms));
    } else {
        put_answer(vpcd, answer);
    }
}

/* ---- in ---- */

/* False when it is none that the protocol knows: an answer would then be one too many or one too few
 * for ever, so the line must be given up. */
static bool take_control(struct virtual_vpcd *vpcd, uint8_t code)
{
    switch (code) {
    case CODE_OFF:
        trace_event(vpcd, "power off");
        virtual_card_power_off(vpcd->card);
        return true;
    case CODE_ON:
        trace_event(vpcd, "power on");
        virtual_card_power_on(vpcd->card);
        return true;
    case CODE_RESET:
        trace_event(vpcd, "reset");
        virtual_card_reset(vpcd->card);
        return true;
    case CODE_ATR:
        put_frame(vpcd, virtual_card_atr(vpcd->card));
        return true;
    default:
        return false;
    }
}

/* The body of the first frame, when it is all there. */
static bool frame_complete(const struct buf *in, struct span *out_body)
{
    struct span all = buf_span(in);
    if (all.len < FRAME_HEAD_BYTES)
        return false;
    size_t length = (size_t)(all.at[0] << 8 | all.at[1]);
    if (all.len - FRAME_HEAD_BYTES < length)
        return false;
    *out_body = span_part(all, FRAME_HEAD_BYTES, length);
    return true;
}

/* Frames in order, up to a command whose answer waits. False when the line is no good. */
static bool take_frames(struct virtual_vpcd *vpcd)
{
    struct span body;
    while (vpcd->connected && !vpcd->hung && vpcd->late_answer == NULL &&
           frame_complete(&vpcd->in, &body)) {
        if (body.len == 0)
            return false;
        AUTO(bytes_freep) struct bytes *frame = bytes_new(body);
        buf_drop(&vpcd->in, FRAME_HEAD_BYTES + body.len);
        if (frame->len > 1)
            take_command(vpcd, span_bytes(frame));
        else if (!take_control(vpcd, frame->at[0]))
            return false;
    }
    return true;
}

/* Without it the reader's two writes per command (length, body) meet a delayed acknowledgement: 40 ms
 * for every APDU. The kernel forgets the wish, so it is told before each recv. */
static void acknowledge_quickly(int fd)
{
    int on = 1;
    if (setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on) != 0)
        log_debug("vpcd", "no TCP_QUICKACK");
}

/* False when the line broke. */
static bool receive(struct virtual_vpcd *vpcd)
{
    uint8_t bytes[RECV_BYTES];
    acknowledge_quickly(vpcd->fd);
    ssize_t got = recv(vpcd->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (got < 0)
        return errno == EAGAIN || errno == EINTR;
    acknowledge_quickly(vpcd->fd);
    buf_add(&vpcd->in, span_of(bytes, (size_t)got));
    return got > 0 && !vpcd->in.bad;
}

static void work(struct virtual_vpcd *vpcd)
{
    bool good = take_frames(vpcd);
    if (vpcd->fd < 0)
        return;
    if (!good || !flush(vpcd))
        try_again_later(vpcd);
}

static void give_late_answer(void *context)
{
    struct virtual_vpcd *vpcd = context;
    if (vpcd->late_answer == NULL)
        return;
    put_answer(vpcd, TAKE(vpcd->late_answer));
    work(vpcd);
}

static void on_socket(void *context, uint32_t events)
{
    struct virtual_vpcd *vpcd = context;
    if ((events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP)) != 0 || !receive(vpcd)) {
        try_again_later(vpcd);
        return;
    }
    work(vpcd);
}

/* ---- the line ---- */

static void on_connected(void *context, uint32_t events)
{
    struct virtual_vpcd *vpcd = context;
    if ((events & (EPOLLHUP | EPOLLERR)) != 0) {
        try_again_later(vpcd);
        return;
    }
    loop_watch_free(vpcd->watch);
    vpcd->connected = true;
    acknowledge_quickly(vpcd->fd);
    trace_event(vpcd, "connected");
    vpcd->watch = loop_watch_new(vpcd->loop, vpcd->fd, EPOLLIN | EPOLLRDHUP, on_socket, vpcd);
}

static void connect_now(void *context)
{
    struct virtual_vpcd *vpcd = context;
    if (vpcd->fd >= 0 || !vpcd->inserted)
        return;
    vpcd->fd = socket(vpcd->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (vpcd->fd < 0 ||
        (connect(vpcd->fd, (const struct sockaddr *)&vpcd->address, vpcd->address_len) != 0 &&
         errno != EINPROGRESS)) {
        try_again_later(vpcd);
        return;
    }
    vpcd->watch = loop_watch_new(vpcd->loop, vpcd->fd, EPOLLOUT, on_connected, vpcd);
}

static bool set_address(struct virtual_vpcd *vpcd, const char *host, uint16_t port)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)&vpcd->address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&vpcd->address;
    if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        vpcd->address_len = sizeof *v4;
        return true;
    }
    if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        vpcd->address_len = sizeof *v6;
        return true;
    }
    return false;
}

enum err_code virtual_vpcd_open(struct loop *loop, struct virtual_card *card,
                                const struct virtual_vpcd_options *options,
                                struct virtual_vpcd **out, struct err *err)
{
    AUTO(virtual_vpcd_freep) struct virtual_vpcd *vpcd = memory_new(sizeof *vpcd);
    *vpcd = (struct virtual_vpcd){
        .loop = loop,
        .card = card,
        .inserted = !options->removed,
        .real_latency = options->real_latency,
        .trace_fd = options->trace_fd,
        .fd = -1,
        .in = BUF_INIT(IN_BYTES_MAX),
        .out = BUF_INIT(OUT_BYTES_MAX),
    };
    vpcd->reconnect = loop_timer_new(loop, connect_now, vpcd);
    vpcd->answer_timer = loop_timer_new(loop, give_late_answer, vpcd);
    if (!set_address(vpcd, options->host, options->port))
        return err_set(err, ERR_USAGE, "\"%.64s\" is not a numeric address", options->host);
    connect_now(vpcd);
    *out = TAKE(vpcd);
    return ERR_NONE;
}

void virtual_vpcd_free(struct virtual_vpcd *vpcd)
{
    if (vpcd == NULL)
        return;
    disconnect(vpcd);
    loop_timer_free(vpcd->reconnect);
    loop_timer_free(vpcd->answer_timer);
    buf_done(&vpcd->in);
    buf_done(&vpcd->out);
    virtual_card_free(vpcd->card);
    free(vpcd);
}

void virtual_vpcd_freep(struct virtual_vpcd **vpcd)
{
    virtual_vpcd_free(*vpcd);
    *vpcd = NULL;
}

/* ---- what a hand or a script does ---- */

void virtual_vpcd_insert(struct virtual_vpcd *vpcd)
{
    vpcd->inserted = true;
    connect_now(vpcd);
}

void virtual_vpcd_remove(struct virtual_vpcd *vpcd)
{
    vpcd->inserted = false;
    disconnect(vpcd);
}

void virtual_vpcd_swap(struct virtual_vpcd *vpcd, struct virtual_card *card)
{
    disconnect(vpcd);
    virtual_card_free(vpcd->card);
    vpcd->card = card;
    vpcd->inserted = true;
    virtual_vpcd_clear_stats(vpcd);
    loop_timer_set(vpcd->reconnect, deadline_in_ms(RECONNECT_MS));
}

struct virtual_faults *virtual_vpcd_faults(struct virtual_vpcd *vpcd)
{
    return &vpcd->faults;
}

static void add_instruction(struct json *list, const struct virtual_card *card, uint8_t ins)
{
    char hex[3];
    snprintf(hex, sizeof hex, "%02X", ins);
    struct json *item = json_new_object();
    json_add_text(item, "ins", hex);
    json_add_text(item, "name", virtual_card_command_name(card, ins));
    json_add_integer(item, "count", (int64_t)virtual_card_count(card, ins));
    json_append(list, item);
}

struct json *virtual_vpcd_stats(const struct virtual_vpcd *vpcd)
{
    struct json *stats = json_new_object();
    json_add_text(stats, "serial", virtual_card_serial(vpcd->card));
    json_add_bool(stats, "inserted", vpcd->inserted);
    json_add_bool(stats, "connected", vpcd->connected);
    json_add_integer(stats, "commands", (int64_t)vpcd->commands);
    json_add_integer(stats, "simulated_ms", (int64_t)vpcd->simulated_ms);
    json_add_integer(stats, "busy_us", (int64_t)vpcd->busy_us);
    struct json *list = json_new_array();
    json_add(stats, "instructions", list);
    for (unsigned ins = 0; ins < 256; ins++)
        if (virtual_card_count(vpcd->card, (uint8_t)ins) > 0)
            add_instruction(list, vpcd->card, (uint8_t)ins);
    return stats;
}

void virtual_vpcd_clear_stats(struct virtual_vpcd *vpcd)
{
    vpcd->commands = 0;
    vpcd->simulated_ms = 0;
    vpcd->busy_us = 0;
    virtual_card_clear_counts(vpcd->card);
}
