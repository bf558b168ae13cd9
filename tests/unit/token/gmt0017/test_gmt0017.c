#include "token/gmt0017/gmt0017.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/hex.h"
#include "tests/unit/token/scripted_key.h"

#define CERT "80 4E 01 00 00 00 04 10 00 30 01"
#define OPEN "80 42 00 00 00 00 04 10 00 43 31 00 02"

/* ---- long answers, seen through ExportCertificate ---- */

static struct scripted_key key_with_container(void)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_LONGMAI);
    scripted_key_expect(&key, OPEN, "30 01 9000");
    return key;
}

static enum err_code read_cert(struct scripted_key *key, struct bytes **out)
{
    return token_read_cert(key->token, "C1", TOKEN_SIGN, out, &key->err);
}

/* Closes a token that must get back in step first, without the key's help: the line is cut. */
static void abandon(struct scripted_key *key)
{
    token_closep(&key->token);
}

/* As captured from a GM3000: 529 bytes as 496 bytes and 6A9E, then 33 bytes and 9000. */
static void joins_the_parts_of_a_long_answer(void **state)
{
    struct scripted_key key = key_with_container();
    AUTO(memory_freep) char *first = scripted_key_bytes(0, 492);
    AUTO(memory_freep) char *second = scripted_key_bytes((uint8_t)492, 33);
    AUTO(memory_freep) char *part_1 = memory_printf("00 00 02 0D %s 6A9E", first);
    AUTO(memory_freep) char *part_2 = memory_printf("%s 9000", second);
    AUTO(bytes_freep) struct bytes *cert = NULL;
    scripted_key_expect(&key, CERT "00 00", part_1);
    scripted_key_expect(&key, CERT "00 00", part_2);
    assert_int_equal(read_cert(&key, &cert), ERR_NONE);
    assert_int_equal(cert->len, 525);
    for (size_t i = 0; i < cert->len; i++)
        assert_int_equal(cert->at[i], (uint8_t)i);
    scripted_key_close(&key, false);
}

static void asks_again_with_the_length_that_the_key_wants(void **state)
{
    struct scripted_key key = key_with_container();
    AUTO(bytes_freep) struct bytes *cert = NULL;
    scripted_key_expect(&key, CERT "00 00", "6C06");
    scripted_key_expect(&key, CERT "00 06", "00 00 00 02 AA BB 9000");
    assert_int_equal(read_cert(&key, &cert), ERR_NONE);
    assert_int_equal(cert->len, 2);
    scripted_key_close(&key, false);
}

/* Its status word holds only the lower half of the length. */
static void finds_a_wanted_length_above_255(void **state)
{
    struct scripted_key key = key_with_container();
    AUTO(bytes_freep) struct bytes *cert = NULL;
    AUTO(memory_freep) char *content = scripted_key_bytes(0, 514);
    AUTO(memory_freep) char *answer = memory_printf("00 00 02 02 %s 9000", content);
    scripted_key_expect(&key, CERT "00 00", "6C06");
    scripted_key_expect(&key, CERT "00 06", "6C06");
    scripted_key_expect(&key, CERT "01 06", "6C06");
    scripted_key_expect(&key, CERT "02 06", answer);
    assert_int_equal(read_cert(&key, &cert), ERR_NONE);
    assert_int_equal(cert->len, 514);
    scripted_key_close(&key, false);
}

static void refuses_an_empty_part(void **state)
{
    struct scripted_key key = key_with_container();
    struct bytes *cert = NULL;
    scripted_key_expect(&key, CERT "00 00", "00 00 00 02 AA 6A9E");
    scripted_key_expect(&key, CERT "00 00", "6A9E");
    assert_int_equal(read_cert(&key, &cert), ERR_TOKEN_ANSWER);
    assert_null(cert);
    abandon(&key);
}

static void refuses_parts_without_end(void **state)
{
    struct scripted_key key = key_with_container();
    struct bytes *cert = NULL;
    for (int i = 0; i < 256; i++)
        scripted_key_expect(&key, CERT "00 00", "AA 6A9E");
    assert_int_equal(read_cert(&key, &cert), ERR_TOKEN_ANSWER);
    abandon(&key);
}

static void check_cert_of(size_t length, enum err_code expected)
{
    struct scripted_key key = key_with_container();
    AUTO(bytes_freep) struct bytes *cert = NULL;
    AUTO(memory_freep) char *content = scripted_key_bytes(0, length);
    AUTO(memory_freep) char *answer = memory_printf("%08X %s 9000", (unsigned)length, content);
    scripted_key_expect(&key, CERT "00 00", answer);
    assert_int_equal(read_cert(&key, &cert), expected);
    if (expected == ERR_NONE)
        scripted_key_close(&key, false);
    else
        abandon(&key);
}

static void limits_the_whole(void **state)
{
    check_cert_of(TOKEN_CERT_BYTES_MAX - 1, ERR_NONE);
    check_cert_of(TOKEN_CERT_BYTES_MAX, ERR_NONE);
    check_cert_of(TOKEN_CERT_BYTES_MAX + 1, ERR_TOKEN_ANSWER);
}

/* ---- integers ---- */

static void follows_the_byte_order_of_the_key(void **state)
{
    static const uint8_t bytes[] = {1, 2, 3, 4};
    struct gmt0017 key = {.link = NULL};
    AUTO(buf_done) struct buf buf = BUF_INIT(64);
    assert_int_equal(gmt0017_u16(&key, bytes), 0x0102);
    assert_int_equal(gmt0017_u32(&key, bytes), 0x01020304);
    gmt0017_add_u16(&key, &buf, 0x0102);
    gmt0017_add_u32(&key, &buf, 0x01020304);
    key.profile.little_endian = true;
    assert_int_equal(gmt0017_u16(&key, bytes), 0x0201);
    assert_int_equal(gmt0017_u32(&key, bytes), 0x04030201);
    gmt0017_add_u16(&key, &buf, 0x0102);
    gmt0017_add_u32(&key, &buf, 0x01020304);
    AUTO(memory_freep) char *hex = hex_encode(buf_span(&buf));
    assert_string_equal(hex, "010201020304020104030201");
}

/* ---- lists of names ---- */

struct collected {
    char text[512];
    size_t limit;
    size_t count;
};

static enum err_code collect(void *context, const char *name, struct err *err)
{
    struct collected *collected = context;
    if (collected->limit > 0 && collected->count == collected->limit)
        return err_set(err, ERR_TOKEN_NO_SPACE, "enough");
    collected->count++;
    snprintf(collected->text + strlen(collected->text),
             sizeof collected->text - strlen(collected->text), "[%s]", name);
    return ERR_NONE;
}

static void check_list(const char *bytes, size_t length, const char *expected)
{
    struct collected collected = {.limit = 0};
    struct err err = ERR_INIT;
    enum err_code code = gmt0017_each_name(span_of(bytes, length), collect, &collected, &err);
    assert_int_equal(code, expected != NULL ? ERR_NONE : ERR_TOKEN_ANSWER);
    if (expected != NULL)
        assert_string_equal(collected.text, expected);
}

static void reads_lists_however_they_end(void **state)
{
    check_list("", 0, "");
    check_list("\0", 1, "");
    check_list("\0\0", 2, "");
    check_list("A", 1, "[A]");
    check_list("A\0", 2, "[A]");
    check_list("A\0\0", 3, "[A]");
    check_list("A\0BC", 4, "[A][BC]");
    check_list("A\0BC\0\0", 6, "[A][BC]");
    check_list("\xE5\xAE\xB9\0\0", 5, "[\xE5\xAE\xB9]");
}

static void refuses_lists_that_make_no_sense(void **state)
{
    check_list("\0\0\0", 3, NULL);
    check_list("\0A", 2, NULL);
    check_list("A\0\0\0", 4, NULL);
    check_list("A\0\0B", 4, NULL);
    check_list("A\n\0\0", 4, NULL);
    check_list("A\x7F\0\0", 4, NULL);
}

static void limits_the_length_of_a_name(void **state)
{
    char names[TOKEN_NAME_BYTES_MAX + 3] = {0};
    char expected[TOKEN_NAME_BYTES_MAX + 3];
    memset(names, 'n', TOKEN_NAME_BYTES_MAX);
    snprintf(expected, sizeof expected, "[%.*s]", TOKEN_NAME_BYTES_MAX, names);
    check_list(names, TOKEN_NAME_BYTES_MAX + 2, expected);
    check_list(names, TOKEN_NAME_BYTES_MAX, expected);
    names[TOKEN_NAME_BYTES_MAX] = 'n';
    check_list(names, TOKEN_NAME_BYTES_MAX + 3, NULL);
    check_list(names, TOKEN_NAME_BYTES_MAX + 1, NULL);
}

static void stops_when_the_collector_does(void **state)
{
    struct collected collected = {.limit = 1};
    struct err err = ERR_INIT;
    assert_int_equal(gmt0017_each_name(span_of("A\0B\0\0", 5), collect, &collected, &err),
                     ERR_TOKEN_NO_SPACE);
    assert_string_equal(collected.text, "[A]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(joins_the_parts_of_a_long_answer),
        cmocka_unit_test(asks_again_with_the_length_that_the_key_wants),
        cmocka_unit_test(finds_a_wanted_length_above_255),
        cmocka_unit_test(refuses_an_empty_part),
        cmocka_unit_test(refuses_parts_without_end),
        cmocka_unit_test(limits_the_whole),
        cmocka_unit_test(follows_the_byte_order_of_the_key),
        cmocka_unit_test(reads_lists_however_they_end),
        cmocka_unit_test(refuses_lists_that_make_no_sense),
        cmocka_unit_test(limits_the_length_of_a_name),
        cmocka_unit_test(stops_when_the_collector_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
