#include "agent/web/web_identity.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "http/http_identity.h"
#include "http/http_server.h"

#define NOW 1800000000
#define DAY 86400

static struct loop *loop;
static struct http_server *server;
static char folder[] = "/tmp/ukeyd-identity-XXXXXX";
static int64_t due_utc;
static char *key_path;
static char *cert_path;
static char *folder_path;

static int start(void **state)
{
    struct err err = ERR_INIT;
    struct http_server_options options = {.connections_max = 8};
    log_set_level(LOG_LEVEL_ERROR);
    clock_set_for_test(NOW);
    memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
    assert_non_null(mkdtemp(folder));
    folder_path = file_join(folder, "identity");
    key_path = file_join(folder, "identity/loopback.key");
    cert_path = file_join(folder, "identity/loopback.pem");
    assert_int_equal(loop_new(&loop, &err), ERR_NONE);
    options.loop = loop;
    return http_server_new(&options, &server, &err) == ERR_NONE ? 0 : -1;
}

static int stop(void **state)
{
    http_server_freep(&server);
    loop_freep(&loop);
    unlink(key_path);
    unlink(cert_path);
    rmdir(folder_path);
    rmdir(folder);
    memory_freep(&key_path);
    memory_freep(&cert_path);
    memory_freep(&folder_path);
    clock_set_for_test(0);
    return 0;
}

static struct bytes *read_cert(void)
{
    struct err err = ERR_INIT;
    struct bytes *bytes = NULL;
    assert_int_equal(file_read(cert_path, HTTP_IDENTITY_PEM_BYTES_MAX, &bytes, &err), ERR_NONE);
    return bytes;
}

/* Uses the identity; whether its certificate is another one than before. */
static bool use_again(void)
{
    struct err err = ERR_INIT;
    AUTO(bytes_freep) struct bytes *before = read_cert();
    assert_int_equal(web_identity_use(folder, server, &due_utc, &err), ERR_NONE);
    AUTO(bytes_freep) struct bytes *after = read_cert();
    return !span_equal(span_bytes(before), span_bytes(after));
}

static void test_makes_one_and_keeps_it(void **state)
{
    struct err err = ERR_INIT;
    struct stat status;
    assert_int_equal(web_identity_use(folder, server, &due_utc, &err), ERR_NONE);
    assert_int_equal(stat(key_path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(status.st_uid, geteuid());
    assert_false(use_again());
    clock_set_for_test(NOW + (HTTP_IDENTITY_DAYS - WEB_IDENTITY_RENEW_DAYS - 1) * (int64_t)DAY);
    assert_false(use_again());
}

static void test_renews_in_time(void **state)
{
    struct err err = ERR_INIT;
    assert_int_equal(web_identity_use(folder, server, &due_utc, &err), ERR_NONE);
    clock_set_for_test(due_utc - 2);
    assert_false(use_again());
    clock_set_for_test(due_utc);
    assert_true(use_again());
    clock_set_for_test(NOW - 10 * DAY); /* a clock that was put back */
    assert_true(use_again());
}

static void write_file(const char *path, const char *text, mode_t mode)
{
    struct err err = ERR_INIT;
    assert_int_equal(file_write_atomic(path, span_text(text), mode, &err), ERR_NONE);
}

static void test_replaces_damaged_ones(void **state)
{
    struct err err = ERR_INIT;
    assert_int_equal(web_identity_use(folder, server, &due_utc, &err), ERR_NONE);
    write_file(cert_path, "", 0644);
    assert_true(use_again());
    write_file(key_path, "no key", 0600);
    assert_true(use_again());
    unlink(key_path);
    assert_true(use_again());
    assert_int_equal(truncate(cert_path, 100), 0);
    assert_true(use_again());
}

/* As after a power cut between the two files. */
static void test_replaces_a_key_of_another_certificate(void **state)
{
    struct err err = ERR_INIT;
    AUTO(bytes_freep) struct bytes *cert = NULL;
    AUTO(secret_freep) struct secret *key = NULL;
    assert_int_equal(web_identity_use(folder, server, &due_utc, &err), ERR_NONE);
    assert_int_equal(http_identity_make(NOW, &cert, &key, &err), ERR_NONE);
    assert_int_equal(file_write_atomic(key_path, secret_peek(key), 0600, &err), ERR_NONE);
    assert_true(use_again());
    assert_false(use_again());
}

static void test_replaces_a_key_that_others_may_know(void **state)
{
    struct err err = ERR_INIT;
    assert_int_equal(web_identity_use(folder, server, &due_utc, &err), ERR_NONE);
    chmod(key_path, 0640);
    assert_true(use_again());
    chmod(key_path, 0604);
    assert_true(use_again());
    if (geteuid() != 0)
        return;
    assert_int_equal(chown(key_path, 65534, 65534), 0);
    assert_true(use_again());
    assert_false(use_again());
}

static void test_says_when_it_can_not(void **state)
{
    struct err err = ERR_INIT;
    assert_int_equal(web_identity_use("/proc/nowhere", server, &due_utc, &err), ERR_FILE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_makes_one_and_keeps_it, start, stop),
        cmocka_unit_test_setup_teardown(test_renews_in_time, start, stop),
        cmocka_unit_test_setup_teardown(test_replaces_damaged_ones, start, stop),
        cmocka_unit_test_setup_teardown(test_replaces_a_key_of_another_certificate, start, stop),
        cmocka_unit_test_setup_teardown(test_replaces_a_key_that_others_may_know, start, stop),
        cmocka_unit_test_setup_teardown(test_says_when_it_can_not, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
