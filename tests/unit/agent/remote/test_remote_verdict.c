#include "agent/remote/remote_verdict.h"

#include <curl/curl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void each_result_of_libcurl(void **state)
{
    static const struct {
        int curl_code;
        const char *text;
        long connect_status;
        enum err_code code;
        bool retry;
    } cases[] = {
        {CURLE_COULDNT_RESOLVE_HOST, "", 0, ERR_PLATFORM_UNREACHABLE, true},
        {CURLE_COULDNT_CONNECT, "", 0, ERR_PLATFORM_UNREACHABLE, true},
        {CURLE_PARTIAL_FILE, "", 0, ERR_PLATFORM_ANSWER, true},
        {CURLE_OPERATION_TIMEDOUT, "", 0, ERR_PLATFORM_TIMEOUT, true},
        {CURLE_GOT_NOTHING, "", 0, ERR_PLATFORM_UNREACHABLE, true},
        {CURLE_SEND_ERROR, "", 0, ERR_PLATFORM_UNREACHABLE, true},
        {CURLE_RECV_ERROR, "Connection reset by peer", 0, ERR_PLATFORM_UNREACHABLE, true},
        {CURLE_RECV_ERROR, "tlsv13 Alert certificate required", 0, ERR_PLATFORM_TLS, false},
        {CURLE_RECV_ERROR, "CONNECT tunnel failed", 407, ERR_PLATFORM_PROXY, false},
        {CURLE_RECV_ERROR, "CONNECT tunnel failed", 503, ERR_PLATFORM_UNREACHABLE, true},
        {CURLE_SSL_CONNECT_ERROR, "OpenSSL SSL_connect: SSL_ERROR_SYSCALL", 0,
         ERR_PLATFORM_UNREACHABLE, true},
        {CURLE_SSL_CONNECT_ERROR, "error:0A00042E:SSL routines", 0, ERR_PLATFORM_TLS, false},
        {CURLE_PEER_FAILED_VERIFICATION, "", 0, ERR_PLATFORM_TLS, false},
        {CURLE_SSL_PINNEDPUBKEYNOTMATCH, "", 0, ERR_PLATFORM_TLS, false},
        {CURLE_SSL_CACERT_BADFILE, "", 0, ERR_CONFIG, false},
        {CURLE_UNSUPPORTED_PROTOCOL, "", 0, ERR_CONFIG, false},
        {CURLE_FILESIZE_EXCEEDED, "", 0, ERR_PLATFORM_ANSWER, false},
        {CURLE_WRITE_ERROR, "", 0, ERR_PLATFORM_ANSWER, false},
        {CURLE_OUT_OF_MEMORY, "", 0, ERR_PLATFORM_ANSWER, false}, /* an endless header line */
        {CURLE_LDAP_CANNOT_BIND, "", 0, ERR_PLATFORM_UNREACHABLE, false},
        {100000, "", 0, ERR_PLATFORM_UNREACHABLE, false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct err err = ERR_INIT;
        bool retry = !cases[i].retry;
        struct remote_transfer transfer = {.curl_code = cases[i].curl_code,
                                           .curl_text = cases[i].text,
                                           .connect_status = cases[i].connect_status};
        enum err_code code = remote_verdict(&transfer, &retry, &err);
        if (code != cases[i].code || retry != cases[i].retry)
            fail_msg("%d %s: %s, retry %d", cases[i].curl_code, cases[i].text, err_code_text(code),
                     retry);
        assert_int_equal(err.foreign, cases[i].curl_code);
    }
}

#define JSON "application/json"
#define PROBLEM "application/problem+json"
#define SAYS(code) "{\"code\": \"" code "\"}"

static void each_answer(void **state)
{
    static const struct {
        long status;
        const char *content_type;
        const char *body;
        enum err_code code;
        bool retry;
    } cases[] = {
        {200, JSON, "{}", ERR_NONE, false},
        {200, "Application/JSON; charset=utf-8", "{}", ERR_NONE, false},
        {200, "application/jsonp", "{}", ERR_PLATFORM_ANSWER, false},
        {200, "text/html", "<html>", ERR_PLATFORM_ANSWER, false},
        {200, "", "", ERR_PLATFORM_ANSWER, false},
        {200, NULL, "{}", ERR_PLATFORM_ANSWER, false},
        {202, JSON, "{}", ERR_NONE, false},
        {201, JSON, "{}", ERR_PLATFORM_ANSWER, false},
        {100, JSON, "{}", ERR_PLATFORM_ANSWER, false},
        {0, JSON, "{}", ERR_PLATFORM_ANSWER, false},
        {301, JSON, "{}", ERR_PLATFORM_ANSWER, false},
        {409, PROBLEM, SAYS("ticket-used"), ERR_TICKET_USED, false},
        {410, PROBLEM, SAYS("ticket-expired"), ERR_TICKET_EXPIRED, false},
        {404, PROBLEM, SAYS("ticket-unknown"), ERR_TICKET_UNKNOWN, false},
        {409, PROBLEM, SAYS("ticket-kind"), ERR_TICKET_KIND, false},
        {409, PROBLEM, SAYS("wrong-key"), ERR_WRONG_TOKEN, false},
        {409, PROBLEM, SAYS("order-not-approved"), ERR_ORDER_NOT_APPROVED, false},
        {409, PROBLEM, SAYS("order-state"), ERR_ORDER_STATE, false},
        {404, PROBLEM, SAYS("job-unknown"), ERR_JOB_UNKNOWN, false},
        {410, JSON, SAYS("job-expired"), ERR_JOB_EXPIRED, false},
        {409, PROBLEM, SAYS("job-conflict"), ERR_JOB_CONFLICT, false},
        {403, PROBLEM, SAYS("job-forbidden"), ERR_JOB_FORBIDDEN, false},
        {409, PROBLEM, SAYS("proof-refused"), ERR_PROOF, false},
        {409, PROBLEM, SAYS("not-due"), ERR_NOT_DUE, false},
        {409, PROBLEM, SAYS("policy-unsupported"), ERR_POLICY, false},
        {400, PROBLEM, SAYS("csr"), ERR_CSR, false},
        {400, PROBLEM, SAYS("field-value"), ERR_FIELD_VALUE, false},
        {409, PROBLEM, SAYS("renew-first"), ERR_RENEW_FIRST, false},
        {409, PROBLEM, SAYS("seal-already-extended"), ERR_SEAL_EXTENDED, false},
        {409, PROBLEM, SAYS("seal-format"), ERR_SEAL_FORMAT, false},
        {409, PROBLEM, SAYS("seal-version"), ERR_SEAL_VERSION, false},
        {409, PROBLEM, SAYS("seal-maker"), ERR_SEAL_MAKER, false},
        {409, PROBLEM, SAYS("seal-signature"), ERR_SEAL_SIGNATURE, false},
        {409, PROBLEM, SAYS("seal-time"), ERR_SEAL_TIME, false},
        {409, PROBLEM, SAYS("seal-holder"), ERR_SEAL_HOLDER, false},
        {409, PROBLEM, SAYS("seal-picture"), ERR_SEAL_PICTURE, false},
        {409, PROBLEM, SAYS("seal-identity"), ERR_SEAL_IDENTITY, false},
        {409, PROBLEM, SAYS("seal-unknown"), ERR_SEAL_UNKNOWN, false},
        {409, PROBLEM, SAYS("seal-state"), ERR_SEAL_STATE, false},
        {409, PROBLEM, SAYS("seal-end"), ERR_SEAL_END, false},
        {409, PROBLEM, SAYS("seal-too-large"), ERR_SEAL_TOO_LARGE, false},
        {409, PROBLEM, SAYS("seal-missing"), ERR_SEAL_MISSING, false},
        {429, PROBLEM, SAYS("reset-limit"), ERR_RESET_LIMIT, false},
        {409, PROBLEM, SAYS("reset-state"), ERR_RESET_STATE, false},
        {409, PROBLEM, SAYS("administrator-tries-low"), ERR_ADMIN_PIN_LOW, false},
        {409, PROBLEM, SAYS("administrator-pin-locked"), ERR_ADMIN_PIN_LOCKED, false},
        {409, PROBLEM, SAYS("profile-unknown"), ERR_PROFILE_UNKNOWN, false},
        {409, PROBLEM, SAYS("unblock-refused"), ERR_PLATFORM_REFUSED, false}, /* the key's to say */
        {503, PROBLEM, SAYS("order-not-approved"), ERR_ORDER_NOT_APPROVED, false},
        {409, PROBLEM, SAYS("pin-wrong"), ERR_PLATFORM_REFUSED, false},
        {409, PROBLEM, SAYS("cancelled"), ERR_PLATFORM_REFUSED, false},
        {500, PROBLEM, SAYS("internal"), ERR_PLATFORM_FAILED, true},
        {409, PROBLEM, "{\"code\": 7}", ERR_PLATFORM_REFUSED, false},
        {409, PROBLEM, "[]", ERR_PLATFORM_REFUSED, false},
        {409, PROBLEM, "{", ERR_PLATFORM_REFUSED, false},
        {409, "text/html", SAYS("ticket-used"), ERR_PLATFORM_ANSWER, false},
        {407, "text/html", "", ERR_PLATFORM_PROXY, false},
        {408, JSON, "{}", ERR_PLATFORM_TIMEOUT, true},
        {429, JSON, "{}", ERR_PLATFORM_FAILED, true},
        {429, "text/html", "", ERR_PLATFORM_FAILED, true},
        {500, "text/html", "", ERR_PLATFORM_FAILED, true},
        {501, JSON, "{}", ERR_PLATFORM_FAILED, false},
        {502, NULL, "", ERR_PLATFORM_FAILED, true},
        {504, "text/html", "", ERR_PLATFORM_TIMEOUT, true},
        {511, "text/html", "", ERR_PLATFORM_PROXY, false},
        {999, JSON, "{}", ERR_PLATFORM_ANSWER, false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct err err = ERR_INIT;
        bool retry = false;
        struct remote_transfer transfer = {.curl_text = "",
                                           .status = cases[i].status,
                                           .content_type = cases[i].content_type,
                                           .body = span_text(cases[i].body)};
        enum err_code code = remote_verdict(&transfer, &retry, &err);
        if (code != cases[i].code || retry != cases[i].retry)
            fail_msg("%ld %s %s: %s, retry %d", cases[i].status, cases[i].content_type,
                     cases[i].body, err_code_text(code), retry);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_result_of_libcurl),
        cmocka_unit_test(each_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
