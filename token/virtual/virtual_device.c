/* Device management: label, information, device authentication, random numbers. */
#include "token/virtual/virtual_call.h"
#include "token/virtual/virtual_sealed.h"

#define NAME_FIELD_BYTES 64
#define VERSION_FIELD 0x0100 /* 1.0 */
/* GM/T 0006: SM4 in its four modes; RSA and SM2 signing and encryption; SM3, SHA-1, SHA-256. */
#define SYMMETRIC_CAPABILITY 0x0000040F
#define ASYMMETRIC_CAPABILITY 0x00030700
#define HASH_CAPABILITY 0x00000007
#define DEVICE_KEY_ALGORITHM 0x00000401 /* SM4-ECB */
#define RESERVED_BYTES 54
#define RANDOM_BYTES_MAX (VIRTUAL_ANSWER_BYTES_MAX - 2)

uint16_t virtual_device_set_label(struct virtual_call *call)
{
    struct span label = virtual_apdu_rest(&call->in);
    if (label.len > VIRTUAL_LABEL_BYTES_MAX)
        return VIRTUAL_SW_LENGTH;
    /* A label may come with zeros behind it, up to its field's width. */
    size_t len = label.len == 0 ? 0 : strnlen((const char *)label.at, label.len);
    if (!virtual_objects_set_name(&call->objects->label, span_of(label.at, len),
                                  VIRTUAL_LABEL_BYTES_MAX))
        return VIRTUAL_SW_DATA;
    call->changed = true;
    return VIRTUAL_SW_OK;
}

static void put_numbers(struct virtual_call *call)
{
    const struct virtual_profile *profile = call->profile;
    bool little = profile->little_endian;
    uint32_t used = (uint32_t)virtual_objects_used(call->objects);
    const uint32_t words[] = {
        SYMMETRIC_CAPABILITY, ASYMMETRIC_CAPABILITY, HASH_CAPABILITY,
        DEVICE_KEY_ALGORITHM, profile->space_bytes,  profile->space_bytes - used,
    };
    const uint16_t halves[] = {profile->data_bytes_max, 0, 0};
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        virtual_apdu_put_u32(call->out, little, words[i]);
    for (size_t i = 0; i < ARRAY_SIZE(halves); i++)
        virtual_apdu_put_u16(call->out, little, halves[i]);
    buf_add_u8(call->out, profile->containers_max);
    buf_add_u8(call->out, profile->certificates_max);
    virtual_apdu_put_u16(call->out, little, profile->files_max);
}

uint16_t virtual_device_get_info(struct virtual_call *call)
{
    const struct virtual_objects *objects = call->objects;
    if (!virtual_apdu_ended(&call->in))
        return VIRTUAL_SW_LENGTH;
    buf_add_u16_be(call->out, VERSION_FIELD);
    buf_add_u16_be(call->out, VERSION_FIELD);
    virtual_apdu_put_text(call->out, span_text(call->profile->manufacturer), NAME_FIELD_BYTES);
    virtual_apdu_put_text(call->out, span_text(call->profile->issuer), NAME_FIELD_BYTES);
    virtual_apdu_put_text(call->out, span_text(objects->label.at), VIRTUAL_LABEL_BYTES_MAX);
    virtual_apdu_put_text(call->out, span_text(objects->serial.at), VIRTUAL_SERIAL_BYTES_MAX);
    buf_add_u16_be(call->out, VERSION_FIELD);
    buf_add_u16_be(call->out, VERSION_FIELD);
    put_numbers(call);
    buf_add_zeros(call->out, RESERVED_BYTES);
    return VIRTUAL_SW_OK;
}

static uint16_t device_miss(struct virtual_call *call)
{
    call->changed = true;
    call->session->device_authenticated = false;
    call->objects->device_left--;
    if (call->objects->device_left == 0 && !call->profile->last_miss_is_63c0)
        return VIRTUAL_SW_LOCKED;
    return 0x63C0 | call->objects->device_left;
}

uint16_t virtual_device_authenticate(struct virtual_call *call)
{
    uint8_t block[VIRTUAL_CIPHER_BYTES] = {0};
    struct span answer = virtual_apdu_part(&call->in, sizeof block);
    if (!virtual_apdu_ended(&call->in))
        return VIRTUAL_SW_LENGTH;
    if (call->objects->device_left == 0)
        return VIRTUAL_SW_LOCKED;
    if (!virtual_call_take_challenge(call, block))
        return VIRTUAL_SW_NO_CHALLENGE;
    virtual_crypto_encrypt(call->objects->device_key, SPAN_ARRAY(block), block);
    if (!virtual_crypto_equal(block, answer.at, sizeof block))
        return device_miss(call);
    call->changed = call->objects->device_left != call->objects->device_max;
    call->objects->device_left = call->objects->device_max;
    call->session->device_authenticated = true;
    return VIRTUAL_SW_OK;
}

uint16_t virtual_device_change_key(struct virtual_call *call)
{
    struct virtual_sealed sealed = {0};
    if (call->objects->device_left == 0)
        return VIRTUAL_SW_LOCKED;
    uint16_t status = virtual_sealed_open(call, call->objects->device_key, false, &sealed);
    if (status == VIRTUAL_SW_MAC && call->profile->mac_miss_costs_try)
        status = device_miss(call);
    if (status == VIRTUAL_SW_OK) {
        memcpy(call->objects->device_key, sealed.value.at, VIRTUAL_CIPHER_BYTES);
        call->objects->device_left = call->objects->device_max;
        call->changed = true;
    }
    virtual_crypto_wipe(&sealed, sizeof sealed);
    return status;
}

uint16_t virtual_device_random(struct virtual_call *call)
{
    size_t len = call->command->le;
    if (!virtual_apdu_ended(&call->in) || len == 0 || len > RANDOM_BYTES_MAX)
        return VIRTUAL_SW_LENGTH;
    AUTO(bytes_freep) struct bytes *random = bytes_new_size(len);
    virtual_crypto_random(random->at, len);
    size_t forced = call->forced_random.len < len ? call->forced_random.len : len;
    if (forced > 0)
        memcpy(random->at, call->forced_random.at, forced);
    call->forced_random = SPAN_NONE;
    call->session->has_challenge = len == VIRTUAL_CHALLENGE_BYTES;
    if (call->session->has_challenge)
        memcpy(call->session->challenge, random->at, VIRTUAL_CHALLENGE_BYTES);
    buf_add(call->out, span_bytes(random));
    return VIRTUAL_SW_OK;
}
