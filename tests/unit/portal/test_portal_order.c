#include "portal/portal_order.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "world.h"

static char *new_order(struct world *world, const struct world_key *key)
{
    struct portal_order_new new = {
        .serial = key->serial, .months = 12, .policy = {false, CERT_SM2, true}};
    struct err err = ERR_INIT;
    char *number = NULL;
    world_must(portal_order_add(world->portal, &new, &number, &err), &err);
    return number;
}

static enum err_code act(struct world *world, const char *number, enum portal_order_action action)
{
    struct err err = ERR_INIT;
    return portal_order_act(world->portal, number, action, "因为", &err);
}

/* Where an order can be, the way there, and what each of the four actions leads to. */
struct situation {
    int count;
    enum portal_order_action way[5];
    int leads_to[PORTAL_ORDER_ACTION_COUNT]; /* -1: refused */
    const char *name;
};

static const struct situation situations[] = {
    {0, {0}, {PORTAL_ORDER_EDITING, -1, -1, -1}, "编辑中, 未支付"},
    {1, {PORTAL_ORDER_PAY}, {-1, PORTAL_ORDER_REVIEW, -1, -1}, "编辑中, 已支付"},
    {2,
     {PORTAL_ORDER_PAY, PORTAL_ORDER_SUBMIT},
     {-1, -1, PORTAL_ORDER_APPROVED, PORTAL_ORDER_REJECTED},
     "待审核"},
    {3,
     {PORTAL_ORDER_PAY, PORTAL_ORDER_SUBMIT, PORTAL_ORDER_APPROVE},
     {-1, -1, -1, -1},
     "审核通过"},
    {3,
     {PORTAL_ORDER_PAY, PORTAL_ORDER_SUBMIT, PORTAL_ORDER_REJECT},
     {-1, PORTAL_ORDER_REVIEW, -1, -1},
     "审核不通过"},
    {5,
     {PORTAL_ORDER_PAY, PORTAL_ORDER_SUBMIT, PORTAL_ORDER_REJECT, PORTAL_ORDER_SUBMIT,
      PORTAL_ORDER_APPROVE},
     {-1, -1, -1, -1},
     "审核通过 at the second try"},
};

static void check(struct world *world, const struct world_key *key,
                  const struct situation *situation, enum portal_order_action action)
{
    AUTO(memory_freep) char *number = new_order(world, key);
    AUTO(portal_order_freep) struct portal_order *before = NULL;
    AUTO(portal_order_freep) struct portal_order *after = NULL;
    struct err err = ERR_INIT;
    for (int i = 0; i < situation->count; i++)
        assert_int_equal(act(world, number, situation->way[i]), ERR_NONE);
    world_must(portal_order_load(world->portal, number, &before, &err), &err);
    int64_t records = world_count(world->portal, "SELECT count(*) FROM approval_record");
    int leads_to = situation->leads_to[action];
    enum err_code code = act(world, number, action);
    world_must(portal_order_load(world->portal, number, &after, &err), &err);
    int64_t more = world_count(world->portal, "SELECT count(*) FROM approval_record") - records;
    if (code != (leads_to < 0 ? ERR_ORDER_STATE : ERR_NONE) ||
        after->state != (leads_to < 0 ? before->state : (enum portal_order_state)leads_to) ||
        more != (leads_to < 0 ? 0 : 1))
        fail_msg("%s, action %d: %s", situation->name, action, err_code_text(code));
}

static void every_pair_of_state_and_action_is_as_the_manual_says(void **state)
{
    AUTO(world_key_freep) struct world_key *key = world_key_new(*state, CERT_SM2, true, 20);
    for (size_t i = 0; i < ARRAY_SIZE(situations); i++)
        for (int action = 0; action < PORTAL_ORDER_ACTION_COUNT; action++)
            check(*state, key, &situations[i], (enum portal_order_action)action);
}

static void policies_that_do_not_fit_are_refused(void **state)
{
    static const struct {
        enum cert_algorithm key;
        bool key_dual;
        struct portal_order_policy policy; /* replace, algorithm, dual */
        enum err_code code;
    } cases[] = {
        {CERT_SM2, true, {false, CERT_SM2, true}, ERR_NONE},
        {CERT_SM2, true, {true, CERT_SM2, true}, ERR_NONE},
        {CERT_SM2, true, {false, CERT_SM2, false}, ERR_NONE},
        {CERT_SM2, false, {true, CERT_SM2, true}, ERR_NONE},
        {CERT_RSA, true, {false, CERT_RSA, true}, ERR_NONE},
        {CERT_RSA, true, {true, CERT_RSA, false}, ERR_NONE},
        {CERT_RSA, true, {true, CERT_SM2, true}, ERR_NONE},
        {CERT_RSA, true, {true, CERT_RSA, true}, ERR_POLICY},
        {CERT_SM2, true, {true, CERT_RSA, true}, ERR_POLICY},
        {CERT_SM2, true, {false, CERT_RSA, false}, ERR_POLICY},
        {CERT_RSA, true, {false, CERT_SM2, true}, ERR_POLICY},
        {CERT_SM2, false, {false, CERT_SM2, true}, ERR_POLICY},
    };
    struct world *world = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(world_key_freep)
        struct world_key *key = world_key_new(world, cases[i].key, cases[i].key_dual, 20);
        struct portal_order_new new = {key->serial, 12, cases[i].policy};
        AUTO(memory_freep) char *number = NULL;
        struct err err = ERR_INIT;
        if (portal_order_add(world->portal, &new, &number, &err) != cases[i].code)
            fail_msg("case %zu: %s", i, err_code_text(err.code));
    }
}

static void months_have_bounds(void **state)
{
    static const int64_t months[] = {-1, 0, 1, PORTAL_ORDER_MONTHS_MAX,
                                     PORTAL_ORDER_MONTHS_MAX + 1};
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, true, 20);
    for (size_t i = 0; i < ARRAY_SIZE(months); i++) {
        struct portal_order_new new = {key->serial, months[i], {false, CERT_SM2, true}};
        AUTO(memory_freep) char *number = NULL;
        struct err err = ERR_INIT;
        bool good = months[i] >= 1 && months[i] <= PORTAL_ORDER_MONTHS_MAX;
        assert_int_equal(portal_order_add(world->portal, &new, &number, &err),
                         good ? ERR_NONE : ERR_FIELD_VALUE);
    }
}

static void numbers_are_the_day_and_a_count(void **state)
{
    AUTO(world_key_freep) struct world_key *key = world_key_new(*state, CERT_SM2, true, 20);
    AUTO(memory_freep) char *first = new_order(*state, key);
    AUTO(memory_freep) char *second = new_order(*state, key);
    assert_int_equal(strlen(first), 14);
    assert_memory_equal(first, "20260101", 8);
    assert_int_equal(strtoll(second, NULL, 10), strtoll(first, NULL, 10) + 1);
}

static void money_is_in_fen_and_follows_the_setting(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, true, 20);
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *plain = new_order(world, key);
    world_must(portal_db_set_setting(world->portal->db, "fee_fen_per_year", "10001", &err), &err);
    struct portal_order_new new = {key->serial, 7, {false, CERT_SM2, true}};
    AUTO(memory_freep) char *priced = NULL;
    world_must(portal_order_add(world->portal, &new, &priced, &err), &err);
    AUTO(portal_order_freep) struct portal_order *first = NULL;
    AUTO(portal_order_freep) struct portal_order *second = NULL;
    world_must(portal_order_load(world->portal, plain, &first, &err), &err);
    world_must(portal_order_load(world->portal, priced, &second, &err), &err);
    assert_true(first->fee_fen == 20000);
    assert_true(second->fee_fen == 5834); /* 7 x 10001 / 12 = 5833.9 */
}

static void the_order_shows_the_manuals_words_and_who_decided(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, true, 20);
    AUTO(memory_freep) char *number = new_order(world, key);
    AUTO(json_freep) struct json *json = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(act(world, number, PORTAL_ORDER_PAY), ERR_NONE);
    assert_int_equal(act(world, number, PORTAL_ORDER_SUBMIT), ERR_NONE);
    assert_int_equal(act(world, number, PORTAL_ORDER_REJECT), ERR_NONE);
    world_must(portal_order_show(world->portal, number, &json, &err), &err);
    assert_string_equal(json_text_of(json_member(json, "state")), "审核不通过");
    assert_string_equal(json_text_of(json_member(json, "reason")), "因为");
    assert_string_equal(json_text_of(json_member(json, "payment")), "已支付");
    assert_string_equal(json_text_of(json_member(json, "fee_kind")), "续费");
    const struct json *records = json_member(json, "records");
    assert_int_equal(json_count(records), 3);
    assert_string_equal(json_text_of(json_member(json_item(records, 1), "from")), "编辑中");
    assert_string_equal(json_text_of(json_member(json_item(records, 1), "to")), "待审核");
    assert_string_equal(json_text_of(json_member(json_item(records, 2), "actor")), "test");
}

static void an_order_that_is_not_there_is_said_so(void **state)
{
    struct world *world = *state;
    AUTO(portal_order_freep) struct portal_order *order = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(act(world, "20260101999999", PORTAL_ORDER_PAY), ERR_NO_SUCH_RECORD);
    assert_int_equal(portal_order_load(world->portal, "", &order, &err), ERR_NO_SUCH_RECORD);
    assert_null(order);
}

static void a_reason_that_is_too_long_changes_nothing(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, true, 20);
    AUTO(memory_freep) char *number = new_order(world, key);
    AUTO(memory_freep) char *fits = memory_printf("%0*d", PORTAL_ORDER_REASON_BYTES_MAX, 1);
    AUTO(memory_freep) char *longer = memory_printf("%0*d", PORTAL_ORDER_REASON_BYTES_MAX + 1, 1);
    struct err err = ERR_INIT;
    assert_int_equal(portal_order_act(world->portal, number, PORTAL_ORDER_PAY, longer, &err),
                     ERR_FIELD_VALUE);
    err = ERR_INIT;
    assert_int_equal(portal_order_act(world->portal, number, PORTAL_ORDER_PAY, fits, &err),
                     ERR_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_of_state_and_action_is_as_the_manual_says),
        cmocka_unit_test(policies_that_do_not_fit_are_refused),
        cmocka_unit_test(months_have_bounds),
        cmocka_unit_test(numbers_are_the_day_and_a_count),
        cmocka_unit_test(money_is_in_fen_and_follows_the_setting),
        cmocka_unit_test(the_order_shows_the_manuals_words_and_who_decided),
        cmocka_unit_test(an_order_that_is_not_there_is_said_so),
        cmocka_unit_test(a_reason_that_is_too_long_changes_nothing),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
