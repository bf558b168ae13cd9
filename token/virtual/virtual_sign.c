/* Signing and verifying. */
#include "base/log.h"
#include "token/virtual/virtual_call.h"

#define SM2_BITS 256
#define POINT_BYTES (2 * VIRTUAL_SM2_BYTES)
#define SIGN_MESSAGE 1 /* P1: the card computes Z and the digest */
#define SIGNER_ID_BYTES_MAX 8191 /* its length in bits is a 16-bit number */
/* PKCS#1 v1.5 needs 11 bytes around its input. */
#define RSA_INPUT_BYTES_MAX (VIRTUAL_RSA_BYTES - 11)

static const struct virtual_pair *signing_pair(const struct virtual_call *call,
                                               enum virtual_pair_kind kind)
{
    const struct virtual_pair *pair = call->container->slots[VIRTUAL_SLOT_SIGN].pair;
    return virtual_pair_kind(pair) == kind ? pair : NULL;
}

uint16_t virtual_sign_rsa(struct virtual_call *call)
{
    struct err err = ERR_INIT;
    uint8_t signature[VIRTUAL_RSA_BYTES];
    struct span input = virtual_apdu_rest(&call->in);
    const struct virtual_pair *pair = signing_pair(call, VIRTUAL_PAIR_RSA);
    if (input.len == 0 || input.len > RSA_INPUT_BYTES_MAX)
        return VIRTUAL_SW_LENGTH;
    if (pair == NULL)
        return VIRTUAL_SW_NO_PAIR;
    if (virtual_pair_sign_rsa(pair, input, signature, &err) != ERR_NONE) {
        log_debug("virtual", "%s", err.detail);
        return VIRTUAL_SW_SIGN;
    }
    buf_add(call->out, SPAN_ARRAY(signature));
    return VIRTUAL_SW_OK;
}

/* e from what the command carries: itself, or signer's id and message. */
static uint16_t read_digest(struct virtual_call *call, const struct virtual_pair *pair,
                            uint8_t out[VIRTUAL_SM2_BYTES])
{
    struct err err = ERR_INIT;
    uint8_t point[POINT_BYTES];
    if (call->command->p1 != SIGN_MESSAGE) {
        struct span e = virtual_apdu_part(&call->in, VIRTUAL_SM2_BYTES);
        if (!virtual_apdu_ended(&call->in))
            return VIRTUAL_SW_LENGTH;
        memcpy(out, e.at, VIRTUAL_SM2_BYTES);
        return VIRTUAL_SW_OK;
    }
    struct span id = virtual_apdu_part(&call->in, virtual_apdu_u32(&call->in));
    struct span message = virtual_apdu_rest(&call->in);
    if (call->in.bad || message.len == 0 || id.len > SIGNER_ID_BYTES_MAX)
        return VIRTUAL_SW_LENGTH;
    if (virtual_pair_point(pair, point, &err) != ERR_NONE)
        return VIRTUAL_SW_NO_PAIR;
    virtual_crypto_sm2_digest(point, id, message, out);
    return VIRTUAL_SW_OK;
}

uint16_t virtual_sign_ecc(struct virtual_call *call)
{
    struct err err = ERR_INIT;
    uint8_t e[VIRTUAL_SM2_BYTES];
    uint8_t signature[POINT_BYTES];
    const struct virtual_pair *pair = signing_pair(call, VIRTUAL_PAIR_SM2);
    if (pair == NULL)
        return VIRTUAL_SW_NO_PAIR;
    uint16_t status = read_digest(call, pair, e);
    if (status != VIRTUAL_SW_OK)
        return status;
    if (virtual_pair_sign_sm2(pair, e, signature, &err) != ERR_NONE) {
        log_debug("virtual", "%s", err.detail);
        return VIRTUAL_SW_SIGN;
    }
    virtual_apdu_put_u32(call->out, call->profile->little_endian, SM2_BITS);
    buf_add(call->out, SPAN_ARRAY(signature));
    return VIRTUAL_SW_OK;
}

uint16_t virtual_sign_verify_ecc(struct virtual_call *call)
{
    uint32_t bits = virtual_apdu_u32(&call->in);
    struct span point = virtual_apdu_part(&call->in, POINT_BYTES);
    struct span e = virtual_apdu_part(&call->in, virtual_apdu_u32(&call->in));
    struct span signature = virtual_apdu_part(&call->in, POINT_BYTES);
    if (!virtual_apdu_ended(&call->in))
        return VIRTUAL_SW_LENGTH;
    if (bits != SM2_BITS || e.len != VIRTUAL_SM2_BYTES)
        return VIRTUAL_SW_DATA;
    return virtual_pair_verify_sm2(point.at, e.at, signature.at) ? VIRTUAL_SW_OK
                                                                 : VIRTUAL_SW_VERIFY;
}
