#include "portal/portal_key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "world.h"

static void an_organisation_is_added_once(void **state)
{
    struct world *world = *state;
    int64_t id = 0;
    struct err err = ERR_INIT;
    assert_int_equal(portal_organisation_add(world->portal, "一家公司", &id, &err), ERR_NONE);
    assert_true(id > 0);
    assert_int_equal(portal_organisation_add(world->portal, "一家公司", &id, &err),
                     ERR_RECORD_EXISTS);
}

static void names_have_a_length(void **state)
{
    struct world *world = *state;
    int64_t id = 0;
    struct err err = ERR_INIT;
    assert_int_equal(portal_organisation_add(world->portal, "", &id, &err), ERR_FIELD_VALUE);
    for (int length = PORTAL_NAME_BYTES_MAX - 1; length <= PORTAL_NAME_BYTES_MAX + 1; length++) {
        AUTO(memory_freep) char *name = memory_printf("%0*d", length, length);
        enum err_code code = portal_organisation_add(world->portal, name, &id, &err);
        assert_int_equal(code, length > PORTAL_NAME_BYTES_MAX ? ERR_FIELD_VALUE : ERR_NONE);
    }
}

static enum err_code add(struct world *world, const char *serial, const char *organisation,
                         const struct cert *sign, const struct cert *encrypt)
{
    const struct portal_key_new new = {.serial = serial,
                                       .organisation = organisation,
                                       .holder = "李四",
                                       .profile = "gmt0017-2012",
                                       .sign_cert = sign,
                                       .encrypt_cert = encrypt};
    struct err err = ERR_INIT;
    int64_t id = 0;
    return portal_key_add(world->portal, &new, &id, &err);
}

/* What is refused leaves no key, no holder and no certificate behind. */
static void what_does_not_fit_leaves_nothing(void **state)
{
    struct world *world = *state;
    AUTO(fixture_key_freep) struct fixture_key *pair = fixture_key_new(CERT_SM2, 0);
    AUTO(cert_freep) struct cert *sign = world_cert(world, pair, CERT_USAGE_SIGN, "a", 20);
    AUTO(cert_freep) struct cert *encrypt = world_cert(world, pair, CERT_USAGE_ENCRYPT, "a", 20);
    AUTO(cert_freep) struct cert *other = world_cert(world, pair, CERT_USAGE_ENCRYPT, "b", 20);
    static const char rows[] =
        "SELECT (SELECT count(*) FROM key) + (SELECT count(*) FROM holder) + "
        "(SELECT count(*) FROM certificate)";
    int64_t before = world_count(world->portal, rows);
    assert_int_equal(add(world, "X1", WORLD_ORGANISATION, encrypt, NULL), ERR_CERT_USAGE);
    assert_int_equal(add(world, "X1", WORLD_ORGANISATION, sign, sign), ERR_CERT_USAGE);
    assert_int_equal(add(world, "X1", WORLD_ORGANISATION, sign, other), ERR_CERT_SUBJECT);
    assert_int_equal(add(world, "X1", "没有", sign, encrypt), ERR_NO_SUCH_RECORD);
    assert_int_equal(add(world, "", WORLD_ORGANISATION, sign, encrypt), ERR_FIELD_VALUE);
    assert_true(world_count(world->portal, rows) == before);
    assert_int_equal(add(world, "X1", WORLD_ORGANISATION, sign, encrypt), ERR_NONE);
    assert_int_equal(add(world, "X1", WORLD_ORGANISATION, sign, encrypt), ERR_RECORD_EXISTS);
    assert_int_equal(add(world, "X2", WORLD_ORGANISATION, sign, encrypt), ERR_RECORD_EXISTS);
    assert_true(world_count(world->portal, rows) == before + 4);
}

static void a_key_is_found_by_its_serial(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, true, 20);
    struct err err = ERR_INIT;
    int64_t id = 0;
    world_must(portal_key_find(world->portal, key->serial, &id, &err), &err);
    assert_true(id == key->id);
    assert_int_equal(portal_key_find(world->portal, "no' OR '1'='1", &id, &err),
                     ERR_NO_SUCH_RECORD);
}

static void the_list_has_the_manuals_columns(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, true, 20);
    AUTO(json_freep) struct json *list = NULL;
    struct err err = ERR_INIT;
    world_must(portal_key_list(world->portal, &list, &err), &err);
    const struct json *row = json_item(list, json_count(list) - 1);
    assert_string_equal(json_text_of(json_member(row, "serial")), key->serial);
    assert_string_equal(json_text_of(json_member(row, "holder")), WORLD_HOLDER);
    assert_string_equal(json_text_of(json_member(row, "organisation")), WORLD_ORGANISATION);
    assert_string_equal(json_text_of(json_member(row, "not_after")), "2026-01-21T00:00:00Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_organisation_is_added_once),
        cmocka_unit_test(names_have_a_length),
        cmocka_unit_test(what_does_not_fit_leaves_nothing),
        cmocka_unit_test(a_key_is_found_by_its_serial),
        cmocka_unit_test(the_list_has_the_manuals_columns),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
