#include "portal/portal_ticket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "base/clock.h"
#include "portal/portal_reset.h"
#include "portal/portal_seal.h"
#include "world.h"

static struct world_key *key;
static char *order;

static int setup(void **state)
{
    if (world_setup(state) != 0)
        return -1;
    key = world_key_new(*state, CERT_SM2, true, 20);
    order = world_order(*state, key, false, true);
    return 0;
}

static int teardown(void **state)
{
    free(order);
    world_key_freep(&key);
    return world_teardown(state);
}

static void only_its_hash_is_kept(void **state)
{
    struct world *world = *state;
    AUTO(memory_freep) char *ticket = world_ticket(world, order, "renew");
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(strlen(ticket), 64);
    world_must(portal_db_query(world->portal->db,
                               "SELECT count(*) FROM ticket WHERE hex(sha256) LIKE ? "
                               "OR cast(sha256 AS TEXT) = ?",
                               PORTAL_VALUES(PORTAL_TEXT(ticket), PORTAL_TEXT(ticket)), &query,
                               &err),
               &err);
    world_must(portal_query_one(query, &err), &err);
    assert_int_equal(portal_query_integer(query, 0), 0);
}

static void it_is_found_with_what_it_is_for(void **state)
{
    struct world *world = *state;
    AUTO(memory_freep) char *text = world_ticket(world, order, "check");
    AUTO(portal_ticket_freep) struct portal_ticket *ticket = NULL;
    struct err err = ERR_INIT;
    world_must(portal_ticket_find(world->portal, text, &ticket, &err), &err);
    assert_string_equal(ticket->kind, "check");
    assert_string_equal(ticket->order_number, order);
    assert_true(ticket->expires_utc == FIXTURE_NOW + 300);
    assert_null(ticket->job_id);
    assert_null(ticket->redeemed_serial);
}

static void forged_ones_are_unknown(void **state)
{
    struct world *world = *state;
    AUTO(memory_freep) char *real = world_ticket(world, order, "renew");
    AUTO(memory_freep) char *flipped = memory_text(real);
    flipped[63] = flipped[63] == '0' ? '1' : '0';
    AUTO(memory_freep) char *shorter = memory_printf("%.63s", real);
    AUTO(memory_freep) char *longer = memory_printf("%s0", real);
    const char *const forged[] = {"", "x", "%", flipped, shorter, longer};
    for (size_t i = 0; i < ARRAY_SIZE(forged); i++) {
        AUTO(portal_ticket_freep) struct portal_ticket *ticket = NULL;
        struct err err = ERR_INIT;
        assert_int_equal(portal_ticket_find(world->portal, forged[i], &ticket, &err),
                         ERR_TICKET_UNKNOWN);
        assert_null(ticket);
    }
}

static void kind_and_time_have_bounds(void **state)
{
    static const struct {
        const char *kind;
        int64_t ttl_s;
        enum err_code code;
    } cases[] = {
        {"renew", 1, ERR_NONE},
        {"check", PORTAL_TICKET_TTL_S_MAX, ERR_NONE},
        {"renew", 0, ERR_FIELD_VALUE},
        {"renew", PORTAL_TICKET_TTL_S_MAX + 1, ERR_FIELD_VALUE},
        {"reset-pin", 300, ERR_FIELD_VALUE},
        {"", 300, ERR_FIELD_VALUE},
    };
    struct world *world = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(memory_freep) char *ticket = NULL;
        struct err err = ERR_INIT;
        assert_int_equal(
            portal_ticket_add(world->portal, order, cases[i].kind, cases[i].ttl_s, &ticket, &err),
            cases[i].code);
        assert_int_equal(ticket != NULL, cases[i].code == ERR_NONE);
    }
}

static void there_is_none_without_an_order(void **state)
{
    struct world *world = *state;
    AUTO(memory_freep) char *ticket = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(
        portal_ticket_add(world->portal, "20260101999999", "renew", 300, &ticket, &err),
        ERR_NO_SUCH_RECORD);
}

static void a_key_gets_tickets_of_its_own_kinds(void **state)
{
    static const struct {
        const char *serial; /* NULL: the key's */
        const char *kind;
        int64_t ttl_s;
        enum err_code code;
    } cases[] = {
        {NULL, "extend-seal", 300, ERR_NONE},
        {NULL, "reset-pin", 300, ERR_FIELD_VALUE},
        {NULL, "renew", 300, ERR_FIELD_VALUE},
        {NULL, "check", 300, ERR_FIELD_VALUE},
        {NULL, "extend-seal", 0, ERR_FIELD_VALUE},
        {NULL, "extend-seal", PORTAL_TICKET_TTL_S_MAX + 1, ERR_FIELD_VALUE},
        {"none", "extend-seal", 300, ERR_NO_SUCH_RECORD},
    };
    struct world *world = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const char *serial = cases[i].serial == NULL ? key->serial : cases[i].serial;
        AUTO(memory_freep) char *ticket = NULL;
        struct err err = ERR_INIT;
        assert_int_equal(portal_ticket_add_for_key(world->portal, serial, cases[i].kind,
                                                   cases[i].ttl_s, &ticket, &err),
                         cases[i].code);
        assert_int_equal(ticket != NULL, cases[i].code == ERR_NONE);
    }
}

static void a_keys_ticket_is_found_with_what_it_is_for(void **state)
{
    struct world *world = *state;
    AUTO(portal_ticket_freep) struct portal_ticket *seal = NULL;
    AUTO(memory_freep) char *seal_text = NULL;
    struct err err = ERR_INIT;
    world_must(
        portal_ticket_add_for_key(world->portal, key->serial, "extend-seal", 300, &seal_text, &err),
        &err);
    world_must(portal_ticket_find(world->portal, seal_text, &seal, &err), &err);
    assert_null(seal->order_number);
    assert_true(seal->key_id == key->id);
    assert_true(seal->reset_id == 0);
    assert_null(seal->seal_identity);
}

static char *seal_of(struct world *world, const struct world_key *of)
{
    static const uint8_t png[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n', 1};
    const struct portal_seal_new wish = {of->serial,      "章", 1, SEAL_V4, SEAL_LIST_CERTIFICATES,
                                         SPAN_ARRAY(png), 40,   40};
    AUTO(bytes_freep) struct bytes *der = NULL;
    AUTO(seal_freep) struct seal *seal = NULL;
    struct err err = ERR_INIT;
    world_must(portal_seal_add(world->portal, &wish, &der, &err), &err);
    world_must(seal_parse(span_bytes(der), &seal, &err), &err);
    return memory_text(seal_peek(seal)->id);
}

static void a_ticket_names_a_seal_of_its_key(void **state)
{
    struct world *world = *state;
    AUTO(world_key_freep) struct world_key *other = world_key_new(world, CERT_SM2, true, 20);
    AUTO(memory_freep) char *own = seal_of(world, key);
    AUTO(memory_freep) char *foreign = seal_of(world, other);
    const struct {
        const char *serial;
        const char *identity;
        int64_t ttl_s;
        enum err_code code;
    } cases[] = {
        {key->serial, own, 300, ERR_NONE},          {key->serial, foreign, 300, ERR_NO_SUCH_RECORD},
        {key->serial, "", 300, ERR_NO_SUCH_RECORD}, {key->serial, "%", 300, ERR_NO_SUCH_RECORD},
        {"none", own, 300, ERR_NO_SUCH_RECORD},     {key->serial, own, 0, ERR_FIELD_VALUE},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(memory_freep) char *text = NULL;
        AUTO(portal_ticket_freep) struct portal_ticket *ticket = NULL;
        struct err err = ERR_INIT;
        assert_int_equal(portal_ticket_add_for_seal(world->portal, cases[i].serial,
                                                    cases[i].identity, cases[i].ttl_s, &text, &err),
                         cases[i].code);
        assert_int_equal(text != NULL, cases[i].code == ERR_NONE);
        if (text == NULL)
            continue;
        world_must(portal_ticket_find(world->portal, text, &ticket, &err), &err);
        assert_string_equal(ticket->seal_identity, own);
        assert_string_equal(ticket->kind, "extend-seal");
    }
}

/* Of two users of one key each gets a ticket for what that one asked for. */
static void a_reset_ticket_names_its_request(void **state)
{
    struct world *world = *state;
    const int64_t ids[] = {world_reset(world, key, "a"), world_reset(world, key, "b")};
    static const char *const users[] = {"a", "b"};
    for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
        AUTO(portal_ticket_freep) struct portal_ticket *ticket = NULL;
        AUTO(memory_freep) char *text = NULL;
        AUTO(memory_freep) char *foreign = NULL;
        struct err err = ERR_INIT;
        world_must(portal_ticket_add_for_reset(world->portal, ids[i], users[i], 300, &text, &err),
                   &err);
        world_must(portal_ticket_find(world->portal, text, &ticket, &err), &err);
        assert_true(ticket->reset_id == ids[i] && ticket->key_id == key->id);
        assert_string_equal(ticket->kind, "reset-pin");
        assert_null(ticket->order_number);
        assert_int_equal(
            portal_ticket_add_for_reset(world->portal, ids[i], users[1 - i], 300, &foreign, &err),
            ERR_NO_SUCH_RECORD);
        assert_null(foreign);
        struct err none = ERR_INIT;
        assert_int_equal(
            portal_ticket_add_for_reset(world->portal, 99, users[1 - i], 300, &foreign, &none),
            ERR_NO_SUCH_RECORD);
        assert_string_equal(err.detail, none.detail);
    }
}

static void a_reset_ticket_needs_a_good_approval(void **state)
{
    struct world *world = *state;
    const struct portal_reset_wish wish = {key->serial, "waiting", 0};
    struct portal_reset_noted noted = {0};
    AUTO(memory_freep) char *text = NULL;
    struct err err = ERR_INIT;
    world_must(portal_reset_set_policy(world->portal, PORTAL_RESET_REVIEWER, &err), &err);
    world_must(portal_reset_request(world->portal, &wish, &noted, &err), &err);
    const struct {
        int64_t id, ttl_s, later_s;
        enum err_code code;
    } cases[] = {
        {noted.id + 1, 300, 0, ERR_NO_SUCH_RECORD},
        {noted.id, 0, 0, ERR_FIELD_VALUE},
        {noted.id, 300, PORTAL_RESET_APPROVAL_S - 1, ERR_NONE},
        {noted.id, 300, PORTAL_RESET_APPROVAL_S, ERR_ORDER_NOT_APPROVED},
    };
    assert_int_equal(portal_ticket_add_for_reset(world->portal, noted.id, NULL, 300, &text, &err),
                     ERR_ORDER_NOT_APPROVED);
    err = ERR_INIT;
    world_must(portal_reset_approve(world->portal, noted.id, &err), &err);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(memory_freep) char *ticket = NULL;
        struct err each = ERR_INIT;
        clock_set_for_test(FIXTURE_NOW + cases[i].later_s);
        assert_int_equal(portal_ticket_add_for_reset(world->portal, cases[i].id, NULL,
                                                     cases[i].ttl_s, &ticket, &each),
                         cases[i].code);
        assert_int_equal(ticket != NULL, cases[i].code == ERR_NONE);
    }
    clock_set_for_test(FIXTURE_NOW);
}

static void it_is_redeemed_once(void **state)
{
    struct world *world = *state;
    AUTO(memory_freep) char *text = world_ticket(world, order, "renew");
    AUTO(portal_ticket_freep) struct portal_ticket *ticket = NULL;
    AUTO(portal_job_freep) struct portal_job *job = world_job(world, key, order);
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    struct err err = ERR_INIT;
    world_must(portal_ticket_find(world->portal, text, &ticket, &err), &err);
    world_must(portal_transaction_begin(&transaction, world->portal->db, &err), &err);
    world_must(portal_ticket_redeemed(world->portal, ticket, job->id, key->serial, &err), &err);
    assert_int_equal(portal_ticket_redeemed(world->portal, ticket, job->id, key->serial, &err),
                     ERR_TICKET_USED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_its_hash_is_kept),
        cmocka_unit_test(it_is_found_with_what_it_is_for),
        cmocka_unit_test(forged_ones_are_unknown),
        cmocka_unit_test(kind_and_time_have_bounds),
        cmocka_unit_test(there_is_none_without_an_order),
        cmocka_unit_test(a_key_gets_tickets_of_its_own_kinds),
        cmocka_unit_test(a_keys_ticket_is_found_with_what_it_is_for),
        cmocka_unit_test(a_ticket_names_a_seal_of_its_key),
        cmocka_unit_test(a_reset_ticket_names_its_request),
        cmocka_unit_test(a_reset_ticket_needs_a_good_approval),
        cmocka_unit_test(it_is_redeemed_once),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
