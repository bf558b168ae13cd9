#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
/* needs some of the above */
#include <cmocka.h>

#include "base/file.h"
#include "base/log.h"
#include "portal/portal_audit.h"
#include "tests/unit/portal/world.h"
#include "web_world.h"

static struct portal *portal;
static struct web_world *world;
static char folder[] = "/tmp/ukey-portal-test-XXXXXX";

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *at)
{
    (void)status, (void)type, (void)at;
    return remove(path);
}

/* In a file, for the trail is read through a connection of its own. */
static int setup(void **state)
{
    struct err err = ERR_INIT;
    memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
    portal = world_bare();
    portal_db_freep(&portal->db);
    portal->folder = memory_text(mkdtemp(folder));
    AUTO(memory_freep) char *path = file_join(folder, "portal.db");
    world_must(portal_db_open(path, &portal->db, &err), &err);
    world = web_world_new(portal, NULL);
    web_world_user(world, "admin", PORTAL_ROLE_ADMINISTRATOR, NULL);
    web_world_user(world, "shen", PORTAL_ROLE_REVIEWER, NULL);
    web_world_become(world, "admin");
    return 0;
}

static int teardown(void **state)
{
    web_world_free(world);
    portal_free(portal);
    return nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void add_line(const char *detail)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    struct err err = ERR_INIT;
    world_must(portal_transaction_begin(&transaction, portal->db, &err), &err);
    world_must(portal_audit_add(portal, "test", "subject", detail, &err), &err);
    world_must(portal_transaction_commit(&transaction, &err), &err);
}

static void run(const char *sql)
{
    struct err err = ERR_INIT;
    world_must(portal_db_run(portal->db, sql, PORTAL_NO_VALUES, &err), &err);
}

static int64_t verified_count(const struct web_result *result)
{
    int64_t count = -1;
    const struct json_field field = {"count", JSON_INTEGER, false, 1000, &count};
    struct err err = ERR_INIT;
    const struct json *verified = json_member(result->json, "verified");
    if (!json_is_object(verified))
        return -1;
    world_must(json_read(verified, &field, 1, JSON_UNKNOWN_IGNORED, &err), &err);
    return count;
}

static void the_trail_is_shown_and_verified(void **state)
{
    AUTO(web_result_done) struct web_result first = {0};
    AUTO(web_result_done) struct web_result second = {0};
    web_world_expect(world, "GET", "/audit", NULL, 200, &first);
    assert_int_equal(json_count(json_member(first.json, "items")), 2);
    assert_int_equal(verified_count(&first), 2);
    add_line("new");
    web_world_expect(world, "GET", "/audit?search=new&limit=1", NULL, 200, &second);
    assert_int_equal(json_count(json_member(second.json, "items")), 1);
    assert_int_equal(verified_count(&second), 3);
}

static void a_broken_chain_is_told(void **state)
{
    AUTO(web_result_done) struct web_result good = {0};
    AUTO(web_result_done) struct web_result broken = {0};
    web_world_expect(world, "GET", "/audit", NULL, 200, &good);
    add_line("new");
    run("DROP TRIGGER audit_no_update");
    run("UPDATE audit SET detail = 'changed' WHERE id = 3");
    log_set_level(LOG_LEVEL_ERROR);
    web_world_expect(world, "GET", "/audit", NULL, 200, &broken);
    assert_int_equal(json_count(json_member(broken.json, "items")), 3);
    assert_int_equal(verified_count(&broken), -1);
}

/* After one that failed nothing is taken for true any more. */
static void an_old_line_is_looked_at_again(void **state)
{
    AUTO(web_result_done) struct web_result good = {0};
    AUTO(web_result_done) struct web_result broken = {0};
    AUTO(web_result_done) struct web_result again = {0};
    web_world_expect(world, "GET", "/audit", NULL, 200, &good);
    run("DROP TRIGGER audit_no_update");
    run("UPDATE audit SET detail = 'changed' WHERE id = 1");
    add_line("new");
    run("UPDATE audit SET detail = 'changed' WHERE id = 3");
    log_set_level(LOG_LEVEL_ERROR);
    web_world_expect(world, "GET", "/audit", NULL, 200, &broken);
    run("UPDATE audit SET detail = 'new' WHERE id = 3");
    web_world_expect(world, "GET", "/audit", NULL, 200, &again);
    assert_int_equal(verified_count(&again), -1);
}

static void a_trail_that_was_cut_off_is_told(void **state)
{
    AUTO(web_result_done) struct web_result good = {0};
    log_set_level(LOG_LEVEL_ERROR);
    web_world_expect(world, "GET", "/audit", NULL, 200, &good);
    assert_true(verified_count(&good) > 0);
    run("DROP TRIGGER audit_no_delete");
    run("DELETE FROM audit WHERE id = (SELECT max(id) FROM audit)");
    for (int again = 0; again < 2; again++) {
        AUTO(web_result_done) struct web_result cut = {0};
        web_world_expect(world, "GET", "/audit", NULL, 200, &cut);
        assert_int_equal(verified_count(&cut), -1);
    }
}

static void only_an_administrator_may(void **state)
{
    web_world_become(world, "shen");
    web_world_refused(world, "GET", "/audit", NULL, "role-refused");
}

static void pages_are_checked(void **state)
{
    web_world_refused(world, "GET", "/audit?limit=x", NULL, "field-value");
    web_world_refused(world, "GET", "/audit?after=o0000000000000001", NULL, "cursor");
    web_world_refused(world, "GET", "/audit?search=%FF", NULL, "field-value");
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_trail_is_shown_and_verified), T(a_broken_chain_is_told),
        T(an_old_line_is_looked_at_again),  T(a_trail_that_was_cut_off_is_told),
        T(only_an_administrator_may),       T(pages_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
