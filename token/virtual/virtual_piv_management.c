/* Proving the management key 9B, one way or both. Source: SP 800-73-4 Part 2, 3.2.4 and Appendix A. */
#include "token/virtual/virtual_crypto.h"
#include "token/virtual/virtual_piv_call.h"
#include "token/virtual/virtual_piv_tlv.h"

#define WITNESS 0x80
#define CHALLENGE 0x81
#define RESPONSE 0x82
#define TEMPLATE 0x7C

static size_t block_bytes(const struct virtual_piv_call *call)
{
    return virtual_piv_crypto_block_bytes(call->objects->cipher);
}

static void encipher(const struct virtual_piv_call *call, const uint8_t *in, uint8_t *out)
{
    virtual_piv_crypto_encrypt(call->objects->cipher, call->objects->management_key, in, out);
}

static void answer(struct virtual_piv_call *call, uint32_t tag, const uint8_t *block)
{
    uint8_t field[2 + VIRTUAL_PIV_BLOCK_BYTES_MAX] = {(uint8_t)tag, (uint8_t)block_bytes(call)};
    memcpy(field + 2, block, block_bytes(call));
    virtual_piv_tlv_put(call->out, TEMPLATE, span_of(field, 2 + block_bytes(call)));
}

/* A new challenge, which the terminal gets in clear. */
static uint16_t give_challenge(struct virtual_piv_call *call)
{
    virtual_piv_call_random(call, call->session->challenge, block_bytes(call));
    call->session->proof = VIRTUAL_PIV_PROOF_EXTERNAL;
    answer(call, CHALLENGE, call->session->challenge);
    return VIRTUAL_PIV_SW_OK;
}

/* A new challenge, which the terminal gets enciphered. */
static uint16_t give_witness(struct virtual_piv_call *call)
{
    uint8_t witness[VIRTUAL_PIV_BLOCK_BYTES_MAX];
    virtual_piv_call_random(call, call->session->challenge, block_bytes(call));
    call->session->proof = VIRTUAL_PIV_PROOF_MUTUAL;
    encipher(call, call->session->challenge, witness);
    answer(call, WITNESS, witness);
    return VIRTUAL_PIV_SW_OK;
}

static bool same_block(const struct virtual_piv_call *call, struct span a, const uint8_t *b)
{
    return a.len == block_bytes(call) && virtual_crypto_equal(a.at, b, a.len);
}

/* The challenge is used up, whatever comes of it. */
static uint16_t take_response(struct virtual_piv_call *call, struct span response)
{
    uint8_t expected[VIRTUAL_PIV_BLOCK_BYTES_MAX];
    bool open = call->session->proof == VIRTUAL_PIV_PROOF_EXTERNAL;
    call->session->proof = VIRTUAL_PIV_PROOF_NONE;
    call->session->managed = false;
    if (!open)
        return VIRTUAL_PIV_SW_CONDITIONS;
    encipher(call, call->session->challenge, expected);
    if (!same_block(call, response, expected))
        return call->profile->wrong_management;
    call->session->managed = true;
    return VIRTUAL_PIV_SW_OK;
}

static uint16_t take_witness(struct virtual_piv_call *call, struct span witness,
                             struct span challenge)
{
    uint8_t proof[VIRTUAL_PIV_BLOCK_BYTES_MAX];
    bool open = call->session->proof == VIRTUAL_PIV_PROOF_MUTUAL;
    call->session->proof = VIRTUAL_PIV_PROOF_NONE;
    call->session->managed = false;
    if (!open)
        return VIRTUAL_PIV_SW_CONDITIONS;
    if (challenge.len != block_bytes(call))
        return VIRTUAL_PIV_SW_DATA;
    if (!same_block(call, witness, call->session->challenge))
        return call->profile->wrong_management;
    call->session->managed = true;
    encipher(call, challenge.at, proof);
    answer(call, RESPONSE, proof);
    return VIRTUAL_PIV_SW_OK;
}

uint16_t virtual_piv_management_prove(struct virtual_piv_call *call, struct span template)
{
    uint8_t algorithm = call->command->p1 == 0 ? VIRTUAL_PIV_3DES : call->command->p1;
    struct span witness;
    struct span challenge;
    struct span response;
    if (algorithm != call->objects->cipher)
        return VIRTUAL_PIV_SW_P1P2;
    bool has_witness = virtual_piv_tlv_find(template, WITNESS, &witness);
    bool has_challenge = virtual_piv_tlv_find(template, CHALLENGE, &challenge);
    bool has_response = virtual_piv_tlv_find(template, RESPONSE, &response);
    if (has_witness && witness.len == 0 && !has_challenge)
        return give_witness(call);
    if (has_witness && has_challenge)
        return take_witness(call, witness, challenge);
    if (has_challenge && challenge.len == 0 && !has_response)
        return give_challenge(call);
    if (has_response && !has_challenge && !has_witness)
        return take_response(call, response);
    return VIRTUAL_PIV_SW_DATA; /* enciphering a challenge of the terminal's would forge any proof */
}
