/* CA延期续费 from end to end in one process. */
#include "tests/unit/agent/ops/ops_world.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "token/virtual/virtual_personal.h"

static void a_kept_key_gets_new_certificates(void **state)
{
    struct ops_world *world = *state;
    AUTO(json_freep) struct json *operation = ops_world_run(world, "renew", "ticket");
    assert_string_equal(ops_world_code(operation), "none");
    assert_string_equal(ops_world_state(operation), "done");
    assert_string_equal(json_text_of(json_member(operation, "message")),
                        "续费成功、请您进行CA签章延期!");
    assert_int_equal(world->platform.issued, 1);
    assert_int_equal(world->platform.confirmed, 1);
    assert_int_equal(world->person.asked, 1);
    assert_non_null(strstr(world->person.last_description, "KEY1"));
    assert_non_null(strstr(world->person.last_description, OPS_WORLD_ORIGIN));
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
    struct ops_world *world = *state;
    world->platform.replace_key = true;
    AUTO(json_freep) struct json *operation = ops_world_run(world, "renew", "ticket");
    assert_string_equal(ops_world_code(operation), "none");
    assert_string_equal(ops_world_state(operation), "done");
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
    struct ops_world *world = *state;
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
        AUTO(json_freep) struct json *operation = ops_world_run(world, "renew", "ticket");
        if (strcmp(ops_world_state(operation), "done") != 0)
            print_error("case %zu: %s\n", i, ops_world_code(operation));
        assert_string_equal(ops_world_state(operation), "done");
    }
}

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
    struct ops_world *world = *state;
    stand_in_keys_add(&world->keys, &world->platform, "KEY2", "longmai", false);
    AUTO(memory_freep) char *before = stand_in_keys_describe(&world->keys, 0);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct stand_in_platform *platform = &world->platform;
        world->keys.service = cases[i].service;
        world->keys.count = cases[i].keys;
        platform->redeem_fails_with = cases[i].redeem;
        platform->approved = !cases[i].not_approved;
        platform->not_after_utc = FIXTURE_NOW + (cases[i].early_end ? 19 : 385) * FIXTURE_DAY;
        platform->wrong_subject = cases[i].wrong_subject;
        platform->serial = cases[i].serial != NULL ? cases[i].serial : "KEY1";
        platform->algorithm = cases[i].algorithm != NULL ? cases[i].algorithm : "sm2";
        platform->kind = cases[i].kind != NULL ? cases[i].kind : "renew";
        world->person.asked = 0;
        struct err err = ERR_INIT;
        const struct ops_start start = {
            .kind = "renew", .ticket = "t", .origin = OPS_WORLD_ORIGIN, .token = cases[i].wanted};
        assert_int_equal(ops_start(world->ops, &start, world->id, &err), ERR_NONE);
        AUTO(json_freep) struct json *operation = ops_world_run_until_over(world);
        if (strcmp(ops_world_code(operation), cases[i].code) != 0)
            print_error("%s: %s\n", cases[i].what, ops_world_code(operation));
        assert_string_equal(ops_world_code(operation), cases[i].code);
    }
    world->keys.count = 2;
    ops_world_assert_unchanged(world, before);
}

static void a_lost_answer_is_asked_for_again_with_the_same_key(void **state)
{
    struct ops_world *world = *state;
    world->platform.replace_key = true;
    world->platform.request_fails_with = ERR_PLATFORM_TIMEOUT;
    AUTO(json_freep) struct json *failed = ops_world_run(world, "renew", "ticket");
    assert_string_equal(ops_world_code(failed), "platform-timeout");
    world->platform.request_fails_with = ERR_NONE;
    world->person.asked = 0;
    AUTO(json_freep) struct json *operation = ops_world_run(world, "renew", "ticket");
    assert_string_equal(ops_world_code(operation), "none");
    assert_string_equal(ops_world_state(operation), "done");
    assert_int_equal(world->platform.issued, 1);
    assert_int_equal(world->platform.reported_failed, 0);
}

static void what_is_no_use_is_given_back_and_removed(void **state)
{
    struct ops_world *world = *state;
    world->platform.replace_key = true;
    world->platform.wrong_subject = true;
    AUTO(memory_freep) char *before = stand_in_keys_describe(&world->keys, 0);
    AUTO(json_freep) struct json *failed = ops_world_run(world, "renew", "ticket");
    assert_string_equal(ops_world_code(failed), "certificate-subject");
    assert_int_equal(world->platform.reported_failed, 1);
    ops_world_assert_unchanged(world, before);
}

static void renew_the_world(struct ops_world *world, bool replace)
{
    stand_in_keys_done(&world->keys);
    stand_in_keys_init(&world->keys);
    stand_in_platform_done(&world->platform);
    stand_in_platform_init(&world->platform);
    world->listed.roots = world->platform.roots;
    stand_in_keys_add(&world->keys, &world->platform, "KEY1", "gmt0017-2012", false);
    world->platform.serial = "KEY1";
    world->platform.replace_key = replace;
    world->person.asked = 0;
}

/* Breaks the first attempt at its nth command; true when it came to that. */
static bool break_at(struct ops_world *world, const char *fault, int nth)
{
    AUTO(memory_freep) char *text = memory_printf("%s %d", fault, nth);
    world->keys.next_fault = text;
    AUTO(json_freep) struct json *operation = ops_world_run(world, "renew", "ticket");
    return strcmp(ops_world_state(operation), "done") != 0;
}

static void after_a_break_at_any_command_the_next_attempt_renews(void **state)
{
    static const char *const faults[] = {"remove-at", "lose-before", "lose-after"};
    struct ops_world *world = *state;
    for (size_t i = 0; i < 2 * ARRAY_SIZE(faults); i++) {
        const char *fault = faults[i / 2];
        bool replace = i % 2 == 1;
        bool broke = true;
        for (int nth = 1; broke; nth++) {
            renew_the_world(world, replace);
            broke = break_at(world, fault, nth);
            if (!broke && nth < 20)
                broke = true; /* an answer that nobody needed was lost */
            if (world->platform.confirmed > 0)
                continue;
            world->person.asked = 0;
            AUTO(json_freep) struct json *operation = ops_world_run(world, "renew", "ticket");
            if (strcmp(ops_world_state(operation), "done") != 0)
                print_error("%s %d, replace %d: %s\n", fault, nth, replace,
                            ops_world_code(operation));
            assert_string_equal(ops_world_state(operation), "done");
            assert_int_equal(world->platform.issued, 1);
            assert_int_equal(world->platform.confirmed, 1);
        }
    }
}

/* The first attempt has asked certificates for it, the second one breaks off before it asks. */
static void a_container_that_was_asked_for_survives_a_cancelled_attempt(void **state)
{
    struct ops_world *world = *state;
    world->platform.replace_key = true;
    world->platform.request_fails_with = ERR_PLATFORM_TIMEOUT;
    AUTO(json_freep) struct json *lost = ops_world_run(world, "renew", "ticket");
    assert_string_equal(ops_world_code(lost), "platform-timeout");
    world->keys.next_fault = "status 16 6F00";
    world->person.asked = 0;
    AUTO(json_freep) struct json *broken = ops_world_run(world, "renew", "ticket");
    const struct json *step = json_member(broken, "step");
    assert_string_equal(json_text_of(json_member(step, "name")), "request");
    world->platform.request_fails_with = ERR_NONE;
    world->person.asked = 0;
    AUTO(json_freep) struct json *operation = ops_world_run(world, "renew", "ticket");
    assert_string_equal(ops_world_code(operation), "none");
    assert_int_equal(world->platform.issued, 1);
}

/* A platform that names an order again, and then sends what is no use. */
static void the_pair_in_use_is_never_removed(void **state)
{
    struct ops_world *world = *state;
    world->platform.replace_key = true;
    AUTO(json_freep) struct json *operation = ops_world_run(world, "renew", "ticket");
    assert_string_equal(ops_world_state(operation), "done");
    AUTO(memory_freep) char *before = stand_in_keys_describe(&world->keys, 0);
    world->platform.not_after_utc += 365 * FIXTURE_DAY;
    world->person.asked = 0;
    AUTO(json_freep) struct json *useless = ops_world_run(world, "renew", "ticket");
    assert_string_equal(ops_world_code(useless), "certificate-validity");
    ops_world_assert_unchanged(world, before);
    world->platform.algorithm = "rsa2048";
    world->platform.dual = false;
    world->person.asked = 0;
    AUTO(json_freep) struct json *other = ops_world_run(world, "renew", "ticket");
    assert_string_equal(ops_world_state(other), "failed");
    ops_world_assert_unchanged(world, before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        OPS_WORLD_TEST(a_kept_key_gets_new_certificates),
        OPS_WORLD_TEST(a_replaced_key_leaves_the_old_container_alone),
        OPS_WORLD_TEST(every_profile_and_algorithm_renews),
        OPS_WORLD_TEST(nothing_changes_when_it_is_refused),
        OPS_WORLD_TEST(a_lost_answer_is_asked_for_again_with_the_same_key),
        OPS_WORLD_TEST(what_is_no_use_is_given_back_and_removed),
        OPS_WORLD_TEST(a_container_that_was_asked_for_survives_a_cancelled_attempt),
        OPS_WORLD_TEST(the_pair_in_use_is_never_removed),
        OPS_WORLD_TEST(after_a_break_at_any_command_the_next_attempt_renews),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
