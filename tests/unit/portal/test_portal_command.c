#include "portal/portal_command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include <unistd.h>

#include "command_runner.h"

static void the_actor_is_the_user(void **state)
{
    AUTO(memory_freep) char *actor = portal_command_actor();
    AUTO(memory_freep) char *wanted = memory_printf("uid:%lu", (unsigned long)getuid());
    assert_string_equal(actor, wanted);
}

static void keys_are_opened_where_they_are_needed_alone(void **state)
{
    const struct world *world = *state;
    const struct portal_arguments arguments = {.folder = world->folder};
    AUTO(portal_freep) struct portal *bare = NULL;
    AUTO(portal_freep) struct portal *whole = NULL;
    struct err err = ERR_INIT;
    world_must(portal_command_open(&arguments, &bare, &err), &err);
    assert_null(bare->ca);
    assert_null(bare->admin_pin_key);
    world_must(portal_command_open_keys(&arguments, &whole, &err), &err);
    assert_non_null(whole->ca);
    assert_non_null(whole->seal_maker);
    assert_non_null(whole->admin_pin_key);
}

static void a_folder_without_a_portal_is_refused(void **state)
{
    const struct portal_arguments arguments = {.folder = "/nowhere/at/all"};
    AUTO(portal_freep) struct portal *portal = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(portal_command_open(&arguments, &portal, &err), ERR_FILE_MISSING);
    assert_int_equal(portal_command_open_keys(&arguments, &portal, &err), ERR_FILE_MISSING);
    assert_null(portal);
}

static void a_choice_is_one_of_two_words(void **state)
{
    struct err err = ERR_INIT;
    bool second = true;
    world_must(portal_command_choose("a", "x", "a", "b", &second, &err), &err);
    assert_false(second);
    world_must(portal_command_choose("b", "x", "a", "b", &second, &err), &err);
    assert_true(second);
    assert_int_equal(portal_command_choose("", "x", "a", "b", &second, &err), ERR_USAGE);
    assert_int_equal(portal_command_choose("ab", "x", "a", "b", &second, &err), ERR_USAGE);
}

static void an_id_is_printed_as_json(void **state)
{
    AUTO(bytes_freep) struct bytes *out = NULL;
    assert_int_equal(command_run(*state, "organisation|add|--name|新单位", &out), ERR_NONE);
    assert_string_equal((const char *)out->at, "{\"id\":2}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_actor_is_the_user),
        cmocka_unit_test(keys_are_opened_where_they_are_needed_alone),
        cmocka_unit_test(a_folder_without_a_portal_is_refused),
        cmocka_unit_test(a_choice_is_one_of_two_words),
        cmocka_unit_test(an_id_is_printed_as_json),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
