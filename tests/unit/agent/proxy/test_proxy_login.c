#include "agent/proxy/proxy_login.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/unit/scratch.h"

static char *folder;

static int start(void **state)
{
    folder = memory_printf("%s/login.XXXXXX", scratch_top());
    setenv("HOME", "/dev/null", 1);
    unsetenv("XDG_CONFIG_HOME");
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int stop(void **state)
{
    AUTO(memory_freep) char *command = memory_printf("rm -rf %s", folder);
    memory_freep(&folder);
    return system(command);
}

static char *put(const char *name, const char *text, mode_t mode)
{
    struct err err = ERR_INIT;
    char *path = file_join(folder, name);
    assert_int_equal(file_write_atomic(path, span_text(text), mode, &err), ERR_NONE);
    return path;
}

static const struct proxy_desktop none;

static void assert_login(const char *file, const struct proxy_desktop *desktop, const char *wanted)
{
    struct err err = ERR_INIT;
    AUTO(secret_freep) struct secret *login = NULL;
    assert_int_equal(proxy_login_read(file, desktop, &login, &err), ERR_NONE);
    if (wanted == NULL) {
        assert_null(login);
        return;
    }
    assert_int_equal(secret_peek(login).len, strlen(wanted) + 1);
    assert_string_equal((const char *)secret_peek(login).at, wanted);
}

static void assert_refused(const char *file, const char *words)
{
    struct err err = ERR_INIT;
    struct secret *login = NULL;
    assert_int_equal(proxy_login_read(file, &none, &login, &err), ERR_CONFIG);
    assert_null(login);
    assert_non_null(strstr(err.detail, words));
    assert_null(strstr(err.detail, "geheim"));
}

static void a_file_is_read(void **state)
{
    AUTO(memory_freep) char *path = put("a", "li:geheim\n", 0600);
    AUTO(memory_freep) char *colons = put("b", "li:ge:heim", 0400);
    assert_login(path, &none, "li:geheim");
    assert_login(colons, &none, "li:ge:heim");
}

static void a_bad_file_is_refused(void **state)
{
    AUTO(memory_freep) char *open = put("a", "li:geheim", 0640);
    AUTO(memory_freep) char *bare = put("b", "geheim", 0600);
    AUTO(memory_freep) char *two = put("c", "li:geheim\nx:y\n", 0600);
    AUTO(memory_freep) char *empty = put("d", "", 0600);
    AUTO(memory_freep) char *missing = file_join(folder, "none");
    assert_refused(open, "0640");
    assert_refused(bare, "user:password");
    assert_refused(two, "user:password");
    assert_refused(empty, "user:password");
    assert_refused(missing, "open it");
    assert_refused(folder, "not a regular file");
}

static void there_is_a_limit(void **state)
{
    char text[PROXY_LOGIN_BYTES_MAX + 2];
    memset(text, 'a', sizeof text);
    text[1] = ':';
    text[PROXY_LOGIN_BYTES_MAX] = '\0';
    AUTO(memory_freep) char *fits = put("a", text, 0600);
    assert_login(fits, &none, text);
    text[PROXY_LOGIN_BYTES_MAX] = 'a';
    text[PROXY_LOGIN_BYTES_MAX + 1] = '\0';
    AUTO(memory_freep) char *longer = put("b", text, 0600);
    assert_refused(longer, "user:password");
}

static void the_persons_own_goes_before_the_desktops(void **state)
{
    struct err err = ERR_INIT;
    char user[] = "zhang";
    struct proxy_desktop desktop = {.user = user};
    assert_int_equal(secret_new(4, &desktop.password, &err), ERR_NONE);
    memcpy(secret_room(desktop.password), "word", 4);
    secret_set_length(desktop.password, 4);
    assert_login(NULL, &none, NULL);
    assert_login(NULL, &desktop, "zhang:word");
    setenv("XDG_CONFIG_HOME", folder, 1);
    assert_login(NULL, &desktop, "zhang:word");
    AUTO(memory_freep) char *below = file_join(folder, "ukeyd");
    assert_int_equal(mkdir(below, 0700), 0);
    AUTO(memory_freep) char *path = put("ukeyd/proxy-login", "li:geheim", 0600);
    assert_login(NULL, &desktop, "li:geheim");
    secret_free(desktop.password);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_file_is_read),
        IN_FOLDER(a_bad_file_is_refused),
        IN_FOLDER(there_is_a_limit),
        IN_FOLDER(the_persons_own_goes_before_the_desktops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
