#include "agent/trust/trust_nss.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/trust/trust_pem.h"
#include "base/file.h"
#include "tests/unit/agent/trust/fixture.h"

#define FOLDER "db"
/* Source: sqlite.org, lockingv3: the first of the lock bytes and how many there are. */
#define SQLITE_PENDING_BYTE 0x40000000
#define SQLITE_LOCK_BYTES 512

static enum trust_nss_state look(struct home *home, const struct bytes *der)
{
    struct err err = ERR_INIT;
    enum trust_nss_state found = TRUST_NSS_ABSENT;
    AUTO(memory_freep) char *folder = home_path(home, FOLDER);
    if (trust_nss_look(&home->user.certutil, folder, span_bytes(der), &found, &err) != ERR_NONE)
        fail_msg("%s", err.detail);
    return found;
}

static enum err_code add(struct home *home, const struct bytes *der)
{
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *folder = home_path(home, FOLDER);
    return trust_nss_add(&home->user.certutil, folder, span_bytes(der), &err);
}

static enum err_code take(struct home *home, const struct bytes *der)
{
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *folder = home_path(home, FOLDER);
    return trust_nss_remove(&home->user.certutil, folder, span_bytes(der), &err);
}

static enum err_code delete_empty(struct home *home, bool *out)
{
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *folder = home_path(home, FOLDER);
    return trust_nss_delete_empty(&home->user.certutil, folder, out, &err);
}

/* As a person would. */
static void add_by_hand(struct home *home, const struct bytes *der, const char *name,
                        const char *flags)
{
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *folder = home_path(home, FOLDER);
    AUTO(memory_freep) char *database = memory_printf("sql:%s", folder);
    AUTO(memory_freep) char *pem = trust_pem_write(span_bytes(der));
    const char *const words[] = {"-A", "-d", database, "-n", name, "-t", flags, "-a", NULL};
    if (trust_certutil_run(&home->user.certutil, words, span_text(pem), NULL, &err) != ERR_NONE)
        fail_msg("%s", err.detail);
}

static char *listing(struct home *home)
{
    struct err err = ERR_INIT;
    AUTO(bytes_freep) struct bytes *text = NULL;
    AUTO(memory_freep) char *folder = home_path(home, FOLDER);
    AUTO(memory_freep) char *database = memory_printf("sql:%s", folder);
    const char *const words[] = {"-L", "-d", database, NULL};
    assert_int_equal(trust_certutil_run(&home->user.certutil, words, SPAN_NONE, &text, &err),
                     ERR_NONE);
    return memory_text((const char *)text->at);
}

static void test_adds_and_removes(void **state)
{
    struct home *home = *state;
    home_make_database(home, FOLDER, NULL);
    AUTO(memory_freep) char *before = listing(home);
    assert_int_equal(look(home, home->der), TRUST_NSS_ABSENT);
    assert_int_equal(add(home, home->der), ERR_NONE);
    assert_int_equal(look(home, home->der), TRUST_NSS_TRUSTED);
    AUTO(memory_freep) char *between = listing(home);
    assert_non_null(strstr(between, " P,, "));
    assert_int_equal(add(home, home->der), ERR_NONE); /* once is enough */
    AUTO(memory_freep) char *again = listing(home);
    assert_string_equal(again, between);
    assert_int_equal(take(home, home->der), ERR_NONE);
    AUTO(memory_freep) char *after = listing(home);
    assert_string_equal(after, before);
    assert_int_equal(take(home, home->der), ERR_NONE);
}

static void test_leaves_others_alone(void **state)
{
    struct home *home = *state;
    AUTO(bytes_freep) struct bytes *foreign = make_cert();
    AUTO(bytes_freep) struct bytes *alike = make_cert();
    home_make_database(home, FOLDER, NULL);
    add_by_hand(home, foreign, "my bank, P,, really", "C,,");
    add_by_hand(home, alike, "ukeyd of the other computer", "P,,");
    AUTO(memory_freep) char *before = listing(home);
    assert_int_equal(add(home, home->der), ERR_NONE);
    assert_int_equal(take(home, home->der), ERR_NONE);
    AUTO(memory_freep) char *after = listing(home);
    assert_string_equal(after, before);
    assert_int_equal(look(home, alike), TRUST_NSS_TRUSTED);
}

static void test_takes_over_what_a_person_put_there(void **state)
{
    struct home *home = *state;
    home_make_database(home, FOLDER, NULL);
    add_by_hand(home, home->der, "ukeyd", ",,");
    assert_int_equal(look(home, home->der), TRUST_NSS_UNTRUSTED);
    assert_int_equal(add(home, home->der), ERR_NONE);
    assert_int_equal(look(home, home->der), TRUST_NSS_TRUSTED);
    assert_int_equal(take(home, home->der), ERR_NONE);
    assert_int_equal(look(home, home->der), TRUST_NSS_ABSENT);
    add_by_hand(home, home->der, "another name", "C,,");
    assert_int_equal(add(home, home->der), ERR_TRUST_DATABASE);
}

static void test_no_database(void **state)
{
    struct home *home = *state;
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *folder = home_path(home, FOLDER);
    assert_false(trust_nss_exists(folder));
    assert_int_equal(look(home, home->der), TRUST_NSS_ABSENT);
    assert_int_equal(take(home, home->der), ERR_NONE);
    assert_int_equal(add(home, home->der), ERR_TRUST_DATABASE);
    home_make_folder(home, FOLDER);
    assert_int_equal(trust_nss_create(&home->user.certutil, folder, &err), ERR_NONE);
    assert_true(trust_nss_exists(folder));
    assert_int_equal(add(home, home->der), ERR_NONE);
}

static void test_a_password_keeps_it_as_it_was(void **state)
{
    struct home *home = *state;
    home_make_database(home, FOLDER, "a password\n");
    AUTO(memory_freep) char *before = listing(home);
    assert_int_equal(add(home, home->der), ERR_TRUST_PASSWORD);
    AUTO(memory_freep) char *after = listing(home);
    assert_string_equal(after, before);
}

static void test_damaged(void **state)
{
    struct home *home = *state;
    home_make_folder(home, FOLDER);
    home_write(home, FOLDER "/cert9.db", "no database", 0600);
    home_write(home, FOLDER "/key4.db", "no database", 0600);
    assert_int_equal(add(home, home->der), ERR_TRUST_DATABASE);
    assert_int_equal(take(home, home->der), ERR_TRUST_DATABASE);
}

static void test_busy(void **state)
{
    struct home *home = *state;
    struct flock lock = {
        .l_type = F_WRLCK,
        .l_whence = SEEK_SET,
        .l_start = SQLITE_PENDING_BYTE,
        .l_len = SQLITE_LOCK_BYTES,
    };
    home_make_database(home, FOLDER, NULL);
    AUTO(memory_freep) char *path = home_path(home, FOLDER "/cert9.db");
    AUTO(file_closep) int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), 0);
    assert_int_equal(add(home, home->der), ERR_TRUST_BUSY);
    assert_int_equal(take(home, home->der), ERR_TRUST_BUSY);
    file_closep(&fd);
    assert_int_equal(add(home, home->der), ERR_NONE);
}

static void test_deletes_only_what_is_empty(void **state)
{
    struct home *home = *state;
    bool deleted = true;
    AUTO(bytes_freep) struct bytes *foreign = make_cert();
    home_make_database(home, FOLDER, NULL);
    add_by_hand(home, foreign, "my bank", "C,,");
    assert_int_equal(delete_empty(home, &deleted), ERR_NONE);
    assert_false(deleted);
    assert_true(home_has(home, FOLDER "/key4.db"));
    AUTO(memory_freep) char *folder = home_path(home, FOLDER);
    home_make_database(home, "other", NULL);
    AUTO(memory_freep) char *other = home_path(home, "other");
    struct err err = ERR_INIT;
    assert_int_equal(trust_nss_delete_empty(&home->user.certutil, other, &deleted, &err), ERR_NONE);
    assert_true(deleted);
    assert_int_equal(rmdir(other), 0);
}

/* A key of the user's own, without a certificate yet. */
static void test_keeps_a_database_with_a_key(void **state)
{
    struct home *home = *state;
    struct err err = ERR_INIT;
    bool deleted = true;
    home_make_database(home, FOLDER, NULL);
    home_write(home, "noise", "0123456789012345678901234567890123456789", 0600);
    AUTO(memory_freep) char *folder = home_path(home, FOLDER);
    AUTO(memory_freep) char *database = memory_printf("sql:%s", folder);
    AUTO(memory_freep) char *noise = home_path(home, "noise");
    const char *const words[] = {"-G", "-d",       database, "-k",  "ec",
                                 "-q", "nistp256", "-z",     noise, NULL};
    if (trust_certutil_run(&home->user.certutil, words, SPAN_NONE, NULL, &err) != ERR_NONE)
        fail_msg("%s", err.detail);
    assert_int_equal(delete_empty(home, &deleted), ERR_NONE);
    assert_false(deleted);
}

/* What a database's owner may have called things. */
static void test_odd_listings(void **state)
{
    struct home *home = *state;
    home_make_folder(home, FOLDER);
    home_write(home, FOLDER "/cert9.db", "x", 0600);
    home_fake_certutil(home, "[ \"$3\" = '' ] || [ \"$4\" = '' ] || exit 9\n"
                             "printf 'P,,\\n ,,\\n\\n,\\nukeyd\\nukeyd P\\n%0300d P,,\\n\\0 P,,'");
    assert_int_equal(look(home, home->der), TRUST_NSS_ABSENT);
    home_fake_certutil(home, "if [ \"$4\" = -n ]; then exit 9; fi\n"
                             "for i in $(seq 100); do echo \"ukeyd $i P,,\"; done");
    assert_int_equal(take(home, home->der), ERR_TRUST_DATABASE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_adds_and_removes, home_start, home_stop),
        cmocka_unit_test_setup_teardown(test_leaves_others_alone, home_start, home_stop),
        cmocka_unit_test_setup_teardown(test_takes_over_what_a_person_put_there, home_start,
                                        home_stop),
        cmocka_unit_test_setup_teardown(test_no_database, home_start, home_stop),
        cmocka_unit_test_setup_teardown(test_a_password_keeps_it_as_it_was, home_start, home_stop),
        cmocka_unit_test_setup_teardown(test_damaged, home_start, home_stop),
        cmocka_unit_test_setup_teardown(test_busy, home_start, home_stop),
        cmocka_unit_test_setup_teardown(test_deletes_only_what_is_empty, home_start, home_stop),
        cmocka_unit_test_setup_teardown(test_keeps_a_database_with_a_key, home_start, home_stop),
        cmocka_unit_test_setup_teardown(test_odd_listings, home_start, home_stop),
    };
    return cmocka_run_group_tests_name("agent/trust/trust_nss", tests, NULL, NULL);
}
