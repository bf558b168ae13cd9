#include "agent/ctl/ctl_operation.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/ctl/ctl_interrupt.h"
#include "base/clock.h"
#include "base/file.h"
#include "tests/unit/agent/ctl/stand_in_agent.h"

#define ID "0123456789abcdef0123456789abcdef"
#define OPERATION(state, index, rest) \
    "{\"id\":\"" ID "\",\"kind\":\"renew\",\"state\":\"" state "\",\"step\":{\"index\":" index \
    ",\"count\":3,\"title\":\"步骤\"}" rest "}"
#define MESSAGE "续费成功、请您进行CA签章延期!"
#define PROBLEM(code) ",\"error\":{\"code\":\"" code "\",\"detail\":\"why\"}"

static const struct stand_in_answer good[] = {
    {202, OPERATION("running", "1", "")},
    {200, OPERATION("waiting-user", "2", "")},
    {200, OPERATION("done", "3", ",\"message\":\"" MESSAGE "\",\"result\":{\"replaced\":false}")},
};

static const struct ctl_options renewing = {
    .lang = LANG_ZH, .ticket = "T1", .platform = "sunshine", .token = "S1"};

/* Runs a command against these answers; both texts are the caller's. */
static enum err_code run(enum err_code (*function)(struct ctl *, struct err *),
                         const struct ctl_options *options, const struct stand_in_answer *answers,
                         size_t count, char **out_text, char **out_requests, struct err *err)
{
    stand_in_agent_start(answers, count);
    struct ctl ctl = stand_in_agent_ctl(options);
    enum err_code code = stand_in_agent_capture(function, &ctl, out_text, err);
    ctl_client_free(ctl.client);
    stand_in_agent_stop(out_requests);
    return code;
}

static void a_renewal_is_followed_to_its_end(void **state)
{
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *text = NULL;
    AUTO(memory_freep) char *requests = NULL;
    assert_int_equal(
        run(ctl_operation_renew, &renewing, good, ARRAY_SIZE(good), &text, &requests, &err),
        ERR_NONE);
    assert_string_equal(text, "[ 1/3] 步骤\n[ 2/3] 步骤（请在弹出的对话框中操作）\n" MESSAGE
                              "\n  密钥：沿用原密钥\n");
    assert_non_null(strstr(requests, "{\"kind\":\"renew\",\"ticket\":\"T1\","
                                     "\"platform\":\"sunshine\",\"token\":\"S1\"}"));
    assert_non_null(strstr(requests, "GET /v1/operations/" ID "?wait=25&version="));
}

static void json_alone(void **state)
{
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *text = NULL;
    AUTO(json_freep) struct json *json = NULL;
    struct ctl_options options = renewing;
    options.given = CTL_JSON;
    assert_int_equal(run(ctl_operation_renew, &options, good, ARRAY_SIZE(good), &text, NULL, &err),
                     ERR_NONE);
    assert_int_equal(json_parse(span_text(text), 65536, &json, &err), ERR_NONE);
    assert_string_equal(json_text_of(json_member(json, "message")), MESSAGE);
}

/* How an operation ends, and what that is for the caller. */
static const struct {
    const char *end;
    enum err_code code;
} ends[] = {
    {OPERATION("failed", "1", PROBLEM("pin-locked")), ERR_PIN_LOCKED},
    {OPERATION("failed", "1", ""), ERR_INTERNAL},
    {OPERATION("cancelled", "1", PROBLEM("cancelled")), ERR_CANCELLED},
    {OPERATION("cancelled", "1", ",\"error\":null"), ERR_CANCELLED},
    {OPERATION("unconfirmed", "3", PROBLEM("written-not-confirmed")), ERR_WRITTEN_NOT_CONFIRMED},
    {OPERATION("unconfirmed", "3", ""), ERR_WRITTEN_NOT_CONFIRMED},
    {"{\"id\":\"../status\",\"state\":\"running\"}", ERR_INTERNAL},
    {"{\"state\":\"done\"}", ERR_INTERNAL},
};

static void each_end_has_its_code(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
        struct err err = ERR_INIT;
        AUTO(memory_freep) char *text = NULL;
        const struct stand_in_answer answer = {202, ends[i].end};
        enum err_code code = run(ctl_operation_renew, &renewing, &answer, 1, &text, NULL, &err);
        if (code != ends[i].code)
            fail_msg("%s: %s (%s)", ends[i].end, err_code_text(code), err.detail);
        assert_null(strstr(text, MESSAGE));
    }
}

static void a_refused_start_keeps_its_code(void **state)
{
    static const struct stand_in_answer answer = {409, "{\"code\":\"operation-busy\"}"};
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *text = NULL;
    assert_int_equal(run(ctl_operation_renew, &renewing, &answer, 1, &text, NULL, &err),
                     ERR_OPERATION_BUSY);
}

static void a_check_needs_no_ticket(void **state)
{
    static const struct stand_in_answer answer = {
        202, OPERATION("done", "3", ",\"result\":{\"findings\":[]}")};
    const struct ctl_options options = {.lang = LANG_EN};
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *text = NULL;
    AUTO(memory_freep) char *requests = NULL;
    assert_int_equal(run(ctl_operation_check, &options, &answer, 1, &text, &requests, &err),
                     ERR_NONE);
    assert_non_null(strstr(requests, "{\"kind\":\"check\"}"));
}

/* Standard input for one test. */
static void feed(const char *text)
{
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(write(pipes[1], text, strlen(text)), strlen(text));
    close(pipes[1]);
    dup2(pipes[0], STDIN_FILENO);
    close(pipes[0]);
}

static void the_ticket_can_be_piped_in(void **state)
{
    static const char *const inputs[] = {"T2", "T2\n", "T2\r\nmore\n"};
    struct ctl_options options = renewing;
    options.ticket = NULL;
    for (size_t i = 0; i < ARRAY_SIZE(inputs); i++) {
        struct err err = ERR_INIT;
        AUTO(memory_freep) char *text = NULL;
        AUTO(memory_freep) char *requests = NULL;
        feed(inputs[i]);
        assert_int_equal(
            run(ctl_operation_renew, &options, good, ARRAY_SIZE(good), &text, &requests, &err),
            ERR_NONE);
        assert_non_null(strstr(requests, "\"ticket\":\"T2\","));
        assert_null(strstr(text, "T2"));
    }
}

static void a_ticket_has_a_limit(void **state)
{
    struct ctl_options options = renewing;
    options.ticket = NULL;
    for (int length = 0; length <= 257; length += length == 0 ? 256 : 1) {
        struct err err = ERR_INIT;
        AUTO(memory_freep) char *text = NULL;
        AUTO(memory_freep) char *ticket = memory_printf("%0*d", length, 7);
        feed(length == 0 ? "\n" : ticket);
        assert_int_equal(
            run(ctl_operation_renew, &options, good, ARRAY_SIZE(good), &text, NULL, &err),
            length == 256 ? ERR_NONE : ERR_USAGE);
    }
}

/* What is done for a platform: the function and the kind that it starts. */
static const struct {
    enum err_code (*function)(struct ctl *, struct err *);
    const char *kind;
} for_platforms[] = {
    {ctl_operation_renew, "renew"},
    {ctl_operation_extend_seal, "extend-seal"},
    {ctl_operation_reset_pin, "reset-pin"},
};

static void each_kind_is_started_as_what_it_is(void **state)
{
    static const struct stand_in_answer answer = {202, OPERATION("done", "3", "")};
    for (size_t i = 0; i < ARRAY_SIZE(for_platforms); i++) {
        struct err err = ERR_INIT;
        AUTO(memory_freep) char *text = NULL;
        AUTO(memory_freep) char *requests = NULL;
        AUTO(memory_freep)
        char *body = memory_printf("{\"kind\":\"%s\",\"ticket\":\"T1\",\"platform\":\"sunshine\","
                                   "\"token\":\"S1\"}",
                                   for_platforms[i].kind);
        assert_int_equal(
            run(for_platforms[i].function, &renewing, &answer, 1, &text, &requests, &err),
            ERR_NONE);
        assert_non_null(strstr(requests, body));
    }
}

static void they_need_a_platform(void **state)
{
    struct ctl_options options = renewing;
    options.platform = NULL;
    for (size_t i = 0; i < ARRAY_SIZE(for_platforms); i++) {
        struct err err = ERR_INIT;
        AUTO(memory_freep) char *text = NULL;
        assert_int_equal(run(for_platforms[i].function, &options, good, 0, &text, NULL, &err),
                         ERR_USAGE);
        assert_non_null(strstr(err.detail, for_platforms[i].kind));
    }
}

static void a_pin_is_changed_without_a_platform(void **state)
{
    static const struct stand_in_answer answer = {202, OPERATION("done", "3", "")};
    const struct ctl_options options = {.lang = LANG_ZH, .token = "S1"};
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *text = NULL;
    AUTO(memory_freep) char *requests = NULL;
    assert_int_equal(run(ctl_operation_change_pin, &options, &answer, 1, &text, &requests, &err),
                     ERR_NONE);
    assert_non_null(strstr(requests, "{\"kind\":\"change-pin\",\"token\":\"S1\"}"));
}

static void an_agent_that_restarts_is_waited_for(void **state)
{
    static const struct stand_in_answer answers[] = {
        {202, OPERATION("running", "1", "")},
        {.raw = ""},
        {200, OPERATION("done", "3", ",\"message\":\"" MESSAGE "\"")},
    };
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *text = NULL;
    assert_int_equal(
        run(ctl_operation_renew, &renewing, answers, ARRAY_SIZE(answers), &text, NULL, &err),
        ERR_NONE);
    assert_non_null(strstr(text, MESSAGE));
}

static void *interrupt_soon(void *context)
{
    usleep(300000);
    kill(getpid(), SIGINT);
    return NULL;
}

static void ctrl_c_cancels_the_operation(void **state)
{
    static const struct stand_in_answer answers[] = {
        {202, OPERATION("waiting-user", "1", "")},
        {200, OPERATION("waiting-user", "1", ""), NULL, 600},
        {202, OPERATION("waiting-user", "1", "")},
        {200, OPERATION("cancelled", "1", PROBLEM("cancelled"))},
    };
    struct err err = ERR_INIT;
    pthread_t thread;
    AUTO(memory_freep) char *text = NULL;
    AUTO(memory_freep) char *requests = NULL;
    ctl_interrupt_catch();
    assert_int_equal(pthread_create(&thread, NULL, interrupt_soon, NULL), 0);
    assert_int_equal(
        run(ctl_operation_renew, &renewing, answers, ARRAY_SIZE(answers), &text, &requests, &err),
        ERR_CANCELLED);
    pthread_join(thread, NULL);
    assert_non_null(strstr(requests, "POST /v1/operations/" ID "/cancel HTTP/1.1"));
    assert_non_null(strstr(text, "正在取消操作……\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_renewal_is_followed_to_its_end),
        cmocka_unit_test(json_alone),
        cmocka_unit_test(each_end_has_its_code),
        cmocka_unit_test(a_refused_start_keeps_its_code),
        cmocka_unit_test(a_check_needs_no_ticket),
        cmocka_unit_test(the_ticket_can_be_piped_in),
        cmocka_unit_test(a_ticket_has_a_limit),
        cmocka_unit_test(each_kind_is_started_as_what_it_is),
        cmocka_unit_test(they_need_a_platform),
        cmocka_unit_test(a_pin_is_changed_without_a_platform),
        cmocka_unit_test(an_agent_that_restarts_is_waited_for),
        cmocka_unit_test(ctrl_c_cancels_the_operation), /* last: a signal that came stays counted */
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
