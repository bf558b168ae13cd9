#include "agent/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/file.h"

#define PLATFORM_NAMED(id, name, origin) \
    "[platform " id "]\nname = " name "\norigin = " origin "\nroots = /etc/ukeyd/roots.pem\n"
#define PLATFORM(id, origin) PLATFORM_NAMED(id, "阳光采购服务平台", origin)

static char folder[64];

static int make_folder(void **state)
{
    snprintf(folder, sizeof folder, "/tmp/test_config.XXXXXX");
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_folder(void **state)
{
    static const char *const names[] = {"ukeyd.conf", "a.conf",     "b.conf",
                                        "c.conf",     "b.conf.bak", ".c.conf"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        AUTO(memory_freep) char *path = file_join(folder, names[i]);
        unlink(path);
    }
    return rmdir(folder);
}

static void put(const char *name, struct span content)
{
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *path = file_join(folder, name);
    assert_int_equal(file_write_atomic(path, content, 0600, &err), ERR_NONE);
}

static enum err_code read_text(const char *text, struct config **out, struct err *err)
{
    put("ukeyd.conf", span_text(text));
    AUTO(memory_freep) char *path = file_join(folder, "ukeyd.conf");
    return config_read(path, out, err);
}

static void reads_everything(void **state)
{
    struct err err = ERR_INIT;
    AUTO(config_freep) struct config *config = NULL;
    assert_int_equal(
        read_text("; a remark\n[agent]\npinentry = /opt/pinentry\nprofiles=/opt/profiles\n"
                  "port = 30000\nprompt_seconds = 60\nproxy = http://p:1\n"
                  "proxy_login = /etc/login\n\n"
                  "[platform sunshine]\nname = 阳光采购服务平台\n"
                  "origin = https://portal.example.com:8443\n"
                  "api = https://api.example.com/agent/v1\ntls_ca = /etc/ca.pem\n"
                  "roots = /etc/roots.pem\nseal_roots = /etc/seals.pem\nproxy =\n" PLATFORM(
                      "other", "https://[::1]:9000"),
                  &config, &err),
        ERR_NONE);
    assert_string_equal(config->pinentry, "/opt/pinentry");
    assert_string_equal(config->profile_folder, "/opt/profiles");
    assert_string_equal(config->proxy, "http://p:1");
    assert_string_equal(config->proxy_login, "/etc/login");
    assert_int_equal(config->port, 30000);
    assert_int_equal(config->prompt_seconds, 60);
    assert_int_equal(config->platform_count, 2);
    const struct config_platform *platform = &config->platforms[0];
    assert_string_equal(platform->id, "sunshine");
    assert_string_equal(platform->name, "阳光采购服务平台");
    assert_string_equal(platform->api, "https://api.example.com/agent/v1");
    assert_string_equal(platform->tls_ca, "/etc/ca.pem");
    assert_string_equal(platform->seal_roots, "/etc/seals.pem");
    assert_string_equal(platform->proxy, "");
    assert_ptr_equal(config_platform_of(config, "https://portal.example.com:8443"), platform);
    assert_null(config_platform_of(config, "https://portal.example.com"));
    assert_null(config_platform_of(config, "HTTPS://portal.example.com:8443"));
    assert_string_equal(config->platforms[1].api, "https://[::1]:9000/agent/v1");
    assert_null(config->platforms[1].proxy);
    assert_null(config->platforms[1].seal_roots);
}

static void an_empty_file_gives_the_defaults(void **state)
{
    struct err err = ERR_INIT;
    AUTO(config_freep) struct config *config = NULL;
    assert_int_equal(read_text("", &config, &err), ERR_NONE);
    assert_null(config->pinentry);
    assert_null(config->profile_folder);
    assert_int_equal(config->port, 27510);
    assert_int_equal(config->prompt_seconds, 120);
    assert_int_equal(config->platform_count, 0);
}

#define ORIGIN(origin) PLATFORM("a", origin)
#define EXTRA(line) PLATFORM("a", "https://a.example") line "\n"

/* What is wrong, and words that the detail must hold. */
static const struct {
    const char *text;
    const char *words;
} wrong[] = {
    {"[agent]\nport = 1023\n", "port"},
    {"[agent]\nport = 65001\n", "port"},
    {"[agent]\nport = 27510x\n", "port"},
    {"[agent]\nport =\n", "port"},
    {"[agent]\nport = -5\n", "port"},
    {"[agent]\nport = 99999999999999999999\n", "port"},
    {"[agent]\nport = 27510\nport = 27511\n", "twice"},
    {"[agent]\nprompt_seconds = 9\n", "prompt_seconds"},
    {"[agent]\nprompt_seconds = 601\n", "prompt_seconds"},
    {"[agent]\npinentry = pinentry\n", "pinentry"},
    {"[agent]\n\nprofiles = ../x\n", "line 3"},
    {"[agent]\ncolour = red\n", "colour"},
    {"[agents]\nport = 27510\n", "agents"},
    {"port = 27510\n", "port"},
    {"[agent]\nnonsense\n", "line 2"},
    {"[agent\nport = 27510\n", "line 1"},
    {"[platform A]\nname = x\n", "id"},
    {"[platform ]\nname = x\n", "platform"},
    {"[platform 0123456789012345678901234567890123]\nname = x\n", "id"},
    {"[platform a]\nname = x\norigin = https://a.example\n", "roots is missing"},
    {"[platform a]\nname = x\nroots = /r\n", "origin is missing"},
    {"[platform a]\nroots = /r\norigin = https://a.example\n", "name is missing"},
    {ORIGIN("http://a.example"), "origin"},
    {ORIGIN("https://a.example/"), "origin"},
    {ORIGIN("https://A.example"), "origin"},
    {ORIGIN("https://a.example:443"), "origin"},
    {ORIGIN("https://a.example:0443"), "origin"},
    {ORIGIN("https://a.example:65536"), "origin"},
    {ORIGIN("https://a.example:99999999999999999999999"), "origin"},
    {ORIGIN("https://a.example:"), "origin"},
    {ORIGIN("https://user@a.example"), "origin"},
    {ORIGIN("https://a..example"), "origin"},
    {ORIGIN("https://.example"), "origin"},
    {ORIGIN("https://a.example."), "origin"},
    {ORIGIN("https://"), "origin"},
    {ORIGIN("https://[::1"), "origin"},
    {ORIGIN("https://*.example"), "origin"},
    {ORIGIN("https://平台.example"), "origin"},
    {ORIGIN("null"), "origin"},
    {EXTRA("api = http://a.example/agent/v1"), "api"},
    {EXTRA("api = https://a.example/agent/v1/"), "api"},
    {EXTRA("api = https://a.example/agent?x=1"), "api"},
    {EXTRA("api = https://a.example@b.example/agent"), "api"},
    {EXTRA("tls_ca = ca.pem"), "tls_ca"},
    {EXTRA("proxy = a b"), "proxy"},
    {EXTRA("proxy = http://li:geheim@p:1"), "proxy"},
    {EXTRA("proxy_login = /x"), "proxy_login"},
    {EXTRA("name = another"), "twice"},
    {EXTRA("secret = x"), "secret"},
    {EXTRA("  continued"), "twice"},
    {PLATFORM("a", "https://a.example") PLATFORM("b", "https://a.example"), "the same as"},
    {PLATFORM("a", "https://a.example")
         PLATFORM("b", "https://b.example") "[platform a]\nproxy = http://p\n",
     "second section"},
};

static void what_is_wrong_is_named(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        struct err err = ERR_INIT;
        struct config *config = NULL;
        enum err_code code = read_text(wrong[i].text, &config, &err);
        if (code != ERR_CONFIG || strstr(err.detail, wrong[i].words) == NULL)
            fail_msg("%s: %s (%s)", wrong[i].text, err_code_text(code), err.detail);
        assert_non_null(strstr(err.detail, "ukeyd.conf"));
        assert_null(config);
    }
}

static void a_long_line_is_refused_not_cut(void **state)
{
    for (int length = 197; length <= 199; length++) {
        struct err err = ERR_INIT;
        AUTO(config_freep) struct config *config = NULL;
        AUTO(memory_freep)
        char *text = memory_printf("[agent]\npinentry=/%0*d\nport=2000\n", length - 10, 7);
        enum err_code code = read_text(text, &config, &err);
        assert_int_equal(code, length <= 198 ? ERR_NONE : ERR_CONFIG);
        if (code == ERR_NONE)
            assert_int_equal(strlen(config->pinentry), length - 9);
    }
}

static void text_that_is_not_utf8_is_refused(void **state)
{
    static const char *const texts[] = {"; \xd1\xf4\xb9\xe2\n", "; \xe9\x98", "; \x80\n"};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct err err = ERR_INIT;
        struct config *config = NULL;
        assert_int_equal(read_text(texts[i], &config, &err), ERR_CONFIG);
    }
    struct err err = ERR_INIT;
    struct config *config = NULL;
    AUTO(memory_freep) char *path = file_join(folder, "ukeyd.conf");
    put("ukeyd.conf", span_of("[agent]\0\nport = 2000\n", 20));
    assert_int_equal(config_read(path, &config, &err), ERR_CONFIG);
}

static void one_platform_too_many(void **state)
{
    AUTO(memory_freep) char *text = memory_text("");
    for (int i = 0; i <= CONFIG_PLATFORMS_MAX; i++) {
        struct err err = ERR_INIT;
        AUTO(config_freep) struct config *config = NULL;
        char *longer = memory_printf(
            "%s[platform p%d]\nname = x\norigin = https://p%d.example\nroots = /r\n", text, i, i);
        free(text);
        text = longer;
        assert_int_equal(read_text(text, &config, &err),
                         i < CONFIG_PLATFORMS_MAX ? ERR_NONE : ERR_CONFIG);
    }
}

static void a_named_file_must_exist(void **state)
{
    struct err err = ERR_INIT;
    struct config *config = NULL;
    assert_int_equal(config_read("/nonexistent/ukeyd.conf", &config, &err), ERR_FILE_MISSING);
    assert_int_equal(config_read(folder, &config, &err), ERR_FILE);
    AUTO(memory_freep) char *large = memory_printf(";%0*d\n", CONFIG_FILE_BYTES_MAX, 7);
    assert_int_equal(read_text(large, &config, &err), ERR_FILE);
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
    put("b.conf", span_text(PLATFORM_NAMED("b", "乙", "https://b.example")));
    put("a.conf", span_text(PLATFORM("a", "https://a.example")));
    put("b.conf.bak", span_text("nonsense"));
    put(".c.conf", span_text("nonsense"));
    assert_int_equal(config_read_folder("/nonexistent", folder, &config, &err), ERR_NONE);
    assert_int_equal(config->platform_count, 2);
    assert_string_equal(config->platforms[0].id, "a");
    assert_string_equal(config->platforms[1].id, "b");
}

/* Reads the folder beside what a.conf has; b.conf must be left out for a reason with words. */
static void assert_left_out(const char *words)
{
    struct err err = ERR_INIT;
    AUTO(config_freep) struct config *config = NULL;
    put("a.conf", span_text(PLATFORM_NAMED("a", "甲", "https://a.example")));
    put("c.conf", span_text(PLATFORM_NAMED("c", "丙", "https://c.example")));
    assert_int_equal(config_read_folder("/nonexistent", folder, &config, &err), ERR_NONE);
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
        /* Nothing of it stays, neither what is right nor another file's way. */
        {PLATFORM_NAMED("b", "乙", "https://b.example") "[platform c]\nname = x\n", "missing"},
        {PLATFORM_NAMED("c", "丙", "https://c.example") "colour = red\n", "line 5"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        put("b.conf", span_text(files[i].text));
        assert_left_out(files[i].words);
    }
}

static void a_file_of_the_folder_that_cannot_be_read_is_left_out(void **state)
{
    AUTO(memory_freep) char *path = file_join(folder, "b.conf");
    assert_int_equal(symlink("/nonexistent/b.conf", path), 0);
    assert_left_out("b.conf");
    assert_int_equal(unlink(path), 0);
    AUTO(memory_freep) char *large = memory_printf(";%0*d\n", CONFIG_FILE_BYTES_MAX, 7);
    put("b.conf", span_text(large));
    assert_left_out("b.conf");
}

static void one_file_may_give_two_origins_one_name(void **state)
{
    struct err err = ERR_INIT;
    AUTO(config_freep) struct config *config = NULL;
    put("a.conf", span_text(PLATFORM("a", "https://a.example") PLATFORM("b", "https://b.example")));
    assert_int_equal(config_read_folder("/nonexistent", folder, &config, &err), ERR_NONE);
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
    put("a.conf", buf_span(&text));
    put("b.conf", span_text(PLATFORM_NAMED("b", "乙", "https://b.example")
                                PLATFORM_NAMED("c", "丙", "https://c.example")));
    assert_int_equal(config_read_folder("/nonexistent", folder, &config, &err), ERR_NONE);
    assert_int_equal(config->platform_count, CONFIG_PLATFORMS_MAX - 1);
    assert_int_equal(config->left_out_count, 1);
}

static void a_folder_that_cannot_be_read_is_left_out(void **state)
{
    struct err err = ERR_INIT;
    AUTO(config_freep) struct config *config = NULL;
    put("a.conf", span_text(""));
    AUTO(memory_freep) char *path = file_join(folder, "a.conf");
    assert_int_equal(config_read_folder("/nonexistent", path, &config, &err), ERR_NONE);
    assert_int_equal(config->left_out_count, 1);
    assert_non_null(strstr(config->left_out[0].detail, path));
}

static void a_wrong_main_file_is_refused(void **state)
{
    struct err err = ERR_INIT;
    struct config *config = NULL;
    put("ukeyd.conf", span_text("nonsense"));
    AUTO(memory_freep) char *path = file_join(folder, "ukeyd.conf");
    assert_int_equal(config_read_folder(path, "/nonexistent", &config, &err), ERR_CONFIG);
    assert_null(config);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        TEST(reads_everything),
        TEST(an_empty_file_gives_the_defaults),
        TEST(what_is_wrong_is_named),
        TEST(a_long_line_is_refused_not_cut),
        TEST(text_that_is_not_utf8_is_refused),
        TEST(one_platform_too_many),
        TEST(a_named_file_must_exist),
        TEST(default_places_may_be_missing),
        TEST(folder_files_come_in_order),
        TEST(a_wrong_file_of_the_folder_is_left_out_alone),
        TEST(a_file_of_the_folder_that_cannot_be_read_is_left_out),
        TEST(one_file_may_give_two_origins_one_name),
        TEST(a_file_of_the_folder_with_one_platform_too_many_is_left_out),
        TEST(a_folder_that_cannot_be_read_is_left_out),
        TEST(a_wrong_main_file_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
