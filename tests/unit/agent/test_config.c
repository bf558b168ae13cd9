#include "agent/config.h"

#include <unistd.h>

#include "base/buf.h"
#include "tests/unit/agent/config/fixture.h"

static enum err_code read_text(const char *folder, const char *text, struct config **out,
                               struct err *err)
{
    files_put(folder, "ukeyd.conf", span_text(text));
    AUTO(memory_freep) char *path = files_path(folder, "ukeyd.conf");
    return config_read(path, out, err);
}

static void a_named_file_must_exist(void **state)
{
    struct err err = ERR_INIT;
    struct config *config = NULL;
    assert_int_equal(config_read("/nonexistent/ukeyd.conf", &config, &err), ERR_FILE_MISSING);
    assert_int_equal(config_read(*state, &config, &err), ERR_FILE);
    AUTO(memory_freep) char *large = memory_printf(";%0*d\n", CONFIG_FILE_BYTES_MAX, 7);
    assert_int_equal(read_text(*state, large, &config, &err), ERR_FILE);
}

static void default_places_may_be_missing(void **state)
{
    struct err err = ERR_INIT;
    AUTO(config_freep) struct config *config = NULL;
    assert_int_equal(config_read_folder("/nonexistent/a", "/nonexistent/b", &config, &err),
                     ERR_NONE);
    assert_int_equal(config->port, 27510);
}

static void folder_files_come_in_order(void **state)
{
    struct err err = ERR_INIT;
    AUTO(config_freep) struct config *config = NULL;
    files_put(*state, "b.conf", span_text(PLATFORM_NAMED("b", "乙", "https://b.example")));
    files_put(*state, "a.conf", span_text(PLATFORM("a", "https://a.example")));
    files_put(*state, "b.conf.bak", span_text("nonsense"));
    files_put(*state, ".c.conf", span_text("nonsense"));
    assert_int_equal(config_read_folder("/nonexistent", *state, &config, &err), ERR_NONE);
    assert_int_equal(config->platform_count, 2);
    assert_string_equal(config->platforms[0].id, "a");
    assert_string_equal(config->platforms[1].id, "b");
}

/* Reads the folder beside what a.conf has; b.conf must be left out for a reason with words. */
static void assert_left_out(void **state, const char *words)
{
    struct err err = ERR_INIT;
    AUTO(config_freep) struct config *config = NULL;
    files_put(*state, "a.conf", span_text(PLATFORM_NAMED("a", "甲", "https://a.example")));
    files_put(*state, "c.conf", span_text(PLATFORM_NAMED("c", "丙", "https://c.example")));
    assert_int_equal(config_read_folder("/nonexistent", *state, &config, &err), ERR_NONE);
    assert_int_equal(config->port, 27510);
    assert_int_equal(config->platform_count, 2);
    assert_string_equal(config->platforms[0].id, "a");
    assert_null(config->platforms[0].proxy);
    assert_string_equal(config->platforms[1].id, "c");
    assert_string_equal(config->platforms[1].api, "https://c.example/agent/v1");
    assert_int_equal(config->left_out_count, 1);
    assert_non_null(strstr(config->left_out[0].detail, "b.conf"));
    if (strstr(config->left_out[0].detail, words) == NULL)
        fail_msg("%s: not in: %s", words, config->left_out[0].detail);
}

static void a_wrong_file_of_the_folder_is_left_out_alone(void **state)
{
    static const struct {
        const char *text;
        const char *words;
    } files[] = {
        {PLATFORM_NAMED("b", "乙", "https://a.example"), "origin: the same as [platform a]"},
        {PLATFORM_NAMED("b", "甲", "https://b.example"), "name: the same as [platform a]"},
        {PLATFORM_NAMED("a", "乙", "https://b.example"), "a second section of the platform a"},
        {"[platform a]\nproxy = http://p\n", "line 2"},
        {"[agent]\nport = 2000\n", "line 2"},
        {"nonsense", "line 1"},
        {"[platform b]\nname = 乙\norigin = https://b.example/\n", "line 3"},
        {"\xd1\xf4", "UTF-8"},
        {";\xe0\x80\xaf\n", "UTF-8"},
        {";\xed\xa0\x80\n", "UTF-8"},
        /* Nothing of it stays, neither what is right nor another file's way. */
        {PLATFORM_NAMED("b", "乙", "https://b.example") "[platform c]\nname = x\n", "missing"},
        {PLATFORM_NAMED("c", "丙", "https://c.example") "colour = red\n", "line 5"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        files_put(*state, "b.conf", span_text(files[i].text));
        assert_left_out(state, files[i].words);
    }
}

static void a_file_of_the_folder_that_cannot_be_read_is_left_out(void **state)
{
    AUTO(memory_freep) char *path = files_path(*state, "b.conf");
    assert_int_equal(symlink("/nonexistent/b.conf", path), 0);
    assert_left_out(state, "b.conf");
    assert_int_equal(unlink(path), 0);
    AUTO(memory_freep) char *large = memory_printf(";%0*d\n", CONFIG_FILE_BYTES_MAX, 7);
    files_put(*state, "b.conf", span_text(large));
    assert_left_out(state, "b.conf");
}

static void one_file_may_give_two_origins_one_name(void **state)
{
    struct err err = ERR_INIT;
    AUTO(config_freep) struct config *config = NULL;
    files_put(*state, "a.conf",
              span_text(PLATFORM("a", "https://a.example") PLATFORM("b", "https://b.example")));
    assert_int_equal(config_read_folder("/nonexistent", *state, &config, &err), ERR_NONE);
    assert_int_equal(config->platform_count, 2);
    assert_int_equal(config->left_out_count, 0);
}

static void a_file_of_the_folder_with_one_platform_too_many_is_left_out(void **state)
{
    struct err err = ERR_INIT;
    AUTO(config_freep) struct config *config = NULL;
    AUTO(buf_done) struct buf text = BUF_INIT(CONFIG_FILE_BYTES_MAX);
    for (int i = 1; i < CONFIG_PLATFORMS_MAX; i++)
        buf_printf(&text, PLATFORM("p%d", "https://p%d.example"), i, i);
    files_put(*state, "a.conf", buf_span(&text));
    files_put(*state, "b.conf",
              span_text(PLATFORM_NAMED("b", "乙", "https://b.example")
                            PLATFORM_NAMED("c", "丙", "https://c.example")));
    assert_int_equal(config_read_folder("/nonexistent", *state, &config, &err), ERR_NONE);
    assert_int_equal(config->platform_count, CONFIG_PLATFORMS_MAX - 1);
    assert_int_equal(config->left_out_count, 1);
}

static void a_folder_that_cannot_be_read_is_left_out(void **state)
{
    struct err err = ERR_INIT;
    AUTO(config_freep) struct config *config = NULL;
    files_put(*state, "a.conf", span_text(""));
    AUTO(memory_freep) char *path = files_path(*state, "a.conf");
    assert_int_equal(config_read_folder("/nonexistent", path, &config, &err), ERR_NONE);
    assert_int_equal(config->left_out_count, 1);
    assert_non_null(strstr(config->left_out[0].detail, path));
}

static void a_wrong_main_file_is_refused(void **state)
{
    struct err err = ERR_INIT;
    struct config *config = NULL;
    files_put(*state, "ukeyd.conf", span_text("nonsense"));
    AUTO(memory_freep) char *path = files_path(*state, "ukeyd.conf");
    assert_int_equal(config_read_folder(path, "/nonexistent", &config, &err), ERR_CONFIG);
    assert_null(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FILES(a_named_file_must_exist),
        WITH_FILES(default_places_may_be_missing),
        WITH_FILES(folder_files_come_in_order),
        WITH_FILES(a_wrong_file_of_the_folder_is_left_out_alone),
        WITH_FILES(a_file_of_the_folder_that_cannot_be_read_is_left_out),
        WITH_FILES(one_file_may_give_two_origins_one_name),
        WITH_FILES(a_file_of_the_folder_with_one_platform_too_many_is_left_out),
        WITH_FILES(a_folder_that_cannot_be_read_is_left_out),
        WITH_FILES(a_wrong_main_file_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
