#include "base/log_file.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "tests/unit/scratch.h"

static char folder[64], path[96], older[128];
static int old_stderr;

static int start(void **state)
{
    snprintf(folder, sizeof folder, "%s/log.XXXXXX", scratch_top());
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/" LOG_FILE_NAME, folder);
    snprintf(older, sizeof older, "%s" LOG_FILE_OLDER, path);
    old_stderr = dup(STDERR_FILENO);
    return 0;
}

static int stop(void **state)
{
    log_file_close();
    dup2(old_stderr, STDERR_FILENO);
    close(old_stderr);
    unlink(path);
    unlink(older);
    return rmdir(folder);
}

static off_t size_of(const char *file)
{
    struct stat status;
    return stat(file, &status) == 0 ? status.st_size : -1;
}

static void lines_go_there(void **state)
{
    struct err err = ERR_INIT;
    struct stat status;
    char text[200] = "";
    mode_t mask = umask(0);
    assert_false(log_file_is_open());
    assert_int_equal(log_file_open(path, &err), ERR_NONE);
    umask(mask);
    assert_true(log_file_is_open());
    log_set_operation("0123456789abcdef");
    log_info("ops", "one");
    log_set_operation(NULL);
    log_info("ops", "two");
    FILE *file = fopen(path, "r");
    assert_true(fread(text, 1, sizeof text - 1, file) > 0);
    fclose(file);
    assert_non_null(strstr(text, "Z info ops: [01234567] one\n"));
    assert_non_null(strstr(text, "Z info ops: two\n"));
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
}

static void it_is_begun_anew_at_its_limit(void **state)
{
    struct err err = ERR_INIT;
    assert_int_equal(log_file_open(path, &err), ERR_NONE);
    assert_int_equal(ftruncate(STDERR_FILENO, LOG_FILE_BYTES_MAX - 10), 0);
    assert_true(log_file_has_room(10));
    assert_int_equal(size_of(older), -1);
    assert_true(log_file_has_room(11));
    assert_int_equal(size_of(older), LOG_FILE_BYTES_MAX - 10);
    assert_int_equal(size_of(path), 0);
    log_info("ops", "three");
    assert_true(size_of(path) > 0);
}

/* The agent did while the launcher, whose children log too, still holds the older one. */
static void one_that_another_process_began_anew_is_followed(void **state)
{
    struct err err = ERR_INIT;
    assert_int_equal(log_file_open(path, &err), ERR_NONE);
    assert_int_equal(ftruncate(STDERR_FILENO, LOG_FILE_BYTES_MAX), 0);
    assert_int_equal(rename(path, older), 0);
    FILE *file = fopen(path, "w");
    assert_int_equal(fputs("other\n", file) < 0, 0);
    fclose(file);
    log_info("trust", "one");
    assert_int_equal(size_of(older), LOG_FILE_BYTES_MAX);
    assert_true(size_of(path) > (off_t)strlen("other\n"));
    assert_int_equal(ftruncate(STDERR_FILENO, LOG_FILE_BYTES_MAX), 0);
    assert_true(log_file_has_room(1));
    assert_int_equal(size_of(path), 0);
}

static void where_it_cant_be_kept_it_is_emptied(void **state)
{
    struct err err = ERR_INIT;
    assert_int_equal(log_file_open(path, &err), ERR_NONE);
    assert_int_equal(mkdir(older, 0700), 0);
    assert_int_equal(ftruncate(STDERR_FILENO, LOG_FILE_BYTES_MAX), 0);
    assert_true(log_file_has_room(1));
    assert_int_equal(size_of(path), 0);
    assert_int_equal(rmdir(older), 0);
}

static void what_is_no_file_of_ours_is_refused(void **state)
{
    struct err err = ERR_INIT;
    assert_int_equal(log_file_open(folder, &err), ERR_FILE);
    assert_int_equal(symlink("elsewhere", path), 0);
    assert_int_equal(log_file_open(path, &err), ERR_FILE);
    assert_false(log_file_is_open());
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(lines_go_there),
        IN_FOLDER(it_is_begun_anew_at_its_limit),
        IN_FOLDER(one_that_another_process_began_anew_is_followed),
        IN_FOLDER(where_it_cant_be_kept_it_is_emptied),
        IN_FOLDER(what_is_no_file_of_ours_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
