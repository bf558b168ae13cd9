#include "token/virtual/sim_options.h"

#include "bench.h"

struct values {
    const char *text;
    int64_t number;
    bool flag;
};

static enum err_code read_words(struct values *values, int *rest, const char *line)
{
    const struct sim_option options[] = {
        {"text", SIM_OPTION_TEXT, .required = true, .out = &values->text},
        {"number", SIM_OPTION_NUMBER, .min = -3, .max = 10, .out = &values->number},
        {"flag", SIM_OPTION_FLAG, .out = &values->flag},
    };
    static char copy[256]; /* values point into it */
    const char *words[16];
    int count = 0;
    struct err err = ERR_INIT;
    assert_true(strlen(line) < sizeof copy);
    memcpy(copy, line, strlen(line) + 1);
    char *left = copy;
    for (char *word = strsep(&left, " "); word != NULL; word = strsep(&left, " "))
        words[count++] = word;
    return sim_options_read(options, ARRAY_SIZE(options), words, *line == '\0' ? 0 : count, rest,
                            &err);
}

static void reads_all_forms(void **state)
{
    (void)state;
    struct values values = {0};
    assert_int_equal(read_words(&values, NULL, "--text a --number 10 --flag"), ERR_NONE);
    assert_string_equal(values.text, "a");
    assert_true(values.number == 10 && values.flag);
    values = (struct values){0};
    assert_int_equal(read_words(&values, NULL, "--number=-3 --text=b=c"), ERR_NONE);
    assert_string_equal(values.text, "b=c");
    assert_true(values.number == -3 && !values.flag);
    int rest = 0;
    assert_int_equal(read_words(&values, &rest, "--text a swap --file"), ERR_NONE);
    assert_int_equal(rest, 2);
}

static void refuses_everything_else(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "--number 1",
        "--text",
        "--text=",
        "--text a b",
        "--text a --other",
        "--text a --number 11",
        "--text a --number -4",
        "--text a --number 1x",
        "--text a --number x",
        "--text a --number=",
        "--text a --number 99999999999999999999",
        "--text a --flag=1",
        "--text a --fla",
        "--text a --",
        "-text a",
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct values values = {0};
        assert_int_equal(read_words(&values, NULL, bad[i]), ERR_USAGE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_all_forms),
        cmocka_unit_test(refuses_everything_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
