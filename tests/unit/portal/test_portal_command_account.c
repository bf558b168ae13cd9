#include "portal/portal_command_account.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
/* needs some of the above */
#include <cmocka.h>

#include "command_runner.h"
#include "portal/portal_account.h"

static int saved_input = -1;

/* What the next command reads. */
static void type(const char *text)
{
    FILE *file = tmpfile();
    fputs(text, file);
    fflush(file);
    rewind(file);
    if (saved_input < 0)
        saved_input = dup(STDIN_FILENO);
    dup2(fileno(file), STDIN_FILENO);
    lseek(STDIN_FILENO, 0, SEEK_SET);
    fclose(file);
}

static int teardown(void **state)
{
    dup2(saved_input, STDIN_FILENO);
    close(saved_input);
    return world_teardown(state);
}

static bool matches(struct world *world, const char *login, const char *text)
{
    AUTO(portal_account_freep) struct portal_account *account = NULL;
    AUTO(secret_freep) struct secret *password = NULL;
    struct err err = ERR_INIT;
    bool matched = false;
    world_must(portal_account_find(world->portal, login, &account, &err), &err);
    world_must(portal_password_take(span_text(text), &password, &err), &err);
    world_must(portal_password_matches(&account->password, password, &matched, &err), &err);
    return matched;
}

static void the_password_is_the_first_line(void **state)
{
    type("correct horse\nand no more\n");
    AUTO(json_freep)
    struct json *added = command_json(*state, "user|add|--login|zhang|--name|张三|--role|bidder|"
                                              "--organisation|" WORLD_ORGANISATION);
    assert_string_equal(command_text(added, "login"), "zhang");
    assert_true(matches(*state, "zhang", "correct horse"));
    type("correct staple\r\n");
    AUTO(json_freep) struct json *changed = command_json(*state, "user|password|--login|zhang");
    assert_true(matches(*state, "zhang", "correct staple"));
    type("battery staple");
    AUTO(json_freep) struct json *again = command_json(*state, "user|password|--login|ZHANG");
    assert_true(matches(*state, "zhang", "battery staple"));
}

static void a_password_that_is_none_is_refused(void **state)
{
    AUTO(memory_freep) char *longest = memory_printf("%0511d\n", 1);
    AUTO(memory_freep) char *longer = memory_printf("%0512d\n", 1);
    const char *const wrong[] = {"", "\n", "short\n", "reviewer1234\n", longest, longer};
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        type(wrong[i]);
        assert_int_equal(
            command_refused(*state, "user|add|--login|reviewer1234|--name|x|--role|reviewer"),
            ERR_PASSWORD_RULES);
    }
}

static void wrong_words_are_refused(void **state)
{
    type("correct horse\n");
    assert_int_equal(command_refused(*state, "user|add|--login|x1|--name|x|--role|root"),
                     ERR_FIELD_VALUE);
    assert_int_equal(command_refused(*state, "user|add|--login|x/1|--name|x|--role|reviewer"),
                     ERR_FIELD_VALUE);
    assert_int_equal(command_refused(*state, "user|add|--login|x1|--name|x|--role|bidder"),
                     ERR_FIELD_VALUE);
    assert_int_equal(command_refused(*state, "user|add|--login|x1|--name|x"), ERR_USAGE);
    type("correct horse\n");
    assert_int_equal(command_refused(*state, "user|password|--login|nobody"), ERR_NO_SUCH_RECORD);
    assert_int_equal(command_refused(*state, "user|disable|--login|nobody"), ERR_NO_SUCH_RECORD);
}

static void accounts_are_closed_and_opened(void **state)
{
    type("correct horse\n");
    AUTO(json_freep)
    struct json *added = command_json(*state, "user|add|--login|shen|--name|审|--role|reviewer");
    AUTO(json_freep) struct json *closed = command_json(*state, "user|disable|--login|shen");
    AUTO(json_freep) struct json *list = command_json(*state, "user|list");
    AUTO(memory_freep) char *text = json_print(list);
    assert_string_equal(command_text(closed, "login"), "shen");
    assert_non_null(strstr(text, "\"login\":\"shen\",\"name\":\"审\",\"role\":\"reviewer\","
                                 "\"organisation\":null,\"disabled\":true"));
    AUTO(json_freep) struct json *opened = command_json(*state, "user|enable|--login|shen");
    AUTO(json_freep) struct json *again = command_json(*state, "user|list");
    AUTO(memory_freep) char *now = json_print(again);
    assert_null(strstr(now, "\"disabled\":true"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_password_is_the_first_line),
        cmocka_unit_test(a_password_that_is_none_is_refused),
        cmocka_unit_test(wrong_words_are_refused),
        cmocka_unit_test(accounts_are_closed_and_opened),
    };
    return cmocka_run_group_tests(tests, world_setup, teardown);
}
