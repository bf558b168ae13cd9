#include "token/virtual/virtual_objects.h"

#include <stdio.h>

#include "bench.h"

static struct virtual_name name_of(const char *text)
{
    struct virtual_name name;
    assert_true(virtual_objects_set_name(&name, span_text(text), VIRTUAL_NAME_BYTES_MAX));
    return name;
}

static void takes_names_within_their_limit(void **state)
{
    (void)state;
    struct virtual_name name;
    assert_false(virtual_objects_set_name(&name, SPAN_NONE, 4));
    assert_true(virtual_objects_set_name(&name, span_text("1234"), 4));
    assert_string_equal(name.at, "1234");
    assert_false(virtual_objects_set_name(&name, span_text("12345"), 4));
    assert_false(virtual_objects_set_name(&name, span_of("1\0002", 3), 4));
    assert_string_equal(name.at, "1234");
}

static void refuses_serials_and_labels_that_do_not_fit(void **state)
{
    (void)state;
    const struct virtual_profile *profile = virtual_profile_find("longmai");
    static const char long_text[] = "123456789012345678901234567890123";
    assert_null(virtual_objects_new(profile, "", NULL));
    assert_null(virtual_objects_new(profile, long_text, NULL));
    assert_null(virtual_objects_new(profile, "1", long_text));
    AUTO(virtual_objects_freep)
    struct virtual_objects *objects = virtual_objects_new(profile, long_text + 1, long_text + 1);
    assert_non_null(objects);
}

static void gives_ids_that_are_free(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench, virtual_profile_find("gmt0017-2012"));
    struct virtual_name a = name_of("a");
    struct virtual_name b = name_of("b");
    struct virtual_container *second = virtual_objects_add_container(bench.application, &a);
    assert_int_equal(bench.container->id, 0x3001);
    assert_int_equal(second->id, 0x3002);
    virtual_objects_remove_container(bench.application, bench.container);
    assert_int_equal(virtual_objects_add_container(bench.application, &b)->id, 0x3001);
    assert_ptr_equal(virtual_objects_container(bench.application, span_text("a")), second);
    assert_ptr_equal(virtual_objects_container_by_id(bench.application, 0x3002), second);
    assert_null(virtual_objects_container(bench.application, span_text("box")));
    struct virtual_application *other = virtual_objects_add_application(bench.objects, &a);
    assert_int_equal(other->id, 0x1001);
    virtual_objects_remove_application(bench.objects, other);
    assert_null(virtual_objects_application(bench.objects, span_text("a")));
    assert_ptr_equal(virtual_objects_application_by_id(bench.objects, 0x1000), bench.application);
    bench_done(&bench);
}

static void counts_bytes_and_certificates(void **state)
{
    (void)state;
    struct bench bench;
    struct virtual_profile profile = *virtual_profile_find("gmt0017-2012");
    bench_init(&bench, &profile);
    struct virtual_name name = name_of("f");
    size_t before = virtual_objects_used(bench.objects);
    struct virtual_file *file =
        virtual_objects_add_file(bench.application, &name, bytes_new_size(100));
    assert_int_equal(virtual_objects_used(bench.objects), before + 100 + VIRTUAL_OBJECT_BYTES);
    bench_put_sign_pair(&bench);
    virtual_objects_set_certificate(&bench.container->slots[VIRTUAL_SLOT_SIGN],
                                    span_text("certificate"));
    assert_int_equal(virtual_objects_certificates(bench.application), 1);
    assert_int_equal(virtual_objects_used(bench.objects),
                     before + 100 + VIRTUAL_OBJECT_BYTES + VIRTUAL_PAIR_BYTES + 11);
    profile.space_bytes = (uint32_t)virtual_objects_used(bench.objects) + 5;
    assert_true(virtual_objects_fit(bench.objects, 5));
    assert_false(virtual_objects_fit(bench.objects, 6));
    profile.space_bytes = 10;
    assert_false(virtual_objects_fit(bench.objects, 0));
    virtual_objects_remove_file(bench.application, file);
    assert_null(virtual_objects_file(bench.application, span_text("f")));
    bench_done(&bench);
}

static void knows_the_rights_of_the_standard(void **state)
{
    (void)state;
    static const int good[] = {0x00, 0x01, 0x10, 0x11, 0xFF};
    static const int bad[] = {0x02, 0x20, 0x12, 0xFE, 0x100, -1};
    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        assert_true(virtual_objects_rights_known(good[i]));
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_false(virtual_objects_rights_known(bad[i]));
}

static void forgets_the_session_without_power(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench, virtual_profile_find("gmt0017-2012"));
    bench.application->open = true;
    bench.application->logged_in[VIRTUAL_PIN_USER] = true;
    bench.application->logged_in[VIRTUAL_PIN_ADMIN] = true;
    bench.container->open = true;
    virtual_objects_power_lost(bench.objects);
    assert_false(bench.application->open || bench.application->logged_in[VIRTUAL_PIN_USER] ||
                 bench.application->logged_in[VIRTUAL_PIN_ADMIN] || bench.container->open);
    bench_done(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_names_within_their_limit),
        cmocka_unit_test(refuses_serials_and_labels_that_do_not_fit),
        cmocka_unit_test(gives_ids_that_are_free),
        cmocka_unit_test(counts_bytes_and_certificates),
        cmocka_unit_test(knows_the_rights_of_the_standard),
        cmocka_unit_test(forgets_the_session_without_power),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
