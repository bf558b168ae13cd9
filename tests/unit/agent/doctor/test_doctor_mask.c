#include "agent/doctor/doctor_mask.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

static void assert_becomes(struct doctor_mask *mask, const char *text, const char *wanted)
{
    AUTO(memory_freep) char *masked = doctor_mask_apply(mask, text);
    assert_string_equal(masked, wanted);
}

static void the_longest_goes_first(void **state)
{
    AUTO(doctor_mask_freep) struct doctor_mask *mask = doctor_mask_new();
    assert_becomes(mask, "nothing is known yet", "nothing is known yet");
    doctor_mask_text(mask, "/home/li", "~");
    doctor_mask_text(mask, "/home/li/work", "(work)");
    doctor_mask_text(mask, "ab", "never");
    doctor_mask_text(mask, NULL, "never");
    assert_becomes(mask, "ab /home/li/work/x /home/li/y", "ab (work)/x ~/y");
}

static void names_and_their_parts(void **state)
{
    AUTO(doctor_mask_freep) struct doctor_mask *mask = doctor_mask_new();
    doctor_mask_name(mask, NULL);
    doctor_mask_name(mask, "CN=张三,O=Firm \"Sun\",C=CN");
    assert_becomes(mask, "张三, Firm \"Sun\", Firm \\\"Sun\\\", CN", "(name), (name), (name), CN");
}

static void serials_keep_their_ends(void **state)
{
    AUTO(doctor_mask_freep) struct doctor_mask *mask = doctor_mask_new();
    doctor_mask_serial(mask, "1234567");
    doctor_mask_serial(mask, "abcdef");
    doctor_mask_serial(mask, "x1");
    assert_becomes(mask, "1234567 abcdef x1", "12...67 (serial) x1");
}

static void more_than_there_was_room_for(void **state)
{
    AUTO(doctor_mask_freep) struct doctor_mask *mask = doctor_mask_new();
    for (int i = 1000; i < 2000; i++) {
        AUTO(memory_freep) char *text = memory_printf("<%d>", i);
        doctor_mask_text(mask, text, "-");
    }
    assert_becomes(mask, "<1000><1999><2000>", "--<2000>");
}

/* Nobody said what is in it. */
static void what_a_text_shows_by_itself(void **state)
{
    static const struct {
        const char *text, *wanted;
    } cases[] = {
        {"the time for the key SN12345678 is up", "the time for the key SN...78 is up"},
        {"no key with serial 0A1B2C3D4E among 2", "no key with serial 0A...4E among 2"},
        {"the key's serial number was SN1111111, now it is SN2222222",
         "the key's serial number was SN...11, now it is SN...22"},
        {"key SN12345678: no try is left; again SN12345678",
         "key SN...78: no try is left; again SN...78"},
        {"Key [CCID] (0123456789ABCDEF) 00 00", "Key [CCID] (01...EF) 00 00"},
        {"CN=张三,O=Firm\\, Ltd,C=CN is no CA; Firm\\, Ltd",
         "CN=(name),O=(name),C=CN is no CA; (name)"},
        {"\"found\": \"O=Firm \\\"Sun\\\"\", \"more\"", "\"found\": \"O=(name)\", \"more\""},
        {"the order YQ20261122001", "the order YQ...01"},
        {"a key that is gone, the key holds nothing, key 12", NULL},
        {"LC_ALL=C.UTF-8 HELLO=wonderful (abcdef) monkey SN12345678", NULL},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(doctor_mask_freep) struct doctor_mask *mask = doctor_mask_new();
        doctor_mask_learn(mask, NULL);
        doctor_mask_learn(mask, cases[i].text);
        assert_becomes(mask, cases[i].text,
                       cases[i].wanted == NULL ? cases[i].text : cases[i].wanted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longest_goes_first),
        cmocka_unit_test(names_and_their_parts),
        cmocka_unit_test(serials_keep_their_ends),
        cmocka_unit_test(more_than_there_was_room_for),
        cmocka_unit_test(what_a_text_shows_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
