#include "piv_bench.h"
#include "token/virtual/virtual_piv_profile.h"

static void init(struct piv_bench *bench, const char *profile)
{
    piv_bench_init(bench, virtual_piv_profile_find(profile));
}

static void tells_what_it_is_when_selected(void **state)
{
    (void)state;
    struct piv_bench bench;
    init(&bench, "piv-odd");
    assert_int_equal(bench_send(&bench.bench, "00A40400 0B A000000308000010000100 00"), 0x9000);
    bench_expect(&bench.bench, "6126 4F06 000010000100 7907 4F05 A000000308 5005 6C6162656C"
                               "AC0C 800108 800107 800111 060100");
    assert_int_equal(bench_send(&bench.bench, "00A40400 05 A000000308"), 0x9000);
    piv_bench_done(&bench);
}

static void is_selected_by_its_own_name_only(void **state)
{
    (void)state;
    static const struct {
        const char *command;
        unsigned status;
    } cases[] = {
        {"00A40400 09 A00000030800001001", 0x6A82},
        {"00A40400 0C A00000030800001000010000", 0x6A82},
        {"00A40400 04 A0000003", 0x6A82},
        {"00A40400", 0x6A82},
        {"00A40000 09 A00000030800001000", 0x6A86},
        {"00A40402 09 A00000030800001000", 0x6A86},
    };
    struct piv_bench bench;
    init(&bench, "piv-full");
    assert_int_equal(piv_bench_verify(&bench), 0x9000);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(bench_send(&bench.bench, "%s", cases[i].command), cases[i].status);
    /* Whoever was selected before still is, and logged in. */
    assert_int_equal(bench_send(&bench.bench, "00200080"), 0x9000);
    assert_int_equal(piv_bench_select(&bench), 0x9000);
    assert_int_equal(bench_send(&bench.bench, "00200080"), 0x63C3);
    piv_bench_done(&bench);
}

static void writes_and_reads_objects(void **state)
{
    (void)state;
    struct piv_bench bench;
    init(&bench, "piv-full");
    assert_int_equal(bench_send(&bench.bench, "00CB3FFF 05 5C035FC10A 00"), 0x6A82);
    assert_int_equal(bench_send(&bench.bench, "00DB3FFF 0A 5C035FC10A 5303 7001AA"), 0x6982);
    assert_int_equal(piv_bench_manage(&bench), 0x9000);
    assert_int_equal(bench_send(&bench.bench, "00DB3FFF 0A 5C035FC10A 5303 7001AA"), 0x9000);
    assert_int_equal(bench_send(&bench.bench, "00CB3FFF 05 5C035FC10A 00"), 0x9000);
    bench_expect(&bench.bench, "5303 7001AA");
    assert_int_equal(bench_send(&bench.bench, "00DB3FFF 09 5C035FC10A 5302 7000"), 0x9000);
    assert_int_equal(bench_send(&bench.bench, "00CB3FFF 05 5C035FC10A 00"), 0x9000);
    bench_expect(&bench.bench, "5302 7000");
    piv_bench_done(&bench);
}

static void empties_objects(void **state)
{
    (void)state;
    static const struct {
        const char *profile;
        unsigned status;
    } cases[] = {{"piv-full", 0x6A82}, {"piv-plain", 0x9000}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct piv_bench bench;
        init(&bench, cases[i].profile);
        assert_int_equal(piv_bench_manage(&bench), 0x9000);
        assert_int_equal(bench_send(&bench.bench, "00DB3FFF 0A 5C035FC10A 5303 7001AA"), 0x9000);
        assert_int_equal(bench_send(&bench.bench, "00DB3FFF 07 5C035FC10A 5300"), 0x9000);
        assert_int_equal(piv_bench_fetch(&bench, "00CB3FFF 05 5C035FC10A 00"), cases[i].status);
        bench_expect(&bench.bench, cases[i].status == 0x9000 ? "5300" : "");
        piv_bench_done(&bench);
    }
}

static void keeps_the_standards_list_where_it_must(void **state)
{
    (void)state;
    static const struct {
        const char *profile;
        const char *tag;
        unsigned status;
    } cases[] = {
        {"piv-full", "5FFF10", 0x9000},  {"piv-odd", "5FFF11", 0x9000},
        {"piv-plain", "5FFF10", 0x6A82}, {"piv-plain", "5FC120", 0x9000},
        {"piv-plain", "5FC124", 0x6A82}, {"piv-plain", "5FC100", 0x6A82},
        {"piv-full", "6FC101", 0x6A82},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct piv_bench bench;
        init(&bench, cases[i].profile);
        assert_int_equal(piv_bench_manage(&bench), 0x9000);
        assert_int_equal(bench_send(&bench.bench, "00DB3FFF 0A 5C03%s 5303 7001AA", cases[i].tag),
                         cases[i].status);
        piv_bench_done(&bench);
    }
}

static void refuses_malformed_commands(void **state)
{
    (void)state;
    static const struct {
        const char *command;
        unsigned status;
    } cases[] = {
        {"00CB3F00 05 5C035FC10A 00", 0x6A86},
        {"00CB00FF 05 5C035FC10A 00", 0x6A86},
        {"00CB3FFF 06 5C045FC10A00 00", 0x6A80},
        {"00CB3FFF 02 5C00 00", 0x6A80},
        {"00CB3FFF 05 5D035FC10A 00", 0x6A80},
        {"00CB3FFF 07 5C035FC10A5300 00", 0x6A80},
        {"00DB3F00 0A 5C035FC10A 5303 7001AA", 0x6A86},
        {"00DB3FFF 05 5C035FC10A", 0x6A80},
        {"00DB3FFF 0A 5C035FC10A 5403 7001AA", 0x6A80},
        {"00DB3FFF 0B 5C035FC10A 5303 7001AA00", 0x6A80},
        {"00DB3FFF 0A 5C035FC10A 5304 7001AA", 0x6A80},
        {"00DB3FFF 05 7E035301AA", 0x6A80},
        {"00DB3FFF 06 5C017E 5301AA", 0x6A80},
    };
    struct piv_bench bench;
    init(&bench, "piv-full");
    assert_int_equal(piv_bench_manage(&bench), 0x9000);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(bench_send(&bench.bench, "%s", cases[i].command), cases[i].status);
    assert_int_equal(bench.objects->object_count, 0);
    piv_bench_done(&bench);
}

static void some_objects_need_the_pin(void **state)
{
    (void)state;
    struct piv_bench bench;
    static const uint8_t content[] = {1, 2};
    init(&bench, "piv-full");
    assert_true(virtual_piv_objects_put(bench.objects, 0x5FC109, SPAN_ARRAY(content)));
    assert_int_equal(bench_send(&bench.bench, "00CB3FFF 05 5C035FC109 00"), 0x6982);
    assert_int_equal(piv_bench_verify(&bench), 0x9000);
    assert_int_equal(bench_send(&bench.bench, "00CB3FFF 05 5C035FC109 00"), 0x9000);
    piv_bench_done(&bench);
}

static void has_a_discovery_object(void **state)
{
    (void)state;
    struct piv_bench bench;
    init(&bench, "piv-full");
    assert_int_equal(bench_send(&bench.bench, "00CB3FFF 03 5C017E 00"), 0x9000);
    bench_expect(&bench.bench, "7E12 4F0B A000000308000010000100 5F2F02 4000");
    piv_bench_done(&bench);
}

/* An object that is too large leaves the one that was there. */
static void a_refused_object_changes_nothing(void **state)
{
    (void)state;
    struct piv_bench bench;
    AUTO(memory_freep) char *block = memory_new(2 * 255 + 1);
    init(&bench, "piv-odd");
    memset(block, 'A', 2 * 255);
    assert_int_equal(piv_bench_manage(&bench), 0x9000);
    assert_int_equal(bench_send(&bench.bench, "00DB3FFF 0A 5C035FC10A 5303 7001AA"), 0x9000);
    /* 2049 bytes: 8 blocks of 255 and 9. */
    assert_int_equal(bench_send(&bench.bench, "10DB3FFF 09 5C035FC10A 53820801"), 0x9000);
    for (int i = 0; i < 8; i++)
        assert_int_equal(bench_send(&bench.bench, "10DB3FFF FF %s", block), 0x9000);
    assert_int_equal(bench_send(&bench.bench, "00DB3FFF 09 AAAAAAAAAAAAAAAAAA"), 0x6A84);
    assert_int_equal(bench_send(&bench.bench, "00CB3FFF 05 5C035FC10A 00"), 0x9000);
    bench_expect(&bench.bench, "5303 7001AA");
    piv_bench_done(&bench);
}

/* The present object gives way to what of the next one has come. */
static void writes_as_it_comes(void **state)
{
    (void)state;
    struct piv_bench bench;
    init(&bench, "piv-blocks");
    assert_int_equal(piv_bench_manage(&bench), 0x9000);
    assert_int_equal(bench_send(&bench.bench, "00DB3FFF 0A 5C035FC10A 5303 7001AA"), 0x9000);
    assert_int_equal(bench_send(&bench.bench, "10DB3FFF 0A 5C035FC10A 5305 700301"), 0x9000);
    assert_int_equal(bench_send(&bench.bench, "00CB3FFF 05 5C035FC10A 00"), 0x9000);
    bench_expect(&bench.bench, "5305 700301");
    assert_int_equal(bench_send(&bench.bench, "00DB3FFF 02 0203"), 0x6A80);
    assert_int_equal(bench_send(&bench.bench, "10DB3FFF 0A 5C035FC10A 5305 700301"), 0x9000);
    assert_int_equal(bench_send(&bench.bench, "10DB3FFF 01 02"), 0x9000);
    assert_int_equal(bench_send(&bench.bench, "00DB3FFF 01 03"), 0x9000);
    assert_int_equal(bench_send(&bench.bench, "00CB3FFF 05 5C035FC10A 00"), 0x9000);
    bench_expect(&bench.bench, "5305 7003010203");
    piv_bench_done(&bench);
}

static void refuses_the_first_block_of_what_it_would_not_write(void **state)
{
    (void)state;
    static const struct {
        const char *command;
        unsigned status;
    } cases[] = {
        {"10DB3FFF 0A 5C035FFF10 5305 700301", 0x6A82},
        {"10DB3FFF 06 5C017E 530501", 0x6A80},
        {"10DB3F00 0A 5C035FC10A 5305 700301", 0x6A86},
        {"10DB3FFF 0A 5C035FC10A 5302 700301", 0x6A80},
        {"10DB3FFF 0B 5C035FC10A 53820BB5 70AA", 0x9000},
    };
    struct piv_bench bench;
    init(&bench, "piv-blocks");
    assert_int_equal(bench_send(&bench.bench, "10DB3FFF 0A 5C035FC10A 5305 700301"), 0x6982);
    assert_int_equal(piv_bench_manage(&bench), 0x9000);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(bench_send(&bench.bench, "%s", cases[i].command), cases[i].status);
    assert_int_equal(bench.objects->object_count, 1);
    piv_bench_done(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_what_it_is_when_selected),
        cmocka_unit_test(is_selected_by_its_own_name_only),
        cmocka_unit_test(writes_and_reads_objects),
        cmocka_unit_test(empties_objects),
        cmocka_unit_test(keeps_the_standards_list_where_it_must),
        cmocka_unit_test(refuses_malformed_commands),
        cmocka_unit_test(some_objects_need_the_pin),
        cmocka_unit_test(has_a_discovery_object),
        cmocka_unit_test(a_refused_object_changes_nothing),
        cmocka_unit_test(writes_as_it_comes),
        cmocka_unit_test(refuses_the_first_block_of_what_it_would_not_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
