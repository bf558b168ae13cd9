#include "agent/remote/remote_unblock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/hex.h"
#include "tests/unit/agent/remote/platform_server.h"

/* The platform answers with what stands in the profile. */
static enum err_code post(const char *mode, enum remote_unblock_purpose purpose, const char *answer,
                          struct secret **out, struct err *err)
{
    AUTO(remote_job_freep) struct remote_job *job = platform_server_job();
    static const uint8_t application[] = {0x00, 0x01};
    const struct remote_unblock_request request = {
        .purpose = purpose,
        .challenge = span_text("8 bytes!"),
        .application = SPAN_ARRAY(application),
        .profile = answer,
        .administrator_tries = 9,
    };
    struct remote_call call = platform_server_call(platform_server_ports()->good, mode, 5000);
    return remote_unblock_post(&call, job, &request, out, err);
}

/* {"data": so many zero bytes}; the caller frees. */
static char *data_of(size_t length)
{
    AUTO(bytes_freep) struct bytes *data = bytes_new_size(length);
    AUTO(memory_freep) char *base64 = base64_encode(span_bytes(data));
    return memory_printf("{\"data\":\"%s\"}", base64);
}

static void the_request_is_as_documented(void **state)
{
    struct err err = ERR_INIT;
    AUTO(secret_freep) struct secret *data = NULL;
    AUTO(memory_freep) char *answer = data_of(20);
    assert_int_equal(post("say-pin", REMOTE_UNBLOCK_PIN, answer, &data, &err), ERR_NONE);
    AUTO(bytes_freep) struct bytes *pin = platform_server_requests("say-pin");
    assert_non_null(strstr((const char *)pin->at,
                           "POST /say-pin/agent/v1/jobs/" PLATFORM_JOB_ID
                           "/unblock Bearer " PLATFORM_JOB_SECRET
                           " {\"purpose\":\"unblock\",\"challenge\":\"OCBieXRlcyE=\","
                           "\"application\":\"AAE=\",\"profile\":\""));
    assert_non_null(strstr((const char *)pin->at, ",\"administrator_tries\":9}"));
    secret_freep(&data);
    AUTO(memory_freep) char *block = data_of(16);
    assert_int_equal(post("say-login", REMOTE_UNBLOCK_LOGIN, block, &data, &err), ERR_NONE);
    AUTO(bytes_freep) struct bytes *login = platform_server_requests("say-login");
    assert_non_null(strstr((const char *)login->at, "{\"purpose\":\"login\","));
}

static enum err_code post_for_piv(const char *mode, struct remote_unblock_request request,
                                  const char *answer, struct secret **out, struct err *err)
{
    AUTO(remote_job_freep) struct remote_job *job = platform_server_job();
    struct remote_call call = platform_server_call(platform_server_ports()->good, mode, 5000);
    request.profile = answer;
    return remote_unblock_post(&call, job, &request, out, err);
}

static void a_piv_token_says_its_cipher_and_what_it_refused(void **state)
{
    struct err err = ERR_INIT;
    AUTO(secret_freep) struct secret *data = NULL;
    AUTO(memory_freep) char *block = data_of(8);
    AUTO(memory_freep) char *blob = data_of(24);
    const struct remote_unblock_request manage = {.purpose = REMOTE_UNBLOCK_MANAGE,
                                                  .challenge = span_text("8 bytes!"),
                                                  .algorithm = "3des",
                                                  .administrator_tries = 3};
    assert_int_equal(post_for_piv("say-manage", manage, block, &data, &err), ERR_NONE);
    AUTO(bytes_freep) struct bytes *first = platform_server_requests("say-manage");
    assert_non_null(strstr((const char *)first->at,
                           "{\"purpose\":\"manage\",\"challenge\":\"OCBieXRlcyE=\","
                           "\"application\":\"\",\"profile\":\""));
    assert_non_null(
        strstr((const char *)first->at, ",\"algorithm\":\"3des\",\"administrator_tries\":3}"));
    secret_freep(&data);
    const struct remote_unblock_request again = {
        .purpose = REMOTE_UNBLOCK_PIN, .administrator_tries = -1, .refused = true};
    assert_int_equal(post_for_piv("say-again", again, blob, &data, &err), ERR_NONE);
    assert_int_equal(secret_peek(data).len, 24);
    AUTO(bytes_freep) struct bytes *second = platform_server_requests("say-again");
    assert_non_null(
        strstr((const char *)second->at, "\"purpose\":\"unblock\",\"challenge\":\"\","));
    assert_non_null(strstr((const char *)second->at, ",\"refused\":true}"));
}

static void a_cryptogram_is_as_long_as_its_challenge(void **state)
{
    static const struct {
        size_t challenge, answer;
        bool good;
    } cases[] = {{8, 7, false},  {8, 8, true},    {8, 9, false},  {8, 16, false},
                 {16, 8, false}, {16, 15, false}, {16, 16, true}, {16, 17, false}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct err err = ERR_INIT;
        AUTO(secret_freep) struct secret *data = NULL;
        AUTO(memory_freep) char *answer = data_of(cases[i].answer);
        const struct remote_unblock_request request = {
            .purpose = REMOTE_UNBLOCK_MANAGE,
            .challenge = span_of("sixteen bytes it", cases[i].challenge),
            .algorithm = "aes256"};
        enum err_code code = post_for_piv("say", request, answer, &data, &err);
        if (code != (cases[i].good ? ERR_NONE : ERR_PLATFORM_ANSWER))
            fail_msg("%zu for %zu: %s", cases[i].answer, cases[i].challenge, err.detail);
        assert_true((data != NULL) == cases[i].good);
    }
}

static void data_has_limits(void **state)
{
    static const struct {
        enum remote_unblock_purpose purpose;
        size_t length;
        bool good;
    } cases[] = {
        {REMOTE_UNBLOCK_LOGIN, 15, false},
        {REMOTE_UNBLOCK_LOGIN, 16, true},
        {REMOTE_UNBLOCK_LOGIN, 17, false},
        {REMOTE_UNBLOCK_PIN, 19, false},
        {REMOTE_UNBLOCK_PIN, 20, true},
        {REMOTE_UNBLOCK_PIN, REMOTE_BLOB_BYTES_MAX, true},
        {REMOTE_UNBLOCK_PIN, REMOTE_BLOB_BYTES_MAX + 1, false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct err err = ERR_INIT;
        AUTO(secret_freep) struct secret *data = NULL;
        AUTO(memory_freep) char *answer = data_of(cases[i].length);
        enum err_code code = post("say", cases[i].purpose, answer, &data, &err);
        if (code != (cases[i].good ? ERR_NONE : ERR_PLATFORM_ANSWER))
            fail_msg("%zu bytes: %s", cases[i].length, err.detail);
        assert_int_equal(data == NULL ? 0 : secret_peek(data).len,
                         cases[i].good ? cases[i].length : 0);
    }
}

static void what_is_wrong_is_named(void **state)
{
    static const struct {
        const char *answer, *word;
    } wrong[] = {
        {"{}", "data"}, {"{\"data\":null}", "data"}, {"{\"data\":\"?\"}", "data"}, {"[]", "object"},
        {"x", "JSON"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        struct err err = ERR_INIT;
        struct secret *data = NULL;
        enum err_code code = post("say", REMOTE_UNBLOCK_PIN, wrong[i].answer, &data, &err);
        if (code != ERR_PLATFORM_ANSWER || strstr(err.detail, wrong[i].word) == NULL)
            fail_msg("%s: %s (%s)", wrong[i].answer, err_code_text(code), err.detail);
        assert_null(data);
    }
}

static void it_is_sent_once_whatever_happens(void **state)
{
    static const char *const modes[] = {"drop-u",     "droponce-u", "busyonce-u",  "status-503",
                                        "status-504", "html-502",   "truncated-u", "accepted-1"};
    for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
        struct err err = ERR_INIT;
        struct secret *data = NULL;
        assert_true(post(modes[i], REMOTE_UNBLOCK_PIN, "{}", &data, &err) != ERR_NONE);
        assert_null(data);
        if (platform_server_count(modes[i]) != 1)
            fail_msg("%s: sent %d times", modes[i], platform_server_count(modes[i]));
    }
}

static void a_refusal_keeps_its_code(void **state)
{
    static const struct {
        const char *mode;
        enum err_code code;
    } cases[] = {{"code-reset-limit", ERR_RESET_LIMIT},
                 {"code-administrator-tries-low", ERR_ADMIN_PIN_LOW},
                 {"code-administrator-pin-locked", ERR_ADMIN_PIN_LOCKED},
                 {"code-profile-unknown", ERR_PROFILE_UNKNOWN},
                 {"code-field-value", ERR_FIELD_VALUE}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct err err = ERR_INIT;
        struct secret *data = NULL;
        assert_int_equal(post(cases[i].mode, REMOTE_UNBLOCK_PIN, "x", &data, &err), cases[i].code);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_request_is_as_documented),
        cmocka_unit_test(a_piv_token_says_its_cipher_and_what_it_refused),
        cmocka_unit_test(a_cryptogram_is_as_long_as_its_challenge),
        cmocka_unit_test(data_has_limits),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(it_is_sent_once_whatever_happens),
        cmocka_unit_test(a_refusal_keeps_its_code),
    };
    if (argc != 2)
        return 99;
    platform_server_start(argv[1]);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    platform_server_stop();
    return failed;
}
