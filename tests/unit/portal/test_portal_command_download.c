#include "portal/portal_command_download.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "base/file.h"
#include "command_runner.h"

static void a_file_is_offered_under_its_name_or_another(void **state)
{
    struct world *world = *state;
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *path = file_join(world->folder, "driver.zip");
    world_must(file_write_atomic(path, span_text("abc"), 0600, &err), &err);
    AUTO(memory_freep) char *plain = memory_printf("download|add|--kind|driver|--file|%s", path);
    AUTO(memory_freep)
    char *named = memory_printf("download|add|--kind|manual|--file|%s|--name|手册.pdf", path);
    AUTO(json_freep) struct json *first = command_json(world, plain);
    AUTO(json_freep) struct json *second = command_json(world, named);
    AUTO(json_freep) struct json *list = command_json(world, "download|list");
    assert_int_equal(json_count(list), 2);
    assert_string_equal(command_text(json_item(list, 0), "name"), "driver.zip");
    assert_string_equal(command_text(json_item(list, 1), "name"), "手册.pdf");
    AUTO(json_freep)
    struct json *gone = command_json(world, "download|remove|--name|手册.pdf");
    AUTO(json_freep) struct json *rest = command_json(world, "download|list");
    assert_int_equal(json_count(rest), 1);
}

static void what_is_wrong_is_refused(void **state)
{
    assert_int_equal(command_refused(*state, "download|add|--kind|driver|--file|/nowhere"),
                     ERR_FILE_MISSING);
    assert_int_equal(command_refused(*state, "download|add|--kind|other|--file|/nowhere"),
                     ERR_USAGE);
    assert_int_equal(command_refused(*state, "download|add|--kind|driver|--file|/etc/"),
                     ERR_FIELD_VALUE);
    assert_int_equal(command_refused(*state, "download|remove|--name|nothing"), ERR_NO_SUCH_RECORD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_offered_under_its_name_or_another),
        cmocka_unit_test(what_is_wrong_is_refused),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
