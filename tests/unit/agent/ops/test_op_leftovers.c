/* Old seals that an extension could not remove. */
#include "agent/ops/op_leftovers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/agent/ops/ops_world.h"

static struct token *open_logged_in(struct ops_world *world)
{
    AUTO(secret_freep) struct secret *pin = NULL;
    struct err err = ERR_INIT;
    struct token *token = ops_world_open_token(world);
    assert_int_equal(secret_new(16, &pin, &err), ERR_NONE);
    memcpy(secret_room(pin), "123456", 6);
    secret_set_length(pin, 6);
    assert_int_equal(token_login(token, pin, &err), ERR_NONE);
    return token;
}

static void put_old_seal(struct ops_world *world)
{
    struct err err = ERR_INIT;
    AUTO(token_closep) struct token *token = open_logged_in(world);
    AUTO(token_pairs_freep) struct token_pairs *pairs = NULL;
    assert_int_equal(token_read_pairs(token, &pairs, &err), ERR_NONE);
    AUTO(bytes_freep)
    struct bytes *seal = stand_in_platform_seal(
        &world->platform, span_bytes(pairs->pairs[0].sign_cert), FIXTURE_NOW + 20 * FIXTURE_DAY);
    assert_int_equal(token_write_file(token, "old", span_bytes(seal), &err), ERR_NONE);
}

/* "NAME NAME " of the files on the key, in the key's order. */
static const char *files(struct ops_world *world)
{
    static char names[256];
    struct err err = ERR_INIT;
    AUTO(token_closep) struct token *token = ops_world_open_token(world);
    AUTO(token_files_freep) struct token_files *list = NULL;
    assert_int_equal(token_list_files(token, &list, &err), ERR_NONE);
    names[0] = '\0';
    for (size_t i = 0; i < list->count; i++) {
        size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, "%s ", list->files[i].name);
    }
    return names;
}

/* Extends the seal; the platform is out when it is to be told, and the log-in ends meanwhile. Names the new
 * file. */
static void extend_in_an_outage(struct ops_world *world, char out_new[TOKEN_NAME_BYTES_MAX + 1])
{
    put_old_seal(world);
    world->platform.kind = "extend-seal";
    world->platform.confirm_fails_with = ERR_PLATFORM_UNREACHABLE;
    world->platform.confirm_failures = 1;
    AUTO(json_freep) struct json *operation = ops_world_run(world, "extend-seal", "ticket");
    assert_string_equal(ops_world_state(operation), "done");
    const struct json *result = json_member(operation, "result");
    AUTO(memory_freep) char *text = json_print(result);
    assert_non_null(strstr(text, "\"old_removed\":false"));
    snprintf(out_new, TOKEN_NAME_BYTES_MAX + 1, "%s", json_text_of(json_member(result, "file")));
    AUTO(memory_freep) char *both = memory_printf("old %s ", out_new);
    assert_string_equal(files(world), both);
}

/* A person who types the PIN and then thinks better of it. */
static void type_pin(struct ops_world *world)
{
    world->platform.kind = "renew";
    world->person.asked = 0;
    world->person.answers[0] = "123456";
    world->person.answers[1] = "cancel";
    AUTO(json_freep) struct json *operation = ops_world_run(world, "change-pin", NULL);
    assert_string_equal(ops_world_code(operation), "prompt-cancelled");
}

static void the_next_log_in_removes_the_old_seal(void **state)
{
    struct ops_world *world = *state;
    char new_file[TOKEN_NAME_BYTES_MAX + 1];
    extend_in_an_outage(world, new_file);
    type_pin(world);
    AUTO(memory_freep) char *only_new = memory_printf("%s ", new_file);
    assert_string_equal(files(world), only_new);
}

static void it_is_remembered_over_a_restart(void **state)
{
    struct ops_world *world = *state;
    char new_file[TOKEN_NAME_BYTES_MAX + 1];
    extend_in_an_outage(world, new_file);
    ops_freep(&world->ops);
    ops_world_open(world);
    type_pin(world);
    AUTO(memory_freep) char *only_new = memory_printf("%s ", new_file);
    assert_string_equal(files(world), only_new);
}

/* Other software may have written something else there since. */
static void what_is_no_longer_that_seal_stays(void **state)
{
    struct ops_world *world = *state;
    char new_file[TOKEN_NAME_BYTES_MAX + 1];
    struct err err = ERR_INIT;
    extend_in_an_outage(world, new_file);
    struct token *token = open_logged_in(world);
    assert_int_equal(token_delete_file(token, "old", &err), ERR_NONE);
    assert_int_equal(token_write_file(token, "old", span_text("other"), &err), ERR_NONE);
    token_close(token);
    type_pin(world);
    AUTO(memory_freep) char *both = memory_printf("%s old ", new_file);
    assert_string_equal(files(world), both);
}

static void the_last_seal_on_the_key_stays(void **state)
{
    struct ops_world *world = *state;
    char new_file[TOKEN_NAME_BYTES_MAX + 1];
    struct err err = ERR_INIT;
    extend_in_an_outage(world, new_file);
    struct token *token = open_logged_in(world);
    assert_int_equal(token_delete_file(token, new_file, &err), ERR_NONE);
    token_close(token);
    type_pin(world);
    assert_string_equal(files(world), "old ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OPS_WORLD_TEST(the_next_log_in_removes_the_old_seal),
        OPS_WORLD_TEST(it_is_remembered_over_a_restart),
        OPS_WORLD_TEST(what_is_no_longer_that_seal_stays),
        OPS_WORLD_TEST(the_last_seal_on_the_key_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
