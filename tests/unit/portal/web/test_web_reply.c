#include "portal/web/web_reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "base/memory.h"
#include "portal/web/web.h"
#include "tests/unit/portal/world.h"

static void a_name_is_safe_in_the_header(void **state)
{
    static const struct {
        const char *name, *header;
    } cases[] = {
        {"invoice 1.pdf", "attachment; filename=\"invoice 1.pdf\"; "
                          "filename*=UTF-8''invoice%201.pdf"},
        {"驱动.zip", "attachment; filename=\"______.zip\"; "
                     "filename*=UTF-8''%E9%A9%B1%E5%8A%A8.zip"},
        {"a\"; filename=\"b.exe", "attachment; filename=\"a__ filename__b.exe\"; "
                                  "filename*=UTF-8''a%22%3B%20filename%3D%22b.exe"},
        {"a\r\nX: y", "attachment; filename=\"a__X_ y\"; filename*=UTF-8''a%0D%0AX%3A%20y"},
        {"../x", "attachment; filename=\".._x\"; filename*=UTF-8''..%2Fx"},
        {"", "attachment; filename=\"\"; filename*=UTF-8''"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(memory_freep) char *header = web_reply_disposition(cases[i].name);
        assert_string_equal(header, cases[i].header);
    }
}

static void a_long_name_is_cut(void **state)
{
    AUTO(memory_freep) char *name = memory_new(2001);
    memset(name, '%', 2000);
    AUTO(memory_freep) char *header = web_reply_disposition(name);
    assert_true(strlen(header) > 512 * 4);
    assert_true(strlen(header) < 512 * 4 + 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_safe_in_the_header),
        cmocka_unit_test(a_long_name_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
