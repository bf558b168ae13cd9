#include "token/virtual/virtual_piv.h"

#include <stdlib.h>
#include <unistd.h>

#include "piv_bench.h"
#include "token/virtual/virtual_piv_profile.h"

static const struct virtual_piv_profile *full(void)
{
    return virtual_piv_profile_find("piv-full");
}

static const struct virtual_piv_profile *plain(void)
{
    return virtual_piv_profile_find("piv-plain");
}

static void is_there_once_it_is_selected(void **state)
{
    (void)state;
    struct piv_bench bench;
    piv_bench_init(&bench, full());
    virtual_card_reset(bench.bench.card);
    assert_int_equal(bench_send(&bench.bench, "00200080"), 0x6D00);
    assert_int_equal(bench_send(&bench.bench, "00C0000000"), 0x6D00);
    assert_int_equal(piv_bench_select(&bench), 0x9000);
    assert_int_equal(bench_send(&bench.bench, "00200080"), 0x63C3);
    assert_int_equal(bench_send(&bench.bench, "00EE0000"), 0x6D00);
    assert_int_equal(bench_send(&bench.bench, "80200080"), 0x6E00);
    assert_int_equal(bench_send(&bench.bench, "10200080 08 " PIN), 0x6E00);
    assert_int_equal(bench_send(&bench.bench, "002000"), 0x6700);
    piv_bench_done(&bench);
}

static void may_be_selected_by_the_power(void **state)
{
    (void)state;
    struct piv_bench bench;
    piv_bench_init(&bench, virtual_piv_profile_find("piv-odd"));
    virtual_card_reset(bench.bench.card);
    assert_int_equal(bench_send(&bench.bench, "00200080"), 0x63C5);
    piv_bench_done(&bench);
}

static void answers_only_on_request_when_so_made(void **state)
{
    (void)state;
    struct piv_bench bench;
    piv_bench_init(&bench, plain());
    unsigned status = bench_send(&bench.bench, "00A40400 09 A00000030800001000");
    assert_int_equal(status >> 8, 0x61);
    assert_int_equal(bench.bench.answer->len, 0);
    unsigned length = status & 0xFF;
    assert_int_equal(bench_send(&bench.bench, "00C00000 05"), 0x6100 | (length - 5));
    assert_int_equal(bench.bench.answer->len, 5);
    assert_int_equal(bench_send(&bench.bench, "00C00100 00"), 0x6A86);
    assert_int_equal(bench_send(&bench.bench, "00C00000 00"), 0x9000);
    assert_int_equal(bench.bench.answer->len, length - 5);
    assert_int_equal(bench_send(&bench.bench, "00C00000 00"), 0x6985);
    piv_bench_done(&bench);
}

static void drops_a_long_answer_for_another_command(void **state)
{
    (void)state;
    struct piv_bench bench;
    piv_bench_init(&bench, plain());
    assert_int_equal(bench_send(&bench.bench, "00A40400 09 A00000030800001000") >> 8, 0x61);
    assert_int_equal(bench_send(&bench.bench, "00200080"), 0x63C3);
    assert_int_equal(bench_send(&bench.bench, "00C00000 00"), 0x6985);
    piv_bench_done(&bench);
}

static void put(struct piv_bench *bench, size_t bytes)
{
    struct bytes *content = bytes_new_size(bytes);
    memset(content->at, 0x5A, bytes);
    assert_true(virtual_piv_objects_put(bench->objects, 0x5FC105, span_bytes(content)));
    bytes_free(content);
}

static void gives_long_answers_in_parts_of_256_bytes(void **state)
{
    (void)state;
    struct piv_bench bench;
    piv_bench_init(&bench, full());
    put(&bench, 600);
    assert_int_equal(bench_send(&bench.bench, "00CB3FFF 05 5C035FC105 00"), 0x6100);
    assert_int_equal(bench.bench.answer->len, 256);
    assert_int_equal(bench_send(&bench.bench, "00C00000 00"), 0x6100 | (604 - 512));
    assert_int_equal(bench_send(&bench.bench, "00C00000 00"), 0x9000);
    assert_int_equal(bench.bench.answer->len, 604 - 512);
    assert_int_equal(bench_send(&bench.bench, "00CB3FFF 000005 5C035FC105 0000"), 0x9000);
    assert_int_equal(bench.bench.answer->len, 604);
    assert_int_equal(bench_send(&bench.bench, "00CB3FFF 05 5C035FC105 10"), 0x6100);
    assert_int_equal(bench.bench.answer->len, 16);
    piv_bench_done(&bench);
}

static void takes_commands_in_blocks(void **state)
{
    (void)state;
    struct piv_bench bench;
    piv_bench_init(&bench, plain());
    assert_int_equal(piv_bench_manage(&bench), 0x9000);
    assert_int_equal(bench_send(&bench.bench, "10DB3FFF 06 5C035FC10553"), 0x9000);
    assert_null(virtual_piv_objects_get(bench.objects, 0x5FC105));
    assert_int_equal(bench_send(&bench.bench, "10DB3FFF 02 0470"), 0x9000);
    assert_int_equal(bench_send(&bench.bench, "00DB3FFF 03 02AABB"), 0x9000);
    assert_int_equal(piv_bench_fetch(&bench, "00CB3FFF 05 5C035FC105 00"), 0x9000);
    bench_expect(&bench.bench, "5304 7002AABB");
    piv_bench_done(&bench);
}

static void another_command_ends_a_chain(void **state)
{
    (void)state;
    struct piv_bench bench;
    piv_bench_init(&bench, full());
    assert_int_equal(piv_bench_manage(&bench), 0x9000);
    assert_int_equal(bench_send(&bench.bench, "10DB3FFF 06 5C035FC10553"), 0x9000);
    assert_int_equal(bench_send(&bench.bench, "00200080"), 0x63C3);
    assert_int_equal(bench_send(&bench.bench, "00DB3FFF 05 047002AABB"), 0x6A80);
    assert_int_equal(bench_send(&bench.bench, "10DB3FFF"), 0x6700);
    assert_null(virtual_piv_objects_get(bench.objects, 0x5FC105));
    piv_bench_done(&bench);
}

static void a_chain_has_an_end(void **state)
{
    (void)state;
    struct piv_bench bench;
    AUTO(memory_freep) char *block = memory_new(2 * 255 + 1);
    memset(block, '0', 2 * 255);
    piv_bench_init(&bench, full());
    unsigned status = 0x9000;
    int blocks = 0;
    for (; status == 0x9000 && blocks < 100; blocks++)
        status = bench_send(&bench.bench, "10DB3FFF FF %s", block);
    assert_int_equal(status, 0x6A84);
    assert_int_equal(blocks, 16 * 1024 / 255 + 1);
    piv_bench_done(&bench);
}

static void forgets_log_ins_with_the_power(void **state)
{
    (void)state;
    struct piv_bench bench;
    piv_bench_init(&bench, full());
    assert_int_equal(piv_bench_verify(&bench), 0x9000);
    assert_int_equal(piv_bench_manage(&bench), 0x9000);
    virtual_card_reset(bench.bench.card);
    assert_int_equal(piv_bench_select(&bench), 0x9000);
    assert_int_equal(bench_send(&bench.bench, "00200080"), 0x63C3);
    assert_int_equal(piv_bench_generate(&bench, 0x9C, 0x11), 0x6982);
    piv_bench_done(&bench);
}

static void saves_what_lasts_before_it_answers(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    char folder[] = "/tmp/virtual-piv-XXXXXX";
    assert_non_null(mkdtemp(folder));
    AUTO(memory_freep) char *path = memory_printf("%s/key.json", folder);
    struct virtual_piv_objects *objects = virtual_piv_objects_new(full(), "7", NULL);
    struct piv_bench bench = {.objects = objects,
                              .bench.card = virtual_card_new_piv(objects, path)};
    piv_bench_select(&bench);
    assert_int_equal(bench_send(&bench.bench, "00200080 08 " WRONG_PIN), 0x63C2);
    AUTO(virtual_card_freep) struct virtual_card *again = NULL;
    assert_int_equal(virtual_card_load(path, &again, &err), ERR_NONE);
    assert_string_equal(virtual_card_family(again), "piv");
    assert_string_equal(virtual_card_serial(again), "7");
    assert_int_equal(virtual_card_piv_objects(again)->pin.left, 2);
    assert_null(virtual_card_objects(again));
    unlink(path);
    rmdir(folder); /* now nothing can be saved */
    assert_int_equal(bench_send(&bench.bench, "00200080 08 " WRONG_PIN), 0x6581);
    piv_bench_done(&bench);
}

/* Every instruction with every small body, and bodies of random bytes. */
static void survives_any_bytes(void **state)
{
    (void)state;
    for (size_t p = 0; virtual_piv_profile_at(p) != NULL; p++) {
        struct piv_bench bench;
        piv_bench_init(&bench, virtual_piv_profile_at(p));
        assert_int_equal(piv_bench_manage(&bench), 0x9000);
        for (unsigned i = 0; i < 4096; i++) {
            uint8_t command[40];
            virtual_crypto_random(command, sizeof command);
            command[0] = i % 3 == 0 ? 0x10 : 0;
            command[1] = (uint8_t)i;
            command[4] = (uint8_t)(i % (sizeof command - 5));
            if (command[1] == 0x47) /* takes long */
                continue;
            AUTO(bytes_freep)
            struct bytes *answer = virtual_card_process(
                bench.bench.card,
                span_of(command, i % 7 == 0 ? i % sizeof command : (size_t)command[4] + 5));
            assert_true(answer->len >= 2);
        }
        piv_bench_done(&bench);
    }
}

/* Its check byte is right, and its capabilities are those of the profile. */
static void has_an_answer_to_reset(void **state)
{
    (void)state;
    static const uint8_t capabilities[] = {0x80, 0x73, 0xC0, 0x21, 0xC0};
    for (size_t p = 0; virtual_piv_profile_at(p) != NULL; p++) {
        struct piv_bench bench;
        uint8_t check = 0;
        piv_bench_init(&bench, virtual_piv_profile_at(p));
        struct span atr = virtual_card_atr(bench.bench.card);
        for (size_t i = 1; i < atr.len; i++)
            check ^= atr.at[i];
        assert_int_equal(check, 0);
        assert_int_equal(memcmp(atr.at + 4, capabilities, sizeof capabilities) == 0,
                         virtual_piv_profile_at(p)->extended_length);
        piv_bench_done(&bench);
    }
}

static void is_known_from_outside(void **state)
{
    (void)state;
    struct piv_bench bench;
    piv_bench_init(&bench, plain());
    struct virtual_card *card = bench.bench.card;
    assert_int_equal(virtual_card_count(card, 0xA4), 1);
    assert_int_equal(virtual_card_count(card, 0xC0), 1);
    assert_string_equal(virtual_card_command_name(card, 0x20), "VERIFY");
    assert_string_equal(virtual_card_command_name(card, 0xC0), "GET RESPONSE");
    assert_string_equal(virtual_card_command_name(card, 0x21), "unknown");
    assert_true(virtual_card_latency_ms(card, 0x47) > virtual_card_latency_ms(card, 0xCB));
    piv_bench_done(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_there_once_it_is_selected),
        cmocka_unit_test(may_be_selected_by_the_power),
        cmocka_unit_test(answers_only_on_request_when_so_made),
        cmocka_unit_test(drops_a_long_answer_for_another_command),
        cmocka_unit_test(gives_long_answers_in_parts_of_256_bytes),
        cmocka_unit_test(takes_commands_in_blocks),
        cmocka_unit_test(another_command_ends_a_chain),
        cmocka_unit_test(a_chain_has_an_end),
        cmocka_unit_test(forgets_log_ins_with_the_power),
        cmocka_unit_test(saves_what_lasts_before_it_answers),
        cmocka_unit_test(survives_any_bytes),
        cmocka_unit_test(has_an_answer_to_reset),
        cmocka_unit_test(is_known_from_outside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
