#include "token/virtual/virtual_card.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "bench.h"
#include "token/virtual/virtual_state.h"

static struct virtual_profile plain(void)
{
    return *virtual_profile_find("gmt0017-2012");
}

static void checks_class_instruction_and_parameters(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench, virtual_profile_find("gmt0017-2012"));
    static const struct {
        const char *command;
        unsigned status;
    } cases[] = {
        {"00040000 000000", 0x6E00},
        {"84040000 000000", 0x6E00},
        {"80990000 000000", 0x6D00},
        {"80FF0000", 0x6D00},
        {"80560000 000000", 0x6A81},
        {"80A00000 000000", 0x6A81},
        {"80120002", 0x6E00},
        {"94120002", 0x6882},
        {"80040001 000000", 0x6A86},
        {"80040100 000000", 0x6A86},
        {"80100000", 0x6A81},
        {"80100001", 0x6A81},
        {"80100003", 0x6A86},
        {"80140002 000002 1000 0003", 0x6A86},
        {"800400", 0x6700},
        {"8004000000", 0x6700},
        {"80", 0x6700},
        {"", 0x6700},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(bench_send(&bench, "%s", cases[i].command), cases[i].status);
    bench_done(&bench);
}

static void demands_open_applications_and_containers(void **state)
{
    (void)state;
    struct bench bench;
    struct virtual_profile profile = plain();
    for (int i = 0; i < 2; i++) {
        profile.closed_container = i == 0 ? 0x6A94 : 0x698A;
        bench_init(&bench, &profile);
        assert_int_equal(bench_send(&bench, "80460000 000002 1000 0000"), 0x698A);
        assert_int_equal(bench_send(&bench, "80460000 000002 1001 0000"), 0x6A88);
        assert_int_equal(bench_send(&bench, "80460000 000001 10 0000"), 0x6700);
        bench_open(&bench);
        assert_int_equal(bench_send(&bench, "80460000 000002 1000 0000"), 0x9000);
        assert_int_equal(bench_send(&bench, "80440000 000004 1000 3001"), profile.closed_container);
        assert_int_equal(bench_send(&bench, "80440000 000004 1000 3002"), 0x6A94);
        assert_int_equal(bench_send(&bench, "80440000 000003 1000 30"), 0x6700);
        bench_open_container(&bench);
        assert_int_equal(bench_send(&bench, "80440000 000004 1000 3001"), 0x9000);
        bench_done(&bench);
    }
}

static void holds_le_to_the_profile_s_rule(void **state)
{
    (void)state;
    static const struct {
        const char *command;
        unsigned exact, enough, ignored;
    } cases[] = {
        /* an answer of a fixed length */
        {"80140001 000002 1000 0003", 0x9000, 0x9000, 0x9000},
        {"80140001 000002 1000 0000", 0x9000, 0x9000, 0x9000},
        {"80140001 000002 1000", 0x6700, 0x9000, 0x9000},
        {"80140001 000002 1000 0002", 0x6C03, 0x6C03, 0x9000},
        {"80140001 000002 1000 0004", 0x6C03, 0x9000, 0x9000},
        /* an answer of its own length */
        {"80220000 000000", 0x9000, 0x9000, 0x9000},
        {"80220000 000005", 0x9000, 0x9000, 0x9000},
        {"80220000 000004", 0x6C05, 0x6C05, 0x9000},
        {"80220000 000006", 0x6C05, 0x9000, 0x9000},
        {"80220000", 0x6700, 0x9000, 0x9000},
        /* no answer */
        {"801C0000 000002 1000", 0x9000, 0x9000, 0x9000},
        {"801C0000 000002 1000 0000", 0x6700, 0x9000, 0x9000},
        /* as much as is asked for */
        {"80500000", 0x6700, 0x6700, 0x6700},
        /* more than 255 bytes */
        {"80040000 00011F", 0x6C00, 0x6C00, 0x9000},
    };
    struct virtual_profile profile = plain();
    for (int rule = VIRTUAL_LE_EXACT; rule <= VIRTUAL_LE_IGNORED; rule++) {
        struct bench bench;
        profile.le = (enum virtual_le)rule;
        bench_init(&bench, &profile);
        bench_open(&bench);
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
            assert_int_equal(bench_send(&bench, "%s", cases[i].command),
                             rule == VIRTUAL_LE_EXACT    ? cases[i].exact
                             : rule == VIRTUAL_LE_ENOUGH ? cases[i].enough
                                                         : cases[i].ignored);
        bench_done(&bench);
    }
}

static void refuses_a_wrong_le_before_it_acts(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench, virtual_profile_find("gmt0017-2012"));
    bench_log_in(&bench);
    bench_open_container(&bench);
    assert_int_equal(bench_send(&bench, "80700000 000008 1000 3001 00000100 0041"), 0x6C40);
    assert_null(bench.container->slots[VIRTUAL_SLOT_SIGN].pair);
    bench_done(&bench);
}

/* As captured from a real key: a certificate of 529 bytes comes as 496 with 6A9E and 37 with 9000. */
static void gives_long_answers_in_parts(void **state)
{
    (void)state;
    struct bench bench;
    AUTO(bytes_freep) struct bytes *der = bytes_new_size(529);
    memset(der->at, 0xAB, der->len);
    bench_init(&bench, virtual_profile_find("longmai"));
    bench_put_sign_pair(&bench);
    virtual_objects_set_certificate(&bench.container->slots[VIRTUAL_SLOT_SIGN], span_bytes(der));
    bench_open(&bench);
    bench_open_container(&bench);
    static const char export[] = "804E0100 000004 1000 3001 0000";
    for (int round = 0; round < 2; round++) {
        assert_int_equal(bench_send(&bench, export), 0x6A9E);
        assert_int_equal(bench.answer->len, 496);
        assert_int_equal(bench_send(&bench, export), 0x9000);
        assert_int_equal(bench.answer->len, 37);
    }
    /* Another command in between drops what is left. */
    assert_int_equal(bench_send(&bench, export), 0x6A9E);
    assert_int_equal(bench_send(&bench, "80220000 000000"), 0x9000);
    assert_int_equal(bench_send(&bench, export), 0x6A9E);
    assert_memory_equal(bench.answer->at, "\0\0\x02\x11\xAB", 5);
    /* Exactly one part needs no second. */
    virtual_objects_set_certificate(&bench.container->slots[VIRTUAL_SLOT_SIGN],
                                    span_of(der->at, 492));
    assert_int_equal(bench_send(&bench, "80220000 000000"), 0x9000);
    assert_int_equal(bench_send(&bench, export), 0x9000);
    assert_int_equal(bench.answer->len, 496);
    bench_done(&bench);
}

static void joins_chained_commands(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench, virtual_profile_find("gmt0017-2012"));
    assert_int_equal(bench_send(&bench, "90020000 000003 616263"), 0x9000);
    assert_int_equal(bench_send(&bench, "90020000 000002 6465"), 0x9000);
    assert_int_equal(bench_send(&bench, "80020000 000001 66"), 0x9000);
    assert_string_equal(bench.objects->label.at, "abcdef");
    /* A command that does not belong to the chain ends it. */
    assert_int_equal(bench_send(&bench, "90020000 000003 616263"), 0x9000);
    assert_int_equal(bench_send(&bench, "80220000 000000"), 0x9000);
    assert_int_equal(bench_send(&bench, "80020000 000001 7A"), 0x9000);
    assert_string_equal(bench.objects->label.at, "z");
    assert_int_equal(bench_send(&bench, "90020000 000003 616263"), 0x9000);
    assert_int_equal(bench_send(&bench, "90220000 000003 616263"), 0x6700);
    assert_int_equal(bench_send(&bench, "80020000 000001 79"), 0x9000);
    assert_string_equal(bench.objects->label.at, "y");
    bench_done(&bench);
}

static void bounds_commands_and_chains(void **state)
{
    (void)state;
    struct bench bench;
    struct virtual_profile profile = plain();
    AUTO(bytes_freep) struct bytes *data = bytes_new_size(4097);
    AUTO(memory_freep) char *hex = hex_encode(span_bytes(data));
    bench_init(&bench, &profile);
    assert_int_equal(bench_send(&bench, "90020000 001001 %s", hex), 0x6700);
    for (int i = 0; i < 4; i++)
        assert_int_equal(bench_send(&bench, "90020000 001000 %s", hex + 2), 0x9000);
    assert_int_equal(bench_send(&bench, "90020000 000001 00"), 0x6700);
    assert_int_equal(bench_send(&bench, "80020000 000001 78"), 0x9000);
    assert_string_equal(bench.objects->label.at, "x");
    bench_done(&bench);
}

static void loses_the_session_with_the_power(void **state)
{
    (void)state;
    struct bench bench;
    for (int how = 0; how < 3; how++) {
        bench_init(&bench, virtual_profile_find("syno"));
        bench_log_in(&bench);
        bench_challenge(&bench);
        if (how == 0)
            virtual_card_reset(bench.card);
        if (how == 1)
            virtual_card_power_off(bench.card);
        if (how == 2)
            virtual_card_power_on(bench.card);
        assert_int_equal(bench_send(&bench, "80460000 000002 0010 0000"), 0x698A);
        bench_open(&bench);
        assert_int_equal(bench_send(&bench, "80400000 000003 0010 61 0002"), 0x6982);
        assert_int_equal(bench_send(&bench, "80180001 000012 0010 " USER_ZEROS), 0x6984);
        assert_int_equal(bench.application->pins[VIRTUAL_PIN_USER].left, 8);
        bench_done(&bench);
    }
}

static void saves_each_change_before_it_answers(void **state)
{
    (void)state;
    struct bench bench;
    struct err err = ERR_INIT;
    char folder[] = "/tmp/virtual-card-XXXXXX";
    assert_non_null(mkdtemp(folder));
    AUTO(memory_freep) char *path = memory_printf("%s/key.json", folder);
    bench_init(&bench, virtual_profile_find("gmt0017-2012"));
    assert_int_equal(virtual_state_save(bench.objects, path, &err), ERR_NONE);
    bench_done(&bench);
    assert_int_equal(virtual_card_load(path, &bench.card, &err), ERR_NONE);
    bench_open(&bench);
    assert_int_equal(bench_send(&bench, "80500000 000008"), 0x9000);
    assert_int_equal(bench_send(&bench, "80180001 000012 1000 " WRONG_ANSWER), 0x63C5);
    struct virtual_objects *stored = NULL;
    assert_int_equal(virtual_state_load(path, &stored, &err), ERR_NONE);
    assert_int_equal(stored->applications[0]->pins[VIRTUAL_PIN_USER].left, 5);
    assert_int_equal(stored->commands, 3);
    virtual_objects_free(stored);
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    /* Without its folder it can't save, and says so. */
    unlink(path);
    rmdir(folder);
    assert_int_equal(bench_send(&bench, "80020000 000001 61"), 0x6581);
    bench_done(&bench);
}

static void counts_commands(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench, virtual_profile_find("gmt0017-2012"));
    bench_send(&bench, "80220000 000000");
    bench_send(&bench, "80220000 000000");
    bench_send(&bench, "800000");
    assert_int_equal(virtual_card_count(bench.card, 0x22), 2);
    assert_int_equal(virtual_card_objects(bench.card)->commands, 3);
    virtual_card_clear_counts(bench.card);
    assert_int_equal(virtual_card_count(bench.card, 0x22), 0);
    assert_string_equal(virtual_card_command_name(bench.card, 0x22), "EnumApplication");
    assert_string_equal(virtual_card_command_name(bench.card, 0x23), "unknown");
    bench_done(&bench);
}

static void announces_both_protocols(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench, virtual_profile_find("gmt0017-2012"));
    AUTO(memory_freep) char *hex = hex_encode(virtual_card_atr(bench.card));
    assert_string_equal(hex, "3B858001554B45594442");
    bench_done(&bench);
}

static void survives_any_bytes(void **state)
{
    (void)state;
    struct bench bench;
    uint8_t bytes[96];
    for (size_t p = 0; virtual_profile_at(p) != NULL; p++) {
        bench_init(&bench, virtual_profile_at(p));
        bench_open(&bench);
        for (int i = 0; i < 20000; i++) {
            virtual_crypto_random(bytes, sizeof bytes);
            size_t len = bytes[95] % 95;
            bytes[0] = (uint8_t)(0x80 | (bytes[0] & 0x14));
            bytes[1] &= 0xFE;
            if (bytes[1] == 0x54)
                continue; /* RSA generation only takes time */
            bytes[2] &= bytes[92] & 1 ? 0 : 0x13;
            bytes[3] &= bytes[93] & 1 ? 0 : 0x03;
            bytes[4] = bytes[5] = 0;
            bytes[6] = (uint8_t)(len < 7 ? 0 : len - 7 - (bytes[94] & 2));
            bytes[7] = bench.objects->profile->little_endian ? 0x00 : 0x10;
            bytes[8] = bench.objects->profile->little_endian ? 0x10 : 0x00;
            AUTO(bytes_freep)
            struct bytes *answer = virtual_card_process(bench.card, span_of(bytes, len));
            assert_true(answer->len >= 2 && answer->len <= VIRTUAL_ANSWER_BYTES_MAX);
        }
        bench_done(&bench);
    }
}

static void loads_no_card_of_an_unknown_family(void **state)
{
    (void)state;
    static const char *const texts[] = {"{\"family\":\"other\"}", "{\"family\":1}",
                                        "{\"family\":null}"};
    struct err err = ERR_INIT;
    struct virtual_card *card = NULL;
    char path[] = "/tmp/virtual-card-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(virtual_card_load("/nowhere/key.json", &card, &err), ERR_FILE_MISSING);
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        assert_int_equal(file_write_atomic(path, span_text(texts[i]), 0600, &err), ERR_NONE);
        assert_int_equal(virtual_card_load(path, &card, &err), ERR_FIELD_VALUE);
    }
    assert_null(card);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checks_class_instruction_and_parameters),
        cmocka_unit_test(demands_open_applications_and_containers),
        cmocka_unit_test(holds_le_to_the_profile_s_rule),
        cmocka_unit_test(refuses_a_wrong_le_before_it_acts),
        cmocka_unit_test(gives_long_answers_in_parts),
        cmocka_unit_test(joins_chained_commands),
        cmocka_unit_test(bounds_commands_and_chains),
        cmocka_unit_test(loses_the_session_with_the_power),
        cmocka_unit_test(saves_each_change_before_it_answers),
        cmocka_unit_test(counts_commands),
        cmocka_unit_test(announces_both_protocols),
        cmocka_unit_test(survives_any_bytes),
        cmocka_unit_test(loads_no_card_of_an_unknown_family),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
