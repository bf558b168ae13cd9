#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "base/hex.h"
#include "certs/seal.h"
#include "seal_fixture.h"

static struct seal_world *sm2, *rsa;

static const uint8_t picture[] = {0x89, 'P', 'N', 'G', 0x0D, 0x0A, 0x1A, 0x0A};

static struct seal_wish good_wish(const struct seal_world *world, struct span holders[2])
{
    holders[0] = span_bytes(world->other_holder);
    holders[1] = span_bytes(world->holder);
    return (struct seal_wish){
        .version = SEAL_V4,
        .vendor = "TEST&V",
        .id = "4401040123456",
        .name = "阳光建设有限公司",
        .type = 1,
        .created_utc = FIXTURE_NOW - 10,
        .valid_from_utc = FIXTURE_NOW,
        .valid_until_utc = FIXTURE_NOW + 365 * FIXTURE_DAY,
        .list = SEAL_LIST_CERTIFICATES,
        .holder_count = 2,
        .holders = holders,
        .picture_type = "PNG",
        .picture = SPAN_ARRAY(picture),
        .picture_width_mm = 40,
        .picture_height_mm = 30,
        .maker_cert = span_bytes(world->maker),
    };
}

static void check_facts(const struct seal_wish *wish, const struct seal_facts *facts)
{
    assert_int_equal(facts->version, wish->version);
    assert_string_equal(facts->vendor, wish->vendor);
    assert_string_equal(facts->id, wish->id);
    assert_string_equal(facts->name, wish->name);
    assert_int_equal(facts->type, wish->type);
    assert_int_equal(facts->created_utc, wish->created_utc);
    assert_int_equal(facts->valid_from_utc, wish->valid_from_utc);
    assert_int_equal(facts->valid_until_utc, wish->valid_until_utc);
    assert_int_equal(facts->list, wish->list);
    assert_int_equal(facts->holder_count, wish->holder_count);
    assert_string_equal(facts->picture_type, wish->picture_type);
    assert_true(span_equal(facts->picture, wish->picture));
    assert_int_equal(facts->picture_width_mm, wish->picture_width_mm);
    assert_int_equal(facts->picture_height_mm, wish->picture_height_mm);
    assert_true(span_equal(facts->maker_cert, wish->maker_cert));
}

static void check_made(const struct seal_world *world, enum seal_version version,
                       enum seal_list list)
{
    struct span holders[2];
    struct seal_wish wish = good_wish(world, holders);
    AUTO(bytes_freep) struct bytes *der = NULL;
    AUTO(seal_freep) struct seal *seal = NULL;
    struct seal_check check = seal_fixture_check(world);
    struct err err = ERR_INIT;
    wish.version = version;
    wish.list = list;
    if (seal_make(&wish, &world->maker_key->signer, &der, &err) != ERR_NONE)
        fail_msg("%s: %s", err_code_text(err.code), err.detail);
    assert_int_equal(seal_parse(span_bytes(der), &seal, &err), ERR_NONE);
    check_facts(&wish, seal_peek(seal));
    if (seal_verify(seal, &check, &err) != ERR_NONE)
        fail_msg("%s: %s", err_code_text(err.code), err.detail);
    check.signer = world->other_holder_cert;
    assert_int_equal(seal_verify(seal, &check, &err), ERR_NONE);
}

static void what_is_made_verifies(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const struct seal_world *world = i == 0 ? sm2 : rsa;
        check_made(world, SEAL_V1, SEAL_LIST_CERTIFICATES);
        check_made(world, SEAL_V4, SEAL_LIST_CERTIFICATES);
        check_made(world, SEAL_V4, SEAL_LIST_DIGESTS);
    }
}

/* ---- known answers ---- */

static char *info_hex(enum seal_version version, enum seal_list list)
{
    struct span holders[2];
    struct seal_wish wish = good_wish(sm2, holders);
    AUTO(bytes_freep) struct bytes *der = NULL;
    struct err err = ERR_INIT;
    wish.version = version;
    wish.list = list;
    wish.holders = &holders[1];
    wish.holder_count = 1;
    assert_int_equal(seal_make(&wish, &sm2->maker_key->signer, &der, &err), ERR_NONE);
    return hex_encode(span_bytes(der));
}

#define HEADER_AND_ID(version) \
    "300F" \
    "16024553" \
    "0201" version "1606" \
    "544553542656" \
    "160D" \
    "34343031303430313233343536"
#define NAME "0201010C18E998B3E58589E5BBBAE8AEBEE69C89E99990E585ACE58FB8"
#define PICTURE \
    "3015" \
    "1603504E47" \
    "040889504E470D0A1A0A" \
    "020128" \
    "02011E"
#define SM3_OBJECT \
    "3029302713" \
    "03534D330420"

static void check_inside(const char *hex, const char *expected)
{
    if (strstr(hex, expected) == NULL)
        fail_msg("%s\nis not in %s", expected, hex);
}

static void v4_with_digests_has_its_layout(void **state)
{
    (void)state;
    AUTO(memory_freep) char *hex = info_hex(SEAL_V4, SEAL_LIST_DIGESTS);
    uint8_t digest[32];
    assert_int_equal(EVP_Digest(sm2->holder->at, sm2->holder->len, digest, NULL, EVP_sm3(), NULL),
                     1);
    AUTO(memory_freep) char *digest_hex = hex_encode(SPAN_ARRAY(digest));
    AUTO(memory_freep)
    char *expected =
        memory_printf("3081B7" HEADER_AND_ID("04") "307E" NAME "020102" SM3_OBJECT "%s"
                                                   "180F32303235313233313233353935305A"
                                                   "180F32303236303130313030303030305A"
                                                   "180F32303237303130313030303030305A" PICTURE,
                      digest_hex);
    check_inside(hex, expected);
}

static void v1_has_its_layout(void **state)
{
    (void)state;
    AUTO(memory_freep) char *hex = info_hex(SEAL_V1, SEAL_LIST_CERTIFICATES);
    AUTO(memory_freep) char *holder = hex_encode(span_bytes(sm2->holder));
    AUTO(memory_freep) char *maker = hex_encode(span_bytes(sm2->maker));
    AUTO(memory_freep)
    char *expected = memory_printf("0482%04zX%s"
                                   "170D3235313233313233353935305A"
                                   "170D3236303130313030303030305A"
                                   "170D3237303130313030303030305A" PICTURE "3082",
                                   sm2->holder->len, holder);
    AUTO(memory_freep)
    char *signature_of = memory_printf("0482%04zX%s"
                                       "06082A811CCF55018375"
                                       "03",
                                       sm2->maker->len, maker);
    check_inside(hex, HEADER_AND_ID("01") "3082");
    check_inside(hex, NAME "3082");
    check_inside(hex, expected);
    check_inside(hex, signature_of);
}

/* ---- refusals ---- */

static enum err_code make(const struct seal_wish *wish, struct err *err)
{
    struct bytes *der = NULL;
    int calls = sm2->maker_key->calls;
    *err = ERR_INIT;
    enum err_code code = seal_make(wish, &sm2->maker_key->signer, &der, err);
    if (code != ERR_NONE) {
        assert_null(der);
        assert_int_equal(sm2->maker_key->calls, calls);
    }
    bytes_free(der);
    return code;
}

static void change_version(struct seal_wish *wish)
{
    wish->version = SEAL_V5;
}
static void change_version_3(struct seal_wish *wish)
{
    wish->version = (enum seal_version)3;
}
static void change_v1_digests(struct seal_wish *wish)
{
    wish->version = SEAL_V1;
    wish->list = SEAL_LIST_DIGESTS;
}
static void change_list(struct seal_wish *wish)
{
    wish->list = (enum seal_list)3;
}
static void change_vendor(struct seal_wish *wish)
{
    wish->vendor = "厂商";
}
static void change_id(struct seal_wish *wish)
{
    wish->id = "";
}
static void change_name(struct seal_wish *wish)
{
    wish->name = "\xE9\x98";
}
static void change_name_control(struct seal_wish *wish)
{
    wish->name = "a\033[2J";
}
static void change_type(struct seal_wish *wish)
{
    wish->type = -1;
}
static void change_order(struct seal_wish *wish)
{
    wish->valid_until_utc = wish->valid_from_utc;
}
static void change_v1_late(struct seal_wish *wish)
{
    wish->version = SEAL_V1;
    wish->valid_until_utc = INT64_C(2524608000);
}
static void change_v1_early(struct seal_wish *wish)
{
    wish->version = SEAL_V1;
    wish->created_utc = INT64_C(-631152001);
}
static void change_late(struct seal_wish *wish)
{
    wish->valid_until_utc = INT64_C(253402300800);
}
static void change_count_0(struct seal_wish *wish)
{
    wish->holder_count = 0;
}
static void change_holder(struct seal_wish *wish)
{
    static struct span holders[1];
    holders[0] = span_part(wish->holders[0], 0, wish->holders[0].len - 1);
    wish->holders = holders;
    wish->holder_count = 1;
    wish->list = SEAL_LIST_DIGESTS;
}
static void change_picture_type(struct seal_wish *wish)
{
    wish->picture_type = "";
}
static void change_picture(struct seal_wish *wish)
{
    wish->picture = SPAN_NONE;
}
static void change_width(struct seal_wish *wish)
{
    wish->picture_width_mm = 0;
}
static void change_width_more(struct seal_wish *wish)
{
    wish->picture_width_mm = SEAL_PICTURE_MM_MAX + 1;
}
static void change_height(struct seal_wish *wish)
{
    wish->picture_height_mm = -5;
}
static void change_maker(struct seal_wish *wish)
{
    wish->maker_cert = span_bytes(sm2->holder);
}
static void change_maker_cut(struct seal_wish *wish)
{
    wish->maker_cert.len--;
}

static void what_a_seal_cant_say_is_refused_unsigned(void **state)
{
    (void)state;
    static void (*const changes[])(struct seal_wish * wish) = {
        change_version, change_version_3, change_v1_digests, change_list,
        change_vendor,  change_id,        change_name,       change_name_control,
        change_type,    change_order,     change_v1_late,    change_v1_early,
        change_late,    change_count_0,   change_holder,     change_picture_type,
        change_picture, change_width,     change_width_more, change_height,
        change_maker,   change_maker_cut,
    };
    for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
        struct span holders[2];
        struct seal_wish wish = good_wish(sm2, holders);
        struct err err;
        changes[i](&wish);
        if (make(&wish, &err) != ERR_FIELD_VALUE)
            fail_msg("change %zu: %s: %s", i, err_code_text(err.code), err.detail);
    }
}

static void holders_have_a_limit(void **state)
{
    (void)state;
    struct span holders[SEAL_HOLDERS_MAX + 1];
    struct seal_wish wish = good_wish(sm2, holders);
    struct err err;
    for (size_t i = 0; i < ARRAY_SIZE(holders); i++)
        holders[i] = span_bytes(sm2->holder);
    wish.list = SEAL_LIST_DIGESTS;
    wish.holder_count = SEAL_HOLDERS_MAX;
    assert_int_equal(make(&wish, &err), ERR_NONE);
    wish.holder_count = SEAL_HOLDERS_MAX + 1;
    assert_int_equal(make(&wish, &err), ERR_FIELD_VALUE);
}

static void a_v1_seal_ends_by_2049(void **state)
{
    (void)state;
    struct span holders[2];
    struct seal_wish wish = good_wish(sm2, holders);
    struct err err;
    wish.version = SEAL_V1;
    wish.created_utc = INT64_C(-631152000);
    wish.valid_until_utc = INT64_C(2524607999);
    assert_int_equal(make(&wish, &err), ERR_NONE);
}

static size_t made_bytes(size_t picture_bytes, enum seal_version version, enum err_code *out_code)
{
    AUTO(bytes_freep) struct bytes *large = bytes_new_size(picture_bytes);
    AUTO(bytes_freep) struct bytes *der = NULL;
    struct span holders[2];
    struct seal_wish wish = good_wish(sm2, holders);
    struct err err = ERR_INIT;
    wish.version = version;
    wish.picture = span_bytes(large);
    *out_code = seal_make(&wish, &sm2->maker_key->signer, &der, &err);
    return der == NULL ? 0 : der->len;
}

/* A signature of SM2 has 70 to 72 bytes, so the last bytes are not tried one by one. */
static void a_seal_has_a_limit(void **state)
{
    (void)state;
    static const enum seal_version versions[] = {SEAL_V1, SEAL_V4};
    for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
        enum err_code code;
        size_t around = made_bytes(40000, versions[i], &code) - 40000;
        assert_int_equal(code, ERR_NONE);
        size_t bytes = made_bytes(SEAL_BYTES_MAX - around - 4, versions[i], &code);
        assert_int_equal(code, ERR_NONE);
        assert_in_range(bytes, SEAL_BYTES_MAX - 8, SEAL_BYTES_MAX);
        (void)made_bytes(SEAL_BYTES_MAX - around + 8, versions[i], &code);
        assert_int_equal(code, ERR_SEAL_TOO_LARGE);
        int calls = sm2->maker_key->calls;
        (void)made_bytes(SEAL_BYTES_MAX - around + (versions[i] == SEAL_V1 ? 300 : 2000),
                         versions[i], &code);
        assert_int_equal(code, ERR_SEAL_TOO_LARGE);
        assert_int_equal(sm2->maker_key->calls, calls);
        (void)made_bytes(SEAL_BYTES_MAX, versions[i], &code);
        assert_int_equal(code, ERR_SEAL_TOO_LARGE);
        (void)made_bytes(SEAL_BYTES_MAX + 1000, versions[i], &code);
        assert_int_equal(code, ERR_SEAL_TOO_LARGE);
    }
}

static void the_signers_error_is_handed_on(void **state)
{
    (void)state;
    struct span holders[2];
    struct seal_wish wish = good_wish(sm2, holders);
    struct bytes *der = NULL;
    struct err err = ERR_INIT;
    sm2->maker_key->refuse_with = ERR_PIN_WRONG;
    enum err_code code = seal_make(&wish, &sm2->maker_key->signer, &der, &err);
    sm2->maker_key->refuse_with = ERR_NONE;
    assert_int_equal(code, ERR_PIN_WRONG);
    assert_int_equal(err.foreign, 0x63C2);
    assert_null(der);
}

static enum err_code sign_with_another_key(void *self, struct span input, struct bytes **out,
                                           struct err *err)
{
    (void)self;
    return sm2->holder_key->signer.sign(sm2->holder_key, input, out, err);
}

static void a_signers_nonsense_is_found_out(void **state)
{
    (void)state;
    struct span holders[2];
    struct seal_wish wish = good_wish(sm2, holders);
    struct signer liar = sm2->maker_key->signer;
    struct bytes *der = NULL;
    struct err err = ERR_INIT;
    liar.sign = sign_with_another_key;
    assert_int_equal(seal_make(&wish, &liar, &der, &err), ERR_SEAL_SIGNATURE);
    assert_null(der);
}

static int make_worlds(void **state)
{
    (void)state;
    sm2 = seal_world_new(CERT_SM2);
    rsa = seal_world_new(CERT_RSA);
    return 0;
}

static int free_worlds(void **state)
{
    (void)state;
    seal_world_freep(&sm2);
    seal_world_freep(&rsa);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(what_is_made_verifies, fixture_no_errors_left),
        cmocka_unit_test_teardown(v4_with_digests_has_its_layout, fixture_no_errors_left),
        cmocka_unit_test_teardown(v1_has_its_layout, fixture_no_errors_left),
        cmocka_unit_test_teardown(what_a_seal_cant_say_is_refused_unsigned, fixture_no_errors_left),
        cmocka_unit_test_teardown(holders_have_a_limit, fixture_no_errors_left),
        cmocka_unit_test_teardown(a_v1_seal_ends_by_2049, fixture_no_errors_left),
        cmocka_unit_test_teardown(a_seal_has_a_limit, fixture_no_errors_left),
        cmocka_unit_test_teardown(the_signers_error_is_handed_on, fixture_no_errors_left),
        cmocka_unit_test_teardown(a_signers_nonsense_is_found_out, fixture_no_errors_left),
    };
    return cmocka_run_group_tests_name("certs/seal_make", tests, make_worlds, free_worlds);
}
