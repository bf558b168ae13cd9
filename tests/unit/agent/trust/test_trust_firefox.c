#include "agent/trust/trust_firefox.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "tests/unit/agent/trust/fixture.h"

#define FILE_NAME "etc/policies.json"

static const char *const origins[] = {"https://one.test", "https://two.test:8443"};

struct world {
    struct home *home;
    char *path;
    char *record;
};

static struct trust_firefox wanted_of(const struct world *world, size_t origin_count)
{
    return (struct trust_firefox){world->path, world->record, origins, origin_count};
}

static struct world world_of(struct home *home)
{
    return (struct world){home, home_path(home, FILE_NAME), home_path(home, "lib/record.json")};
}

static void world_done(struct world *world)
{
    free(world->path);
    free(world->record);
}

static enum err_code install(struct world *world, size_t origin_count)
{
    struct err err = ERR_INIT;
    struct trust_firefox wanted = wanted_of(world, origin_count);
    return trust_firefox_install(&wanted, &err);
}

static enum err_code take_back(struct world *world)
{
    struct err err = ERR_INIT;
    struct trust_firefox wanted = wanted_of(world, 0);
    return trust_firefox_remove(&wanted, &err);
}

/* The file, without white space where it is JSON. */
static char *content(struct world *world)
{
    struct err err = ERR_INIT;
    AUTO(bytes_freep) struct bytes *text = NULL;
    AUTO(json_freep) struct json *json = NULL;
    assert_int_equal(file_read(world->path, 1048576, &text, &err), ERR_NONE);
    assert_int_equal(json_parse(span_bytes(text), 1048576, &json, &err), ERR_NONE);
    return json_print(json);
}

static void expect(struct world *world, const char *wanted)
{
    AUTO(memory_freep) char *found = content(world);
    assert_string_equal(found, wanted);
}

static void put(struct world *world, const char *text)
{
    home_make_folder(world->home, "etc");
    home_write(world->home, FILE_NAME, text, 0644);
}

static void expect_bytes(struct world *world, const char *wanted)
{
    struct err err = ERR_INIT;
    AUTO(bytes_freep) struct bytes *text = NULL;
    assert_int_equal(file_read(world->path, 1048576, &text, &err), ERR_NONE);
    assert_string_equal((const char *)text->at, wanted);
}

#define OURS \
    "{\"policies\":{\"Certificates\":{\"Install\":[\"ukeyd.pem\"]},\"LocalNetworkAccess\":{" \
    "\"SkipDomains\":[\"one.test\",\"two.test\"]}}}"

static void test_a_file_of_our_own(void **state)
{
    AUTO(world_done) struct world world = world_of(*state);
    bool named = true;
    struct err err = ERR_INIT;
    assert_int_equal(trust_firefox_names(world.path, &named, &err), ERR_NONE);
    assert_false(named);
    assert_int_equal(install(&world, 2), ERR_NONE);
    expect(&world, OURS);
    assert_int_equal(trust_firefox_names(world.path, &named, &err), ERR_NONE);
    assert_true(named);
    assert_int_equal(install(&world, 2), ERR_NONE);
    assert_int_equal(take_back(&world), ERR_NONE);
    assert_int_not_equal(access(world.path, F_OK), 0);
    assert_int_not_equal(access(world.record, F_OK), 0);
    assert_int_equal(take_back(&world), ERR_NONE);
}

static const char theirs[] =
    "{ \"policies\" : {\n  \"Homepage\": {\"URL\": \"https://x.test\"},\n"
    "  \"Certificates\": {\"Install\": [\"their.pem\"], \"ImportEnterpriseRoots\": true},\n"
    "\t\"LocalNetworkAccess\": {\"SkipDomains\": [\"two.test\"]} } }  ";

static void test_the_bytes_of_others_come_back(void **state)
{
    AUTO(world_done) struct world world = world_of(*state);
    put(&world, theirs);
    assert_int_equal(install(&world, 2), ERR_NONE);
    expect(
        &world,
        "{\"policies\":{\"Homepage\":{\"URL\":\"https://x.test\"},\"Certificates\":{\"Install\":["
        "\"their.pem\",\"ukeyd.pem\"],\"ImportEnterpriseRoots\":true},\"LocalNetworkAccess\":{"
        "\"SkipDomains\":[\"two.test\",\"one.test\"]}}}");
    assert_int_equal(take_back(&world), ERR_NONE);
    expect_bytes(&world, theirs);
}

static void test_what_was_edited_since_stays(void **state)
{
    AUTO(world_done) struct world world = world_of(*state);
    put(&world, theirs);
    assert_int_equal(install(&world, 2), ERR_NONE);
    put(&world, "{\"policies\":{\"New\":1,\"Certificates\":{\"Install\":[\"ukeyd.pem\"]},"
                "\"LocalNetworkAccess\":{\"SkipDomains\":[\"two.test\",\"one.test\",\"3\"]}}}");
    assert_int_equal(take_back(&world), ERR_NONE);
    expect(
        &world,
        "{\"policies\":{\"New\":1,\"LocalNetworkAccess\":{\"SkipDomains\":[\"two.test\",\"3\"]}}}");
}

static void test_platforms_come_and_go(void **state)
{
    AUTO(world_done) struct world world = world_of(*state);
    bool all = true, any = false;
    struct err err = ERR_INIT;
    put(&world, theirs);
    assert_int_equal(install(&world, 1), ERR_NONE);
    struct trust_firefox both = wanted_of(&world, 2);
    assert_int_equal(trust_firefox_look(&both, &all, &any, &err), ERR_NONE);
    assert_true(all && any); /* theirs names the second */
    put(&world, "{\"policies\":{}}");
    assert_int_equal(trust_firefox_look(&both, &all, &any, &err), ERR_NONE);
    assert_false(all || any);
    assert_int_equal(install(&world, 2), ERR_NONE);
    expect(&world, OURS);
    assert_int_equal(take_back(&world), ERR_NONE);
    expect(&world, "{\"policies\":{}}");
}

static void test_no_host_of_a_platform_that_went_stays(void **state)
{
    struct err err = ERR_INIT;
    bool all = true, any = false;
    AUTO(world_done) struct world world = world_of(*state);
    put(&world, "{\"policies\":{\"LocalNetworkAccess\":{\"SkipDomains\":[\"two.test\"]}}}");
    assert_int_equal(install(&world, 2), ERR_NONE);
    struct trust_firefox none = wanted_of(&world, 0);
    assert_int_equal(trust_firefox_look(&none, &all, &any, &err), ERR_NONE);
    assert_false(all);
    assert_true(any);
    assert_int_equal(install(&world, 0), ERR_NONE);
    expect(&world, "{\"policies\":{\"LocalNetworkAccess\":{\"SkipDomains\":[\"two.test\"]},"
                   "\"Certificates\":{\"Install\":[\"ukeyd.pem\"]}}}");
    assert_int_equal(trust_firefox_look(&none, &all, &any, &err), ERR_NONE);
    assert_true(all);
}

static void test_what_is_not_understood_is_left_alone(void **state)
{
    static const char *const texts[] = {
        "",
        "{",
        "[]",
        "{\"policies\":[]}",
        "{\"policies\":{\"Certificates\":1}}",
        "{\"policies\":{\"Certificates\":{\"Install\":{}}}}",
        "{\"policies\":{\"Certificates\":{\"Install\":\"a.pem\"}}}",
        "{\"policies\":{\"LocalNetworkAccess\":{\"SkipDomains\":\"a\"}}}",
        "{\"policies\":{},\"policies\":{}}",
    };
    AUTO(world_done) struct world world = world_of(*state);
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        put(&world, texts[i]);
        assert_int_equal(install(&world, 2), ERR_TRUST_POLICY_FILE);
        expect_bytes(&world, texts[i]);
        assert_int_equal(take_back(&world), ERR_NONE);
        expect_bytes(&world, texts[i]);
    }
}

static void test_links_and_modes_stay(void **state)
{
    AUTO(world_done) struct world world = world_of(*state);
    struct stat status;
    AUTO(memory_freep) char *real = home_path(world.home, "etc/real.json");
    put(&world, "{}");
    assert_int_equal(rename(world.path, real), 0);
    assert_int_equal(chmod(real, 0640), 0);
    assert_int_equal(symlink("real.json", world.path), 0);
    assert_int_equal(install(&world, 2), ERR_NONE);
    expect(&world, OURS);
    assert_int_equal(lstat(world.path, &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    assert_int_equal(stat(real, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0640);
    assert_int_equal(take_back(&world), ERR_NONE);
    expect_bytes(&world, "{}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_file_of_our_own, home_start, home_stop),
        cmocka_unit_test_setup_teardown(test_the_bytes_of_others_come_back, home_start, home_stop),
        cmocka_unit_test_setup_teardown(test_what_was_edited_since_stays, home_start, home_stop),
        cmocka_unit_test_setup_teardown(test_platforms_come_and_go, home_start, home_stop),
        cmocka_unit_test_setup_teardown(test_no_host_of_a_platform_that_went_stays, home_start,
                                        home_stop),
        cmocka_unit_test_setup_teardown(test_what_is_not_understood_is_left_alone, home_start,
                                        home_stop),
        cmocka_unit_test_setup_teardown(test_links_and_modes_stay, home_start, home_stop),
    };
    return cmocka_run_group_tests_name("agent/trust/trust_firefox", tests, NULL, NULL);
}
