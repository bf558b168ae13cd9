#include "base/secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
/* needs those above */
#include <cmocka.h>

/* The sanitizers make mlock do nothing. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

static struct secret *make(size_t capacity, const char *content)
{
    struct secret *secret = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(secret_new(capacity, &secret, &err), ERR_NONE);
    memcpy(secret_room(secret), content, strlen(content));
    secret_set_length(secret, strlen(content));
    return secret;
}

static void it_holds_what_was_put_in(void **state)
{
    (void)state;
    AUTO(secret_freep) struct secret *secret = make(16, "123456");
    assert_int_equal(secret_capacity(secret), 16);
    assert_true(span_equal(secret_peek(secret), span_text("123456")));
}

static void it_starts_empty(void **state)
{
    (void)state;
    AUTO(secret_freep) struct secret *secret = make(0, "");
    AUTO(secret_freep) struct secret *largest = make(SECRET_BYTES_MAX, "");
    assert_int_equal(secret_peek(secret).len, 0);
    assert_int_equal(secret_peek(largest).len, 0);
    memset(secret_room(largest), 0xFF, SECRET_BYTES_MAX);
    secret_set_length(largest, SECRET_BYTES_MAX);
    assert_int_equal(secret_peek(largest).len, SECRET_BYTES_MAX);
}

static void shortening_wipes_what_lies_behind(void **state)
{
    (void)state;
    AUTO(secret_freep) struct secret *secret = make(16, "123456");
    secret_set_length(secret, 2);
    assert_memory_equal(secret_room(secret), "12\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
}

static void secrets_compare(void **state)
{
    (void)state;
    AUTO(secret_freep) struct secret *a = make(16, "123456");
    AUTO(secret_freep) struct secret *same = make(32, "123456");
    AUTO(secret_freep) struct secret *other = make(16, "123457");
    AUTO(secret_freep) struct secret *shorter = make(16, "12345");
    assert_true(secret_equal(a, same));
    assert_false(secret_equal(a, other));
    assert_false(secret_equal(a, shorter));
}

static void freeing_is_idempotent(void **state)
{
    (void)state;
    struct secret *secret = make(1, "x");
    secret_freep(&secret);
    assert_null(secret);
    secret_freep(&secret);
    secret_free(NULL);
}

/* The flags that the kernel keeps for the page at this address. */
static void page_flags(const void *address, char *out, size_t size)
{
    char line[512];
    bool inside = false;
    FILE *maps = fopen("/proc/self/smaps", "re");
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps) != NULL) {
        uintptr_t first, end;
        if (sscanf(line, "%lx-%lx ", &first, &end) == 2)
            inside = (uintptr_t)address >= first && (uintptr_t)address < end;
        else if (inside && strncmp(line, "VmFlags:", 8) == 0)
            snprintf(out, size, "%s", line);
    }
    fclose(maps);
}

static void its_page_is_locked_and_kept_out_of_dumps(void **state)
{
    (void)state;
    AUTO(secret_freep) struct secret *secret = make(16, "123456");
    char flags[512] = "";
    page_flags(secret, flags, sizeof flags);
    assert_non_null(strstr(flags, " dd")); /* MADV_DONTDUMP */
    assert_non_null(strstr(flags, " wf")); /* MADV_WIPEONFORK */
#ifndef SANITIZED
    assert_non_null(strstr(flags, " lo")); /* mlock */
#endif
}

static void a_child_finds_zeros(void **state)
{
    (void)state;
    AUTO(secret_freep) struct secret *secret = make(16, "123456");
    int status = -1;
    pid_t child = fork();
    if (child == 0)
        _exit(memcmp(secret_room(secret), "\0\0\0\0\0\0", 6) == 0 ? 0 : 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static int try_without_right_to_lock(void)
{
    struct rlimit none = {0, 0};
    struct secret *secret = NULL;
    struct err err = ERR_INIT;
    if (setrlimit(RLIMIT_MEMLOCK, &none) != 0 || (geteuid() == 0 && setuid(65534) != 0))
        return 2;
    return secret_new(16, &secret, &err) == ERR_NO_LOCKED_MEMORY && secret == NULL ? 0 : 1;
}

static void without_locked_memory_there_is_no_secret(void **state)
{
    (void)state;
#ifdef SANITIZED
    skip();
#endif
    int status = -1;
    pid_t child = fork();
    if (child == 0)
        _exit(try_without_right_to_lock());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* With the most that was allowed before; other tests may want cores. */
static int forbid_core(rlim_t most)
{
    struct rlimit core = {most, most};
    if (setrlimit(RLIMIT_CORE, &core) != 0 || !secret_forbid_core() ||
        getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_cur != core.rlim_max)
        return 100;
    return (int)core.rlim_max;
}

static void a_core_has_no_room(void **state)
{
    (void)state;
    for (rlim_t most = 0; most < 3; most++) {
        int status = -1;
        pid_t child = fork();
        if (child == 0)
            _exit(forbid_core(most));
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), most < 1 ? 0 : 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_holds_what_was_put_in),
        cmocka_unit_test(it_starts_empty),
        cmocka_unit_test(shortening_wipes_what_lies_behind),
        cmocka_unit_test(secrets_compare),
        cmocka_unit_test(freeing_is_idempotent),
        cmocka_unit_test(its_page_is_locked_and_kept_out_of_dumps),
        cmocka_unit_test(a_child_finds_zeros),
        cmocka_unit_test(without_locked_memory_there_is_no_secret),
        cmocka_unit_test(a_core_has_no_room),
    };
    return cmocka_run_group_tests_name("base/secret", tests, NULL, NULL);
}
