#include "portal/portal_piv_secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "base/hex.h"
#include "portal/portal_piv_version.h"
#include "portal/portal_secret_file.h"
#include "world.h"

/* With a master secret of 32 bytes 5A. */
static struct portal *portal_of_5a(void)
{
    struct portal *portal = world_bare();
    struct err err = ERR_INIT;
    world_must(secret_new(PORTAL_SECRET_BYTES, &portal->admin_pin_key, &err), &err);
    memset(secret_room(portal->admin_pin_key), 0x5A, PORTAL_SECRET_BYTES);
    secret_set_length(portal->admin_pin_key, PORTAL_SECRET_BYTES);
    return portal;
}

static struct secret *management_key_of(const struct portal *portal, const char *serial,
                                        int64_t version, const char *algorithm)
{
    struct secret *key = NULL;
    struct err err = ERR_INIT;
    world_must(portal_piv_management_key(portal, serial, version, portal_piv_cipher_find(algorithm),
                                         &key, &err),
               &err);
    return key;
}

static struct secret *management_key(const struct portal *portal, const char *serial,
                                     const char *algorithm)
{
    return management_key_of(portal, serial, 1, algorithm);
}

static struct secret *puk_of(const struct portal *portal, const char *serial, int64_t version)
{
    struct secret *puk = NULL;
    struct err err = ERR_INIT;
    world_must(portal_piv_puk(portal, serial, version, &puk, &err), &err);
    return puk;
}

static void assert_secret_is(const struct secret *secret, struct span wanted)
{
    assert_int_equal(secret_peek(secret).len, wanted.len);
    assert_memory_equal(secret_peek(secret).at, wanted.at, wanted.len);
}

/* Computed apart from this program. A change would lock every key that is in use. */
static void the_derivation_stays_what_it_is(void **state)
{
    (void)state;
    static const struct {
        const char *algorithm, *key;
        const char *challenge, *cryptogram;
    } keys[] = {
        {"3des", "57FEB3FE37EC9891C8F1A1B6CDA4FBFB57D040F12C7C8931", "8 bytes!",
         "9B78F1BAF452C616"},
        {"aes128", "A9369844203B235B9BBB0EDCBFB0E387", "sixteen bytes it",
         "050ABA92972C6E2EC62208FBAEC6F7B9"},
        {"aes192", "5E4B33760D6AE7D11613C8DB761E065D7915DE076217F576", "sixteen bytes it",
         "D37FA418DF2D81C1F3FB180E0C59EF2A"},
        {"aes256", "821F657B9169567D2DAF6002F2B76522F2EE4084287FA09CB4802A213991E0E7",
         "sixteen bytes it", "2040F6AB5C9A9682E9C616F0CB8A4870"},
    };
    static const struct {
        int64_t version;
        const char *puk;
    } puks[] = {{1, "72345446"}, {2, "97537980"}, {3, "12447426"}, {4294967295, "01397469"}};
    struct portal *portal = portal_of_5a();
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        AUTO(secret_freep)
        struct secret *key = management_key(portal, "12345678", keys[i].algorithm);
        AUTO(bytes_freep) struct bytes *wanted = fixture_hex(keys[i].key);
        AUTO(bytes_freep) struct bytes *cryptogram = fixture_hex(keys[i].cryptogram);
        AUTO(bytes_freep) struct bytes *made = NULL;
        struct err err = ERR_INIT;
        assert_secret_is(key, span_bytes(wanted));
        world_must(portal_piv_encipher(portal_piv_cipher_find(keys[i].algorithm), key,
                                       span_text(keys[i].challenge), &made, &err),
                   &err);
        assert_true(span_equal(span_bytes(made), span_bytes(cryptogram)));
    }
    for (size_t i = 0; i < ARRAY_SIZE(puks); i++) {
        AUTO(secret_freep) struct secret *puk = puk_of(portal, "12345678", puks[i].version);
        assert_secret_is(puk, span_text(puks[i].puk));
    }
    portal_free(portal);
}

static void keys_are_each_tokens_own(void **state)
{
    const struct world *world = *state;
    AUTO(secret_freep) struct secret *a = management_key(world->portal, "S1", "aes192");
    AUTO(secret_freep) struct secret *b = management_key(world->portal, "S2", "aes192");
    AUTO(secret_freep) struct secret *c = management_key(world->portal, "S1", "3des");
    AUTO(secret_freep) struct secret *p = puk_of(world->portal, "S1", 1);
    AUTO(secret_freep) struct secret *q = puk_of(world->portal, "S2", 1);
    AUTO(secret_freep) struct secret *r = puk_of(world->portal, "S1", 2);
    assert_false(secret_equal(a, b));
    assert_false(secret_equal(a, c));
    assert_false(secret_equal(p, q));
    assert_false(secret_equal(p, r));
}

static void des_keys_have_odd_parity_and_good_parts(void **state)
{
    const struct world *world = *state;
    for (int i = 0; i < 64; i++) {
        AUTO(memory_freep) char *serial = memory_printf("S%d", i);
        AUTO(secret_freep) struct secret *key = management_key(world->portal, serial, "3des");
        struct span bytes = secret_peek(key);
        assert_int_equal(bytes.len, 24);
        for (size_t at = 0; at < bytes.len; at++)
            assert_int_equal(__builtin_popcount(bytes.at[at]) % 2, 1);
        assert_true(portal_piv_3des_key_good(bytes.at));
    }
}

static void weak_des_keys_are_known(void **state)
{
    (void)state;
    static const char *const bad[] = {
        /* equal parts */
        "0123456789ABCDEF0123456789ABCDEFFEDCBA9876543210",
        "0123456789ABCDEFFEDCBA98765432100123456789ABCDEF",
        "FEDCBA98765432100123456789ABCDEF0123456789ABCDEF",
        /* weak and semi-weak ones at each place */
        "0101010101010101FEDCBA98765432100123456789ABCDEF",
        "FEDCBA9876543210FEFEFEFEFEFEFEFE0123456789ABCDEF",
        "FEDCBA98765432100123456789ABCDEF1F1F1F1F0E0E0E0E",
        "E0E0E0E0F1F1F1F1FEDCBA98765432100123456789ABCDEF",
        "FEDCBA98765432101FE01FE00EF10EF10123456789ABCDEF",
        "FEDCBA98765432100123456789ABCDEFFEE0FEE0FEF1FEF1",
    };
    AUTO(bytes_freep)
    struct bytes *good = fixture_hex("FEDCBA98765432100123456789ABCDEF1032547698BADCFE");
    assert_true(portal_piv_3des_key_good(good->at));
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        AUTO(bytes_freep) struct bytes *key = fixture_hex(bad[i]);
        if (portal_piv_3des_key_good(key->at))
            fail_msg("%s passes for good", bad[i]);
    }
}

static void puks_are_eight_digits(void **state)
{
    const struct world *world = *state;
    for (int64_t version = 1; version < 100; version++) {
        AUTO(secret_freep) struct secret *puk = puk_of(world->portal, "S1", version);
        assert_int_equal(secret_peek(puk).len, 8);
        for (size_t i = 0; i < 8; i++)
            assert_in_range(secret_peek(puk).at[i], '0', '9');
    }
    struct secret *none = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(portal_piv_puk(world->portal, "S1", 0, &none, &err), ERR_INTERNAL);
    assert_int_equal(portal_piv_puk(world->portal, "S1", INT64_C(4294967296), &none, &err),
                     ERR_INTERNAL);
    assert_null(none);
}

static void a_challenge_is_one_block(void **state)
{
    const struct world *world = *state;
    static const struct {
        const char *algorithm;
        size_t length;
        bool good;
    } cases[] = {
        {"3des", 0, false},    {"3des", 7, false},   {"3des", 8, true},     {"3des", 9, false},
        {"3des", 16, false},   {"aes128", 8, false}, {"aes128", 15, false}, {"aes128", 16, true},
        {"aes192", 17, false}, {"aes192", 16, true}, {"aes256", 32, false}, {"aes256", 16, true},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(secret_freep)
        struct secret *key = management_key(world->portal, "S1", cases[i].algorithm);
        AUTO(bytes_freep) struct bytes *challenge = bytes_new_size(cases[i].length);
        AUTO(bytes_freep) struct bytes *answer = NULL;
        struct err err = ERR_INIT;
        assert_int_equal(portal_piv_encipher(portal_piv_cipher_find(cases[i].algorithm), key,
                                             span_bytes(challenge), &answer, &err),
                         cases[i].good ? ERR_NONE : ERR_FIELD_VALUE);
        assert_int_equal(answer == NULL ? 0 : answer->len, cases[i].good ? cases[i].length : 0);
    }
}

static void names_and_serials_have_limits(void **state)
{
    static const struct {
        int length;
        enum err_code code;
    } cases[] = {{0, ERR_FIELD_VALUE},
                 {1, ERR_NONE},
                 {PORTAL_SERIAL_BYTES_MAX, ERR_NONE},
                 {PORTAL_SERIAL_BYTES_MAX + 1, ERR_FIELD_VALUE}};
    const struct world *world = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(memory_freep)
        char *serial = memory_printf("%0*d", cases[i].length, 7);
        AUTO(secret_freep) struct secret *key = NULL;
        AUTO(secret_freep) struct secret *puk = NULL;
        struct err err = ERR_INIT;
        if (cases[i].length == 0)
            serial[0] = '\0';
        assert_int_equal(portal_piv_management_key(world->portal, serial, 1,
                                                   portal_piv_cipher_find("3des"), &key, &err),
                         cases[i].code);
        assert_int_equal(portal_piv_puk(world->portal, serial, 1, &puk, &err), cases[i].code);
    }
    assert_null(portal_piv_cipher_find("des"));
    assert_null(portal_piv_cipher_find(""));
    assert_null(portal_piv_cipher_find("AES128"));
}

static int64_t count_text(struct portal *portal, struct span text)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    AUTO(memory_freep) char *copy = memory_printf("%.*s", (int)text.len, (const char *)text.at);
    struct err err = ERR_INIT;
    world_must(portal_db_query(portal->db,
                               "SELECT count(*) FROM audit WHERE instr(detail || subject, ?)",
                               PORTAL_VALUES(PORTAL_TEXT(copy)), &query, &err),
               &err);
    world_must(portal_query_one(query, &err), &err);
    return portal_query_integer(query, 0);
}

static void showing_them_is_noted_without_them(void **state)
{
    struct world *world = *state;
    AUTO(portal_piv_secrets_done) struct portal_piv_secrets secrets = {0};
    AUTO(secret_freep) struct secret *key = management_key(world->portal, "NOTYET", "aes256");
    AUTO(secret_freep) struct secret *puk = puk_of(world->portal, "NOTYET", 1);
    struct err err = ERR_INIT;
    world_must(portal_piv_secrets_show(world->portal, "NOTYET", portal_piv_cipher_find("aes256"), 0,
                                       &secrets, &err),
               &err);
    assert_true(secret_equal(secrets.management_key, key));
    assert_true(secret_equal(secrets.puk, puk));
    assert_int_equal(world_count(world->portal,
                                 "SELECT count(*) FROM audit WHERE event = 'piv-secrets.shown' "
                                 "AND subject = 'NOTYET' AND detail = "
                                 "'aes256, management key 1, PUK 1'"),
                     1);
    AUTO(memory_freep) char *hex = hex_encode(secret_peek(key));
    assert_int_equal(count_text(world->portal, secret_peek(puk)), 0);
    assert_int_equal(count_text(world->portal, span_text(hex)), 0);
}

static void each_version_is_another_management_key(void **state)
{
    struct world *world = *state;
    AUTO(secret_freep) struct secret *first = management_key(world->portal, "S1", "aes192");
    AUTO(secret_freep) struct secret *second = management_key_of(world->portal, "S1", 2, "aes192");
    static const int64_t bad[] = {0, -1, INT64_C(4294967296)};
    assert_false(secret_equal(first, second));
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct secret *none = NULL;
        struct err err = ERR_INIT;
        assert_int_equal(portal_piv_management_key(world->portal, "S1", bad[i],
                                                   portal_piv_cipher_find("aes192"), &none, &err),
                         ERR_INTERNAL);
        assert_null(none);
    }
}

static void what_an_operator_set_is_shown(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_piv_key_new(world, CERT_P256, 20);
    AUTO(secret_freep) struct secret *old_puk = puk_of(world->portal, key->serial, 1);
    AUTO(secret_freep) struct secret *puk = puk_of(world->portal, key->serial, 2);
    AUTO(secret_freep)
    struct secret *management = management_key_of(world->portal, key->serial, 3, "3des");
    AUTO(portal_piv_secrets_done) struct portal_piv_secrets now = {0};
    AUTO(portal_piv_secrets_done) struct portal_piv_secrets before = {0};
    AUTO(portal_piv_secrets_done) struct portal_piv_secrets none = {0};
    const struct portal_piv_cipher *cipher = portal_piv_cipher_find("3des");
    const struct portal_piv_setting setting = {.puk = 2, .management = 3};
    struct err err = ERR_INIT;
    world_must(portal_piv_version_set(world->portal, key->serial, &setting, &err), &err);
    world_must(portal_piv_secrets_show(world->portal, key->serial, cipher, 0, &now, &err), &err);
    world_must(portal_piv_secrets_show(world->portal, key->serial, cipher, 1, &before, &err), &err);
    assert_true(secret_equal(now.puk, puk));
    assert_true(secret_equal(now.management_key, management));
    assert_true(secret_equal(before.puk, old_puk));
    assert_int_equal(portal_piv_secrets_show(world->portal, key->serial, cipher, 3, &none, &err),
                     ERR_FIELD_VALUE);
    assert_null(none.puk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_derivation_stays_what_it_is),
        cmocka_unit_test(keys_are_each_tokens_own),
        cmocka_unit_test(des_keys_have_odd_parity_and_good_parts),
        cmocka_unit_test(weak_des_keys_are_known),
        cmocka_unit_test(puks_are_eight_digits),
        cmocka_unit_test(a_challenge_is_one_block),
        cmocka_unit_test(names_and_serials_have_limits),
        cmocka_unit_test(showing_them_is_noted_without_them),
        cmocka_unit_test(each_version_is_another_management_key),
        cmocka_unit_test(what_an_operator_set_is_shown),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
