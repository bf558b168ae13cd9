#include "agent/remote/remote_seal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/agent/remote/platform_server.h"

static enum err_code put(const char *mode, struct span seal, struct remote_new_seal **out,
                         struct err *err)
{
    AUTO(remote_job_freep) struct remote_job *job = platform_server_job();
    const struct remote_seal_request request = {seal, span_text("proof")};
    struct remote_call call = platform_server_call(platform_server_ports()->good, mode, 5000);
    return remote_seal_put(&call, job, &request, out, err);
}

static void a_seal_is_extended(void **state)
{
    struct err err = ERR_INIT;
    AUTO(remote_new_seal_freep) struct remote_new_seal *seal = NULL;
    const char *answer = "{\"seal\":\"AQID\",\"chain\":[\"BAU=\",\"Bg==\"],\"more\":1}";
    assert_int_equal(put("say", span_text(answer), &seal, &err), ERR_NONE);
    assert_int_equal(seal->seal->len, 3);
    assert_int_equal(seal->seal->at[2], 3);
    assert_int_equal(seal->chain_count, 2);
    assert_int_equal(seal->chain[0]->at[1], 5);
    assert_int_equal(seal->chain[1]->len, 1);
    AUTO(bytes_freep) struct bytes *log = platform_server_requests("say");
    assert_non_null(strstr((const char *)log->at,
                           "PUT /say/agent/v1/jobs/" PLATFORM_JOB_ID
                           "/seal Bearer " PLATFORM_JOB_SECRET " {\"seal\":\"eyJz"));
    assert_non_null(strstr((const char *)log->at, "\"proof\":\"cHJvb2Y=\"}"));
}

static void what_is_wrong_is_named(void **state)
{
    static const struct {
        const char *answer, *word;
    } wrong[] = {
        {"{\"chain\":[]}", "seal"},
        {"{\"seal\":\"AQID\"}", "chain"},
        {"{\"seal\":\"AQI\",\"chain\":[]}", "seal"},
        {"{\"seal\":7,\"chain\":[]}", "seal"},
        {"{\"seal\":null,\"chain\":[]}", "seal"},
        {"{\"seal\":\"AQID\",\"chain\":{}}", "chain"},
        {"{\"seal\":\"AQID\",\"chain\":[\"AQI=\",\"?\"]}", "item 1"},
        {"{\"seal\":\"AQID\",\"chain\":"
         "[\"AA==\",\"AA==\",\"AA==\",\"AA==\",\"AA==\",\"AA==\",\"AA==\",\"AA==\",\"AA==\"]}",
         "chain"},
        {"[]", "object"},
        {"", "empty"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        struct err err = ERR_INIT;
        struct remote_new_seal *seal = NULL;
        enum err_code code = put("say", span_text(wrong[i].answer), &seal, &err);
        if (code != ERR_PLATFORM_ANSWER || strstr(err.detail, wrong[i].word) == NULL)
            fail_msg("%s: %s (%s)", wrong[i].answer, err_code_text(code), err.detail);
        assert_null(seal);
    }
}

/* Also with the longest chain beside it. */
static void a_seal_has_a_limit(void **state)
{
    for (int length = REMOTE_SEAL_BYTES_MAX - 1; length <= REMOTE_SEAL_BYTES_MAX + 1; length++) {
        struct err err = ERR_INIT;
        AUTO(remote_new_seal_freep) struct remote_new_seal *seal = NULL;
        AUTO(memory_freep) char *mode = memory_printf("bytes-%d-%d", length, REMOTE_CHAIN_MAX);
        enum err_code code = put(mode, span_text("x"), &seal, &err);
        if ((code == ERR_NONE) != (length <= REMOTE_SEAL_BYTES_MAX))
            fail_msg("%d: %s", length, err.detail);
        if (code != ERR_NONE)
            continue;
        assert_int_equal(seal->seal->len, length);
        assert_int_equal(seal->chain_count, REMOTE_CHAIN_MAX);
        assert_int_equal(seal->chain[REMOTE_CHAIN_MAX - 1]->len, REMOTE_CERT_BYTES_MAX);
    }
}

static void the_largest_seal_is_handed_in(void **state)
{
    struct err err = ERR_INIT;
    AUTO(remote_new_seal_freep) struct remote_new_seal *seal = NULL;
    AUTO(bytes_freep) struct bytes *present = bytes_new_size(REMOTE_SEAL_BYTES_MAX);
    assert_int_equal(put("bytes-1-0", span_bytes(present), &seal, &err), ERR_NONE);
    AUTO(bytes_freep) struct bytes *log = platform_server_requests("bytes-1-0");
    assert_true(log->len > REMOTE_SEAL_BYTES_MAX / 3 * 4);
}

static void a_seal_must_be_there_at_once(void **state)
{
    struct err err = ERR_INIT;
    struct remote_new_seal *seal = NULL;
    assert_int_equal(put("accepted", span_text("x"), &seal, &err), ERR_PLATFORM_ANSWER);
    assert_int_equal(err.foreign, 202);
}

static void a_refusal_keeps_its_code(void **state)
{
    struct err err = ERR_INIT;
    struct remote_new_seal *seal = NULL;
    assert_int_equal(put("code-renew-first", span_text("x"), &seal, &err), ERR_RENEW_FIRST);
    assert_int_equal(put("code-seal-identity", span_text("x"), &seal, &err), ERR_SEAL_IDENTITY);
    assert_null(seal);
}

/* The same seal comes again, so that asking twice is safe. */
static void a_dropped_request_is_repeated(void **state)
{
    struct err err = ERR_INIT;
    AUTO(remote_new_seal_freep) struct remote_new_seal *seal = NULL;
    const char *answer = "{\"seal\":\"AQID\",\"chain\":[]}";
    assert_int_equal(put("droponce-seal", span_text(answer), &seal, &err), ERR_NONE);
    assert_int_equal(platform_server_count("droponce-seal"), 2);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_seal_is_extended),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(a_seal_has_a_limit),
        cmocka_unit_test(the_largest_seal_is_handed_in),
        cmocka_unit_test(a_seal_must_be_there_at_once),
        cmocka_unit_test(a_refusal_keeps_its_code),
        cmocka_unit_test(a_dropped_request_is_repeated),
    };
    if (argc != 2)
        return 99;
    platform_server_start(argv[1]);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    platform_server_stop();
    return failed;
}
