#include "portal/portal_download.h"

#include <dirent.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
/* needs some of the above */
#include <cmocka.h>

#include "base/file.h"
#include "world.h"

static struct portal *portal;
static char folder[] = "/tmp/ukey-portal-test-XXXXXX";

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *at)
{
    (void)status, (void)type, (void)at;
    return remove(path);
}

static int setup(void **state)
{
    memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
    portal = world_bare();
    portal->folder = memory_text(mkdtemp(folder));
    return 0;
}

static int teardown(void **state)
{
    portal_freep(&portal);
    return nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static char *write_file(const char *content)
{
    char *path = file_join(folder, "given");
    struct err err = ERR_INIT;
    world_must(file_write_atomic(path, span_text(content), 0600, &err), &err);
    return path;
}

static int64_t add(const char *kind, const char *name, const char *content)
{
    AUTO(memory_freep) char *path = write_file(content);
    struct err err = ERR_INIT;
    int64_t id = 0;
    world_must(portal_download_add(portal, kind, name, path, &id, &err), &err);
    return id;
}

static enum err_code add_refused(const char *kind, const char *name)
{
    AUTO(memory_freep) char *path = write_file("x");
    struct err err = ERR_INIT;
    int64_t id = 0;
    return portal_download_add(portal, kind, name, path, &id, &err);
}

static char *list(void)
{
    AUTO(json_freep) struct json *json = NULL;
    struct err err = ERR_INIT;
    world_must(portal_download_list(portal, "/d/", &json, &err), &err);
    return json_print(json);
}

static enum err_code read_back(int64_t id, char out[16])
{
    AUTO(portal_download_done) struct portal_download download = {.fd = -1};
    struct err err = ERR_INIT;
    enum err_code code = portal_download_open(portal, id, &download, &err);
    memset(out, 0, 16);
    if (code == ERR_NONE)
        assert_int_equal(read(download.fd, out, 15), download.size_bytes);
    return code;
}

/* Files in the folder of contents. */
static int contents(void)
{
    AUTO(memory_freep) char *path = file_join(folder, "downloads");
    DIR *open = opendir(path);
    int count = 0;
    assert_non_null(open);
    for (const struct dirent *entry; (entry = readdir(open)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(open);
    return count;
}

static void what_is_added_is_offered(void **state)
{
    char content[16];
    int64_t id = add("driver", "驱动.zip", "abc");
    AUTO(memory_freep) char *text = list();
    assert_string_equal(
        text, "[{\"id\":1,\"name\":\"驱动.zip\",\"kind\":\"driver\",\"size\":3,\"sha256\":"
              "\"BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD\","
              "\"url\":\"/d/1\"}]");
    assert_int_equal(read_back(id, content), ERR_NONE);
    assert_string_equal(content, "abc");
    assert_int_equal(
        world_count(portal, "SELECT count(*) FROM audit WHERE event = 'download.added'"), 1);
}

static void a_newer_one_takes_its_place(void **state)
{
    char content[16];
    int64_t old = add("driver", "a.zip", "old"), new = add("driver", "a.zip", "new");
    assert_int_equal(read_back(old, content), ERR_NO_SUCH_RECORD);
    assert_int_equal(read_back(new, content), ERR_NONE);
    assert_string_equal(content, "new");
    assert_int_equal(contents(), 1);
}

static void a_content_may_have_two_names(void **state)
{
    char content[16];
    struct err err = ERR_INIT;
    add("driver", "a.zip", "same");
    int64_t kept = add("manual", "b.pdf", "same");
    assert_int_equal(contents(), 1);
    world_must(portal_download_remove(portal, "a.zip", &err), &err);
    assert_int_equal(read_back(kept, content), ERR_NONE);
    add("manual", "b.pdf", "same"); /* again */
    assert_int_equal(contents(), 1);
    world_must(portal_download_remove(portal, "b.pdf", &err), &err);
    assert_int_equal(contents(), 0);
    assert_int_equal(portal_download_remove(portal, "b.pdf", &err), ERR_NO_SUCH_RECORD);
}

static void an_open_one_is_read_to_its_end(void **state)
{
    AUTO(portal_download_done) struct portal_download download = {.fd = -1};
    char content[16] = "";
    struct err err = ERR_INIT;
    int64_t id = add("driver", "a.zip", "old");
    world_must(portal_download_open(portal, id, &download, &err), &err);
    add("driver", "a.zip", "new");
    assert_int_equal(read(download.fd, content, 15), 3);
    assert_string_equal(content, "old");
}

static void names_and_kinds_are_checked(void **state)
{
    AUTO(memory_freep) char *longest = memory_printf("%0255d", 1);
    AUTO(memory_freep) char *longer = memory_printf("%0256d", 1);
    const char *const wrong[] = {"",     ".",       "..",   ".hidden", "a/b",
                                 "a\nb", "a\"\x7f", "\xff", longer};
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
        assert_int_equal(add_refused("driver", wrong[i]), ERR_FIELD_VALUE);
    assert_int_equal(add_refused("virus", "a"), ERR_USAGE);
    assert_int_equal(add_refused("driver", longest), ERR_NONE);
}

static void what_is_not_there_is_refused(void **state)
{
    struct err err = ERR_INIT;
    int64_t id = 0;
    assert_int_equal(portal_download_add(portal, "driver", "a", "/nowhere", &id, &err),
                     ERR_FILE_MISSING);
    assert_int_equal(portal_download_add(portal, "driver", "a", folder, &id, &err), ERR_FILE);
    assert_int_equal(world_count(portal, "SELECT count(*) FROM download"), 0);
}

static void a_changed_content_is_not_given_out(void **state)
{
    char content[16];
    int64_t id = add("driver", "a.zip", "abc");
    AUTO(memory_freep)
    char *path = memory_printf(
        "%s/downloads/BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD", folder);
    assert_int_equal(truncate(path, 2), 0);
    assert_int_equal(read_back(id, content), ERR_FILE);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(read_back(id, content), ERR_FILE);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    assert_int_equal(read_back(id, content), ERR_FILE);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(what_is_added_is_offered),           T(a_newer_one_takes_its_place),
        T(a_content_may_have_two_names),       T(an_open_one_is_read_to_its_end),
        T(names_and_kinds_are_checked),        T(what_is_not_there_is_refused),
        T(a_changed_content_is_not_given_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
