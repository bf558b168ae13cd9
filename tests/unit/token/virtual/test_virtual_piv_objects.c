#include "token/virtual/virtual_piv_objects.h"

#include "bench.h"

#define GUID "00112233445566778899AABBCCDDEEFF"

static struct virtual_piv_objects *make(const char *profile, const char *serial, const char *label)
{
    return virtual_piv_objects_new(virtual_piv_profile_find(profile), serial, label);
}

static void takes_serials_of_its_kind(void **state)
{
    (void)state;
    static const struct {
        const char *profile;
        const char *serial;
        bool good;
    } cases[] = {
        {"piv-full", "1", true},
        {"piv-full", "4294967295", true},
        {"piv-full", "4294967296", false},
        {"piv-full", "0", false},
        {"piv-full", "", false},
        {"piv-full", "S1", false},
        {"piv-full", GUID, false},
        {"piv-plain", GUID, true},
        {"piv-plain", "00000000000000000000000000000000", false},
        {"piv-plain", "00112233445566778899aabbccddeeff", false},
        {"piv-plain", "00112233445566778899AABBCCDDEE", false},
        {"piv-plain", "12345678", false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(virtual_piv_objects_freep)
        struct virtual_piv_objects *objects = make(cases[i].profile, cases[i].serial, NULL);
        assert_int_equal(objects != NULL, cases[i].good);
    }
    assert_null(make("piv-full", "1", "a label that has more than the 32 bytes"));
}

static void has_a_guid(void **state)
{
    (void)state;
    uint8_t guid[VIRTUAL_PIV_GUID_BYTES];
    AUTO(virtual_piv_objects_freep) struct virtual_piv_objects *plain = make("piv-odd", GUID, NULL);
    AUTO(virtual_piv_objects_freep) struct virtual_piv_objects *full = make("piv-full", "17", NULL);
    virtual_piv_objects_guid(plain, guid);
    assert_int_equal(guid[1], 0x11);
    assert_int_equal(guid[15], 0xFF);
    virtual_piv_objects_guid(full, guid);
    assert_memory_equal(guid, "17\0\0\0\0\0\0\0\0\0\0\0\0\0\0", sizeof guid);
}

static void has_the_slots_of_its_profile(void **state)
{
    (void)state;
    AUTO(virtual_piv_objects_freep) struct virtual_piv_objects *odd = make("piv-odd", GUID, NULL);
    static const struct {
        uint8_t reference;
        bool there;
        uint32_t certificate;
    } cases[] = {
        {0x9A, true, 0x5FC105}, {0x9C, true, 0x5FC10A}, {0x9D, true, 0x5FC10B},
        {0x9E, true, 0x5FC101}, {0x82, true, 0x5FC10D}, {0x85, true, 0x5FC110},
        {0x86, false, 0},       {0x95, false, 0},       {0x9B, false, 0},
        {0x00, false, 0},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct virtual_piv_slot *slot = virtual_piv_objects_slot(odd, cases[i].reference);
        assert_int_equal(slot != NULL, cases[i].there);
        if (slot == NULL)
            continue;
        assert_int_equal(slot->reference, cases[i].reference);
        assert_int_equal(virtual_piv_objects_certificate_tag(slot->reference),
                         cases[i].certificate);
    }
    assert_int_equal(virtual_piv_objects_certificate_tag(0x95), 0x5FC120);
    assert_int_equal(virtual_piv_objects_policy(0x9C), VIRTUAL_PIV_PIN_ALWAYS);
    assert_int_equal(virtual_piv_objects_policy(0x9E), VIRTUAL_PIV_PIN_NEVER);
    assert_int_equal(virtual_piv_objects_policy(0x82), VIRTUAL_PIV_PIN_ONCE);
    assert_true(virtual_piv_objects_is_retired(0x95));
    assert_false(virtual_piv_objects_is_retired(0x96));
    assert_false(virtual_piv_objects_is_retired(0x81));
}

static void keeps_objects_by_tag(void **state)
{
    (void)state;
    static const uint8_t content[2] = {1, 2};
    AUTO(virtual_piv_objects_freep)
    struct virtual_piv_objects *objects = make("piv-full", "1", NULL);
    assert_true(virtual_piv_objects_put(objects, 0x5FC10A, SPAN_ARRAY(content)));
    assert_true(virtual_piv_objects_put(objects, 0x5FC101, SPAN_ARRAY(content)));
    assert_true(virtual_piv_objects_put(objects, 0x5FC105, span_of(content, 1)));
    assert_int_equal(objects->objects[1].tag, 0x5FC105);
    assert_int_equal(virtual_piv_objects_used(objects), 3 * VIRTUAL_PIV_OBJECT_PRICE + 5);
    assert_true(virtual_piv_objects_put(objects, 0x5FC105, SPAN_ARRAY(content)));
    assert_int_equal(virtual_piv_objects_get(objects, 0x5FC105)->len, 2);
    assert_int_equal(objects->object_count, 3);
    virtual_piv_objects_remove(objects, 0x5FC101);
    virtual_piv_objects_remove(objects, 0x5FC101);
    assert_null(virtual_piv_objects_get(objects, 0x5FC101));
    assert_non_null(virtual_piv_objects_get(objects, 0x5FC10A));
    assert_int_equal(objects->object_count, 2);
}

static void knows_what_is_cut_off(void **state)
{
    (void)state;
    static const uint8_t content[2] = {1, 2};
    AUTO(virtual_piv_objects_freep)
    struct virtual_piv_objects *objects = make("piv-blocks", "1", NULL);
    assert_int_equal(virtual_piv_objects_missing(objects, 0x5FC10A), 0);
    virtual_piv_objects_cut_off(objects, 0x5FC10A, 7);
    assert_int_equal(objects->object_count, 0);
    assert_true(virtual_piv_objects_put(objects, 0x5FC10A, SPAN_ARRAY(content)));
    assert_true(virtual_piv_objects_put(objects, 0x5FC10B, SPAN_ARRAY(content)));
    virtual_piv_objects_cut_off(objects, 0x5FC10A, 7);
    assert_int_equal(virtual_piv_objects_missing(objects, 0x5FC10A), 7);
    assert_int_equal(virtual_piv_objects_missing(objects, 0x5FC10B), 0);
    assert_true(virtual_piv_objects_put(objects, 0x5FC10A, SPAN_ARRAY(content)));
    assert_int_equal(virtual_piv_objects_missing(objects, 0x5FC10A), 0);
}

static void has_limits(void **state)
{
    (void)state;
    AUTO(bytes_freep) struct bytes *content = bytes_new_size(2049);
    AUTO(virtual_piv_objects_freep) struct virtual_piv_objects *odd = make("piv-odd", GUID, NULL);
    assert_false(virtual_piv_objects_put(odd, 0x5FFF10, span_of(content->at, 2049)));
    uint32_t tag = 0x5FFF10;
    while (virtual_piv_objects_put(odd, tag, span_of(content->at, 2048)))
        tag++;
    assert_int_equal(tag, 0x5FFF10 + 24 * 1024 / (2048 + VIRTUAL_PIV_OBJECT_PRICE));
    /* What replaces something as large still fits. */
    assert_true(virtual_piv_objects_put(odd, 0x5FFF10, span_of(content->at, 2048)));
    AUTO(virtual_piv_objects_freep) struct virtual_piv_objects *many = make("piv-full", "1", NULL);
    for (tag = 0x5F0000; virtual_piv_objects_put(many, tag, span_of(content->at, 1));)
        tag++;
    assert_int_equal(tag, 0x5F0000 + VIRTUAL_PIV_OBJECTS_MAX);
}

static void knows_padded_pins(void **state)
{
    (void)state;
    static const struct {
        const char *typed;
        const char *padded;
    } cases[] = {
        {"123456", "313233343536FFFF"},
        {"1234567", "31323334353637FF"},
        {"12345678", "3132333435363738"},
        {"12345", NULL},
        {"123456789", NULL},
        {"12345\xFF", NULL},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        uint8_t padded[VIRTUAL_PIV_PIN_BYTES];
        assert_int_equal(virtual_piv_objects_pad(span_text(cases[i].typed), padded),
                         cases[i].padded != NULL);
        if (cases[i].padded == NULL)
            continue;
        AUTO(memory_freep) char *hex = hex_encode(SPAN_ARRAY(padded));
        assert_string_equal(hex, cases[i].padded);
        assert_true(virtual_piv_objects_padded(SPAN_ARRAY(padded)));
        assert_false(virtual_piv_objects_padded(span_of(padded, 7)));
    }
}

static void knows_what_makers_ship(void **state)
{
    (void)state;
    static const uint8_t other[VIRTUAL_PIV_PIN_BYTES] = "87654321";
    AUTO(virtual_piv_objects_freep)
    struct virtual_piv_objects *objects = make("piv-full", "1", NULL);
    assert_true(virtual_piv_objects_pin_is_default(objects));
    assert_true(virtual_piv_objects_puk_is_default(objects));
    assert_true(virtual_piv_objects_key_is_default(objects));
    objects->pin.left = 0;
    virtual_piv_objects_set_pin(&objects->pin, other);
    assert_int_equal(objects->pin.left, 3);
    virtual_piv_objects_set_pin(&objects->puk, other);
    objects->management_key[23] = 0;
    assert_false(virtual_piv_objects_pin_is_default(objects));
    assert_false(virtual_piv_objects_puk_is_default(objects));
    assert_false(virtual_piv_objects_key_is_default(objects));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_serials_of_its_kind),
        cmocka_unit_test(has_a_guid),
        cmocka_unit_test(has_the_slots_of_its_profile),
        cmocka_unit_test(keeps_objects_by_tag),
        cmocka_unit_test(knows_what_is_cut_off),
        cmocka_unit_test(has_limits),
        cmocka_unit_test(knows_padded_pins),
        cmocka_unit_test(knows_what_makers_ship),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
