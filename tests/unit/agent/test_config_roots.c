#include "agent/config_roots.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"

/* CA:TRUE, self-signed, in force for a century. */
static const char root_pem[] = "-----BEGIN CERTIFICATE-----\n"
                               "MIIBhjCCASugAwIBAgIUEeV0MTVH5ILHZ04wHp1bpJh51YgwCgYIKoZIzj0EAwIw\n"
                               "DzENMAsGA1UEAwwEcm9vdDAgFw0yNjExMjMwMTE3MTNaGA8yMTI2MTAzMDAxMTcx\n"
                               "M1owDzENMAsGA1UEAwwEcm9vdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABHGa\n"
                               "hTKrT+MXrszR09bPnz0VPpKXOej9dd3ULSCjFw2L03VpcY6gMlCTdWpBVI6I4te5\n"
                               "TI0VGP9GdEKoYXg3ldmjYzBhMB0GA1UdDgQWBBQAUwsjPFaLQQy3ZTVlGzCDML13\n"
                               "lzAfBgNVHSMEGDAWgBQAUwsjPFaLQQy3ZTVlGzCDML13lzAPBgNVHRMBAf8EBTAD\n"
                               "AQH/MA4GA1UdDwEB/wQEAwIBBjAKBggqhkjOPQQDAgNJADBGAiEAn0XY1mtj75ch\n"
                               "m3M+Jia87rjGX/wU1jfWnLDpExJxyikCIQCecPtCzrbrP7PpDgYVIletjjltATic\n"
                               "GlxO9ZUsuOdHpg==\n"
                               "-----END CERTIFICATE-----\n";

static char folder[] = "/tmp/config_roots.XXXXXX";

static char *write_file(const char *name, const char *text)
{
    struct err err = ERR_INIT;
    char *path = file_join(folder, name);
    assert_int_equal(file_write_atomic(path, span_text(text), 0600, &err), ERR_NONE);
    return path;
}

static enum err_code read_roots(char *roots, char *seal_roots, bool *out_seal, struct err *err)
{
    char id[] = "sunshine";
    const struct config_platform platform = {.id = id, .roots = roots, .seal_roots = seal_roots};
    AUTO(chain_roots_freep) struct chain_roots *found = NULL;
    AUTO(chain_roots_freep) struct chain_roots *found_seal = NULL;
    *err = ERR_INIT;
    enum err_code code = config_roots_read(&platform, &found, &found_seal, err);
    assert_int_equal(found != NULL, code == ERR_NONE);
    *out_seal = found_seal != NULL;
    return code;
}

static void test_reads_what_is_named(void **state)
{
    (void)state;
    bool seal;
    struct err err;
    AUTO(memory_freep) char *roots = write_file("roots.pem", root_pem);
    assert_int_equal(read_roots(roots, NULL, &seal, &err), ERR_NONE);
    assert_false(seal);
    assert_int_equal(read_roots(roots, roots, &seal, &err), ERR_NONE);
    assert_true(seal);
}

static void test_says_which_platform_and_file(void **state)
{
    (void)state;
    bool seal;
    struct err err;
    AUTO(memory_freep) char *roots = write_file("roots.pem", root_pem);
    AUTO(memory_freep) char *none = write_file("none.pem", "nothing\n");
    AUTO(memory_freep) char *missing = file_join(folder, "missing.pem");
    assert_int_equal(read_roots(missing, NULL, &seal, &err), ERR_FILE_MISSING);
    assert_non_null(strstr(err.detail, "missing.pem"));
    assert_non_null(strstr(err.detail, "platform sunshine"));
    assert_int_equal(read_roots(roots, missing, &seal, &err), ERR_FILE_MISSING);
    assert_false(seal);
    assert_int_not_equal(read_roots(none, NULL, &seal, &err), ERR_NONE);
    assert_non_null(strstr(err.detail, "none.pem"));
}

static int start(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL;
}

static int stop(void **state)
{
    (void)state;
    static const char *const names[] = {"roots.pem", "none.pem"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        AUTO(memory_freep) char *path = file_join(folder, names[i]);
        unlink(path);
    }
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_what_is_named),
        cmocka_unit_test(test_says_which_platform_and_file),
    };
    return cmocka_run_group_tests_name("agent/config_roots", tests, start, stop);
}
