/* GET METADATA, GET SERIAL and GET VERSION, as Yubico has published them. */
#include <stdlib.h>

#include "base/memory.h"
#include "token/virtual/virtual_piv_call.h"
#include "token/virtual/virtual_piv_tlv.h"

#define REFERENCE_PIN 0x80
#define REFERENCE_PUK 0x81
#define NO_ALGORITHM 0xFF
#define TOUCH_NEVER 1
#define PUBLIC_KEY_BYTES_MAX 300

enum {
    META_ALGORITHM = 0x01,
    META_POLICY = 0x02,
    META_ORIGIN = 0x03,
    META_PUBLIC_KEY = 0x04,
    META_DEFAULT = 0x05,
    META_TRIES = 0x06,
};

#define ORIGIN_GENERATED 1

static void put_pin(struct virtual_piv_call *call, const struct virtual_piv_pin *pin,
                    bool is_default)
{
    const uint8_t tries[] = {pin->max, pin->left};
    virtual_piv_tlv_put_u8(call->out, META_ALGORITHM, NO_ALGORITHM);
    virtual_piv_tlv_put_u8(call->out, META_DEFAULT, is_default);
    virtual_piv_tlv_put(call->out, META_TRIES, SPAN_ARRAY(tries));
}

static void put_management_key(struct virtual_piv_call *call)
{
    static const uint8_t policy[] = {0, TOUCH_NEVER};
    virtual_piv_tlv_put_u8(call->out, META_ALGORITHM, call->objects->cipher);
    virtual_piv_tlv_put(call->out, META_POLICY, SPAN_ARRAY(policy));
    virtual_piv_tlv_put_u8(call->out, META_DEFAULT,
                           virtual_piv_objects_key_is_default(call->objects));
}

static uint16_t put_slot(struct virtual_piv_call *call, const struct virtual_piv_slot *slot)
{
    const uint8_t policy[] = {(uint8_t)slot->policy, TOUCH_NEVER};
    AUTO(buf_done) struct buf key = BUF_INIT(PUBLIC_KEY_BYTES_MAX);
    if (!virtual_piv_crypto_public_key(slot->pair, &key))
        return VIRTUAL_PIV_SW_MEMORY;
    virtual_piv_tlv_put_u8(call->out, META_ALGORITHM,
                           virtual_piv_crypto_algorithm(virtual_pair_kind(slot->pair)));
    virtual_piv_tlv_put(call->out, META_POLICY, SPAN_ARRAY(policy));
    virtual_piv_tlv_put_u8(call->out, META_ORIGIN, ORIGIN_GENERATED);
    virtual_piv_tlv_put(call->out, META_PUBLIC_KEY, buf_span(&key));
    return VIRTUAL_PIV_SW_OK;
}

uint16_t virtual_piv_info_metadata(struct virtual_piv_call *call)
{
    struct virtual_piv_objects *objects = call->objects;
    const struct virtual_piv_command *command = call->command;
    if (command->p1 != 0)
        return VIRTUAL_PIV_SW_P1P2;
    switch (command->p2) {
    case REFERENCE_PIN:
        put_pin(call, &objects->pin, virtual_piv_objects_pin_is_default(objects));
        return VIRTUAL_PIV_SW_OK;
    case REFERENCE_PUK:
        put_pin(call, &objects->puk, virtual_piv_objects_puk_is_default(objects));
        return VIRTUAL_PIV_SW_OK;
    case VIRTUAL_PIV_MANAGEMENT:
        put_management_key(call);
        return VIRTUAL_PIV_SW_OK;
    default:
        break;
    }
    const struct virtual_piv_slot *slot = virtual_piv_objects_slot(objects, command->p2);
    return slot == NULL || slot->pair == NULL ? VIRTUAL_PIV_SW_NO_REFERENCE : put_slot(call, slot);
}

uint16_t virtual_piv_info_serial(struct virtual_piv_call *call)
{
    if (call->command->p1 != 0 || call->command->p2 != 0)
        return VIRTUAL_PIV_SW_P1P2;
    buf_add_u32_be(call->out, (uint32_t)strtoul(call->objects->serial.at, NULL, 10));
    return VIRTUAL_PIV_SW_OK;
}

uint16_t virtual_piv_info_version(struct virtual_piv_call *call)
{
    if (call->command->p1 != 0 || call->command->p2 != 0)
        return VIRTUAL_PIV_SW_P1P2;
    buf_add(call->out, SPAN_ARRAY(call->profile->version));
    return VIRTUAL_PIV_SW_OK;
}
