#include <stdio.h>
#include <sys/stat.h>

#include "authority.h"
#include "base/clock.h"
#include "bench.h"
#include "token/virtual/sim_commands.h"
#include "token/virtual/virtual_card.h"
#include "token/virtual/virtual_state.h"

/* Words behind --state, --serial and the SM2 issuer. */
static enum err_code create(struct authority *authority, const char **more, int more_count)
{
    struct err err = ERR_INIT;
    const char *words[32] = {"--state",      authority->state,  "--serial",
                             "S1",           "--issuer-cert",   authority->sm2_cert,
                             "--issuer-key", authority->sm2_key};
    for (int i = 0; i < more_count; i++)
        words[8 + i] = more[i];
    return sim_create(words, 8 + more_count, &err);
}

static struct virtual_objects *load(const struct authority *authority)
{
    struct err err = ERR_INIT;
    struct virtual_objects *objects = NULL;
    assert_int_equal(virtual_state_load(authority->state, &objects, &err), ERR_NONE);
    return objects;
}

static void makes_the_usual_key(void **state)
{
    (void)state;
    struct authority authority;
    authority_init(&authority);
    assert_int_equal(create(&authority, NULL, 0), ERR_NONE);
    AUTO(virtual_objects_freep) struct virtual_objects *objects = load(&authority);
    assert_string_equal(objects->serial.at, "S1");
    assert_string_equal(objects->profile->name, "gmt0017-2012");
    const struct virtual_application *application = objects->applications[0];
    assert_true(
        span_equal(virtual_pin_peek(&application->pins[VIRTUAL_PIN_USER]), span_text("123456")));
    assert_true(
        span_equal(virtual_pin_peek(&application->pins[VIRTUAL_PIN_ADMIN]), span_text("12345678")));
    const struct virtual_container *container = application->containers[0];
    assert_int_equal(virtual_objects_container_kind(container), VIRTUAL_PAIR_SM2);
    assert_non_null(container->slots[VIRTUAL_SLOT_ENCRYPT].certificate);
    struct stat status;
    assert_int_equal(stat(authority.state, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    authority_done(&authority);
}

static void makes_what_is_wished_for(void **state)
{
    (void)state;
    struct authority authority;
    const char *wish[] = {"--algorithm", "rsa2048",        "--single", "--profile",
                          "longmai",     "--pin",          "1234",     "--admin-pin",
                          "admin",       "--container",    "box",      "--label",
                          "L",           "--days-left",    "-1",       "--holder",
                          "李四",        "--organisation", "某公司"};
    authority_init(&authority);
    assert_int_equal(create(&authority, wish, ARRAY_SIZE(wish)), ERR_NONE);
    AUTO(virtual_objects_freep) struct virtual_objects *objects = load(&authority);
    assert_string_equal(objects->label.at, "L");
    const struct virtual_container *container = objects->applications[0]->containers[0];
    assert_string_equal(container->name.at, "box");
    assert_int_equal(virtual_objects_container_kind(container), VIRTUAL_PAIR_RSA);
    assert_null(container->slots[VIRTUAL_SLOT_ENCRYPT].pair);
    authority_done(&authority);
}

static struct virtual_card *load_card(const struct authority *authority)
{
    struct err err = ERR_INIT;
    struct virtual_card *card = NULL;
    assert_int_equal(virtual_card_load(authority->state, &card, &err), ERR_NONE);
    return card;
}

static enum err_code create_piv(struct authority *authority, const char **more, int more_count)
{
    struct err err = ERR_INIT;
    const char *words[40] = {"--family",          "piv",          "--state",
                             authority->state,    "--force",      "--issuer-cert",
                             authority->rsa_cert, "--issuer-key", authority->rsa_key};
    for (int i = 0; i < more_count; i++)
        words[9 + i] = more[i];
    return sim_create(words, 9 + more_count, &err);
}

static void makes_piv_tokens(void **state)
{
    (void)state;
    struct authority authority;
    const char *usual[] = {"--serial", "12345678"};
    const char *wish[] = {"--serial",
                          "00112233445566778899AABBCCDDEEFF",
                          "--profile",
                          "piv-odd",
                          "--algorithm",
                          "rsa2048",
                          "--pin",
                          "654321",
                          "--puk",
                          "87654321",
                          "--management-algorithm",
                          "aes128",
                          "--management-key",
                          "0F0E0D0C0B0A09080706050403020100",
                          "--label",
                          "L"};
    authority_init(&authority);
    assert_int_equal(create_piv(&authority, usual, ARRAY_SIZE(usual)), ERR_NONE);
    AUTO(virtual_card_freep) struct virtual_card *first = load_card(&authority);
    assert_string_equal(virtual_card_serial(first), "12345678");
    assert_string_equal(virtual_card_piv_objects(first)->profile->name, "piv-full");
    assert_true(virtual_piv_objects_key_is_default(virtual_card_piv_objects(first)));
    assert_int_equal(create_piv(&authority, wish, ARRAY_SIZE(wish)), ERR_NONE);
    AUTO(virtual_card_freep) struct virtual_card *second = load_card(&authority);
    const struct virtual_piv_objects *objects = virtual_card_piv_objects(second);
    assert_int_equal(objects->cipher, VIRTUAL_PIV_AES128);
    assert_int_equal(objects->management_key[0], 0x0F);
    assert_memory_equal(objects->pin.value, "654321\xFF\xFF", 8);
    assert_memory_equal(objects->puk.value, "87654321", 8);
    assert_int_equal(virtual_pair_kind(objects->slots[0].pair), VIRTUAL_PAIR_RSA);
    authority_done(&authority);
}

static void refuses_wishes_that_do_not_fit_a_family(void **state)
{
    (void)state;
    static const struct {
        const char *words[4];
        enum err_code code;
    } piv[] = {
        {{"--serial", "1", "--profile", "longmai"}, ERR_USAGE},
        {{"--serial", "1", "--algorithm", "sm4"}, ERR_USAGE},
        {{"--serial", "1", "--algorithm", "sm2"}, ERR_FIELD_VALUE}, /* piv-full has none */
        {{"--serial", "1", "--admin-pin", "12345678"}, ERR_USAGE},
        {{"--serial", "1", "--container", "box"}, ERR_USAGE},
        {{"--serial", "1", "--management-algorithm", "sm4"}, ERR_USAGE},
        {{"--serial", "1", "--management-key", "zz"}, ERR_USAGE},
        {{"--serial", "1", "--management-key", ""}, ERR_USAGE},
        {{"--serial", "1", "--management-key", "00"}, ERR_FIELD_VALUE},
        {{"--serial", "S1", "--label", "L"}, ERR_FIELD_VALUE},
        {{"--serial", "1", "--puk", "12345"}, ERR_FIELD_VALUE},
        {{"--serial", "1", "--family", "other"}, ERR_USAGE},
    };
    struct authority authority;
    authority_init(&authority);
    for (size_t i = 0; i < ARRAY_SIZE(piv); i++) {
        const char *words[4];
        memcpy(words, piv[i].words, sizeof words);
        assert_int_equal(create_piv(&authority, words, 4), piv[i].code);
    }
    const char *puk[] = {"--puk", "12345678"};
    const char *key[] = {"--management-key", "00"};
    assert_int_equal(create(&authority, puk, 2), ERR_USAGE);
    assert_int_equal(create(&authority, key, 2), ERR_USAGE);
    struct stat status;
    assert_int_not_equal(stat(authority.state, &status), 0);
    authority_done(&authority);
}

static void replaces_a_key_only_by_force(void **state)
{
    (void)state;
    struct authority authority;
    const char *force[] = {"--force", "--label", "second"};
    const char *label[] = {"--label", "third"};
    authority_init(&authority);
    assert_int_equal(create(&authority, NULL, 0), ERR_NONE);
    assert_int_equal(create(&authority, force, 3), ERR_NONE);
    assert_int_equal(create(&authority, label, 2), ERR_RECORD_EXISTS);
    AUTO(virtual_objects_freep) struct virtual_objects *objects = load(&authority);
    assert_string_equal(objects->label.at, "second");
    authority_done(&authority);
}

static void refuses_other_wishes(void **state)
{
    (void)state;
    static const struct {
        const char *words[2];
        enum err_code code;
    } cases[] = {
        {{"--profile", "other"}, ERR_USAGE},
        {{"--algorithm", "sm4"}, ERR_USAGE},
        {{"--days-left", "-345"}, ERR_USAGE},
        {{"--days-left", "3651"}, ERR_USAGE},
        {{"--pin", "12345"}, ERR_FIELD_VALUE},
        {{"--nonsense", "1"}, ERR_USAGE},
        {{"--issuer-key", "/nowhere"}, ERR_FILE_MISSING},
    };
    struct authority authority;
    authority_init(&authority);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const char *words[2] = {cases[i].words[0], cases[i].words[1]};
        assert_int_equal(create(&authority, words, 2), cases[i].code);
    }
    struct stat status;
    assert_int_not_equal(stat(authority.state, &status), 0);
    authority_done(&authority);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_the_usual_key),
        cmocka_unit_test(makes_what_is_wished_for),
        cmocka_unit_test(makes_piv_tokens),
        cmocka_unit_test(refuses_wishes_that_do_not_fit_a_family),
        cmocka_unit_test(replaces_a_key_only_by_force),
        cmocka_unit_test(refuses_other_wishes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
