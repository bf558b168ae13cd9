/* Access control: the PINs of an application. */
#include "token/virtual/virtual_call.h"
#include "token/virtual/virtual_sealed.h"

static struct virtual_pin *pin_named(struct virtual_call *call)
{
    return &call->application->pins[call->command->p2];
}

static void pin_key(const struct virtual_call *call, const struct virtual_pin *pin,
                    uint8_t out[VIRTUAL_CIPHER_BYTES])
{
    virtual_crypto_pin_key(call->profile->pin_hash, virtual_pin_peek(pin), out);
}

uint16_t virtual_access_pin_info(struct virtual_call *call)
{
    if (!virtual_apdu_ended(&call->in))
        return VIRTUAL_SW_LENGTH;
    const struct virtual_pin *pin = pin_named(call);
    buf_add_u8(call->out, pin->max);
    buf_add_u8(call->out, pin->left);
    buf_add_u8(call->out, virtual_pin_is_default(pin, call->profile) ? 1 : 0);
    return VIRTUAL_SW_OK;
}

/* What the holder of the PIN sends: the challenge in a block, encrypted. */
static void expected_answer(const struct virtual_call *call, const struct virtual_pin *pin,
                            const uint8_t challenge[VIRTUAL_CHALLENGE_BYTES],
                            uint8_t out[VIRTUAL_CIPHER_BYTES])
{
    uint8_t key[VIRTUAL_CIPHER_BYTES];
    bool with_length = call->profile->verify_block == VIRTUAL_BLOCK_LENGTH;
    size_t at = with_length ? 2 : 0;
    memset(out, 0, VIRTUAL_CIPHER_BYTES);
    memcpy(out + at, challenge, VIRTUAL_CHALLENGE_BYTES);
    if (with_length) {
        out[0] = VIRTUAL_CHALLENGE_BYTES;
        out[at + VIRTUAL_CHALLENGE_BYTES] = 0x80;
    }
    pin_key(call, pin, key);
    virtual_crypto_encrypt(key, span_of(out, VIRTUAL_CIPHER_BYTES), out);
    virtual_crypto_wipe(key, sizeof key);
}

uint16_t virtual_access_verify_pin(struct virtual_call *call)
{
    struct virtual_pin *pin = pin_named(call);
    bool *logged_in = &call->application->logged_in[call->command->p2];
    uint8_t challenge[VIRTUAL_CHALLENGE_BYTES];
    uint8_t expected[VIRTUAL_CIPHER_BYTES];
    struct span answer = virtual_apdu_part(&call->in, sizeof expected);
    if (!virtual_apdu_ended(&call->in))
        return VIRTUAL_SW_LENGTH;
    if (pin->left == 0)
        return VIRTUAL_SW_LOCKED;
    if (!virtual_call_take_challenge(call, challenge))
        return VIRTUAL_SW_NO_CHALLENGE;
    expected_answer(call, pin, challenge, expected);
    *logged_in = virtual_crypto_equal(expected, answer.at, sizeof expected);
    if (!*logged_in) {
        call->changed = true;
        return virtual_pin_miss(pin, call->profile);
    }
    call->changed = virtual_pin_hit(pin);
    return VIRTUAL_SW_OK;
}

/* Opens the new PIN in the command with the key of authority, whose tries a miss costs. */
static uint16_t open_new_pin(struct virtual_call *call, struct virtual_pin *authority,
                             struct virtual_sealed *sealed)
{
    uint8_t key[VIRTUAL_CIPHER_BYTES];
    if (authority->left == 0)
        return VIRTUAL_SW_LOCKED;
    pin_key(call, authority, key);
    uint16_t status = virtual_sealed_open(call, key, true, sealed);
    virtual_crypto_wipe(key, sizeof key);
    if (status == VIRTUAL_SW_MAC && call->profile->mac_miss_costs_try) {
        call->changed = true;
        return virtual_pin_miss(authority, call->profile);
    }
    if (status == VIRTUAL_SW_OK && !virtual_pin_allowed(call->profile, sealed->value))
        return VIRTUAL_SW_DATA;
    return status;
}

uint16_t virtual_access_change_pin(struct virtual_call *call)
{
    struct virtual_pin *pin = pin_named(call);
    struct virtual_sealed sealed = {0};
    uint16_t status = open_new_pin(call, pin, &sealed);
    if (status == VIRTUAL_SW_OK) {
        virtual_pin_change(pin, sealed.value);
        call->changed = true;
    }
    virtual_crypto_wipe(&sealed, sizeof sealed);
    return status;
}

uint16_t virtual_access_unblock_pin(struct virtual_call *call)
{
    struct virtual_pin *admin = &call->application->pins[VIRTUAL_PIN_ADMIN];
    struct virtual_pin *user = &call->application->pins[VIRTUAL_PIN_USER];
    struct virtual_sealed sealed = {0};
    if (call->profile->unblock_needs_admin_login &&
        !call->application->logged_in[VIRTUAL_PIN_ADMIN])
        return VIRTUAL_SW_SECURITY;
    uint16_t status = open_new_pin(call, admin, &sealed);
    if (status == VIRTUAL_SW_OK) {
        virtual_pin_make(user, sealed.value, user->max);
        virtual_pin_hit(admin);
        call->application->logged_in[VIRTUAL_PIN_USER] = false;
        call->changed = true;
    }
    virtual_crypto_wipe(&sealed, sizeof sealed);
    return status;
}

uint16_t virtual_access_clear(struct virtual_call *call)
{
    if (!virtual_apdu_ended(&call->in))
        return VIRTUAL_SW_LENGTH;
    call->application->logged_in[VIRTUAL_PIN_ADMIN] = false;
    call->application->logged_in[VIRTUAL_PIN_USER] = false;
    return VIRTUAL_SW_OK;
}
