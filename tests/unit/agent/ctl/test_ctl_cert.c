#include "agent/ctl/ctl_cert.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "tests/unit/agent/ctl/stand_in_agent.h"

#define CERTIFICATE(container, usage, pem) \
    "{\"container\":\"" container "\",\"usage\":\"" usage "\",\"common_name\":\"" usage \
    "\",\"pem\":\"" pem "\"}"
#define TOKEN(serial, certificates) \
    "{\"serial\":\"" serial "\",\"supported\":true,\"certificates\":[" certificates "]}"

static const char dual[] = "{\"tokens\":[" TOKEN(
    "S1", CERTIFICATE("C1", "sign", "P1\\n") "," CERTIFICATE("C1", "encrypt", "P2\\n")) "]}";
static const char replaced[] = "{\"tokens\":[" TOKEN(
    "S1", CERTIFICATE("C1", "sign", "P1\\n") "," CERTIFICATE(
              "C2", "sign", "P2\\n")) "," TOKEN("S2", CERTIFICATE("C1", "both", "P3\\n")) "]}";

static enum err_code run(enum err_code (*function)(struct ctl *, struct err *),
                         const struct ctl_options *options, const char *body, char **out_text,
                         struct err *err)
{
    const struct stand_in_answer answer = {200, body};
    stand_in_agent_start(&answer, 1);
    struct ctl ctl = stand_in_agent_ctl(options);
    enum err_code code = stand_in_agent_capture(function, &ctl, out_text, err);
    ctl_client_free(ctl.client);
    stand_in_agent_stop(NULL);
    return code;
}

/* Options, what the keys hold, and what comes out. */
static const struct {
    struct ctl_options options;
    const char *body;
    enum err_code code;
    const char *text;
} exports[] = {
    {{.usage = "sign"}, dual, ERR_NONE, "P1\n"},
    {{.usage = "encrypt"}, dual, ERR_NONE, "P2\n"},
    {{.usage = "encrypt", .token = "S1", .container = "C1"}, dual, ERR_NONE, "P2\n"},
    {{.usage = "sign", .token = "S2"}, dual, ERR_TOKEN_NO_CERTIFICATE, ""},
    {{.usage = "sign", .container = "C2"}, dual, ERR_TOKEN_NO_CERTIFICATE, ""},
    {{.usage = NULL}, dual, ERR_USAGE, ""},
    {{.usage = "sign"}, replaced, ERR_USAGE, ""},
    {{.usage = "sign", .token = "S1"}, replaced, ERR_USAGE, ""},
    {{.usage = "sign", .token = "S1", .container = "C2"}, replaced, ERR_NONE, "P2\n"},
    {{.usage = "sign", .token = "S2"}, replaced, ERR_NONE, "P3\n"},
    {{.usage = "encrypt"}, replaced, ERR_NONE, "P3\n"},
    {{.usage = "sign"}, "{\"tokens\":[]}", ERR_NO_TOKEN, ""},
    {{.usage = "sign"}, "{\"tokens\":[7,{\"certificates\":[7]}]}", ERR_TOKEN_NO_CERTIFICATE, ""},
    {{.usage = "sign"},
     "{\"tokens\":[{\"certificates\":[{\"usage\":\"sign\"}]}]}",
     ERR_INTERNAL,
     ""},
};

static void the_chosen_one_is_exported(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(exports); i++) {
        struct err err = ERR_INIT;
        AUTO(memory_freep) char *text = NULL;
        enum err_code code =
            run(ctl_cert_export, &exports[i].options, exports[i].body, &text, &err);
        if (code != exports[i].code)
            fail_msg("%zu: %s (%s)", i, err_code_text(code), err.detail);
        assert_string_equal(text, exports[i].text);
    }
}

static void several_are_named(void **state)
{
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *text = NULL;
    const struct ctl_options options = {.usage = "sign", .token = "S1"};
    assert_int_equal(run(ctl_cert_export, &options, replaced, &text, &err), ERR_USAGE);
    assert_non_null(strstr(err.detail, "--token S1 --container C1; --token S1 --container C2;"));
}

static void the_keys_certificates_are_shown(void **state)
{
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *text = NULL;
    AUTO(memory_freep) char *json = NULL;
    const struct ctl_options options = {.lang = LANG_EN, .word_count = 2};
    const struct ctl_options as_json = {.given = CTL_JSON, .usage = "encrypt", .word_count = 2};
    assert_int_equal(run(ctl_cert_show, &options, dual, &text, &err), ERR_NONE);
    assert_string_equal(text, "Key: S1\n"
                              "  signing certificate\n    Container: C1\n    Name: sign\n"
                              "  encryption certificate\n    Container: C1\n    Name: encrypt\n");
    assert_int_equal(run(ctl_cert_show, &as_json, dual, &json, &err), ERR_NONE);
    AUTO(json_freep) struct json *parsed = NULL;
    assert_int_equal(json_parse(span_text(json), 65536, &parsed, &err), ERR_NONE);
    assert_int_equal(json_count(json_member(parsed, "certificates")), 1);
}

/* Self-signed, RSA-2048, CN=ukeyd test; from openssl req -x509. */
static const char pem[] = "-----BEGIN CERTIFICATE-----\n"
                          "MIIDDTCCAfWgAwIBAgIULbvbJtBcK9RWkiC3c/xT7V5z2q0wDQYJKoZIhvcNAQEL\n"
                          "BQAwFTETMBEGA1UEAwwKdWtleWQgdGVzdDAgFw0yNjExMjIxNTMyNDhaGA8yMTI2\n"
                          "MTAyOTE1MzI0OFowFTETMBEGA1UEAwwKdWtleWQgdGVzdDCCASIwDQYJKoZIhvcN\n"
                          "AQEBBQADggEPADCCAQoCggEBAL9s3Wf530qPIQWI++2Uk1rJprHiX4A60zfUWHDw\n"
                          "iiJat+KktQuLFGg4efawQ5FUW9OSEoMIWL6N5KUWQQNS8/t/VcSdpcMpWcfEmjX+\n"
                          "zpwaRwm6K46PZP3TEC0bwdIdCLXTdF8LSEILRMdnMxKd1293nnCK4EUqv7/eaIIa\n"
                          "ugQIkD3baa5MIC8+eszCSDZUfhJyLRBSe+205nSUFYJzU2p1cZev0ZTMYmBK2Rjv\n"
                          "lWZQWabU2FKRc5fMSbeGh2JAKl2rHjojy76Azhe+hmbPGZB9ulaPvRcwU/1HsGgm\n"
                          "jI0awfrWZg9wAkCQWEit121RAJ8w/WCRHFv6HV3RYiB27CUCAwEAAaNTMFEwHQYD\n"
                          "VR0OBBYEFLJ/pe+5oxLm/STv91C2odyk2tSMMB8GA1UdIwQYMBaAFLJ/pe+5oxLm\n"
                          "/STv91C2odyk2tSMMA8GA1UdEwEB/wQFMAMBAf8wDQYJKoZIhvcNAQELBQADggEB\n"
                          "AK7JyE32GhtN5nb0S3bFanV91dRSNnkBe8nqxy1P+j5xdX5bng1W0U+c5+7aiNV1\n"
                          "HYBlSBszxf+v0qx+q8YNXU8x2iPq6Jl9Ny0yr2tTkAVpSkltpm/l1Nk0akDh/4ld\n"
                          "6LRrVoh6oOsS3RPHqldzWsng0AQdrfsVQUJ5XgB3Teh/GdiWN8916zJAhR4ypPhG\n"
                          "I84xZwjE+P9nd4f8Ft6WSP3HNidaaloOVbL4qYiEQKuG9b2aHXTlfxwctMhnkGKu\n"
                          "PXKLmkcEuttCuZxD8kvkCga2kJSpTn+J/L8rfKaUgT7Eb8DvYerJlDvQN06gCsJ5\n"
                          "0Xm1K78uceNyo4NuwUTb5c8=\n"
                          "-----END CERTIFICATE-----\n";

static enum err_code show_file(struct span content, char **out_text, struct err *err)
{
    static const char path[] = "/tmp/test_ctl_cert.pem";
    struct err ignored = ERR_INIT;
    AUTO(memory_freep) char *own = memory_printf("%s.%d", path, (int)getpid());
    const struct ctl_options options = {
        .lang = LANG_EN, .word_count = 3, .words = {"cert", "show", own}};
    assert_int_equal(file_write_atomic(own, content, 0600, &ignored), ERR_NONE);
    enum err_code code = run(ctl_cert_show, &options, "{}", out_text, err);
    unlink(own);
    return code;
}

static void a_file_is_shown(void **state)
{
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *from_pem = NULL;
    AUTO(memory_freep) char *from_der = NULL;
    AUTO(bytes_freep) struct bytes *der = NULL;
    assert_int_equal(show_file(span_text(pem), &from_pem, &err), ERR_NONE);
    assert_non_null(strstr(from_pem, "    Name: ukeyd test\n"));
    assert_int_equal(ctl_cert_der_of(span_text(pem), &der, &err), ERR_NONE);
    assert_int_equal(show_file(span_bytes(der), &from_der, &err), ERR_NONE);
    assert_string_equal(from_der, from_pem);
}

static void files_that_are_no_certificate(void **state)
{
    static const struct {
        const char *text;
        enum err_code code;
    } cases[] = {
        {"hello", ERR_DER},
        {"", ERR_DER},
        {"-----BEGIN CERTIFICATE-----\nMIIB", ERR_DER},
        {"-----BEGIN CERTIFICATE-----\n?\n-----END CERTIFICATE-----\n", ERR_BASE64},
        {"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", ERR_DER},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct err err = ERR_INIT;
        AUTO(memory_freep) char *text = NULL;
        enum err_code code = show_file(span_text(cases[i].text), &text, &err);
        if (code != cases[i].code)
            fail_msg("%s: %s (%s)", cases[i].text, err_code_text(code), err.detail);
        assert_string_equal(text, "");
    }
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *text = NULL;
    const struct ctl_options options = {
        .lang = LANG_EN, .word_count = 3, .words = {"cert", "show", "/nonexistent"}};
    assert_int_equal(run(ctl_cert_show, &options, "{}", &text, &err), ERR_FILE_MISSING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_chosen_one_is_exported),      cmocka_unit_test(several_are_named),
        cmocka_unit_test(the_keys_certificates_are_shown), cmocka_unit_test(a_file_is_shown),
        cmocka_unit_test(files_that_are_no_certificate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
