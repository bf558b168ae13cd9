#include "certs/loopback.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
/* needs the three above */
#include <cmocka.h>

#include "fixture.h"
#include "tests/unit/certs/loopback_fixture.h"

#define DAY 86400
#define NAMES "DNS:localhost,IP:127.0.0.1,IP:::1"

static enum err_code check(struct span der, struct err *err)
{
    enum err_code code = loopback_check(der, err);
    assert_int_equal(code, err->code);
    return code;
}

static void takes_what_the_agent_makes(void **state)
{
    (void)state;
    static const struct loopback_wish wishes[] = {
        {0},
        {.valid_seconds = 398 * DAY},
        {.names = "IP:::1,IP:127.0.0.1,DNS:localhost"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(wishes); i++) {
        struct err err = ERR_INIT;
        AUTO(bytes_freep) struct bytes *der = loopback_fixture(&wishes[i]);
        assert_int_equal(check(span_bytes(der), &err), ERR_NONE);
    }
}

static const struct {
    struct loopback_wish wish;
    const char *why;
} refused[] = {
    {{.names = "DNS:bank.example"}, "its names"},
    {{.names = NAMES ",DNS:bank.example"}, "its names"},
    {{.names = "DNS:bank.example,IP:127.0.0.1,IP:::1"}, "its names"},
    {{.names = "DNS:localhost,DNS:localhost,IP:127.0.0.1"}, "its names"},
    {{.names = "DNS:localhost,IP:127.0.0.1"}, "its names"},
    {{.names = "DNS:localhost,IP:127.0.0.1,IP:::2"}, "its names"},
    {{.names = "DNS:localhost,IP:127.0.0.1,DNS:*.example"}, "its names"},
    {{.names = "email:localhost,IP:127.0.0.1,IP:::1"}, "its names"},
    {{.names = ""}, "its names"},
    {{.basic_constraints = "critical,CA:TRUE"}, "no CA"},
    {{.basic_constraints = ""}, "no CA"},
    {{.key_usage = "critical,digitalSignature,keyCertSign"}, "its usage"},
    {{.key_usage = ""}, "its usage"},
    {{.extended_key_usage = "serverAuth,emailProtection"}, "its usage"},
    {{.extended_key_usage = ""}, "its usage"},
    {{.name_constraints = "permitted;DNS:localhost"}, "an extension"},
    {{.curve = "P-384"}, "P-256"},
    {{.curve = "secp256k1"}, "P-256"},
    {{.digest = "SHA384"}, "signed by itself"},
    {{.signed_by_another = true}, "signed by itself"},
    {{.issuer = "Some CA"}, "its issuer"},
    {{.valid_seconds = 398 * DAY + 1}, "too long"},
    {{.valid_seconds = -1}, "too long"},
};

static void refuses_everything_else(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        struct err err = ERR_INIT;
        AUTO(bytes_freep) struct bytes *der = loopback_fixture(&refused[i].wish);
        assert_int_equal(check(span_bytes(der), &err), ERR_CERT_NOT_LOOPBACK);
        if (strstr(err.detail, refused[i].why) == NULL)
            fail_msg("row %zu: %s", i, err.detail);
    }
}

static void refuses_what_is_no_certificate(void **state)
{
    (void)state;
    static const uint8_t zeros[LOOPBACK_BYTES_MAX + 1];
    AUTO(bytes_freep) struct bytes *der = loopback_fixture(&(struct loopback_wish){0});
    AUTO(bytes_freep) struct bytes *longer = bytes_new_size(der->len + 1);
    memcpy(longer->at, der->at, der->len);
    const struct span cases[] = {
        SPAN_NONE,
        SPAN_ARRAY(zeros),
        span_of(zeros, LOOPBACK_BYTES_MAX),
        span_part(span_bytes(der), 0, der->len - 1),
        span_bytes(longer),
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct err err = ERR_INIT;
        assert_int_equal(check(cases[i], &err), ERR_CERT_NOT_LOOPBACK);
    }
}

/* Whatever single byte is changed, its own signature does not fit any more. */
static void refuses_every_changed_byte(void **state)
{
    (void)state;
    AUTO(bytes_freep) struct bytes *der = loopback_fixture(&(struct loopback_wish){0});
    for (size_t i = 0; i < der->len; i++) {
        struct err err = ERR_INIT;
        der->at[i] ^= 0x01;
        assert_int_equal(check(span_bytes(der), &err), ERR_CERT_NOT_LOOPBACK);
        der->at[i] ^= 0x01;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(takes_what_the_agent_makes, fixture_no_errors_left),
        cmocka_unit_test_teardown(refuses_everything_else, fixture_no_errors_left),
        cmocka_unit_test_teardown(refuses_what_is_no_certificate, fixture_no_errors_left),
        cmocka_unit_test_teardown(refuses_every_changed_byte, fixture_no_errors_left),
    };
    return cmocka_run_group_tests_name("certs/loopback", tests, NULL, NULL);
}
