#include "portal/pay/pay_http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "base/thread.h"
#include "stand.h"

static void answer_ok(void *context, struct http_request *request)
{
    http_reply_bytes(request, 200, "application/json", http_request_body(request));
}

static void answer_html(void *context, struct http_request *request)
{
    http_reply_bytes(request, 200, "text/html", span_text("<p>请登录</p>"));
}

static void answer_failed(void *context, struct http_request *request)
{
    http_reply_empty(request, 502);
}

static void answer_refused(void *context, struct http_request *request)
{
    http_reply_empty(request, 409);
}

static void answer_many(void *context, struct http_request *request)
{
    http_reply_empty(request, 429);
}

static void answer_elsewhere(void *context, struct http_request *request)
{
    http_reply_header(request, "Location", "/ok");
    http_reply_empty(request, 307);
}

static void answer_long(void *context, struct http_request *request)
{
    AUTO(bytes_freep) struct bytes *body = bytes_new_size(PAY_HTTP_ANSWER_BYTES_MAX + 1);
    http_reply_bytes(request, 200, "application/json", span_bytes(body));
}

static void answer_never(void *context, struct http_request *request)
{
}

static const struct http_route routes[] = {
    {HTTP_POST, "/ok", answer_ok, 1000},         {HTTP_POST, "/html", answer_html, 1000},
    {HTTP_POST, "/failed", answer_failed, 1000}, {HTTP_POST, "/refused", answer_refused, 1000},
    {HTTP_POST, "/many", answer_many, 1000},     {HTTP_POST, "/elsewhere", answer_elsewhere, 1000},
    {HTTP_POST, "/long", answer_long, 1000},     {HTTP_POST, "/never", answer_never, 1000},
};

struct scene {
    struct loop *loop;
    struct stand_server *server;
    char *ca;
};

static struct scene open_scene(const struct stand *stand)
{
    struct scene scene = {.ca = stand_path(stand, "tls/ca.pem")};
    struct err err = ERR_INIT;
    stand_must(loop_new(&scene.loop, &err), &err);
    scene.server = stand_server_start(stand, scene.loop, routes, ARRAY_SIZE(routes), NULL);
    return scene;
}

static void scene_done(struct scene *scene)
{
    stand_server_stop(scene->server);
    loop_free(scene->loop);
    free(scene->ca);
}

static enum err_code post(const struct scene *scene, const char *path, const char *ca,
                          struct deadline deadline, const struct cancel *cancel, struct bytes **out)
{
    AUTO(memory_freep)
    char *url = memory_printf("%s%s", stand_server_origin(scene->server), path);
    const struct pay_http_call call = {url, ca, span_text("{\"a\":1}"), deadline, cancel};
    struct err err = ERR_INIT;
    return pay_http_post(&call, out, &err);
}

static void the_body_comes_back(void **state)
{
    AUTO(scene_done) struct scene scene = open_scene(*state);
    AUTO(bytes_freep) struct bytes *answer = NULL;
    assert_int_equal(post(&scene, "/ok", scene.ca, deadline_in_ms(5000), NULL, &answer), ERR_NONE);
    assert_string_equal((const char *)answer->at, "{\"a\":1}");
}

static void other_answers_are_told_apart(void **state)
{
    static const struct {
        const char *path;
        enum err_code code;
    } cases[] = {
        {"/html", ERR_PAYMENT_ANSWER},      {"/failed", ERR_PAYMENT_UNAVAILABLE},
        {"/refused", ERR_PAYMENT_REFUSED},  {"/nothing", ERR_PAYMENT_REFUSED},
        {"/many", ERR_PAYMENT_UNAVAILABLE}, {"/elsewhere", ERR_PAYMENT_ANSWER},
        {"/long", ERR_PAYMENT_ANSWER},
    };
    AUTO(scene_done) struct scene scene = open_scene(*state);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct bytes *answer = NULL;
        enum err_code code =
            post(&scene, cases[i].path, scene.ca, deadline_in_ms(5000), NULL, &answer);
        if (code != cases[i].code || answer != NULL)
            fail_msg("%s: %s", cases[i].path, err_code_text(code));
    }
}

static void only_the_named_ca_is_trusted(void **state)
{
    AUTO(scene_done) struct scene scene = open_scene(*state);
    struct bytes *answer = NULL;
    assert_int_equal(post(&scene, "/ok", NULL, deadline_in_ms(5000), NULL, &answer),
                     ERR_PAYMENT_UNAVAILABLE);
    assert_null(answer);
}

static void the_deadline_ends_it(void **state)
{
    AUTO(scene_done) struct scene scene = open_scene(*state);
    struct bytes *answer = NULL;
    assert_int_equal(post(&scene, "/never", scene.ca, deadline_in_ms(100), NULL, &answer),
                     ERR_PAYMENT_UNAVAILABLE);
}

static void *request_cancel(void *cancel)
{
    cancel_request(cancel);
    return NULL;
}

static void a_cancellation_ends_it(void **state)
{
    AUTO(scene_done) struct scene scene = open_scene(*state);
    struct cancel *cancel = NULL;
    struct bytes *answer = NULL;
    pthread_t thread;
    struct err err = ERR_INIT;
    stand_must(cancel_new(&cancel, &err), &err);
    stand_must(thread_start(&thread, request_cancel, cancel, &err), &err);
    assert_int_equal(post(&scene, "/never", scene.ca, DEADLINE_NEVER, cancel, &answer),
                     ERR_CANCELLED);
    pthread_join(thread, NULL);
    cancel_free(cancel);
}

static void nobody_there_is_unavailable(void **state)
{
    const struct pay_http_call call = {"https://127.0.0.1:1/x", NULL, span_text("{}"),
                                       deadline_in_ms(5000), NULL};
    struct bytes *answer = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(pay_http_post(&call, &answer, &err), ERR_PAYMENT_UNAVAILABLE);
}

static void plain_http_is_not_spoken(void **state)
{
    const struct pay_http_call call = {"http://127.0.0.1:1/x", NULL, span_text("{}"),
                                       deadline_in_ms(5000), NULL};
    struct bytes *answer = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(pay_http_post(&call, &answer, &err), ERR_CONFIG);
}

static void addresses_are_judged(void **state)
{
    static const struct {
        const char *url;
        bool valid;
    } cases[] = {
        {"https://pay.example.cn", true},
        {"https://pay.example.cn:8443/a?b=c", true},
        {"https://[::1]:80/", true},
        {"https://127.0.0.1?x", true},
        {"http://pay.example.cn/", false},
        {"https://", false},
        {"https:///x", false},
        {"https://a@b/", false},
        {"https://a/\r\nX: y", false},
        {"https://a/ b", false},
        {"https://a/\"b", false},
        {"https://a/<b", false},
        {"https://a/;b", false},
        {"https://a/\xC3\xA9", false},
        {"https://a\\b/", false},
        {"javascript:alert(1)", false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        if (pay_http_url_is_valid(cases[i].url, 100) != cases[i].valid)
            fail_msg("%s", cases[i].url);
    assert_false(pay_http_url_is_valid("https://pay.example.cn", 21));
    assert_int_equal(pay_http_origin_bytes("https://a.cn:8443/b"), strlen("https://a.cn:8443"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_body_comes_back),
        cmocka_unit_test(other_answers_are_told_apart),
        cmocka_unit_test(only_the_named_ca_is_trusted),
        cmocka_unit_test(the_deadline_ends_it),
        cmocka_unit_test(a_cancellation_ends_it),
        cmocka_unit_test(nobody_there_is_unavailable),
        cmocka_unit_test(plain_http_is_not_spoken),
        cmocka_unit_test(addresses_are_judged),
    };
    return cmocka_run_group_tests(tests, stand_setup, stand_teardown);
}
