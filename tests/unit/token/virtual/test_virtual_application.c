/* virtual_application.c, through the card. */
#include "bench.h"

#define NAME_32 "4E45570000000000000000000000000000000000000000000000000000000000"
#define NAME_48 NAME_32 "00000000000000000000000000000000"
#define ADMIN_PIN "31323334353637380000000000000000"
#define USER_PIN "31323334353600000000000000000000"
/* "NEW", both PINs, 8 and 5 tries, files by the user, 2 containers, 4 certificates, 3 files. */
#define NEW_BIG \
    NAME_32 ADMIN_PIN "00000008" USER_PIN "00000005" \
                      "00000010" \
                      "02" \
                      "04" \
                      "0003"
#define NEW_LITTLE \
    NAME_48 ADMIN_PIN "08000000" USER_PIN "05000000" \
                      "10000000" \
                      "02" \
                      "04" \
                      "0300"

static void creates_opens_and_deletes(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench, virtual_profile_find("gmt0017-2012"));
    assert_int_equal(bench_send(&bench, "80200000 000050 " NEW_BIG), 0x6982);
    bench_authenticate(&bench);
    assert_int_equal(bench_send(&bench, "80200000 000050 " NEW_BIG), 0x9000);
    assert_int_equal(bench_send(&bench, "80200000 000050 " NEW_BIG), 0x6A89);
    assert_int_equal(bench_send(&bench, "80220000 000000"), 0x9000);
    bench_expect(&bench, "41505000 4E455700 00");
    assert_int_equal(bench_send(&bench, "80260000 000003 4E4557 000A"), 0x9000);
    bench_expect(&bench, "00000010 02 04 0003 1001");
    assert_int_equal(bench_send(&bench, "80140000 000002 1001 0003"), 0x9000);
    bench_expect(&bench, "080801");
    assert_int_equal(bench_send(&bench, "80140001 000002 1001 0003"), 0x9000);
    bench_expect(&bench, "050501");
    assert_int_equal(bench_send(&bench, "80240000 000003 4E4557"), 0x9000);
    assert_int_equal(bench_send(&bench, "80240000 000003 4E4557"), 0x6A88);
    virtual_card_reset(bench.card);
    assert_int_equal(bench_send(&bench, "80240000 000003 415050"), 0x6982);
    bench_done(&bench);
}

static void reads_fields_as_wide_and_ordered_as_the_profile_says(void **state)
{
    (void)state;
    struct bench bench;
    struct virtual_profile profile = *virtual_profile_find("syno");
    profile.applications_max = 2;
    bench_init(&bench, &profile);
    bench_authenticate(&bench);
    assert_int_equal(bench_send(&bench, "80200000 000050 " NEW_BIG), 0x6700);
    assert_int_equal(bench_send(&bench, "80200000 000060 " NEW_LITTLE), 0x9000);
    assert_int_equal(bench_send(&bench, "80260000 000003 4E4557 000A"), 0x9000);
    bench_expect(&bench, "10000000 02 04 0300 0110");
    bench_done(&bench);
}

static void refuses_what_it_can_not_keep(void **state)
{
    (void)state;
    static const struct {
        const char *data;
        unsigned status;
    } cases[] = {
        {NAME_32 "31323334350000000000000000000000"
                 "00000008" USER_PIN "00000005"
                 "00000010"
                 "02"
                 "04"
                 "0003",
         0x6A80}, /* administrator's PIN of 5 */
        {NAME_32 ADMIN_PIN "00000000" USER_PIN "00000005"
                           "00000010"
                           "02"
                           "04"
                           "0003",
         0x6A80},
        {NAME_32 ADMIN_PIN "0000000F" USER_PIN "00000010"
                           "00000010"
                           "02"
                           "04"
                           "0003",
         0x6A80},
        {NAME_32 ADMIN_PIN "00000008" USER_PIN "00000005"
                           "00000002"
                           "02"
                           "04"
                           "0003",
         0x6A80},
        {NAME_32 ADMIN_PIN "00000008" USER_PIN "00000005"
                           "00000010"
                           "09"
                           "04"
                           "0003",
         0x6A84},
        {NAME_32 ADMIN_PIN "00000008" USER_PIN "00000005"
                           "00000010"
                           "02"
                           "11"
                           "0003",
         0x6A84},
        {NAME_32 ADMIN_PIN "00000008" USER_PIN "00000005"
                           "00000010"
                           "02"
                           "04"
                           "0021",
         0x6A84},
        {"0000000000000000000000000000000000000000000000000000000000000000" ADMIN_PIN
         "00000008" USER_PIN "00000005"
         "00000010"
         "02"
         "04"
         "0003",
         0x6A80}, /* no name */
        {"4E00450000000000000000000000000000000000000000000000000000000000" ADMIN_PIN
         "00000008" USER_PIN "00000005"
         "00000010"
         "02"
         "04"
         "0003",
         0x6A80}, /* a hole in the name */
        {NAME_32 ADMIN_PIN "0000000F" USER_PIN "0000000F"
                           "000000FF"
                           "08"
                           "10"
                           "0020",
         0x9000},
    };
    struct bench bench;
    bench_init(&bench, virtual_profile_find("gmt0017-2012"));
    bench_authenticate(&bench);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(bench_send(&bench, "80200000 000050 %s", cases[i].data), cases[i].status);
    bench_done(&bench);
}

static void limits_the_number_of_applications(void **state)
{
    (void)state;
    struct bench bench;
    struct virtual_profile profile = *virtual_profile_find("gmt0017-2012");
    static const struct {
        uint8_t max;
        unsigned status;
    } cases[] = {{1, 0x6A90}, {2, 0x9000}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        profile.applications_max = cases[i].max;
        bench_init(&bench, &profile);
        bench_authenticate(&bench);
        assert_int_equal(bench_send(&bench, "80200000 000050 " NEW_BIG), cases[i].status);
        assert_int_equal(bench_send(&bench, "80200000 000050 4D%s", &NEW_BIG[2]),
                         cases[i].max == 1 ? 0x6A90 : 0x6A84);
        bench_done(&bench);
    }
    profile.space_bytes = 2 * VIRTUAL_OBJECT_BYTES + VIRTUAL_OBJECT_BYTES - 1;
    bench_init(&bench, &profile);
    bench_authenticate(&bench);
    assert_int_equal(bench_send(&bench, "80200000 000050 " NEW_BIG), 0x6A84);
    profile.space_bytes++;
    assert_int_equal(bench_send(&bench, "80200000 000050 " NEW_BIG), 0x9000);
    bench_done(&bench);
}

static void answers_unknown_names_as_the_profile_says(void **state)
{
    (void)state;
    struct bench bench;
    static const char *const profiles[] = {"gmt0017-2012", "syno"};
    static const unsigned statuses[] = {0x6A88, 0x6A8B};
    for (size_t i = 0; i < 2; i++) {
        bench_init(&bench, virtual_profile_find(profiles[i]));
        assert_int_equal(bench_send(&bench, "80260000 000003 585858 000A"), statuses[i]);
        assert_int_equal(bench_send(&bench, "80260000 00000A"), statuses[i]);
        assert_int_equal(bench_send(&bench, "80260000 000004 41505000 000A"), statuses[i]);
        bench_done(&bench);
    }
}

static void reopens_as_the_profile_says(void **state)
{
    (void)state;
    struct bench bench;
    struct virtual_profile profile = *virtual_profile_find("gmt0017-2012");
    for (int rule = VIRTUAL_REOPEN_REFUSED; rule <= VIRTUAL_REOPEN_ENDS_LOGIN; rule++) {
        profile.reopen = (enum virtual_reopen)rule;
        bench_init(&bench, &profile);
        bench_log_in(&bench);
        assert_int_equal(bench_send(&bench, "80260000 000003 415050 000A"),
                         rule == VIRTUAL_REOPEN_REFUSED ? 0x6A8A : 0x9000);
        assert_int_equal(bench.application->logged_in[VIRTUAL_PIN_USER],
                         rule != VIRTUAL_REOPEN_ENDS_LOGIN);
        bench_done(&bench);
    }
}

static void closes_with_or_without_ending_the_login(void **state)
{
    (void)state;
    struct bench bench;
    struct virtual_profile profile = *virtual_profile_find("gmt0017-2012");
    for (int ends = 0; ends <= 1; ends++) {
        profile.close_ends_login = ends == 1;
        bench_init(&bench, &profile);
        bench_log_in(&bench);
        bench_open_container(&bench);
        assert_int_equal(bench_send(&bench, "80280000 000003 1000 00"), 0x6700);
        assert_int_equal(bench_send(&bench, "80280000 000002 1000"), 0x9000);
        assert_int_equal(bench_send(&bench, "80280000 000002 1000"), 0x698A);
        bench_open(&bench);
        assert_int_equal(bench_send(&bench, "80400000 000003 1000 61 0002"),
                         ends == 1 ? 0x6982 : 0x9000);
        assert_int_equal(bench_send(&bench, "80440000 000004 1000 3001"), 0x6A94);
        bench_done(&bench);
    }
}

static void lists_nothing_on_an_empty_key(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench, virtual_profile_find("gmt0017-2012"));
    bench_authenticate(&bench);
    assert_int_equal(bench_send(&bench, "80240000 000003 415050"), 0x9000);
    assert_int_equal(bench_send(&bench, "80220000 000000"), 0x9000);
    bench_expect(&bench, "0000");
    assert_int_equal(bench_send(&bench, "80220000 000001 00 0000"), 0x6700);
    bench_done(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(creates_opens_and_deletes),
        cmocka_unit_test(reads_fields_as_wide_and_ordered_as_the_profile_says),
        cmocka_unit_test(refuses_what_it_can_not_keep),
        cmocka_unit_test(limits_the_number_of_applications),
        cmocka_unit_test(answers_unknown_names_as_the_profile_says),
        cmocka_unit_test(reopens_as_the_profile_says),
        cmocka_unit_test(closes_with_or_without_ending_the_login),
        cmocka_unit_test(lists_nothing_on_an_empty_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
