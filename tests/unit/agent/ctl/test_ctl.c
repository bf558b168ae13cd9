#include "agent/ctl/ctl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/agent/ctl/stand_in_agent.h"

static enum err_code print(struct ctl *ctl, struct err *err)
{
    AUTO(json_freep) struct json *json = json_new_object();
    json_add_text(json, "name", "单位");
    ctl_print_json(ctl, json);
    return ERR_NONE;
}

static void json_is_wanted_when_asked_for(void **state)
{
    const struct ctl_options without = {.given = CTL_TICKET | CTL_LANG};
    const struct ctl_options with = {.given = CTL_TICKET | CTL_JSON};
    assert_false(ctl_wants_json(&(struct ctl){.options = &without}));
    assert_true(ctl_wants_json(&(struct ctl){.options = &with}));
}

static void json_is_printed_for_people_too(void **state)
{
    struct err err = ERR_INIT;
    struct ctl ctl = {0};
    AUTO(memory_freep) char *text = NULL;
    assert_int_equal(stand_in_agent_capture(print, &ctl, &text, &err), ERR_NONE);
    assert_string_equal(text, "{\n\t\"name\":\t\"单位\"\n}\n");
    assert_true(ctl.answered);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_is_wanted_when_asked_for),
        cmocka_unit_test(json_is_printed_for_people_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
