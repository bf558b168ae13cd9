#include "agent/config_file.h"

#include <stdlib.h>

#include "tests/unit/agent/config/fixture.h"

static enum err_code read_text(const char *folder, const char *text, struct config **out,
                               struct err *err)
{
    files_put(folder, "ukeyd.conf", span_text(text));
    AUTO(memory_freep) char *path = files_path(folder, "ukeyd.conf");
    return config_read(path, out, err);
}

static void reads_everything(void **state)
{
    struct err err = ERR_INIT;
    AUTO(config_freep) struct config *config = NULL;
    assert_int_equal(
        read_text(*state,
                  "; a remark\n[agent]\npinentry = /opt/pinentry\nprofiles=/opt/profiles\n"
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
    assert_int_equal(read_text(*state, "", &config, &err), ERR_NONE);
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
    {ORIGIN("https://a.example/"), "origin"},
    {EXTRA("api = http://a.example/agent/v1"), "api"},
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
        enum err_code code = read_text(*state, wrong[i].text, &config, &err);
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
        enum err_code code = read_text(*state, text, &config, &err);
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
        assert_int_equal(read_text(*state, texts[i], &config, &err), ERR_CONFIG);
    }
    struct err err = ERR_INIT;
    struct config *config = NULL;
    AUTO(memory_freep) char *path = files_path(*state, "ukeyd.conf");
    files_put(*state, "ukeyd.conf", span_of("[agent]\0\nport = 2000\n", 20));
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
        assert_int_equal(read_text(*state, text, &config, &err),
                         i < CONFIG_PLATFORMS_MAX ? ERR_NONE : ERR_CONFIG);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FILES(reads_everything),
        WITH_FILES(an_empty_file_gives_the_defaults),
        WITH_FILES(what_is_wrong_is_named),
        WITH_FILES(a_long_line_is_refused_not_cut),
        WITH_FILES(text_that_is_not_utf8_is_refused),
        WITH_FILES(one_platform_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
