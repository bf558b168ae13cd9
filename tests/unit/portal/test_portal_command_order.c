#include "portal/portal_command_order.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "command_runner.h"

static void shows(struct world *world, const char *command, const char *wanted)
{
    AUTO(json_freep) struct json *json = command_json(world, command);
    AUTO(memory_freep) char *text = json_print(json);
    assert_string_equal(text, wanted);
}

static void the_tariff_is_shown_and_set_in_parts(void **state)
{
    struct world *world = *state;
    shows(world, "order|tariff", "{\"fee_fen_per_month\":2000,\"months\":12,\"key\":\"keep\"}");
    shows(world, "order|tariff|--fee-fen|1500",
          "{\"fee_fen_per_month\":1500,\"months\":12,\"key\":\"keep\"}");
    shows(world, "order|tariff|--months|24|--key|replace",
          "{\"fee_fen_per_month\":1500,\"months\":24,\"key\":\"replace\"}");
    shows(world, "order|tariff", "{\"fee_fen_per_month\":1500,\"months\":24,\"key\":\"replace\"}");
    assert_int_equal(world_count(world->portal, "SELECT count(*) FROM audit "
                                                "WHERE event = 'tariff.set'"),
                     2);
}

static void what_is_no_tariff_changes_nothing(void **state)
{
    struct world *world = *state;
    assert_int_equal(command_refused(world, "order|tariff|--fee-fen|-1"), ERR_USAGE);
    assert_int_equal(command_refused(world, "order|tariff|--fee-fen|1.5"), ERR_USAGE);
    assert_int_equal(command_refused(world, "order|tariff|--months|61"), ERR_USAGE);
    assert_int_equal(command_refused(world, "order|tariff|--months|0"), ERR_FIELD_VALUE);
    assert_int_equal(command_refused(world, "order|tariff|--key|other"), ERR_USAGE);
    shows(world, "order|tariff", "{\"fee_fen_per_month\":1500,\"months\":24,\"key\":\"replace\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tariff_is_shown_and_set_in_parts),
        cmocka_unit_test(what_is_no_tariff_changes_nothing),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
