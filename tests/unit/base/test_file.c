#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
/* needs those above */
#include <cmocka.h>

static char *folder;

static char *in_folder(const char *name)
{
    return file_join(folder, name);
}

static int count_entries(void)
{
    DIR *dir = opendir(folder);
    int count = 0;
    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count - 2;
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    AUTO(memory_freep) char *path = in_folder("a");
    AUTO(bytes_freep) struct bytes *read = NULL;
    struct err err = ERR_INIT;
    struct stat status;
    mode_t before = umask(077);
    assert_int_equal(file_write_atomic(path, span_text("first"), 0644, &err), ERR_NONE);
    umask(before);
    assert_int_equal(file_read(path, 5, &read, &err), ERR_NONE);
    assert_true(span_equal(span_bytes(read), span_text("first")));
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0644);
    assert_int_equal(count_entries(), 1);
}

static void a_file_is_replaced_whole(void **state)
{
    (void)state;
    AUTO(memory_freep) char *path = in_folder("a");
    AUTO(bytes_freep) struct bytes *read = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(file_write_atomic(path, span_text("a long first text"), 0600, &err), ERR_NONE);
    int old = open(path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(file_write_atomic(path, span_text("new"), 0600, &err), ERR_NONE);
    assert_int_equal(file_read(path, 100, &read, &err), ERR_NONE);
    assert_true(span_equal(span_bytes(read), span_text("new")));
    char kept[7];
    assert_int_equal(pread(old, kept, 7, 0), 7); /* who had it open sees the old one */
    assert_memory_equal(kept, "a long ", 7);
    close(old);
    assert_int_equal(count_entries(), 1);
}

static void the_read_limit_holds(void **state)
{
    (void)state;
    AUTO(memory_freep) char *path = in_folder("a");
    struct err err = ERR_INIT;
    for (size_t length = 9; length <= 11; length++) {
        AUTO(bytes_freep) struct bytes *content = bytes_new_size(length);
        AUTO(bytes_freep) struct bytes *read = NULL;
        assert_int_equal(file_write_atomic(path, span_bytes(content), 0600, &err), ERR_NONE);
        assert_int_equal(file_read(path, 10, &read, &err), length > 10 ? ERR_FILE : ERR_NONE);
        assert_true((read != NULL) == (length <= 10));
    }
}

static void an_empty_file_is_read(void **state)
{
    (void)state;
    AUTO(memory_freep) char *path = in_folder("a");
    AUTO(bytes_freep) struct bytes *read = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(file_write_atomic(path, SPAN_NONE, 0600, &err), ERR_NONE);
    assert_int_equal(file_read(path, 0, &read, &err), ERR_NONE);
    assert_int_equal(read->len, 0);
}

static void only_regular_files_are_read(void **state)
{
    (void)state;
    AUTO(memory_freep) char *missing = in_folder("missing");
    AUTO(memory_freep) char *below = in_folder("missing/file");
    AUTO(memory_freep) char *fifo = in_folder("fifo");
    struct bytes *read = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(file_read(missing, 10, &read, &err), ERR_FILE_MISSING);
    assert_int_equal(err.foreign, ENOENT);
    assert_int_equal(file_read(below, 10, &read, &err), ERR_FILE_MISSING);
    assert_int_equal(file_read(folder, 10, &read, &err), ERR_FILE);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(file_read(fifo, 10, &read, &err),
                     ERR_FILE); /* and does not wait for a writer */
    assert_int_equal(file_read("/dev/zero", 10, &read, &err), ERR_FILE);
    assert_null(read);
}

static void a_failed_write_leaves_nothing(void **state)
{
    (void)state;
    AUTO(memory_freep) char *below = in_folder("missing/file");
    AUTO(memory_freep) char *taken = in_folder("taken");
    struct err err = ERR_INIT;
    assert_int_equal(file_write_atomic(below, span_text("x"), 0600, &err), ERR_FILE);
    assert_int_equal(mkdir(taken, 0700), 0);
    assert_int_equal(file_write_atomic(taken, span_text("x"), 0600, &err), ERR_FILE);
    assert_int_equal(count_entries(), 1);
}

/* In a child: a full disk, played by a limit on the size of files. */
static void a_full_disk_keeps_the_old_content(void **state)
{
    (void)state;
    AUTO(memory_freep) char *path = in_folder("a");
    AUTO(bytes_freep) struct bytes *large = bytes_new_size(100000);
    AUTO(bytes_freep) struct bytes *read = NULL;
    struct err err = ERR_INIT;
    int status = -1;
    assert_int_equal(file_write_atomic(path, span_text("old"), 0600, &err), ERR_NONE);
    pid_t child = fork();
    if (child == 0) {
        struct rlimit limit = {4096, 4096};
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &limit);
        _exit(file_write_atomic(path, span_bytes(large), 0600, &err) == ERR_FILE ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(file_read(path, 10, &read, &err), ERR_NONE);
    assert_true(span_equal(span_bytes(read), span_text("old")));
    assert_int_equal(count_entries(), 1);
}

static void folders_are_made_with_their_parents(void **state)
{
    (void)state;
    AUTO(memory_freep) char *path = in_folder("x/y/z");
    AUTO(memory_freep) char *with_slash = in_folder("x//w/");
    AUTO(memory_freep) char *w = in_folder("x/w");
    struct err err = ERR_INIT;
    struct stat status;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(file_make_folder(path, 0700, &err), ERR_NONE);
        assert_int_equal(stat(path, &status), 0);
        assert_true(S_ISDIR(status.st_mode));
        assert_int_equal(status.st_mode & 07777, 0700);
    }
    assert_int_equal(file_make_folder(with_slash, 0700, &err), ERR_NONE);
    assert_int_equal(stat(w, &status), 0);
    assert_int_equal(file_make_folder("/", 0700, &err), ERR_NONE);
}

static void a_file_is_no_folder(void **state)
{
    (void)state;
    AUTO(memory_freep) char *file = in_folder("file");
    AUTO(memory_freep) char *below = in_folder("file/below");
    struct err err = ERR_INIT;
    assert_int_equal(file_write_atomic(file, span_text("x"), 0600, &err), ERR_NONE);
    assert_int_equal(file_make_folder(file, 0700, &err), ERR_FILE);
    assert_int_equal(file_make_folder(below, 0700, &err), ERR_FILE);
    assert_int_equal(file_make_folder("", 0700, &err), ERR_FILE);
}

static void closing_is_idempotent(void **state)
{
    (void)state;
    int fd = dup(2);
    int kept = fd;
    file_closep(&fd);
    assert_int_equal(fd, -1);
    assert_int_equal(fcntl(kept, F_GETFD), -1);
    file_closep(&fd);
}

static int make_folder(void **state)
{
    (void)state;
    folder = memory_text("/tmp/ukeyd-test-file-XXXXXX");
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
    (void)status;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int remove_folder(void **state)
{
    (void)state;
    int result = nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    memory_freep(&folder);
    return result;
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(what_is_written_is_read),
        IN_FOLDER(a_file_is_replaced_whole),
        IN_FOLDER(the_read_limit_holds),
        IN_FOLDER(an_empty_file_is_read),
        IN_FOLDER(only_regular_files_are_read),
        IN_FOLDER(a_failed_write_leaves_nothing),
        IN_FOLDER(a_full_disk_keeps_the_old_content),
        IN_FOLDER(folders_are_made_with_their_parents),
        IN_FOLDER(a_file_is_no_folder),
        cmocka_unit_test(closing_is_idempotent),
    };
    return cmocka_run_group_tests_name("base/file", tests, NULL, NULL);
}
