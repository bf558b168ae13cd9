/* virtual_vpcd.c against a reader played by this test: a listening socket, with the loop in a thread. */
#include "token/virtual/virtual_vpcd.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "bench.h"

#define WAIT_MS 10000
/* Longer than the client waits before it connects again. */
#define QUIET_MS 500
#define GET_INFO "80040000000000"
#define SET_LABEL "8002000000000161"

struct reader {
    struct bench bench;
    struct loop *loop;
    struct virtual_vpcd *vpcd;
    pthread_t thread;
    int listener;
    int fd; /* -1: no card */
    uint16_t port;
};

static void *run_loop(void *context)
{
    struct reader *reader = context;
    struct err err = ERR_INIT;
    assert_int_equal(loop_run(reader->loop, &err), ERR_NONE);
    return NULL;
}

static bool readable(int fd, int wait_ms)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    return poll(&wait, 1, wait_ms) == 1;
}

static void accept_card(struct reader *reader)
{
    assert_true(readable(reader->listener, WAIT_MS));
    reader->fd = accept4(reader->listener, NULL, NULL, SOCK_CLOEXEC);
    assert_true(reader->fd >= 0);
}

static void reader_listen(struct reader *reader)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    reader->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(reader->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(reader->listener, 4), 0);
    assert_int_equal(getsockname(reader->listener, (struct sockaddr *)&address, &len), 0);
    reader->port = ntohs(address.sin_port);
}

static void reader_open(struct reader *reader, struct virtual_vpcd_options options)
{
    struct err err = ERR_INIT;
    *reader = (struct reader){.fd = -1};
    reader_listen(reader);
    bench_init(&reader->bench, virtual_profile_find("gmt0017-2012"));
    options.host = "127.0.0.1";
    options.port = reader->port;
    assert_int_equal(loop_new(&reader->loop, &err), ERR_NONE);
    assert_int_equal(
        virtual_vpcd_open(reader->loop, reader->bench.card, &options, &reader->vpcd, &err),
        ERR_NONE);
    assert_int_equal(pthread_create(&reader->thread, NULL, run_loop, reader), 0);
    if (!options.removed)
        accept_card(reader);
}

static void reader_close(struct reader *reader)
{
    loop_stop(reader->loop);
    pthread_join(reader->thread, NULL);
    virtual_vpcd_freep(&reader->vpcd);
    loop_freep(&reader->loop);
    bytes_freep(&reader->bench.answer);
    file_closep(&reader->fd);
    file_closep(&reader->listener);
}

static void send_all(struct reader *reader, struct span bytes)
{
    assert_int_equal(send(reader->fd, bytes.at, bytes.len, MSG_NOSIGNAL), bytes.len);
}

static void send_frame(struct reader *reader, const char *hex)
{
    AUTO(bytes_freep) struct bytes *body = bench_bytes(hex);
    AUTO(buf_done) struct buf frame = BUF_INIT(70000);
    buf_add_u16_be(&frame, (uint16_t)body->len);
    buf_add(&frame, span_bytes(body));
    send_all(reader, buf_span(&frame));
}

static void receive(struct reader *reader, uint8_t *out, size_t len)
{
    for (size_t done = 0; done < len;) {
        assert_true(readable(reader->fd, WAIT_MS));
        ssize_t got = recv(reader->fd, out + done, len - done, 0);
        assert_true(got > 0);
        done += (size_t)got;
    }
}

static struct bytes *receive_frame(struct reader *reader)
{
    uint8_t head[2];
    receive(reader, head, sizeof head);
    struct bytes *body = bytes_new_size((size_t)(head[0] << 8 | head[1]));
    receive(reader, body->at, body->len);
    return body;
}

/* The end of the connection, without a byte before it. */
static void expect_gone(struct reader *reader)
{
    uint8_t byte;
    assert_true(readable(reader->fd, WAIT_MS));
    assert_true(recv(reader->fd, &byte, 1, 0) <= 0);
    file_closep(&reader->fd);
}

static void expect_answer(struct reader *reader, const char *expected)
{
    AUTO(bytes_freep) struct bytes *answer = receive_frame(reader);
    AUTO(memory_freep) char *hex = hex_encode(span_bytes(answer));
    assert_string_equal(hex, expected);
}

static void expect_length(struct reader *reader, size_t len)
{
    AUTO(bytes_freep) struct bytes *answer = receive_frame(reader);
    assert_int_equal(answer->len, len);
}

/* Runs a function in the loop's thread and waits for it. */
struct errand {
    struct reader *reader;
    void (*function)(struct reader *reader, const char *argument);
    const char *argument;
    sem_t done;
};

static void run_errand(void *context)
{
    struct errand *errand = context;
    errand->function(errand->reader, errand->argument);
    sem_post(&errand->done);
}

static void in_loop(struct reader *reader, void (*function)(struct reader *, const char *),
                    const char *argument)
{
    struct errand errand = {.reader = reader, .function = function, .argument = argument};
    sem_init(&errand.done, 0, 0);
    loop_post(reader->loop, run_errand, &errand);
    while (sem_wait(&errand.done) != 0)
        ;
    sem_destroy(&errand.done);
}

static void do_fault(struct reader *reader, const char *argument)
{
    struct err err = ERR_INIT;
    if (virtual_fault_add_text(virtual_vpcd_faults(reader->vpcd), argument, &err) != ERR_NONE)
        abort();
}

static void do_remove(struct reader *reader, const char *argument)
{
    (void)argument;
    virtual_vpcd_remove(reader->vpcd);
}

static void do_insert(struct reader *reader, const char *argument)
{
    (void)argument;
    virtual_vpcd_insert(reader->vpcd);
}

static void do_swap(struct reader *reader, const char *argument)
{
    const struct virtual_profile *profile = virtual_profile_find(argument);
    virtual_vpcd_swap(reader->vpcd,
                      virtual_card_new(virtual_objects_new(profile, "OTHER", NULL), NULL));
}

static void check_stats(struct reader *reader, const char *expected)
{
    AUTO(json_freep) struct json *stats = virtual_vpcd_stats(reader->vpcd);
    AUTO(memory_freep) char *text = json_print(stats);
    if (strstr(text, expected) == NULL) {
        fprintf(stderr, "%s\nlacks %s\n", text, expected);
        abort();
    }
}

static void speaks_the_reader_s_protocol(void **state)
{
    (void)state;
    struct reader reader;
    reader_open(&reader, (struct virtual_vpcd_options){.trace_fd = -1});
    send_frame(&reader, "04");
    expect_answer(&reader, "3B858001554B45594442");
    send_frame(&reader, "00");
    send_frame(&reader, "04");
    expect_answer(&reader, "3B858001554B45594442");
    send_frame(&reader, "01");
    send_frame(&reader, GET_INFO);
    expect_length(&reader, 290);
    send_frame(&reader, "8026000000000341505000"
                        "0A");
    expect_length(&reader, 12);
    send_frame(&reader, "801400010000021000"
                        "0003");
    expect_answer(&reader, "0606019000");
    send_frame(&reader, "02");
    send_frame(&reader, "801400010000021000"
                        "0003");
    expect_answer(&reader, "698A");
    in_loop(&reader, check_stats, "\"commands\":4");
    in_loop(&reader, check_stats, "{\"ins\":\"14\",\"name\":\"GetPinInfo\",\"count\":2}");
    reader_close(&reader);
}

static void takes_frames_in_any_pieces(void **state)
{
    (void)state;
    struct reader reader;
    reader_open(&reader, (struct virtual_vpcd_options){.trace_fd = -1});
    static const uint8_t bytes[] = {0, 1, 4, 0, 7, 0x80, 0x04, 0, 0, 0, 0, 0, 0, 1, 4};
    for (size_t i = 0; i < sizeof bytes; i++)
        send_all(&reader, span_of(bytes + i, 1));
    expect_answer(&reader, "3B858001554B45594442");
    expect_length(&reader, 290);
    expect_answer(&reader, "3B858001554B45594442");
    send_all(&reader, SPAN_ARRAY(bytes));
    expect_answer(&reader, "3B858001554B45594442");
    expect_length(&reader, 290);
    expect_answer(&reader, "3B858001554B45594442");
    reader_close(&reader);
}

static void gives_the_largest_answer(void **state)
{
    (void)state;
    struct reader reader;
    reader_open(&reader, (struct virtual_vpcd_options){.trace_fd = -1});
    send_frame(&reader, "8050000000FFFD");
    expect_length(&reader, 65535);
    AUTO(bytes_freep) struct bytes *large = bytes_new_size(65535);
    AUTO(memory_freep) char *hex = hex_encode(span_bytes(large));
    send_frame(&reader, hex);
    expect_answer(&reader, "6700");
    reader_close(&reader);
}

static void gives_up_a_line_that_breaks_the_protocol(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "03", "05", "FF"};
    struct reader reader;
    reader_open(&reader, (struct virtual_vpcd_options){.trace_fd = -1});
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        send_frame(&reader, bad[i]);
        expect_gone(&reader);
        accept_card(&reader);
        send_frame(&reader, "04");
        expect_answer(&reader, "3B858001554B45594442");
    }
    reader_close(&reader);
}

static void connects_again_after_the_reader_went(void **state)
{
    (void)state;
    struct reader reader;
    reader_open(&reader, (struct virtual_vpcd_options){.trace_fd = -1});
    for (int i = 0; i < 2; i++) {
        file_closep(&reader.fd);
        accept_card(&reader);
        send_frame(&reader, "04");
        expect_answer(&reader, "3B858001554B45594442");
    }
    reader_close(&reader);
}

static void is_removed_and_inserted(void **state)
{
    (void)state;
    struct reader reader;
    reader_open(&reader, (struct virtual_vpcd_options){.trace_fd = -1, .removed = true});
    assert_false(readable(reader.listener, QUIET_MS));
    in_loop(&reader, check_stats, "\"inserted\":false,\"connected\":false");
    in_loop(&reader, do_insert, NULL);
    accept_card(&reader);
    send_frame(&reader, GET_INFO);
    expect_length(&reader, 290);
    in_loop(&reader, do_remove, NULL);
    expect_gone(&reader);
    assert_false(readable(reader.listener, QUIET_MS));
    in_loop(&reader, do_insert, NULL);
    in_loop(&reader, do_insert, NULL);
    accept_card(&reader);
    in_loop(&reader, do_swap, "longmai");
    expect_gone(&reader);
    accept_card(&reader);
    send_frame(&reader, GET_INFO);
    AUTO(bytes_freep) struct bytes *info = receive_frame(&reader);
    assert_memory_equal(info->at + 4, "Longmai", 7);
    in_loop(&reader, check_stats,
            "{\"serial\":\"OTHER\",\"inserted\":true,\"connected\":true,"
            "\"commands\":1");
    reader_close(&reader);
}

static void check_label(struct reader *reader, const char *label)
{
    if (strcmp(reader->bench.objects->label.at, label) != 0)
        abort();
}

static void suffers_the_faults_of_its_script(void **state)
{
    (void)state;
    struct reader reader;
    reader_open(&reader, (struct virtual_vpcd_options){.trace_fd = -1});
    in_loop(&reader, do_fault, "lose-before 1");
    send_frame(&reader, SET_LABEL);
    expect_gone(&reader);
    in_loop(&reader, check_label, "label");
    accept_card(&reader);
    in_loop(&reader, do_fault, "lose-after 2");
    send_frame(&reader, GET_INFO);
    expect_length(&reader, 290);
    send_frame(&reader, SET_LABEL);
    expect_gone(&reader);
    in_loop(&reader, check_label, "a");
    accept_card(&reader);
    in_loop(&reader, do_fault, "status 1 6F00");
    send_frame(&reader, GET_INFO);
    expect_answer(&reader, "6F00");
    in_loop(&reader, do_fault, "garbage 1");
    send_frame(&reader, GET_INFO);
    expect_length(&reader, 16);
    in_loop(&reader, do_fault, "short 1");
    send_frame(&reader, GET_INFO);
    expect_length(&reader, 1);
    in_loop(&reader, do_fault, "remove-at 1");
    send_frame(&reader, GET_INFO);
    expect_gone(&reader);
    assert_false(readable(reader.listener, QUIET_MS));
    in_loop(&reader, check_stats, "\"inserted\":false");
    reader_close(&reader);
}

static void acts_and_is_pulled_out(void **state)
{
    (void)state;
    struct reader reader;
    reader_open(&reader, (struct virtual_vpcd_options){.trace_fd = -1});
    in_loop(&reader, do_fault, "remove-after 1");
    send_frame(&reader, SET_LABEL);
    expect_gone(&reader);
    in_loop(&reader, check_label, "a");
    in_loop(&reader, check_stats, "\"inserted\":false");
    reader_close(&reader);
}

static void hangs_until_it_is_pulled_out(void **state)
{
    (void)state;
    struct reader reader;
    reader_open(&reader, (struct virtual_vpcd_options){.trace_fd = -1});
    in_loop(&reader, do_fault, "hang 1");
    send_frame(&reader, GET_INFO);
    send_frame(&reader, "04");
    assert_false(readable(reader.fd, QUIET_MS));
    in_loop(&reader, do_remove, NULL);
    expect_gone(&reader);
    in_loop(&reader, do_insert, NULL);
    accept_card(&reader);
    send_frame(&reader, GET_INFO);
    expect_length(&reader, 290);
    reader_close(&reader);
}

/* While an answer is late the loop lives on; what the reader sends meanwhile is answered in order. */
static void answers_late_and_in_order(void **state)
{
    (void)state;
    struct reader reader;
    reader_open(&reader, (struct virtual_vpcd_options){.trace_fd = -1});
    in_loop(&reader, do_fault, "delay 1 200");
    int64_t start = clock_monotonic_ms();
    send_frame(&reader, GET_INFO);
    send_frame(&reader, "04");
    in_loop(&reader, check_stats, "\"commands\":");
    expect_length(&reader, 290);
    assert_true(clock_monotonic_ms() - start >= 199);
    expect_answer(&reader, "3B858001554B45594442");
    in_loop(&reader, do_fault, "delay 1 60000");
    send_frame(&reader, GET_INFO);
    assert_false(readable(reader.fd, 50));
    in_loop(&reader, do_remove, NULL);
    expect_gone(&reader);
    reader_close(&reader);
}

static void takes_the_time_of_a_real_key(void **state)
{
    (void)state;
    struct reader reader;
    reader_open(&reader, (struct virtual_vpcd_options){.trace_fd = -1, .real_latency = true});
    int64_t start = clock_monotonic_ms();
    send_frame(&reader, GET_INFO);
    expect_length(&reader, 290);
    assert_true(clock_monotonic_ms() - start >= 9);
    in_loop(&reader, check_stats, "\"simulated_ms\":10");
    reader_close(&reader);
}

static void writes_a_trace(void **state)
{
    (void)state;
    struct reader reader;
    char path[] = "/tmp/virtual-trace-XXXXXX";
    AUTO(file_closep) int fd = mkstemp(path);
    reader_open(&reader, (struct virtual_vpcd_options){.trace_fd = fd});
    send_frame(&reader, "801C0000000002AABB");
    expect_answer(&reader, "6A88");
    reader_close(&reader);
    struct err err = ERR_INIT;
    AUTO(bytes_freep) struct bytes *text = NULL;
    assert_int_equal(file_read(path, 4096, &text, &err), ERR_NONE);
    assert_non_null(strstr((const char *)text->at, " # connected\n"));
    assert_non_null(strstr((const char *)text->at, " > 801C0000000002AABB\n"));
    assert_non_null(strstr((const char *)text->at, " < 6A88\n"));
    unlink(path);
}

static void refuses_names_for_an_address(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    struct virtual_vpcd *vpcd = NULL;
    AUTO(loop_freep) struct loop *loop = NULL;
    assert_int_equal(loop_new(&loop, &err), ERR_NONE);
    const struct virtual_vpcd_options options = {.host = "localhost", .port = 1, .trace_fd = -1};
    struct virtual_objects *objects = virtual_objects_new(virtual_profile_find("syno"), "S", NULL);
    assert_int_equal(
        virtual_vpcd_open(loop, virtual_card_new(objects, NULL), &options, &vpcd, &err), ERR_USAGE);
    assert_null(vpcd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(speaks_the_reader_s_protocol),
        cmocka_unit_test(takes_frames_in_any_pieces),
        cmocka_unit_test(gives_the_largest_answer),
        cmocka_unit_test(gives_up_a_line_that_breaks_the_protocol),
        cmocka_unit_test(connects_again_after_the_reader_went),
        cmocka_unit_test(is_removed_and_inserted),
        cmocka_unit_test(suffers_the_faults_of_its_script),
        cmocka_unit_test(acts_and_is_pulled_out),
        cmocka_unit_test(hangs_until_it_is_pulled_out),
        cmocka_unit_test(answers_late_and_in_order),
        cmocka_unit_test(takes_the_time_of_a_real_key),
        cmocka_unit_test(writes_a_trace),
        cmocka_unit_test(refuses_names_for_an_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
