/* For the tests of JSON: text that is read. */
#pragma once

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include "base/json.h"

#define LIMIT 4096 /* bytes of a document here */

static inline enum err_code parse(struct span text, struct json **out)
{
    struct err err = ERR_INIT;
    enum err_code code = json_parse(text, LIMIT, out, &err);
    assert_int_equal(code, err.code);
    return code;
}

static inline struct json *parsed(const char *text)
{
    struct json *json = NULL;
    if (parse(span_text(text), &json) != ERR_NONE)
        fail_msg("%s was refused", text);
    return json;
}
