#include "agent/launch/launch_wire.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static int pair[2];

static int open_pair(void **state)
{
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair);
}

static int close_pair(void **state)
{
    close(pair[0]);
    if (pair[1] >= 0)
        close(pair[1]);
    return 0;
}

static int count_open(void)
{
    int count = 0;
    for (int fd = 0; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void a_message_arrives(void **state)
{
    const struct launch_message sent = {LAUNCH_ENDED, -7};
    struct launch_message got = {0};
    struct launch_fds fds = {0};
    assert_true(launch_wire_send(pair[0], &sent, NULL));
    assert_int_equal(launch_wire_receive(pair[1], &got, &fds), LAUNCH_RECEIVED);
    assert_int_equal(got.word, LAUNCH_ENDED);
    assert_int_equal(got.value, -7);
    assert_int_equal(fds.count, 0);
    assert_int_equal(launch_wire_receive(pair[1], &got, &fds), LAUNCH_NOTHING);
}

static void descriptors_come_along(void **state)
{
    char byte = 0;
    int pipe_ends[2];
    assert_int_equal(pipe(pipe_ends), 0);
    for (int count = 1; count <= LAUNCH_FDS_MAX; count++) {
        const struct launch_message sent = {LAUNCH_START, 0};
        const struct launch_fds given = {count, {pipe_ends[1], pipe_ends[0]}};
        struct launch_message got;
        struct launch_fds fds = {0};
        assert_true(launch_wire_send(pair[0], &sent, &given));
        assert_int_equal(launch_wire_receive(pair[1], &got, &fds), LAUNCH_RECEIVED);
        assert_int_equal(fds.count, count);
        assert_int_equal(fcntl(fds.at[0], F_GETFD), FD_CLOEXEC);
        assert_int_equal(write(fds.at[0], "x", 1), 1);
        launch_fds_done(&fds);
        assert_int_equal(read(pipe_ends[0], &byte, 1), 1);
    }
    close(pipe_ends[0]);
    close(pipe_ends[1]);
}

static void wrong_messages_are_dropped_with_what_they_bring(void **state)
{
    static const size_t sizes[] = {1, sizeof(struct launch_message) - 1,
                                   sizeof(struct launch_message) + 1, 4096};
    char bytes[4096] = {0};
    int before = count_open();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct launch_message got = {.word = 77};
        struct launch_fds fds = {0};
        assert_int_equal(send(pair[0], bytes, sizes[i], 0), sizes[i]);
        assert_int_equal(launch_wire_receive(pair[1], &got, &fds), LAUNCH_BROKEN);
        assert_int_equal(got.word, 77);
        assert_int_equal(fds.count, 0);
    }
    assert_int_equal(count_open(), before);
}

/* A message with this many descriptors. */
static void send_many(int count)
{
    struct launch_message message = {LAUNCH_START, 0};
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(32 * sizeof(int))];
    } control = {0};
    struct iovec part = {&message, sizeof message};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes};
    header.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int));
    struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
    for (int i = 0; i < count; i++) {
        int fd = pair[0];
        memcpy(CMSG_DATA(rights) + (size_t)i * sizeof fd, &fd, sizeof fd);
    }
    assert_int_equal(sendmsg(pair[0], &header, 0), sizeof message);
}

static void too_many_descriptors_are_closed(void **state)
{
    static const int counts[] = {LAUNCH_FDS_MAX + 1, 16, 17, 32};
    int before = count_open();
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct launch_message got;
        struct launch_fds fds = {0};
        send_many(counts[i]);
        assert_int_equal(launch_wire_receive(pair[1], &got, &fds), LAUNCH_BROKEN);
        assert_int_equal(fds.count, 0);
        assert_int_equal(count_open(), before);
    }
}

static void the_end_is_seen(void **state)
{
    const struct launch_message message = {LAUNCH_START, 0};
    struct launch_message got;
    struct launch_fds fds = {0};
    close(pair[1]);
    pair[1] = -1;
    assert_int_equal(launch_wire_receive(pair[0], &got, &fds), LAUNCH_CLOSED);
    assert_false(launch_wire_send(pair[0], &message, NULL)); /* and no SIGPIPE */
    assert_int_equal(errno, EPIPE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_pair, close_pair)
    const struct CMUnitTest tests[] = {
        TEST(a_message_arrives),
        TEST(descriptors_come_along),
        TEST(wrong_messages_are_dropped_with_what_they_bring),
        TEST(too_many_descriptors_are_closed),
        TEST(the_end_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
