#include "agent/trust/trust_chromium.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <unistd.h>

#include "base/file.h"
#include "tests/unit/agent/trust/fixture.h"

#define FOLDER "etc/managed"

static const char *const origins[] = {"https://one.test", "https://two.test:8443"};
static char *folder;

static int start(void **state)
{
    home_start(state);
    folder = home_path(*state, FOLDER);
    return 0;
}

static int stop(void **state)
{
    memory_freep(&folder);
    return home_stop(state);
}

static enum err_code install(size_t count, struct err *err)
{
    *err = ERR_INIT;
    const struct trust_chromium wanted = {folder, origins, count};
    return trust_chromium_install(&wanted, err);
}

static void expect(size_t count, bool there, bool same)
{
    struct err err = ERR_INIT;
    bool is_there = !there, is_same = !same;
    const struct trust_chromium wanted = {folder, origins, count};
    assert_int_equal(trust_chromium_look(&wanted, &is_there, &is_same, &err), ERR_NONE);
    assert_true(is_there == there);
    assert_true(is_same == same);
}

static enum err_code take_back(void)
{
    struct err err = ERR_INIT;
    const struct trust_chromium wanted = {folder, origins, 2};
    return trust_chromium_remove(&wanted, &err);
}

static void test_a_file_of_our_own(void **state)
{
    struct err err;
    AUTO(bytes_freep) struct bytes *text = NULL;
    AUTO(memory_freep) char *path = home_path(*state, FOLDER "/ukeyd.json");
    expect(2, false, false);
    assert_int_equal(install(2, &err), ERR_NONE);
    expect(2, true, true);
    expect(1, true, false);
    assert_int_equal(file_read(path, 4096, &text, &err), ERR_NONE);
    assert_string_equal((const char *)text->at,
                        "{\n"
                        "\t\"LoopbackNetworkAllowedForUrls\":\t[\"https://one.test\", "
                        "\"https://two.test:8443\"],\n"
                        "\t\"LocalNetworkAccessAllowedForUrls\":\t[\"https://one.test\", "
                        "\"https://two.test:8443\"]\n}\n");
    assert_int_equal(install(1, &err), ERR_NONE);
    expect(1, true, true);
    assert_int_equal(take_back(), ERR_NONE);
    assert_int_equal(take_back(), ERR_NONE);
    expect(1, false, false);
    assert_int_equal(rmdir(folder), 0);
}

static void test_without_platforms_there_is_none(void **state)
{
    struct err err;
    assert_int_equal(install(0, &err), ERR_NONE);
    expect(0, false, false);
    assert_int_equal(install(2, &err), ERR_NONE);
    assert_int_equal(install(0, &err), ERR_NONE);
    expect(2, false, false);
}

static void test_files_of_others(void **state)
{
    struct err err;
    home_make_folder(*state, FOLDER);
    home_write(*state, FOLDER "/a.json", "{\"HomepageLocation\":\"https://x.test\"}", 0644);
    home_write(*state, FOLDER "/b.json", "no json", 0644);
    assert_int_equal(install(2, &err), ERR_NONE);
    assert_int_equal(take_back(), ERR_NONE);
    home_write(*state, FOLDER "/c.json", "{\"LoopbackNetworkAllowedForUrls\":[]}", 0644);
    assert_int_equal(install(2, &err), ERR_TRUST_POLICY_CONFLICT);
    assert_non_null(strstr(err.detail, "/c.json: LoopbackNetworkAllowedForUrls"));
    assert_false(home_has(*state, FOLDER "/ukeyd.json"));
}

static void test_says_when_it_can_not(void **state)
{
    struct err err;
    home_make_folder(*state, "etc");
    home_write(*state, FOLDER, "a file", 0644);
    assert_int_equal(install(2, &err), ERR_FILE);
    assert_int_equal(take_back(), ERR_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_file_of_our_own, start, stop),
        cmocka_unit_test_setup_teardown(test_without_platforms_there_is_none, start, stop),
        cmocka_unit_test_setup_teardown(test_files_of_others, start, stop),
        cmocka_unit_test_setup_teardown(test_says_when_it_can_not, start, stop),
    };
    return cmocka_run_group_tests_name("agent/trust/trust_chromium", tests, NULL, NULL);
}
