/* The tables themselves. */
#include "agent/ops/op.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void every_kind_is_whole(void **state)
{
    (void)state;
    size_t count = 0;
    for (const struct op_kind *kind; (kind = op_kind_at(count)) != NULL; count++) {
        assert_ptr_equal(op_kind_named(kind->name), kind);
        assert_true(strlen(kind->title.zh) > 0 && strlen(kind->title.en) > 0);
        assert_true(strlen(kind->success.zh) > 0 && strlen(kind->success.en) > 0);
        assert_true(strlen(kind->name) <= OPS_KIND_BYTES_MAX);
        assert_true(kind->step_count > 0);
        assert_non_null(kind->report);
    }
    assert_int_equal(count, 5);
    assert_null(op_kind_named("format"));
}

/* Once a step can't be cancelled, none behind it can, but for an offer after everything is done and for
 * the wait for a key that was pulled out: else a person could stop it halfway. */
static void cancelling_ends_where_it_is_no_longer_safe(void **state)
{
    (void)state;
    for (size_t k = 0; op_kind_at(k) != NULL; k++) {
        const struct op_kind *kind = op_kind_at(k);
        bool before = true;
        for (size_t i = 0; i < kind->step_count; i++) {
            const struct op_step *step = &kind->steps[i];
            assert_true(strlen(step->title.zh) > 0 && strlen(step->title.en) > 0);
            assert_non_null(step->run);
            assert_true(step->limit_seconds > 0);
            bool harmless = step->touches != OP_TOUCHES_PLATFORM && step->after_death == OP_RESUME;
            assert_true(before || !step->cancellable || harmless);
            before = step->cancellable;
        }
    }
}

static void a_step_that_goes_on_by_itself_needs_no_key(void **state)
{
    (void)state;
    for (size_t k = 0; op_kind_at(k) != NULL; k++)
        for (size_t i = 0; i < op_kind_at(k)->step_count; i++) {
            const struct op_step *step = &op_kind_at(k)->steps[i];
            assert_true(step->after_death != OP_RESUME || step->touches != OP_TOUCHES_KEY);
        }
}

static void the_drawing_names_every_step(void **state)
{
    (void)state;
    AUTO(memory_freep) char *text = ops_print_states();
    for (size_t k = 0; op_kind_at(k) != NULL; k++)
        for (size_t i = 0; i < op_kind_at(k)->step_count; i++)
            assert_non_null(strstr(text, op_kind_at(k)->steps[i].name));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_is_whole),
        cmocka_unit_test(cancelling_ends_where_it_is_no_longer_safe),
        cmocka_unit_test(a_step_that_goes_on_by_itself_needs_no_key),
        cmocka_unit_test(the_drawing_names_every_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
