/* GENERAL AUTHENTICATE with key pairs: signatures, key agreement, the RSA operation. Source: SP 800-73-4
 * Part 2, 3.2.4, Table 7 and Appendix A; SP 800-78-4, Table 6-2. */
#include "base/memory.h"
#include "token/virtual/virtual_crypto.h"
#include "token/virtual/virtual_piv_call.h"
#include "token/virtual/virtual_piv_tlv.h"

#define TEMPLATE 0x7C
#define CHALLENGE 0x81
#define RESPONSE 0x82
#define EXPONENTIATION 0x85
#define OUTPUT_BYTES_MAX (2 * VIRTUAL_RSA_BYTES)

/* Whether the PIN was given as the key wants it; a PIN that is good for one signature is used up. */
static bool may_use(struct virtual_piv_call *call, const struct virtual_piv_slot *slot)
{
    switch (slot->policy) {
    case VIRTUAL_PIV_PIN_NEVER:
        return true;
    case VIRTUAL_PIV_PIN_ALWAYS: {
        bool fresh = call->session->pin_fresh;
        call->session->pin_fresh = false;
        return fresh;
    }
    default:
        return call->session->pin_verified;
    }
}

static uint16_t operate(const struct virtual_pair *pair, struct span input, bool agree,
                        struct buf *out)
{
    enum virtual_pair_kind kind = virtual_pair_kind(pair);
    size_t bytes = virtual_piv_crypto_pair_bytes(kind);
    if (agree)
        return kind != VIRTUAL_PAIR_RSA && input.len == 1 + 2 * bytes &&
                       virtual_piv_crypto_agree(pair, input, out)
                   ? VIRTUAL_PIV_SW_OK
                   : VIRTUAL_PIV_SW_DATA;
    if (input.len != bytes)
        return VIRTUAL_PIV_SW_DATA;
    bool good = kind == VIRTUAL_PAIR_RSA ? virtual_piv_crypto_rsa(pair, input, out)
                                         : virtual_piv_crypto_sign(pair, input, out);
    return good ? VIRTUAL_PIV_SW_OK : VIRTUAL_PIV_SW_DATA;
}

/* Retired keys are for key establishment: some tokens do nothing else with them. RSA has one operation
 * for both. Source: SP 800-73-4 Part 1, Table 4b. */
static uint16_t check_purpose(const struct virtual_piv_call *call,
                              const struct virtual_piv_slot *slot, bool agree)
{
    bool signs = !agree && virtual_pair_kind(slot->pair) != VIRTUAL_PAIR_RSA;
    return signs && virtual_piv_objects_is_retired(slot->reference) ? call->profile->retired_sign
                                                                    : VIRTUAL_PIV_SW_OK;
}

static uint16_t use(struct virtual_piv_call *call, const struct virtual_piv_slot *slot,
                    struct span template)
{
    struct span input;
    struct span response;
    if (!virtual_piv_tlv_find(template, RESPONSE, &response) || response.len != 0)
        return VIRTUAL_PIV_SW_DATA;
    bool agree = virtual_piv_tlv_find(template, EXPONENTIATION, &input);
    if (!agree && !virtual_piv_tlv_find(template, CHALLENGE, &input))
        return VIRTUAL_PIV_SW_DATA;
    AUTO(buf_done) struct buf output = BUF_INIT(OUTPUT_BYTES_MAX);
    AUTO(buf_done) struct buf field = BUF_INIT(OUTPUT_BYTES_MAX);
    uint16_t status = check_purpose(call, slot, agree);
    if (status == VIRTUAL_PIV_SW_OK)
        status = operate(slot->pair, input, agree, &output);
    if (status != VIRTUAL_PIV_SW_OK)
        return status;
    virtual_piv_tlv_put(&field, RESPONSE, buf_span(&output));
    virtual_piv_tlv_put(call->out, TEMPLATE, buf_span(&field));
    virtual_crypto_wipe(output.at, output.len);
    virtual_crypto_wipe(field.at, field.len);
    return VIRTUAL_PIV_SW_OK;
}

uint16_t virtual_piv_sign_authenticate(struct virtual_piv_call *call)
{
    const struct virtual_piv_command *command = call->command;
    struct span template;
    bool well_formed = virtual_piv_tlv_only(command->data, TEMPLATE, &template);
    if (command->p2 == VIRTUAL_PIV_MANAGEMENT)
        return well_formed ? virtual_piv_management_prove(call, template) : VIRTUAL_PIV_SW_DATA;
    struct virtual_piv_slot *slot = virtual_piv_objects_slot(call->objects, command->p2);
    if (slot == NULL)
        return VIRTUAL_PIV_SW_P1P2;
    if (slot->pair == NULL)
        return VIRTUAL_PIV_SW_NO_REFERENCE;
    if (command->p1 != virtual_piv_crypto_algorithm(virtual_pair_kind(slot->pair)))
        return VIRTUAL_PIV_SW_P1P2;
    if (!well_formed)
        return VIRTUAL_PIV_SW_DATA;
    if (!may_use(call, slot))
        return VIRTUAL_PIV_SW_SECURITY;
    return use(call, slot, template);
}
