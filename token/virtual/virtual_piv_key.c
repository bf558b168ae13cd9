/* Making, moving and deleting key pairs. Source: SP 800-73-4 Part 2, 3.3.2; MOVE KEY and DELETE KEY as
 * Yubico has published them. */
#include "base/memory.h"
#include "token/virtual/virtual_piv_call.h"
#include "token/virtual/virtual_piv_tlv.h"

#define CONTROL 0xAC
#define ALGORITHM 0x80
#define PIN_POLICY 0xAA
#define TOUCH_POLICY 0xAB
#define TOUCH_NEVER 1
#define TOUCH_DEFAULT 0
#define PUBLIC_KEY 0x7F49
#define PUBLIC_KEY_BYTES_MAX 300
#define DELETE 0xFF /* P1 of MOVE KEY: to nowhere */

struct wish {
    enum virtual_pair_kind kind;
    enum virtual_piv_pin_policy policy;
};

/* One field of the control template. */
static bool read_field(const struct virtual_piv_call *call, uint32_t tag, struct span value,
                       struct wish *wish)
{
    bool policies = virtual_piv_profile_has(call->profile, VIRTUAL_PIV_METADATA);
    if (value.len != 1)
        return false;
    uint8_t number = value.at[0];
    switch (tag) {
    case ALGORITHM:
        wish->kind = virtual_piv_crypto_kind(number);
        return virtual_piv_profile_makes(call->profile, wish->kind);
    case PIN_POLICY:
        if (number != 0)
            wish->policy = (enum virtual_piv_pin_policy)number;
        return policies && number <= VIRTUAL_PIV_PIN_ALWAYS;
    case TOUCH_POLICY: /* there is nobody to touch it */
        return policies && (number == TOUCH_NEVER || number == TOUCH_DEFAULT);
    default:
        return false;
    }
}

static bool read_wish(const struct virtual_piv_call *call, struct wish *wish)
{
    struct span rest;
    struct span value;
    uint32_t tag = 0;
    if (!virtual_piv_tlv_only(call->command->data, CONTROL, &rest))
        return false;
    while (rest.len > 0)
        if (!virtual_piv_tlv_next(&rest, &tag, &value) || !read_field(call, tag, value, wish))
            return false;
    return wish->kind != VIRTUAL_PAIR_NONE;
}

static uint16_t generate(struct virtual_piv_call *call, struct virtual_piv_slot *slot,
                         const struct wish *wish)
{
    struct err ignored = ERR_INIT;
    AUTO(virtual_pair_freep) struct virtual_pair *pair = NULL;
    AUTO(buf_done) struct buf fields = BUF_INIT(PUBLIC_KEY_BYTES_MAX);
    if (virtual_pair_generate(wish->kind, &pair, &ignored) != ERR_NONE ||
        !virtual_piv_crypto_public_key(pair, &fields))
        return VIRTUAL_PIV_SW_MEMORY;
    virtual_pair_free(slot->pair);
    slot->pair = TAKE(pair);
    slot->policy = wish->policy;
    call->changed = true;
    virtual_piv_tlv_put(call->out, PUBLIC_KEY, buf_span(&fields));
    return VIRTUAL_PIV_SW_OK;
}

uint16_t virtual_piv_key_generate(struct virtual_piv_call *call)
{
    const struct virtual_piv_command *command = call->command;
    struct virtual_piv_slot *slot = virtual_piv_objects_slot(call->objects, command->p2);
    struct wish wish = {VIRTUAL_PAIR_NONE, virtual_piv_objects_policy(command->p2)};
    if (command->p1 != 0 || slot == NULL)
        return VIRTUAL_PIV_SW_P1P2;
    if (!call->session->managed)
        return VIRTUAL_PIV_SW_SECURITY;
    if (virtual_piv_objects_is_retired(slot->reference) &&
        call->profile->retired_generate != VIRTUAL_PIV_SW_OK)
        return call->profile->retired_generate;
    if (!read_wish(call, &wish))
        return VIRTUAL_PIV_SW_DATA;
    return generate(call, slot, &wish);
}

uint16_t virtual_piv_key_move(struct virtual_piv_call *call)
{
    const struct virtual_piv_command *command = call->command;
    bool delete = command->p1 == DELETE;
    struct virtual_piv_slot *to = virtual_piv_objects_slot(call->objects, command->p1);
    struct virtual_piv_slot *from = virtual_piv_objects_slot(call->objects, command->p2);
    if (!call->session->managed)
        return VIRTUAL_PIV_SW_SECURITY;
    if (from == NULL || (to == NULL && !delete) || to == from)
        return VIRTUAL_PIV_SW_P1P2;
    if (from->pair == NULL)
        return VIRTUAL_PIV_SW_NO_REFERENCE;
    if (!delete &&to->pair != NULL)
        return VIRTUAL_PIV_SW_CONDITIONS;
    if (delete) {
        virtual_pair_freep(&from->pair);
    } else {
        to->pair = TAKE(from->pair);
        to->policy = from->policy;
    }
    from->policy = virtual_piv_objects_policy(from->reference);
    call->changed = true;
    return VIRTUAL_PIV_SW_OK;
}
