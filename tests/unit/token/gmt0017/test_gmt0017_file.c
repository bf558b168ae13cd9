#include "token/gmt0017/gmt0017_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/hex.h"
#include "tests/unit/token/scripted_key.h"

#define ENUM_FILES "80 34 10 00 00 00 00"
#define INFO_F1 "80 36 10 00 00 00 02 46 31 00 0C"
#define CREATE_F1_3 \
    "80 30 10 00 00 00 2C 4631 000000000000000000000000000000000000000000000000000000000000" \
    "00000003 000000FF 00000010"
#define DELETE_F1 "80 32 10 00 00 00 02 46 31"

static const uint8_t three[] = {1, 2, 3};

static void lists_files_with_their_sizes(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    AUTO(token_files_freep) struct token_files *files = NULL;
    scripted_key_expect(&key, ENUM_FILES, "46 31 00 46 32 00 00 9000");
    scripted_key_expect(&key, INFO_F1, "00000003 000000FF 00000010 9000");
    scripted_key_expect(&key, "80 36 10 00 00 00 02 46 32 00 0C",
                        "0000FFFF 000000FF 00000010 9000");
    assert_int_equal(token_list_files(key.token, &files, &key.err), ERR_NONE);
    assert_int_equal(files->count, 2);
    assert_string_equal(files->files[0].name, "F1");
    assert_int_equal(files->files[0].size_bytes, 3);
    assert_int_equal(files->files[1].size_bytes, 65535);
    scripted_key_close(&key, false);
}

static void lists_no_files(void **state)
{
    static const char *const empty[] = {"9000", "00 9000", "00 00 9000"};
    for (size_t i = 0; i < ARRAY_SIZE(empty); i++) {
        struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
        AUTO(token_files_freep) struct token_files *files = NULL;
        scripted_key_expect(&key, ENUM_FILES, empty[i]);
        assert_int_equal(token_list_files(key.token, &files, &key.err), ERR_NONE);
        assert_int_equal(files->count, 0);
        scripted_key_close(&key, false);
    }
}

static void check_info(const char *answer, enum err_code expected)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    struct bytes *content = NULL;
    scripted_key_expect(&key, INFO_F1, answer);
    assert_int_equal(token_read_file(key.token, "F1", &content, &key.err), expected);
    assert_null(content);
    if (expected == ERR_TOKEN_ANSWER)
        token_closep(&key.token);
    else
        scripted_key_close(&key, false);
}

static void checks_what_a_file_is_said_to_be(void **state)
{
    check_info("00010000 000000FF 00000010 9000", ERR_TOKEN_ANSWER);
    check_info("03000000 000000FF 00000010 9000", ERR_TOKEN_ANSWER);
    check_info("00000003 000000FF 000010 9000", ERR_TOKEN_ANSWER);
    check_info("00000003 000000FF 00000010 00 9000", ERR_TOKEN_ANSWER);
    check_info("6A93", ERR_TOKEN_NO_FILE);
    check_info("6A82", ERR_TOKEN_NO_FILE);
    check_info("6A88", ERR_TOKEN_NO_FILE);
}

static void reads_a_file(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    AUTO(bytes_freep) struct bytes *content = NULL;
    scripted_key_expect(&key, INFO_F1, "00000003 000000FF 00000010 9000");
    scripted_key_expect(&key, "80 38 00 00 00 00 08 10 00 00 00 00 02 46 31 00 03", "010203 9000");
    assert_int_equal(token_read_file(key.token, "F1", &content, &key.err), ERR_NONE);
    assert_true(span_equal(span_bytes(content), SPAN_ARRAY(three)));
    scripted_key_close(&key, false);
}

static void reads_the_little_endian_way(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_SYNO);
    AUTO(bytes_freep) struct bytes *content = NULL;
    /* The number 0010 (sent 10 00 in data) stands in P1 and P2 with its upper byte first. */
    scripted_key_expect(&key, "80 36 00 10 00 00 02 46 31 00 0C",
                        "03000000 FF000000 10000000 9000");
    scripted_key_expect(&key, "80 38 00 00 00 00 08 10 00 00 00 02 00 46 31 00 03", "010203 9000");
    assert_int_equal(token_read_file(key.token, "F1", &content, &key.err), ERR_NONE);
    scripted_key_close(&key, false);
}

static void reads_an_empty_file(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    AUTO(bytes_freep) struct bytes *content = NULL;
    scripted_key_expect(&key, INFO_F1, "00000000 000000FF 00000010 9000");
    assert_int_equal(token_read_file(key.token, "F1", &content, &key.err), ERR_NONE);
    assert_int_equal(content->len, 0);
    scripted_key_close(&key, false);
}

static void refuses_a_short_read(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    struct bytes *content = NULL;
    scripted_key_expect(&key, INFO_F1, "00000003 000000FF 00000010 9000");
    scripted_key_expect(&key, "80 38 00 00 00 00 08 10 00 00 00 00 02 46 31 00 03", "0102 9000");
    assert_int_equal(token_read_file(key.token, "F1", &content, &key.err), ERR_TOKEN_ANSWER);
    token_closep(&key.token);
}

/* Chunks of 496 bytes: n-1, n, n+1. */
static void check_chunks(size_t length)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_LONGMAI);
    AUTO(bytes_freep) struct bytes *content = NULL;
    AUTO(memory_freep) char *info = memory_printf("%08X 000000FF 00000010 9000", (unsigned)length);
    scripted_key_expect(&key, INFO_F1, info);
    for (size_t at = 0; at < length; at += 496) {
        size_t part = length - at < 496 ? length - at : 496;
        AUTO(memory_freep) char *bytes = scripted_key_bytes((uint8_t)at, part);
        AUTO(memory_freep)
        char *command = memory_printf("80 38 00 00 00 00 08 10 00 %04X 00 02 46 31 %04X",
                                      (unsigned)at, (unsigned)part);
        AUTO(memory_freep) char *answer = memory_printf("%s 9000", bytes);
        scripted_key_expect(&key, command, answer);
    }
    assert_int_equal(token_read_file(key.token, "F1", &content, &key.err), ERR_NONE);
    assert_int_equal(content->len, length);
    for (size_t i = 0; i < length; i++)
        assert_int_equal(content->at[i], (uint8_t)i);
    scripted_key_close(&key, false);
}

static void reads_in_chunks(void **state)
{
    check_chunks(495);
    check_chunks(496);
    check_chunks(497);
    check_chunks(65535);
}

static void writes_a_new_file(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    scripted_key_login(&key);
    scripted_key_expect(&key, CREATE_F1_3, "9000");
    scripted_key_expect(&key, "80 3A 00 00 00 00 0D 10 00 00 00 00 02 46 31 00 03 010203", "9000");
    assert_int_equal(token_write_file(key.token, "F1", SPAN_ARRAY(three), &key.err), ERR_NONE);
    scripted_key_close(&key, true);
}

static void writes_the_little_endian_way(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_SYNO);
    scripted_key_login(&key);
    scripted_key_expect(&key,
                        "80 30 00 10 00 00 3C 4631"
                        "00000000000000000000000000000000000000000000000000000000000000000000000000"
                        "000000000000000000"
                        "03000000 FF000000 10000000",
                        "9000");
    scripted_key_expect(&key, "80 3A 00 00 00 00 0D 10 00 00 00 02 00 46 31 03 00 010203", "9000");
    assert_int_equal(token_write_file(key.token, "F1", SPAN_ARRAY(three), &key.err), ERR_NONE);
    scripted_key_close(&key, true);
}

/* Longer commands than answers: 1976 bytes at a time. */
static void writes_in_chunks(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_LONGMAI);
    AUTO(bytes_freep) struct bytes *content = bytes_new_size(1977);
    AUTO(memory_freep) char *zeros = memory_printf("%03952d", 0);
    AUTO(memory_freep)
    char *first = memory_printf("80 3A 00 00 00 07 C2 10 00 0000 0002 4631 07B8 %s", zeros);
    scripted_key_login(&key);
    scripted_key_expect(
        &key,
        "80 30 10 00 00 00 2C 4631 000000000000000000000000000000000000000000000000000000000000"
        "000007B9 000000FF 00000010",
        "9000");
    scripted_key_expect(&key, first, "9000");
    scripted_key_expect(&key, "80 3A 00 00 00 00 0B 10 00 07B8 0002 4631 0001 00", "9000");
    assert_int_equal(token_write_file(key.token, "F1", span_bytes(content), &key.err), ERR_NONE);
    scripted_key_close(&key, true);
}

/* What we have just written ourselves: GetFileInfo is spared. */
static void reads_a_file_of_known_size(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    AUTO(bytes_freep) struct bytes *content = NULL;
    scripted_key_expect(&key, "80 38 00 00 00 00 08 10 00 00 00 00 02 46 31 00 03", "010203 9000");
    assert_int_equal(token_read_file_of(key.token, "F1", 3, &content, &key.err), ERR_NONE);
    assert_true(span_equal(span_bytes(content), SPAN_ARRAY(three)));
    bytes_freep(&content);
    assert_int_equal(token_read_file_of(key.token, "F1", 65536, &content, &key.err),
                     ERR_TOKEN_NO_SPACE);
    scripted_key_expect(&key, "80 38 00 00 00 00 08 10 00 00 00 00 02 46 31 00 03", "0102 9000");
    assert_int_equal(token_read_file_of(key.token, "F1", 3, &content, &key.err), ERR_TOKEN_ANSWER);
    token_closep(&key.token);
}

static void never_touches_a_file_that_exists(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    scripted_key_login(&key);
    scripted_key_expect(&key, CREATE_F1_3, "6A92");
    assert_int_equal(token_write_file(key.token, "F1", SPAN_ARRAY(three), &key.err),
                     ERR_TOKEN_EXISTS);
    scripted_key_expect(&key, CREATE_F1_3, "6A84");
    assert_int_equal(token_write_file(key.token, "F1", SPAN_ARRAY(three), &key.err),
                     ERR_TOKEN_NO_SPACE);
    scripted_key_close(&key, true);
}

static void removes_a_file_that_it_could_not_write_whole(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    scripted_key_login(&key);
    scripted_key_expect(&key, CREATE_F1_3, "9000");
    scripted_key_expect(&key, "80 3A 00 00 00 00 0D 10 00 00 00 00 02 46 31 00 03 010203", "6A97");
    scripted_key_expect(&key, DELETE_F1, "9000");
    assert_int_equal(token_write_file(key.token, "F1", SPAN_ARRAY(three), &key.err),
                     ERR_TOKEN_MEMORY);
    scripted_key_close(&key, true);
}

static void deletes_a_file(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    scripted_key_login(&key);
    scripted_key_expect(&key, DELETE_F1, "9000");
    assert_int_equal(token_delete_file(key.token, "F1", &key.err), ERR_NONE);
    scripted_key_expect(&key, DELETE_F1, "6A93");
    assert_int_equal(token_delete_file(key.token, "F1", &key.err), ERR_TOKEN_NO_FILE);
    scripted_key_close(&key, true);
}

static void limits_the_name_to_the_keys_width(void **state)
{
    struct scripted_key key = scripted_key_new(SCRIPTED_KEY_PLAIN);
    scripted_key_login(&key);
    assert_int_equal(token_write_file(key.token, "123456789012345678901234567890123",
                                      SPAN_ARRAY(three), &key.err),
                     ERR_FIELD_VALUE);
    const char *full = "12345678901234567890123456789012";
    AUTO(memory_freep) char *hex = hex_encode(span_text(full));
    AUTO(memory_freep)
    char *create = memory_printf("80 30 10 00 00 00 2C %s 00000003 000000FF 00000010", hex);
    AUTO(memory_freep)
    char *write = memory_printf("80 3A 00 00 00 00 2B 1000 0000 0020 %s 0003 010203", hex);
    scripted_key_expect(&key, create, "9000");
    scripted_key_expect(&key, write, "9000");
    assert_int_equal(token_write_file(key.token, full, SPAN_ARRAY(three), &key.err), ERR_NONE);
    scripted_key_close(&key, true);
}

/* A key that says how many bytes of data it takes in a command. */
static struct token *open_limited(struct scripted_channel *script, const char *manufacturer,
                                  const char *limit)
{
    AUTO(memory_freep) char *info = scripted_key_dev_info(manufacturer, "L", "S", false);
    struct token *token = NULL;
    struct err err = ERR_INIT;
    memcpy(info + 2 * 224, limit, 4);
    scripted_channel_expect(script, SCRIPTED_KEY_OPEN_DEV_INFO, info);
    scripted_channel_expect(script, "80 22 00 00 00 00 00", "41 50 50 00 00 9000");
    scripted_channel_expect(script, "80 26 00 00 00 00 03 41 50 50 00 0A",
                            "00 00 00 10 04 08 00 20 10 00 9000");
    assert_int_equal(
        token_open(scripted_channel_channel(script), "reader", NULL, DEADLINE_NEVER, &token, &err),
        ERR_NONE);
    return token;
}

static void close_limited(struct scripted_channel *script, struct token *token)
{
    scripted_channel_expect(script, SCRIPTED_KEY_CLOSE_APPLICATION, "9000");
    token_close(token);
}

static void asks_for_no_more_than_the_key_handles(void **state)
{
    struct scripted_channel *script = scripted_channel_new();
    struct token *token = open_limited(script, SCRIPTED_KEY_PLAIN, "0100");
    struct err err = ERR_INIT;
    AUTO(bytes_freep) struct bytes *content = NULL;
    AUTO(memory_freep) char *answer = memory_printf("%0512d 9000", 0);
    scripted_channel_expect(script, INFO_F1, "00000101 000000FF 00000010 9000");
    scripted_channel_expect(script, "80 38 00 00 00 00 08 1000 0000 0002 4631 0100", answer);
    scripted_channel_expect(script, "80 38 00 00 00 00 08 1000 0100 0002 4631 0001", "00 9000");
    assert_int_equal(token_read_file(token, "F1", &content, &err), ERR_NONE);
    close_limited(script, token);
}

/* limit: as the key says; chunk: what one WriteFile then carries. */
static void check_writes(const char *limit, unsigned chunk)
{
    struct scripted_channel *script = scripted_channel_new();
    struct token *token = open_limited(script, SCRIPTED_KEY_LONGMAI, limit);
    struct scripted_key key = {.token = token, .script = script, .err = ERR_INIT};
    AUTO(bytes_freep) struct bytes *content = bytes_new_size(chunk + 1);
    AUTO(memory_freep) char *zeros = memory_printf("%0*u", (int)(2 * chunk), 0U);
    AUTO(memory_freep)
    char *create =
        memory_printf("80 30 10 00 00 00 2C 4631 "
                      "000000000000000000000000000000000000000000000000000000000000 %08X "
                      "000000FF 00000010",
                      chunk + 1);
    AUTO(memory_freep)
    char *first =
        memory_printf("80 3A 00 00 00 %04X 10 00 0000 0002 4631 %04X %s", chunk + 10, chunk, zeros);
    AUTO(memory_freep)
    char *last = memory_printf("80 3A 00 00 00 00 0B 10 00 %04X 0002 4631 0001 00", chunk);
    scripted_key_login(&key);
    scripted_channel_expect(script, create, "9000");
    scripted_channel_expect(script, first, "9000");
    scripted_channel_expect(script, last, "9000");
    assert_int_equal(token_write_file(token, "F1", span_bytes(content), &key.err), ERR_NONE);
    scripted_key_close(&key, true);
}

static void writes_no_more_than_the_key_takes(void **state)
{
    check_writes("0800", 1976); /* 2048: 72 stand before the data at most */
    check_writes("0400", 1024 - 72);
    check_writes("0088", 64);
    check_writes("0000", 496); /* it does not say */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_files_with_their_sizes),
        cmocka_unit_test(lists_no_files),
        cmocka_unit_test(checks_what_a_file_is_said_to_be),
        cmocka_unit_test(reads_a_file),
        cmocka_unit_test(reads_the_little_endian_way),
        cmocka_unit_test(reads_an_empty_file),
        cmocka_unit_test(refuses_a_short_read),
        cmocka_unit_test(reads_in_chunks),
        cmocka_unit_test(writes_a_new_file),
        cmocka_unit_test(writes_the_little_endian_way),
        cmocka_unit_test(writes_in_chunks),
        cmocka_unit_test(reads_a_file_of_known_size),
        cmocka_unit_test(never_touches_a_file_that_exists),
        cmocka_unit_test(removes_a_file_that_it_could_not_write_whole),
        cmocka_unit_test(deletes_a_file),
        cmocka_unit_test(limits_the_name_to_the_keys_width),
        cmocka_unit_test(asks_for_no_more_than_the_key_handles),
        cmocka_unit_test(writes_no_more_than_the_key_takes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
