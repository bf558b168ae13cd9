#include "agent/remote/remote_confirmation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/agent/remote/platform_server.h"

/* The platform answers with what stands in the outcome. */
static enum err_code put(const char *mode, const char *answer, struct err *err)
{
    AUTO(remote_job_freep) struct remote_job *job = platform_server_job();
    const struct remote_confirmation confirmation = {answer, span_text("digest"),
                                                     span_text("proof")};
    struct remote_call call = platform_server_call(platform_server_ports()->good, mode, 5000);
    return remote_confirmation_put(&call, job, &confirmation, err);
}

static void acknowledged(void **state)
{
    struct err err = ERR_INIT;
    assert_int_equal(put("say", "{\"acknowledged\":true}", &err), ERR_NONE);
    AUTO(bytes_freep) struct bytes *log = platform_server_requests("say");
    assert_non_null(strstr((const char *)log->at,
                           "PUT /say/agent/v1/jobs/" PLATFORM_JOB_ID
                           "/confirmation Bearer " PLATFORM_JOB_SECRET " {\"outcome\":"));
    assert_non_null(
        strstr((const char *)log->at, "\"digest\":\"ZGlnZXN0\",\"proof\":\"cHJvb2Y=\"}"));
}

static void a_reset_is_confirmed_without_a_proof(void **state)
{
    struct err err = ERR_INIT;
    AUTO(remote_job_freep) struct remote_job *job = platform_server_job();
    const struct remote_confirmation confirmation = {"{\"acknowledged\":true}", span_text("digest"),
                                                     SPAN_NONE};
    struct remote_call call =
        platform_server_call(platform_server_ports()->good, "say-reset", 5000);
    assert_int_equal(remote_confirmation_put(&call, job, &confirmation, &err), ERR_NONE);
    AUTO(bytes_freep) struct bytes *log = platform_server_requests("say-reset");
    assert_non_null(strstr((const char *)log->at, "\"digest\":\"ZGlnZXN0\"}\n"));
    assert_null(strstr((const char *)log->at, "proof"));
}

static void anything_less_is_no_acknowledgement(void **state)
{
    static const char *const answers[] = {
        "{\"acknowledged\":false}",    "{}",   "{\"acknowledged\":1}",
        "{\"acknowledged\":\"true\"}", "true", ""};
    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        struct err err = ERR_INIT;
        if (put("say", answers[i], &err) != ERR_PLATFORM_ANSWER)
            fail_msg("%s: %s", answers[i], err.detail);
    }
    struct err err = ERR_INIT;
    assert_int_equal(put("accepted", "", &err), ERR_PLATFORM_ANSWER);
}

static void a_refusal_keeps_its_code(void **state)
{
    struct err err = ERR_INIT;
    assert_int_equal(put("code-order-state", "", &err), ERR_ORDER_STATE);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acknowledged),
        cmocka_unit_test(a_reset_is_confirmed_without_a_proof),
        cmocka_unit_test(anything_less_is_no_acknowledgement),
        cmocka_unit_test(a_refusal_keeps_its_code),
    };
    if (argc != 2)
        return 99;
    platform_server_start(argv[1]);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    platform_server_stop();
    return failed;
}
