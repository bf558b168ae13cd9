#include "portal/portal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "world.h"

static void init_is_done_once(void **state)
{
    struct world *world = *state;
    AUTO(memory_freep) char *path = file_join(world->folder, "ca/sm2-issuing.pem");
    AUTO(bytes_freep) struct bytes *before = NULL;
    AUTO(bytes_freep) struct bytes *after = NULL;
    struct err err = ERR_INIT;
    world_must(file_read(path, 8192, &before, &err), &err);
    assert_int_equal(portal_init(world->folder, "另一个", "127.0.0.1", "test", &err),
                     ERR_RECORD_EXISTS);
    err = ERR_INIT;
    world_must(file_read(path, 8192, &after, &err), &err);
    assert_true(span_equal(span_bytes(before), span_bytes(after)));
    assert_string_equal(world->portal->name, "阳光采购服务平台");
}

static enum err_code open_code(const char *folder)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    struct err err = ERR_INIT;
    return portal_open(folder, "test", &portal, &err);
}

static void without_init_there_is_nothing_to_open(void **state)
{
    assert_int_equal(open_code("/tmp/ukey-portal-there-is-none"), ERR_FILE_MISSING);
    assert_int_equal(access("/tmp/ukey-portal-there-is-none", F_OK), -1);
}

/* The name is written last: without it the files may be of two inits. */
static void an_interrupted_init_is_done_again(void **state)
{
    void *other_state = NULL;
    assert_int_equal(world_setup(&other_state), 0);
    struct world *other = other_state;
    struct err err = ERR_INIT;
    world_must(portal_db_run(other->portal->db, "DELETE FROM setting WHERE name = 'name'",
                             PORTAL_NO_VALUES, &err),
               &err);
    assert_int_equal(open_code(other->folder), ERR_CONFIG);
    world_must(portal_init(other->folder, "重来", "127.0.0.1", "test", &err), &err);
    assert_int_equal(open_code(other->folder), ERR_NONE);
    world_teardown(&other_state);
}

static void a_wrong_name_or_host_is_refused(void **state)
{
    AUTO(memory_freep) char *longer = memory_printf("%0*d", PORTAL_NAME_BYTES_MAX + 1, 1);
    struct err err = ERR_INIT;
    const char *folder = "/tmp/ukey-portal-there-is-none";
    assert_int_equal(portal_init(folder, "", "127.0.0.1", "test", &err), ERR_FIELD_VALUE);
    assert_int_equal(portal_init(folder, longer, "127.0.0.1", "test", &err), ERR_FIELD_VALUE);
    assert_int_equal(access(folder, F_OK), -1);
}

static void secrets_are_private(void **state)
{
    static const char *const names[] = {
        "portal.db",      "job.key",           "key-manager/master.key",
        "tls/server.key", "ca/seal-maker.key", "secrets/admin-pin.key"};
    const struct world *world = *state;
    struct stat status;
    assert_int_equal(stat(world->folder, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        AUTO(memory_freep) char *path = file_join(world->folder, names[i]);
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_mode & 0777, 0600);
    }
}

static void a_lost_key_is_said_so(void **state)
{
    void *other_state = NULL;
    assert_int_equal(world_setup(&other_state), 0);
    struct world *other = other_state;
    AUTO(memory_freep) char *path = file_join(other->folder, "job.key");
    AUTO(portal_freep) struct portal *portal = NULL;
    struct err err = ERR_INIT;
    unlink(path);
    world_must(portal_open(other->folder, "test", &portal, &err), &err);
    assert_int_equal(portal_open_keys(portal, &err), ERR_FILE_MISSING);
    world_teardown(&other_state);
}

/* Made once, by whoever opens first. */
static void a_folder_of_before_gets_a_seal_maker(void **state)
{
    void *other_state = NULL;
    assert_int_equal(world_setup(&other_state), 0);
    struct world *other = other_state;
    AUTO(memory_freep) char *key_path = file_join(other->folder, "ca/seal-maker.key");
    AUTO(memory_freep) char *cert_path = file_join(other->folder, "ca/seal-maker.pem");
    AUTO(bytes_freep) struct bytes *first = NULL;
    AUTO(bytes_freep) struct bytes *second = NULL;
    unlink(key_path);
    unlink(cert_path);
    for (int i = 0; i < 2; i++) {
        AUTO(portal_freep) struct portal *portal = NULL;
        struct err err = ERR_INIT;
        world_must(portal_open(other->folder, "test", &portal, &err), &err);
        world_must(portal_open_keys(portal, &err), &err);
        assert_non_null(portal->seal_maker);
        world_must(file_read(cert_path, 8192, i == 0 ? &first : &second, &err), &err);
    }
    assert_true(span_equal(span_bytes(first), span_bytes(second)));
    assert_int_equal(
        world_count(other->portal, "SELECT count(*) FROM audit WHERE event = 'seal-maker.made'"),
        2); /* the one of init, and this one */
    world_teardown(&other_state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(init_is_done_once),
        cmocka_unit_test(without_init_there_is_nothing_to_open),
        cmocka_unit_test(an_interrupted_init_is_done_again),
        cmocka_unit_test(a_wrong_name_or_host_is_refused),
        cmocka_unit_test(secrets_are_private),
        cmocka_unit_test(a_lost_key_is_said_so),
        cmocka_unit_test(a_folder_of_before_gets_a_seal_maker),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
