#include "portal/portal_command_reset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "command_runner.h"
#include "portal/portal_admin_pin.h"

static void a_request_goes_its_way(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, false, 20);
    AUTO(memory_freep) char *add = memory_printf("reset|add|--serial|%s|--user|王五", key->serial);
    AUTO(json_freep) struct json *added = command_json(world, add);
    int64_t id = 0;
    const struct json_field field = {"id", JSON_INTEGER, false, 1000, &id};
    struct err err = ERR_INIT;
    world_must(json_read(added, &field, 1, JSON_UNKNOWN_REFUSED, &err), &err);
    AUTO(memory_freep)
    char *ticket = memory_printf("ticket|add|--kind|reset-pin|--serial|%s", key->serial);
    assert_int_equal(command_refused(world, ticket), ERR_ORDER_NOT_APPROVED);
    AUTO(memory_freep) char *approve = memory_printf("reset|approve|--id|%d", (int)id);
    AUTO(json_freep) struct json *approved = command_json(world, approve);
    assert_int_equal(command_refused(world, approve), ERR_ORDER_STATE);
    assert_int_equal(command_refused(world, "reset|approve|--id|999"), ERR_NO_SUCH_RECORD);
    assert_int_equal(command_refused(world, "reset|approve|--id|x"), ERR_USAGE);
    AUTO(json_freep) struct json *issued = command_json(world, ticket);
    assert_int_equal(strlen(command_text(issued, "ticket")), 64);
    AUTO(json_freep) struct json *list = command_json(world, "reset|list");
    const struct json *row = json_item(list, json_count(list) - 1);
    assert_string_equal(command_text(row, "serial"), key->serial);
    assert_string_equal(command_text(row, "user"), "王五");
    assert_string_equal(command_text(row, "state"), "approved");
}

static void a_keys_administrator_pin_is_printed_before_it_is_registered(void **state)
{
    struct world *world = *state;
    AUTO(json_freep) struct json *first = command_json(world, "key|admin-pin|--serial|NEW1");
    AUTO(json_freep) struct json *again = command_json(world, "key|admin-pin|--serial|NEW1");
    AUTO(json_freep) struct json *other = command_json(world, "key|admin-pin|--serial|NEW2");
    const char *pin = command_text(first, "admin_pin");
    assert_int_equal(strlen(pin), PORTAL_ADMIN_PIN_CHARACTERS);
    assert_string_equal(pin, command_text(again, "admin_pin"));
    assert_string_not_equal(pin, command_text(other, "admin_pin"));
    assert_int_equal(command_refused(world, "key|admin-pin"), ERR_USAGE);
    assert_int_equal(command_refused(world, "key|admin-pin|--serial|"), ERR_FIELD_VALUE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_goes_its_way),
        cmocka_unit_test(a_keys_administrator_pin_is_printed_before_it_is_registered),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
