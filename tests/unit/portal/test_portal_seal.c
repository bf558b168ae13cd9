#include "portal/portal_seal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "seals.h"
#include "world.h"

/* ---- the first seal ---- */

static void a_first_seal_ends_with_the_keys_certificate(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, true, 20);
    AUTO(bytes_freep) struct bytes *der = seals_first(world, key);
    AUTO(seal_freep) struct seal *seal = seals_parsed(der);
    const struct seal_facts *facts = seal_peek(seal);
    assert_string_equal(facts->name, "测试1023电子签章");
    assert_int_equal(strlen(facts->id), 32);
    assert_int_equal(facts->picture_width_mm, 40);
    assert_int_equal(facts->picture_height_mm, 30);
    assert_string_equal(facts->picture_type, "PNG");
    assert_true(span_equal(facts->picture, SPAN_ARRAY(seals_png)));
    assert_true(facts->valid_until_utc == cert_peek(key->sign_cert)->not_after_utc);
    assert_true(seal_binds(seal, key->sign_cert));
    seals_check_states(world, key, "current");
}

static void a_wrong_wish_makes_and_records_nothing(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, true, 20);
    AUTO(bytes_freep) struct bytes *large = bytes_new_size(PORTAL_SEAL_PICTURE_BYTES_MAX + 1);
    AUTO(memory_freep) char *name = memory_printf("%0*d", SEAL_TEXT_BYTES_MAX + 1, 1);
    memcpy(large->at, seals_png, sizeof seals_png);
    struct portal_seal_new wishes[11];
    for (size_t i = 0; i < ARRAY_SIZE(wishes); i++)
        wishes[i] = seals_wish_for(key);
    wishes[0].picture = SPAN_NONE;
    wishes[1].picture = span_of(seals_png, 7);
    wishes[2].picture = span_of(seals_png + 1, 10);
    wishes[3].picture = span_bytes(large);
    wishes[4].width_mm = 0;
    wishes[5].height_mm = SEAL_PICTURE_MM_MAX + 1;
    wishes[6].name = "";
    wishes[7].name = name;
    wishes[8].name = "a\nb";
    wishes[9].version = SEAL_V5;
    wishes[10].version = SEAL_V1;
    wishes[10].list = SEAL_LIST_DIGESTS;
    for (size_t i = 0; i < ARRAY_SIZE(wishes); i++) {
        AUTO(bytes_freep) struct bytes *der = NULL;
        struct err err = ERR_INIT;
        if (portal_seal_add(world->portal, &wishes[i], &der, &err) != ERR_FIELD_VALUE)
            fail_msg("wish %zu: %s", i, err_code_text(err.code));
        assert_null(der);
    }
    seals_check_states(world, key, "");
}

static void the_limits_of_a_wish_are_allowed(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_RSA, false, 20);
    AUTO(bytes_freep) struct bytes *large = bytes_new_size(PORTAL_SEAL_PICTURE_BYTES_MAX);
    AUTO(bytes_freep) struct bytes *der = NULL;
    struct portal_seal_new wish = seals_wish_for(key);
    struct err err = ERR_INIT;
    memcpy(large->at, seals_png, sizeof seals_png);
    wish.picture = span_bytes(large);
    wish.width_mm = SEAL_PICTURE_MM_MAX;
    wish.height_mm = 1;
    world_must(portal_seal_add(world->portal, &wish, &der, &err), &err);
    assert_true(der->len > large->len);
}

static void a_seal_needs_a_key_with_a_certificate(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, true, 20);
    struct portal_seal_new wish = seals_wish_for(key);
    AUTO(bytes_freep) struct bytes *der = NULL;
    struct err err = ERR_INIT;
    wish.serial = "no such key";
    assert_int_equal(portal_seal_add(world->portal, &wish, &der, &err), ERR_NO_SUCH_RECORD);
    assert_null(der);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_first_seal_ends_with_the_keys_certificate),
        cmocka_unit_test(a_wrong_wish_makes_and_records_nothing),
        cmocka_unit_test(the_limits_of_a_wish_are_allowed),
        cmocka_unit_test(a_seal_needs_a_key_with_a_certificate),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
