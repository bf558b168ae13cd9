#include "agent/remote/remote_jobs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/json.h"
#include "tests/unit/agent/remote/platform_server.h"

#define GOOD \
    "{\"id\":\"" PLATFORM_JOB_ID "\",\"secret\":\"" PLATFORM_JOB_SECRET "\"," \
    "\"kind\":\"renew\",\"challenge\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"," \
    "\"expires\":\"2026-11-22T15:30:00Z\",\"order\":\"20261122000001\",\"holder\":\"单位名称\"," \
    "\"serial\":\"S1\",\"approved\":true,\"not_after\":\"2027-11-22T14:30:00Z\"," \
    "\"policy\":{\"key\":\"replace\",\"algorithm\":\"sm2\",\"dual\":true}}"

/* The platform answers with what stands in the ticket. */
static enum err_code redeem(const char *answer, struct remote_job **out, struct err *err)
{
    static const uint8_t cert[] = {0x30, 0x00};
    const struct span certs[] = {SPAN_ARRAY(cert), SPAN_ARRAY(cert)};
    const struct remote_redeem redeem = {answer, "S1", "MODEL", ARRAY_SIZE(certs), certs};
    struct remote_call call = platform_server_call(platform_server_ports()->good, "say", 5000);
    return remote_jobs_redeem(&call, &redeem, out, err);
}

static void a_job_is_read(void **state)
{
    struct err err = ERR_INIT;
    AUTO(remote_job_freep) struct remote_job *job = NULL;
    assert_int_equal(redeem(GOOD, &job, &err), ERR_NONE);
    assert_string_equal(job->id, PLATFORM_JOB_ID);
    assert_string_equal(job->secret, PLATFORM_JOB_SECRET);
    assert_string_equal(job->kind, "renew");
    assert_int_equal(job->challenge->len, 32);
    assert_int_equal(job->challenge->at[31], 0x1F);
    assert_int_equal(job->expires_utc, 1795361400);
    assert_string_equal(job->order, "20261122000001");
    assert_string_equal(job->holder, "单位名称");
    assert_string_equal(job->serial, "S1");
    assert_true(job->approved);
    assert_true(job->replace_key);
    assert_string_equal(job->algorithm, "sm2");
    assert_true(job->dual);
    assert_int_equal(job->not_after_utc, 1826893800);
}

static void the_request_is_as_documented(void **state)
{
    struct err err = ERR_INIT;
    struct remote_job *job = NULL;
    assert_int_equal(redeem("x", &job, &err), ERR_PLATFORM_ANSWER);
    AUTO(bytes_freep) struct bytes *log = platform_server_requests("say");
    assert_non_null(strstr((const char *)log->at,
                           "POST /say/agent/v1/jobs None {\"ticket\":\"x\",\"agent\":\"ukeyd/"));
    assert_non_null(strstr((const char *)log->at,
                           "\"token\":{\"serial\":\"S1\",\"model\":\"MODEL\"},"
                           "\"certificates\":[\"MAA=\",\"MAA=\"]}"));
}

static void unknown_members_are_ignored(void **state)
{
    struct err err = ERR_INIT;
    AUTO(remote_job_freep) struct remote_job *job = NULL;
    AUTO(memory_freep) char *answer = memory_printf("{\"news\":[1],%s", &GOOD[1]);
    assert_int_equal(redeem(answer, &job, &err), ERR_NONE);
}

/* GOOD with one text in it replaced, once; the caller frees. */
static char *changed(const char *old, const char *with)
{
    const char *at = strstr(GOOD, old);
    assert_non_null(at);
    return memory_printf("%.*s%s%s", (int)(at - GOOD), GOOD, with, at + strlen(old));
}

static const struct {
    const char *old, *with, *word; /* word: that the detail must hold */
} wrong[] = {
    {"\"id\":", "\"ID\":", "id"},
    {PLATFORM_JOB_ID, "0123456789abcdef0123456789abcde", "id"},
    {PLATFORM_JOB_ID, "0123456789abcdef0123456789abcdef0", "id"},
    {PLATFORM_JOB_ID, "../../../../../../../etc/passwd0", "id"},
    {PLATFORM_JOB_SECRET, "0123456789-abcdefghijklmnopqrstuvwxyz_0123", "secret"}, /* 42 */
    {PLATFORM_JOB_SECRET, PLATFORM_JOB_SECRET "\\r\\nX: y", "secret"},
    {PLATFORM_JOB_SECRET, PLATFORM_JOB_SECRET " x", "secret"},
    {"\"renew\"", "\"erase\"", "kind"},
    {"\"renew\"", "null", "kind"},
    {"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "AAECAwQFBgcICQoLDA0O", "challenge"},
    {"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "not base64", "challenge"},
    {"2026-11-22T15:30:00Z", "2026-11-22 15:30:00Z", "expires"},
    {"2026-11-22T15:30:00Z", "2026-13-22T15:30:00Z", "expires"},
    {"2027-11-22T14:30:00Z", "2027-11-22T14:30:00+", "not_after"},
    {"20261122000001", "1\\n2", "order"},
    {"单位名称", "单位\\u0007名称", "holder"},
    {"\"S1\"", "\"\"", "serial"},
    {"\"S1\"", "\"S\\t1\"", "serial"},
    {"\"approved\":true", "\"approved\":true,\"seal\":7", "seal"},
    {"\"approved\":true", "\"approved\":true,\"seal\":\"\"", "seal"},
    {"\"approved\":true", "\"approved\":true,\"seal\":\"a\\nb\"", "seal"},
    {"\"approved\":true", "\"approved\":\"true\"", "approved"},
    {"\"approved\":true,", "", "approved"},
    {"\"replace\"", "\"Replace\"", "policy.key"},
    {"\"sm2\"", "\"sm4\"", "policy.algorithm"},
    {",\"dual\":true", "", "dual"},
    {"{\"key\":\"replace\",\"algorithm\":\"sm2\",\"dual\":true}", "[]", "policy"},
    {"\"order\":", "\"id\":\"x\",\"order\":", "twice"},
};

static void what_is_wrong_is_named(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        struct err err = ERR_INIT;
        struct remote_job *job = NULL;
        AUTO(memory_freep) char *answer = changed(wrong[i].old, wrong[i].with);
        enum err_code code = redeem(answer, &job, &err);
        if (code != ERR_PLATFORM_ANSWER || strstr(err.detail, wrong[i].word) == NULL)
            fail_msg("%s: %s (%s)", wrong[i].with, err_code_text(code), err.detail);
        assert_null(job);
    }
}

#define WITHOUT_POLICY(kind) \
    "{\"id\":\"" PLATFORM_JOB_ID "\",\"secret\":\"" PLATFORM_JOB_SECRET "\"," \
    "\"kind\":\"" kind "\",\"challenge\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"," \
    "\"expires\":\"2026-11-22T15:30:00Z\",\"order\":\"20261122000001\",\"holder\":\"单位名称\"," \
    "\"serial\":\"S1\",\"approved\":true"

static const struct {
    const char *answer;
    enum err_code code;
} policies[] = {
    {WITHOUT_POLICY("extend-seal") "}", ERR_NONE},
    {WITHOUT_POLICY("reset-pin") "}", ERR_NONE},
    {WITHOUT_POLICY("reset-pin") ",\"policy\":null,\"not_after\":null}", ERR_NONE},
    {WITHOUT_POLICY("extend-seal") ",\"policy\":{\"key\":\"replace\"},\"not_after\":7}", ERR_NONE},
    {WITHOUT_POLICY("renew") "}", ERR_PLATFORM_ANSWER},
    {WITHOUT_POLICY("check") "}", ERR_PLATFORM_ANSWER},
    {WITHOUT_POLICY("check") ",\"not_after\":\"2027-11-22T14:30:00Z\"}", ERR_PLATFORM_ANSWER},
    {WITHOUT_POLICY("change-pin") "}", ERR_PLATFORM_ANSWER},
    {WITHOUT_POLICY("reset-pi") "}", ERR_PLATFORM_ANSWER},
};

static void only_jobs_that_make_certificates_have_a_policy(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(policies); i++) {
        struct err err = ERR_INIT;
        AUTO(remote_job_freep) struct remote_job *job = NULL;
        if (redeem(policies[i].answer, &job, &err) != policies[i].code)
            fail_msg("%s: %s", policies[i].answer, err.detail);
        if (job == NULL)
            continue;
        assert_null(job->algorithm);
        assert_false(job->replace_key);
        assert_false(job->dual);
        assert_int_equal(job->not_after_utc, 0);
        assert_string_equal(job->order, "20261122000001");
        assert_null(job->seal);
    }
}

static void a_job_may_name_the_seal_that_is_meant(void **state)
{
    struct err err = ERR_INIT;
    AUTO(remote_job_freep) struct remote_job *job = NULL;
    assert_int_equal(redeem(WITHOUT_POLICY("extend-seal") ",\"seal\":\"SEAL-0001\"}", &job, &err),
                     ERR_NONE);
    assert_string_equal(job->seal, "SEAL-0001");
}

static void texts_for_people_have_a_limit(void **state)
{
    for (int length = REMOTE_TEXT_BYTES_MAX - 1; length <= REMOTE_TEXT_BYTES_MAX + 1; length++) {
        struct err err = ERR_INIT;
        AUTO(remote_job_freep) struct remote_job *job = NULL;
        AUTO(memory_freep) char *holder = memory_printf("%0*d", length, 7);
        AUTO(memory_freep) char *answer = changed("单位名称", holder);
        assert_int_equal(redeem(answer, &job, &err),
                         length <= REMOTE_TEXT_BYTES_MAX ? ERR_NONE : ERR_PLATFORM_ANSWER);
    }
}

static void a_job_must_be_there_at_once(void **state)
{
    struct err err = ERR_INIT;
    struct remote_job *job = NULL;
    const struct remote_redeem redeem = {.ticket = "x", .serial = "S1", .model = "M"};
    struct remote_call call = platform_server_call(platform_server_ports()->good, "accepted", 900);
    assert_int_equal(remote_jobs_redeem(&call, &redeem, &job, &err), ERR_PLATFORM_ANSWER);
}

static void a_refusal_keeps_its_code(void **state)
{
    struct err err = ERR_INIT;
    struct remote_job *job = NULL;
    const struct remote_redeem redeem = {.ticket = "x", .serial = "S1", .model = "M"};
    struct remote_call call =
        platform_server_call(platform_server_ports()->good, "code-ticket-used", 900);
    assert_int_equal(remote_jobs_redeem(&call, &redeem, &job, &err), ERR_TICKET_USED);
    assert_non_null(strstr(err.detail, "redeem the ticket"));
}

static void a_job_from_elsewhere_makes_no_address(void **state)
{
    struct err err = ERR_INIT;
    char *path = NULL;
    AUTO(remote_job_freep) struct remote_job *job = platform_server_job();
    assert_int_equal(remote_jobs_path(job, "request", &path, &err), ERR_NONE);
    assert_string_equal(path, "/jobs/" PLATFORM_JOB_ID "/request");
    free(path);
    path = NULL;
    job->id[0] = '/';
    assert_int_equal(remote_jobs_path(job, "request", &path, &err), ERR_INTERNAL);
    job->id[0] = '0';
    job->secret[0] = '\n';
    assert_int_equal(remote_jobs_path(job, "request", &path, &err), ERR_INTERNAL);
    assert_null(path);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_is_read),
        cmocka_unit_test(the_request_is_as_documented),
        cmocka_unit_test(unknown_members_are_ignored),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(only_jobs_that_make_certificates_have_a_policy),
        cmocka_unit_test(a_job_may_name_the_seal_that_is_meant),
        cmocka_unit_test(texts_for_people_have_a_limit),
        cmocka_unit_test(a_job_must_be_there_at_once),
        cmocka_unit_test(a_refusal_keeps_its_code),
        cmocka_unit_test(a_job_from_elsewhere_makes_no_address),
    };
    if (argc != 2)
        return 99;
    platform_server_start(argv[1]);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    platform_server_stop();
    return failed;
}
