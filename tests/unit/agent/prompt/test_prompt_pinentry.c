#include "agent/prompt/prompt.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/prompt/prompt_process.h"
#include "base/file.h"

#define LOG_BYTES_MAX 65536
/* PROMPT_PIN_BYTES_MAX digits. */
#define LONGEST "0123456789012345678901234567890123456789012345678901234567890123"

static const char *fake; /* the script */
static char folder[64];
static struct launch *launch;
static struct prompt *prompt;
static char program_path[96]; /* the launcher keeps it */

static char *in_folder(const char *name)
{
    return file_join(folder, name);
}

static int open_prompt(void **state)
{
    struct err err = ERR_INIT;
    snprintf(folder, sizeof folder, "/tmp/test_prompt.XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    AUTO(memory_freep) char *program = in_folder("pinentry");
    if (symlink(fake, program) != 0)
        return -1;
    struct launch_task task;
    snprintf(program_path, sizeof program_path, "%s", program);
    if (prompt_process_task(program_path, &task, &err) != ERR_NONE ||
        launch_new(&task, 1, &launch, &err) != ERR_NONE)
        return -1;
    prompt = prompt_pinentry_new(launch, 0, LANG_ZH);
    return 0;
}

static int close_prompt(void **state)
{
    static const char *const names[] = {"pinentry", "plan", "log"};
    prompt_pinentry_free(prompt);
    launch_freep(&launch);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        AUTO(memory_freep) char *path = in_folder(names[i]);
        unlink(path);
    }
    return rmdir(folder);
}

static void plan(const char *lines)
{
    struct err err = ERR_INIT;
    AUTO(memory_freep) char *path = in_folder("plan");
    assert_int_equal(file_write_atomic(path, span_text(lines), 0600, &err), ERR_NONE);
}

static struct bytes *log_of(void)
{
    struct err err = ERR_INIT;
    struct bytes *bytes = NULL;
    AUTO(memory_freep) char *path = in_folder("log");
    assert_int_equal(file_read(path, LOG_BYTES_MAX, &bytes, &err), ERR_NONE);
    return bytes;
}

static struct prompt_question question(int ms)
{
    return (struct prompt_question){
        .title = "CA延期续费",
        .description = "平台:阳光采购\n证书:100% 单位",
        .label = "CA锁密码",
        .error = "密码错误",
        .ok = "确定(_O)",
        .cancel = "取消(_C)",
        .deadline = deadline_in_ms(ms),
    };
}

static enum err_code ask_pin(int ms, struct secret **out, struct err *err)
{
    struct prompt_question asked = question(ms);
    return prompt->class->pin(prompt, &asked, NULL, out, err);
}

static void the_pin_comes_back(void **state)
{
    static const char *const pins[] = {"123456", "12%3456", "", "密码", " 1 ", LONGEST};
    for (size_t i = 0; i < ARRAY_SIZE(pins); i++) {
        struct err err = ERR_INIT;
        AUTO(secret_freep) struct secret *pin = NULL;
        AUTO(memory_freep) char *line = memory_printf("pin %s\n", pins[i]);
        plan(line);
        if (ask_pin(5000, &pin, &err) != ERR_NONE)
            fail_msg("%s: %s", pins[i], err.detail);
        assert_true(span_equal(secret_peek(pin), span_text(pins[i])));
    }
}

static void the_dialog_gets_its_texts(void **state)
{
    struct err err = ERR_INIT;
    AUTO(secret_freep) struct secret *pin = NULL;
    plan("pin 975318\n");
    assert_int_equal(ask_pin(5000, &pin, &err), ERR_NONE);
    static const char *const lines[] = {
        "OPTION lc-ctype=C.UTF-8\n",
        "OPTION lc-messages=zh_CN.UTF-8\n",
        "SETTITLE CA延期续费\n",
        "SETDESC 平台:阳光采购%0A证书:100%25 单位\n",
        "SETPROMPT CA锁密码\n",
        "SETERROR 密码错误\n",
        "SETOK 确定(_O)\n",
        "SETCANCEL 取消(_C)\n",
        "SETTIMEOUT 5\n",
        "GETPIN\nBYE\n",
    };
    AUTO(bytes_freep) struct bytes *log = log_of();
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        if (strstr((const char *)log->at, lines[i]) == NULL)
            fail_msg("%s is not in %s", lines[i], (const char *)log->at);
    assert_null(strstr((const char *)log->at, "975318"));
}

static void missing_texts_are_left_out(void **state)
{
    struct err err = ERR_INIT;
    struct prompt_question asked = {.description = "x", .deadline = DEADLINE_NEVER};
    plan("ok\n");
    assert_int_equal(prompt->class->confirm(prompt, &asked, NULL, &err), ERR_NONE);
    AUTO(bytes_freep) struct bytes *log = log_of();
    assert_non_null(strstr((const char *)log->at, "SETDESC x\nCONFIRM\n"));
    assert_null(strstr((const char *)log->at, "SETERROR"));
    assert_null(strstr((const char *)log->at, "SETTIMEOUT"));
}

static const struct {
    const char *plan;
    enum err_code code;
} refusals[] = {
    {"cancel", ERR_PROMPT_CANCELLED},
    {"not-ok", ERR_PROMPT_CANCELLED},
    {"error 83886278", ERR_PROMPT_CANCELLED}, /* fully cancelled */
    {"timeout", ERR_PROMPT_TIMEOUT},
    {"error 83918950", ERR_PROMPT_UNAVAILABLE}, /* no display and no terminal */
    {"error 0", ERR_PROMPT_UNAVAILABLE},
    {"die", ERR_PROMPT_UNAVAILABLE},
    {"raw D 12%0", ERR_PROMPT_TIMEOUT},
    {"raw nonsense\\n", ERR_PROMPT_UNAVAILABLE},
    {"pin " LONGEST "4", ERR_PIN_LENGTH},
};

/* ---- a new PIN ---- */

/* What the dialog was told while the PIN was typed: the lengths so far. */
struct typing {
    int calls;
    size_t last;
};

static int quality(void *context, struct span typed)
{
    struct typing *typing = context;
    typing->calls++;
    typing->last = typed.len;
    return typed.len < 6 ? -10 : (int)typed.len * 7;
}

static enum err_code ask_new_pin(int ms, struct typing *typing, struct secret **out,
                                 struct err *err)
{
    const struct prompt_new_pin asked = {
        .question = question(ms),
        .repeat_label = "再次输入：",
        .repeat_error = "两次输入的密码不一致",
        .quality = typing == NULL ? NULL : quality,
        .context = typing,
    };
    return prompt->class->new_pin(prompt, &asked, NULL, out, err);
}

static int count_in_log(const char *wanted)
{
    int count = 0;
    AUTO(bytes_freep) struct bytes *log = log_of();
    for (const char *at = (const char *)log->at; (at = strstr(at, wanted)) != NULL; at++)
        count++;
    return count;
}

static void a_new_pin_is_typed_twice_in_one_dialog(void **state)
{
    struct err err = ERR_INIT;
    struct typing typing = {0};
    AUTO(secret_freep) struct secret *pin = NULL;
    plan("new-pin 65+4 2%1\n");
    assert_int_equal(ask_new_pin(5000, &typing, &pin, &err), ERR_NONE);
    assert_true(span_equal(secret_peek(pin), span_text("65+4 2%1")));
    assert_int_equal(typing.calls, 8);
    assert_int_equal(typing.last, 8);
    static const char *const lines[] = {
        "SETREPEAT 再次输入：\n",     "SETREPEATERROR 两次输入的密码不一致\n",
        "SETQUALITYBAR 密码强度：\n", "SETQUALITYBAR_TT ",
        "GETPIN\nD -10\nEND\n",       "D -10\nEND\nD 42\nEND\nD 49\nEND\nD 56\nEND\nBYE\n",
    };
    AUTO(bytes_freep) struct bytes *log = log_of();
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        if (strstr((const char *)log->at, lines[i]) == NULL)
            fail_msg("%s is not in %s", lines[i], (const char *)log->at);
    assert_null(strstr((const char *)log->at, "constraints"));
    assert_null(strstr((const char *)log->at, "65+4"));
}

static void without_a_judge_there_is_no_quality_bar(void **state)
{
    struct err err = ERR_INIT;
    AUTO(secret_freep) struct secret *pin = NULL;
    plan("new-pin 654321\n");
    assert_int_equal(ask_new_pin(5000, NULL, &pin, &err), ERR_NONE);
    assert_int_equal(count_in_log("QUALITYBAR"), 0);
    assert_int_equal(count_in_log("SETREPEAT "), 1);
}

static void nothing_of_it_is_asked_for_an_old_pin(void **state)
{
    struct err err = ERR_INIT;
    AUTO(secret_freep) struct secret *pin = NULL;
    plan("new-pin 654321\n");
    assert_int_equal(ask_pin(5000, &pin, &err), ERR_NONE);
    assert_int_equal(count_in_log("REPEAT"), 0);
    assert_int_equal(count_in_log("QUALITY"), 0);
}

/* Two dialogs for one PIN: how many in all, and what comes of it. */
static const struct {
    const char *plan;
    int dialogs, errors;
    enum err_code code;
    const char *pin;
} in_two[] = {
    {"pin 654321\npin 654321\n", 2, 0, ERR_NONE, "654321"},
    {"simple pin 654321\npin 654321\n", 2, 0, ERR_NONE, "654321"},
    {"pin 654321\npin 654322\npin 765432\npin 765432\n", 4, 1, ERR_NONE, "765432"},
    {"pin 654321\npin 6543210\nnew-pin 765432\n", 3, 1, ERR_NONE, "765432"},
    {"pin 654321\npin\npin 1\npin\npin 2\npin 2\n", 6, 2, ERR_NONE, "2"},
    {"pin\n", 1, 0, ERR_NONE, ""},
    {"new-pin\n", 1, 0, ERR_NONE, ""},
    {"pin " LONGEST "\npin " LONGEST "\n", 2, 0, ERR_NONE, LONGEST},
    {"pin " LONGEST "4\n", 1, 0, ERR_PIN_LENGTH, NULL},
    {"pin 654321\npin " LONGEST "4\n", 2, 0, ERR_PIN_LENGTH, NULL},
    {"new-pin " LONGEST "4\n", 1, 0, ERR_PIN_LENGTH, NULL},
    {"cancel\n", 1, 0, ERR_PROMPT_CANCELLED, NULL},
    {"pin 654321\ncancel\n", 2, 0, ERR_PROMPT_CANCELLED, NULL},
    {"pin 654321\ndie\n", 2, 0, ERR_PROMPT_UNAVAILABLE, NULL},
    {"pin 654321\ntimeout\n", 2, 0, ERR_PROMPT_TIMEOUT, NULL},
};

static void a_pinentry_without_a_second_entry(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(in_two); i++) {
        struct err err = ERR_INIT;
        struct typing typing = {0};
        AUTO(secret_freep) struct secret *pin = NULL;
        close_prompt(state);
        assert_int_equal(open_prompt(state), 0);
        plan(in_two[i].plan);
        enum err_code code = ask_new_pin(5000, &typing, &pin, &err);
        if (code != in_two[i].code || (pin == NULL) != (in_two[i].pin == NULL) ||
            (pin != NULL && !span_equal(secret_peek(pin), span_text(in_two[i].pin))))
            fail_msg("%s: %s (%s)", in_two[i].plan, err_code_text(code), err.detail);
        assert_int_equal(count_in_log("GETPIN\n"), in_two[i].dialogs);
        assert_int_equal(count_in_log("SETERROR 两次输入的密码不一致\n"), in_two[i].errors);
    }
}

static void the_second_dialog_says_what_it_is(void **state)
{
    struct err err = ERR_INIT;
    struct typing typing = {0};
    AUTO(secret_freep) struct secret *pin = NULL;
    plan("pin 654321\npin 654321\n");
    assert_int_equal(ask_new_pin(5000, &typing, &pin, &err), ERR_NONE);
    assert_int_equal(count_in_log("SETPROMPT CA锁密码\n"), 1);
    assert_int_equal(count_in_log("SETPROMPT 再次输入：\n"), 1);
    assert_int_equal(count_in_log("SETERROR 密码错误\n"), 1); /* not above the second entry */
    assert_int_equal(count_in_log("SETREPEAT "), 1);
}

static void both_dialogs_share_the_time(void **state)
{
    struct err err = ERR_INIT;
    struct secret *pin = NULL;
    plan("slow 0.4 pin 654321\nhang\n");
    int64_t begin = clock_monotonic_ms();
    assert_int_equal(ask_new_pin(1000, NULL, &pin, &err), ERR_PROMPT_TIMEOUT);
    assert_in_range(clock_monotonic_ms() - begin, 995, 1300);
    assert_null(pin);
}

static void each_refusal_has_its_code(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
        struct err err = ERR_INIT;
        struct secret *pin = NULL;
        plan(refusals[i].plan);
        enum err_code code = ask_pin(600, &pin, &err);
        if (code != refusals[i].code)
            fail_msg("%s: %s (%s)", refusals[i].plan, err_code_text(code), err.detail);
        assert_null(pin);
    }
}

static void confirmations(void **state)
{
    static const struct {
        const char *plan;
        enum err_code code;
    } cases[] = {{"ok", ERR_NONE},
                 {"not-ok", ERR_PROMPT_CANCELLED},
                 {"cancel", ERR_PROMPT_CANCELLED},
                 {"timeout", ERR_PROMPT_TIMEOUT},
                 {"die", ERR_PROMPT_UNAVAILABLE}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct err err = ERR_INIT;
        struct prompt_question asked = question(5000);
        plan(cases[i].plan);
        assert_int_equal(prompt->class->confirm(prompt, &asked, NULL, &err), cases[i].code);
    }
}

static unsigned times_in_log(const char *needle)
{
    unsigned count = 0;
    AUTO(bytes_freep) struct bytes *log = log_of();
    for (const char *at = strstr((const char *)log->at, needle); at != NULL;
         at = strstr(at + 1, needle))
        count++;
    return count;
}

static void a_yes_that_comes_at_once_does_not_count(void **state)
{
    struct err err = ERR_INIT;
    struct prompt_question asked = question(10000);
    plan("fast ok\nfast ok\nok\n");
    assert_int_equal(prompt->class->confirm(prompt, &asked, NULL, &err), ERR_NONE);
    assert_int_equal(times_in_log("CONFIRM\n"), 3);
    assert_int_equal(times_in_log("过快"), 2);
}

static void a_no_that_comes_at_once_counts(void **state)
{
    struct err err = ERR_INIT;
    struct prompt_question asked = question(10000);
    plan("fast not-ok\nok\n");
    assert_int_equal(prompt->class->confirm(prompt, &asked, NULL, &err), ERR_PROMPT_CANCELLED);
    plan("fast ok\nfast cancel\nok\n");
    assert_int_equal(prompt->class->confirm(prompt, &asked, NULL, &err), ERR_PROMPT_CANCELLED);
}

static void a_key_that_is_held_down_confirms_nothing(void **state)
{
    struct err err = ERR_INIT;
    struct prompt_question asked = question(10000);
    plan("fast ok\nfast ok\nfast ok\nfast ok\nfast ok\nfast ok\nfast ok\nfast ok\n");
    assert_int_equal(prompt->class->confirm(prompt, &asked, NULL, &err), ERR_PROMPT_UNAVAILABLE);
    assert_int_equal(times_in_log("CONFIRM\n"), 5);
}

static void a_dialog_that_keeps_no_time_is_ended(void **state)
{
    static const struct {
        const char *plan;
        int most_ms;
    } cases[] = {{"hang", 700}, {"slow 3 pin 123456", 700}, {"stubborn", 1300}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct err err = ERR_INIT;
        struct secret *pin = NULL;
        plan(cases[i].plan);
        int64_t begin = clock_monotonic_ms();
        assert_int_equal(ask_pin(500, &pin, &err), ERR_PROMPT_TIMEOUT);
        assert_in_range(clock_monotonic_ms() - begin, 495, cases[i].most_ms);
    }
}

static void a_patient_dialog_is_waited_for(void **state)
{
    struct err err = ERR_INIT;
    AUTO(secret_freep) struct secret *pin = NULL;
    plan("slow 0.4 pin 123456\n");
    assert_int_equal(ask_pin(5000, &pin, &err), ERR_NONE);
}

static void no_time_at_all(void **state)
{
    struct err err = ERR_INIT;
    struct secret *pin = NULL;
    plan("pin 123456\n");
    assert_int_equal(ask_pin(0, &pin, &err), ERR_PROMPT_TIMEOUT);
}

static void *cancel_soon(void *context)
{
    usleep(300000);
    cancel_request(context);
    return NULL;
}

static void a_cancelled_operation_withdraws_the_dialog(void **state)
{
    struct err err = ERR_INIT;
    struct secret *pin = NULL;
    AUTO(cancel_freep) struct cancel *cancel = NULL;
    assert_int_equal(cancel_new(&cancel, &err), ERR_NONE);
    struct prompt_question asked = question(5000);
    plan("hang\n");
    pthread_t thread;
    int64_t begin = clock_monotonic_ms();
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, cancel), 0);
    assert_int_equal(prompt->class->pin(prompt, &asked, cancel, &pin, &err), ERR_CANCELLED);
    assert_in_range(clock_monotonic_ms() - begin, 299, 500);
    pthread_join(thread, NULL);
    /* And none is opened afterwards. */
    plan("pin 123456\n");
    assert_int_equal(prompt->class->pin(prompt, &asked, cancel, &pin, &err), ERR_CANCELLED);
    assert_null(pin);
}

static void *ask_slowly(void *context)
{
    struct err err = ERR_INIT;
    AUTO(secret_freep) struct secret *pin = NULL;
    *(enum err_code *)context = ask_pin(5000, &pin, &err);
    return NULL;
}

static void one_dialog_at_a_time(void **state)
{
    struct err err = ERR_INIT;
    struct secret *pin = NULL;
    enum err_code first = ERR_INTERNAL;
    pthread_t thread;
    plan("slow 0.6 pin 123456\n");
    assert_int_equal(pthread_create(&thread, NULL, ask_slowly, &first), 0);
    usleep(200000);
    assert_int_equal(ask_pin(5000, &pin, &err), ERR_PROMPT_BUSY);
    pthread_join(thread, NULL);
    assert_int_equal(first, ERR_NONE);
    plan("pin 123456\n");
    assert_int_equal(ask_pin(5000, &pin, &err), ERR_NONE);
    secret_free(pin);
}

static void programs_that_are_no_pinentry(void **state)
{
    static const char *const programs[] = {"/nonexistent/pinentry", "/bin/false", "/bin/true",
                                           "/bin/ls"};
    for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
        struct err err = ERR_INIT;
        struct secret *pin = NULL;
        struct launch_task task;
        AUTO(launch_freep) struct launch *other_launch = NULL;
        struct prompt_question asked = question(2000);
        assert_int_equal(prompt_process_task(programs[i], &task, &err), ERR_NONE);
        assert_int_equal(launch_new(&task, 1, &other_launch, &err), ERR_NONE);
        struct prompt *other = prompt_pinentry_new(other_launch, 0, LANG_EN);
        enum err_code code = other->class->pin(other, &asked, NULL, &pin, &err);
        prompt_pinentry_free(other);
        if (code != ERR_PROMPT_UNAVAILABLE)
            fail_msg("%s: %s (%s)", programs[i], err_code_text(code), err.detail);
    }
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_prompt, close_prompt)
    const struct CMUnitTest tests[] = {
        TEST(the_pin_comes_back),
        TEST(the_dialog_gets_its_texts),
        TEST(missing_texts_are_left_out),
        TEST(a_new_pin_is_typed_twice_in_one_dialog),
        TEST(without_a_judge_there_is_no_quality_bar),
        TEST(nothing_of_it_is_asked_for_an_old_pin),
        TEST(a_pinentry_without_a_second_entry),
        TEST(the_second_dialog_says_what_it_is),
        TEST(both_dialogs_share_the_time),
        TEST(each_refusal_has_its_code),
        TEST(confirmations),
        TEST(a_yes_that_comes_at_once_does_not_count),
        TEST(a_no_that_comes_at_once_counts),
        TEST(a_key_that_is_held_down_confirms_nothing),
        TEST(a_dialog_that_keeps_no_time_is_ended),
        TEST(a_patient_dialog_is_waited_for),
        TEST(no_time_at_all),
        TEST(a_cancelled_operation_withdraws_the_dialog),
        TEST(one_dialog_at_a_time),
        TEST(programs_that_are_no_pinentry),
    };
    if (argc != 2)
        return 99;
    fake = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
