#include "portal/portal_db.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "portal/portal_schema.h"
#include "world.h"

static struct portal_db *db;

static int open_memory(void **state)
{
    struct err err = ERR_INIT;
    return portal_db_open(":memory:", &db, &err) == ERR_NONE ? 0 : -1;
}

static int close_memory(void **state)
{
    portal_db_freep(&db);
    return 0;
}

static enum err_code add(const char *name, struct err *err)
{
    return portal_db_run(db, "INSERT INTO organisation (name, created_utc) VALUES (?, ?)",
                         PORTAL_VALUES(PORTAL_TEXT(name), PORTAL_INTEGER(1)), err);
}

static int64_t organisations(void)
{
    int64_t count = -1;
    struct err err = ERR_INIT;
    world_must(
        portal_db_number(db, "SELECT count(*) FROM organisation", PORTAL_NO_VALUES, &count, &err),
        &err);
    return count;
}

static void values_come_back_as_they_went_in(void **state)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    struct err err = ERR_INIT;
    const uint8_t blob[] = {0, 1, 0xFF};
    world_must(portal_db_query(db, "SELECT ?, ?, ?, ?, ?",
                               PORTAL_VALUES(PORTAL_INTEGER(INT64_MIN), PORTAL_TEXT("张'三"),
                                             PORTAL_BLOB(SPAN_ARRAY(blob)), PORTAL_NULL,
                                             PORTAL_BLOB(SPAN_NONE)),
                               &query, &err),
               &err);
    world_must(portal_query_one(query, &err), &err);
    assert_true(portal_query_integer(query, 0) == INT64_MIN);
    assert_string_equal(portal_query_text(query, 1), "张'三");
    assert_true(span_equal(portal_query_blob(query, 2), SPAN_ARRAY(blob)));
    assert_true(portal_query_is_null(query, 3));
    assert_string_equal(portal_query_text(query, 3), "");
    assert_false(portal_query_is_null(query, 4));
    assert_int_equal(portal_query_blob(query, 4).len, 0);
}

static void a_second_record_of_one_name_is_told_apart_from_other_failures(void **state)
{
    struct err err = ERR_INIT;
    assert_int_equal(add("a", &err), ERR_NONE);
    assert_int_equal(portal_db_last_id(db), 1);
    assert_int_equal(add("a", &err), ERR_RECORD_EXISTS);
    assert_int_equal(add(NULL, &err), ERR_DATABASE);
    assert_int_equal(portal_db_run(db, "no SQL", PORTAL_NO_VALUES, &err), ERR_DATABASE);
    assert_int_equal(organisations(), 1);
}

static void values_and_marks_must_be_as_many(void **state)
{
    struct err err = ERR_INIT;
    assert_int_equal(portal_db_run(db, "SELECT ?", PORTAL_NO_VALUES, &err), ERR_INTERNAL);
}

static void foreign_keys_hold(void **state)
{
    struct err err = ERR_INIT;
    assert_int_equal(
        portal_db_run(db,
                      "INSERT INTO holder (organisation_id, name, created_utc) VALUES (7, 'x', 1)",
                      PORTAL_NO_VALUES, &err),
        ERR_DATABASE);
}

static void a_row_that_is_missing_has_its_own_error(void **state)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    struct err err = ERR_INIT;
    world_must(portal_db_query(db, "SELECT 1 WHERE 0", PORTAL_NO_VALUES, &query, &err), &err);
    assert_int_equal(portal_query_one(query, &err), ERR_NO_SUCH_RECORD);
}

static void a_number_is_the_first_rows_or_0(void **state)
{
    static const struct {
        const char *sql;
        int64_t number;
    } cases[] = {{"SELECT 7 UNION ALL SELECT 8", 7}, {"SELECT NULL", 0}, {"SELECT 7 WHERE 0", 0}};
    struct err err = ERR_INIT;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int64_t found = -1;
        world_must(portal_db_number(db, cases[i].sql, PORTAL_NO_VALUES, &found, &err), &err);
        assert_true(found == cases[i].number);
    }
    int64_t untouched = -1;
    assert_int_equal(portal_db_number(db, "SELECT ?", PORTAL_NO_VALUES, &untouched, &err),
                     ERR_INTERNAL);
    assert_true(untouched == -1);
}

static void leave_without_commit(void)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    struct err err = ERR_INIT;
    world_must(portal_transaction_begin(&transaction, db, &err), &err);
    assert_true(portal_db_in_transaction(db));
    world_must(add("gone", &err), &err);
    assert_int_equal(organisations(), 1);
}

static void a_scope_that_ends_early_rolls_back(void **state)
{
    leave_without_commit();
    assert_false(portal_db_in_transaction(db));
    assert_int_equal(organisations(), 0);
}

static void a_commit_stays(void **state)
{
    struct err err = ERR_INIT;
    struct portal_transaction transaction = {0};
    world_must(portal_transaction_begin(&transaction, db, &err), &err);
    world_must(add("stays", &err), &err);
    world_must(portal_transaction_commit(&transaction, &err), &err);
    portal_transaction_end(&transaction);
    assert_int_equal(organisations(), 1);
}

static void settings_are_replaced(void **state)
{
    AUTO(memory_freep) char *value = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(portal_db_setting(db, "x", &value, &err), ERR_NO_SUCH_RECORD);
    assert_null(value);
    world_must(portal_db_set_setting(db, "x", "1", &err), &err);
    world_must(portal_db_set_setting(db, "x", "2", &err), &err);
    world_must(portal_db_setting(db, "x", &value, &err), &err);
    assert_string_equal(value, "2");
}

static void a_database_file_is_private_and_of_our_version_only(void **state)
{
    char path[] = "/tmp/ukey-portal-db-XXXXXX";
    struct portal_db *file = NULL;
    struct err err = ERR_INIT;
    struct stat status;
    int fd = mkstemp(path);
    close(fd);
    unlink(path);
    world_must(portal_db_open(path, &file, &err), &err);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    AUTO(memory_freep)
    char *newer = memory_printf("PRAGMA user_version = %d", portal_schema_version + 1);
    world_must(portal_db_run(file, newer, PORTAL_NO_VALUES, &err), &err);
    portal_db_freep(&file);
    assert_int_equal(portal_db_open(path, &file, &err), ERR_DATABASE);
    assert_null(file);
    unlink(path);
}

static void what_is_no_database_is_refused(void **state)
{
    char path[] = "/tmp/ukey-portal-db-XXXXXX";
    struct portal_db *file = NULL;
    struct err err = ERR_INIT;
    int fd = mkstemp(path);
    assert_int_equal(write(fd, "this is a text and not a database file", 38), 38);
    close(fd);
    assert_int_equal(portal_db_open(path, &file, &err), ERR_DATABASE);
    unlink(path);
    err = ERR_INIT;
    assert_int_equal(portal_db_open("/nowhere/at/all", &file, &err), ERR_DATABASE);
    assert_null(file);
}

/* A folder of before there were seals: its orders, tickets and jobs stay, and what refers to them. */
static void a_database_of_version_1_is_brought_on(void **state)
{
    static const char rows[] =
        "INSERT INTO organisation VALUES (1, 'o', 0); INSERT INTO holder VALUES (2, 1, 'h', 0);"
        "INSERT INTO key VALUES (3, 's', '', 'p', 2, 0);"
        "INSERT INTO renewal_order VALUES ('N', 3, 'f', 12, 0, 0, 'x', '', 'keep', 'sm2', 1, 0, 0);"
        "INSERT INTO job VALUES ('J', 'N', 'renew', x'01', 'written', 5, 6);"
        "INSERT INTO ticket VALUES (x'AA', 'N', 'renew', 7, 8, 'J', 's');"
        "INSERT INTO issue VALUES (1, 'N', 'J', x'02', 'failed', NULL, NULL, NULL, NULL, 0, 0);"
        "PRAGMA user_version = 1;";
    char path[] = "/tmp/ukey-portal-db-XXXXXX";
    close(mkstemp(path));
    sqlite3 *old = NULL;
    assert_int_equal(sqlite3_open(path, &old), SQLITE_OK);
    assert_int_equal(sqlite3_exec(old, portal_schema[0], NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(old, rows, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(old);
    struct portal_db *file = NULL;
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    struct err err = ERR_INIT;
    world_must(portal_db_open(path, &file, &err), &err);
    world_must(portal_db_query(file,
                               "SELECT count(*) FROM ticket JOIN job ON job.id = ticket.job_id "
                               "JOIN issue ON issue.job_id = job.id "
                               "WHERE ticket.key_id = 3 AND job.key_id = 3 AND job.expires_utc = 6 "
                               "AND job.outcome = 'written' AND ticket.order_number = 'N' "
                               "AND ticket.expires_utc = 8 AND job.reset_id IS NULL",
                               PORTAL_NO_VALUES, &query, &err),
               &err);
    world_must(portal_query_one(query, &err), &err);
    assert_int_equal(portal_query_integer(query, 0), 1);
    portal_query_freep(&query);
    assert_int_equal(portal_db_run(file, "DELETE FROM job", PORTAL_NO_VALUES, &err), ERR_DATABASE);
    portal_db_freep(&file);
    unlink(path);
}

/* Of two seals for one certificate the current one counts, else the newest; an approval of before is good
 * for its day. */
static void a_database_of_version_2_is_brought_on(void **state)
{
    static const char rows[] =
        "INSERT INTO organisation VALUES (1, 'o', 0); INSERT INTO holder VALUES (2, 1, 'h', 0);"
        "INSERT INTO key VALUES (3, 's', '', 'p', 2, 0);"
        "INSERT INTO certificate VALUES (4, 3, NULL, '', 'sign', 'issued', '', '01', '', 0, 0, "
        "'a', "
        "x'01', 0, 0), (5, 3, NULL, '', 'sign', 'issued', '', '02', '', 0, 0, 'b', x'02', 0, 0);"
        "INSERT INTO seal VALUES (1, 3, 4, NULL, 'superseded', 'A', '', 4, 0, x'01', x'', 0, 0),"
        "(2, 3, 5, 1, 'current', 'A', '', 4, 0, x'02', x'', 0, 0),"
        "(3, 3, 5, 2, 'issued', 'A', '', 4, 0, x'03', x'', 0, 0),"
        "(4, 3, 4, NULL, 'current', 'B', '', 4, 0, x'04', x'', 0, 0),"
        "(5, 3, 5, 4, 'issued', 'B', '', 4, 0, x'05', x'', 0, 0),"
        "(6, 3, 5, 5, 'issued', 'B', '', 4, 0, x'06', x'', 0, 0);"
        "INSERT INTO reset_request VALUES (1, 3, 'u', 'requested', 1, 2), "
        "(2, 3, 'u', 'approved', 1, 100), (3, 3, 'u', 'done', 1, 2);"
        "INSERT INTO job VALUES ('J', 3, NULL, 2, NULL, 'reset-pin', x'01', '', 0, 0);"
        "PRAGMA user_version = 2;";
    char path[] = "/tmp/ukey-portal-db-XXXXXX";
    close(mkstemp(path));
    sqlite3 *old = NULL;
    assert_int_equal(sqlite3_open(path, &old), SQLITE_OK);
    assert_int_equal(sqlite3_exec(old, portal_schema[0], NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(old, portal_schema[1], NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(old, rows, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(old);
    struct portal_db *file = NULL;
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    struct err err = ERR_INIT;
    world_must(portal_db_open(path, &file, &err), &err);
    world_must(portal_db_query(
                   file,
                   "SELECT (SELECT group_concat(state) FROM (SELECT state FROM seal ORDER BY id)),"
                   "(SELECT group_concat(state || ifnull(expires_utc, '-')) FROM "
                   "(SELECT * FROM reset_request ORDER BY id)), (SELECT refusals FROM job)",
                   PORTAL_NO_VALUES, &query, &err),
               &err);
    world_must(portal_query_one(query, &err), &err);
    assert_string_equal(portal_query_text(query, 0),
                        "superseded,current,superseded,current,superseded,issued");
    assert_string_equal(portal_query_text(query, 1), "requested-,approved86500,done86402");
    assert_int_equal(portal_query_integer(query, 2), 0);
    portal_query_freep(&query);
    portal_db_freep(&file);
    unlink(path);
}

/* Three tables are made anew, and lose neither rows nor rules. */
#define ANSWER_COLUMNS "(id, job_id, key_id, purpose, challenge, sha256, puk_version, at_utc) "

static void a_database_of_version_7_is_brought_on(void **state)
{
    static const char rows[] =
        "INSERT INTO organisation VALUES (1, 'o', 0); INSERT INTO holder VALUES (2, 1, 'h', 0);"
        "INSERT INTO key VALUES (3, 's', '', 'p', 2, 0);"
        "INSERT INTO renewal_order VALUES ('N', 3, 1, 'f', 12, 34, 5, 'ref', 'x', 'why', 'keep', "
        "'sm2', 1, 6, 7, 8);"
        "INSERT INTO certificate VALUES (4, 3, 'N', 'rsa', 'sign', 'active', '', '01', 'CN', 1, 2, "
        "'aa', x'01', 3, 4);"
        "INSERT INTO job (id, key_id, order_number, kind, challenge, created_utc, expires_utc) "
        "VALUES ('J', 3, 'N', 'renew', x'01', 0, 0);"
        "INSERT INTO issue VALUES (1, 'N', 'J', x'02', 'issued', 4, NULL, NULL, NULL, 0, 0);"
        "INSERT INTO unblock_answer VALUES (9, 'J', 3, 'unblock', x'0102', x'AA', 10);"
        "PRAGMA user_version = 7;";
    static const struct {
        const char *sql;
        enum err_code code;
    } rules[] = {
        {"UPDATE renewal_order SET algorithm = 'p384'", ERR_NONE},
        {"UPDATE renewal_order SET algorithm = 'p521'", ERR_DATABASE},
        {"UPDATE certificate SET authority = 'p256'", ERR_NONE},
        {"UPDATE certificate SET authority = 'p384'", ERR_DATABASE},
        {"INSERT INTO certificate SELECT 5, key_id, NULL, '', usage, status, '', '02', '', 1, 2, "
         "'bb', x'02', 3, 4 FROM certificate",
         ERR_RECORD_EXISTS}, /* a second one in force */
        {"INSERT INTO unblock_answer " ANSWER_COLUMNS
         "VALUES (10, 'J', 3, 'unblock', x'0102', x'AA', NULL, 10)",
         ERR_RECORD_EXISTS},
        {"INSERT INTO unblock_answer " ANSWER_COLUMNS
         "VALUES (10, 'J', 3, 'unblock', x'', x'AA', 2, 10)",
         ERR_NONE},
        {"INSERT INTO unblock_answer " ANSWER_COLUMNS
         "VALUES (11, 'J', 3, 'unblock', x'', x'AA', 3, 10)",
         ERR_NONE},
        {"DELETE FROM renewal_order", ERR_DATABASE},
        {"DELETE FROM certificate", ERR_DATABASE},
    };
    char path[] = "/tmp/ukey-portal-db-XXXXXX";
    close(mkstemp(path));
    sqlite3 *old = NULL;
    assert_int_equal(sqlite3_open(path, &old), SQLITE_OK);
    for (int version = 0; version < 7; version++)
        assert_int_equal(sqlite3_exec(old, portal_schema[version], NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(old, rows, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(old);
    struct portal_db *file = NULL;
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    struct err err = ERR_INIT;
    world_must(portal_db_open(path, &file, &err), &err);
    world_must(portal_db_query(
                   file,
                   "SELECT count(*) FROM issue JOIN certificate c ON c.id = sign_certificate_id "
                   "JOIN renewal_order o ON o.number = c.order_number JOIN unblock_answer u "
                   "ON u.job_id = issue.job_id WHERE o.fee_fen = 34 AND o.paid_utc = 5 AND "
                   "o.paid_reference = 'ref' AND o.reason = 'why' AND o.revision = 8 AND "
                   "o.organisation_id = 1 AND c.sha256 = 'aa' AND c.authority = 'rsa' AND "
                   "c.changed_utc = 4 AND u.id = 9 AND u.sha256 = x'AA' AND u.puk_version IS NULL",
                   PORTAL_NO_VALUES, &query, &err),
               &err);
    world_must(portal_query_one(query, &err), &err);
    assert_int_equal(portal_query_integer(query, 0), 1);
    portal_query_freep(&query);
    for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
        struct err said = ERR_INIT;
        if (portal_db_run(file, rules[i].sql, PORTAL_NO_VALUES, &said) != rules[i].code)
            fail_msg("%s: %s (%s)", rules[i].sql, err_code_text(said.code), said.detail);
    }
    portal_db_freep(&file);
    unlink(path);
}

/* What version 8 knew of PUKs: any number of candidates. */
static void a_database_of_version_8_is_brought_on(void **state)
{
    static const char rows[] =
        "INSERT INTO organisation VALUES (1, 'o', 0); INSERT INTO holder VALUES (1, 1, 'h', 0);"
        "INSERT INTO key VALUES (1, 'a', '', 'piv', 1, 0), (2, 'b', '', 'piv', 1, 0), "
        "(3, 'c', '', 'piv', 1, 0), (4, 'd', '', 'piv', 1, 0), (5, 'e', '', 'piv', 1, 0);"
        "INSERT INTO reset_request (id, key_id, user, state, created_utc, changed_utc) "
        "VALUES (1, 1, 'u', 'requested', 0, 0);"
        "INSERT INTO job (id, key_id, reset_id, kind, challenge, created_utc, expires_utc) "
        "VALUES ('J', 1, 1, 'reset-pin', x'01', 0, 0);"
        "INSERT INTO piv_puk VALUES (1, 1, 0, 'confirmed', 1), (1, 2, 1, 'given', 2), "
        "(1, 3, 2, 'given', 3);" /* two answers under way */
        "INSERT INTO piv_puk VALUES (2, 4, 3, 'past', 1), (2, 5, 4, 'confirmed', 2);"
        "INSERT INTO piv_puk VALUES (3, 1, 0, 'refused', 1), (3, 2, 1, 'given', 2);"
        "INSERT INTO piv_puk VALUES (4, 1, 0, 'refused', 1), (4, 2, 1, 'never', 2);"
        "INSERT INTO unblock_answer VALUES (7, 'J', 1, 'unblock', x'', x'AA', 3, 10), "
        "(8, 'J', 4, 'unblock', x'', x'AA', 2, 10), (9, 'J', 5, 'unblock', x'01', x'AA', NULL, 10);"
        "PRAGMA user_version = 8;";
    static const char *const wanted[] = {
        "SELECT count(*) = 4 FROM piv_version WHERE settled = 0 AND management = 1",
        "SELECT puk = 1 AND given = 3 AND highest = 3 FROM piv_version WHERE key_id = 1",
        "SELECT puk = 5 AND given IS NULL AND highest = 5 FROM piv_version WHERE key_id = 2",
        "SELECT puk = 2 AND given IS NULL AND highest = 2 FROM piv_version WHERE key_id = 3",
        "SELECT puk = 2 AND given IS NULL AND highest = 2 FROM piv_version WHERE key_id = 4",
        "SELECT puk_from = 2 AND refused = 0 FROM unblock_answer WHERE id = 7",
        "SELECT puk_from = 1 AND refused = 1 FROM unblock_answer WHERE id = 8",
        "SELECT puk_from IS NULL AND refused = 0 FROM unblock_answer WHERE id = 9",
    };
    char path[] = "/tmp/ukey-portal-db-XXXXXX";
    close(mkstemp(path));
    sqlite3 *old = NULL;
    assert_int_equal(sqlite3_open(path, &old), SQLITE_OK);
    for (int version = 0; version < 8; version++)
        assert_int_equal(sqlite3_exec(old, portal_schema[version], NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(old, rows, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(old);
    struct portal_db *file = NULL;
    struct err err = ERR_INIT;
    world_must(portal_db_open(path, &file, &err), &err);
    for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
        int64_t yes = 0;
        world_must(portal_db_number(file, wanted[i], PORTAL_NO_VALUES, &yes, &err), &err);
        if (yes != 1)
            fail_msg("%s", wanted[i]);
    }
    portal_db_freep(&file);
    unlink(path);
}

static void a_database_with_broken_references_is_not_brought_on(void **state)
{
    char path[] = "/tmp/ukey-portal-db-XXXXXX";
    close(mkstemp(path));
    sqlite3 *old = NULL;
    assert_int_equal(sqlite3_open(path, &old), SQLITE_OK);
    assert_int_equal(sqlite3_exec(old, portal_schema[0], NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(old,
                                  "INSERT INTO holder VALUES (2, 1, 'h', 0);"
                                  "PRAGMA user_version = 1;",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(old);
    struct portal_db *file = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(portal_db_open(path, &file, &err), ERR_DATABASE);
    assert_null(file);
    unlink(path);
}

#define T(test) cmocka_unit_test_setup_teardown(test, open_memory, close_memory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(values_come_back_as_they_went_in),
        T(a_second_record_of_one_name_is_told_apart_from_other_failures),
        T(values_and_marks_must_be_as_many),
        T(foreign_keys_hold),
        T(a_row_that_is_missing_has_its_own_error),
        T(a_number_is_the_first_rows_or_0),
        T(a_scope_that_ends_early_rolls_back),
        T(a_commit_stays),
        T(settings_are_replaced),
        cmocka_unit_test(a_database_file_is_private_and_of_our_version_only),
        cmocka_unit_test(what_is_no_database_is_refused),
        cmocka_unit_test(a_database_of_version_1_is_brought_on),
        cmocka_unit_test(a_database_of_version_2_is_brought_on),
        cmocka_unit_test(a_database_of_version_7_is_brought_on),
        cmocka_unit_test(a_database_of_version_8_is_brought_on),
        cmocka_unit_test(a_database_with_broken_references_is_not_brought_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
