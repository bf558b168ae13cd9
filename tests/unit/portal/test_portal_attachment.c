#include "portal/portal_attachment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attachments.h"
#include "base/file.h"
#include "portal/portal_order_new.h"
#include "world.h"

static char *new_order(struct world *world)
{
    AUTO(world_key_freep) struct world_key *key = world_key_new(world, CERT_SM2, true, 20);
    char *number = NULL;
    struct err err = ERR_INIT;
    world_must(portal_order_open(world->portal, key->serial, 0, &number, &err), &err);
    return number;
}

static enum err_code put(struct world *world, const char *number, const char *name,
                         const char *type, const struct bytes *bytes)
{
    AUTO(json_freep) struct json *json = NULL;
    struct err err = ERR_INIT;
    const struct portal_attachment_new new = {name, type, span_bytes(bytes)};
    return portal_attachment_put(world->portal, number, &new, &json, &err);
}

static enum err_code put_png(struct world *world, const char *number, const char *name)
{
    AUTO(bytes_freep) struct bytes *png = attachment_png();
    return put(world, number, name, "image/png", png);
}

static char *folder_of(struct world *world, const char *number)
{
    return memory_printf("%s/attachments/%s", world->folder, number);
}

/* Files of the order on the disk. */
static int files(struct world *world, const char *number)
{
    AUTO(memory_freep) char *path = folder_of(world, number);
    DIR *folder = opendir(path);
    int count = 0;
    if (folder == NULL)
        return 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}

static int64_t rows(struct world *world, const char *number)
{
    AUTO(json_freep) struct json *list = NULL;
    struct err err = ERR_INIT;
    world_must(portal_attachment_list(world->portal, number, &list, &err), &err);
    return (int64_t)json_count(list);
}

static void submit(struct world *world, const char *number)
{
    struct err err = ERR_INIT;
    world_must(portal_order_act(world->portal, number, PORTAL_ORDER_PAY, "", &err), &err);
    world_must(portal_order_act(world->portal, number, PORTAL_ORDER_SUBMIT, "", &err), &err);
}

static void a_file_comes_back_as_it_went_in(void **state)
{
    struct world *world = *state;
    AUTO(memory_freep) char *number = new_order(world);
    AUTO(bytes_freep) struct bytes *pdf = attachment_pdf();
    AUTO(bytes_freep) struct bytes *back = NULL;
    AUTO(json_freep) struct json *list = NULL;
    const char *type = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(put(world, number, "营业执照.pdf", "application/pdf", pdf), ERR_NONE);
    world_must(portal_attachment_read(world->portal, number, "营业执照.pdf", &back, &type, &err),
               &err);
    assert_true(span_equal(span_bytes(back), span_bytes(pdf)));
    assert_string_equal(type, "application/pdf");
    world_must(portal_attachment_list(world->portal, number, &list, &err), &err);
    const struct json *item = json_item(list, 0);
    assert_string_equal(json_text_of(json_member(item, "name")), "营业执照.pdf");
    assert_string_equal(json_text_of(json_member(item, "type")), "application/pdf");
    assert_int_equal(strlen(json_text_of(json_member(item, "sha256"))), 64);
}

static void files_are_private_and_their_names_say_nothing(void **state)
{
    struct world *world = *state;
    AUTO(memory_freep) char *number = new_order(world);
    AUTO(memory_freep) char *path = folder_of(world, number);
    struct stat status;
    assert_int_equal(put_png(world, number, "a.png"), ERR_NONE);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    DIR *folder = opendir(path);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        assert_int_equal(strspn(entry->d_name, "0123456789abcdef"), 32);
        assert_int_equal(fstatat(dirfd(folder), entry->d_name, &status, 0), 0);
        assert_int_equal(status.st_mode & 0777, 0600);
    }
    closedir(folder);
}

static void the_same_name_again_replaces_the_file(void **state)
{
    struct world *world = *state;
    AUTO(memory_freep) char *number = new_order(world);
    for (int i = 0; i < 3; i++)
        assert_int_equal(put_png(world, number, "a.png"), ERR_NONE);
    assert_int_equal(rows(world, number), 1);
    assert_int_equal(files(world, number), 1);
}

static void an_order_has_so_many_and_no_more(void **state)
{
    struct world *world = *state;
    AUTO(memory_freep) char *number = new_order(world);
    for (int i = 0; i < PORTAL_ATTACHMENTS_PER_ORDER; i++) {
        AUTO(memory_freep) char *name = memory_printf("%d.png", i);
        assert_int_equal(put_png(world, number, name), ERR_NONE);
    }
    assert_int_equal(put_png(world, number, "more.png"), ERR_ATTACHMENT_LIMIT);
    assert_int_equal(put_png(world, number, "0.png"), ERR_NONE);
    assert_int_equal(files(world, number), PORTAL_ATTACHMENTS_PER_ORDER);
}

static void a_file_has_so_many_bytes_and_no_more(void **state)
{
    struct world *world = *state;
    AUTO(memory_freep) char *number = new_order(world);
    AUTO(bytes_freep) struct bytes *pdf = attachment_pdf();
    /* White space behind the end is a PDF's own affair. */
    AUTO(bytes_freep) struct bytes *room = bytes_new_size(PORTAL_ATTACHMENT_BYTES_MAX - pdf->len);
    AUTO(bytes_freep) struct bytes *fits = attachment_joined(span_bytes(pdf), span_bytes(room));
    AUTO(bytes_freep) struct bytes *longer = attachment_joined(span_bytes(fits), span_of(" ", 1));
    assert_int_equal(put(world, number, "a.pdf", "application/pdf", fits), ERR_NONE);
    assert_int_equal(put(world, number, "b.pdf", "application/pdf", longer), ERR_HTTP_TOO_LARGE);
}

static void what_is_refused_leaves_nothing(void **state)
{
    struct world *world = *state;
    AUTO(memory_freep) char *number = new_order(world);
    AUTO(bytes_freep) struct bytes *png = attachment_png();
    AUTO(bytes_freep) struct bytes *html = bytes_new(span_text("<html>"));
    assert_int_equal(put(world, number, "../a.png", "image/png", png), ERR_ATTACHMENT_NAME);
    assert_int_equal(put(world, number, "a.png", "image/jpeg", png), ERR_ATTACHMENT_TYPE);
    assert_int_equal(put(world, number, "a.png", "image/png", html), ERR_ATTACHMENT_TYPE);
    assert_int_equal(put(world, "20260101999999", "a.png", "image/png", png), ERR_NO_SUCH_RECORD);
    assert_int_equal(put(world, "../../x", "a.png", "image/png", png), ERR_NO_SUCH_RECORD);
    assert_int_equal(rows(world, number), 0);
    assert_int_equal(files(world, number), 0);
    assert_int_equal(files(world, "20260101999999"), 0);
    assert_int_not_equal(access("/tmp/x", F_OK), 0);
}

static void a_submitted_order_keeps_what_it_has(void **state)
{
    struct world *world = *state;
    AUTO(memory_freep) char *number = new_order(world);
    struct err err = ERR_INIT;
    assert_int_equal(put_png(world, number, "a.png"), ERR_NONE);
    submit(world, number);
    assert_int_equal(put_png(world, number, "a.png"), ERR_ORDER_STATE);
    assert_int_equal(put_png(world, number, "b.png"), ERR_ORDER_STATE);
    assert_int_equal(portal_attachment_delete(world->portal, number, "a.png", &err),
                     ERR_ORDER_STATE);
    assert_int_equal(rows(world, number), 1);
    assert_int_equal(files(world, number), 1);
}

static void what_is_deleted_is_gone(void **state)
{
    struct world *world = *state;
    AUTO(memory_freep) char *number = new_order(world);
    AUTO(bytes_freep) struct bytes *back = NULL;
    const char *type = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(put_png(world, number, "a.png"), ERR_NONE);
    world_must(portal_attachment_delete(world->portal, number, "a.png", &err), &err);
    assert_int_equal(files(world, number), 0);
    assert_int_equal(portal_attachment_delete(world->portal, number, "a.png", &err),
                     ERR_NO_SUCH_RECORD);
    assert_int_equal(portal_attachment_read(world->portal, number, "a.png", &back, &type, &err),
                     ERR_NO_SUCH_RECORD);
}

/* As after a power cut between the file and its row. */
static void a_broken_upload_is_swept_with_the_next(void **state)
{
    struct world *world = *state;
    AUTO(memory_freep) char *number = new_order(world);
    AUTO(memory_freep) char *folder = folder_of(world, number);
    AUTO(memory_freep) char *stray = file_join(folder, "00112233445566778899aabbccddeeff");
    AUTO(memory_freep) char *half = file_join(folder, "0011.abc.new");
    struct err err = ERR_INIT;
    assert_int_equal(put_png(world, number, "a.png"), ERR_NONE);
    world_must(file_write_atomic(stray, span_text("x"), 0600, &err), &err);
    world_must(file_write_atomic(half, span_text("x"), 0600, &err), &err);
    assert_int_equal(put_png(world, number, "b.png"), ERR_NONE);
    assert_int_equal(files(world, number), 2);
    assert_int_equal(rows(world, number), 2);
}

static void a_row_that_can_not_be_written_leaves_no_file(void **state)
{
    struct world *world = *state;
    AUTO(memory_freep) char *number = new_order(world);
    struct err err = ERR_INIT;
    world_must(portal_db_run(world->portal->db,
                             "CREATE TEMP TRIGGER no_row BEFORE INSERT ON attachment "
                             "BEGIN SELECT raise(ABORT, 'no'); END",
                             PORTAL_NO_VALUES, &err),
               &err);
    assert_int_equal(put_png(world, number, "a.png"), ERR_DATABASE);
    assert_int_equal(files(world, number), 0);
    world_must(portal_db_run(world->portal->db, "DROP TRIGGER no_row", PORTAL_NO_VALUES, &err),
               &err);
    assert_int_equal(put_png(world, number, "a.png"), ERR_NONE);
}

static void a_file_that_was_changed_is_not_given_out(void **state)
{
    struct world *world = *state;
    AUTO(memory_freep) char *number = new_order(world);
    AUTO(memory_freep) char *path = folder_of(world, number);
    AUTO(bytes_freep) struct bytes *back = NULL;
    const char *type = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(put_png(world, number, "a.png"), ERR_NONE);
    DIR *folder = opendir(path);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        AUTO(memory_freep) char *file = file_join(path, entry->d_name);
        if (entry->d_name[0] != '.')
            world_must(file_write_atomic(file, span_text("other"), 0600, &err), &err);
    }
    closedir(folder);
    assert_int_equal(portal_attachment_read(world->portal, number, "a.png", &back, &type, &err),
                     ERR_FILE);
    assert_null(back);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_comes_back_as_it_went_in),
        cmocka_unit_test(files_are_private_and_their_names_say_nothing),
        cmocka_unit_test(the_same_name_again_replaces_the_file),
        cmocka_unit_test(an_order_has_so_many_and_no_more),
        cmocka_unit_test(a_file_has_so_many_bytes_and_no_more),
        cmocka_unit_test(what_is_refused_leaves_nothing),
        cmocka_unit_test(a_submitted_order_keeps_what_it_has),
        cmocka_unit_test(what_is_deleted_is_gone),
        cmocka_unit_test(a_broken_upload_is_swept_with_the_next),
        cmocka_unit_test(a_row_that_can_not_be_written_leaves_no_file),
        cmocka_unit_test(a_file_that_was_changed_is_not_given_out),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
