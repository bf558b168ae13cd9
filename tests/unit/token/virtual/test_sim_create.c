#include <stdio.h>
#include <sys/stat.h>

#include "authority.h"
#include "base/clock.h"
#include "bench.h"
#include "token/virtual/sim_commands.h"
#include "token/virtual/virtual_state.h"

/* Words behind --state, --serial and the SM2 issuer. */
static enum err_code create(struct authority *authority, const char **more, int more_count)
{
    struct err err = ERR_INIT;
    const char *words[32] = {"--state",      authority->state,  "--serial",
                             "S1",           "--issuer-cert",   authority->sm2_cert,
                             "--issuer-key", authority->sm2_key};
    for (int i = 0; i < more_count; i++)
        words[8 + i] = more[i];
    return sim_create(words, 8 + more_count, &err);
}

static struct virtual_objects *load(const struct authority *authority)
{
    struct err err = ERR_INIT;
    struct virtual_objects *objects = NULL;
    assert_int_equal(virtual_state_load(authority->state, &objects, &err), ERR_NONE);
    return objects;
}

static void makes_the_usual_key(void **state)
{
    (void)state;
    struct authority authority;
    authority_init(&authority);
    assert_int_equal(create(&authority, NULL, 0), ERR_NONE);
    AUTO(virtual_objects_freep) struct virtual_objects *objects = load(&authority);
    assert_string_equal(objects->serial.at, "S1");
    assert_string_equal(objects->profile->name, "gmt0017-2012");
    const struct virtual_application *application = objects->applications[0];
    assert_true(
        span_equal(virtual_pin_peek(&application->pins[VIRTUAL_PIN_USER]), span_text("123456")));
    assert_true(
        span_equal(virtual_pin_peek(&application->pins[VIRTUAL_PIN_ADMIN]), span_text("12345678")));
    const struct virtual_container *container = application->containers[0];
    assert_int_equal(virtual_objects_container_kind(container), VIRTUAL_PAIR_SM2);
    assert_non_null(container->slots[VIRTUAL_SLOT_ENCRYPT].certificate);
    struct stat status;
    assert_int_equal(stat(authority.state, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    authority_done(&authority);
}

static void makes_what_is_wished_for(void **state)
{
    (void)state;
    struct authority authority;
    const char *wish[] = {"--algorithm", "rsa2048",        "--single", "--profile",
                          "longmai",     "--pin",          "1234",     "--admin-pin",
                          "admin",       "--container",    "box",      "--label",
                          "L",           "--days-left",    "-1",       "--holder",
                          "李四",        "--organisation", "某公司"};
    authority_init(&authority);
    assert_int_equal(create(&authority, wish, ARRAY_SIZE(wish)), ERR_NONE);
    AUTO(virtual_objects_freep) struct virtual_objects *objects = load(&authority);
    assert_string_equal(objects->label.at, "L");
    const struct virtual_container *container = objects->applications[0]->containers[0];
    assert_string_equal(container->name.at, "box");
    assert_int_equal(virtual_objects_container_kind(container), VIRTUAL_PAIR_RSA);
    assert_null(container->slots[VIRTUAL_SLOT_ENCRYPT].pair);
    authority_done(&authority);
}

static void replaces_a_key_only_by_force(void **state)
{
    (void)state;
    struct authority authority;
    const char *force[] = {"--force", "--label", "second"};
    const char *label[] = {"--label", "third"};
    authority_init(&authority);
    assert_int_equal(create(&authority, NULL, 0), ERR_NONE);
    assert_int_equal(create(&authority, force, 3), ERR_NONE);
    assert_int_equal(create(&authority, label, 2), ERR_RECORD_EXISTS);
    AUTO(virtual_objects_freep) struct virtual_objects *objects = load(&authority);
    assert_string_equal(objects->label.at, "second");
    authority_done(&authority);
}

static void refuses_other_wishes(void **state)
{
    (void)state;
    static const struct {
        const char *words[2];
        enum err_code code;
    } cases[] = {
        {{"--profile", "other"}, ERR_USAGE},
        {{"--algorithm", "sm4"}, ERR_USAGE},
        {{"--days-left", "-345"}, ERR_USAGE},
        {{"--days-left", "3651"}, ERR_USAGE},
        {{"--pin", "12345"}, ERR_FIELD_VALUE},
        {{"--nonsense", "1"}, ERR_USAGE},
        {{"--issuer-key", "/nowhere"}, ERR_FILE_MISSING},
    };
    struct authority authority;
    authority_init(&authority);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const char *words[2] = {cases[i].words[0], cases[i].words[1]};
        assert_int_equal(create(&authority, words, 2), cases[i].code);
    }
    struct stat status;
    assert_int_not_equal(stat(authority.state, &status), 0);
    authority_done(&authority);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_the_usual_key),
        cmocka_unit_test(makes_what_is_wished_for),
        cmocka_unit_test(replaces_a_key_only_by_force),
        cmocka_unit_test(refuses_other_wishes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
