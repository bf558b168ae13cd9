#include "agent/remote/remote_curl.h"

#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Whether libcurl is in this process already. */
static bool is_loaded(void)
{
    void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_NOLOAD);
    if (library != NULL)
        dlclose(library);
    return library != NULL;
}

static void it_is_loaded_by_the_first_call_only(void **state)
{
    struct err err = ERR_INIT;
    const struct remote_curl *first = NULL;
    const struct remote_curl *second = NULL;
    assert_false(is_loaded());
    assert_int_equal(remote_curl_get(&first, &err), ERR_NONE);
    assert_true(is_loaded());
    assert_int_equal(remote_curl_get(&second, &err), ERR_NONE);
    assert_ptr_equal(first, second);
}

static void its_functions_work(void **state)
{
    struct err err = ERR_INIT;
    const struct remote_curl *curl = NULL;
    assert_int_equal(remote_curl_get(&curl, &err), ERR_NONE);
    CURL *easy = curl->easy_init();
    CURLM *multi = curl->multi_init();
    assert_non_null(easy);
    assert_non_null(multi);
    assert_int_equal(curl->easy_setopt(easy, CURLOPT_URL, "https://127.0.0.1"), CURLE_OK);
    assert_string_equal(curl->easy_strerror(CURLE_OK), "No error");
    struct curl_slist *list = curl->slist_append(NULL, "Expect:");
    assert_string_equal(list->data, "Expect:");
    curl->slist_free_all(list);
    assert_int_equal(curl->multi_cleanup(multi), CURLM_OK);
    curl->easy_cleanup(easy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_loaded_by_the_first_call_only),
        cmocka_unit_test(its_functions_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
