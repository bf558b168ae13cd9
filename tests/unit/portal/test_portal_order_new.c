#include "portal/portal_order_new.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "base/clock.h"
#include "portal/portal_key.h"
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

static void set(struct world *world, const char *name, const char *value)
{
    struct err err = ERR_INIT;
    world_must(portal_db_set_setting(world->portal->db, name, value, &err), &err);
}

static void unset(struct world *world, const char *name)
{
    struct err err = ERR_INIT;
    world_must(portal_db_run(world->portal->db, "DELETE FROM setting WHERE name = ?",
                             PORTAL_VALUES(PORTAL_TEXT(name)), &err),
               &err);
}

static int64_t fee_of(struct world *world, const char *number)
{
    AUTO(portal_order_freep) struct portal_order *order = NULL;
    struct err err = ERR_INIT;
    world_must(portal_order_load(world->portal, number, &order, &err), &err);
    return order->fee_fen;
}

static void money_is_in_fen_and_follows_the_setting(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, true, 20);
    AUTO(memory_freep) char *plain = new_order(world, key);
    set(world, PORTAL_ORDER_SETTING_FEE, "1001");
    struct portal_order_new new = {key->serial, 7, {false, CERT_SM2, true}};
    AUTO(memory_freep) char *priced = NULL;
    struct err err = ERR_INIT;
    world_must(portal_order_add(world->portal, &new, &priced, &err), &err);
    assert_int_equal(fee_of(world, plain), 12 * PORTAL_ORDER_FEE_FEN_PER_MONTH_DEFAULT);
    assert_int_equal(fee_of(world, priced), 7007);
    unset(world, PORTAL_ORDER_SETTING_FEE);
}

static void a_tariff_that_is_no_number_is_refused(void **state)
{
    static const struct {
        const char *text;
        enum err_code code;
    } cases[] = {
        {"0", ERR_NONE},     {"10000000", ERR_NONE}, {"10000001", ERR_CONFIG},
        {"", ERR_CONFIG},    {"-1", ERR_CONFIG},     {"1.5", ERR_CONFIG},
        {"12 ", ERR_CONFIG}, {"0x10", ERR_CONFIG},   {"99999999999999999999", ERR_CONFIG},
    };
    struct world *world = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct err err = ERR_INIT;
        int64_t fee = -1;
        set(world, PORTAL_ORDER_SETTING_FEE, cases[i].text);
        if (portal_order_fee_per_month(world->portal, &fee, &err) != cases[i].code)
            fail_msg("\"%s\": %s", cases[i].text, err_code_text(err.code));
    }
    unset(world, PORTAL_ORDER_SETTING_FEE);
}

/* ---- as a bidder ---- */

static int64_t organisation_of(struct world *world, const struct world_key *key)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    struct err err = ERR_INIT;
    world_must(portal_db_query(world->portal->db,
                               "SELECT organisation_id FROM key JOIN holder "
                               "ON holder.id = holder_id WHERE key.id = ?",
                               PORTAL_VALUES(PORTAL_INTEGER(key->id)), &query, &err),
               &err);
    world_must(portal_query_one(query, &err), &err);
    return portal_query_integer(query, 0);
}

static void act(struct world *world, const char *number, enum portal_order_action action)
{
    struct err err = ERR_INIT;
    world_must(portal_order_act(world->portal, number, action, "", &err), &err);
}

static void renew(struct world *world, const struct world_key *key, const char *number)
{
    AUTO(portal_job_freep) struct portal_job *job = world_job(world, key, number);
    AUTO(portal_issued_freep) struct portal_issued *issue = NULL;
    struct err err = ERR_INIT;
    world_must(world_request(world, job, key, key->sign, &issue, &err), &err);
    world_must(world_confirm(world, job, key->sign, "written", issue, &err), &err);
}

static void a_key_has_one_open_order_at_a_time(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, true, 20);
    AUTO(memory_freep) char *first = NULL;
    AUTO(memory_freep) char *second = NULL;
    struct err err = ERR_INIT;
    int64_t own = organisation_of(world, key);
    static const enum portal_order_action steps[] = {PORTAL_ORDER_PAY, PORTAL_ORDER_SUBMIT,
                                                     PORTAL_ORDER_APPROVE};
    world_must(portal_order_open(world->portal, key->serial, own, &first, &err), &err);
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        err = ERR_INIT;
        assert_int_equal(portal_order_open(world->portal, key->serial, own, &second, &err),
                         ERR_ORDER_OPEN);
        assert_non_null(strstr(err.detail, first));
        assert_null(second);
        act(world, first, steps[i]);
    }
    assert_int_equal(portal_order_open(world->portal, key->serial, own, &second, &err),
                     ERR_ORDER_OPEN);
    renew(world, key, first);
    err = ERR_INIT;
    world_must(portal_order_open(world->portal, key->serial, own, &second, &err), &err);
}

static void the_platform_chooses_months_and_policy(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *single = world_key_new(world, CERT_RSA, false, 20);
    AUTO(world_key_freep) struct world_key *dual = world_key_new(world, CERT_SM2, true, 20);
    AUTO(memory_freep) char *first = NULL;
    AUTO(memory_freep) char *second = NULL;
    AUTO(portal_order_freep) struct portal_order *kept = NULL;
    AUTO(portal_order_freep) struct portal_order *replaced = NULL;
    struct err err = ERR_INIT;
    world_must(portal_order_open(world->portal, single->serial, 0, &first, &err), &err);
    world_must(portal_order_load(world->portal, first, &kept, &err), &err);
    assert_int_equal(kept->months, PORTAL_ORDER_MONTHS_DEFAULT);
    assert_int_equal(kept->policy.algorithm, CERT_RSA);
    assert_false(kept->policy.dual);
    assert_false(kept->policy.replace_key);
    set(world, PORTAL_ORDER_SETTING_MONTHS, "24");
    set(world, PORTAL_ORDER_SETTING_KEY, "replace");
    world_must(portal_order_open(world->portal, dual->serial, 0, &second, &err), &err);
    world_must(portal_order_load(world->portal, second, &replaced, &err), &err);
    assert_int_equal(replaced->months, 24);
    assert_true(replaced->policy.dual);
    assert_true(replaced->policy.replace_key);
    unset(world, PORTAL_ORDER_SETTING_MONTHS);
    unset(world, PORTAL_ORDER_SETTING_KEY);
}

static void a_tariff_that_is_set_is_the_tariff(void **state)
{
    static const struct {
        struct portal_order_tariff tariff;
        enum err_code code;
    } cases[] = {
        {{0, 1, false}, ERR_NONE},
        {{PORTAL_ORDER_FEE_FEN_PER_MONTH_MAX, PORTAL_ORDER_MONTHS_MAX, true}, ERR_NONE},
        {{PORTAL_ORDER_FEE_FEN_PER_MONTH_MAX + 1, 12, true}, ERR_FIELD_VALUE},
        {{-1, 12, true}, ERR_FIELD_VALUE},
        {{2000, 0, true}, ERR_FIELD_VALUE},
        {{2000, PORTAL_ORDER_MONTHS_MAX + 1, true}, ERR_FIELD_VALUE},
    };
    struct world *world = *state;
    struct portal_order_tariff before = {0};
    struct err err = ERR_INIT;
    world_must(portal_order_tariff(world->portal, &before, &err), &err);
    assert_int_equal(before.fee_fen_per_month, PORTAL_ORDER_FEE_FEN_PER_MONTH_DEFAULT);
    assert_int_equal(before.months, PORTAL_ORDER_MONTHS_DEFAULT);
    assert_false(before.replace_key);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct portal_order_tariff after = {0};
        err = ERR_INIT;
        assert_int_equal(portal_order_set_tariff(world->portal, &cases[i].tariff, &err),
                         cases[i].code);
        err = ERR_INIT;
        world_must(portal_order_tariff(world->portal, &after, &err), &err);
        const struct portal_order_tariff *wanted =
            cases[i].code == ERR_NONE ? &cases[i].tariff : &before;
        assert_int_equal(after.fee_fen_per_month, wanted->fee_fen_per_month);
        assert_int_equal(after.months, wanted->months);
        assert_int_equal(after.replace_key, wanted->replace_key);
        before = after;
    }
    unset(world, PORTAL_ORDER_SETTING_FEE);
    unset(world, PORTAL_ORDER_SETTING_MONTHS);
    unset(world, PORTAL_ORDER_SETTING_KEY);
}

static void another_organisations_key_is_not_there(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, true, 20);
    AUTO(memory_freep) char *number = NULL;
    struct err err = ERR_INIT;
    int64_t orders = world_count(world->portal, "SELECT count(*) FROM renewal_order");
    assert_int_equal(portal_order_open(world->portal, key->serial, 9999, &number, &err),
                     ERR_NO_SUCH_RECORD);
    assert_int_equal(portal_order_open(world->portal, "none", 0, &number, &err),
                     ERR_NO_SUCH_RECORD);
    assert_null(number);
    assert_int_equal(world_count(world->portal, "SELECT count(*) FROM renewal_order"), orders);
}

static void other_months_have_their_fee(void **state)
{
    static const int64_t months[] = {0, 1, PORTAL_ORDER_MONTHS_MAX, PORTAL_ORDER_MONTHS_MAX + 1};
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, true, 20);
    AUTO(memory_freep) char *number = new_order(world, key);
    for (size_t i = 0; i < ARRAY_SIZE(months); i++) {
        AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
        struct err err = ERR_INIT;
        world_must(portal_transaction_begin(&transaction, world->portal->db, &err), &err);
        bool good = months[i] >= 1 && months[i] <= PORTAL_ORDER_MONTHS_MAX;
        assert_int_equal(portal_order_set_months(world->portal, number, months[i], &err),
                         good ? ERR_NONE : ERR_FIELD_VALUE);
        if (good)
            assert_int_equal(fee_of(world, number),
                             months[i] * PORTAL_ORDER_FEE_FEN_PER_MONTH_DEFAULT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(policies_that_do_not_fit_are_refused),
        cmocka_unit_test(months_have_bounds),
        cmocka_unit_test(numbers_are_the_day_and_a_count),
        cmocka_unit_test(money_is_in_fen_and_follows_the_setting),
        cmocka_unit_test(a_tariff_that_is_no_number_is_refused),
        cmocka_unit_test(a_key_has_one_open_order_at_a_time),
        cmocka_unit_test(the_platform_chooses_months_and_policy),
        cmocka_unit_test(a_tariff_that_is_set_is_the_tariff),
        cmocka_unit_test(another_organisations_key_is_not_there),
        cmocka_unit_test(other_months_have_their_fee),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
