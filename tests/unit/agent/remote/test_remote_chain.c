#include "agent/remote/remote_chain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/hex.h"

/* What an array holds, how many certificates are read before the first wrong one. */
static const struct {
    const char *text;
    enum err_code code;
    size_t count;
} cases[] = {
    {"[]", ERR_NONE, 0},
    {"[\"AQI=\"]", ERR_NONE, 1},
    {"[\"AQ==\",\"AQ==\",\"AQ==\",\"AQ==\",\"AQ==\",\"AQ==\",\"AQ==\",\"AQI=\"]", ERR_NONE, 8},
    {"[\"AQI=\",7]", ERR_FIELD_TYPE, 1},
    {"[null]", ERR_FIELD_TYPE, 0},
    {"[\"AQI=\",\"AQI\"]", ERR_BASE64, 1},
};

static void each_chain(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct err err = ERR_INIT;
        struct bytes *chain[REMOTE_CHAIN_MAX] = {0};
        size_t count = 0;
        AUTO(json_freep) struct json *json = NULL;
        assert_int_equal(json_parse(span_text(cases[i].text), 4096, &json, &err), ERR_NONE);
        enum err_code code = remote_chain_read(json, chain, &count, &err);
        if (code != cases[i].code || count != cases[i].count)
            fail_msg("%s: %s, %zu", cases[i].text, err.detail, count);
        if (count > 0 && code == ERR_NONE)
            assert_int_equal(chain[count - 1]->at[1], 2);
        for (size_t k = 0; k < REMOTE_CHAIN_MAX; k++)
            bytes_free(chain[k]);
    }
}

static void a_certificate_has_a_limit(void **state)
{
    for (size_t length = REMOTE_CERT_BYTES_MAX - 1; length <= REMOTE_CERT_BYTES_MAX + 1; length++) {
        struct err err = ERR_INIT;
        struct bytes *chain[REMOTE_CHAIN_MAX] = {0};
        size_t count = 0;
        AUTO(bytes_freep) struct bytes *cert = bytes_new_size(length);
        AUTO(json_freep) struct json *json = json_new_array();
        json_append_base64(json, span_bytes(cert));
        enum err_code code = remote_chain_read(json, chain, &count, &err);
        assert_int_equal(code == ERR_NONE, length <= REMOTE_CERT_BYTES_MAX);
        bytes_free(chain[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_chain),
        cmocka_unit_test(a_certificate_has_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
