#include "portal/portal_command_ticket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "command_runner.h"

static struct world_key *key;

static int setup(void **state)
{
    if (world_setup(state) != 0)
        return -1;
    key = world_key_new(*state, CERT_SM2, false, 20);
    return 0;
}

static int teardown(void **state)
{
    world_key_freep(&key);
    return world_teardown(state);
}

static void a_ticket_is_for_an_order(void **state)
{
    struct world *world = *state;
    AUTO(memory_freep) char *number = world_order(world, key, false, false);
    AUTO(memory_freep) char *good = memory_printf("ticket|add|--order|%s|--kind|check", number);
    AUTO(memory_freep) char *bad = memory_printf("ticket|add|--order|%s|--kind|buy", number);
    AUTO(memory_freep)
    char *late = memory_printf("ticket|add|--order|%s|--kind|check|--ttl|99999", number);
    AUTO(json_freep) struct json *ticket = command_json(world, good);
    assert_int_equal(strlen(command_text(ticket, "ticket")), 64);
    assert_string_equal(command_text(ticket, "expires"), "2026-01-01T00:05:00Z");
    assert_int_equal(command_refused(world, bad), ERR_FIELD_VALUE);
    assert_int_equal(command_refused(world, late), ERR_USAGE);
    assert_int_equal(command_refused(world, "ticket|add|--order|1|--kind|check"),
                     ERR_NO_SUCH_RECORD);
}

static void the_kind_says_what_it_is_for(void **state)
{
    static const char *const refused[] = {
        "renew|--serial|S",
        "renew",
        "check|--order|1|--serial|S",
        "check|--order|1|--id|1",
        "extend-seal",
        "extend-seal|--serial|S|--order|1",
        "extend-seal|--serial|S|--user|u",
        "extend-seal|--id|1",
        "extend-seal|--seal|x",
        "renew|--order|1|--seal|x",
        "reset-pin|--id|1|--seal|x",
        "reset-pin",
        "reset-pin|--order|1",
        "reset-pin|--serial|S",
        "reset-pin|--user|u",
        "reset-pin|--id|1|--serial|S",
        "reset-pin|--id|1|--user|u",
        "reset-pin|--serial|S|--user|u|--order|1",
        "reset-pin|--id|x",
    };
    struct world *world = *state;
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        AUTO(memory_freep) char *command = memory_printf("ticket|add|--kind|%s", refused[i]);
        if (command_refused(world, command) != ERR_USAGE)
            fail_msg("%s", command);
    }
}

static void a_ticket_is_for_a_key(void **state)
{
    struct world *world = *state;
    AUTO(memory_freep)
    char *command = memory_printf("ticket|add|--kind|extend-seal|--serial|%s", key->serial);
    AUTO(json_freep) struct json *ticket = command_json(world, command);
    assert_int_equal(strlen(command_text(ticket, "ticket")), 64);
    AUTO(memory_freep) char *unknown = memory_printf("%s|--seal|x", command);
    assert_int_equal(command_refused(world, unknown), ERR_NO_SUCH_RECORD);
}

static void a_ticket_is_for_a_users_request(void **state)
{
    struct world *world = *state;
    int64_t id = world_reset(world, key, "王五");
    AUTO(memory_freep)
    char *own = memory_printf("ticket|add|--kind|reset-pin|--serial|%s|--user|王五", key->serial);
    AUTO(memory_freep)
    char *foreign = memory_printf("ticket|add|--kind|reset-pin|--serial|%s|--user|u", key->serial);
    AUTO(memory_freep) char *named = memory_printf("ticket|add|--kind|reset-pin|--id|%d", (int)id);
    AUTO(json_freep) struct json *by_user = command_json(world, own);
    AUTO(json_freep) struct json *by_id = command_json(world, named);
    assert_int_equal(strlen(command_text(by_user, "ticket")), 64);
    assert_int_equal(strlen(command_text(by_id, "ticket")), 64);
    assert_int_equal(command_refused(world, foreign), ERR_ORDER_NOT_APPROVED);
    assert_int_equal(command_refused(world, "ticket|add|--kind|reset-pin|--id|999"),
                     ERR_NO_SUCH_RECORD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ticket_is_for_an_order),
        cmocka_unit_test(the_kind_says_what_it_is_for),
        cmocka_unit_test(a_ticket_is_for_a_key),
        cmocka_unit_test(a_ticket_is_for_a_users_request),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
