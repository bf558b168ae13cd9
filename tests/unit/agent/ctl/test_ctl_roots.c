#include "agent/ctl/ctl_roots.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/file.h"
#include "tests/unit/certs/fixture.h"

static struct fixture_key *root_key, *issuing_key, *end_key;
static struct bytes *root, *issuing, *end;

static enum err_code read_pem(const struct span *ders, size_t count, struct ctl_roots *out,
                              struct err *err)
{
    AUTO(memory_freep) char *pem = fixture_pem(ders, count);
    AUTO(memory_freep) char *text = memory_printf("a comment\n%sthe end\n", pem);
    *err = ERR_INIT;
    return ctl_roots_read(span_text(text), out, err);
}

static enum err_code check_end(const struct ctl_roots *roots)
{
    AUTO(cert_freep) struct cert *cert = fixture_parse(span_bytes(end));
    struct err err = ERR_INIT;
    return chain_check(cert, roots->intermediates, roots->intermediate_count, roots->roots,
                       FIXTURE_NOW, &err);
}

static void roots_and_others_are_told_apart(void **state)
{
    const struct span both[] = {span_bytes(issuing), span_bytes(root)};
    AUTO(ctl_roots_done) struct ctl_roots roots = {0};
    AUTO(ctl_roots_done) struct ctl_roots alone = {0};
    struct err err;
    assert_int_equal(read_pem(both, 2, &roots, &err), ERR_NONE);
    assert_int_equal(roots.intermediate_count, 1);
    assert_true(span_equal(roots.intermediates[0], span_bytes(issuing)));
    assert_int_equal(check_end(&roots), ERR_NONE);
    assert_int_equal(read_pem(&both[1], 1, &alone, &err), ERR_NONE);
    assert_int_equal(alone.intermediate_count, 0);
    assert_int_equal(check_end(&alone), ERR_CERT_UNTRUSTED);
}

static void what_is_no_ca_is_refused(void **state)
{
    const struct span with_end[] = {span_bytes(root), span_bytes(end)};
    AUTO(bytes_freep) struct bytes *self_signed = fixture_end("a", end_key, NULL, SPAN_NONE);
    const struct span leaf = span_bytes(self_signed);
    const struct span no_root = span_bytes(issuing);
    struct ctl_roots roots = {0};
    struct err err;
    assert_int_equal(read_pem(with_end, 2, &roots, &err), ERR_CERT_USAGE);
    assert_non_null(strstr(err.detail, "CA certificate 2"));
    assert_int_equal(read_pem(&leaf, 1, &roots, &err), ERR_CERT_USAGE);
    assert_int_equal(read_pem(&no_root, 1, &roots, &err), ERR_CONFIG);
    assert_null(roots.roots);
}

static void texts_without_certificates(void **state)
{
    static const struct {
        const char *text;
        enum err_code code;
    } cases[] = {
        {"", ERR_CONFIG},
        {"hello", ERR_CONFIG},
        {"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", ERR_DER},
        {"-----BEGIN CERTIFICATE-----\nMIIB", ERR_DER},
        {"-----BEGIN CERTIFICATE-----\n?\n-----END CERTIFICATE-----\n", ERR_BASE64},
        {"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", ERR_DER},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct ctl_roots roots = {0};
        struct err err = ERR_INIT;
        if (ctl_roots_read(span_text(cases[i].text), &roots, &err) != cases[i].code)
            fail_msg("%s: %s", cases[i].text, err_code_text(err.code));
        assert_null(roots.roots);
    }
}

static void intermediates_have_a_limit(void **state)
{
    struct span many[CHAIN_INTERMEDIATES_MAX + 2] = {span_bytes(root)};
    AUTO(ctl_roots_done) struct ctl_roots roots = {0};
    struct ctl_roots none = {0};
    struct err err;
    for (size_t i = 1; i < ARRAY_SIZE(many); i++)
        many[i] = span_bytes(issuing);
    assert_int_equal(read_pem(many, CHAIN_INTERMEDIATES_MAX + 1, &roots, &err), ERR_NONE);
    assert_int_equal(roots.intermediate_count, CHAIN_INTERMEDIATES_MAX);
    assert_int_equal(read_pem(many, CHAIN_INTERMEDIATES_MAX + 2, &none, &err), ERR_CONFIG);
}

static int make(void **state)
{
    root_key = fixture_key_new(CERT_SM2, 0);
    issuing_key = fixture_key_new(CERT_SM2, 0);
    end_key = fixture_key_new(CERT_SM2, 0);
    root = fixture_ca("root", root_key, NULL, SPAN_NONE);
    issuing = fixture_ca("issuing", issuing_key, root_key, span_bytes(root));
    end = fixture_end("end", end_key, issuing_key, span_bytes(issuing));
    return 0;
}

static int release(void **state)
{
    fixture_key_freep(&root_key);
    fixture_key_freep(&issuing_key);
    fixture_key_freep(&end_key);
    bytes_freep(&root);
    bytes_freep(&issuing);
    bytes_freep(&end);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(roots_and_others_are_told_apart, fixture_no_errors_left),
        cmocka_unit_test_teardown(what_is_no_ca_is_refused, fixture_no_errors_left),
        cmocka_unit_test_teardown(texts_without_certificates, fixture_no_errors_left),
        cmocka_unit_test_teardown(intermediates_have_a_limit, fixture_no_errors_left),
    };
    return cmocka_run_group_tests(tests, make, release);
}
