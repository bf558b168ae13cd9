#include "portal/portal_secret_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hex.h"
#include "world.h"

static char folder[] = "/tmp/ukey-portal-secret-XXXXXX";
static char *path;

static int setup(void **state)
{
    path = file_join(mkdtemp(folder), "master.key");
    return 0;
}

static int teardown(void **state)
{
    unlink(path);
    free(path);
    return rmdir(folder);
}

static enum err_code read_code(void)
{
    AUTO(secret_freep) struct secret *secret = NULL;
    struct err err = ERR_INIT;
    return portal_secret_file_read(path, &secret, &err);
}

static void it_is_private_random_and_comes_back(void **state)
{
    AUTO(secret_freep) struct secret *first = NULL;
    AUTO(secret_freep) struct secret *again = NULL;
    AUTO(secret_freep) struct secret *other = NULL;
    struct err err = ERR_INIT;
    struct stat status;
    world_must(portal_secret_file_make(path, &err), &err);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    world_must(portal_secret_file_read(path, &first, &err), &err);
    world_must(portal_secret_file_read(path, &again, &err), &err);
    assert_int_equal(secret_peek(first).len, PORTAL_SECRET_BYTES);
    assert_true(secret_equal(first, again));
    world_must(portal_secret_file_make(path, &err), &err);
    world_must(portal_secret_file_read(path, &other, &err), &err);
    assert_false(secret_equal(first, other));
}

static void a_file_that_others_can_read_is_refused(void **state)
{
    struct err err = ERR_INIT;
    world_must(portal_secret_file_make(path, &err), &err);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(read_code(), ERR_CONFIG);
    assert_int_equal(chmod(path, 0604), 0);
    assert_int_equal(read_code(), ERR_CONFIG);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(read_code(), ERR_NONE);
}

static void another_length_is_refused(void **state)
{
    struct err err = ERR_INIT;
    uint8_t content[PORTAL_SECRET_BYTES + 1] = {0};
    for (size_t length = PORTAL_SECRET_BYTES - 1; length <= sizeof content; length++) {
        world_must(file_write_atomic(path, span_of(content, length), 0600, &err), &err);
        assert_int_equal(read_code(), length == PORTAL_SECRET_BYTES ? ERR_NONE : ERR_CONFIG);
    }
    unlink(path);
    assert_int_equal(read_code(), ERR_FILE_MISSING);
}

static struct secret *derive(const char *label, const char *context)
{
    AUTO(secret_freep) struct secret *master = NULL;
    struct secret *derived = NULL;
    struct err err = ERR_INIT;
    world_must(secret_new(32, &master, &err), &err);
    for (int i = 0; i < 32; i++)
        secret_room(master)[i] = (uint8_t)i;
    secret_set_length(master, 32);
    world_must(portal_secret_derive(master, label, span_text(context), &derived, &err), &err);
    return derived;
}

static void each_label_and_context_gets_its_own(void **state)
{
    AUTO(secret_freep) struct secret *a = derive("label", "a");
    AUTO(secret_freep) struct secret *again = derive("label", "a");
    AUTO(secret_freep) struct secret *b = derive("label", "b");
    AUTO(secret_freep) struct secret *moved = derive("labela", "");
    assert_true(secret_equal(a, again));
    assert_false(secret_equal(a, b));
    assert_false(secret_equal(a, moved));
}

/* From: printf 'label\0a' | openssl dgst -sm3 -mac HMAC -macopt hexkey:000102...1f */
static void it_is_hmac_sm3(void **state)
{
    AUTO(secret_freep) struct secret *a = derive("label", "a");
    AUTO(memory_freep) char *hex = hex_encode(secret_peek(a));
    assert_string_equal(hex, "89CC274A7FB0880F5C1DC6A7D3B1BBD95F0E7773795EA24CA45854F8D424835A");
}

static void a_context_that_is_too_long_is_refused(void **state)
{
    AUTO(secret_freep) struct secret *master = derive("x", "y");
    AUTO(secret_freep) struct secret *derived = NULL;
    AUTO(memory_freep) char *longer = memory_printf("%300d", 1);
    struct err err = ERR_INIT;
    assert_int_equal(portal_secret_derive(master, "label", span_text(longer), &derived, &err),
                     ERR_INTERNAL);
    assert_null(derived);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_private_random_and_comes_back),
        cmocka_unit_test(a_file_that_others_can_read_is_refused),
        cmocka_unit_test(another_length_is_refused),
        cmocka_unit_test(each_label_and_context_gets_its_own),
        cmocka_unit_test(it_is_hmac_sm3),
        cmocka_unit_test(a_context_that_is_too_long_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
