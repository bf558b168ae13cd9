#include "certs/proof.h"

#include <setjmp.h>
#include <stdarg.h>
/* needs the two above */
#include <cmocka.h>

#include "base/memory.h"
#include "fixture.h"

static void the_layout_is_that_of_the_protocol(void **state)
{
    (void)state;
    AUTO(bytes_freep) struct bytes *message = NULL;
    AUTO(bytes_freep)
    struct bytes *expected = fixture_hex("0015" /* ukeyd-proof/1/request */
                                         "756B6579642D70726F6F662F312F72657175657374"
                                         "0002"
                                         "6A31"
                                         "0003"
                                         "AABBCC"
                                         "0000");
    struct err err = ERR_INIT;
    assert_int_equal(proof_message(PROOF_REQUEST, "j1", SPAN_ARRAY(((uint8_t[]){0xAA, 0xBB, 0xCC})),
                                   SPAN_NONE, &message, &err),
                     ERR_NONE);
    assert_true(span_equal(span_bytes(message), span_bytes(expected)));
}

static void parts_are_limited(void **state)
{
    (void)state;
    AUTO(bytes_freep) struct bytes *part = bytes_new_size(65536);
    AUTO(bytes_freep) struct bytes *message = NULL;
    struct bytes *none = NULL;
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *text = memory_new(65537);
    memset(text, 'a', 65536);
    struct span longest = span_part(span_bytes(part), 0, 65535);
    assert_int_equal(proof_message(text + 1, text + 1, longest, longest, &message, &err), ERR_NONE);
    assert_int_equal(message->len, 4 * 65537);
    assert_int_equal(proof_message(text, "j", SPAN_NONE, SPAN_NONE, &none, &err), ERR_FIELD_VALUE);
    assert_int_equal(proof_message("l", text, SPAN_NONE, SPAN_NONE, &none, &err), ERR_FIELD_VALUE);
    assert_int_equal(proof_message("l", "j", span_bytes(part), SPAN_NONE, &none, &err),
                     ERR_FIELD_VALUE);
    assert_int_equal(proof_message("l", "j", SPAN_NONE, span_bytes(part), &none, &err),
                     ERR_FIELD_VALUE);
    assert_null(none);
}

static void bytes_moved_between_parts_make_another_message(void **state)
{
    (void)state;
    AUTO(bytes_freep) struct bytes *a = NULL;
    AUTO(bytes_freep) struct bytes *b = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(proof_message("l", "ab", span_text("c"), span_text("d"), &a, &err), ERR_NONE);
    assert_int_equal(proof_message("l", "a", span_text("bc"), span_text("d"), &b, &err), ERR_NONE);
    assert_false(span_equal(span_bytes(a), span_bytes(b)));
}

static void a_confirmation_names_outcome_and_digest(void **state)
{
    (void)state;
    uint8_t digest[32];
    memset(digest, 0x5A, sizeof digest);
    AUTO(bytes_freep) struct bytes *body = proof_confirmation_body("written", digest);
    assert_int_equal(body->len, 8 + 32);
    assert_memory_equal(body->at, "written\n", 8);
    assert_memory_equal(body->at + 8, digest, 32);
}

static void digests_are_sha256(void **state)
{
    (void)state;
    uint8_t digest[32];
    AUTO(bytes_freep)
    struct bytes *abc =
        fixture_hex("BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD");
    AUTO(bytes_freep)
    struct bytes *empty =
        fixture_hex("E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855");
    proof_sha256(span_text("abc"), digest);
    assert_memory_equal(digest, abc->at, 32);
    proof_sha256(SPAN_NONE, digest);
    assert_memory_equal(digest, empty->at, 32);
}

static void the_digest_of_what_was_written_covers_both(void **state)
{
    (void)state;
    static const uint8_t expected_input[] = {0, 2, 'a', 'b', 0, 1, 'c'};
    uint8_t digest[32], expected[32];
    proof_written_digest(span_text("ab"), span_text("c"), digest);
    proof_sha256(SPAN_ARRAY(expected_input), expected);
    assert_memory_equal(digest, expected, 32);
    proof_written_digest(span_text("ab"), SPAN_NONE, digest);
    proof_sha256(span_of("\0\2ab\0\0", 6), expected);
    assert_memory_equal(digest, expected, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_layout_is_that_of_the_protocol),
        cmocka_unit_test(parts_are_limited),
        cmocka_unit_test(bytes_moved_between_parts_make_another_message),
        cmocka_unit_test(a_confirmation_names_outcome_and_digest),
        cmocka_unit_test(digests_are_sha256),
        cmocka_unit_test(the_digest_of_what_was_written_covers_both),
    };
    return cmocka_run_group_tests_name("certs/proof", tests, NULL, NULL);
}
