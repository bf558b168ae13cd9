#include "base/err.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* needs those above */
#include <cmocka.h>

static void an_error_keeps_its_cause(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    assert_int_equal(err_set(&err, ERR_DER, "%d bytes short", 3), ERR_DER);
    assert_int_equal(err.code, ERR_DER);
    assert_int_equal(err.foreign, 0);
    assert_int_equal(err.tries_left, -1);
    assert_string_equal(err.detail, "3 bytes short");
    assert_int_equal(err_add(&err, "read %s", "x"), ERR_DER);
    assert_int_equal(err_add(&err, "start"), ERR_DER);
    assert_string_equal(err.detail, "3 bytes short < read x < start");
}

static void a_new_error_replaces_the_old(void **state)
{
    (void)state;
    struct err err = {.code = ERR_PIN_WRONG, .foreign = 5, .tries_left = 2, .detail = "old"};
    err_set_foreign(&err, ERR_FILE, 0x6A82, "new");
    assert_int_equal(err.code, ERR_FILE);
    assert_int_equal(err.foreign, 0x6A82);
    assert_int_equal(err.tries_left, -1);
    assert_string_equal(err.detail, "new");
}

static void errno_is_told(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    errno = ENOENT;
    assert_int_equal(err_set_errno(&err, ERR_FILE, "open"), ERR_FILE);
    assert_int_equal(err.foreign, ENOENT);
    assert_string_equal(err.detail, "open: No such file or directory");
}

static void a_long_detail_is_cut(void **state)
{
    (void)state;
    char text[ERR_DETAIL_BYTES + 2];
    struct err err = ERR_INIT;
    memset(text, 'a', sizeof text);
    for (size_t length = ERR_DETAIL_BYTES - 2; length <= ERR_DETAIL_BYTES + 1; length++) {
        err_set(&err, ERR_DER, "%.*s", (int)length, text);
        size_t kept = length < ERR_DETAIL_BYTES ? length : ERR_DETAIL_BYTES - 1;
        assert_int_equal(strlen(err.detail), kept);
        assert_int_equal(err_add(&err, "more"), ERR_DER);
        assert_int_equal(strlen(err.detail), ERR_DETAIL_BYTES - 1);
    }
}

static void many_callers_fit_or_are_cut(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    err_set(&err, ERR_DER, "cause");
    for (int i = 0; i < 300; i++)
        assert_int_equal(err_add(&err, "c%d", i), ERR_DER);
    assert_int_equal(strlen(err.detail), ERR_DETAIL_BYTES - 1);
    assert_memory_equal(err.detail, "cause < c0 < c1", 15);
}

/* A detail becomes part of a JSON answer, which must be UTF-8. */
static void a_cut_inside_a_character_leaves_utf8(void **state)
{
    (void)state;
    char text[ERR_DETAIL_BYTES + 4];
    struct err err = ERR_INIT;
    for (size_t lead = 0; lead < 3; lead++) {
        memset(text, 'a', sizeof text);
        memcpy(text + ERR_DETAIL_BYTES - 1 - lead, "阳", 4);
        err_set(&err, ERR_DER, "%s", text);
        for (const char *at = err.detail; *at != '\0';) {
            size_t length = text_utf8_length(at, strlen(at));
            assert_true(length > 0);
            at += length;
        }
    }
    err_set(&err, ERR_DER, "%.4s", "阳光");
    assert_string_equal(err.detail, "阳?");
    err_add(&err, "%.2s", "阳");
    assert_string_equal(err.detail, "阳? < ??");
}

static void every_code_has_its_facts(void **state)
{
    (void)state;
    for (int i = 1; i < ERR_CODE_COUNT; i++) {
        enum err_code code = (enum err_code)i;
        const char *text = err_code_text(code);
        assert_int_equal(err_code_from_text(text), code); /* so no text occurs twice */
        assert_int_equal(strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(text));
        assert_in_range(err_http_status(code), 200, 599);
        assert_in_range(err_kind_of(code), ERR_KIND_RETRY, ERR_KIND_BUG);
        const struct text texts[] = {err_title(code), err_remedy(code)};
        for (size_t k = 0; k < 2; k++)
            assert_true(texts[k].zh[0] != '\0' && texts[k].en[0] != '\0');
    }
}

static void unknown_codes_are_internal(void **state)
{
    (void)state;
    assert_string_equal(err_code_text(ERR_CODE_COUNT), "internal");
    assert_string_equal(err_code_text((enum err_code) - 1), "internal");
    assert_int_equal(err_http_status(ERR_CODE_COUNT), 500);
    assert_int_equal(err_kind_of(ERR_CODE_COUNT), ERR_KIND_BUG);
    assert_string_equal(err_code_text(ERR_NONE), "none");
    assert_int_equal(err_code_from_text("no such code"), ERR_NONE);
    assert_int_equal(err_code_from_text(""), ERR_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_keeps_its_cause),
        cmocka_unit_test(a_new_error_replaces_the_old),
        cmocka_unit_test(errno_is_told),
        cmocka_unit_test(a_long_detail_is_cut),
        cmocka_unit_test(many_callers_fit_or_are_cut),
        cmocka_unit_test(a_cut_inside_a_character_leaves_utf8),
        cmocka_unit_test(every_code_has_its_facts),
        cmocka_unit_test(unknown_codes_are_internal),
    };
    return cmocka_run_group_tests_name("base/err", tests, NULL, NULL);
}
