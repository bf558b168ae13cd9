#include "agent/trust/trust.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "agent/trust/trust_nss.h"
#include "agent/trust/trust_pem.h"
#include "agent/trust/trust_record.h"
#include "base/file.h"
#include "tests/unit/agent/trust/fixture.h"
#include "tests/unit/certs/loopback_fixture.h"

#define OLD ".pki/nssdb"
#define NEW ".local/share/pki/nssdb"
#define PROFILE ".mozilla/firefox/a.default"
#define RECORD "state/identity/trust.json"

static enum err_code install(struct home *home)
{
    struct err err = ERR_INIT;
    return trust_install(&home->user, &err);
}

static enum err_code take_back(struct home *home)
{
    struct err err = ERR_INIT;
    enum err_code code = trust_remove(&home->user, &err);
    assert_int_equal(code, err.code);
    return code;
}

static bool follow(struct home *home)
{
    struct err err = ERR_INIT;
    bool changed = false;
    if (trust_follow(&home->user, &changed, &err) != ERR_NONE)
        fail_msg("%s", err.detail);
    return changed;
}

static bool trusts(struct home *home, const char *below, const struct bytes *der)
{
    struct err err = ERR_INIT;
    enum trust_nss_state found = TRUST_NSS_ABSENT;
    AUTO(memory_freep) char *folder = home_path(home, below);
    assert_int_equal(trust_nss_look(&home->user.certutil, folder, span_bytes(der), &found, &err),
                     ERR_NONE);
    return found == TRUST_NSS_TRUSTED;
}

static void put(struct home *home, const char *below, const struct bytes *der)
{
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *folder = home_path(home, below);
    assert_int_equal(trust_nss_add(&home->user.certutil, folder, span_bytes(der), &err), ERR_NONE);
}

static bool file_is(struct home *home, const struct bytes *der)
{
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *path = home_path(home, ".mozilla/certificates/ukeyd.pem");
    AUTO(bytes_freep) struct bytes *pem = NULL;
    AUTO(bytes_freep) struct bytes *found = NULL;
    assert_int_equal(file_read(path, 32768, &pem, &err), ERR_NONE);
    assert_int_equal(trust_pem_read(span_bytes(pem), &found, &err), ERR_NONE);
    return span_equal(span_bytes(found), span_bytes(der));
}

static bool begin(struct home *home)
{
    struct err err = ERR_INIT;
    bool changed = false;
    assert_int_equal(trust_begin(&home->user, &changed, &err), ERR_NONE);
    return changed;
}

/* Unasked once, and never again when it was refused. */
static void test_begins_unless_it_was_refused(void **state)
{
    struct home *home = *state;
    struct err err = ERR_INIT;
    assert_false(trust_is_decided(home->user.identity));
    assert_true(begin(home));
    assert_true(trust_is_decided(home->user.identity));
    assert_true(trusts(home, OLD, home->der));
    assert_false(begin(home));
    home_renew(home);
    assert_true(begin(home));
    assert_true(trusts(home, OLD, home->der));
    assert_int_equal(trust_refuse(&home->user, &err), ERR_NONE);
    assert_true(trust_is_decided(home->user.identity));
    assert_false(begin(home));
    assert_false(follow(home));
    assert_false(home_has(home, OLD));
    assert_int_equal(install(home), ERR_NONE); /* asked for */
    assert_true(trusts(home, OLD, home->der));
    assert_int_equal(take_back(home), ERR_NONE);
    assert_false(trust_is_decided(home->user.identity));
}

static void test_nobody_refuses_what_is_not_there(void **state)
{
    struct home *home = *state;
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *moved = home_path(home, "state/elsewhere");
    assert_int_equal(rename(home->user.identity, moved), 0);
    assert_int_equal(trust_refuse(&home->user, &err), ERR_NONE);
    assert_int_equal(access(home->user.identity, F_OK), -1);
    assert_int_equal(rename(moved, home->user.identity), 0);
}

/* Every layout: what was there before is there afterwards, and nothing else. */
static void test_nothing_is_left_of_it(void **state)
{
    static const struct {
        const char *databases[2];
        const char *used;
    } layouts[] = {
        {{NULL}, OLD},
        {{OLD}, OLD},
        {{NEW}, NEW},
        {{OLD, NEW}, OLD},
    };
    for (size_t i = 0; i < ARRAY_SIZE(layouts); i++) {
        void *inner = NULL;
        home_start(&inner);
        struct home *home = inner;
        for (size_t k = 0; k < 2 && layouts[i].databases[k] != NULL; k++)
            home_make_database(home, layouts[i].databases[k], NULL);
        AUTO(memory_freep) char *before = home_list(home, "none");
        assert_int_equal(install(home), ERR_NONE);
        assert_int_equal(install(home), ERR_NONE);
        assert_true(trusts(home, layouts[i].used, home->der));
        assert_true(file_is(home, home->der));
        assert_int_equal(take_back(home), ERR_NONE);
        AUTO(memory_freep) char *after = home_list(home, "none");
        assert_string_equal(after, before);
        assert_false(trusts(home, layouts[i].used, home->der));
        assert_int_equal(take_back(home), ERR_NONE);
        home_stop(&inner);
    }
}

static void test_folders_that_others_use_stay(void **state)
{
    struct home *home = *state;
    AUTO(bytes_freep) struct bytes *foreign = make_cert();
    assert_int_equal(install(home), ERR_NONE);
    put(home, OLD, foreign);
    home_write(home, ".mozilla/certificates/other.pem", "x", 0600);
    assert_int_equal(take_back(home), ERR_NONE);
    assert_true(trusts(home, OLD, foreign));
    assert_false(trusts(home, OLD, home->der));
    assert_true(home_has(home, ".mozilla/certificates/other.pem"));
    assert_false(home_has(home, ".mozilla/certificates/ukeyd.pem"));
}

static void test_a_new_certificate_takes_the_place_of_the_old(void **state)
{
    struct home *home = *state;
    home_make_database(home, PROFILE, NULL);
    assert_int_equal(install(home), ERR_NONE);
    put(home, PROFILE, home->der); /* as Firefox does by its policy */
    assert_false(follow(home));
    AUTO(bytes_freep) struct bytes *old = bytes_new(span_bytes(home->der));
    home_renew(home);
    assert_true(follow(home));
    assert_true(trusts(home, OLD, home->der));
    assert_true(file_is(home, home->der));
    assert_false(trusts(home, OLD, old));
    assert_false(trusts(home, PROFILE, old));
    assert_false(follow(home));
}

static void test_follows_only_where_it_was_wanted(void **state)
{
    struct home *home = *state;
    assert_false(follow(home));
    assert_false(home_has(home, OLD));
    assert_int_equal(install(home), ERR_NONE);
    assert_int_equal(take_back(home), ERR_NONE);
    home_renew(home);
    assert_false(follow(home));
    assert_false(home_has(home, OLD));
}

/* An old Chromium was started since and made the database that wins. */
static void test_follows_the_browser_to_another_database(void **state)
{
    struct home *home = *state;
    home_make_database(home, NEW, NULL);
    assert_int_equal(install(home), ERR_NONE);
    assert_true(trusts(home, NEW, home->der));
    home_make_database(home, OLD, NULL);
    AUTO(bytes_freep) struct bytes *old = bytes_new(span_bytes(home->der));
    home_renew(home);
    assert_true(follow(home));
    assert_true(trusts(home, OLD, home->der));
    assert_false(trusts(home, NEW, old));
    assert_int_equal(take_back(home), ERR_NONE);
    assert_false(trusts(home, OLD, home->der));
}

/* Whoever has taken over the agent names a database of his own, with modules for NSS to run. */
static void test_a_database_in_the_agents_folder_is_left_alone(void **state)
{
    struct home *home = *state;
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *place = home_path(home, "state/planted");
    for (int foreign = 0; foreign < 2; foreign++) {
        AUTO(trust_record_done) struct trust_record record = {0};
        AUTO(bytes_freep) struct bytes *old = bytes_new(span_bytes(home->der));
        if (foreign)
            home->user.foreign[TRUST_FOREIGN_STATE] = home_path(home, "state");
        if (!foreign)
            home_make_database(home, "state/planted", NULL);
        assert_int_equal(install(home), ERR_NONE);
        assert_int_equal(trust_record_read(home->user.identity, &record, &err), ERR_NONE);
        assert_int_equal(trust_record_add_place(&record, place, &err), ERR_NONE);
        assert_int_equal(trust_record_write(home->user.identity, &record, &err), ERR_NONE);
        put(home, "state/planted", old);
        home_renew(home);
        assert_true(follow(home));
        assert_int_equal(trusts(home, "state/planted", old), foreign);
    }
}

/* Nor when it is to be deleted as one that trust_install made. */
static void test_a_database_in_the_agents_folder_is_not_deleted(void **state)
{
    struct home *home = *state;
    struct err err = ERR_INIT;
    AUTO(trust_record_done) struct trust_record record = {0};
    AUTO(memory_freep) char *made = home_path(home, "state/planted/cert9.db");
    home_make_database(home, "state/planted", NULL);
    assert_int_equal(trust_record_add_made(&record, made, &err), ERR_NONE);
    assert_int_equal(trust_record_write(home->user.identity, &record, &err), ERR_NONE);
    home->user.foreign[TRUST_FOREIGN_STATE] = home_path(home, "state");
    assert_int_equal(take_back(home), ERR_NONE);
    assert_true(home_has(home, "state/planted/cert9.db"));
    memory_freep(&home->user.foreign[TRUST_FOREIGN_STATE]);
    assert_int_equal(trust_record_write(home->user.identity, &record, &err), ERR_NONE);
    assert_int_equal(take_back(home), ERR_NONE);
    assert_false(home_has(home, "state/planted/cert9.db"));
}

/* What a user's browsers believe is not for the taken-over agent to say. */
static void test_only_a_certificate_of_the_agents_kind_is_trusted(void **state)
{
    struct home *home = *state;
    static const struct loopback_wish wishes[] = {
        {.names = "DNS:bank.example"},
        {.names = "DNS:localhost,IP:127.0.0.1,IP:::1,DNS:bank.example"},
        {.basic_constraints = "critical,CA:TRUE", .key_usage = "critical,keyCertSign"},
        {.valid_seconds = INT64_C(400) * 86400},
        {.issuer = "Some CA", .signed_by_another = true},
    };
    assert_int_equal(install(home), ERR_NONE);
    AUTO(bytes_freep) struct bytes *good = bytes_new(span_bytes(home->der));
    for (size_t i = 0; i < ARRAY_SIZE(wishes); i++) {
        struct err err = ERR_INIT;
        bool changed = false;
        AUTO(bytes_freep) struct bytes *der = loopback_fixture(&wishes[i]);
        AUTO(memory_freep) char *pem = trust_pem_write(span_bytes(der));
        home_write(home, "state/identity/loopback.pem", pem, 0644);
        assert_int_equal(install(home), ERR_CERT_NOT_LOOPBACK);
        assert_int_equal(trust_follow(&home->user, &changed, &err), ERR_CERT_NOT_LOOPBACK);
        assert_int_equal(trust_begin(&home->user, &changed, &err), ERR_CERT_NOT_LOOPBACK);
        assert_non_null(strstr(err.detail, "state/identity/loopback.pem"));
        assert_false(trusts(home, OLD, der));
        assert_true(trusts(home, OLD, good));
        assert_true(file_is(home, good));
    }
    assert_int_equal(take_back(home), ERR_NONE);
    assert_false(trusts(home, OLD, good));
}

static void test_profiles_are_cleaned_too(void **state)
{
    struct home *home = *state;
    home_make_database(home, PROFILE, NULL);
    assert_int_equal(install(home), ERR_NONE);
    put(home, PROFILE, home->der);
    assert_int_equal(take_back(home), ERR_NONE);
    assert_false(trusts(home, PROFILE, home->der));
    assert_true(home_has(home, PROFILE "/cert9.db"));
}

/* One place fails: the others are done, and a second attempt ends it. */
static void test_what_can_be_done_is_done(void **state)
{
    struct home *home = *state;
    home_make_folder(home, OLD);
    home_write(home, OLD "/cert9.db", "damaged", 0600);
    assert_int_equal(install(home), ERR_TRUST_DATABASE);
    assert_true(file_is(home, home->der));
    assert_int_equal(take_back(home), ERR_TRUST_DATABASE);
    assert_false(home_has(home, ".mozilla/certificates/ukeyd.pem"));
    assert_true(home_has(home, RECORD));
    assert_false(follow(home)); /* it is not wanted any more */
    AUTO(memory_freep) char *damaged = home_path(home, OLD "/cert9.db");
    assert_int_equal(unlink(damaged), 0);
    assert_int_equal(take_back(home), ERR_NONE);
    assert_false(home_has(home, RECORD));
}

static void test_a_damaged_record_is_as_good_as_none(void **state)
{
    struct home *home = *state;
    assert_int_equal(install(home), ERR_NONE);
    home_write(home, RECORD, "{", 0600);
    assert_false(follow(home));
    assert_int_equal(take_back(home), ERR_NONE);
    assert_false(trusts(home, OLD, home->der));
}

static void test_without_an_identity(void **state)
{
    struct home *home = *state;
    home_write(home, "state/identity/loopback.pem", "none", 0600);
    assert_int_equal(install(home), ERR_TRUST_NO_IDENTITY);
    assert_false(home_has(home, OLD));
    memory_freep(&home->user.identity);
    home->user.identity = home_path(home, "nowhere");
    assert_int_equal(install(home), ERR_TRUST_NO_IDENTITY);
    assert_int_equal(take_back(home), ERR_NONE);
}

/* Two installations on one computer, each with a user of its own. */
static void test_two_installations_share_nothing(void **state)
{
    struct home *home = *state;
    void *inner = NULL;
    home_start(&inner);
    struct home *other = inner;
    assert_int_equal(install(home), ERR_NONE);
    assert_int_equal(install(other), ERR_NONE);
    assert_false(span_equal(span_bytes(home->der), span_bytes(other->der)));
    assert_false(trusts(home, OLD, other->der));
    assert_false(trusts(other, OLD, home->der));
    home_stop(&inner);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_begins_unless_it_was_refused, home_start, home_stop),
        cmocka_unit_test_setup_teardown(test_nobody_refuses_what_is_not_there, home_start,
                                        home_stop),
        cmocka_unit_test(test_nothing_is_left_of_it),
        cmocka_unit_test_setup_teardown(test_folders_that_others_use_stay, home_start, home_stop),
        cmocka_unit_test_setup_teardown(test_a_new_certificate_takes_the_place_of_the_old,
                                        home_start, home_stop),
        cmocka_unit_test_setup_teardown(test_follows_only_where_it_was_wanted, home_start,
                                        home_stop),
        cmocka_unit_test_setup_teardown(test_follows_the_browser_to_another_database, home_start,
                                        home_stop),
        cmocka_unit_test_setup_teardown(test_profiles_are_cleaned_too, home_start, home_stop),
        cmocka_unit_test_setup_teardown(test_a_database_in_the_agents_folder_is_left_alone,
                                        home_start, home_stop),
        cmocka_unit_test_setup_teardown(test_a_database_in_the_agents_folder_is_not_deleted,
                                        home_start, home_stop),
        cmocka_unit_test_setup_teardown(test_only_a_certificate_of_the_agents_kind_is_trusted,
                                        home_start, home_stop),
        cmocka_unit_test_setup_teardown(test_what_can_be_done_is_done, home_start, home_stop),
        cmocka_unit_test_setup_teardown(test_a_damaged_record_is_as_good_as_none, home_start,
                                        home_stop),
        cmocka_unit_test_setup_teardown(test_without_an_identity, home_start, home_stop),
        cmocka_unit_test_setup_teardown(test_two_installations_share_nothing, home_start,
                                        home_stop),
    };
    return cmocka_run_group_tests_name("agent/trust/trust", tests, NULL, NULL);
}
