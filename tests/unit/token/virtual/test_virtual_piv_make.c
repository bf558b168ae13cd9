#include "token/virtual/virtual_piv_make.h"

#include "authority.h"
#include "piv_bench.h"
#include "token/virtual/virtual_certificate.h"
#include "token/virtual/virtual_piv_tlv.h"

#define GUID "00112233445566778899AABBCCDDEEFF"

struct desk {
    struct authority authority;
    struct virtual_issuer *issuer;
};

static int open_desk(void **state)
{
    static struct desk desk;
    struct err err = ERR_INIT;
    authority_init(&desk.authority);
    *state = &desk;
    return virtual_issuer_open(desk.authority.rsa_cert, desk.authority.rsa_key, &desk.issuer,
                               &err) == ERR_NONE
               ? 0
               : -1;
}

static int close_desk(void **state)
{
    struct desk *desk = *state;
    virtual_issuer_freep(&desk->issuer);
    authority_done(&desk->authority);
    return 0;
}

static struct virtual_piv_wish usual(const char *profile)
{
    return (struct virtual_piv_wish){
        .profile = virtual_piv_profile_find(profile),
        .serial = strcmp(profile, "piv-plain") == 0 || strcmp(profile, "piv-odd") == 0 ? GUID : "7",
        .pin = "123456",
        .puk = "87654321",
        .kind = VIRTUAL_PAIR_P256,
        .subject = {"阳光建设工程有限公司", "张三", 1700000000, 1800000000},
    };
}

static void makes_a_signature_key_with_its_certificate(void **state)
{
    const struct desk *desk = *state;
    struct err err = ERR_INIT;
    for (size_t i = 0; virtual_piv_profile_at(i) != NULL; i++) {
        struct virtual_piv_wish wish = usual(virtual_piv_profile_at(i)->name);
        AUTO(virtual_piv_objects_freep) struct virtual_piv_objects *objects = NULL;
        assert_int_equal(virtual_piv_make(&wish, desk->issuer, &objects, &err), ERR_NONE);
        struct span certificate;
        struct span guid;
        const struct virtual_pair *pair = virtual_piv_objects_slot(objects, 0x9C)->pair;
        assert_true(virtual_piv_tlv_find(span_bytes(virtual_piv_objects_get(objects, 0x5FC10A)),
                                         0x70, &certificate));
        assert_true(virtual_certificate_is_of(certificate, pair));
        assert_true(virtual_piv_tlv_find(span_bytes(virtual_piv_objects_get(objects, 0x5FC102)),
                                         0x34, &guid));
        assert_int_equal(guid.len, 16);
        assert_true(virtual_piv_objects_pin_is_default(objects));
        assert_false(virtual_piv_objects_puk_is_default(objects));
        assert_true(virtual_piv_objects_key_is_default(objects));
    }
}

static void takes_a_management_key_of_its_own(void **state)
{
    const struct desk *desk = *state;
    struct err err = ERR_INIT;
    static const uint8_t key[32] = {9, 8, 7};
    struct virtual_piv_wish wish = usual("piv-plain");
    AUTO(virtual_piv_objects_freep) struct virtual_piv_objects *objects = NULL;
    wish.cipher = VIRTUAL_PIV_AES256;
    wish.management_key = SPAN_ARRAY(key);
    wish.kind = VIRTUAL_PAIR_RSA;
    assert_int_equal(virtual_piv_make(&wish, desk->issuer, &objects, &err), ERR_NONE);
    assert_int_equal(objects->cipher, VIRTUAL_PIV_AES256);
    assert_memory_equal(objects->management_key, key, sizeof key);
    wish.management_key = span_of(key, 24);
    assert_int_equal(virtual_piv_make(&wish, desk->issuer, &objects, &err), ERR_FIELD_VALUE);
}

static void refuses_what_the_profile_does_not_allow(void **state)
{
    const struct desk *desk = *state;
    struct virtual_piv_objects *objects = NULL;
    struct virtual_piv_wish wishes[] = {usual("piv-full"), usual("piv-full"), usual("piv-full"),
                                        usual("piv-odd"), usual("piv-full")};
    wishes[0].pin = "12345";
    wishes[1].puk = "123456789";
    wishes[2].serial = GUID;
    wishes[3].kind = VIRTUAL_PAIR_P384;
    wishes[4].kind = VIRTUAL_PAIR_SM2;
    for (size_t i = 0; i < ARRAY_SIZE(wishes); i++) {
        struct err err = ERR_INIT;
        assert_int_equal(virtual_piv_make(&wishes[i], desk->issuer, &objects, &err),
                         ERR_FIELD_VALUE);
    }
    assert_null(objects);
}

static void fills_a_slot_once_there_is_room(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    AUTO(bytes_freep) struct bytes *large = bytes_new_size(3052);
    AUTO(virtual_pair_freep) struct virtual_pair *pair = NULL;
    AUTO(virtual_piv_objects_freep)
    struct virtual_piv_objects *objects =
        virtual_piv_objects_new(virtual_piv_profile_find("piv-full"), "7", NULL);
    assert_int_equal(virtual_pair_generate(VIRTUAL_PAIR_P256, &pair, &err), ERR_NONE);
    assert_int_equal(virtual_piv_make_slot(objects, 0x82, pair, span_bytes(large), &err),
                     ERR_TOKEN_NO_SPACE);
    assert_int_equal(virtual_piv_make_slot(objects, 0x96, pair, span_of(large->at, 9), &err),
                     ERR_TOKEN_NO_SPACE);
    assert_int_equal(virtual_piv_make_slot(objects, 0x82, TAKE(pair), span_of(large->at, 9), &err),
                     ERR_NONE);
    assert_non_null(virtual_piv_objects_slot(objects, 0x82)->pair);
    assert_int_equal(virtual_piv_objects_get(objects, 0x5FC10D)->len, 11 + 3 + 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_a_signature_key_with_its_certificate),
        cmocka_unit_test(takes_a_management_key_of_its_own),
        cmocka_unit_test(refuses_what_the_profile_does_not_allow),
        cmocka_unit_test(fills_a_slot_once_there_is_room),
    };
    return cmocka_run_group_tests(tests, open_desk, close_desk);
}
