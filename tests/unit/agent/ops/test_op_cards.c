/* Who uses which card. */
#include "agent/ops/op_cards.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct token_presence left = {.reader = "Left", .sequence = 1};
static const struct token_presence right = {.reader = "Right", .sequence = 2};

struct pair {
    struct ops ops;
    struct op first, second;
};

static int set_up(void **state)
{
    struct pair *pair = memory_new(sizeof *pair);
    pthread_mutex_init(&pair->ops.lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&pair->ops.card_freed, &attributes);
    pthread_condattr_destroy(&attributes);
    pair->first.ops = pair->second.ops = &pair->ops;
    pair->first.has_thread = pair->second.has_thread = true;
    pair->first.next = &pair->second;
    pair->ops.newest = &pair->first;
    *state = pair;
    return 0;
}

static int tear_down(void **state)
{
    struct pair *pair = *state;
    memory_freep(&pair->first.serial);
    memory_freep(&pair->second.serial);
    pthread_cond_destroy(&pair->ops.card_freed);
    pthread_mutex_destroy(&pair->ops.lock);
    memory_freep(&pair);
    return 0;
}

static bool look_now(struct op *op, const struct token_presence *presence)
{
    return op_cards_look(op, presence, false, deadline_in_ms(0));
}

static bool may_read(struct ops *ops, const struct token_presence *presence)
{
    if (!op_cards_begin_reading(ops, presence))
        return false;
    op_cards_end_reading(ops, presence);
    return true;
}

static void all_cards_that_are_looked_at_are_kept(void **state)
{
    struct pair *pair = *state;
    assert_true(look_now(&pair->first, &left));
    assert_true(look_now(&pair->first, &right));
    assert_false(may_read(&pair->ops, &left));
    assert_false(may_read(&pair->ops, &right));
    assert_false(look_now(&pair->second, &left));
    op_cards_leave(&pair->first, &left);
    assert_true(may_read(&pair->ops, &left));
    assert_false(may_read(&pair->ops, &right));
    assert_true(look_now(&pair->second, &left));
}

static void a_card_that_is_read_is_waited_for(void **state)
{
    struct pair *pair = *state;
    assert_true(op_cards_begin_reading(&pair->ops, &left));
    assert_false(look_now(&pair->first, &left));
    assert_true(look_now(&pair->first, &right));
    op_cards_end_reading(&pair->ops, &left);
    assert_true(look_now(&pair->first, &left));
}

static void *leave_left(void *context)
{
    op_cards_leave(context, &left);
    return NULL;
}

/* Another operation only looks whether a card is its key: that passes. */
static void the_patient_wait_for_another_look(void **state)
{
    struct pair *pair = *state;
    pthread_t thread;
    assert_true(look_now(&pair->first, &left));
    assert_int_equal(pthread_create(&thread, NULL, leave_left, &pair->first), 0);
    assert_true(op_cards_look(&pair->second, &left, true, deadline_in_ms(30000)));
    pthread_join(thread, NULL);
}

static void a_claim_holds_one_card_and_ends_with_the_operation(void **state)
{
    struct pair *pair = *state;
    assert_true(look_now(&pair->first, &left));
    assert_true(look_now(&pair->first, &right));
    assert_true(op_cards_claim(&pair->first, "KEY", &left));
    assert_string_equal(pair->first.serial, "KEY");
    assert_false(may_read(&pair->ops, &left));
    assert_false(op_cards_look(&pair->second, &left, true, deadline_in_ms(30000)));
    op_cards_leave(&pair->first, &right);
    assert_true(may_read(&pair->ops, &right));
    assert_true(look_now(&pair->second, &right));
    assert_false(
        op_cards_claim(&pair->second, "KEY", &right)); /* put into another reader meanwhile */
    assert_true(look_now(&pair->second, &right));
    pair->first.state = OP_DONE;
    assert_true(may_read(&pair->ops, &left));
    assert_true(op_cards_claim(&pair->second, "KEY", &right));
}

static void who_has_looked_enough_looks_no_more(void **state)
{
    struct pair *pair = *state;
    pair->first.looked_enough = true;
    assert_false(op_cards_look(&pair->first, &left, true, deadline_in_ms(30000)));
    assert_true(may_read(&pair->ops, &left));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_cards_that_are_looked_at_are_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_card_that_is_read_is_waited_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_patient_wait_for_another_look, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_claim_holds_one_card_and_ends_with_the_operation, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(who_has_looked_enough_looks_no_more, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
