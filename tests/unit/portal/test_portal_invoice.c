#include "portal/portal_invoice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "world.h"

static char *number;

static int setup(void **state)
{
    if (world_setup(state) != 0)
        return -1;
    AUTO(world_key_freep) struct world_key *key = world_key_new(*state, CERT_SM2, true, 20);
    number = world_order(*state, key, false, true);
    return 0;
}

static int teardown(void **state)
{
    free(number);
    return world_teardown(state);
}

static enum err_code put(struct world *world, const char *text)
{
    AUTO(json_freep) struct json *json = NULL;
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    struct err err = ERR_INIT;
    world_must(json_parse(span_text(text), 4096, &json, &err), &err);
    world_must(portal_transaction_begin(&transaction, world->portal->db, &err), &err);
    if (portal_invoice_put(world->portal, number, json, &err) != ERR_NONE)
        return err.code;
    world_must(portal_transaction_commit(&transaction, &err), &err);
    return ERR_NONE;
}

static char *shown(struct world *world)
{
    AUTO(json_freep) struct json *json = NULL;
    struct err err = ERR_INIT;
    world_must(portal_invoice_show(world->portal, number, &json, &err), &err);
    return json == NULL ? memory_text("null") : json_print(json);
}

static void there_is_none_until_it_is_given(void **state)
{
    AUTO(memory_freep) char *text = shown(*state);
    assert_string_equal(text, "null");
}

static void it_is_replaced_as_a_whole(void **state)
{
    assert_int_equal(put(*state,
                         "{\"kind\":\"special\",\"title\":\"测试1023\",\"tax_number\":"
                         "\"91370000MA3C\",\"address\":\"济南\",\"phone\":\"0531\",\"bank\":"
                         "\"b\",\"account\":\"6222\",\"email\":\"a@b\"}"),
                     ERR_NONE);
    AUTO(memory_freep) char *whole = shown(*state);
    assert_string_equal(whole, "{\"kind\":\"special\",\"title\":\"测试1023\",\"tax_number\":"
                               "\"91370000MA3C\",\"address\":\"济南\",\"phone\":\"0531\",\"bank\":"
                               "\"b\",\"account\":\"6222\",\"email\":\"a@b\"}");
    assert_int_equal(put(*state, "{\"title\":\"另一\",\"email\":\"\",\"bank\":\"  \"}"), ERR_NONE);
    AUTO(memory_freep) char *less = shown(*state);
    assert_string_equal(less, "{\"kind\":\"normal\",\"title\":\"另一\",\"tax_number\":\"\","
                              "\"address\":\"\",\"phone\":\"\",\"bank\":\"\",\"account\":\"\","
                              "\"email\":\"\"}");
}

static void what_is_refused_changes_nothing(void **state)
{
    static const struct {
        const char *text;
        enum err_code code;
    } cases[] = {
        {"[]", ERR_FIELD_TYPE},
        {"\"x\"", ERR_FIELD_TYPE},
        {"{\"title\":1}", ERR_FIELD_TYPE},
        {"{\"title\":null}", ERR_FIELD_TYPE},
        {"{\"title\":{}}", ERR_FIELD_TYPE},
        {"{\"titel\":\"x\"}", ERR_FIELD_UNKNOWN},
        {"{\"order_number\":\"x\"}", ERR_FIELD_UNKNOWN},
        {"{\"kind\":\"other\"}", ERR_FIELD_VALUE},
        {"{\"kind\":\"specials\"}", ERR_FIELD_VALUE},
        {"{\"title\":\"a\\nb\"}", ERR_FIELD_VALUE},
        {"{\"title\":\"a\\u007fb\"}", ERR_FIELD_VALUE},
        {"{\"tax_number\":\"9137-0000\"}", ERR_FIELD_VALUE},
        {"{\"tax_number\":\"一二三\"}", ERR_FIELD_VALUE},
    };
    assert_int_equal(put(*state, "{\"title\":\"there\"}"), ERR_NONE);
    AUTO(memory_freep) char *before = shown(*state);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        if (put(*state, cases[i].text) != cases[i].code)
            fail_msg("%s", cases[i].text);
        AUTO(memory_freep) char *after = shown(*state);
        assert_string_equal(after, before);
    }
}

static void texts_have_bounds(void **state)
{
    static const struct {
        const char *name;
        int limit;
    } cases[] = {
        {"title", PORTAL_INVOICE_TEXT_BYTES_MAX},
        {"email", PORTAL_INVOICE_TEXT_BYTES_MAX},
        {"tax_number", PORTAL_INVOICE_TAX_NUMBER_BYTES_MAX},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(memory_freep)
        char *fits = memory_printf("{\"%s\":\"%0*d\"}", cases[i].name, cases[i].limit, 1);
        AUTO(memory_freep)
        char *longer = memory_printf("{\"%s\":\"%0*d\"}", cases[i].name, cases[i].limit + 1, 1);
        assert_int_equal(put(*state, fits), ERR_NONE);
        assert_int_equal(put(*state, longer), ERR_FIELD_VALUE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_is_none_until_it_is_given),
        cmocka_unit_test(it_is_replaced_as_a_whole),
        cmocka_unit_test(what_is_refused_changes_nothing),
        cmocka_unit_test(texts_have_bounds),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
