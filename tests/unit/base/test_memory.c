#include "base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* needs those above */
#include <cmocka.h>

static void new_memory_is_zero(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 100000};
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        AUTO(memory_freep) unsigned char *memory = memory_new(sizes[i]);
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal(memory[k], 0);
    }
}

static void texts_are_copied(void **state)
{
    (void)state;
    char original[] = "abc";
    AUTO(memory_freep) char *copy = memory_text(original);
    AUTO(memory_freep) char *printed = memory_printf("%s-%d", original, 5);
    original[0] = 'x';
    assert_string_equal(copy, "abc");
    assert_string_equal(printed, "abc-5");
    assert_null(memory_text(NULL));
}

static void taking_empties_the_variable(void **state)
{
    (void)state;
    AUTO(memory_freep) char *first = memory_text("abc");
    char *kept = first;
    AUTO(memory_freep) char *second = TAKE(first);
    assert_null(first);
    assert_ptr_equal(second, kept);
}

static void freeing_is_idempotent(void **state)
{
    (void)state;
    char *text = memory_text("abc");
    memory_freep(&text);
    assert_null(text);
    memory_freep(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_memory_is_zero),
        cmocka_unit_test(texts_are_copied),
        cmocka_unit_test(taking_empties_the_variable),
        cmocka_unit_test(freeing_is_idempotent),
    };
    return cmocka_run_group_tests_name("base/memory", tests, NULL, NULL);
}
