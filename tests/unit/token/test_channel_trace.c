#include "token/channel_trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/token/scripted_channel.h"

struct traced {
    struct scripted_channel *script;
    struct channel *channel;
    FILE *out;
    char *text;
    size_t text_bytes;
};

static struct traced traced_new(void)
{
    struct traced traced = {.script = scripted_channel_new()};
    return traced;
}

static void start(struct traced *traced)
{
    traced->out = open_memstream(&traced->text, &traced->text_bytes);
    traced->channel = channel_trace_new(scripted_channel_channel(traced->script), traced->out);
}

static enum err_code transmit(struct traced *traced, const char *hex)
{
    struct err err = ERR_INIT;
    AUTO(bytes_freep) struct bytes *command = scripted_channel_bytes(hex);
    AUTO(bytes_freep) struct bytes *answer = NULL;
    return traced->channel->class->transmit(traced->channel, span_bytes(command), &answer,
                                            DEADLINE_NEVER, &err);
}

static void stop(struct traced *traced)
{
    channel_closep(&traced->channel);
    fclose(traced->out);
}

static void writes_what_passes(void **state)
{
    struct traced traced = traced_new();
    struct err err = ERR_INIT;
    scripted_channel_expect(traced.script, "80500000000008", "01020304050607089000");
    scripted_channel_expect_failure(traced.script, "80040000000000", ERR_TOKEN_REMOVED);
    start(&traced);
    assert_int_equal(traced.channel->class->begin(traced.channel, DEADLINE_NEVER, &err), ERR_NONE);
    assert_true(scripted_channel_is_held(traced.script));
    assert_int_equal(transmit(&traced, "80500000000008"), ERR_NONE);
    assert_int_equal(transmit(&traced, "80040000000000"), ERR_TOKEN_REMOVED);
    traced.channel->class->end(traced.channel);
    assert_int_equal(traced.channel->class->peek_atr(traced.channel).len, 10);
    stop(&traced);
    assert_non_null(strstr(traced.text, " @ 3B858001554B45594442\n"));
    assert_non_null(strstr(traced.text, " # begin\n"));
    assert_non_null(strstr(traced.text, " > 80500000000008\n"));
    assert_non_null(strstr(traced.text, " < 01020304050607089000\n"));
    assert_non_null(strstr(traced.text, " ! transmit: key-removed: scripted\n"));
    assert_non_null(strstr(traced.text, " # end\n"));
    assert_non_null(strstr(traced.text, " # close\n"));
    free(traced.text);
}

static void masks_what_carries_a_pin(void **state)
{
    static const char *const headers[] = {"80180001", "84160001",  "841A0000", "80100002",
                                          "00200081", "0024 0081", "002C0081", "80200000"};
    struct traced traced = traced_new();
    char command[64];
    for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
        snprintf(command, sizeof command, "%s 000004 DEADBEEF", headers[i]);
        scripted_channel_expect(traced.script, command, "9000");
    }
    start(&traced);
    for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
        snprintf(command, sizeof command, "%s 000004 DEADBEEF", headers[i]);
        assert_int_equal(transmit(&traced, command), ERR_NONE);
    }
    stop(&traced);
    assert_null(strstr(traced.text, "DEAD"));
    assert_null(strstr(traced.text, "BEEF"));
    assert_non_null(strstr(traced.text, " > 80180001 (7 bytes not shown)\n"));
    free(traced.text);
}

static void hands_on_the_failure_of_begin(void **state)
{
    struct traced traced = traced_new();
    struct err err = ERR_INIT;
    scripted_channel_fail_begin(traced.script, ERR_TOKEN_RESET);
    start(&traced);
    assert_int_equal(traced.channel->class->begin(traced.channel, DEADLINE_NEVER, &err),
                     ERR_TOKEN_RESET);
    stop(&traced);
    assert_non_null(strstr(traced.text, " ! begin: key-reset: scripted\n"));
    free(traced.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_what_passes),
        cmocka_unit_test(masks_what_carries_a_pin),
        cmocka_unit_test(hands_on_the_failure_of_begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
