/* CA延期续费 from end to end in one process. */
#include "tests/unit/agent/ops/ops_world.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "agent/ops/op_key.h"
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

/* Whatever was cut off, one pair with its certificate can be used: the new one from the end of a renewal on. */
static void check_usable(struct ops_world *world)
{
    struct err err = ERR_INIT;
    const struct token_pair *pair = NULL;
    AUTO(bytes_freep) struct bytes *signature = NULL;
    AUTO(secret_freep) struct secret *pin = NULL;
    AUTO(token_pairs_freep) struct token_pairs *pairs = NULL;
    AUTO(token_closep) struct token *token = ops_world_open_token(world);
    static const uint8_t digest[32] = {1}; /* for each algorithm but RSA */
    assert_int_equal(secret_new(6, &pin, &err), ERR_NONE);
    memcpy(secret_room(pin), "123456", 6);
    secret_set_length(pin, 6);
    assert_int_equal(token_read_pairs(token, &pairs, &err), ERR_NONE);
    assert_int_equal(op_key_choose(pairs, &pair, &err), ERR_NONE);
    if (world->platform.confirmed > 0)
        assert_true(span_equal(span_bytes(pair->sign_cert), span_bytes(world->platform.sign_cert)));
    assert_int_equal(token_login(token, pin, &err), ERR_NONE);
    assert_int_equal(token_sign(token, pair->name, SPAN_ARRAY(digest), &signature, &err), ERR_NONE);
}

static bool replaced(const struct json *operation)
{
    bool is = false;
    struct err err = ERR_INIT;
    const struct json_field field = {"replaced", JSON_BOOL, false, 0, &is};
    const struct json *result = json_member(operation, "result");
    assert_int_equal(json_read(result, &field, 1, JSON_UNKNOWN_IGNORED, &err), ERR_NONE);
    return is;
}

static void every_profile_and_algorithm_renews(void **state)
{
    static const struct {
        const char *profile;
        bool rsa, replace;
    } cases[] = {
        {"longmai", false, false},  {"longmai", false, true},      {"syno", false, false},
        {"syno", false, true},      {"gmt0017-2012", true, false}, {"longmai", true, true},
        {"piv-full", false, false}, {"piv-full", false, true},     {"piv-full", true, true},
        {"piv-5.4", false, false},  {"piv-5.4", false, true},      {"piv-plain", false, false},
        {"piv-plain", true, false}, {"piv-odd", false, false},     {"piv-odd", false, true},
    };
    struct ops_world *world = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        ops_world_use(world, cases[i].profile, cases[i].rsa);
        world->platform.replace_key = cases[i].replace;
        AUTO(json_freep) struct json *operation = ops_world_run(world, "renew", "ticket");
        if (strcmp(ops_world_state(operation), "done") != 0)
            print_error("case %zu: %s\n", i, ops_world_code(operation));
        assert_string_equal(ops_world_state(operation), "done");
        assert_int_equal(replaced(operation), cases[i].replace);
        assert_null(world->platform.kept_reason);
    }
}

/* Nothing of it is on the key before, and the platform and the person are told. */
static void a_key_without_a_place_for_a_second_key_keeps_the_first(void **state)
{
    struct ops_world *world = *state;
    ops_world_use(world, "piv-plain", false);
    world->platform.replace_key = true;
    AUTO(json_freep) struct json *operation = ops_world_run(world, "renew", "ticket");
    assert_string_equal(ops_world_code(operation), "none");
    assert_false(replaced(operation));
    assert_string_equal(json_text_of(json_member(json_member(operation, "result"), "kept_reason")),
                        "key-cannot-replace");
    assert_string_equal(world->platform.kept_reason, "key-cannot-replace");
    assert_non_null(strstr(json_text_of(json_member(operation, "message")), "已沿用原密钥"));
    assert_int_equal(world->platform.issued, 1);
    assert_int_equal(world->platform.confirmed, 1);
    check_usable(world);
}

static size_t containers(const struct ops_world *world)
{
    AUTO(memory_freep) char *text = stand_in_keys_describe(&world->keys, 0);
    AUTO(json_freep) struct json *json = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(json_parse(span_text(text), 1 << 20, &json, &err), ERR_NONE);
    return json_count(json_member(json, "containers"));
}

/* A card may make a key where it signs with none: it is found out before anything is asked for, and goes. */
static void a_slot_that_does_not_sign_is_given_up(void **state)
{
    struct ops_world *world = *state;
    unsigned kept = 0;
    for (int nth = 1; nth <= 30; nth++) {
        AUTO(memory_freep) char *fault = memory_printf("status %d 6985", nth);
        ops_world_use(world, "piv-full", false);
        world->platform.replace_key = true;
        world->keys.next_fault = fault;
        AUTO(json_freep) struct json *operation = ops_world_run(world, "renew", "ticket");
        check_usable(world);
        if (strcmp(ops_world_state(operation), "done") != 0 || replaced(operation))
            continue;
        kept++;
        assert_int_equal(containers(world), 1);
        assert_int_equal(world->platform.requested, 1);
        assert_string_equal(world->platform.kept_reason, "key-cannot-replace");
    }
    assert_in_range(kept, 2, 3); /* no key is made, or it does not sign */
}

static void of_a_new_pair_that_is_no_use_nothing_stays(void **state)
{
    static const char *const profiles[] = {"piv-full", "piv-5.4", "piv-odd"};
    struct ops_world *world = *state;
    for (size_t i = 0; i < ARRAY_SIZE(profiles); i++) {
        ops_world_use(world, profiles[i], false);
        world->platform.replace_key = true;
        world->platform.wrong_subject = true;
        AUTO(json_freep) struct json *refused = ops_world_run(world, "renew", "ticket");
        assert_string_equal(ops_world_code(refused), "certificate-subject");
        assert_int_equal(world->platform.reported_failed, 1);
        check_usable(world);
        world->platform.wrong_subject = false;
        world->person.asked = 0;
        AUTO(json_freep) struct json *operation = ops_world_run(world, "renew", "ticket");
        assert_string_equal(ops_world_code(operation), "none");
        assert_true(replaced(operation));
        check_usable(world);
        assert_int_equal(containers(world), 2);
    }
}

/* A year later, and the year after: each time a new pair, while there is room for one. */
static void renewed_again_and_again_each_pair_stays(void **state)
{
    static const struct {
        const char *profile;
        unsigned times; /* then no slot is left */
    } cases[] = {{"piv-full", 3}, {"piv-5.4", 3}, {"piv-odd", 4}};
    struct ops_world *world = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        ops_world_use(world, cases[i].profile, false);
        world->platform.replace_key = true;
        for (unsigned n = 0; n < cases[i].times; n++) {
            AUTO(memory_freep) char *order = memory_printf("2026010100000%u", n);
            stand_in_platform_next_order(&world->platform, order);
            world->platform.not_after_utc += 365 * FIXTURE_DAY;
            world->person.asked = 0;
            AUTO(json_freep) struct json *operation = ops_world_run(world, "renew", "ticket");
            assert_string_equal(ops_world_code(operation), "none");
            assert_true(replaced(operation));
            check_usable(world);
            assert_int_equal(containers(world), n + 2);
        }
    }
}

/* The pair of another algorithm can't be had from the present key. */
static void a_kept_key_of_another_algorithm_is_refused_with_nothing_changed(void **state)
{
    struct ops_world *world = *state;
    ops_world_use(world, "piv-plain", true);
    world->platform.replace_key = true;
    world->platform.algorithm = "p256";
    AUTO(memory_freep) char *before = stand_in_keys_describe(&world->keys, 0);
    AUTO(json_freep) struct json *operation = ops_world_run(world, "renew", "ticket");
    assert_string_equal(ops_world_code(operation), "key-cannot-replace");
    assert_int_equal(world->platform.requested, 0);
    ops_world_assert_unchanged(world, before);
}

/* It may have been decided by an attempt whose journal is lost: then the platform is told that the new key is no
 * use, and the order can be tried again. */
static void a_platform_that_issued_for_a_key_that_is_gone_takes_it_back(void **state)
{
    struct ops_world *world = *state;
    ops_world_use(world, "piv-plain", false);
    world->platform.replace_key = true;
    world->platform.first_public_key = bytes_new(span_text("of a key that is gone"));
    AUTO(json_freep) struct json *refused = ops_world_run(world, "renew", "ticket");
    assert_string_equal(ops_world_code(refused), "job-conflict");
    assert_int_equal(world->platform.reported_failed, 1);
    world->person.asked = 0;
    AUTO(json_freep) struct json *operation = ops_world_run(world, "renew", "ticket");
    assert_string_equal(ops_world_code(operation), "none");
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

/* Breaks the first attempt at its nth command; true when it came to that. */
static bool break_at(struct ops_world *world, const char *fault, int nth)
{
    AUTO(memory_freep) char *text = memory_printf("%s %d", fault, nth);
    world->keys.next_fault = text;
    AUTO(json_freep) struct json *operation = ops_world_run(world, "renew", "ticket");
    return strcmp(ops_world_state(operation), "done") != 0;
}

/* More than a renewal of any key takes. */
#define COMMANDS 70

struct breaks {
    const char *profile, *fault;
    bool replace;
};

static void break_everywhere(struct ops_world *world, const struct breaks *breaks)
{
    bool broke = true;
    for (int nth = 1; broke; nth++) {
        ops_world_use(world, breaks->profile, false);
        world->platform.replace_key = breaks->replace;
        broke = break_at(world, breaks->fault, nth);
        if (!broke && nth < COMMANDS)
            broke = true; /* an answer that nobody needed was lost */
        check_usable(world);
        if (world->platform.confirmed > 0)
            continue;
        world->person.asked = 0;
        AUTO(json_freep) struct json *operation = ops_world_run(world, "renew", "ticket");
        if (strcmp(ops_world_state(operation), "done") != 0)
            print_error("%s: %s %d, replace %d: %s\n", breaks->profile, breaks->fault, nth,
                        breaks->replace, ops_world_code(operation));
        assert_string_equal(ops_world_state(operation), "done");
        assert_int_equal(world->platform.issued, 1);
        assert_int_equal(world->platform.confirmed, 1);
        check_usable(world);
    }
}

static void after_a_break_at_any_command_the_next_attempt_renews(void **state)
{
    static const char *const profiles[] = {"gmt0017-2012", "piv-full", "piv-odd"};
    static const char *const faults[] = {"remove-at", "lose-before", "lose-after"};
    for (size_t i = 0; i < 2 * ARRAY_SIZE(faults) * ARRAY_SIZE(profiles); i++) {
        const struct breaks breaks = {
            .profile = profiles[i / 2 % ARRAY_SIZE(profiles)],
            .fault = faults[i / 2 / ARRAY_SIZE(profiles)],
            .replace = i % 2 == 1,
        };
        break_everywhere(*state, &breaks);
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
        OPS_WORLD_TEST(a_key_without_a_place_for_a_second_key_keeps_the_first),
        OPS_WORLD_TEST(a_slot_that_does_not_sign_is_given_up),
        OPS_WORLD_TEST(of_a_new_pair_that_is_no_use_nothing_stays),
        OPS_WORLD_TEST(renewed_again_and_again_each_pair_stays),
        OPS_WORLD_TEST(a_kept_key_of_another_algorithm_is_refused_with_nothing_changed),
        OPS_WORLD_TEST(a_platform_that_issued_for_a_key_that_is_gone_takes_it_back),
        OPS_WORLD_TEST(nothing_changes_when_it_is_refused),
        OPS_WORLD_TEST(a_lost_answer_is_asked_for_again_with_the_same_key),
        OPS_WORLD_TEST(what_is_no_use_is_given_back_and_removed),
        OPS_WORLD_TEST(a_container_that_was_asked_for_survives_a_cancelled_attempt),
        OPS_WORLD_TEST(the_pair_in_use_is_never_removed),
        OPS_WORLD_TEST(after_a_break_at_any_command_the_next_attempt_renews),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
