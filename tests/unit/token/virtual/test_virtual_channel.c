#include "token/virtual/virtual_channel.h"

#include "piv_bench.h"

#define GET_INFO "80040000000000"
#define GET_PIN_INFO \
    "801400010000021000" \
    "0003"

struct line {
    struct bench bench;
    struct channel *channel;
    struct err err;
    struct bytes *answer;
};

static void line_open(struct line *line)
{
    *line = (struct line){.err = ERR_INIT};
    bench_init(&line->bench, virtual_profile_find("gmt0017-2012"));
    line->channel = virtual_channel_open(line->bench.card);
}

static void line_close(struct line *line)
{
    bytes_freep(&line->answer);
    channel_closep(&line->channel);
    bench_done(&line->bench);
}

static enum err_code send_with(struct line *line, const char *hex, struct deadline deadline)
{
    AUTO(bytes_freep) struct bytes *command = bench_bytes(hex);
    bytes_freep(&line->answer);
    return line->channel->class->transmit(line->channel, span_bytes(command), &line->answer,
                                          deadline, &line->err);
}

static enum err_code send(struct line *line, const char *hex)
{
    return send_with(line, hex, DEADLINE_NEVER);
}

static void fault(struct line *line, enum virtual_fault_kind kind, uint32_t argument)
{
    assert_int_equal(
        virtual_fault_add(virtual_channel_faults(line->channel), kind, 1, argument, &line->err),
        ERR_NONE);
}

static void carries_commands_to_the_card(void **state)
{
    (void)state;
    struct line line;
    line_open(&line);
    AUTO(memory_freep) char *atr = hex_encode(line.channel->class->peek_atr(line.channel));
    assert_string_equal(atr, "3B858001554B45594442");
    assert_int_equal(line.channel->class->begin(line.channel, DEADLINE_NEVER, &line.err), ERR_NONE);
    assert_int_equal(send(&line, GET_INFO), ERR_NONE);
    assert_int_equal(line.answer->len, 290);
    line.channel->class->end(line.channel);
    assert_int_equal(virtual_channel_commands(line.channel), 1);
    line_close(&line);
}

static void loses_commands_before_or_after_their_effect(void **state)
{
    (void)state;
    struct line line;
    for (int after = 0; after <= 1; after++) {
        line_open(&line);
        fault(&line, after == 1 ? VIRTUAL_FAULT_LOSE_AFTER : VIRTUAL_FAULT_LOSE_BEFORE, 0);
        assert_int_equal(send(&line, "8002000000000161"), ERR_TOKEN_TRANSPORT);
        assert_null(line.answer);
        assert_string_equal(line.bench.objects->label.at, after == 1 ? "a" : "label");
        assert_int_equal(send(&line, GET_INFO), ERR_NONE);
        line_close(&line);
    }
}

static void hangs_for_good(void **state)
{
    (void)state;
    struct line line;
    line_open(&line);
    fault(&line, VIRTUAL_FAULT_HANG, 0);
    assert_int_equal(send(&line, "8002000000000161"), ERR_TOKEN_HUNG);
    assert_string_equal(line.bench.objects->label.at, "label");
    assert_int_equal(send(&line, GET_INFO), ERR_TOKEN_HUNG);
    assert_int_equal(line.channel->class->begin(line.channel, DEADLINE_NEVER, &line.err),
                     ERR_TOKEN_HUNG);
    virtual_channel_remove(line.channel);
    virtual_channel_insert(line.channel);
    assert_int_equal(send(&line, GET_INFO), ERR_NONE);
    line_close(&line);
}

static void spoils_answers_and_gives_status_words(void **state)
{
    (void)state;
    struct line line;
    line_open(&line);
    fault(&line, VIRTUAL_FAULT_STATUS, 0x6F00);
    assert_int_equal(send(&line, "8002000000000161"), ERR_NONE);
    assert_memory_equal(line.answer->at, "\x6F\x00", 2);
    assert_string_equal(line.bench.objects->label.at, "label");
    fault(&line, VIRTUAL_FAULT_GARBAGE, 0);
    assert_int_equal(send(&line, "8002000000000161"), ERR_NONE);
    assert_int_equal(line.answer->len, 16);
    assert_string_equal(line.bench.objects->label.at, "a");
    fault(&line, VIRTUAL_FAULT_SHORT, 0);
    assert_int_equal(send(&line, GET_INFO), ERR_TOKEN_TRANSPORT);
    fault(&line, VIRTUAL_FAULT_CUT, 0);
    assert_int_equal(send(&line, GET_INFO), ERR_NONE);
    assert_int_equal(line.answer->len, 289);
    line_close(&line);
}

static void answers_late_or_too_late(void **state)
{
    (void)state;
    struct line line;
    line_open(&line);
    fault(&line, VIRTUAL_FAULT_DELAY, 30);
    int64_t start = clock_monotonic_ms();
    assert_int_equal(send_with(&line, GET_INFO, deadline_in_ms(60000)), ERR_NONE);
    assert_true(clock_monotonic_ms() - start >= 29);
    fault(&line, VIRTUAL_FAULT_DELAY, 60000);
    start = clock_monotonic_ms();
    assert_int_equal(send_with(&line, GET_INFO, deadline_in_ms(30)), ERR_TOKEN_HUNG);
    assert_true(clock_monotonic_ms() - start < 30000);
    assert_int_equal(send(&line, GET_INFO), ERR_TOKEN_HUNG);
    line_close(&line);
}

static void loses_the_login_when_it_is_pulled_out_or_reset(void **state)
{
    (void)state;
    struct line line;
    line_open(&line);
    bench_open(&line.bench);
    fault(&line, VIRTUAL_FAULT_REMOVE, 0);
    assert_int_equal(send(&line, GET_PIN_INFO), ERR_TOKEN_REMOVED);
    assert_int_equal(send(&line, GET_PIN_INFO), ERR_TOKEN_REMOVED);
    assert_int_equal(line.channel->class->begin(line.channel, DEADLINE_NEVER, &line.err),
                     ERR_TOKEN_REMOVED);
    virtual_channel_insert(line.channel);
    assert_int_equal(send(&line, GET_PIN_INFO), ERR_NONE);
    assert_memory_equal(line.answer->at, "\x69\x8A", 2);
    bench_open(&line.bench);
    fault(&line, VIRTUAL_FAULT_REMOVE_AFTER, 0);
    assert_int_equal(send(&line, GET_INFO), ERR_TOKEN_REMOVED);
    assert_int_equal(send(&line, GET_INFO), ERR_TOKEN_REMOVED);
    virtual_channel_insert(line.channel);
    assert_int_equal(send(&line, GET_PIN_INFO), ERR_NONE);
    assert_memory_equal(line.answer->at, "\x69\x8A", 2);
    bench_open(&line.bench);
    virtual_channel_reset(line.channel);
    assert_int_equal(line.channel->class->begin(line.channel, DEADLINE_NEVER, &line.err),
                     ERR_TOKEN_RESET);
    assert_int_equal(send(&line, GET_PIN_INFO), ERR_NONE);
    assert_memory_equal(line.answer->at, "\x69\x8A", 2);
    line_close(&line);
}

static void piv_open(struct line *line, struct piv_bench *piv)
{
    piv_bench_init(piv, virtual_piv_profile_find("piv-full"));
    assert_int_equal(piv_bench_manage(piv), 0x9000);
    *line = (struct line){.err = ERR_INIT, .bench = piv->bench};
    line->channel = virtual_channel_open(line->bench.card);
    piv_bench_select(piv);
    assert_int_equal(piv_bench_manage(piv), 0x9000);
}

/* A line that breaks between two blocks leaves the object as it was; an answer that is lost does not
 * take back what was done. */
static void a_chain_is_all_or_nothing(void **state)
{
    (void)state;
    struct line line;
    struct piv_bench piv;
    piv_open(&line, &piv);
    assert_int_equal(send(&line, "10DB3FFF055C035FC10A"), ERR_NONE);
    fault(&line, VIRTUAL_FAULT_LOSE_BEFORE, 0);
    assert_int_equal(send(&line, "00DB3FFF0553037001AA"), ERR_TOKEN_TRANSPORT);
    assert_null(virtual_piv_objects_get(piv.objects, 0x5FC10A));
    piv_bench_select(&piv);
    assert_int_equal(piv_bench_manage(&piv), 0x9000);
    assert_int_equal(send(&line, "10DB3FFF055C035FC10A"), ERR_NONE);
    fault(&line, VIRTUAL_FAULT_REMOVE_AFTER, 0);
    assert_int_equal(send(&line, "00DB3FFF0553037001AA"), ERR_TOKEN_REMOVED);
    assert_int_equal(virtual_piv_objects_get(piv.objects, 0x5FC10A)->len, 3);
    virtual_channel_insert(line.channel);
    assert_int_equal(send(&line, "00CB3FFF055C035FC10A00"), ERR_NONE); /* nothing is selected */
    AUTO(memory_freep) char *answer = hex_encode(span_bytes(line.answer));
    assert_string_equal(answer, "6D00");
    bytes_freep(&line.answer);
    channel_closep(&line.channel);
    piv_bench_done(&piv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(carries_commands_to_the_card),
        cmocka_unit_test(loses_commands_before_or_after_their_effect),
        cmocka_unit_test(hangs_for_good),
        cmocka_unit_test(spoils_answers_and_gives_status_words),
        cmocka_unit_test(answers_late_or_too_late),
        cmocka_unit_test(loses_the_login_when_it_is_pulled_out_or_reset),
        cmocka_unit_test(a_chain_is_all_or_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
