#include "token/gmt0017/gmt0017_profile_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "token/token_driver.h"

#define GOOD \
    "; a key of another maker\n" \
    "[profile]\n" \
    "name = other\n" \
    "model = Other Key 1\n" \
    "manufacturer = Other\n" \
    "byte_order = little\n" \
    "pin_key = sm3-bare\n" \
    "verify_block = length\n" \
    "new_pin_block = zeros\n" \
    "mac_input = m3\n" \
    "mac_extra_block = yes\n" \
    "pin_bytes_min = 4\n" \
    "pin_bytes_max = 16\n" \
    "file_name_bytes = 40\n" \
    "read_bytes = 256\n" \
    "write_bytes = 512\n" \
    "continuation = none\n" \
    "unblock_needs_admin_login = yes\n" \
    "envelope = draft\n"

static char folder[] = "/tmp/token-profiles-XXXXXX";

static int set_up(void **state)
{
    return mkdtemp(folder) == NULL;
}

static int tear_down(void **state)
{
    return rmdir(folder);
}

static void put(const char *name, const char *content, size_t length)
{
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *path = file_join(folder, name);
    assert_int_equal(file_write_atomic(path, span_of(content, length), 0600, &err), ERR_NONE);
}

static void drop(const char *name)
{
    AUTO(memory_freep) char *path = file_join(folder, name);
    assert_int_equal(unlink(path), 0);
}

static enum err_code read_one(const char *content, struct gmt0017_profile *out, struct err *err)
{
    put("a.ini", content, strlen(content));
    AUTO(memory_freep) char *path = file_join(folder, "a.ini");
    enum err_code code = gmt0017_profile_file_read(path, out, err);
    drop("a.ini");
    return code;
}

static void reads_every_key(void **state)
{
    struct err err = ERR_INIT;
    struct gmt0017_profile profile;
    assert_int_equal(read_one(GOOD "label = L ; told apart by it\natr = 3b..01\n", &profile, &err),
                     ERR_NONE);
    assert_string_equal(profile.name, "other");
    assert_string_equal(profile.model, "Other Key 1");
    assert_string_equal(profile.manufacturer, "Other");
    assert_string_equal(profile.label, "L");
    assert_string_equal(profile.atr, "3b..01");
    assert_true(profile.little_endian);
    assert_int_equal(profile.pin_key, GMT0017_PIN_KEY_SM3_BARE);
    assert_int_equal(profile.verify_block, GMT0017_BLOCK_LENGTH);
    assert_int_equal(profile.new_pin_block, GMT0017_BLOCK_ZEROS);
    assert_int_equal(profile.mac_input, GMT0017_MAC_AS_SENT);
    assert_true(profile.mac_extra_block);
    assert_int_equal(profile.pin_bytes_min, 4);
    assert_int_equal(profile.pin_bytes_max, 16);
    assert_int_equal(profile.file_name_bytes, 40);
    assert_int_equal(profile.read_bytes, 256);
    assert_int_equal(profile.write_bytes, 512);
    assert_int_equal(profile.continuation, 0);
    assert_true(profile.unblock_needs_admin_login);
    assert_true(profile.draft_envelope);
}

/* Replaces from by to in the good file. */
static char *changed(const char *from, const char *to)
{
    const char *at = strstr(GOOD, from);
    assert_non_null(at);
    return memory_printf("%.*s%s%s", (int)(at - GOOD), GOOD, to, at + strlen(from));
}

static void check_refused(const char *from, const char *to, const char *place)
{
    struct err err = ERR_INIT;
    struct gmt0017_profile profile;
    AUTO(memory_freep) char *content = changed(from, to);
    assert_int_equal(read_one(content, &profile, &err), ERR_CONFIG);
    if (strstr(err.detail, place) == NULL)
        fail_msg("%s does not say %s", err.detail, place);
}

static void names_the_line_of_a_mistake(void **state)
{
    check_refused("byte_order = little", "byte_order = middle", "a.ini:6: byte_order");
    check_refused("pin_key = sm3-bare", "pin_key = md5", "a.ini:7: pin_key");
    check_refused("pin_key = sm3-bare", "pin_key = ", "a.ini:7: pin_key");
    check_refused("verify_block = length", "verify_block = Length", "a.ini:8");
    check_refused("mac_input = m3", "mac_input = m5", "a.ini:10");
    check_refused("mac_extra_block = yes", "mac_extra_block = 1", "a.ini:11");
    check_refused("read_bytes = 256", "read_bytes = 63", "a.ini:15");
    check_refused("read_bytes = 256", "read_bytes = 32769", "a.ini:15");
    check_refused("read_bytes = 256", "read_bytes = -256", "a.ini:15");
    check_refused("read_bytes = 256", "read_bytes = 256x", "a.ini:15");
    check_refused("read_bytes = 256", "read_bytes = 99999999999999999999999", "a.ini:15");
    check_refused("write_bytes = 512", "write_bytes = 63", "a.ini:16");
    check_refused("write_bytes = 512", "write_bytes = 32769", "a.ini:16");
    check_refused("pin_bytes_min = 4", "pin_bytes_min = 0", "a.ini:12");
    check_refused("pin_bytes_max = 16", "pin_bytes_max = 17", "a.ini:13");
    check_refused("file_name_bytes = 40", "file_name_bytes = 31", "a.ini:14");
    check_refused("file_name_bytes = 40", "file_name_bytes = 65", "a.ini:14");
    check_refused("continuation = none", "continuation = 6a9e", "a.ini:17");
    check_refused("envelope = draft", "envelope = draft\nnovelty = 1", "a.ini:20: novelty");
    check_refused("envelope = draft", "envelope = draft\nname = twice",
                  "a.ini:20: name: given twice");
    check_refused("envelope = draft", "envelope = draft\natr = 3B0", "a.ini:20: atr");
    check_refused("envelope = draft", "envelope = draft\natr = 3.", "a.ini:20: atr");
    check_refused("envelope = draft", "envelope = draft\natr = 3G", "a.ini:20: atr");
    check_refused("[profile]", "[device]", "a.ini:3: device");
    check_refused("[profile]\n", "", "a.ini:2: ");
    check_refused("[profile]", "[profile", "a.ini:2");
    check_refused("model = Other Key 1", "model", "a.ini:4");
    check_refused("name = other", "name =", "a.ini:3: name");
}

static void names_what_is_missing(void **state)
{
    check_refused("mac_input = m3\n", "", "mac_input is missing");
    check_refused("manufacturer = Other\n", "", "manufacturer is missing");
    check_refused("pin_bytes_max = 16", "pin_bytes_max = 3", "pin_bytes_min is above");
    struct err err = ERR_INIT;
    struct gmt0017_profile profile;
    assert_int_equal(read_one("", &profile, &err), ERR_CONFIG);
}

static void check_text(size_t length, enum err_code expected)
{
    struct err err = ERR_INIT;
    struct gmt0017_profile profile;
    AUTO(memory_freep) char *model = memory_printf("model = %0*d", (int)length, 0);
    AUTO(memory_freep) char *content = changed("model = Other Key 1", model);
    assert_int_equal(read_one(content, &profile, &err), expected);
}

static void limits_texts(void **state)
{
    check_text(TOKEN_TEXT_BYTES_MAX - 1, ERR_NONE);
    check_text(TOKEN_TEXT_BYTES_MAX, ERR_NONE);
    check_text(TOKEN_TEXT_BYTES_MAX + 1, ERR_CONFIG);
}

static void refuses_files_that_are_no_text_or_too_long(void **state)
{
    struct err err = ERR_INIT;
    struct gmt0017_profile profile;
    AUTO(memory_freep) char *path = file_join(folder, "a.ini");
    put("a.ini", GOOD "\0; hidden", sizeof GOOD + 8);
    assert_int_equal(gmt0017_profile_file_read(path, &profile, &err), ERR_CONFIG);
    AUTO(memory_freep)
    char *long_file = memory_printf(GOOD ";%0*d", GMT0017_PROFILE_FILE_BYTES_MAX, 0);
    put("a.ini", long_file, strlen(long_file));
    assert_int_equal(gmt0017_profile_file_read(path, &profile, &err), ERR_CONFIG);
    drop("a.ini");
    assert_int_equal(gmt0017_profile_file_read(path, &profile, &err), ERR_CONFIG);
}

static void reads_a_folder(void **state)
{
    struct err err = ERR_INIT;
    AUTO(memory_freep) struct gmt0017_profiles *profiles = NULL;
    AUTO(memory_freep) char *second = changed("name = other", "name = second");
    put("b.ini", second, strlen(second));
    put("a.ini", GOOD, strlen(GOOD));
    put("note.txt", "not read", 8);
    put(".hidden.ini", "not read", 8);
    assert_int_equal(gmt0017_profile_file_read_all(folder, &profiles, &err), ERR_NONE);
    assert_int_equal(profiles->count, 2);
    assert_string_equal(profiles->profile[0].name, "other");
    assert_string_equal(profiles->profile[1].name, "second");
    drop("note.txt");
    drop(".hidden.ini");
    drop("b.ini");
    drop("a.ini");
}

static void refuses_two_of_one_name(void **state)
{
    struct err err = ERR_INIT;
    struct gmt0017_profiles *profiles = NULL;
    AUTO(memory_freep) char *built_in = changed("name = other", "name = longmai");
    put("a.ini", GOOD, strlen(GOOD));
    put("b.ini", GOOD, strlen(GOOD));
    assert_int_equal(gmt0017_profile_file_read_all(folder, &profiles, &err), ERR_CONFIG);
    assert_non_null(strstr(err.detail, "b.ini"));
    put("b.ini", built_in, strlen(built_in));
    assert_int_equal(gmt0017_profile_file_read_all(folder, &profiles, &err), ERR_CONFIG);
    assert_null(profiles);
    struct token_settings settings = {.profile_folder = folder};
    assert_int_equal(token_settings_check(&settings, &err), ERR_CONFIG);
    drop("b.ini");
    assert_int_equal(token_settings_check(&settings, &err), ERR_NONE);
    drop("a.ini");
}

static void needs_no_folder(void **state)
{
    struct err err = ERR_INIT;
    AUTO(memory_freep) struct gmt0017_profiles *none = NULL;
    AUTO(memory_freep) struct gmt0017_profiles *absent = NULL;
    assert_int_equal(gmt0017_profile_file_read_all(NULL, &none, &err), ERR_NONE);
    assert_int_equal(none->count, 0);
    assert_int_equal(gmt0017_profile_file_read_all("/nonexistent/folder", &absent, &err), ERR_NONE);
    assert_int_equal(absent->count, 0);
    struct gmt0017_profiles *wrong = NULL;
    assert_int_equal(gmt0017_profile_file_read_all("/dev/null", &wrong, &err), ERR_CONFIG);
}

static void check_number_of_files(int count, enum err_code expected)
{
    struct err err = ERR_INIT;
    AUTO(memory_freep) struct gmt0017_profiles *profiles = NULL;
    char name[32];
    for (int i = 0; i < count; i++) {
        AUTO(memory_freep) char *line = memory_printf("name = other %d", i);
        AUTO(memory_freep) char *content = changed("name = other", line);
        snprintf(name, sizeof name, "%d.ini", i);
        put(name, content, strlen(content));
    }
    assert_int_equal(gmt0017_profile_file_read_all(folder, &profiles, &err), expected);
    for (int i = 0; i < count; i++) {
        snprintf(name, sizeof name, "%d.ini", i);
        drop(name);
    }
}

static void limits_the_number_of_files(void **state)
{
    check_number_of_files(GMT0017_PROFILE_FILES_MAX, ERR_NONE);
    check_number_of_files(GMT0017_PROFILE_FILES_MAX + 1, ERR_CONFIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_key),
        cmocka_unit_test(names_the_line_of_a_mistake),
        cmocka_unit_test(names_what_is_missing),
        cmocka_unit_test(limits_texts),
        cmocka_unit_test(refuses_files_that_are_no_text_or_too_long),
        cmocka_unit_test(reads_a_folder),
        cmocka_unit_test(refuses_two_of_one_name),
        cmocka_unit_test(needs_no_folder),
        cmocka_unit_test(limits_the_number_of_files),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
