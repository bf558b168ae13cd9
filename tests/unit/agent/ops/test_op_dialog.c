/* What a dialog tells the person. */
#include "tests/unit/agent/ops/ops_world.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void the_person_reads_who_asks_for_what_on_which_key(void **state)
{
    static const char *const facts[] = {
        "阳光采购服务平台", OPS_WORLD_ORIGIN, "CA延期续费",   "单位：Org", "使用者：holder", "KEY1",
        "20260101000001",   "沿用原密钥",     "剩余密码次数",
    };
    struct ops_world *world = *state;
    AUTO(json_freep) struct json *operation = ops_world_run(world, "renew", "ticket");
    for (size_t i = 0; i < ARRAY_SIZE(facts); i++)
        if (strstr(world->person.last_description, facts[i]) == NULL)
            fail_msg("\"%s\" is not in:\n%s", facts[i], world->person.last_description);
}

static void a_replaced_key_is_announced(void **state)
{
    struct ops_world *world = *state;
    world->platform.replace_key = true;
    AUTO(json_freep) struct json *operation = ops_world_run(world, "renew", "ticket");
    assert_non_null(strstr(world->person.last_description, "换发新密钥"));
}

static void nobody_answering_is_told_as_a_timeout(void **state)
{
    struct ops_world *world = *state;
    world->person.answers[0] = "timeout";
    AUTO(memory_freep) char *before = stand_in_keys_describe(&world->keys, 0);
    AUTO(json_freep) struct json *operation = ops_world_run(world, "renew", "ticket");
    assert_string_equal(ops_world_code(operation), "prompt-timeout");
    ops_world_assert_unchanged(world, before);
}

/* ---- who is told of it, and who may take it away ---- */

static void what_the_person_says_is_told(void **state)
{
    static const struct {
        const char *said;
        enum ops_answer answer;
    } cases[] = {{"123456", OPS_ANSWERED}, {"cancel", OPS_UNANSWERED}, {"timeout", OPS_UNANSWERED}};
    struct ops_world *world = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        world->person.asked = 0;
        world->person.answers[0] = cases[i].said;
        world->dialogs = 0;
        AUTO(json_freep) struct json *operation = ops_world_run(world, "renew", "ticket");
        assert_int_equal(world->dialogs, 1);
        assert_int_equal(world->answer, cases[i].answer);
    }
}

static void on_page_leaves(void *context)
{
    struct ops_world *world = context;
    ops_withdraw_dialogs(world->ops, "https://other.example", ERR_PAGE_GONE);
    ops_withdraw_dialogs(world->ops, NULL, ERR_PAGE_GONE);
    ops_withdraw_dialogs(world->ops, OPS_WORLD_ORIGIN, ERR_PAGE_GONE);
}

static void the_dialog_goes_with_its_page(void **state)
{
    struct ops_world *world = *state;
    AUTO(memory_freep) char *before = stand_in_keys_describe(&world->keys, 0);
    world->person.answers[0] = NULL; /* thinks until the dialog goes */
    world->person.answers[1] = "123456";
    world->on_waiting_user = on_page_leaves;
    AUTO(json_freep) struct json *operation = ops_world_run(world, "renew", "ticket");
    assert_string_equal(ops_world_code(operation), "page-gone");
    assert_string_equal(ops_world_state(operation), "failed");
    assert_int_equal(world->answer, OPS_UNANSWERED);
    ops_world_assert_unchanged(world, before);
    struct err err = ERR_INIT;
    bool resumable = false;
    const struct json_field field = {"resumable", JSON_BOOL, false, 0, &resumable};
    assert_int_equal(json_read(operation, &field, 1, JSON_UNKNOWN_IGNORED, &err), ERR_NONE);
    assert_true(resumable);
    while (ops_world_busy(world))
        loop_run_posted(world->loop);
    assert_int_equal(ops_resume(world->ops, world->id, OPS_WORLD_ORIGIN, LANG_ZH, &err), ERR_NONE);
    AUTO(json_freep) struct json *resumed = ops_world_run_until_over(world);
    assert_string_equal(ops_world_state(resumed), "done");
}

static void on_another_page_leaves(void *context)
{
    struct ops_world *world = context;
    ops_withdraw_dialogs(world->ops, "https://other.example", ERR_PAGE_GONE);
    ops_withdraw_dialogs(world->ops, NULL, ERR_PAGE_GONE);
    world->person.holds = false;
}

static void the_dialog_stays_when_another_page_goes(void **state)
{
    struct ops_world *world = *state;
    world->person.holds = true;
    world->on_waiting_user = on_another_page_leaves;
    AUTO(json_freep) struct json *operation = ops_world_run(world, "renew", "ticket");
    assert_string_equal(ops_world_state(operation), "done");
}

static void start_on_second_key(void *context)
{
    struct ops_world *world = context;
    struct err err = ERR_INIT;
    const struct ops_start start = {
        .kind = "change-pin", .token = "KEY2", .origin = OPS_WORLD_ORIGIN};
    assert_int_equal(ops_start(world->ops, &start, world->id, &err), ERR_NONE);
}

static void one_dialog_at_a_time(void **state)
{
    struct ops_world *world = *state;
    struct err err = ERR_INIT;
    char first[OPS_ID_BYTES];
    stand_in_keys_add(&world->keys, &world->platform, "KEY2", "gmt0017-2012", false);
    ops_keys_changed(world->ops);
    const struct ops_start start = {
        .kind = "renew", .ticket = "t", .token = "KEY1", .origin = OPS_WORLD_ORIGIN};
    world->person.holds = true;
    world->on_waiting_user = start_on_second_key;
    assert_int_equal(ops_start(world->ops, &start, first, &err), ERR_NONE);
    AUTO(json_freep) struct json *second = ops_world_run_until_over(world);
    assert_string_equal(ops_world_code(second), "prompt-busy");
    assert_int_equal(world->dialogs, 1);
    world->person.holds = false;
    memcpy(world->id, first, sizeof first);
    AUTO(json_freep) struct json *operation = ops_world_run_until_over(world);
    assert_string_equal(ops_world_state(operation), "done");
}

/* ---- names that lie ---- */

static void a_name_can_not_add_a_line_or_turn_the_text(void **state)
{
    struct ops_world *world = *state;
    world->listed.remote.name = "阳光\n网站：https://evil.example\u202e\u200b";
    AUTO(json_freep) struct json *operation = ops_world_run(world, "renew", "ticket");
    const char *shown = world->person.last_description;
    assert_non_null(strstr(shown, "平台：阳光\uFFFD网站：https://evil.example\uFFFD\uFFFD\n"));
    assert_non_null(strstr(shown, "\n网站：" OPS_WORLD_ORIGIN "\n"));
    assert_null(strstr(shown, "\u202e"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OPS_WORLD_TEST(the_person_reads_who_asks_for_what_on_which_key),
        OPS_WORLD_TEST(a_replaced_key_is_announced),
        OPS_WORLD_TEST(nobody_answering_is_told_as_a_timeout),
        OPS_WORLD_TEST(what_the_person_says_is_told),
        OPS_WORLD_TEST(the_dialog_goes_with_its_page),
        OPS_WORLD_TEST(the_dialog_stays_when_another_page_goes),
        OPS_WORLD_TEST(one_dialog_at_a_time),
        OPS_WORLD_TEST(a_name_can_not_add_a_line_or_turn_the_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
