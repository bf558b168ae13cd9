/* Key pairs: made on the card, imported in an envelope, their public halves. */
#include "base/log.h"
#include "token/virtual/virtual_call.h"

#define SM2_BITS 256
#define ENVELOPE_VERSION 1
#define SM4_ECB 0x401
#define SM1_ECB 0x101
/* The 256-bit private key stands in the last half of a field for 512 bits. */
#define ENVELOPED_KEY_BYTES 64
#define POINT_BYTES (2 * VIRTUAL_SM2_BYTES)

/* A pair of the other kind in the container's other slot. */
static bool kind_clashes(const struct virtual_container *container, size_t slot,
                         enum virtual_pair_kind kind)
{
    enum virtual_pair_kind other = virtual_pair_kind(container->slots[1 - slot].pair);
    return other != VIRTUAL_PAIR_NONE && other != kind;
}

/* Real keys replace the pair that is there without asking. */
static void put_pair(struct virtual_call *call, size_t slot, struct virtual_pair *pair)
{
    virtual_objects_set_pair(&call->container->slots[slot], pair,
                             call->profile->new_pair_drops_certificate);
    call->changed = true;
}

static uint16_t generate(struct virtual_call *call, enum virtual_pair_kind kind,
                         struct virtual_pair **out)
{
    struct err err = ERR_INIT;
    if (kind_clashes(call->container, VIRTUAL_SLOT_SIGN, kind))
        return VIRTUAL_SW_CONDITIONS;
    bool first = call->container->slots[VIRTUAL_SLOT_SIGN].pair == NULL;
    if (first && !virtual_objects_fit(call->objects, VIRTUAL_PAIR_BYTES))
        return VIRTUAL_SW_NO_SPACE;
    if (virtual_pair_generate(kind, out, &err) == ERR_NONE)
        return VIRTUAL_SW_OK;
    log_debug("virtual", "%s", err.detail);
    return VIRTUAL_SW_KEY_GENERATION;
}

uint16_t virtual_key_generate_rsa(struct virtual_call *call)
{
    struct err err = ERR_INIT;
    AUTO(virtual_pair_freep) struct virtual_pair *pair = NULL;
    uint8_t modulus[VIRTUAL_RSA_BYTES];
    uint32_t exponent = 0;
    uint16_t bits = virtual_apdu_u16(&call->in);
    if (!virtual_apdu_ended(&call->in))
        return VIRTUAL_SW_LENGTH;
    if (bits != VIRTUAL_RSA_BITS)
        return VIRTUAL_SW_DATA;
    uint16_t status = generate(call, VIRTUAL_PAIR_RSA, &pair);
    if (status != VIRTUAL_SW_OK)
        return status;
    if (virtual_pair_modulus(pair, modulus, &exponent, &err) != ERR_NONE)
        return VIRTUAL_SW_KEY_GENERATION;
    buf_add(call->out, SPAN_ARRAY(modulus));
    virtual_apdu_put_u32(call->out, call->profile->little_endian, exponent);
    put_pair(call, VIRTUAL_SLOT_SIGN, TAKE(pair));
    return VIRTUAL_SW_OK;
}

uint16_t virtual_key_generate_ecc(struct virtual_call *call)
{
    struct err err = ERR_INIT;
    AUTO(virtual_pair_freep) struct virtual_pair *pair = NULL;
    uint8_t point[POINT_BYTES];
    uint32_t bits = virtual_apdu_u32(&call->in);
    if (!virtual_apdu_ended(&call->in))
        return VIRTUAL_SW_LENGTH;
    if (bits != SM2_BITS)
        return VIRTUAL_SW_DATA;
    uint16_t status = generate(call, VIRTUAL_PAIR_SM2, &pair);
    if (status != VIRTUAL_SW_OK)
        return status;
    if (virtual_pair_point(pair, point, &err) != ERR_NONE)
        return VIRTUAL_SW_KEY_GENERATION;
    buf_add(call->out, SPAN_ARRAY(point));
    put_pair(call, VIRTUAL_SLOT_SIGN, TAKE(pair));
    return VIRTUAL_SW_OK;
}

/* ---- ImportECCKeyPair ---- */

struct envelope {
    uint32_t version, algorithm, point_bits;
    uint32_t cipher_bits; /* of C1; absent in the draft order, where point_bits counts for both */
    struct span c1, c3, c2;
    struct span point;
    struct span key;
};

static void read_cipher(struct virtual_reader *in, struct envelope *envelope)
{
    envelope->c1 = virtual_apdu_part(in, POINT_BYTES);
    envelope->c3 = virtual_apdu_part(in, VIRTUAL_SM2_BYTES);
    envelope->c2 = virtual_apdu_part(in, virtual_apdu_u32(in));
}

static void read_issued(struct virtual_reader *in, struct envelope *envelope)
{
    envelope->version = virtual_apdu_u32(in);
    envelope->algorithm = virtual_apdu_u32(in);
    envelope->cipher_bits = virtual_apdu_u32(in);
    read_cipher(in, envelope);
    envelope->point_bits = virtual_apdu_u32(in);
    envelope->point = virtual_apdu_part(in, POINT_BYTES);
    envelope->key = virtual_apdu_part(in, virtual_apdu_u32(in));
}

static void read_draft(struct virtual_reader *in, struct envelope *envelope)
{
    envelope->version = virtual_apdu_u32(in);
    envelope->algorithm = virtual_apdu_u32(in);
    envelope->cipher_bits = virtual_apdu_u32(in);
    envelope->key = virtual_apdu_part(in, virtual_apdu_u32(in));
    envelope->point = virtual_apdu_part(in, POINT_BYTES);
    envelope->point_bits = virtual_apdu_u32(in);
    read_cipher(in, envelope);
}

static uint16_t read_envelope(struct virtual_call *call, struct envelope *envelope)
{
    if (call->profile->import_order == VIRTUAL_IMPORT_DRAFT)
        read_draft(&call->in, envelope);
    else
        read_issued(&call->in, envelope);
    if (!virtual_apdu_ended(&call->in))
        return VIRTUAL_SW_LENGTH;
    if (envelope->algorithm == SM1_ECB)
        return VIRTUAL_SW_UNSUPPORTED;
    bool good = envelope->version == ENVELOPE_VERSION && envelope->algorithm == SM4_ECB &&
                envelope->cipher_bits == SM2_BITS && envelope->point_bits == SM2_BITS &&
                envelope->key.len == ENVELOPED_KEY_BYTES &&
                envelope->c2.len == VIRTUAL_CIPHER_BYTES;
    return good ? VIRTUAL_SW_OK : VIRTUAL_SW_DATA;
}

/* The symmetric key inside, by the signing key. */
static uint16_t open_cipher(const struct virtual_pair *sign, const struct envelope *envelope,
                            uint8_t out[VIRTUAL_CIPHER_BYTES])
{
    struct err err = ERR_INIT;
    AUTO(bytes_freep) struct bytes *der = NULL;
    AUTO(virtual_pair_wipe_der) struct bytes *key = NULL;
    if (virtual_pair_cipher_der(envelope->c1.at, envelope->c3.at, envelope->c2, &der, &err) !=
            ERR_NONE ||
        virtual_pair_decrypt(sign, span_bytes(der), &key, &err) != ERR_NONE ||
        key->len != VIRTUAL_CIPHER_BYTES)
        return VIRTUAL_SW_DECRYPT;
    memcpy(out, key->at, VIRTUAL_CIPHER_BYTES);
    return VIRTUAL_SW_OK;
}

/* The pair inside, if it is the one whose public key stands beside it. */
static uint16_t open_pair(const struct virtual_pair *sign, const struct envelope *envelope,
                          struct virtual_pair **out)
{
    struct err err = ERR_INIT;
    AUTO(virtual_pair_freep) struct virtual_pair *pair = NULL;
    uint8_t key[VIRTUAL_CIPHER_BYTES];
    uint8_t scalar[VIRTUAL_SM2_BYTES];
    uint8_t point[POINT_BYTES];
    uint16_t status = open_cipher(sign, envelope, key);
    if (status != VIRTUAL_SW_OK)
        return status;
    struct span wrapped =
        span_part(envelope->key, ENVELOPED_KEY_BYTES - VIRTUAL_SM2_BYTES, VIRTUAL_SM2_BYTES);
    virtual_crypto_decrypt(key, wrapped, scalar);
    virtual_crypto_wipe(key, sizeof key);
    bool good = virtual_pair_from_scalar(scalar, &pair, &err) == ERR_NONE &&
                virtual_pair_point(pair, point, &err) == ERR_NONE &&
                span_equal(SPAN_ARRAY(point), envelope->point);
    virtual_crypto_wipe(scalar, sizeof scalar);
    if (!good)
        return VIRTUAL_SW_DATA;
    *out = TAKE(pair);
    return VIRTUAL_SW_OK;
}

uint16_t virtual_key_import_ecc(struct virtual_call *call)
{
    struct envelope envelope = {0};
    AUTO(virtual_pair_freep) struct virtual_pair *pair = NULL;
    const struct virtual_slot *slots = call->container->slots;
    uint16_t status = read_envelope(call, &envelope);
    if (status != VIRTUAL_SW_OK)
        return status;
    if (virtual_pair_kind(slots[VIRTUAL_SLOT_SIGN].pair) != VIRTUAL_PAIR_SM2)
        return VIRTUAL_SW_NO_PAIR;
    if (slots[VIRTUAL_SLOT_ENCRYPT].pair == NULL &&
        !virtual_objects_fit(call->objects, VIRTUAL_PAIR_BYTES))
        return VIRTUAL_SW_NO_SPACE;
    status = open_pair(slots[VIRTUAL_SLOT_SIGN].pair, &envelope, &pair);
    if (status != VIRTUAL_SW_OK)
        return status;
    put_pair(call, VIRTUAL_SLOT_ENCRYPT, TAKE(pair));
    return VIRTUAL_SW_OK;
}

/* ---- ExportPublicKey ---- */

static uint16_t export_sm2(struct virtual_call *call, const struct virtual_pair *pair)
{
    struct err err = ERR_INIT;
    uint8_t point[POINT_BYTES];
    if (virtual_pair_point(pair, point, &err) != ERR_NONE)
        return VIRTUAL_SW_NO_PAIR;
    virtual_apdu_put_u32(call->out, call->profile->little_endian, SM2_BITS);
    buf_add(call->out, SPAN_ARRAY(point));
    return VIRTUAL_SW_OK;
}

static uint16_t export_rsa(struct virtual_call *call, const struct virtual_pair *pair)
{
    struct err err = ERR_INIT;
    uint8_t modulus[VIRTUAL_RSA_BYTES];
    uint32_t exponent = 0;
    if (virtual_pair_modulus(pair, modulus, &exponent, &err) != ERR_NONE)
        return VIRTUAL_SW_NO_PAIR;
    virtual_apdu_put_u16(call->out, call->profile->little_endian, VIRTUAL_RSA_BITS);
    virtual_apdu_put_u32(call->out, call->profile->little_endian, exponent);
    buf_add(call->out, SPAN_ARRAY(modulus));
    return VIRTUAL_SW_OK;
}

uint16_t virtual_key_export_public(struct virtual_call *call)
{
    if (!virtual_apdu_ended(&call->in))
        return VIRTUAL_SW_LENGTH;
    const struct virtual_pair *pair = call->container->slots[call->command->p1].pair;
    switch (virtual_pair_kind(pair)) {
    case VIRTUAL_PAIR_SM2:
        return export_sm2(call, pair);
    case VIRTUAL_PAIR_RSA:
        return export_rsa(call, pair);
    default:
        return VIRTUAL_SW_NO_PAIR;
    }
}
