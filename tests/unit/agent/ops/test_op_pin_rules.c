#include "agent/ops/op_pin_rules.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/memory.h"

static const struct op_pin_limits limits = {6, 16};

static void each_rule_has_its_own_answer(void **state)
{
    (void)state;
    static const struct {
        const char *pin, *old;
        enum op_pin_rule rule;
    } cases[] = {
        {"", "", OP_PIN_TOO_SHORT},
        {"a1b2c", "", OP_PIN_TOO_SHORT},
        {"a1b2c3", "", OP_PIN_GOOD},
        {"a1b2c3d4e5f6g7h8", "", OP_PIN_GOOD},
        {"a1b2c3d4e5f6g7h8i", "", OP_PIN_TOO_LONG},
        {"123456", "", OP_PIN_INITIAL},
        {"12345678", "", OP_PIN_INITIAL},
        {"111111", "", OP_PIN_INITIAL},
        {"zzzzzz", "", OP_PIN_REPEATED},
        {"zzzzzzy", "", OP_PIN_GOOD},
        {"234567", "", OP_PIN_SEQUENCE},
        {"987654", "", OP_PIN_SEQUENCE},
        {"abcdef", "", OP_PIN_SEQUENCE},
        {"abcdeg", "", OP_PIN_GOOD},
        {"829104", "829104", OP_PIN_OLD},
        {"829104", "829105", OP_PIN_GOOD},
        {"829 104", "", OP_PIN_CHARACTERS},
        {"密码密码", "", OP_PIN_CHARACTERS},
        {"82\t9104", "", OP_PIN_CHARACTERS},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        enum op_pin_rule rule =
            op_pin_judge(span_text(cases[i].pin), span_text(cases[i].old), &limits);
        if (rule != cases[i].rule)
            print_error("\"%s\": rule %d\n", cases[i].pin, (int)rule);
        assert_int_equal(rule, cases[i].rule);
        int quality = op_pin_quality(span_text(cases[i].pin), span_text(cases[i].old), &limits);
        assert_true(rule == OP_PIN_GOOD ? quality > 0 && quality <= 100 : quality < 0);
    }
}

static void a_better_pin_has_a_higher_quality(void **state)
{
    (void)state;
    static const char *const rising[] = {"829104", "82910473", "8291047a", "8291a47Z",
                                         "8291a47Z#x"};
    for (size_t i = 1; i < ARRAY_SIZE(rising); i++)
        assert_true(op_pin_quality(span_text(rising[i]), SPAN_NONE, &limits) >
                    op_pin_quality(span_text(rising[i - 1]), SPAN_NONE, &limits));
}

static void every_rule_is_told_in_both_languages(void **state)
{
    (void)state;
    for (int rule = OP_PIN_TOO_SHORT; rule <= OP_PIN_CHARACTERS; rule++) {
        struct text text = op_pin_rule_text((enum op_pin_rule)rule);
        assert_true(strlen(text.zh) > 0 && strlen(text.en) > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_has_its_own_answer),
        cmocka_unit_test(a_better_pin_has_a_higher_quality),
        cmocka_unit_test(every_rule_is_told_in_both_languages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
