#include "agent/sandbox/sandbox_folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "tests/unit/agent/sandbox/apart.h"

static unsigned mode_of(const char *path)
{
    struct stat status;
    assert_int_equal(lstat(path, &status), 0);
    return status.st_mode & 07777;
}

static void a_missing_one_is_made(void **state)
{
    const struct apart_place *place = *state;
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *path = file_join(place->state, "a/b/c");
    assert_int_equal(sandbox_folder_own(path, &err), ERR_NONE);
    assert_int_equal(mode_of(path), 0700);
}

static const struct {
    unsigned mode;
    enum err_code wanted;
    unsigned after;
} modes[] = {
    {0700, ERR_NONE, 0700},
    {0755, ERR_NONE, 0700},
    {0711, ERR_NONE, 0700},
    {0750, ERR_NONE, 0700},
    {0770, ERR_FOLDER_UNSAFE, 0770},
    {0720, ERR_FOLDER_UNSAFE, 0720},
    {0702, ERR_FOLDER_UNSAFE, 0702},
    {0777, ERR_FOLDER_UNSAFE, 0777},
    {01777, ERR_FOLDER_UNSAFE, 01777},
};

static void what_others_can_write_is_refused(void **state)
{
    const struct apart_place *place = *state;
    for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
        struct err err = ERR_INIT;
        assert_int_equal(chmod(place->state, modes[i].mode), 0);
        assert_int_equal(sandbox_folder_own(place->state, &err), modes[i].wanted);
        assert_int_equal(mode_of(place->state), modes[i].after);
        if (modes[i].wanted != ERR_NONE)
            assert_non_null(strstr(err.detail, place->state));
    }
}

static void a_folder_in_one_that_all_can_write(void **state)
{
    const struct apart_place *place = *state;
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *path = file_join(place->outside, "ukeyd");
    assert_int_equal(chmod(place->outside, 0777), 0);
    assert_int_equal(sandbox_folder_own(path, &err), ERR_FOLDER_UNSAFE);
    assert_int_equal(chmod(place->outside, 01777), 0);
    assert_int_equal(sandbox_folder_own(path, &err), ERR_NONE);
    assert_int_equal(chmod(place->outside, 0775),
                     0); /* of the user's own group, as some systems have it */
    assert_int_equal(sandbox_folder_own(path, &err), ERR_NONE);
}

static void a_link_is_refused(void **state)
{
    const struct apart_place *place = *state;
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *path = file_join(place->outside, "link");
    assert_int_equal(symlink(place->state, path), 0);
    assert_int_equal(sandbox_folder_own(path, &err), ERR_FOLDER_UNSAFE);
}

static void somebody_elses_is_refused(void **state)
{
    const struct apart_place *place = *state;
    struct err err = ERR_INIT;
    bool is_root = geteuid() == 0; /* who can give it away; all others look at root's */
    assert_int_equal(is_root ? chown(place->state, 65534, 65534) : 0, 0);
    assert_int_equal(sandbox_folder_own(is_root ? place->state : "/usr", &err), ERR_FOLDER_UNSAFE);
    assert_non_null(strstr(err.detail, is_root ? "belongs to user 65534" : "belongs to user 0"));
    assert_int_equal(mode_of(place->state), 0700);
}

static void a_file_is_no_folder(void **state)
{
    const struct apart_place *place = *state;
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *path = file_join(place->outside, "file");
    assert_int_equal(file_write_atomic(path, SPAN_NONE, 0600, &err), ERR_NONE);
    assert_int_equal(sandbox_folder_own(path, &err), ERR_FILE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, apart_place_make, apart_place_remove)
    const struct CMUnitTest tests[] = {
        TEST(a_missing_one_is_made),
        TEST(what_others_can_write_is_refused),
        TEST(a_folder_in_one_that_all_can_write),
        TEST(a_link_is_refused),
        TEST(somebody_elses_is_refused),
        TEST(a_file_is_no_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
