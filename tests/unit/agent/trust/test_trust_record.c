#include "agent/trust/trust_record.h"

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include "agent/trust/trust_pem.h"
#include "tests/unit/agent/trust/fixture.h"

static enum err_code read_record(struct home *home, struct trust_record *out)
{
    struct err err = ERR_INIT;
    return trust_record_read(home->folder, out, &err);
}

static void add_number(struct trust_record *record, uint8_t number)
{
    trust_record_add_cert(record, span_of(&number, 1));
}

static void test_what_is_written_is_read(void **state)
{
    struct home *home = *state;
    struct err err = ERR_INIT;
    AUTO(trust_record_done) struct trust_record record = {.wanted = true};
    AUTO(trust_record_done) struct trust_record back = {0};
    add_number(&record, 1);
    add_number(&record, 2);
    assert_int_equal(trust_record_add_place(&record, "/a/库", &err), ERR_NONE);
    assert_int_equal(trust_record_add_place(&record, "/a/库", &err), ERR_NONE);
    assert_int_equal(trust_record_add_made(&record, "/a", &err), ERR_NONE);
    assert_int_equal(trust_record_add_made(&record, "/a/b", &err), ERR_NONE);
    assert_int_equal(read_record(home, &back), ERR_FILE_MISSING);
    assert_int_equal(trust_record_write(home->folder, &record, &err), ERR_NONE);
    assert_int_equal(read_record(home, &back), ERR_NONE);
    assert_true(back.wanted);
    assert_int_equal(back.cert_count, 2);
    assert_true(trust_record_has_cert(&back, span_of("\1", 1)));
    assert_true(trust_record_has_cert(&back, span_of("\2", 1)));
    assert_false(trust_record_has_cert(&back, span_of("\3", 1)));
    assert_int_equal(back.place_count, 1);
    assert_string_equal(back.places[0], "/a/库");
    assert_int_equal(back.made_count, 2);
    assert_true(trust_record_made(&back, "/a/b"));
    assert_false(trust_record_made(&back, "/"));
    assert_int_equal(trust_record_delete(home->folder, &err), ERR_NONE);
    assert_int_equal(trust_record_delete(home->folder, &err), ERR_NONE);
    assert_int_equal(read_record(home, &back), ERR_FILE_MISSING);
}

static void test_the_present_one_is_the_last(void **state)
{
    AUTO(trust_record_done) struct trust_record record = {0};
    for (uint8_t i = 0; i < TRUST_RECORD_CERTS_MAX + 2; i++)
        add_number(&record, i);
    assert_int_equal(record.cert_count, TRUST_RECORD_CERTS_MAX);
    assert_false(trust_record_has_cert(&record, span_of("\1", 1)));
    add_number(&record, 5);
    assert_int_equal(record.cert_count, TRUST_RECORD_CERTS_MAX);
    trust_record_keep_last(&record);
    assert_int_equal(record.cert_count, 1);
    assert_int_equal(record.certs[0]->at[0], 5);
}

static void test_places_are_limited(void **state)
{
    struct err err = ERR_INIT;
    AUTO(trust_record_done) struct trust_record record = {0};
    for (int i = 0; i < TRUST_RECORD_PATHS_MAX; i++) {
        AUTO(memory_freep) char *path = memory_printf("/%d", i);
        assert_int_equal(trust_record_add_place(&record, path, &err), ERR_NONE);
    }
    assert_int_equal(trust_record_add_place(&record, "/more", &err), ERR_FILE);
    assert_int_equal(trust_record_add_place(&record, "/0", &err), ERR_NONE);
    assert_int_equal(trust_record_add_made(&record, "/\xff", &err), ERR_FILE);
}

static void test_damaged_ones(void **state)
{
    struct home *home = *state;
    static const char *const texts[] = {
        "",
        "{",
        "[]",
        "{}",
        "{\"wanted\":1,\"certificates\":[],\"places\":[],\"made\":[]}",
        "{\"wanted\":true,\"certificates\":[1],\"places\":[],\"made\":[]}",
        "{\"wanted\":true,\"certificates\":[\"A\"],\"places\":[],\"made\":[]}",
        "{\"wanted\":true,\"certificates\":[],\"places\":[\"../x\"],\"made\":[]}",
        "{\"wanted\":true,\"certificates\":[],\"places\":[],\"made\":[null]}",
    };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct trust_record record = {0};
        home_write(home, TRUST_RECORD_NAME, texts[i], 0600);
        assert_int_equal(read_record(home, &record), ERR_FILE);
        assert_int_equal(record.cert_count + record.place_count + record.made_count, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_is_written_is_read, home_start, home_stop),
        cmocka_unit_test(test_the_present_one_is_the_last),
        cmocka_unit_test(test_places_are_limited),
        cmocka_unit_test_setup_teardown(test_damaged_ones, home_start, home_stop),
    };
    return cmocka_run_group_tests_name("agent/trust/trust_record", tests, NULL, NULL);
}
