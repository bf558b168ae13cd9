#include "tests/unit/agent/ops/ops_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/file.h"
#include "tests/unit/scratch.h"

static const char piv_guid[] = "0123456789ABCDEF0123456789ABCDEF";

void ops_world_open(struct ops_world *world)
{
    struct err err = ERR_INIT;
    world->listed = (struct ops_platform){
        .id = "sunshine",
        .origin = OPS_WORLD_ORIGIN,
        .remote = {.name = "阳光采购服务平台"},
        .roots = world->platform.roots,
    };
    const struct ops_options options = {
        .loop = world->loop,
        .source = &world->keys.source,
        .remote = &world->platform.remote,
        .prompt = &world->person.prompt,
        .journal_file = world->journal_file,
        .platforms = &world->listed,
        .platform_count = world->unlisted ? 0 : 1,
        .due = {DUE_WINDOW_DAYS_DEFAULT, DUE_GRACE_DAYS_DEFAULT},
        .prompt_seconds = 10,
    };
    assert_int_equal(ops_new(&options, &world->ops, &err), ERR_NONE);
    ops_keys_changed(world->ops); /* as the monitor tells after its first scan */
}

int ops_world_set_up(void **state)
{
    struct ops_world *world = memory_new(sizeof *world);
    AUTO(memory_freep) char *folder = memory_printf("%s/ukeyd-ops-XXXXXX", scratch_top());
    struct err err = ERR_INIT;
    clock_set_for_test(FIXTURE_NOW);
    assert_non_null(mkdtemp(folder));
    world->journal_file = file_join(folder, "journal.db");
    assert_int_equal(loop_new(&world->loop, &err), ERR_NONE);
    stand_in_platform_init(&world->platform);
    stand_in_keys_init(&world->keys);
    stand_in_person_init(&world->person);
    stand_in_keys_add(&world->keys, &world->platform, "KEY1", "gmt0017-2012", false);
    world->platform.serial = "KEY1";
    world->person.answers[0] = "123456";
    ops_world_open(world);
    *state = world;
    return 0;
}

/* PIV tokens say their serials in digits. */
void ops_world_use(struct ops_world *world, const char *profile, bool rsa)
{
    const struct virtual_piv_profile *piv = virtual_piv_profile_find(profile);
    const char *serial = piv == NULL                                        ? "KEY1"
                         : virtual_piv_profile_has(piv, VIRTUAL_PIV_SERIAL) ? "20260101"
                                                                            : piv_guid;
    stand_in_keys_done(&world->keys);
    stand_in_keys_init(&world->keys);
    stand_in_platform_done(&world->platform);
    stand_in_platform_init(&world->platform);
    world->listed.roots = world->platform.roots;
    stand_in_keys_add(&world->keys, &world->platform, serial, profile, rsa);
    world->platform.serial = serial;
    world->platform.dual = piv == NULL && !rsa;
    world->platform.algorithm = rsa ? "rsa2048" : piv != NULL ? "p256" : "sm2";
    world->person.asked = 0;
    ops_keys_changed(world->ops);
}

int ops_world_tear_down(void **state)
{
    struct ops_world *world = *state;
    ops_free(world->ops);
    loop_free(world->loop);
    stand_in_keys_done(&world->keys);
    stand_in_platform_done(&world->platform);
    free(world->journal_file);
    free(world);
    clock_set_for_test(0);
    return 0;
}

static void on_change(void *context, const struct ops_change *change)
{
    struct ops_world *world = context;
    if (change->event == OPS_DIALOG_OPENED)
        world->dialogs++;
    if (change->event == OPS_DIALOG_CLOSED)
        world->answer = change->answer;
    world->changes++;
    if (change->event != OPS_OPERATION_CHANGED)
        return;
    AUTO(json_freep) struct json *json = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(ops_operation_json(world->ops, change->id, NULL, LANG_ZH, &json, &err),
                     ERR_NONE);
    const char *now = json_text_of(json_member(json, "state"));
    if (strcmp(now, "waiting-user") == 0 && world->on_waiting_user != NULL && !world->once) {
        world->once = true;
        world->on_waiting_user(world);
    }
    /* What is told of an earlier operation may come late. */
    if (change->over && strcmp(change->id, world->id) == 0 &&
        ops_operation_over(world->ops, change->id, NULL))
        loop_stop(world->loop);
}

static void too_late(void *context)
{
    loop_stop(context);
    fail_msg("the operation does not end");
}

struct json *ops_world_run_until_over(struct ops_world *world)
{
    struct err err = ERR_INIT;
    struct json *json = NULL;
    ops_observe(world->ops, on_change, world);
    struct loop_timer *timer = loop_timer_new(world->loop, too_late, world->loop);
    loop_timer_set(timer, deadline_in_ms(OPS_WORLD_WAIT_MS));
    assert_int_equal(loop_run(world->loop, &err), ERR_NONE);
    loop_timer_free(timer);
    assert_int_equal(ops_operation_json(world->ops, world->id, NULL, LANG_ZH, &json, &err),
                     ERR_NONE);
    return json;
}

struct json *ops_world_run(struct ops_world *world, const char *kind, const char *ticket)
{
    struct err err = ERR_INIT;
    const struct ops_start start = {.kind = kind, .ticket = ticket, .origin = OPS_WORLD_ORIGIN};
    assert_int_equal(ops_start(world->ops, &start, world->id, &err), ERR_NONE);
    return ops_world_run_until_over(world);
}

bool ops_world_busy(const struct ops_world *world)
{
    struct err err = ERR_INIT;
    bool busy = false;
    AUTO(json_freep) struct json *status = ops_status_json(world->ops);
    const struct json_field field = {"busy", JSON_BOOL, false, 0, &busy};
    assert_int_equal(json_read(status, &field, 1, JSON_UNKNOWN_IGNORED, &err), ERR_NONE);
    return busy;
}

const char *ops_world_state(const struct json *operation)
{
    return json_text_of(json_member(operation, "state"));
}

const char *ops_world_code(const struct json *operation)
{
    const char *code = json_text_of(json_member(json_member(operation, "error"), "code"));
    return code != NULL ? code : "none";
}

int ops_world_tries_left(const struct ops_world *world)
{
    AUTO(memory_freep) char *text = stand_in_keys_describe(&world->keys, 0);
    AUTO(json_freep) struct json *json = NULL;
    struct err err = ERR_INIT;
    const struct json *pin = NULL;
    const struct json *user = NULL;
    int64_t left = -1;
    assert_int_equal(json_parse(span_text(text), 1 << 20, &json, &err), ERR_NONE);
    const struct json_field outer = {"pin", JSON_OBJECT, false, 0, &pin};
    const struct json_field middle = {"user", JSON_OBJECT, false, 0, &user};
    const struct json_field inner = {"left", JSON_INTEGER, false, 0, &left};
    assert_int_equal(json_read(json, &outer, 1, JSON_UNKNOWN_IGNORED, &err), ERR_NONE);
    assert_int_equal(json_read(pin, &middle, 1, JSON_UNKNOWN_IGNORED, &err), ERR_NONE);
    assert_int_equal(json_read(user, &inner, 1, JSON_UNKNOWN_IGNORED, &err), ERR_NONE);
    return (int)left;
}

struct token *ops_world_open_token(struct ops_world *world)
{
    struct token *token = NULL;
    struct err err = ERR_INIT;
    const struct token_presence presence = {.reader = "Reader 0", .sequence = 1};
    struct token_source *source = &world->keys.source;
    assert_int_equal(
        source->class->open(source, &presence, deadline_in_ms(OPS_WORLD_WAIT_MS), &token, &err),
        ERR_NONE);
    return token;
}

void ops_world_assert_unchanged(struct ops_world *world, const char *before)
{
    AUTO(memory_freep) char *after = stand_in_keys_describe(&world->keys, 0);
    assert_string_equal(strstr(before, "space_used"), strstr(after, "space_used"));
}
