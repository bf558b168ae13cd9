#include "token/virtual/virtual_fault.h"

#include "bench.h"

static void strikes_at_the_nth_command_only(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    struct virtual_faults faults = {0};
    assert_int_equal(virtual_fault_add(&faults, VIRTUAL_FAULT_HANG, 3, 0, &err), ERR_NONE);
    assert_int_equal(virtual_fault_add(&faults, VIRTUAL_FAULT_STATUS, 1, 0x6F00, &err), ERR_NONE);
    assert_int_equal(virtual_fault_add(&faults, VIRTUAL_FAULT_REMOVE, 3, 0, &err), ERR_NONE);
    struct virtual_fault first = virtual_fault_next(&faults);
    assert_int_equal(first.kind, VIRTUAL_FAULT_STATUS);
    assert_int_equal(first.argument, 0x6F00);
    assert_int_equal(virtual_fault_next(&faults).kind, VIRTUAL_FAULT_NONE);
    assert_int_equal(virtual_fault_next(&faults).kind, VIRTUAL_FAULT_HANG);
    for (int i = 0; i < 5; i++)
        assert_int_equal(virtual_fault_next(&faults).kind, VIRTUAL_FAULT_NONE);
    assert_int_equal(faults.count, 0);
}

static void reads_faults_from_words(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        struct virtual_fault fault;
    } good[] = {
        {"lose-before 1", {VIRTUAL_FAULT_LOSE_BEFORE, 1, 0}},
        {"lose-after 2", {VIRTUAL_FAULT_LOSE_AFTER, 2, 0}},
        {"hang 3", {VIRTUAL_FAULT_HANG, 3, 0}},
        {"garbage  4 ", {VIRTUAL_FAULT_GARBAGE, 4, 0}},
        {"short 5", {VIRTUAL_FAULT_SHORT, 5, 0}},
        {"cut 6", {VIRTUAL_FAULT_CUT, 6, 0}},
        {"status 7 6f00", {VIRTUAL_FAULT_STATUS, 7, 0x6F00}},
        {"delay 8 1500", {VIRTUAL_FAULT_DELAY, 8, 1500}},
        {"remove-after 9", {VIRTUAL_FAULT_REMOVE_AFTER, 9, 0}},
        {"remove-at 100000", {VIRTUAL_FAULT_REMOVE, 100000, 0}},
    };
    struct err err = ERR_INIT;
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        struct virtual_faults faults = {0};
        assert_int_equal(virtual_fault_add_text(&faults, good[i].text, &err), ERR_NONE);
        assert_int_equal(faults.count, 1);
        assert_memory_equal(&faults.list[0], &good[i].fault, sizeof good[i].fault);
        assert_int_equal(virtual_fault_add_text(&faults, "clear", &err), ERR_NONE);
        assert_int_equal(faults.count, 0);
    }
}

static void refuses_other_words(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      " ",
                                      "hang",
                                      "hang 0",
                                      "hang -1",
                                      "hang x",
                                      "hang 1 2",
                                      "hang 1x",
                                      "hang 100001",
                                      "status 1",
                                      "clear 1",
                                      "explode 1",
                                      "delay 1 600001",
                                      "status 1 10000",
                                      "status 1 g",
                                      "delay 1 -1",
                                      "hang 1 2 3 4 5",
                                      "status 1 6F00 7",
                                      "lose-before 99999999999"};
    struct err err = ERR_INIT;
    struct virtual_faults faults = {0};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)

        assert_int_equal(virtual_fault_add_text(&faults, bad[i], &err), ERR_USAGE);
    assert_int_equal(faults.count, 0);
    AUTO(bytes_freep) struct bytes *large = bytes_new_size(500);
    memset(large->at, 'a', 500);
    assert_int_equal(virtual_fault_add_text(&faults, (const char *)large->at, &err), ERR_USAGE);
}

static void holds_no_more_than_its_list(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    struct virtual_faults faults = {0};
    for (int i = 0; i < VIRTUAL_FAULTS_MAX; i++)
        assert_int_equal(virtual_fault_add(&faults, VIRTUAL_FAULT_HANG, 1, 0, &err), ERR_NONE);
    assert_int_equal(virtual_fault_add(&faults, VIRTUAL_FAULT_HANG, 1, 0, &err), ERR_FIELD_VALUE);
    virtual_fault_clear(&faults);
    assert_int_equal(virtual_fault_add(&faults, VIRTUAL_FAULT_HANG, 0, 0, &err), ERR_FIELD_VALUE);
}

static struct bytes *spoil(enum virtual_fault_kind kind, const char *answer)
{
    const struct virtual_fault fault = {kind, 0, 0};
    return virtual_fault_spoil(&fault, bench_bytes(answer));
}

static void spoils_answers(void **state)
{
    (void)state;
    static const struct {
        enum virtual_fault_kind kind;
        const char *answer;
        const char *expected;
    } cases[] = {
        {VIRTUAL_FAULT_NONE, "AABB9000", "AABB9000"}, {VIRTUAL_FAULT_DELAY, "9000", "9000"},
        {VIRTUAL_FAULT_SHORT, "AABB9000", "AA"},      {VIRTUAL_FAULT_CUT, "AABB9000", "AA9000"},
        {VIRTUAL_FAULT_CUT, "AA9000", "9000"},        {VIRTUAL_FAULT_CUT, "9000", "9000"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(bytes_freep) struct bytes *spoiled = spoil(cases[i].kind, cases[i].answer);
        AUTO(memory_freep) char *hex = hex_encode(span_bytes(spoiled));
        assert_string_equal(hex, cases[i].expected);
    }
    AUTO(bytes_freep) struct bytes *garbage = spoil(VIRTUAL_FAULT_GARBAGE, "9000");
    assert_int_equal(garbage->len, 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strikes_at_the_nth_command_only),
        cmocka_unit_test(reads_faults_from_words),
        cmocka_unit_test(refuses_other_words),
        cmocka_unit_test(holds_no_more_than_its_list),
        cmocka_unit_test(spoils_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
