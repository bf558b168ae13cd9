#include "token/virtual/virtual_sealed.h"

/* Header, Lc and the data of the longest command with a MAC. */
#define MAC_INPUT_BYTES_MAX 128

static void put_header(struct buf *out, const struct virtual_command *command)
{
    const uint8_t header[] = {command->cla, command->ins, command->p1, command->p2};
    buf_add(out, SPAN_ARRAY(header));
}

static void put_mac_input(struct buf *out, enum virtual_mac_input kind,
                          const struct virtual_command *command, struct span value)
{
    uint16_t length = (uint16_t)command->data.len;
    struct span data = span_part(command->data, 0, length - VIRTUAL_MAC_BYTES);
    switch (kind) {
    case VIRTUAL_MAC_M1:
        put_header(out, command);
        virtual_apdu_put_u16(out, false, (uint16_t)data.len);
        buf_add_zeros(out, 2);
        buf_add(out, data);
        break;
    case VIRTUAL_MAC_M2:
        put_header(out, command);
        virtual_apdu_put_u16(out, true, length);
        buf_add_zeros(out, 2);
        buf_add(out, data);
        break;
    case VIRTUAL_MAC_M3:
        put_header(out, command);
        buf_add_zeros(out, 1);
        virtual_apdu_put_u16(out, false, length);
        buf_add(out, data);
        break;
    case VIRTUAL_MAC_M4:
        buf_add(out, value);
        break;
    }
}

static bool length_allowed(const struct virtual_profile *profile, bool pin, size_t len)
{
    if (len == VIRTUAL_CIPHER_BYTES)
        return true;
    return pin && profile->new_pin_block == VIRTUAL_BLOCK_LENGTH && len == VIRTUAL_SEALED_BYTES_MAX;
}

static bool mac_right(const struct virtual_call *call, const uint8_t key[VIRTUAL_CIPHER_BYTES],
                      const uint8_t challenge[VIRTUAL_CHALLENGE_BYTES], struct span value,
                      struct span mac)
{
    uint8_t right[VIRTUAL_MAC_BYTES];
    struct buf input = BUF_INIT(MAC_INPUT_BYTES_MAX);
    put_mac_input(&input, call->profile->mac_input, call->command, value);
    virtual_crypto_mac(key, challenge, buf_span(&input), call->profile->mac_extra_block, right);
    virtual_crypto_wipe(input.at, input.len);
    buf_done(&input);
    return virtual_crypto_equal(right, mac.at, sizeof right);
}

uint16_t virtual_sealed_open(struct virtual_call *call, const uint8_t key[VIRTUAL_CIPHER_BYTES],
                             bool pin, struct virtual_sealed *sealed)
{
    uint8_t challenge[VIRTUAL_CHALLENGE_BYTES];
    if (call->in.rest.len < VIRTUAL_MAC_BYTES ||
        !length_allowed(call->profile, pin, call->in.rest.len - VIRTUAL_MAC_BYTES))
        return VIRTUAL_SW_LENGTH;
    if (!virtual_call_take_challenge(call, challenge))
        return VIRTUAL_SW_NO_CHALLENGE;
    struct span cryptogram = virtual_apdu_part(&call->in, call->in.rest.len - VIRTUAL_MAC_BYTES);
    struct span mac = virtual_apdu_rest(&call->in);
    virtual_crypto_decrypt(key, cryptogram, sealed->plain);
    struct span plain = span_of(sealed->plain, cryptogram.len);
    sealed->value = pin ? virtual_crypto_unwrap(call->profile->new_pin_block, plain) : plain;
    if (!mac_right(call, key, challenge, sealed->value, mac))
        return VIRTUAL_SW_MAC;
    return sealed->value.len > 0 ? VIRTUAL_SW_OK : VIRTUAL_SW_DATA;
}
