#include "portal/portal_audit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "world.h"

static struct portal *portal;

static int setup(void **state)
{
    portal = world_bare();
    return 0;
}

static int teardown(void **state)
{
    portal_freep(&portal);
    return 0;
}

static void add(const char *event, const char *detail)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    struct err err = ERR_INIT;
    world_must(portal_transaction_begin(&transaction, portal->db, &err), &err);
    world_must(portal_audit_add(portal, event, "subject", detail, &err), &err);
    world_must(portal_transaction_commit(&transaction, &err), &err);
}

static void run(const char *sql)
{
    struct err err = ERR_INIT;
    world_must(portal_db_run(portal->db, sql, PORTAL_NO_VALUES, &err), &err);
}

static enum err_code verify(struct portal_audit_state *out)
{
    struct err err = ERR_INIT;
    return portal_audit_verify(portal, out, &err);
}

static void an_empty_trail_is_whole(void **state)
{
    struct portal_audit_state audit;
    assert_int_equal(verify(&audit), ERR_NONE);
    assert_int_equal(audit.count, 0);
}

static void the_chain_verifies_and_moves_on(void **state)
{
    struct portal_audit_state first, second;
    add("one", "a");
    assert_int_equal(verify(&first), ERR_NONE);
    add("one", "a");
    assert_int_equal(verify(&second), ERR_NONE);
    assert_int_equal(second.count, 2);
    assert_memory_not_equal(first.last_hash, second.last_hash, sizeof first.last_hash);
}

static void lines_can_not_be_changed_or_deleted(void **state)
{
    struct err err = ERR_INIT;
    add("one", "a");
    assert_int_equal(
        portal_db_run(portal->db, "UPDATE audit SET detail = 'b'", PORTAL_NO_VALUES, &err),
        ERR_DATABASE);
    assert_int_equal(portal_db_run(portal->db, "DELETE FROM audit", PORTAL_NO_VALUES, &err),
                     ERR_DATABASE);
}

/* Each is what someone with the file in hand can do. */
static void what_someone_with_the_file_changes_is_found(void **state)
{
    static const char *const changes[] = {
        "UPDATE audit SET detail = 'b' WHERE id = 2",
        "UPDATE audit SET actor = 'x' WHERE id = 1",
        "UPDATE audit SET at_utc = at_utc + 1 WHERE id = 3",
        "UPDATE audit SET event = subject, subject = event WHERE id = 2",
        "UPDATE audit SET subject = 'other' WHERE id = 2",
        "UPDATE audit SET event = 'other' WHERE id = 2",
        "DELETE FROM audit WHERE id = 2",
        "DELETE FROM audit WHERE id = 1",
        "UPDATE audit SET hash = x'00' WHERE id = 1",
        "UPDATE audit SET id = 9 WHERE id = 3",
        "UPDATE audit SET id = -1 WHERE id = 3",
        "UPDATE audit SET detail = detail || char(0) || 'b' WHERE id = 3",
        "UPDATE audit SET detail = printf('%9000d', 1) WHERE id = 2",
        "UPDATE audit SET id = id + 10",
        "INSERT INTO audit SELECT 0, at_utc, actor, event, subject, detail, hash FROM audit "
        "WHERE id = 1",
        "INSERT INTO audit SELECT 4, at_utc, actor, event, subject, detail, hash FROM audit "
        "WHERE id = 3",
    };
    for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
        portal_freep(&portal);
        portal = world_bare();
        for (int line = 0; line < 3; line++)
            add("one", "a");
        run("DROP TRIGGER audit_no_update");
        run("DROP TRIGGER audit_no_delete");
        run(changes[i]);
        struct portal_audit_state audit;
        if (verify(&audit) != ERR_AUDIT)
            fail_msg("not found: %s", changes[i]);
    }
}

static void a_chain_is_verified_further(void **state)
{
    struct portal_audit_state first, whole;
    struct err err = ERR_INIT;
    add("one", "a");
    assert_int_equal(verify(&first), ERR_NONE);
    add("two", "b");
    add("three", "c");
    world_must(portal_audit_verify_on(portal->db, &first, &err), &err);
    assert_int_equal(verify(&whole), ERR_NONE);
    assert_int_equal(first.count, 3);
    assert_memory_equal(&first, &whole, sizeof first);
    run("DROP TRIGGER audit_no_update");
    add("four", "d");
    run("UPDATE audit SET detail = 'x' WHERE id = 4");
    assert_int_equal(portal_audit_verify_on(portal->db, &first, &err), ERR_AUDIT);
    assert_memory_equal(&first, &whole, sizeof first);
}

/* The details of a page's lines; the caller frees. */
static char *page_of(const struct portal_page *page, const char *search)
{
    AUTO(json_freep) struct json *json = NULL;
    struct err err = ERR_INIT;
    world_must(portal_audit_page(portal->db, page, search, &json, &err), &err);
    const struct json *items = json_member(json, "items");
    char *texts = memory_text("");
    for (size_t i = 0; i < json_count(items); i++) {
        char *longer =
            memory_printf("%s%s", texts, json_text_of(json_member(json_item(items, i), "detail")));
        free(texts);
        texts = longer;
    }
    return texts;
}

static void what_was_seen_must_stay(void **state)
{
    struct portal_audit_state seen = {0};
    struct err err = ERR_INIT;
    assert_int_equal(portal_audit_check_seen(portal->db, &seen, &err), ERR_NONE);
    add("one", "a");
    add("two", "b");
    assert_int_equal(verify(&seen), ERR_NONE);
    add("three", "c");
    assert_int_equal(portal_audit_check_seen(portal->db, &seen, &err), ERR_NONE);
    run("DROP TRIGGER audit_no_delete");
    run("DELETE FROM audit WHERE id >= 2");
    assert_int_equal(portal_audit_check_seen(portal->db, &seen, &err), ERR_AUDIT);
    add("two", "other");
    assert_int_equal(portal_audit_check_seen(portal->db, &seen, &err), ERR_AUDIT);
}

static void pages_are_read_newest_first(void **state)
{
    static const struct {
        struct portal_page page;
        const char *search, *details;
    } cases[] = {
        {{PORTAL_PAGE_AUDIT, 20, 0, false}, NULL, "edcba"},
        {{PORTAL_PAGE_AUDIT, 2, 0, false}, NULL, "ed"},
        {{PORTAL_PAGE_AUDIT, 2, 4, false}, NULL, "cb"},
        {{PORTAL_PAGE_AUDIT, 2, 2, true}, NULL, "dc"},
        {{PORTAL_PAGE_AUDIT, 20, 0, false}, "ev_n", "db"},
        {{PORTAL_PAGE_AUDIT, 20, 0, false}, "A", "a"},
        {{PORTAL_PAGE_AUDIT, 20, 0, false}, "nothing", ""},
    };
    for (char detail[] = "a"; detail[0] <= 'e'; detail[0]++)
        add(detail[0] % 2 == 0 ? "ev_n" : "odd", detail);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(memory_freep) char *details = page_of(&cases[i].page, cases[i].search);
        assert_string_equal(details, cases[i].details);
    }
}

static void texts_can_not_flow_into_each_other(void **state)
{
    struct portal_audit_state first, second;
    add("ab", "c");
    assert_int_equal(verify(&first), ERR_NONE);
    portal_freep(&portal);
    portal = world_bare();
    add("a", "bc");
    assert_int_equal(verify(&second), ERR_NONE);
    assert_memory_not_equal(first.last_hash, second.last_hash, sizeof first.last_hash);
}

static void the_list_shows_who_did_what(void **state)
{
    AUTO(json_freep) struct json *list = NULL;
    struct err err = ERR_INIT;
    portal_set_actor(portal, "uid:7");
    add("order.paid", "x");
    world_must(portal_audit_list(portal, &list, &err), &err);
    assert_int_equal(json_count(list), 1);
    assert_string_equal(json_text_of(json_member(json_item(list, 0), "actor")), "uid:7");
    assert_string_equal(json_text_of(json_member(json_item(list, 0), "event")), "order.paid");
}

static void a_line_that_is_too_long_is_refused(void **state)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *longer = memory_printf("%9000d", 1);
    world_must(portal_transaction_begin(&transaction, portal->db, &err), &err);
    assert_int_equal(portal_audit_add(portal, "x", "y", longer, &err), ERR_INTERNAL);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(an_empty_trail_is_whole),
        T(the_chain_verifies_and_moves_on),
        T(lines_can_not_be_changed_or_deleted),
        T(what_someone_with_the_file_changes_is_found),
        T(a_chain_is_verified_further),
        T(what_was_seen_must_stay),
        T(pages_are_read_newest_first),
        T(texts_can_not_flow_into_each_other),
        T(the_list_shows_who_did_what),
        T(a_line_that_is_too_long_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
