#include "agent/web/web_peer.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

#include "http/http_server.h"
#include "tests/unit/http/client.h"

static void test_tells_loopback_from_others(void **state)
{
    static const struct {
        const char *address;
        bool loopback;
    } cases[] = {
        {"127.0.0.1", true},
        {"127.255.255.254", true},
        {"126.255.255.255", false},
        {"128.0.0.1", false},
        {"0.0.0.0", false},
        {"192.168.1.127", false},
        {"::1", true},
        {"::", false},
        {"::2", false},
        {"fe80::1", false},
        {"::ffff:127.0.0.1", false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct sockaddr_storage storage = {0};
        struct sockaddr_in *v4 = (struct sockaddr_in *)&storage;
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&storage;
        storage.ss_family =
            inet_pton(AF_INET, cases[i].address, &v4->sin_addr) == 1 ? AF_INET : AF_INET6;
        if (storage.ss_family == AF_INET6)
            assert_int_equal(inet_pton(AF_INET6, cases[i].address, &v6->sin6_addr), 1);
        assert_int_equal(web_peer_is_loopback((struct sockaddr *)&storage), cases[i].loopback);
    }
    struct sockaddr_storage local = {.ss_family = AF_UNIX};
    assert_false(web_peer_is_loopback((struct sockaddr *)&local));
}

static void test_finds_the_owner(void **state)
{
    static const char *const hosts[] = {"127.0.0.1", "::1"};
    for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
        struct err err = ERR_INIT;
        struct client client;
        struct sockaddr_storage peer;
        socklen_t length = sizeof peer;
        uint16_t port;
        uid_t uid = (uid_t)-1;
        int listener;
        assert_int_equal(http_listen_tcp(hosts[i], 0, &listener, &port, &err), ERR_NONE);
        client_tcp(&client, hosts[i], port);
        int fd = accept(listener, (struct sockaddr *)&peer, &length);
        assert_true(fd >= 0);
        assert_int_equal(web_peer_uid((struct sockaddr *)&peer, port, &uid, &err), ERR_NONE);
        assert_int_equal(uid, geteuid());
        assert_int_equal(web_peer_uid((struct sockaddr *)&peer, (uint16_t)(port ^ 1), &uid, &err),
                         ERR_HTTP_PEER);
        client_close(&client);
        close(fd);
        close(listener);
    }
}

static void test_finds_no_owner_of_nothing(void **state)
{
    struct err err = ERR_INIT;
    struct sockaddr_in nobody = {.sin_family = AF_INET, .sin_port = htons(1)};
    struct sockaddr local = {.sa_family = AF_UNIX};
    uid_t uid = 77;
    nobody.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(web_peer_uid((struct sockaddr *)&nobody, 2, &uid, &err), ERR_HTTP_PEER);
    assert_int_equal(web_peer_uid(&local, 2, &uid, &err), ERR_HTTP_PEER);
    assert_int_equal(uid, 77);
}

static void test_names_who_holds_a_port(void **state)
{
    struct err err = ERR_INIT;
    uint16_t port;
    int listener;
    uid_t uid = (uid_t)-1;
    assert_int_equal(http_listen_tcp("127.0.0.1", 0, &listener, &port, &err), ERR_NONE);
    assert_true(web_peer_holder(port, &uid));
    assert_int_equal(uid, geteuid());
    close(listener);
    assert_false(web_peer_holder(port, &uid));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tells_loopback_from_others),
        cmocka_unit_test(test_finds_the_owner),
        cmocka_unit_test(test_finds_no_owner_of_nothing),
        cmocka_unit_test(test_names_who_holds_a_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
