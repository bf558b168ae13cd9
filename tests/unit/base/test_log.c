#include "base/log.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
/* needs those above */
#include <cmocka.h>

#include "base/clock.h"

static int old_stderr, capture;
static char seen[8192];

/* From here on standard error is a file in memory. */
static int start_capture(void **state)
{
    (void)state;
    capture = memfd_create("log", MFD_CLOEXEC);
    old_stderr = dup(STDERR_FILENO);
    unsetenv("JOURNAL_STREAM");
    clock_set_for_test(1795357800);
    log_set_level(LOG_LEVEL_INFO);
    return dup2(capture, STDERR_FILENO) < 0;
}

static int end_capture(void **state)
{
    (void)state;
    dup2(old_stderr, STDERR_FILENO);
    close(old_stderr);
    close(capture);
    clock_set_for_test(0);
    unsetenv("JOURNAL_STREAM");
    log_set_level(LOG_LEVEL_INFO);
    return 0;
}

static const char *captured(void)
{
    ssize_t length = pread(capture, seen, sizeof seen - 1, 0);
    seen[length > 0 ? length : 0] = '\0';
    return seen;
}

static void a_line_has_time_level_and_area(void **state)
{
    (void)state;
    log_info("area", "%d things", 3);
    log_warning("area", "careful");
    log_line(LOG_LEVEL_ERROR, "area", "bad");
    assert_string_equal(captured(), "2026-11-22T14:30:00Z info area: 3 things\n"
                                    "2026-11-22T14:30:00Z warning area: careful\n"
                                    "2026-11-22T14:30:00Z error area: bad\n");
}

static void the_level_silences(void **state)
{
    (void)state;
    log_debug("area", "hidden");
    log_set_level(LOG_LEVEL_ERROR);
    assert_int_equal(log_level(), LOG_LEVEL_ERROR);
    log_warning("area", "hidden");
    log_set_level(LOG_LEVEL_DEBUG);
    log_debug("area", "shown");
    assert_string_equal(captured(), "2026-11-22T14:30:00Z debug area: shown\n");
}

static void the_journal_gets_its_prefix(void **state)
{
    (void)state;
    struct stat status;
    char stream[64];
    assert_int_equal(fstat(STDERR_FILENO, &status), 0);
    snprintf(stream, sizeof stream, "%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
    log_set_level(LOG_LEVEL_DEBUG);
    log_line(LOG_LEVEL_ERROR, "a", "x");
    log_warning("a", "x");
    log_info("a", "x");
    log_debug("a", "x");
    assert_string_equal(captured(), "<3>a: x\n<4>a: x\n<6>a: x\n<7>a: x\n");
}

static void a_terminal_of_a_service_is_no_journal(void **state)
{
    (void)state;
    setenv("JOURNAL_STREAM", "8:1", 1);
    log_info("a", "x");
    assert_string_equal(captured(), "2026-11-22T14:30:00Z info a: x\n");
}

static void foreign_text_forges_no_line(void **state)
{
    (void)state;
    log_info("a", "%s", "one\n2026-11-22T14:30:00Z info a: two\r\x1B[31m\x7F\t阳\xC2\x9B\xC2\xA0.");
    assert_string_equal(captured(), "2026-11-22T14:30:00Z info a: one 2026-11-22T14:30:00Z info a: "
                                    "two  [31m  阳  \xC2\xA0.\n");
}

static void a_long_line_is_cut(void **state)
{
    (void)state;
    char text[3000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    log_info("a", "%s", text);
    const char *line = captured();
    assert_in_range(strlen(line), 1000, 1024);
    assert_int_equal(line[strlen(line) - 1], '\n');
    assert_int_equal(strcspn(line, "\n"), strlen(line) - 1);
}

static void a_long_area_is_cut(void **state)
{
    (void)state;
    char area[3000];
    memset(area, 'x', sizeof area - 1);
    area[sizeof area - 1] = '\0';
    log_info(area, "the end");
    const char *line = captured();
    assert_true(strlen(line) < 200);
    assert_non_null(strstr(line, "the end\n"));
}

static void errors_are_told_with_their_code(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    err_set_foreign(&err, ERR_FILE, 2, "open");
    log_err("area", "start", &err);
    err_set(&err, ERR_INTERNAL, "oops");
    log_err("area", "start", &err);
    assert_string_equal(captured(), "2026-11-22T14:30:00Z warning area: start: file (open; 2)\n"
                                    "2026-11-22T14:30:00Z error area: start: internal (oops; 0)\n");
}

#define CAPTURED(test) cmocka_unit_test_setup_teardown(test, start_capture, end_capture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CAPTURED(a_line_has_time_level_and_area),
        CAPTURED(the_level_silences),
        CAPTURED(the_journal_gets_its_prefix),
        CAPTURED(a_terminal_of_a_service_is_no_journal),
        CAPTURED(foreign_text_forges_no_line),
        CAPTURED(a_long_line_is_cut),
        CAPTURED(a_long_area_is_cut),
        CAPTURED(errors_are_told_with_their_code),
    };
    return cmocka_run_group_tests_name("base/log", tests, NULL, NULL);
}
