/* Operations and state as JSON. */
#include "tests/unit/agent/ops/ops_world.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void an_operation_shows_what_the_api_promises(void **state)
{
    static const char *const members[] = {
        "id",      "kind",  "title",       "state",       "version", "step",
        "token",   "order", "cancellable", "resumable",   "created", "updated",
        "message", "error", "result",      "key_changed",
    };
    struct ops_world *world = *state;
    AUTO(json_freep) struct json *operation = ops_world_run(world, "renew", "ticket");
    for (size_t i = 0; i < ARRAY_SIZE(members); i++)
        if (json_member(operation, members[i]) == NULL)
            fail_msg("\"%s\" is missing", members[i]);
    assert_false(json_has_member_anywhere(operation, "secret"));
    assert_false(json_has_member_anywhere(operation, "pin"));
    AUTO(memory_freep) char *text = json_print(operation);
    assert_null(strstr(text, "a secret of the job"));
    assert_null(strstr(text, "123456"));
}

static void texts_are_in_the_language_that_is_asked_for(void **state)
{
    struct ops_world *world = *state;
    struct err err = ERR_INIT;
    AUTO(json_freep) struct json *chinese = ops_world_run(world, "check", NULL);
    AUTO(json_freep) struct json *english = NULL;
    assert_int_equal(ops_operation_json(world->ops, world->id, NULL, LANG_EN, &english, &err),
                     ERR_NONE);
    assert_string_equal(json_text_of(json_member(chinese, "title")), "CA锁检查");
    assert_string_equal(json_text_of(json_member(english, "title")), "Check of the key");
}

static void the_status_counts_keys(void **state)
{
    struct ops_world *world = *state;
    AUTO(json_freep) struct json *status = ops_status_json(world->ops);
    int64_t keys = 0;
    struct err err = ERR_INIT;
    const struct json_field field = {"keys", JSON_INTEGER, false, 0, &keys};
    assert_int_equal(json_read(status, &field, 1, JSON_UNKNOWN_IGNORED, &err), ERR_NONE);
    assert_int_equal(keys, 1);
    assert_string_equal(json_text_of(json_member(status, "pcsc")), "ok");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OPS_WORLD_TEST(an_operation_shows_what_the_api_promises),
        OPS_WORLD_TEST(texts_are_in_the_language_that_is_asked_for),
        OPS_WORLD_TEST(the_status_counts_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
