#include "agent/doctor/doctor_fetch.h"

#include "tests/unit/agent/doctor/fixture.h"

#define CURL_CONNECT 7
#define CURL_SCHEME 1

/* Servers that answer are met in scenario/doctor. */
static void each_tells_its_own_failure(void **state)
{
    struct err err = ERR_INIT;
    const struct doctor_fetch fetches[] = {
        {.url = "https://127.0.0.1:1/", .proxy = "", .timeout_ms = 5000},
        {.url = "http://127.0.0.1:1/", .proxy = "", .timeout_ms = 5000},
        {.url = "https://127.0.0.1:1/",
         .proxy = "http://127.0.0.1:2",
         .no_proxy = "127.0.0.1",
         .login = "a:b",
         .timeout_ms = 5000},
    };
    struct doctor_fetched fetched[ARRAY_SIZE(fetches)];
    assert_int_equal(doctor_fetch(fetches, ARRAY_SIZE(fetches), fetched, &err), ERR_NONE);
    assert_int_equal(fetched[0].curl_code, CURL_CONNECT);
    assert_non_null(strstr(fetched[0].words, "127.0.0.1 port 1 "));
    assert_int_equal(fetched[1].curl_code, CURL_SCHEME);
    assert_non_null(strstr(fetched[2].words, "127.0.0.1 port 1 "));
    for (size_t i = 0; i < ARRAY_SIZE(fetches); i++) {
        assert_int_equal(fetched[i].status, 0);
        assert_int_equal(fetched[i].date_utc, 0);
        assert_string_equal(fetched[i].subject, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_tells_its_own_failure)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
