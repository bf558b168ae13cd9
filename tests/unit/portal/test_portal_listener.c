#include "portal/portal_listener.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>

#include "world.h"

#define LISTENER \
    { \
        .signals = -1, .socket = -1 \
    }

static void an_address_that_is_none_is_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        "127.0.0.1",
        "127.0.0.1:",
        ":80",
        "[]:80",
        "127.0.0.1:65536",
        "127.0.0.1:-1",
        "127.0.0.1:000080",
        "127.0.0.1:8x",
        "127.0.0.1:+1",
        "127.0.0.1: 1",
        "0123456789012345678901234567890123456789012345678901234567890123:1"};
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        AUTO(portal_listener_done) struct portal_listener listener = LISTENER;
        struct err err = ERR_INIT;
        assert_int_equal(portal_listener_open(&listener, wrong[i], &err), ERR_USAGE);
    }
}

static void it_says_where_it_listens(void **state)
{
    static const struct {
        const char *listen, *start;
    } cases[] = {{"127.0.0.1:0", "https://127.0.0.1:"}, {"[::1]:0", "https://[::1]:"}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(portal_listener_done) struct portal_listener listener = LISTENER;
        struct err err = ERR_INIT;
        world_must(portal_listener_open(&listener, cases[i].listen, &err), &err);
        size_t length = strlen(cases[i].start);
        assert_memory_equal(listener.url, cases[i].start, length);
        assert_in_range(strtoul(listener.url + length, NULL, 10), 1, 65535);
    }
}

static void a_port_that_is_taken_is_named(void **state)
{
    AUTO(portal_listener_done) struct portal_listener first = LISTENER;
    AUTO(portal_listener_done) struct portal_listener second = LISTENER;
    struct err err = ERR_INIT;
    world_must(portal_listener_open(&first, "127.0.0.1:0", &err), &err);
    assert_int_equal(portal_listener_open(&second, first.url + strlen("https://"), &err),
                     ERR_PORTS_TAKEN);
}

/* The listener ends after the server. */
static enum err_code serve(struct portal_listener *listener, const char *folder, struct err *err)
{
    AUTO(http_server_freep) struct http_server *server = NULL;
    const struct http_server_options options = {.loop = listener->loop, .connections_max = 1};
    world_must(http_server_new(&options, &server, err), err);
    return portal_listener_serve(listener, server, folder, err);
}

static void signals_end_it_in_good_order(void **state)
{
    const struct world *world = *state;
    static const int signals[] = {SIGTERM, SIGINT};
    for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
        AUTO(portal_listener_done) struct portal_listener listener = LISTENER;
        struct err err = ERR_INIT;
        world_must(portal_listener_open(&listener, "127.0.0.1:0", &err), &err);
        raise(signals[i]);
        world_must(serve(&listener, world->folder, &err), &err);
    }
}

static void without_an_identity_it_does_not_serve(void **state)
{
    AUTO(portal_listener_done) struct portal_listener listener = LISTENER;
    struct err err = ERR_INIT;
    world_must(portal_listener_open(&listener, "127.0.0.1:0", &err), &err);
    assert_int_not_equal(serve(&listener, "/nowhere", &err), ERR_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_that_is_none_is_refused),
        cmocka_unit_test(it_says_where_it_listens),
        cmocka_unit_test(a_port_that_is_taken_is_named),
        cmocka_unit_test(signals_end_it_in_good_order),
        cmocka_unit_test(without_an_identity_it_does_not_serve),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
