/* Commands to a virtual PIV token that is logged in: whatever they leave behind is what a file may hold. */
#include "base/memory.h"
#include "fuzz.h"
#include "fuzz_input.h"
#include "token/virtual/virtual_card.h"
#include "token/virtual/virtual_piv_state.h"
#include "token/virtual/virtual_state.h"

#define COMMANDS_MAX 64
#define INS_AT 1
#define GENERATE 0x47
#define LOGGED_IN 0x80 /* of the first byte; below it stands the profile */
#define CHALLENGE_AT 4 /* in 7C LL 81 LL */
#define ANSWER_STATUS_BYTES 2

static struct virtual_piv_objects *token_of(const struct virtual_piv_profile *profile)
{
    bool has_serial = virtual_piv_profile_has(profile, VIRTUAL_PIV_SERIAL);
    struct virtual_piv_objects *objects = virtual_piv_objects_new(
        profile, has_serial ? "77" : "00112233445566778899AABBCCDDEEFF", NULL);
    struct err err = ERR_INIT;
    fuzz_require(objects != NULL);
    struct virtual_piv_slot *slot = virtual_piv_objects_slot(objects, VIRTUAL_PIV_SIGNATURE);
    fuzz_require(virtual_pair_generate(VIRTUAL_PAIR_P256, &slot->pair, &err) == ERR_NONE);
    return objects;
}

static void log_in(struct virtual_card *card)
{
    static const uint8_t select[] = {0x00, 0xA4, 0x04, 0x00, 0x09, 0xA0, 0x00,
                                     0x00, 0x03, 0x08, 0x00, 0x00, 0x10, 0x00};
    static const uint8_t verify[] = {0x00, 0x20, 0x00, 0x80, 0x08, '1', '2',
                                     '3',  '4',  '5',  '6',  0xFF, 0xFF};
    const struct virtual_piv_objects *objects = virtual_card_piv_objects(card);
    uint8_t cipher = (uint8_t)objects->cipher;
    uint8_t block = (uint8_t)virtual_piv_crypto_block_bytes(objects->cipher);
    const uint8_t ask[] = {0x00, 0x87, cipher, 0x9B, 0x04, 0x7C, 0x02, 0x81, 0x00, 0x00};
    uint8_t prove[9 + VIRTUAL_PIV_BLOCK_BYTES_MAX] = {
        0x00, 0x87, cipher, 0x9B, (uint8_t)(block + 4), 0x7C, (uint8_t)(block + 2), 0x82, block};
    bytes_free(virtual_card_process(card, SPAN_ARRAY(select)));
    bytes_free(virtual_card_process(card, SPAN_ARRAY(verify)));
    AUTO(bytes_freep) struct bytes *answer = virtual_card_process(card, SPAN_ARRAY(ask));
    fuzz_require(answer->len == (size_t)CHALLENGE_AT + block + ANSWER_STATUS_BYTES);
    virtual_piv_crypto_encrypt(objects->cipher, objects->management_key, answer->at + CHALLENGE_AT,
                               prove + 9);
    bytes_free(virtual_card_process(card, span_of(prove, (size_t)block + 9)));
}

/* Making an RSA pair only takes time. */
static bool makes_rsa(struct span command)
{
    return command.len > INS_AT && command.at[INS_AT] == GENERATE &&
           memchr(command.at, VIRTUAL_PIV_RSA2048, command.len) != NULL;
}

static void check_state(const struct virtual_card *card)
{
    struct err err = ERR_INIT;
    AUTO(virtual_state_wipe_text) char *text = NULL;
    AUTO(virtual_state_wipe_text) char *twice = NULL;
    AUTO(virtual_piv_objects_freep) struct virtual_piv_objects *again = NULL;
    const struct virtual_piv_objects *objects = virtual_card_piv_objects(card);
    fuzz_require(virtual_piv_state_print(objects, &text, &err) == ERR_NONE);
    fuzz_require(virtual_piv_state_parse(span_text(text), &again, &err) == ERR_NONE);
    fuzz_require(virtual_piv_state_print(again, &twice, &err) == ERR_NONE);
    fuzz_require(strcmp(text, twice) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span rest = span_of(data, size);
    uint8_t choice = fuzz_byte(&rest);
    const struct virtual_piv_profile *profile =
        virtual_piv_profile_at((size_t)(choice & ~LOGGED_IN) % 4);
    AUTO(virtual_card_freep)
    struct virtual_card *card = virtual_card_new_piv(token_of(profile), NULL);
    if ((choice & LOGGED_IN) != 0)
        log_in(card);
    for (int i = 0; rest.len > 0 && i < COMMANDS_MAX; i++) {
        struct span command = fuzz_part(&rest);
        if (makes_rsa(command))
            continue;
        AUTO(bytes_freep) struct bytes *answer = virtual_card_process(card, command);
        fuzz_require(answer->len >= ANSWER_STATUS_BYTES && answer->len <= VIRTUAL_ANSWER_BYTES_MAX);
        fuzz_touch(span_bytes(answer));
    }
    check_state(card);
    return 0;
}
