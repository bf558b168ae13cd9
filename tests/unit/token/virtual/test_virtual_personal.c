#include "token/virtual/virtual_personal.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "authority.h"
#include "base/json.h"
#include "bench.h"

static struct virtual_personal usual(void)
{
    return (struct virtual_personal){
        .profile = virtual_profile_find("longmai"),
        .serial = "K1",
        .label = "投标锁",
        .pin = "123456",
        .admin_pin = "12345678",
        .container = "personalCert00",
        .kind = VIRTUAL_PAIR_SM2,
        .subject = {"阳光建设工程有限公司", "张三", 1700000000, 1790000000},
    };
}

static enum err_code make(const struct authority *authority, const struct virtual_personal *wish,
                          struct virtual_objects **out, struct err *err)
{
    AUTO(virtual_issuer_freep) struct virtual_issuer *issuer = NULL;
    assert_int_equal(virtual_issuer_open(authority->sm2_cert, authority->sm2_key, &issuer, err),
                     ERR_NONE);
    return virtual_personal_make(wish, issuer, out, err);
}

static void makes_a_bidder_s_key(void **state)
{
    (void)state;
    struct authority authority;
    struct err err = ERR_INIT;
    struct virtual_personal wish = usual();
    authority_init(&authority);
    for (int single = 0; single <= 1; single++) {
        AUTO(virtual_objects_freep) struct virtual_objects *objects = NULL;
        wish.single = single == 1;
        assert_int_equal(make(&authority, &wish, &objects, &err), ERR_NONE);
        const struct virtual_application *application = objects->applications[0];
        const struct virtual_slot *slots = application->containers[0]->slots;
        assert_string_equal(application->name.at, "GM3000APP");
        assert_int_equal(application->pins[VIRTUAL_PIN_USER].left, 10);
        assert_non_null(slots[VIRTUAL_SLOT_SIGN].certificate);
        assert_int_equal(slots[VIRTUAL_SLOT_ENCRYPT].certificate != NULL, single == 0);
        assert_int_equal(slots[VIRTUAL_SLOT_ENCRYPT].pair != NULL, single == 0);
    }
    authority_done(&authority);
}

static void finds_the_pair_of_a_certificate(void **state)
{
    (void)state;
    struct authority authority;
    struct err err = ERR_INIT;
    struct virtual_personal wish = usual();
    AUTO(virtual_objects_freep) struct virtual_objects *one = NULL;
    AUTO(virtual_objects_freep) struct virtual_objects *other = NULL;
    authority_init(&authority);
    assert_int_equal(make(&authority, &wish, &one, &err), ERR_NONE);
    assert_int_equal(make(&authority, &wish, &other, &err), ERR_NONE);
    const struct virtual_slot *slots = one->applications[0]->containers[0]->slots;
    for (size_t i = 0; i < 2; i++) {
        struct span der = span_bytes(slots[i].certificate);
        assert_ptr_equal(virtual_personal_pair_for(one, der), slots[i].pair);
        assert_null(virtual_personal_pair_for(other, der));
    }
    assert_null(virtual_personal_pair_for(one, span_text("no certificate")));
    assert_null(virtual_personal_pair_for(one, SPAN_NONE));
    authority_done(&authority);
}

static void describes_a_key_without_its_secrets(void **state)
{
    (void)state;
    struct authority authority;
    struct err err = ERR_INIT;
    struct virtual_personal wish = usual();
    AUTO(virtual_objects_freep) struct virtual_objects *objects = NULL;
    AUTO(json_freep) struct json *json = NULL;
    authority_init(&authority);
    assert_int_equal(make(&authority, &wish, &objects, &err), ERR_NONE);
    AUTO(memory_freep) char *text = virtual_personal_describe(objects);
    assert_int_equal(json_parse(span_text(text), 65536, &json, &err), ERR_NONE);
    assert_string_equal(json_text_of(json_member(json, "serial")), "K1");
    assert_string_equal(json_text_of(json_member(json, "profile")), "longmai");
    int64_t left = 0;
    bool is_default = false;
    const struct json_field fields[] = {{"left", JSON_INTEGER, .out = &left},
                                        {"default", JSON_BOOL, .out = &is_default}};
    const struct json *pin = json_member(json, "pin");
    assert_int_equal(json_read(json_member(pin, "user"), fields, 2, JSON_UNKNOWN_IGNORED, &err),
                     ERR_NONE);
    assert_true(left == 10 && is_default);
    const struct json *container = json_item(json_member(json, "containers"), 0);
    assert_string_equal(json_text_of(json_member(container, "algorithm")), "sm2");
    const char *pem = json_text_of(json_member(container, "encrypt_cert"));
    assert_ptr_equal(virtual_personal_pair_for(objects, span_text(pem)),
                     objects->applications[0]->containers[0]->slots[VIRTUAL_SLOT_ENCRYPT].pair);
    assert_null(strstr(text, "12345678"));
    assert_null(strstr(text, "MTIzNDU2"));
    assert_false(json_has_member_anywhere(json, "key"));
    authority_done(&authority);
}

static void refuses_wishes_that_the_profile_does_not_allow(void **state)
{
    (void)state;
    struct authority authority;
    authority_init(&authority);
    for (int i = 0; i < 5; i++) {
        struct err err = ERR_INIT;
        struct virtual_objects *objects = NULL;
        struct virtual_personal wish = usual();
        wish.pin = i == 0 ? "123" : wish.pin;
        wish.admin_pin = i == 1 ? "12345678901234567" : wish.admin_pin;
        wish.serial = i == 2 ? "123456789012345678901234567890123" : wish.serial;
        wish.container = i == 3 ? "" : wish.container;
        wish.subject.holder = i == 4 ? "" : wish.subject.holder;
        assert_int_equal(make(&authority, &wish, &objects, &err), ERR_FIELD_VALUE);
        assert_null(objects);
    }
    authority_done(&authority);
}

static enum err_code put(struct virtual_objects *objects, size_t len)
{
    struct err err = ERR_INIT;
    AUTO(bytes_freep) struct bytes *content = bytes_new_size(len);
    return virtual_personal_put_file(objects, "seal", span_bytes(content), &err);
}

static void files_end_where_the_room_does(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    AUTO(virtual_objects_freep)
    struct virtual_objects *objects =
        virtual_objects_new(virtual_profile_find("longmai"), "K1", NULL);
    struct virtual_name name = {.len = 1, .at = "A"};
    assert_int_equal(put(objects, 1), ERR_FIELD_VALUE);
    virtual_objects_add_application(objects, &name)->files_max = 1;
    size_t used = virtual_objects_used(objects) + VIRTUAL_OBJECT_BYTES;
    size_t room = objects->profile->space_bytes - used;
    assert_int_equal(put(objects, room + 1), ERR_TOKEN_NO_SPACE);
    assert_int_equal(put(objects, 0), ERR_FIELD_VALUE);
    assert_int_equal(put(objects, room), ERR_NONE);
    assert_int_equal(put(objects, room), ERR_NONE); /* replaces the first */
    assert_int_equal(put(objects, room + 1), ERR_TOKEN_NO_SPACE);
    assert_int_equal(objects->applications[0]->file_count, 1);
    assert_int_equal(objects->applications[0]->files[0]->content->len, room);
    assert_int_equal(put(objects, 1), ERR_NONE);
    assert_int_equal(virtual_personal_put_file(objects, "other", span_text("x"), &err),
                     ERR_TOKEN_NO_SPACE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_a_bidder_s_key),
        cmocka_unit_test(finds_the_pair_of_a_certificate),
        cmocka_unit_test(describes_a_key_without_its_secrets),
        cmocka_unit_test(files_end_where_the_room_does),
        cmocka_unit_test(refuses_wishes_that_the_profile_does_not_allow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
