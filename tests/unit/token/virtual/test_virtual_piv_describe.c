#include "token/virtual/virtual_piv_describe.h"

#include "authority.h"
#include "base/json.h"
#include "piv_bench.h"
#include "token/virtual/virtual_piv_make.h"
#include "token/virtual/virtual_piv_tlv.h"

#define GUID "00112233445566778899AABBCCDDEEFF"
#define DESCRIPTION_BYTES_MAX (64 * 1024)

static struct virtual_piv_objects *make(const char *profile)
{
    struct err err = ERR_INIT;
    struct authority authority;
    struct virtual_piv_objects *objects = NULL;
    AUTO(virtual_issuer_freep) struct virtual_issuer *issuer = NULL;
    const struct virtual_piv_wish wish = {
        .profile = virtual_piv_profile_find(profile),
        .serial = strcmp(profile, "piv-full") == 0 ? "7" : GUID,
        .label = "UKEY",
        .pin = "654321",
        .puk = "12345678",
        .kind = VIRTUAL_PAIR_P256,
        .subject = {"阳光建设工程有限公司", "张三", 1700000000, 1800000000},
    };
    authority_init(&authority);
    assert_int_equal(virtual_issuer_open(authority.sm2_cert, authority.sm2_key, &issuer, &err),
                     ERR_NONE);
    assert_int_equal(virtual_piv_make(&wish, issuer, &objects, &err), ERR_NONE);
    authority_done(&authority);
    return objects;
}

static struct json *describe(const struct virtual_piv_objects *objects)
{
    struct err err = ERR_INIT;
    struct json *out = NULL;
    AUTO(memory_freep) char *text = virtual_piv_describe(objects);
    assert_int_equal(json_parse(span_text(text), DESCRIPTION_BYTES_MAX, &out, &err), ERR_NONE);
    return out;
}

static const char *text_of(const struct json *object, const char *member)
{
    return json_text_of(json_member(object, member));
}

static struct bytes *certificate_of(const struct virtual_piv_objects *objects, uint32_t tag)
{
    struct span value;
    assert_true(
        virtual_piv_tlv_find(span_bytes(virtual_piv_objects_get(objects, tag)), 0x70, &value));
    return bytes_new(value);
}

static void says_what_is_on_a_token(void **state)
{
    (void)state;
    AUTO(virtual_piv_objects_freep) struct virtual_piv_objects *objects = make("piv-full");
    AUTO(json_freep) struct json *out = describe(objects);
    assert_string_equal(text_of(out, "serial"), "7");
    assert_string_equal(text_of(out, "label"), "UKEY");
    assert_string_equal(text_of(out, "family"), "piv");
    assert_string_equal(text_of(out, "profile"), "piv-full");
    const struct json *containers = json_member(out, "containers");
    assert_int_equal(json_count(containers), 1);
    assert_string_equal(text_of(json_item(containers, 0), "name"), "9C");
    assert_string_equal(text_of(json_item(containers, 0), "slot"), "9C");
    assert_string_equal(text_of(json_item(containers, 0), "algorithm"), "p256");
    assert_non_null(strstr(text_of(json_item(containers, 0), "sign_cert"), "BEGIN CERTIFICATE"));
    assert_null(text_of(json_item(containers, 0), "encrypt_cert"));
    assert_int_equal(json_count(json_member(out, "files")), 0);
    assert_int_equal(json_count(json_member(out, "objects")), 2);
    AUTO(memory_freep) char *pins = json_print(json_member(out, "pin"));
    assert_string_equal(pins, "{\"user\":{\"max\":3,\"left\":3,\"default\":false},"
                              "\"admin\":{\"max\":3,\"left\":3,\"default\":true}}");
}

/* The certificate of 9C once more, in 82, with these fields behind it. */
static void retire(struct virtual_piv_objects *objects, const char *more)
{
    struct err err = ERR_INIT;
    AUTO(bytes_freep) struct bytes *certificate = certificate_of(objects, 0x5FC10A);
    AUTO(bytes_freep) struct bytes *tail = bench_bytes(more);
    AUTO(buf_done) struct buf object = BUF_INIT(4096);
    virtual_piv_tlv_put(&object, 0x70, span_bytes(certificate));
    buf_add(&object, span_bytes(tail));
    struct virtual_piv_slot *slot = virtual_piv_objects_slot(objects, 0x82);
    virtual_pair_freep(&slot->pair);
    assert_int_equal(virtual_pair_generate(VIRTUAL_PAIR_P256, &slot->pair, &err), ERR_NONE);
    assert_true(virtual_piv_objects_put(objects, 0x5FC10D, buf_span(&object)));
}

static void names_slots_as_a_renewal_did(void **state)
{
    (void)state;
    static const struct {
        const char *more;
        const char *name;
        bool certificate;
    } cases[] = {
        {"710100 7207 72656E65772D31 FE00", "renew-1", true},
        {"710100 FE00", "82", true},
        {"710100 7200 FE00", "82", true},
        {"710100 720207 41 FE00", "82", true},
        {"710101 7207 72656E65772D31 FE00", "renew-1", false}, /* compressed */
    };
    AUTO(virtual_piv_objects_freep) struct virtual_piv_objects *objects = make("piv-full");
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char hex[64];
        size_t len = 0;
        for (const char *at = cases[i].more; *at != '\0'; at++)
            if (*at != ' ')
                hex[len++] = *at;
        hex[len] = '\0';
        retire(objects, hex);
        AUTO(json_freep) struct json *out = describe(objects);
        const struct json *second = json_item(json_member(out, "containers"), 1);
        assert_string_equal(text_of(second, "name"), cases[i].name);
        assert_int_equal(text_of(second, "sign_cert") != NULL, cases[i].certificate);
    }
}

static void a_pair_without_a_certificate_is_shown(void **state)
{
    (void)state;
    AUTO(virtual_piv_objects_freep) struct virtual_piv_objects *objects = make("piv-plain");
    virtual_piv_objects_remove(objects, 0x5FC10A);
    AUTO(json_freep) struct json *out = describe(objects);
    const struct json *first = json_item(json_member(out, "containers"), 0);
    assert_string_equal(text_of(first, "name"), "9C");
    assert_null(text_of(first, "sign_cert"));
}

static void puts_files_into_objects_of_its_own(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    AUTO(virtual_piv_objects_freep) struct virtual_piv_objects *objects = make("piv-full");
    assert_int_equal(virtual_piv_describe_put_file(objects, "seal", span_text("one"), &err),
                     ERR_NONE);
    assert_int_equal(virtual_piv_describe_put_file(objects, "second", span_text("two"), &err),
                     ERR_NONE);
    assert_int_equal(virtual_piv_describe_put_file(objects, "third", span_text("3"), &err),
                     ERR_TOKEN_NO_SPACE);
    assert_int_equal(virtual_piv_describe_put_file(objects, "seal", span_text("again"), &err),
                     ERR_NONE);
    AUTO(json_freep) struct json *out = describe(objects);
    const struct json *files = json_member(out, "files");
    assert_int_equal(json_count(files), 2);
    assert_string_equal(text_of(json_item(files, 0), "name"), "seal");
    assert_string_equal(text_of(json_item(files, 0), "content"), "YWdhaW4=");
    assert_string_equal(text_of(json_item(files, 1), "name"), "second");
}

static void refuses_files_without_room(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    AUTO(bytes_freep) struct bytes *large = bytes_new_size(VIRTUAL_FILE_BYTES_MAX);
    AUTO(virtual_piv_objects_freep) struct virtual_piv_objects *full = make("piv-full");
    AUTO(virtual_piv_objects_freep) struct virtual_piv_objects *plain = make("piv-plain");
    /* 80 seal, 81 with a length of three bytes. */
    size_t room = 3052 - 2 - 4 - 4;
    assert_int_equal(virtual_piv_describe_put_file(full, "seal", span_of(large->at, room), &err),
                     ERR_NONE);
    assert_int_equal(
        virtual_piv_describe_put_file(full, "seal", span_of(large->at, room + 1), &err),
        ERR_TOKEN_NO_SPACE);
    assert_int_equal(virtual_piv_describe_put_file(full, "seal", span_bytes(large), &err),
                     ERR_TOKEN_NO_SPACE);
    assert_int_equal(virtual_piv_describe_put_file(plain, "seal", span_text("1"), &err),
                     ERR_TOKEN_NO_SPACE);
    assert_int_equal(virtual_piv_describe_put_file(full, "", span_text("1"), &err),
                     ERR_FIELD_VALUE);
    assert_int_equal(virtual_piv_describe_put_file(full, "a name that is longer than 32 bytes",
                                                   span_text("1"), &err),
                     ERR_FIELD_VALUE);
    assert_int_equal(virtual_piv_describe_put_file(full, "seal", SPAN_NONE, &err), ERR_FIELD_VALUE);
}

static void finds_the_pair_of_a_certificate(void **state)
{
    (void)state;
    AUTO(virtual_piv_objects_freep) struct virtual_piv_objects *objects = make("piv-full");
    AUTO(bytes_freep) struct bytes *certificate = certificate_of(objects, 0x5FC10A);
    struct virtual_piv_slot *slot = virtual_piv_objects_slot(objects, 0x9C);
    assert_ptr_equal(virtual_piv_describe_pair_for(objects, span_bytes(certificate)), slot->pair);
    /* Wherever it is moved. */
    virtual_piv_objects_slot(objects, 0x95)->pair = TAKE(slot->pair);
    assert_non_null(virtual_piv_describe_pair_for(objects, span_bytes(certificate)));
    virtual_pair_freep(&virtual_piv_objects_slot(objects, 0x95)->pair);
    assert_null(virtual_piv_describe_pair_for(objects, span_bytes(certificate)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_is_on_a_token),
        cmocka_unit_test(names_slots_as_a_renewal_did),
        cmocka_unit_test(a_pair_without_a_certificate_is_shown),
        cmocka_unit_test(puts_files_into_objects_of_its_own),
        cmocka_unit_test(refuses_files_without_room),
        cmocka_unit_test(finds_the_pair_of_a_certificate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
