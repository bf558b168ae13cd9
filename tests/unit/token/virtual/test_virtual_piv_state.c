#include "token/virtual/virtual_piv_state.h"

#include "base/json.h"
#include "piv_bench.h"
#include "token/virtual/virtual_piv_profile.h"
#include "token/virtual/virtual_state.h"

static char *print(const struct virtual_piv_objects *objects)
{
    struct err err = ERR_INIT;
    char *text = NULL;
    assert_int_equal(virtual_piv_state_print(objects, &text, &err), ERR_NONE);
    return text;
}

/* A token with everything on it. */
static char *full_token(const struct virtual_piv_profile *profile)
{
    struct piv_bench bench;
    piv_bench_init(&bench, profile);
    assert_int_equal(piv_bench_manage(&bench), 0x9000);
    assert_int_equal(piv_bench_generate(&bench, 0x9C, 0x11), 0x9000);
    assert_int_equal(piv_bench_generate(&bench, 0x9D, 0x07), 0x9000);
    assert_int_equal(bench_send(&bench.bench, "00DB3FFF 0A 5C035FC10A 5303 7001AA"), 0x9000);
    assert_int_equal(bench_send(&bench.bench, "00DB3FFF 07 5C035FC105 5300"), 0x9000);
    assert_int_equal(bench_send(&bench.bench, "00240080 10 " PIN NEW_PIN), 0x9000);
    bench_send(&bench.bench, "00200080 08 " WRONG_PIN);
    bench.objects->management_key[1] = 0xA5;
    bench.objects->commands = 12345;
    char *text = print(bench.objects);
    piv_bench_done(&bench);
    return text;
}

static void comes_back_as_it_was(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    for (size_t i = 0; virtual_piv_profile_at(i) != NULL; i++) {
        AUTO(virtual_state_wipe_text) char *text = full_token(virtual_piv_profile_at(i));
        AUTO(virtual_piv_objects_freep) struct virtual_piv_objects *objects = NULL;
        assert_int_equal(virtual_piv_state_parse(span_text(text), &objects, &err), ERR_NONE);
        AUTO(virtual_state_wipe_text) char *again = print(objects);
        assert_string_equal(text, again);
        assert_int_equal(objects->commands, 12345);
        assert_int_equal(objects->pin.left, objects->pin.max - 1);
        assert_int_equal(objects->management_key[1], 0xA5);
        assert_non_null(virtual_piv_objects_slot(objects, 0x9D)->pair);
        assert_int_equal(virtual_piv_objects_get(objects, 0x5FC10A)->len, 3);
    }
}

static void remembers_what_was_cut_off(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    struct piv_bench bench;
    AUTO(virtual_piv_objects_freep) struct virtual_piv_objects *objects = NULL;
    piv_bench_init(&bench, virtual_piv_profile_find("piv-blocks"));
    assert_int_equal(piv_bench_manage(&bench), 0x9000);
    assert_int_equal(bench_send(&bench.bench, "10DB3FFF 0A 5C035FC10A 5309 700701"), 0x9000);
    AUTO(virtual_state_wipe_text) char *text = print(bench.objects);
    assert_int_equal(virtual_piv_state_parse(span_text(text), &objects, &err), ERR_NONE);
    assert_int_equal(virtual_piv_objects_get(objects, 0x5FC10A)->len, 3);
    assert_int_equal(virtual_piv_objects_missing(objects, 0x5FC10A), 6);
    piv_bench_done(&bench);
}

static enum err_code parse(const struct json *root)
{
    struct err err = ERR_INIT;
    struct virtual_piv_objects *objects = NULL;
    AUTO(memory_freep) char *text = json_print(root);
    enum err_code code = virtual_piv_state_parse(span_text(text), &objects, &err);
    virtual_piv_objects_free(objects);
    return code;
}

/* The token with one member replaced by a JSON text, in the object that path leads to. */
static enum err_code parse_with(const char *inside, const char *member, const char *value)
{
    struct err err = ERR_INIT;
    AUTO(json_freep) struct json *root = NULL;
    AUTO(virtual_state_wipe_text)
    char *text = full_token(virtual_piv_profile_find("piv-odd"));
    AUTO(memory_freep) char *wrapped = memory_printf("{\"v\":%s}", value);
    AUTO(json_freep) struct json *holder = NULL;
    assert_int_equal(json_parse(span_text(text), VIRTUAL_STATE_BYTES_MAX, &root, &err), ERR_NONE);
    assert_int_equal(json_parse(span_text(wrapped), 65536, &holder, &err), ERR_NONE);
    struct json *object = inside == NULL ? root : json_member_to_change(root, inside);
    json_remove_member(object, member);
    json_add(object, member, json_copy(json_member(holder, "v")));
    return parse(root);
}

static void refuses_what_the_token_could_not_have_written(void **state)
{
    (void)state;
    static const struct {
        const char *inside;
        const char *member;
        const char *value;
        enum err_code code;
    } cases[] = {
        {NULL, "format", "\"ukey-sim 2\"", ERR_FIELD_VALUE},
        {NULL, "family", "\"gmt0017\"", ERR_FIELD_VALUE},
        {NULL, "profile", "\"longmai\"", ERR_FIELD_VALUE},
        {NULL, "serial", "\"12345678\"", ERR_FIELD_VALUE},
        {NULL, "other", "1", ERR_FIELD_UNKNOWN},
        {NULL, "commands", "-1", ERR_FIELD_VALUE},
        {NULL, "slots", "{}", ERR_FIELD_TYPE},
        {NULL, "slots", "[{}]", ERR_FIELD_MISSING},
        {NULL, "slots", "[{\"slot\":156,\"pin_policy\":3,\"key\":\"AA==\"}]", ERR_DER},
        {NULL, "slots", "[{\"slot\":156,\"pin_policy\":0,\"key\":\"AA==\"}]", ERR_FIELD_VALUE},
        {NULL, "slots", "[{\"slot\":134,\"pin_policy\":2,\"key\":\"AA==\"}]", ERR_FIELD_VALUE},
        {NULL, "objects", "[{\"tag\":6275338,\"content\":\"\"}]", ERR_FIELD_VALUE},
        {NULL, "objects", "[{\"tag\":16777215,\"content\":\"AA==\"}]", ERR_FIELD_VALUE},
        {NULL, "objects", "[{\"tag\":6275338,\"content\":\"AA==\",\"missing\":1}]",
         ERR_FIELD_VALUE},
        {NULL, "objects",
         "[{\"tag\":6275338,\"content\":\"AA==\"},{\"tag\":6275338,\"content\":\"AA==\"}]",
         ERR_FIELD_VALUE},
        {"pin", "value", "\"MTIzNDU2\"", ERR_FIELD_VALUE},
        {"pin", "left", "6", ERR_FIELD_VALUE},
        {"pin", "max", "0", ERR_FIELD_VALUE},
        {"puk", "max", "16", ERR_FIELD_VALUE},
        {"management", "algorithm", "\"sm4\"", ERR_FIELD_VALUE},
        {"management", "algorithm", "\"aes256\"", ERR_FIELD_VALUE},
        {"management", "key", "\"AAAA\"", ERR_FIELD_VALUE},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(parse_with(cases[i].inside, cases[i].member, cases[i].value),
                         cases[i].code);
}

static void refuses_pairs_of_foreign_algorithms(void **state)
{
    (void)state;
    static const enum virtual_pair_kind kinds[] = {VIRTUAL_PAIR_SM2, VIRTUAL_PAIR_P384};
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        struct err err = ERR_INIT;
        struct piv_bench bench;
        struct virtual_piv_objects *objects = NULL;
        piv_bench_init(&bench, virtual_piv_profile_find("piv-odd"));
        struct virtual_piv_slot *slot = virtual_piv_objects_slot(bench.objects, 0x9C);
        assert_int_equal(virtual_pair_generate(kinds[i], &slot->pair, &err), ERR_NONE);
        AUTO(virtual_state_wipe_text) char *text = print(bench.objects);
        assert_int_equal(virtual_piv_state_parse(span_text(text), &objects, &err), ERR_FIELD_VALUE);
        piv_bench_done(&bench);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back_as_it_was),
        cmocka_unit_test(remembers_what_was_cut_off),
        cmocka_unit_test(refuses_what_the_token_could_not_have_written),
        cmocka_unit_test(refuses_pairs_of_foreign_algorithms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
