/* CA锁密码重置. */
#include "tests/unit/agent/ops/ops_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "agent/ops/op_journal.h"

/* Those of PIV tokens come last. */
static const char *const profiles[] = {"gmt0017-2012", "longmai",   "syno",   "piv-full",
                                       "piv-5.4",      "piv-plain", "piv-odd"};
#define GMT_PROFILES 3

static void use_profile(struct ops_world *world, const char *profile)
{
    ops_world_use(world, profile, false);
}

/* Wrong PINs until nothing is left. */
static void lock_pin(struct ops_world *world)
{
    world->platform.kind = "renew";
    while (ops_world_tries_left(world) > 0) {
        world->person.asked = 0;
        bool last = ops_world_tries_left(world) == 1;
        const char *const answers[] = {last ? "yes" : "999999", last ? "999999" : "cancel"};
        memcpy(world->person.answers, answers, sizeof answers);
        AUTO(json_freep) struct json *operation = ops_world_run(world, "renew", "ticket");
    }
}

static struct json *reset(struct ops_world *world, const char *const answers[4])
{
    world->platform.kind = "reset-pin";
    world->person.asked = 0;
    memcpy(world->person.answers, answers, 4 * sizeof answers[0]);
    return ops_world_run(world, "reset-pin", "ticket");
}

static int administrator_tries(struct ops_world *world)
{
    struct token_pin_state pin;
    struct err err = ERR_INIT;
    AUTO(token_closep) struct token *token = ops_world_open_token(world);
    assert_int_equal(token_read_pin_state(token, TOKEN_ADMINISTRATOR, &pin, &err), ERR_NONE);
    return pin.tries_left;
}

static void a_locked_pin_is_reset_on_every_profile(void **state)
{
    struct ops_world *world = *state;
    for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
        use_profile(world, profiles[i]);
        lock_pin(world);
        AUTO(json_freep)
        struct json *operation = reset(world, (const char *const[4]){"yes", "cancel"});
        if (strcmp(ops_world_state(operation), "done") != 0)
            print_error("%s: %s\n", profiles[i], ops_world_code(operation));
        assert_string_equal(ops_world_state(operation), "done");
        assert_string_equal(json_text_of(json_member(operation, "message")),
                            "重置锁成功,CA锁密码为:123456。");
        assert_true(ops_world_tries_left(world) > 0);
        world->platform.kind = "renew";
        world->person.asked = 0;
        world->person.answers[0] = "123456";
        AUTO(json_freep) struct json *check = ops_world_run(world, "change-pin", NULL);
        assert_string_equal(ops_world_code(check), "prompt-cancelled"); /* the PIN was right */
    }
}

static void the_offer_to_change_the_initial_pin_is_taken(void **state)
{
    struct ops_world *world = *state;
    lock_pin(world);
    AUTO(json_freep)
    struct json *operation =
        reset(world, (const char *const[4]){"yes", "yes", "123456", "29-okapi"});
    assert_string_equal(ops_world_state(operation), "done");
    assert_string_equal(json_text_of(json_member(operation, "message")),
                        "重置锁成功,CA锁密码已修改。");
}

static void saying_no_changes_nothing(void **state)
{
    struct ops_world *world = *state;
    lock_pin(world);
    AUTO(memory_freep) char *before = stand_in_keys_describe(&world->keys, 0);
    AUTO(json_freep) struct json *operation = reset(world, (const char *const[4]){"cancel"});
    assert_string_equal(ops_world_state(operation), "cancelled");
    assert_int_equal(world->platform.unblocks, 0);
    ops_world_assert_unchanged(world, before);
}

static void a_wrong_answer_of_the_platform_is_refused_by_the_key(void **state)
{
    struct ops_world *world = *state;
    for (size_t i = 0; i < GMT_PROFILES; i++) {
        for (int kind = 0; kind < 2; kind++) {
            use_profile(world, profiles[i]);
            lock_pin(world);
            int before = administrator_tries(world);
            world->platform.spoil_blob = kind == 0;
            world->platform.wrong_admin_pin = kind == 1 ? "87654321" : NULL;
            AUTO(json_freep)
            struct json *operation = reset(world, (const char *const[4]){"yes"});
            if (strcmp(ops_world_code(operation), "unblock-refused") != 0)
                print_error("%s, %d: %s\n", profiles[i], kind, ops_world_code(operation));
            assert_string_equal(ops_world_code(operation), "unblock-refused");
            assert_int_equal(ops_world_tries_left(world), 0);
            assert_true(before - administrator_tries(world) <= 1);
            world->platform.spoil_blob = false;
            world->platform.wrong_admin_pin = NULL;
        }
    }
}

static void a_replayed_answer_is_refused_by_the_key(void **state)
{
    struct ops_world *world = *state;
    lock_pin(world);
    AUTO(json_freep) struct json *first = reset(world, (const char *const[4]){"yes", "cancel"});
    assert_string_equal(ops_world_state(first), "done");
    lock_pin(world);
    world->platform.replay_blob = true;
    AUTO(json_freep) struct json *replayed = reset(world, (const char *const[4]){"yes"});
    assert_string_equal(ops_world_code(replayed), "unblock-refused");
    assert_int_equal(ops_world_tries_left(world), 0);
}

/* We stop long before the key does. */
static void few_administrator_tries_are_left_alone(void **state)
{
    struct ops_world *world = *state;
    int left = administrator_tries(world);
    lock_pin(world);
    world->platform.wrong_admin_pin = "87654321";
    for (int i = 0; i < left + 2; i++)
        json_free(reset(world, (const char *const[4]){"yes"}));
    AUTO(json_freep) struct json *operation = reset(world, (const char *const[4]){"yes"});
    assert_string_equal(ops_world_code(operation), "administrator-tries-low");
    assert_int_equal(administrator_tries(world), 3); /* the platform's number too */
}

/* Of an operation that is done, after the offer to change the PIN was declined. */
static void check_told_initial(const struct json *operation)
{
    bool told = false;
    struct err err = ERR_INIT;
    const struct json_field field = {"pin_default", JSON_BOOL, false, 0, &told};
    assert_int_equal(
        json_read(json_member(operation, "result"), &field, 1, JSON_UNKNOWN_IGNORED, &err),
        ERR_NONE);
    assert_true(told);
}

/* How the operation ends, and whether the key then has a PIN that can be tried: both must say the same,
 * or the person is told that it is not known. */
static void check_told_truly(struct ops_world *world, const struct json *operation,
                             const char *fault)
{
    const char *state = ops_world_state(operation);
    bool reset_done = ops_world_tries_left(world) > 0;
    bool told_done = strcmp(state, "done") == 0;
    bool told_unclear = strcmp(ops_world_code(operation), "reset-unclear") == 0;
    if (told_done != reset_done && !told_unclear)
        fail_msg("%s: %s, %s; reset: %d", fault, state, ops_world_code(operation), reset_done);
    if (told_done)
        check_told_initial(operation);
    assert_int_equal(world->platform.confirmed, told_done ? 1 : 0);
}

/* *out_reset: whether the key took it. */
static void break_line(struct ops_world *world, const char *profile, const char *fault,
                       bool *out_reset)
{
    use_profile(world, profile);
    lock_pin(world);
    world->platform.confirmed = 0;
    world->keys.next_fault = fault;
    AUTO(json_freep)
    struct json *operation = reset(world, (const char *const[4]){"yes", "cancel"});
    world->keys.next_fault = NULL;
    check_told_truly(world, operation, fault);
    *out_reset = ops_world_tries_left(world) > 0;
}

/* Whatever command the line breaks at, before or after the key carried it out. The key is back at once. */
static void a_broken_line_is_told_truly(void **state)
{
    static const char *const faults[] = {"lose-before", "lose-after", "remove-at", "cut"};
    struct ops_world *world = *state;
    for (size_t p = 0; p < ARRAY_SIZE(profiles); p++) {
        unsigned count[2] = {0};
        for (size_t i = 0; i < ARRAY_SIZE(faults); i++)
            for (int nth = 1; nth <= 18; nth++) {
                bool was_reset = false;
                AUTO(memory_freep) char *fault = memory_printf("%s %d", faults[i], nth);
                break_line(world, profiles[p], fault, &was_reset);
                count[was_reset]++;
            }
        assert_true(count[true] > 0 && count[false] > 0);
    }
}

static struct secret *pin_of(const char *text)
{
    struct secret *pin = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(secret_new(16, &pin, &err), ERR_NONE);
    memcpy(secret_room(pin), text, strlen(text));
    secret_set_length(pin, strlen(text));
    return pin;
}

static enum err_code log_in(struct ops_world *world, const char *text)
{
    AUTO(secret_freep) struct secret *pin = pin_of(text);
    AUTO(token_closep) struct token *token = ops_world_open_token(world);
    struct err err = ERR_INIT;
    return token_login(token, pin, &err);
}

/* A key whose PIN is the person's own, and which counted one wrong try. */
static void use_own_pin(struct ops_world *world, const char *profile)
{
    use_profile(world, profile);
    AUTO(secret_freep) struct secret *initial = pin_of("123456");
    AUTO(secret_freep) struct secret *own = pin_of("29-okapi");
    AUTO(token_closep) struct token *token = ops_world_open_token(world);
    struct err err = ERR_INIT;
    assert_int_equal(token_change_pin(token, initial, own, &err), ERR_NONE);
    token_closep(&token);
    assert_int_equal(log_in(world, "999999"), ERR_PIN_WRONG);
}

static void another_program_logs_in(void *context)
{
    struct ops_world *world = context;
    assert_int_equal(log_in(world, "29-okapi"), ERR_NONE);
    world->person.holds = false;
}

/* Its counter is full again then, without any reset. */
static void a_log_in_meanwhile_is_not_taken_for_the_reset(void **state)
{
    struct ops_world *world = *state;
    static const char *const faults[] = {"lose-before", "lose-after", "remove-at"};
    unsigned told[2] = {0};
    for (size_t p = 0; p < ARRAY_SIZE(profiles); p++)
        for (int i = 0; i < 24; i++) {
            AUTO(memory_freep)
            char *fault = memory_printf("%s %d", faults[i % ARRAY_SIZE(faults)], i / 3 + 11);
            use_own_pin(world, profiles[p]);
            world->once = false;
            world->on_waiting_user = another_program_logs_in;
            world->person.holds = true;
            world->platform.confirmed = 0;
            world->keys.next_fault = fault;
            AUTO(json_freep)
            struct json *operation = reset(world, (const char *const[4]){"yes", "cancel"});
            world->keys.next_fault = NULL;
            bool reset_done = log_in(world, "123456") == ERR_NONE;
            bool told_done = strcmp(ops_world_state(operation), "done") == 0;
            if (told_done && !reset_done)
                fail_msg("%s, %s: told as done", profiles[p], fault);
            if (told_done)
                check_told_initial(operation);
            assert_int_equal(world->platform.confirmed, told_done ? 1 : 0);
            told[told_done]++;
        }
    assert_true(told[true] > 0 && told[false] > 0);
}

static void stop_when_it_waits_for_the_key(void *context, const struct ops_change *change)
{
    struct ops_world *world = context;
    AUTO(json_freep) struct json *json = NULL;
    struct err err = ERR_INIT;
    if (change->event != OPS_OPERATION_CHANGED ||
        ops_operation_json(world->ops, change->id, NULL, LANG_ZH, &json, &err) != ERR_NONE)
        return;
    const struct json *step = json_member(json, "step");
    if (strcmp(ops_world_state(json), "waiting-user") == 0 &&
        strcmp(json_text_of(json_member(step, "name")), "verify") == 0)
        loop_stop(world->loop);
}

static void pull_out(void *context)
{
    struct ops_world *world = context;
    world->keys.count = 0;
}

/* Until the operation waits for the key, which was pulled out when the answer to UnblockPIN was due. */
static void lose_key_in_reset(struct ops_world *world)
{
    struct err err = ERR_INIT;
    lock_pin(world);
    world->platform.kind = "reset-pin";
    world->platform.on_unblock = pull_out;
    world->platform.on_unblock_context = world;
    world->keys.next_fault = "remove-after 14";
    world->person.asked = 0;
    world->person.answers[0] = "yes";
    world->person.answers[1] = "cancel";
    const struct ops_start start = {.kind = "reset-pin", .ticket = "t", .origin = OPS_WORLD_ORIGIN};
    assert_int_equal(ops_start(world->ops, &start, world->id, &err), ERR_NONE);
    ops_observe(world->ops, stop_when_it_waits_for_the_key, world);
    assert_int_equal(loop_run(world->loop, &err), ERR_NONE);
}

static void a_key_that_comes_back_is_asked(void **state)
{
    struct ops_world *world = *state;
    lose_key_in_reset(world);
    world->keys.count = 1;
    AUTO(json_freep) struct json *operation = ops_world_run_until_over(world);
    assert_string_equal(ops_world_code(operation), "none");
    assert_string_equal(ops_world_state(operation), "done");
    assert_int_equal(world->platform.confirmed, 1);
    assert_true(ops_world_tries_left(world) > 0);
}

static void a_key_that_stays_away_is_told_as_unclear(void **state)
{
    struct ops_world *world = *state;
    struct err err = ERR_INIT;
    lose_key_in_reset(world);
    assert_int_equal(ops_cancel(world->ops, world->id, OPS_WORLD_ORIGIN, &err), ERR_NONE);
    AUTO(json_freep) struct json *operation = ops_world_run_until_over(world);
    assert_string_equal(ops_world_state(operation), "failed");
    assert_string_equal(ops_world_code(operation), "reset-unclear");
    assert_int_equal(world->platform.confirmed, 0);
    world->keys.count = 1;
}

static bool is_changed(const struct json *operation)
{
    struct err err = ERR_INIT;
    bool changed = false;
    const struct json_field field = {"key_changed", JSON_BOOL, false, 0, &changed};
    assert_int_equal(json_read(operation, &field, 1, JSON_UNKNOWN_IGNORED, &err), ERR_NONE);
    return changed;
}

/* Going on comes to nothing: the key still is as the first attempt left it. */
static void what_an_earlier_attempt_changed_stays_told(void **state)
{
    struct ops_world *world = *state;
    struct err err = ERR_INIT;
    lose_key_in_reset(world);
    assert_int_equal(ops_cancel(world->ops, world->id, OPS_WORLD_ORIGIN, &err), ERR_NONE);
    AUTO(json_freep) struct json *unclear = ops_world_run_until_over(world);
    assert_true(is_changed(unclear));
    while (ops_world_busy(world))
        loop_run_posted(world->loop);
    assert_int_equal(ops_resume(world->ops, world->id, OPS_WORLD_ORIGIN, LANG_ZH, &err), ERR_NONE);
    AUTO(json_freep) struct json *operation = ops_world_run_until_over(world);
    assert_string_equal(ops_world_state(operation), "failed");
    assert_true(is_changed(operation));
    world->keys.count = 1;
}

static void an_agent_that_ended_meanwhile_asks_the_key(void **state)
{
    struct ops_world *world = *state;
    lose_key_in_reset(world);
    ops_freep(&world->ops);
    world->keys.count = 1;
    ops_world_open(world);
    AUTO(json_freep) struct json *operation = ops_world_run_until_over(world);
    assert_string_equal(ops_world_code(operation), "none");
    assert_string_equal(ops_world_state(operation), "done");
    assert_int_equal(world->platform.confirmed, 1);
    assert_int_equal(world->person.asked,
                     1); /* the offer is not made by an agent that just started */
    assert_true(ops_world_tries_left(world) > 0);
}

static void a_key_that_is_away_at_the_restart_is_waited_for(void **state)
{
    struct ops_world *world = *state;
    struct err err = ERR_INIT;
    lose_key_in_reset(world);
    ops_freep(&world->ops);
    ops_world_open(world);
    assert_int_equal(ops_cancel(world->ops, world->id, OPS_WORLD_ORIGIN, &err), ERR_NONE);
    AUTO(json_freep) struct json *operation = ops_world_run_until_over(world);
    assert_string_equal(ops_world_code(operation), "reset-unclear");
    world->keys.count = 1;
}

/* The journal as it was right after the new PIN had been sent. */
static void put_back_into_the_offer(void *context, const struct op_row *row)
{
    struct err err = ERR_INIT;
    struct op_row earlier = *row;
    earlier.state = "waiting-user";
    earlier.step = "offer";
    assert_int_equal(op_journal_put(context, &earlier, OP_OUTLIVES_US, &err), ERR_NONE);
}

static void an_agent_that_died_in_the_change_does_not_say_which_pin_holds(void **state)
{
    struct ops_world *world = *state;
    struct err err = ERR_INIT;
    lock_pin(world);
    json_free(reset(world, (const char *const[4]){"yes", "yes", "123456", "29-okapi"}));
    ops_freep(&world->ops);
    struct op_journal *journal = NULL;
    assert_int_equal(op_journal_open(world->journal_file, &journal, &err), ERR_NONE);
    assert_int_equal(op_journal_each(journal, put_back_into_the_offer, journal, &err), ERR_NONE);
    op_journal_close(journal);
    ops_world_open(world);
    AUTO(json_freep) struct json *operation = ops_world_run_until_over(world);
    assert_string_equal(ops_world_state(operation), "done");
    assert_string_equal(json_text_of(json_member(operation, "message")),
                        "重置锁成功。修改密码时CA锁没有应答：密码为您的新密码，或者为123456。");
}

#define COMMANDS 16 /* of a reset, more or less */

/* Its PUK has been replaced then; that the PIN was not reset is all that the person sees of it. */
static void a_key_whose_rules_refuse_the_initial_pin_says_so(void **state)
{
    struct ops_world *world = *state;
    int told = 0;
    for (int nth = 1; nth <= COMMANDS; nth++) {
        AUTO(memory_freep) char *fault = memory_printf("status %d 6985", nth);
        use_profile(world, "piv-plain");
        lock_pin(world);
        world->keys.next_fault = fault;
        AUTO(json_freep)
        struct json *operation = reset(world, (const char *const[4]){"yes", "cancel"});
        if (strcmp(ops_world_code(operation), "reset-pin-rules") != 0)
            continue;
        told++;
        assert_string_equal(ops_world_state(operation), "failed");
        assert_int_equal(ops_world_tries_left(world), 0);
    }
    assert_int_equal(told, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OPS_WORLD_TEST(a_locked_pin_is_reset_on_every_profile),
        OPS_WORLD_TEST(the_offer_to_change_the_initial_pin_is_taken),
        OPS_WORLD_TEST(saying_no_changes_nothing),
        OPS_WORLD_TEST(a_wrong_answer_of_the_platform_is_refused_by_the_key),
        OPS_WORLD_TEST(a_replayed_answer_is_refused_by_the_key),
        OPS_WORLD_TEST(few_administrator_tries_are_left_alone),
        OPS_WORLD_TEST(a_broken_line_is_told_truly),
        OPS_WORLD_TEST(a_log_in_meanwhile_is_not_taken_for_the_reset),
        OPS_WORLD_TEST(a_key_that_comes_back_is_asked),
        OPS_WORLD_TEST(a_key_that_stays_away_is_told_as_unclear),
        OPS_WORLD_TEST(what_an_earlier_attempt_changed_stays_told),
        OPS_WORLD_TEST(an_agent_that_ended_meanwhile_asks_the_key),
        OPS_WORLD_TEST(a_key_that_is_away_at_the_restart_is_waited_for),
        OPS_WORLD_TEST(an_agent_that_died_in_the_change_does_not_say_which_pin_holds),
        OPS_WORLD_TEST(a_key_whose_rules_refuse_the_initial_pin_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
