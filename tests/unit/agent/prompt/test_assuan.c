#include "agent/prompt/assuan.h"

#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"

#define SMALL 8

/* Our side and the dialog's. */
static int ours = -1;
static int theirs = -1;
static struct assuan *assuan;

static int open_pair(void **state)
{
    int pair[2];
    struct err err = ERR_INIT;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return -1;
    ours = pair[0];
    theirs = pair[1];
    return assuan_new(ours, &assuan, &err) == ERR_NONE ? 0 : -1;
}

static int close_pair(void **state)
{
    assuan_free(assuan);
    file_closep(&ours);
    file_closep(&theirs);
    return 0;
}

static void they_say(const char *text)
{
    assert_int_equal(write(theirs, text, strlen(text)), strlen(text));
}

static enum err_code receive(struct secret *data, struct assuan_answer *out, struct err *err)
{
    struct assuan_wait wait = {deadline_in_ms(150), NULL};
    return assuan_receive(assuan, &wait, data, out, err);
}

static struct secret *room(size_t capacity)
{
    struct err err = ERR_INIT;
    struct secret *secret = NULL;
    assert_int_equal(secret_new(capacity, &secret, &err), ERR_NONE);
    return secret;
}

/* What came, what the answer is; data NULL: none was kept. */
static const struct {
    const char *said;
    enum err_code code;
    bool ok;
    unsigned long number;
    const char *data;
} answers[] = {
    {"OK\n", ERR_NONE, true, 0, ""},
    {"OK Pleased to meet you\n", ERR_NONE, true, 0, ""},
    {"D 123456\nOK\n", ERR_NONE, true, 0, "123456"},
    {"D 12%253%34%0a\nOK\n", ERR_NONE, true, 0, "12%34\n"},
    {"D 12\nD 34\nOK\n", ERR_NONE, true, 0, "1234"},
    {"D 12345678\nOK\n", ERR_NONE, true, 0, "12345678"},
    {"D 123456789\nOK\n", ERR_PIN_LENGTH, false, 0, NULL},
    {"D 12345678\nD 9\nOK\n", ERR_PIN_LENGTH, false, 0, NULL},
    {"D \nOK\n", ERR_NONE, true, 0, ""},
    {"D 1%2\nOK\n", ERR_PROMPT_UNAVAILABLE, false, 0, NULL},
    {"D 1%\nOK\n", ERR_PROMPT_UNAVAILABLE, false, 0, NULL},
    {"D 1%zz\nOK\n", ERR_PROMPT_UNAVAILABLE, false, 0, NULL},
    {"S PASSWORD_FROM_CACHE\n# remark\n\nOK\n", ERR_NONE, true, 0, ""},
    {"S ERROR gtk2.isatty 83918950\nERR 83918950 no tty\n", ERR_NONE, false, 83918950, ""},
    {"ERR 83886179\n", ERR_NONE, false, 83886179, ""},
    {"ERR\n", ERR_NONE, false, 0, ""},
    {"ERR abc\n", ERR_NONE, false, 0, ""},
    {"INQUIRE QUALITY 12\nOK\n", ERR_NONE, true, 0, ""},
    {"OKAY\n", ERR_PROMPT_UNAVAILABLE, false, 0, NULL},
    {"D\nOK\n", ERR_PROMPT_UNAVAILABLE, false, 0, NULL},
    {"<html>\n", ERR_PROMPT_UNAVAILABLE, false, 0, NULL},
    {"OK", ERR_DEADLINE, false, 0, NULL},
    {"", ERR_DEADLINE, false, 0, NULL},
};

static void each_answer(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
        struct err err = ERR_INIT;
        struct assuan_answer answer = {0};
        AUTO(secret_freep) struct secret *data = room(SMALL);
        close_pair(state);
        assert_int_equal(open_pair(state), 0);
        they_say(answers[i].said);
        enum err_code code = receive(data, &answer, &err);
        if (code != answers[i].code)
            fail_msg("%s: %s (%s)", answers[i].said, err_code_text(code), err.detail);
        assert_null(strstr(err.detail, "1"));
        assert_int_equal(answer.ok, answers[i].ok);
        assert_int_equal(answer.code, answers[i].number);
        if (answers[i].data != NULL)
            assert_true(span_equal(secret_peek(data), span_text(answers[i].data)));
    }
}

static void data_can_be_dropped(void **state)
{
    struct err err = ERR_INIT;
    struct assuan_answer answer;
    they_say("D 123456789\nOK\n");
    assert_int_equal(receive(NULL, &answer, &err), ERR_NONE);
    assert_true(answer.ok);
}

static void answers_that_come_together_are_told_apart(void **state)
{
    struct err err = ERR_INIT;
    struct assuan_answer answer;
    they_say("OK\nERR 7\nOK\n");
    assert_int_equal(receive(NULL, &answer, &err), ERR_NONE);
    assert_true(answer.ok);
    assert_int_equal(receive(NULL, &answer, &err), ERR_NONE);
    assert_false(answer.ok);
    assert_int_equal(receive(NULL, &answer, &err), ERR_NONE);
    assert_true(answer.ok);
}

static void *say_slowly(void *context)
{
    for (const char *at = context; *at != '\0'; at++) {
        if (write(theirs, at, 1) != 1)
            break;
        usleep(2000);
    }
    return NULL;
}

static void an_answer_in_pieces(void **state)
{
    static char text[] = "S x\nD 12%2534\nOK\n";
    struct err err = ERR_INIT;
    struct assuan_answer answer;
    AUTO(secret_freep) struct secret *data = room(SMALL);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, say_slowly, text), 0);
    assert_int_equal(receive(data, &answer, &err), ERR_NONE);
    assert_true(span_equal(secret_peek(data), span_text("12%34")));
    pthread_join(thread, NULL);
}

static void an_inquiry_is_ended(void **state)
{
    struct err err = ERR_INIT;
    struct assuan_answer answer;
    char got[16] = {0};
    they_say("INQUIRE QUALITY 123456\nOK\n");
    assert_int_equal(receive(NULL, &answer, &err), ERR_NONE);
    assert_int_equal(read(theirs, got, sizeof got), 4);
    assert_string_equal(got, "END\n");
}

static void a_line_has_a_limit(void **state)
{
    for (int length = ASSUAN_LINE_BYTES_MAX - 1; length <= ASSUAN_LINE_BYTES_MAX; length++) {
        struct err err = ERR_INIT;
        struct assuan_answer answer;
        AUTO(memory_freep) char *line = memory_printf("# %0*d\nOK\n", length - 2, 7);
        they_say(line);
        assert_int_equal(receive(NULL, &answer, &err),
                         length < ASSUAN_LINE_BYTES_MAX ? ERR_NONE : ERR_PROMPT_UNAVAILABLE);
    }
}

static void lines_have_a_limit(void **state)
{
    struct err err = ERR_INIT;
    struct assuan_answer answer;
    AUTO(memory_freep) char *lines = memory_new(ASSUAN_LINES_MAX + sizeof "OK\n");
    memset(lines, '\n', ASSUAN_LINES_MAX - 1);
    memcpy(lines + ASSUAN_LINES_MAX - 1, "OK\n", sizeof "OK\n");
    they_say(lines);
    assert_int_equal(receive(NULL, &answer, &err), ERR_NONE);
    lines[ASSUAN_LINES_MAX - 1] = '\n';
    memcpy(lines + ASSUAN_LINES_MAX, "OK\n", sizeof "OK\n");
    they_say(lines);
    assert_int_equal(receive(NULL, &answer, &err), ERR_PROMPT_UNAVAILABLE);
}

/* What is typed, as the judge saw it; a test's PIN, so that ordinary memory will do. */
struct judge {
    int quality;
    int calls;
    char seen[64];
};

static int judge(void *context, struct span typed)
{
    struct judge *judge = context;
    snprintf(judge->seen, sizeof judge->seen, "%.*s", (int)typed.len, (const char *)typed.at);
    judge->calls++;
    return judge->quality;
}

/* What they asked, what the judge saw. */
static const struct {
    const char *said, *seen;
} inquiries[] = {
    {"INQUIRE QUALITY 123456\n", "123456"},
    {"INQUIRE QUALITY \n", ""},
    {"INQUIRE QUALITY\n", ""},
    {"INQUIRE QUALITY  1 \n", " 1 "},
    {"INQUIRE QUALITY a%2Bb+c\n", "a+b c"},
    {"INQUIRE QUALITY %25%0a%7F\n", "%\n\x7f"},
    {"INQUIRE QUALITY %41%4\n", "%41%4"},
    {"INQUIRE QUALITY %%%\n", "%%%"},
    {"INQUIRE QUALITY 密码\n", "密码"},
};

static void quality_is_told_while_it_is_typed(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(inquiries); i++) {
        struct err err = ERR_INIT;
        struct assuan_answer answer;
        struct judge seen = {.quality = 37};
        char got[32] = {0};
        assuan_set_quality(assuan, judge, &seen);
        they_say(inquiries[i].said);
        they_say("OK\n");
        assert_int_equal(receive(NULL, &answer, &err), ERR_NONE);
        assert_int_equal(seen.calls, 1);
        assert_string_equal(seen.seen, inquiries[i].seen);
        assert_true(read(theirs, got, sizeof got - 1) > 0);
        assert_string_equal(got, "D 37\nEND\n");
    }
}

static void a_quality_has_limits(void **state)
{
    static const struct {
        int quality;
        const char *answer;
    } cases[] = {{0, "D 0\nEND\n"},         {100, "D 100\nEND\n"},   {101, "D 100\nEND\n"},
                 {-1, "D -1\nEND\n"},       {-100, "D -100\nEND\n"}, {-101, "D -100\nEND\n"},
                 {INT_MIN, "D -100\nEND\n"}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct err err = ERR_INIT;
        struct assuan_answer answer;
        struct judge seen = {.quality = cases[i].quality};
        char got[32] = {0};
        assuan_set_quality(assuan, judge, &seen);
        they_say("INQUIRE QUALITY 1\nOK\n");
        assert_int_equal(receive(NULL, &answer, &err), ERR_NONE);
        assert_true(read(theirs, got, sizeof got - 1) > 0);
        assert_string_equal(got, cases[i].answer);
    }
}

/* A pinentry that checks constraints would send the PIN in another inquiry: it gets nothing. */
static void other_inquiries_are_not_judged(void **state)
{
    static const char *const said[] = {"INQUIRE CHECKPIN 1\nOK\n", "INQUIRE\nOK\n",
                                       "INQUIRE QUALITYBAR 1\nOK\n"};
    for (size_t i = 0; i < ARRAY_SIZE(said); i++) {
        struct err err = ERR_INIT;
        struct assuan_answer answer;
        struct judge seen = {.quality = 37};
        char got[16] = {0};
        assuan_set_quality(assuan, judge, &seen);
        they_say(said[i]);
        assert_int_equal(receive(NULL, &answer, &err), ERR_NONE);
        assert_int_equal(seen.calls, 0);
        assert_true(read(theirs, got, sizeof got - 1) > 0);
        assert_string_equal(got, "END\n");
    }
}

/* Whether at lies in memory of base/secret.c: left out of core dumps ("dd"). Its lock ("lo") would say the
 * same, but sanitizers make mlock do nothing. */
static bool is_secret_memory(const void *at)
{
    char line[256];
    uintptr_t from, to;
    bool here = false;
    bool found = false;
    FILE *maps = fopen("/proc/self/smaps", "re");
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps) != NULL) {
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
            here = (uintptr_t)at >= from && (uintptr_t)at < to;
        else if (here && strncmp(line, "VmFlags:", 8) == 0)
            found = strstr(line, " dd ") != NULL;
    }
    fclose(maps);
    return found;
}

static int judge_where(void *context, struct span typed)
{
    *(bool *)context = is_secret_memory(typed.at);
    return 0;
}

static void what_is_typed_is_judged_in_secret_memory(void **state)
{
    struct err err = ERR_INIT;
    struct assuan_answer answer;
    bool secret = false;
    AUTO(memory_freep) char *ordinary = memory_text("x");
    assuan_set_quality(assuan, judge_where, &secret);
    they_say("INQUIRE QUALITY 1%2B2\nOK\n");
    assert_int_equal(receive(NULL, &answer, &err), ERR_NONE);
    assert_true(secret);
    assert_false(is_secret_memory(ordinary));
}

static void a_repetition_is_noted_for_its_own_answer(void **state)
{
    struct err err = ERR_INIT;
    struct assuan_answer answer;
    they_say("S PIN_REPEATED\nD 1\nOK\nS PIN_REPEATED_NOT\nD 1\nOK\n");
    assert_int_equal(receive(NULL, &answer, &err), ERR_NONE);
    assert_true(answer.repeated);
    assert_int_equal(receive(NULL, &answer, &err), ERR_NONE);
    assert_false(answer.repeated);
}

/* More was typed than a line holds: that is the person's to mend. */
static void too_much_typed_is_told_apart(void **state)
{
    static const struct {
        const char *start;
        enum err_code code;
    } cases[] = {{"D ", ERR_PIN_LENGTH},
                 {"INQUIRE QUALITY ", ERR_PIN_LENGTH},
                 {"DD", ERR_PROMPT_UNAVAILABLE},
                 {"S ", ERR_PROMPT_UNAVAILABLE}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct err err = ERR_INIT;
        struct assuan_answer answer;
        AUTO(memory_freep) char *line = memory_printf("%s%0600d", cases[i].start, 7);
        close_pair(state);
        assert_int_equal(open_pair(state), 0);
        they_say(line);
        assert_int_equal(receive(NULL, &answer, &err), cases[i].code);
    }
}

static void the_end_of_the_process_is_seen(void **state)
{
    struct err err = ERR_INIT;
    struct assuan_answer answer;
    they_say("D 12\n");
    file_closep(&theirs);
    assert_int_equal(receive(NULL, &answer, &err), ERR_PROMPT_UNAVAILABLE);
    assert_int_equal(assuan_send(assuan, "GETPIN", NULL, &err), ERR_PROMPT_UNAVAILABLE);
}

static void *cancel_soon(void *context)
{
    usleep(30000);
    cancel_request(context);
    return NULL;
}

static void a_cancellation_is_heard_at_once(void **state)
{
    struct err err = ERR_INIT;
    struct assuan_answer answer;
    AUTO(cancel_freep) struct cancel *cancel = NULL;
    assert_int_equal(cancel_new(&cancel, &err), ERR_NONE);
    struct assuan_wait wait = {DEADLINE_NEVER, cancel};
    pthread_t thread;
    int64_t begin = clock_monotonic_ms();
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, cancel), 0);
    assert_int_equal(assuan_receive(assuan, &wait, NULL, &answer, &err), ERR_CANCELLED);
    assert_in_range(clock_monotonic_ms() - begin, 29, 120);
    pthread_join(thread, NULL);
}

static void arguments_are_escaped(void **state)
{
    struct err err = ERR_INIT;
    char got[128] = {0};
    assert_int_equal(assuan_send(assuan, "SETDESC", "50%\r\n单位\t名称\x7f!", &err), ERR_NONE);
    assert_int_equal(assuan_send(assuan, "GETPIN", NULL, &err), ERR_NONE);
    assert_true(read(theirs, got, sizeof got - 1) > 0);
    assert_string_equal(got, "SETDESC 50%25%0D%0A单位 名称 !\nGETPIN\n");
}

/* Nothing that a text holds may become a command of its own, and no line is longer than the limit. */
static void a_long_text_is_cut_between_characters(void **state)
{
    static const char *const units[] = {"x", "长", "%", "é", "\n"};
    for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
        struct err err = ERR_INIT;
        char text[4096] = {0};
        char got[4096] = {0};
        for (size_t k = 0; k < 1200; k++)
            strncat(text, units[i], sizeof text - strlen(text) - 1);
        assert_int_equal(assuan_send(assuan, "SETDESC", text, &err), ERR_NONE);
        ssize_t length = read(theirs, got, sizeof got - 1);
        assert_in_range(length, ASSUAN_COMMAND_BYTES_MAX - 4, ASSUAN_COMMAND_BYTES_MAX);
        assert_ptr_equal(strchr(got, '\n'), got + length - 1);
        if (strcmp(units[i], "长") == 0)
            assert_memory_equal(got + length - 4, "长", 3);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_pair, close_pair)
    const struct CMUnitTest tests[] = {
        TEST(each_answer),
        TEST(data_can_be_dropped),
        TEST(answers_that_come_together_are_told_apart),
        TEST(an_answer_in_pieces),
        TEST(an_inquiry_is_ended),
        TEST(a_line_has_a_limit),
        TEST(lines_have_a_limit),
        TEST(quality_is_told_while_it_is_typed),
        TEST(a_quality_has_limits),
        TEST(other_inquiries_are_not_judged),
        TEST(what_is_typed_is_judged_in_secret_memory),
        TEST(a_repetition_is_noted_for_its_own_answer),
        TEST(too_much_typed_is_told_apart),
        TEST(the_end_of_the_process_is_seen),
        TEST(a_cancellation_is_heard_at_once),
        TEST(arguments_are_escaped),
        TEST(a_long_text_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
