#include "portal/web/web_reader.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "portal/web/web_pool.h"
#include "web_orders.h"

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

/* Waits while the test holds the gate. */
static void work(void *context)
{
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
}

static void done(void *context, struct http_request *request)
{
    assert_null(request);
}

static void dropped(void *context)
{
}

static void fill(struct web_pool *readers)
{
    const struct web_work item = {work, done, dropped, NULL};
    struct err err = ERR_INIT;
    while (web_pool_has_room(readers))
        world_must(web_pool_start(readers, NULL, &item, &err), &err);
}

/* A search never runs in the loop: it waits for a reader, or is put off, and others are served. */
static void searches_leave_the_loop_alone(void **state)
{
    static const char *const lists[] = {"/orders", "/keys", "/resets"};
    struct web_orders *orders = *state;
    web_world_become(orders->web, "zhang");
    pthread_mutex_lock(&gate);
    fill(web_server_peek(orders->web->web)->readers);
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
        AUTO(web_result_done) struct web_result whole = {0};
        AUTO(memory_freep) char *empty = memory_printf("%s?search=", lists[i]);
        AUTO(memory_freep) char *search = memory_printf("%s?search=KEY", lists[i]);
        web_world_expect(orders->web, "GET", empty, NULL, 200, &whole);
        web_world_refused(orders->web, "GET", search, NULL, "too-many-requests");
    }
    pthread_mutex_unlock(&gate);
}

static void what_a_search_finds_is_answered(void **state)
{
    struct web_orders *orders = *state;
    AUTO(web_result_done) struct web_result found = {0};
    web_world_become(orders->web, "zhang");
    web_world_expect(orders->web, "GET", "/resets?search=KEY", NULL, 200, &found);
    assert_int_equal(json_count(json_member(found.json, "items")), 1);
    web_world_refused(orders->web, "GET", "/orders?search=%FF", NULL, "field-value");
}

static void a_search_whose_client_left_is_forgotten(void **state)
{
    struct web_orders *orders = *state;
    AUTO(web_result_done) struct web_result after = {0};
    web_world_become(orders->web, "zhang");
    AUTO(memory_freep)
    char *request = memory_printf("GET " WEB_BASE "/orders?search=KEY HTTP/1.1\r\n"
                                  "Host: " WEB_WORLD_HOST "\r\nCookie: __Host-session=%s\r\n\r\n",
                                  orders->web->token);
    web_world_leave(orders->web, span_text(request));
    web_world_expect(orders->web, "GET", "/orders?search=KEY", NULL, 200, &after);
}

#define T(test) cmocka_unit_test_setup_teardown(test, web_orders_setup, web_orders_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(searches_leave_the_loop_alone),
        T(what_a_search_finds_is_answered),
        T(a_search_whose_client_left_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
