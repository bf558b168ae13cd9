/* Going on with an operation that failed on the way, and giving it up. */
#include "tests/unit/agent/ops/ops_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "token/virtual/virtual_piv.h"

static bool is_resumable(const struct json *operation)
{
    struct err err = ERR_INIT;
    bool resumable = false;
    const struct json_field field = {"resumable", JSON_BOOL, false, 0, &resumable};
    assert_int_equal(json_read(operation, &field, 1, JSON_UNKNOWN_IGNORED, &err), ERR_NONE);
    return resumable;
}

/* A renewal whose certificates got lost on their way: issued, and nothing on the key. */
static void fail_a_renewal(struct ops_world *world)
{
    world->platform.request_fails_with = ERR_PLATFORM_TIMEOUT;
    AUTO(json_freep) struct json *operation = ops_world_run(world, "renew", "ticket");
    assert_string_equal(ops_world_code(operation), "platform-timeout");
    assert_true(is_resumable(operation));
    world->platform.request_fails_with = ERR_NONE;
    while (ops_world_busy(world))
        loop_run_posted(world->loop);
}

static struct json *resume(struct ops_world *world)
{
    struct err err = ERR_INIT;
    assert_int_equal(ops_resume(world->ops, world->id, OPS_WORLD_ORIGIN, LANG_ZH, &err), ERR_NONE);
    return ops_world_run_until_over(world);
}

static void it_goes_on_with_its_job_and_asks_for_the_pin(void **state)
{
    struct ops_world *world = *state;
    world->person.answers[1] = "123456";
    fail_a_renewal(world);
    AUTO(json_freep) struct json *operation = resume(world);
    assert_string_equal(ops_world_state(operation), "done");
    assert_false(is_resumable(operation));
    assert_int_equal(world->platform.redeemed, 1);
    assert_int_equal(world->platform.issued, 1);
    assert_int_equal(world->platform.confirmed, 1);
    assert_int_equal(world->person.asked, 2);
}

/* A renewal that kept the key, since the nth command was refused, and then lost its answer. */
static bool fail_one_that_keeps(struct ops_world *world, int nth)
{
    AUTO(memory_freep) char *fault = memory_printf("status %d 6A81", nth);
    ops_world_use(world, "piv-full", false);
    world->platform.replace_key = true;
    world->platform.request_fails_with = ERR_PLATFORM_TIMEOUT;
    world->keys.next_fault = fault;
    AUTO(json_freep) struct json *operation = ops_world_run(world, "renew", "ticket");
    while (ops_world_busy(world))
        loop_run_posted(world->loop);
    world->platform.request_fails_with = ERR_NONE;
    return world->platform.kept_reason != NULL && is_resumable(operation);
}

/* What was asked for with the kept key is asked for with it again, also when a second one could be made by now. */
static void a_key_that_was_kept_stays_kept(void **state)
{
    struct ops_world *world = *state;
    int nth = 10;
    world->person.answers[1] = "123456";
    while (nth < 20 && !fail_one_that_keeps(world, nth))
        nth++;
    assert_in_range(nth, 10, 19);
    AUTO(json_freep) struct json *operation = resume(world);
    assert_string_equal(ops_world_code(operation), "none");
    assert_string_equal(world->platform.kept_reason, "key-cannot-replace");
    assert_int_equal(world->platform.issued, 1);
    assert_int_equal(world->platform.confirmed, 1);
}

static struct virtual_piv_objects *objects_of(struct ops_world *world)
{
    const struct virtual_piv_objects *peeked = virtual_piv_peek_objects(world->keys.cards[0]);
    struct virtual_piv_objects *objects = NULL;
    memcpy(&objects, &peeked, sizeof objects);
    return objects;
}

/* The standard alone: nothing tells of keys. */
static void make_bare(struct virtual_piv_objects *objects)
{
    static struct virtual_piv_profile bare;
    bare = *objects->profile;
    bare.extensions = VIRTUAL_PIV_SERIAL;
    objects->profile = &bare;
}

/* A renewal with the kept key that broke off at the nth command: whether half a certificate is left. */
static bool fail_one_in_the_middle_of_writing(struct ops_world *world, int nth, bool is_bare)
{
    AUTO(memory_freep) char *fault = memory_printf("lose-after %d", nth);
    ops_world_use(world, "piv-blocks", false);
    if (is_bare)
        make_bare(objects_of(world));
    world->keys.next_fault = fault;
    AUTO(json_freep) struct json *operation = ops_world_run(world, "renew", "ticket");
    while (ops_world_busy(world))
        loop_run_posted(world->loop);
    return is_resumable(operation) &&
           virtual_piv_objects_missing(virtual_piv_peek_objects(world->keys.cards[0]),
                                       virtual_piv_objects_certificate_tag(VIRTUAL_PIV_SIGNATURE)) >
               0;
}

/* What the driver keeps elsewhere meanwhile goes: a token with one place has none for it. */
static void lose_the_copy(struct ops_world *world)
{
    for (unsigned slot = 0x82; slot <= 0x95; slot++)
        assert_true(virtual_piv_objects_put(
            objects_of(world), virtual_piv_objects_certificate_tag((uint8_t)slot), SPAN_NONE));
}

static void lose_it_and_go_on(struct ops_world *world, bool is_bare)
{
    int nth = 10;
    world->person.answers[1] = "123456";
    while (nth < 60 && !fail_one_in_the_middle_of_writing(world, nth, is_bare))
        nth++;
    assert_in_range(nth, 10, 59);
    lose_the_copy(world);
    AUTO(json_freep) struct json *operation = resume(world);
    assert_string_equal(ops_world_code(operation), "none");
    assert_int_equal(world->platform.issued, 1);
    assert_int_equal(world->platform.confirmed, 1);
}

static void a_certificate_that_the_key_lost_over_the_writing_is_known(void **state)
{
    lose_it_and_go_on(*state, false);
}

static void a_key_that_knows_itself_by_its_certificate_gets_it_again(void **state)
{
    lose_it_and_go_on(*state, true);
}

/* What a page is told of the end leads to its next request before the operation's thread is gone. */
struct hurried {
    struct ops_world *world;
    bool (*act)(struct ops_world *world); /* once, at the first failure */
    unsigned acted;
};

static void act_at_once(void *context, const struct ops_change *change)
{
    struct hurried *hurried = context;
    struct ops_world *world = hurried->world;
    if (change->event == OPS_STATUS_CHANGED && hurried->acted > 0 && !ops_world_busy(world))
        loop_stop(world->loop);
    if (change->event != OPS_OPERATION_CHANGED || hurried->acted > 0 ||
        !ops_operation_over(world->ops, world->id, NULL))
        return;
    hurried->acted++;
    assert_true(hurried->act(world));
}

static struct json *shown(struct ops_world *world)
{
    struct err err = ERR_INIT;
    struct json *json = NULL;
    assert_int_equal(ops_operation_json(world->ops, world->id, NULL, LANG_ZH, &json, &err),
                     ERR_NONE);
    return json;
}

/* A renewal fails on the way, and the page acts as soon as it hears of it. */
static struct json *fail_and_act(struct ops_world *world, bool (*act)(struct ops_world *world))
{
    struct err err = ERR_INIT;
    struct hurried hurried = {.world = world, .act = act};
    const struct ops_start start = {.kind = "renew", .ticket = "t", .origin = OPS_WORLD_ORIGIN};
    world->platform.request_fails_with = ERR_PLATFORM_TIMEOUT;
    ops_observe(world->ops, act_at_once, &hurried);
    assert_int_equal(ops_start(world->ops, &start, world->id, &err), ERR_NONE);
    assert_int_equal(loop_run(world->loop, &err), ERR_NONE);
    assert_int_equal(hurried.acted, 1);
    return shown(world);
}

static bool resume_now(struct ops_world *world)
{
    struct err err = ERR_INIT;
    world->platform.request_fails_with = ERR_NONE;
    if (ops_resume(world->ops, world->id, OPS_WORLD_ORIGIN, LANG_ZH, &err) != ERR_NONE)
        return false;
    AUTO(json_freep) struct json *operation = shown(world);
    assert_string_equal(ops_world_state(operation), "running");
    assert_string_equal(ops_world_code(operation), "none");
    assert_false(is_resumable(operation));
    assert_int_equal(ops_resume(world->ops, world->id, OPS_WORLD_ORIGIN, LANG_ZH, &err),
                     ERR_OPERATION_NOT_RESUMABLE);
    return true;
}

static bool abandon_now(struct ops_world *world)
{
    struct err err = ERR_INIT;
    return ops_abandon(world->ops, world->id, OPS_WORLD_ORIGIN, &err) == ERR_NONE;
}

static bool resume_and_cancel(struct ops_world *world)
{
    struct err err = ERR_INIT;
    return resume_now(world) &&
           ops_cancel(world->ops, world->id, OPS_WORLD_ORIGIN, &err) == ERR_NONE;
}

static void it_is_gone_on_with_before_its_thread_has_ended(void **state)
{
    struct ops_world *world = *state;
    world->person.answers[1] = "123456";
    AUTO(json_freep) struct json *operation = fail_and_act(world, resume_now);
    assert_string_equal(ops_world_state(operation), "done");
    assert_int_equal(world->platform.redeemed, 1);
    assert_int_equal(world->person.asked, 2);
}

static void it_is_given_up_before_its_thread_has_ended(void **state)
{
    struct ops_world *world = *state;
    AUTO(json_freep) struct json *operation = fail_and_act(world, abandon_now);
    assert_string_equal(ops_world_state(operation), "cancelled");
    assert_false(is_resumable(operation));
}

static void going_on_is_cancelled_before_it_began(void **state)
{
    struct ops_world *world = *state;
    AUTO(json_freep) struct json *operation = fail_and_act(world, resume_and_cancel);
    assert_string_equal(ops_world_state(operation), "cancelled");
    assert_int_equal(world->person.asked, 1);
}

static void it_goes_on_after_a_restart(void **state)
{
    struct ops_world *world = *state;
    world->person.answers[1] = "123456";
    fail_a_renewal(world);
    ops_freep(&world->ops);
    ops_world_open(world);
    AUTO(json_freep) struct json *operation = resume(world);
    assert_string_equal(ops_world_state(operation), "done");
    assert_int_equal(world->platform.redeemed, 1);
}

static void another_key_is_not_taken_for_its_own(void **state)
{
    struct ops_world *world = *state;
    fail_a_renewal(world);
    ops_freep(&world->ops);
    stand_in_keys_add(&world->keys, &world->platform, "KEY2", "gmt0017-2012", false);
    virtual_card_freep(&world->keys.cards[0]);
    world->keys.cards[0] = world->keys.cards[1];
    world->keys.count = 1;
    ops_world_open(world);
    AUTO(json_freep) struct json *operation = resume(world);
    assert_string_equal(ops_world_code(operation), "wrong-key");
}

static void check_refused(struct ops_world *world, const char *origin, enum err_code code)
{
    struct err err = ERR_INIT;
    assert_int_equal(ops_resume(world->ops, world->id, origin, LANG_ZH, &err), code);
}

static void only_one_that_failed_on_the_way_can_be_gone_on_with(void **state)
{
    struct ops_world *world = *state;
    AUTO(json_freep) struct json *done = ops_world_run(world, "renew", "ticket");
    assert_string_equal(ops_world_state(done), "done");
    check_refused(world, OPS_WORLD_ORIGIN, ERR_OPERATION_NOT_RESUMABLE);
    check_refused(world, "https://other.example", ERR_OPERATION_UNKNOWN);
    world->platform.redeem_fails_with = ERR_TICKET_EXPIRED;
    world->person.answers[1] = "123456";
    AUTO(json_freep) struct json *refused = ops_world_run(world, "renew", "ticket");
    assert_string_equal(ops_world_state(refused), "failed");
    check_refused(world, OPS_WORLD_ORIGIN, ERR_OPERATION_NOT_RESUMABLE);
}

static void not_when_its_job_has_expired(void **state)
{
    struct ops_world *world = *state;
    fail_a_renewal(world);
    clock_set_for_test(FIXTURE_NOW + 3600);
    check_refused(world, OPS_WORLD_ORIGIN, ERR_OPERATION_NOT_RESUMABLE);
}

static bool journal_holds(const struct ops_world *world, const char *text)
{
    AUTO(memory_freep) char *log = memory_printf("%s-wal", world->journal_file);
    const char *const files[] = {world->journal_file, log};
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        AUTO(bytes_freep) struct bytes *content = NULL;
        struct err err = ERR_INIT;
        if (file_read(files[i], 1 << 22, &content, &err) == ERR_NONE &&
            memmem(content->at, content->len, text, strlen(text)) != NULL)
            return true;
    }
    return false;
}

static void one_that_is_given_up_ends_as_cancelled_and_its_secret_is_wiped(void **state)
{
    struct ops_world *world = *state;
    struct err err = ERR_INIT;
    fail_a_renewal(world);
    assert_true(journal_holds(world, "a secret of the job"));
    assert_int_equal(ops_abandon(world->ops, world->id, "https://other.example", &err),
                     ERR_OPERATION_UNKNOWN);
    assert_int_equal(ops_abandon(world->ops, world->id, OPS_WORLD_ORIGIN, &err), ERR_NONE);
    assert_false(journal_holds(world, "a secret of the job"));
    check_refused(world, OPS_WORLD_ORIGIN, ERR_OPERATION_NOT_RESUMABLE);
    assert_int_equal(ops_abandon(world->ops, world->id, OPS_WORLD_ORIGIN, &err),
                     ERR_OPERATION_TOO_LATE);
}

static void an_agent_that_ends_at_once_still_gives_it_up(void **state)
{
    struct ops_world *world = *state;
    struct err err = ERR_INIT;
    const struct ops_start start = {.kind = "renew", .ticket = "t", .origin = OPS_WORLD_ORIGIN};
    world->platform.request_fails_with = ERR_PLATFORM_TIMEOUT;
    assert_int_equal(ops_start(world->ops, &start, world->id, &err), ERR_NONE);
    while (!ops_operation_over(world->ops, world->id, NULL)) /* the loop stands: nobody reaps it */
        usleep(1000);
    assert_true(abandon_now(world));
    ops_freep(&world->ops);
    assert_false(journal_holds(world, "a secret of the job"));
    ops_world_open(world);
    AUTO(json_freep) struct json *operation = shown(world);
    assert_string_equal(ops_world_state(operation), "cancelled");
}

static void a_later_success_wipes_the_secret_of_the_attempt_before(void **state)
{
    struct ops_world *world = *state;
    world->person.answers[1] = "123456";
    fail_a_renewal(world);
    AUTO(json_freep) struct json *operation = ops_world_run(world, "renew", "another ticket");
    assert_string_equal(ops_world_state(operation), "done");
    while (ops_world_busy(world))
        loop_run_posted(world->loop);
    assert_false(journal_holds(world, "a secret of the job"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OPS_WORLD_TEST(it_goes_on_with_its_job_and_asks_for_the_pin),
        OPS_WORLD_TEST(a_key_that_was_kept_stays_kept),
        OPS_WORLD_TEST(a_certificate_that_the_key_lost_over_the_writing_is_known),
        OPS_WORLD_TEST(a_key_that_knows_itself_by_its_certificate_gets_it_again),
        OPS_WORLD_TEST(it_is_gone_on_with_before_its_thread_has_ended),
        OPS_WORLD_TEST(it_is_given_up_before_its_thread_has_ended),
        OPS_WORLD_TEST(going_on_is_cancelled_before_it_began),
        OPS_WORLD_TEST(it_goes_on_after_a_restart),
        OPS_WORLD_TEST(another_key_is_not_taken_for_its_own),
        OPS_WORLD_TEST(only_one_that_failed_on_the_way_can_be_gone_on_with),
        OPS_WORLD_TEST(not_when_its_job_has_expired),
        OPS_WORLD_TEST(one_that_is_given_up_ends_as_cancelled_and_its_secret_is_wiped),
        OPS_WORLD_TEST(an_agent_that_ends_at_once_still_gives_it_up),
        OPS_WORLD_TEST(a_later_success_wipes_the_secret_of_the_attempt_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
