#include "agent/remote/remote_request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/hex.h"
#include "tests/unit/agent/remote/platform_server.h"

static enum err_code put(const char *mode, const char *answer, struct remote_issued **out,
                         int *out_retry_s, struct err *err)
{
    AUTO(remote_job_freep) struct remote_job *job = platform_server_job();
    /* The platform answers with what stands in the CSR. */
    const struct remote_request request = {.csr = span_text(answer), .proof = span_text("proof")};
    struct remote_call call = platform_server_call(platform_server_ports()->good, mode, 5000);
    return remote_request_put(&call, job, &request, out, out_retry_s, err);
}

static void a_dual_certificate(void **state)
{
    struct err err = ERR_INIT;
    int retry_s = -1;
    AUTO(remote_issued_freep) struct remote_issued *issued = NULL;
    assert_int_equal(put("say",
                         "{\"sign_certificate\":\"AQI=\",\"encrypt_certificate\":\"AwQF\","
                         "\"enveloped_key\":\"Bg==\",\"chain\":[\"Bwg=\",\"CQ==\"],\"more\":1}",
                         &issued, &retry_s, &err),
                     ERR_NONE);
    assert_int_equal(issued->sign_cert->len, 2);
    assert_int_equal(issued->encrypt_cert->len, 3);
    assert_int_equal(issued->envelope->len, 1);
    assert_int_equal(issued->chain_count, 2);
    assert_int_equal(issued->chain[0]->at[1], 8);
    assert_int_equal(issued->chain[1]->len, 1);
    assert_int_equal(retry_s, -1);
    AUTO(bytes_freep) struct bytes *log = platform_server_requests("say");
    assert_non_null(strstr((const char *)log->at,
                           "PUT /say/agent/v1/jobs/" PLATFORM_JOB_ID
                           "/request Bearer " PLATFORM_JOB_SECRET " {\"csr\":\"eyJz"));
    assert_non_null(strstr((const char *)log->at, "\"proof\":\"cHJvb2Y=\"}"));
}

static void a_single_certificate(void **state)
{
    struct err err = ERR_INIT;
    int retry_s = -1;
    AUTO(remote_issued_freep) struct remote_issued *issued = NULL;
    assert_int_equal(put("say",
                         "{\"sign_certificate\":\"AQI=\",\"encrypt_certificate\":null,"
                         "\"chain\":[]}",
                         &issued, &retry_s, &err),
                     ERR_NONE);
    assert_null(issued->encrypt_cert);
    assert_null(issued->envelope);
    assert_int_equal(issued->chain_count, 0);
}

static void a_kept_key_has_its_reason(void **state)
{
    struct err err = ERR_INIT;
    int retry_s = -1;
    AUTO(remote_issued_freep) struct remote_issued *issued = NULL;
    AUTO(remote_job_freep) struct remote_job *job = platform_server_job();
    const struct remote_request request = {
        .csr = span_text("{\"sign_certificate\":\"AQI=\",\"chain\":[]}"),
        .proof = span_text("proof"),
        .kept = "key-cannot-replace",
    };
    struct remote_call call = platform_server_call(platform_server_ports()->good, "say-kept", 5000);
    assert_int_equal(remote_request_put(&call, job, &request, &issued, &retry_s, &err), ERR_NONE);
    AUTO(bytes_freep) struct bytes *log = platform_server_requests("say-kept");
    assert_non_null(strstr((const char *)log->at,
                           "\"proof\":\"cHJvb2Y=\",\"kept_key_reason\":\"key-cannot-replace\"}"));
}

static void what_is_wrong_is_named(void **state)
{
    static const struct {
        const char *answer, *word;
    } wrong[] = {
        {"{\"chain\":[]}", "sign_certificate"},
        {"{\"sign_certificate\":\"AQI=\"}", "chain"},
        {"{\"sign_certificate\":\"AQI\",\"chain\":[]}", "sign_certificate"},
        {"{\"sign_certificate\":7,\"chain\":[]}", "sign_certificate"},
        {"{\"sign_certificate\":\"AQI=\",\"encrypt_certificate\":{},\"chain\":[]}",
         "encrypt_certificate"},
        {"{\"sign_certificate\":\"AQI=\",\"enveloped_key\":\"AQI\",\"chain\":[]}", "enveloped_key"},
        {"{\"sign_certificate\":\"AQI=\",\"chain\":[7]}", "chain"},
        {"{\"sign_certificate\":\"AQI=\",\"chain\":[\"AQI=\",\"?\"]}", "item 1"},
        {"{\"sign_certificate\":\"AQI=\",\"chain\":"
         "[\"AA==\",\"AA==\",\"AA==\",\"AA==\",\"AA==\",\"AA==\",\"AA==\",\"AA==\",\"AA==\"]}",
         "chain"},
        {"[]", "object"},
        {"", "empty"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        struct err err = ERR_INIT;
        int retry_s = -1;
        struct remote_issued *issued = NULL;
        enum err_code code = put("say", wrong[i].answer, &issued, &retry_s, &err);
        if (code != ERR_PLATFORM_ANSWER || strstr(err.detail, wrong[i].word) == NULL)
            fail_msg("%s: %s (%s)", wrong[i].answer, err_code_text(code), err.detail);
        assert_null(issued);
    }
}

static void a_certificate_has_a_limit(void **state)
{
    for (size_t length = REMOTE_CERT_BYTES_MAX; length <= REMOTE_CERT_BYTES_MAX + 1; length++) {
        struct err err = ERR_INIT;
        int retry_s = -1;
        AUTO(remote_issued_freep) struct remote_issued *issued = NULL;
        AUTO(bytes_freep) struct bytes *cert = bytes_new_size(length);
        AUTO(memory_freep) char *base64 = base64_encode(span_bytes(cert));
        AUTO(memory_freep)
        char *answer = memory_printf("{\"sign_certificate\":\"AA==\",\"chain\":[\"%s\"]}", base64);
        assert_int_equal(put("say", answer, &issued, &retry_s, &err),
                         length <= REMOTE_CERT_BYTES_MAX ? ERR_NONE : ERR_PLATFORM_ANSWER);
    }
}

static void under_way(void **state)
{
    static const struct {
        const char *mode;
        int retry_s;
    } cases[] = {{"accepted-7", 7},
                 {"accepted", REMOTE_RETRY_SECONDS_DEFAULT},
                 {"accepted-0", REMOTE_RETRY_SECONDS_DEFAULT},
                 {"accepted-x", REMOTE_RETRY_SECONDS_DEFAULT},
                 {"accepted-301", REMOTE_RETRY_SECONDS_MAX},
                 {"accepted-99999999999999999999", REMOTE_RETRY_SECONDS_DEFAULT}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct err err = ERR_INIT;
        int retry_s = -1;
        struct remote_issued *issued = NULL;
        assert_int_equal(put(cases[i].mode, "", &issued, &retry_s, &err), ERR_PLATFORM_PENDING);
        assert_int_equal(retry_s, cases[i].retry_s);
    }
}

static void a_refusal_keeps_its_code(void **state)
{
    struct err err = ERR_INIT;
    int retry_s = -1;
    struct remote_issued *issued = NULL;
    assert_int_equal(put("code-job-conflict", "", &issued, &retry_s, &err), ERR_JOB_CONFLICT);
    assert_int_equal(put("code-proof-refused", "", &issued, &retry_s, &err), ERR_PROOF);
    assert_int_equal(retry_s, -1);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dual_certificate),        cmocka_unit_test(a_single_certificate),
        cmocka_unit_test(a_kept_key_has_its_reason), cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(a_certificate_has_a_limit), cmocka_unit_test(under_way),
        cmocka_unit_test(a_refusal_keeps_its_code),
    };
    if (argc != 2)
        return 99;
    platform_server_start(argv[1]);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    platform_server_stop();
    return failed;
}
