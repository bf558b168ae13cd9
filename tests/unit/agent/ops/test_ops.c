/* Operations from end to end in one process: virtual keys, a stand-in platform, a stand-in person. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "agent/ops/ops_setup.h"
#include "base/file.h"
#include "tests/unit/agent/ops/stand_in_keys.h"
#include "token/virtual/virtual_personal.h"

#define ORIGIN "https://portal.example"
#define WAIT_MS 30000

struct world {
    char *journal_file;
    struct loop *loop;
    struct stand_in_platform platform;
    struct stand_in_keys keys;
    struct stand_in_person person;
    struct ops_platform listed;
    struct ops *ops;
    char id[OPS_ID_BYTES];
    unsigned changes;
    loop_fn on_waiting_user; /* run when the dialog is open */
    bool once;
};

static void open_ops(struct world *world)
{
    struct err err = ERR_INIT;
    world->listed = (struct ops_platform){
        .id = "sunshine",
        .origin = ORIGIN,
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
        .platform_count = 1,
        .due = {DUE_WINDOW_DAYS_DEFAULT, DUE_GRACE_DAYS_DEFAULT},
        .prompt_seconds = 10,
    };
    assert_int_equal(ops_new(&options, &world->ops, &err), ERR_NONE);
}

static int set_up(void **state)
{
    struct world *world = memory_new(sizeof *world);
    char folder[] = "/tmp/ukeyd-ops-XXXXXX";
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
    open_ops(world);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    ops_free(world->ops);
    loop_free(world->loop);
    stand_in_keys_done(&world->keys);
    stand_in_platform_done(&world->platform);
    free(world->journal_file);
    free(world);
    clock_set_for_test(0);
    return 0;
}

/* ---- running ---- */

static void on_change(void *context, const struct ops_change *change)
{
    struct world *world = context;
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
    if (ops_operation_over(world->ops, change->id, NULL))
        loop_stop(world->loop);
}

static void too_late(void *context)
{
    loop_stop(context);
    fail_msg("the operation does not end");
}

static struct json *run_until_over(struct world *world)
{
    struct err err = ERR_INIT;
    struct json *json = NULL;
    ops_observe(world->ops, on_change, world);
    struct loop_timer *timer = loop_timer_new(world->loop, too_late, world->loop);
    loop_timer_set(timer, deadline_in_ms(WAIT_MS));
    assert_int_equal(loop_run(world->loop, &err), ERR_NONE);
    loop_timer_free(timer);
    assert_int_equal(ops_operation_json(world->ops, world->id, NULL, LANG_ZH, &json, &err),
                     ERR_NONE);
    return json;
}

static struct json *run(struct world *world, const char *kind, const char *ticket)
{
    struct err err = ERR_INIT;
    const struct ops_start start = {.kind = kind, .ticket = ticket, .origin = ORIGIN};
    assert_int_equal(ops_start(world->ops, &start, world->id, &err), ERR_NONE);
    return run_until_over(world);
}

static const char *state_of(const struct json *operation)
{
    return json_text_of(json_member(operation, "state"));
}

static const char *code_of(const struct json *operation)
{
    const char *code = json_text_of(json_member(json_member(operation, "error"), "code"));
    return code != NULL ? code : "none";
}

static int tries_left(const struct world *world)
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

/* ---- renewal ---- */

static void a_kept_key_gets_new_certificates(void **state)
{
    struct world *world = *state;
    AUTO(json_freep) struct json *operation = run(world, "renew", "ticket");
    assert_string_equal(code_of(operation), "none");
    assert_string_equal(state_of(operation), "done");
    assert_string_equal(json_text_of(json_member(operation, "message")),
                        "续费成功、请您进行CA签章延期!");
    assert_int_equal(world->platform.issued, 1);
    assert_int_equal(world->platform.confirmed, 1);
    assert_int_equal(world->person.asked, 1);
    assert_non_null(strstr(world->person.last_description, "KEY1"));
    assert_non_null(strstr(world->person.last_description, ORIGIN));
    assert_non_null(strstr(world->person.last_description, "holder"));
    AUTO(memory_freep) char *after = stand_in_keys_describe(&world->keys, 0);
    AUTO(cert_freep) struct cert *cert = fixture_parse(span_bytes(world->platform.sign_cert));
    AUTO(memory_freep) char *pem = cert_pem(cert);
    AUTO(json_freep) struct json *json = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(json_parse(span_text(after), 1 << 20, &json, &err), ERR_NONE);
    const struct json *container = json_item(json_member(json, "containers"), 0);
    assert_string_equal(json_text_of(json_member(container, "sign_cert")), pem);
}

static void a_replaced_key_leaves_the_old_container_alone(void **state)
{
    struct world *world = *state;
    world->platform.replace_key = true;
    AUTO(json_freep) struct json *operation = run(world, "renew", "ticket");
    assert_string_equal(code_of(operation), "none");
    assert_string_equal(state_of(operation), "done");
    const struct virtual_objects *objects = virtual_card_objects(world->keys.cards[0]);
    assert_non_null(virtual_personal_pair_for(objects, span_bytes(world->platform.encrypt_cert)));
    assert_non_null(virtual_personal_pair_for(objects, span_bytes(world->platform.sign_cert)));
    assert_int_equal(world->platform.confirmed, 1);
}

static void every_profile_and_algorithm_renews(void **state)
{
    static const struct {
        const char *profile;
        bool rsa, replace;
    } cases[] = {
        {"longmai", false, false}, {"longmai", false, true},      {"syno", false, false},
        {"syno", false, true},     {"gmt0017-2012", true, false}, {"longmai", true, true},
    };
    struct world *world = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        stand_in_keys_done(&world->keys);
        stand_in_keys_init(&world->keys);
        stand_in_platform_done(&world->platform);
        stand_in_platform_init(&world->platform);
        world->listed.roots = world->platform.roots;
        stand_in_keys_add(&world->keys, &world->platform, "KEY1", cases[i].profile, cases[i].rsa);
        world->platform.serial = "KEY1";
        world->platform.replace_key = cases[i].replace;
        world->platform.dual = !cases[i].rsa;
        world->platform.algorithm = cases[i].rsa ? "rsa2048" : "sm2";
        world->person.asked = 0;
        AUTO(json_freep) struct json *operation = run(world, "renew", "ticket");
        if (strcmp(state_of(operation), "done") != 0)
            print_error("case %zu: %s\n", i, code_of(operation));
        assert_string_equal(state_of(operation), "done");
    }
}

/* ---- the PIN ---- */

static void a_wrong_pin_is_asked_again_and_counted(void **state)
{
    struct world *world = *state;
    world->person.answers[0] = "111111";
    world->person.answers[1] = "12"; /* too short: not sent */
    world->person.answers[2] = "123456";
    AUTO(json_freep) struct json *operation = run(world, "renew", "ticket");
    assert_string_equal(state_of(operation), "done");
    assert_int_equal(world->person.asked, 3);
    assert_non_null(strstr(world->person.last_error, "未计入"));
}

static void cancelling_costs_only_what_was_typed(void **state)
{
    struct world *world = *state;
    int before = tries_left(world);
    AUTO(memory_freep) char *key_before = stand_in_keys_describe(&world->keys, 0);
    world->person.answers[0] = "111111";
    world->person.answers[1] = "cancel";
    AUTO(json_freep) struct json *operation = run(world, "renew", "ticket");
    assert_string_equal(state_of(operation), "cancelled");
    assert_string_equal(code_of(operation), "prompt-cancelled");
    assert_int_equal(tries_left(world), before - 1);
    assert_int_equal(world->platform.requested, 0);
}

static void the_last_try_wants_a_yes_of_its_own(void **state)
{
    struct world *world = *state;
    while (tries_left(world) > 1) {
        int before = tries_left(world);
        world->person.asked = 0;
        world->person.answers[0] = "111111";
        world->person.answers[1] = "cancel";
        AUTO(json_freep) struct json *operation = run(world, "renew", "ticket");
        assert_int_equal(tries_left(world), before - 1);
    }
    world->person.asked = 0;
    world->person.confirms = 0;
    world->person.answers[0] = "cancel";
    AUTO(json_freep) struct json *refused = run(world, "renew", "ticket");
    assert_int_equal(world->person.confirms, 1);
    assert_int_equal(tries_left(world), 1);
    world->person.asked = 0;
    world->person.answers[0] = "yes";
    world->person.answers[1] = "111111";
    AUTO(json_freep) struct json *locked = run(world, "renew", "ticket");
    assert_string_equal(code_of(locked), "pin-locked");
    assert_int_equal(tries_left(world), 0);
    world->person.asked = 0;
    AUTO(json_freep) struct json *again = run(world, "renew", "ticket");
    assert_string_equal(code_of(again), "pin-locked");
    assert_int_equal(world->person.asked, 0);
}

static void cancel_now(void *context)
{
    struct world *world = context;
    struct err err = ERR_INIT;
    assert_int_equal(ops_cancel(world->ops, world->id, "https://other.example", &err),
                     ERR_OPERATION_UNKNOWN);
    assert_int_equal(ops_cancel(world->ops, world->id, ORIGIN, &err), ERR_NONE);
}

static void a_cancelled_operation_withdraws_its_dialog(void **state)
{
    struct world *world = *state;
    world->person.answers[0] = NULL;
    world->on_waiting_user = cancel_now;
    AUTO(json_freep) struct json *operation = run(world, "renew", "ticket");
    assert_string_equal(state_of(operation), "cancelled");
    struct err err = ERR_INIT;
    assert_int_equal(ops_cancel(world->ops, world->id, ORIGIN, &err), ERR_OPERATION_TOO_LATE);
}

static void pull_out(void *context)
{
    struct world *world = context;
    world->keys.count = 0;
    ops_keys_changed(world->ops);
    world->keys.count = 1;
}

static void pulling_the_key_out_closes_the_dialog(void **state)
{
    struct world *world = *state;
    world->person.answers[0] = NULL;
    world->on_waiting_user = pull_out;
    AUTO(json_freep) struct json *operation = run(world, "renew", "ticket");
    assert_string_equal(state_of(operation), "failed");
    assert_string_equal(code_of(operation), "key-removed");
}

/* ---- refusals ---- */

static void nothing_changes_when_it_is_refused(void **state)
{
    static const struct {
        const char *what, *code;
        enum token_service_state service;
        size_t keys;
        const char *wanted;
        enum err_code redeem;
        bool not_approved, early_end, wrong_subject;
        const char *serial, *algorithm, *kind;
    } cases[] = {
        {"no pcscd", "pcsc-no-service", .service = TOKEN_SERVICE_NONE},
        {"no reader", "no-reader", .service = TOKEN_SERVICE_NO_READER},
        {"no key", "no-key"},
        {"wrong key", "wrong-key", .keys = 1, .wanted = "KEY9"},
        {"two keys", "several-keys", .keys = 2},
        {"forged ticket", "ticket-unknown", .keys = 1, .redeem = ERR_TICKET_UNKNOWN},
        {"order of another key", "wrong-key", .keys = 1, .serial = "KEY9"},
        {"not approved", "order-not-approved", .keys = 1, .not_approved = true},
        {"no longer end", "not-due", .keys = 1, .early_end = true},
        {"policy of another algorithm", "policy-unsupported", .keys = 1, .algorithm = "rsa2048"},
        {"unknown algorithm", "policy-unsupported", .keys = 1, .algorithm = "dsa"},
        {"ticket of another kind", "ticket-kind", .keys = 1, .kind = "check"},
        {"other subject", "certificate-subject", .keys = 1, .wrong_subject = true},
    };
    struct world *world = *state;
    stand_in_keys_add(&world->keys, &world->platform, "KEY2", "longmai", false);
    AUTO(memory_freep) char *before = stand_in_keys_describe(&world->keys, 0);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct stand_in_platform *platform = &world->platform;
        world->keys.service = cases[i].service;
        world->keys.count = cases[i].keys;
        platform->redeem_fails_with = cases[i].redeem;
        platform->approved = !cases[i].not_approved;
        platform->not_after_utc = FIXTURE_NOW + (cases[i].early_end ? 20 : 385) * FIXTURE_DAY;
        platform->wrong_subject = cases[i].wrong_subject;
        platform->serial = cases[i].serial != NULL ? cases[i].serial : "KEY1";
        platform->algorithm = cases[i].algorithm != NULL ? cases[i].algorithm : "sm2";
        platform->kind = cases[i].kind != NULL ? cases[i].kind : "renew";
        world->person.asked = 0;
        struct err err = ERR_INIT;
        const struct ops_start start = {
            .kind = "renew", .ticket = "t", .origin = ORIGIN, .token = cases[i].wanted};
        assert_int_equal(ops_start(world->ops, &start, world->id, &err), ERR_NONE);
        AUTO(json_freep) struct json *operation = run_until_over(world);
        if (strcmp(code_of(operation), cases[i].code) != 0)
            print_error("%s: %s\n", cases[i].what, code_of(operation));
        assert_string_equal(code_of(operation), cases[i].code);
    }
    world->keys.count = 2;
    AUTO(memory_freep) char *after = stand_in_keys_describe(&world->keys, 0);
    assert_string_equal(strstr(before, "space_used"), strstr(after, "space_used"));
}

static void starting_needs_what_the_kind_needs(void **state)
{
    struct world *world = *state;
    static const struct {
        struct ops_start start;
        enum err_code code;
    } cases[] = {
        {{.kind = "format", .origin = ORIGIN}, ERR_FIELD_VALUE},
        {{.kind = "renew", .origin = ORIGIN}, ERR_FIELD_MISSING},
        {{.kind = "renew", .ticket = "t", .origin = "https://evil.example"}, ERR_HTTP_ORIGIN},
        {{.kind = "renew", .ticket = "t"}, ERR_FIELD_MISSING},
        {{.kind = "renew", .ticket = "t", .platform = "moon"}, ERR_FIELD_VALUE},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct err err = ERR_INIT;
        assert_int_equal(ops_start(world->ops, &cases[i].start, world->id, &err), cases[i].code);
    }
    AUTO(json_freep) struct json *list = ops_list_json(world->ops, NULL, LANG_EN);
    assert_int_equal(json_count(list), 0);
}

/* ---- what breaks off is taken up again ---- */

static void a_lost_answer_is_asked_for_again_with_the_same_key(void **state)
{
    struct world *world = *state;
    world->platform.replace_key = true;
    world->platform.request_fails_with = ERR_PLATFORM_TIMEOUT;
    AUTO(json_freep) struct json *failed = run(world, "renew", "ticket");
    assert_string_equal(code_of(failed), "platform-timeout");
    world->platform.request_fails_with = ERR_NONE;
    world->person.asked = 0;
    AUTO(json_freep) struct json *operation = run(world, "renew", "ticket");
    assert_string_equal(code_of(operation), "none");
    assert_string_equal(state_of(operation), "done");
    assert_int_equal(world->platform.issued, 1);
    assert_int_equal(world->platform.reported_failed, 0);
}

static void what_is_no_use_is_given_back_and_removed(void **state)
{
    struct world *world = *state;
    world->platform.replace_key = true;
    world->platform.wrong_subject = true;
    AUTO(memory_freep) char *before = stand_in_keys_describe(&world->keys, 0);
    AUTO(json_freep) struct json *failed = run(world, "renew", "ticket");
    assert_string_equal(code_of(failed), "certificate-subject");
    assert_int_equal(world->platform.reported_failed, 1);
    AUTO(memory_freep) char *after = stand_in_keys_describe(&world->keys, 0);
    assert_string_equal(strstr(before, "space_used"), strstr(after, "space_used"));
}

static void an_unconfirmed_renewal_keeps_trying(void **state)
{
    struct world *world = *state;
    world->platform.confirm_failures = 1;
    world->platform.confirm_fails_with = ERR_PLATFORM_UNREACHABLE;
    AUTO(json_freep) struct json *operation = run(world, "renew", "ticket");
    assert_string_equal(state_of(operation), "done");
    assert_string_equal(code_of(operation), "none");
    assert_int_equal(world->platform.confirmed, 1);
}

static void stop_when_unconfirmed(void *context, const struct ops_change *change)
{
    struct world *world = context;
    AUTO(json_freep) struct json *json = NULL;
    struct err err = ERR_INIT;
    if (change->event != OPS_OPERATION_CHANGED ||
        ops_operation_json(world->ops, change->id, NULL, LANG_ZH, &json, &err) != ERR_NONE)
        return;
    if (strcmp(state_of(json), "unconfirmed") == 0)
        loop_stop(world->loop);
}

static void an_unconfirmed_renewal_is_confirmed_after_a_restart(void **state)
{
    struct world *world = *state;
    struct err err = ERR_INIT;
    world->platform.confirm_failures = 1;
    world->platform.confirm_fails_with = ERR_PLATFORM_UNREACHABLE;
    const struct ops_start start = {.kind = "renew", .ticket = "t", .origin = ORIGIN};
    assert_int_equal(ops_start(world->ops, &start, world->id, &err), ERR_NONE);
    ops_observe(world->ops, stop_when_unconfirmed, world);
    assert_int_equal(loop_run(world->loop, &err), ERR_NONE);
    ops_freep(&world->ops);
    world->keys.count = 0; /* neither key nor person is needed */
    open_ops(world);
    AUTO(json_freep) struct json *operation = run_until_over(world);
    assert_string_equal(state_of(operation), "done");
    assert_int_equal(world->platform.confirmed, 1);
    assert_int_equal(world->person.asked, 1);
    world->keys.count = 1;
}

static void a_renewal_that_died_at_the_dialog_is_told_as_interrupted(void **state)
{
    struct world *world = *state;
    struct err err = ERR_INIT;
    world->person.answers[0] = NULL;
    const struct ops_start start = {.kind = "renew", .ticket = "t", .origin = ORIGIN};
    assert_int_equal(ops_start(world->ops, &start, world->id, &err), ERR_NONE);
    ops_freep(&world->ops);
    open_ops(world);
    AUTO(json_freep) struct json *operation = NULL;
    assert_int_equal(ops_operation_json(world->ops, world->id, ORIGIN, LANG_EN, &operation, &err),
                     ERR_NONE);
    assert_true(strcmp(state_of(operation), "failed") == 0 ||
                strcmp(state_of(operation), "cancelled") == 0);
}

/* ---- looking ---- */

static void a_check_changes_nothing_and_asks_nobody(void **state)
{
    struct world *world = *state;
    AUTO(memory_freep) char *before = stand_in_keys_describe(&world->keys, 0);
    AUTO(json_freep) struct json *operation = run(world, "check", NULL);
    assert_string_equal(state_of(operation), "done");
    const struct json *result = json_member(operation, "result");
    assert_string_equal(json_text_of(json_member(result, "due")), "now");
    assert_int_equal(json_count(json_member(result, "findings")), 0);
    AUTO(memory_freep) char *after = stand_in_keys_describe(&world->keys, 0);
    assert_string_equal(strstr(before, "space_used"), strstr(after, "space_used"));
    assert_int_equal(world->person.asked, 0);
    assert_int_equal(world->platform.redeemed, 0);
}

static void take_keys(void *context, struct json *array)
{
    struct json **out = context;
    *out = array;
}

static void stop_loop(void *context)
{
    loop_stop(context);
}

static void keys_are_listed_with_their_certificates(void **state)
{
    struct world *world = *state;
    struct err err = ERR_INIT;
    AUTO(json_freep) struct json *keys = NULL;
    ops_read_tokens(world->ops, LANG_EN, take_keys, &keys);
    struct loop_timer *timer = loop_timer_new(world->loop, stop_loop, world->loop);
    for (int i = 0; i < 200 && keys == NULL; i++) {
        loop_timer_set(timer, deadline_in_ms(20));
        assert_int_equal(loop_run(world->loop, &err), ERR_NONE);
    }
    loop_timer_free(timer);
    assert_non_null(keys);
    assert_int_equal(json_count(keys), 1);
    const struct json *key = json_item(keys, 0);
    assert_string_equal(json_text_of(json_member(key, "serial")), "KEY1");
    assert_int_equal(json_count(json_member(key, "certificates")), 2);
}

static void another_origin_sees_nothing(void **state)
{
    struct world *world = *state;
    AUTO(json_freep) struct json *operation = run(world, "check", NULL);
    AUTO(json_freep)
    struct json *list = ops_list_json(world->ops, "https://other.example", LANG_ZH);
    AUTO(json_freep) struct json *own = ops_list_json(world->ops, ORIGIN, LANG_ZH);
    assert_int_equal(json_count(list), 0);
    assert_int_equal(json_count(own), 1);
    assert_int_equal(ops_operation_version(world->ops, world->id, "https://other.example"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_kept_key_gets_new_certificates),
        TEST(a_replaced_key_leaves_the_old_container_alone),
        TEST(every_profile_and_algorithm_renews),
        TEST(a_wrong_pin_is_asked_again_and_counted),
        TEST(cancelling_costs_only_what_was_typed),
        TEST(the_last_try_wants_a_yes_of_its_own),
        TEST(a_cancelled_operation_withdraws_its_dialog),
        TEST(pulling_the_key_out_closes_the_dialog),
        TEST(nothing_changes_when_it_is_refused),
        TEST(starting_needs_what_the_kind_needs),
        TEST(a_lost_answer_is_asked_for_again_with_the_same_key),
        TEST(what_is_no_use_is_given_back_and_removed),
        TEST(an_unconfirmed_renewal_keeps_trying),
        TEST(an_unconfirmed_renewal_is_confirmed_after_a_restart),
        TEST(a_renewal_that_died_at_the_dialog_is_told_as_interrupted),
        TEST(a_check_changes_nothing_and_asks_nobody),
        TEST(keys_are_listed_with_their_certificates),
        TEST(another_origin_sees_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
