#include "agent/config_value.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include "base/memory.h"

typedef const char *(*check_fn)(const char *value);

struct sample {
    check_fn check;
    const char *value;
};

static void what_may_be(void **state)
{
    static const struct sample samples[] = {
        {config_value_name, "阳光采购服务平台"},
        {config_value_path, "/etc/ukeyd/roots.pem"},
        {config_value_origin, "https://a.example"},
        {config_value_origin, "https://a-1.example:8443"},
        {config_value_origin, "https://a.example:65535"},
        {config_value_origin, "https://[::1]:9000"},
        {config_value_api, "https://a.example"},
        {config_value_api, "https://a.example:8443/Agent/v1.0/~x_y"},
        {config_value_proxy, ""},
        {config_value_proxy, "http://p:1"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
        if (samples[i].check(samples[i].value) != NULL)
            fail_msg("%s %s", samples[i].value, samples[i].check(samples[i].value));
}

static void what_may_not(void **state)
{
    static const struct sample samples[] = {
        {config_value_name, ""},
        {config_value_name, "a\tb"},
        {config_value_name, "a\x7f"},
        {config_value_path, "roots.pem"},
        {config_value_path, "../roots.pem"},
        {config_value_path, "/etc/\x1b"},
        {config_value_origin, "http://a.example"},
        {config_value_origin, "https://a.example/"},
        {config_value_origin, "https://A.example"},
        {config_value_origin, "https://a.example:443"},
        {config_value_origin, "https://a.example:0443"},
        {config_value_origin, "https://a.example:65536"},
        {config_value_origin, "https://a.example:99999999999999999999999"},
        {config_value_origin, "https://a.example:"},
        {config_value_origin, "https://user@a.example"},
        {config_value_origin, "https://a..example"},
        {config_value_origin, "https://.example"},
        {config_value_origin, "https://a.example."},
        {config_value_origin, "https://"},
        {config_value_origin, "https://[::1"},
        {config_value_origin, "https://*.example"},
        {config_value_origin, "https://平台.example"},
        {config_value_origin, "null"},
        {config_value_api, "http://a.example/agent/v1"},
        {config_value_api, "https://a.exampleABC"},
        {config_value_api, "https://a.example_b/agent"},
        {config_value_api, "https://a.example:8443x/agent"},
        {config_value_api, "https://[::1]agent"},
        {config_value_api, "https://a.example/agent/v1/"},
        {config_value_api, "https://a.example/agent?x=1"},
        {config_value_api, "https://a.example@b.example/agent"},
        {config_value_api, "https://a.example/\xe5\xb9\xb3"},
        {config_value_proxy, "a b"},
        {config_value_proxy, "http://li:geheim@p:1"},
        {config_value_proxy, "http://p:1\n"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
        if (samples[i].check(samples[i].value) == NULL)
            fail_msg("%s is taken", samples[i].value);
}

static void ids_of_platforms(void **state)
{
    assert_true(config_value_is_id("sunshine-2_b.x"));
    assert_true(config_value_is_id("01234567890123456789012345678901"));
    assert_false(config_value_is_id("012345678901234567890123456789012"));
    assert_false(config_value_is_id(""));
    assert_false(config_value_is_id("Sunshine"));
    assert_false(config_value_is_id("a/b"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_may_be),
        cmocka_unit_test(what_may_not),
        cmocka_unit_test(ids_of_platforms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
