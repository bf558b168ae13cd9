#include "token/gmt0017/gmt0017_key.h"

#include <string.h>

#include "token/gmt0017/gmt0017_container.h"

#define ECC_BITS 256
#define ECC_BYTES 32
#define ECC_POINT_BYTES (2 * ECC_BYTES)
#define ECC_SIGNATURE_BYTES (4 + 2 * ECC_BYTES)
#define RSA_BITS 2048
#define RSA_BYTES 256
#define RSA_EXPONENT_BYTES 4
#define SIGN_DIGEST 2 /* P1 of the signing commands: the data are a digest */
#define PUBLIC_KEY_BYTES_MAX (4 + RSA_EXPONENT_BYTES + RSA_BYTES)
#define ENVELOPE_VERSION 1
#define ENVELOPE_SM4_ECB 0x401
#define ENVELOPE_PRIVATE_BYTES 64 /* the private key fills the right half */
#define ENVELOPE_BYTES_MAX 512

static bool is_zero(const uint8_t *at, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (at[i] != 0)
            return false;
    return true;
}

static enum err_code take_point(const uint8_t at[ECC_POINT_BYTES], struct token_public_key *out,
                                struct err *err)
{
    if (is_zero(at, ECC_POINT_BYTES))
        return err_set(err, ERR_TOKEN_ANSWER, "a public key of zeros");
    *out = (struct token_public_key){.algorithm = TOKEN_SM2};
    memcpy(out->x, at, ECC_BYTES);
    memcpy(out->y, at + ECC_BYTES, ECC_BYTES);
    return ERR_NONE;
}

/* The exponent is an odd number below 2^24, so its bytes tell their own order. */
static enum err_code take_rsa(const uint8_t modulus[RSA_BYTES],
                              const uint8_t exponent[RSA_EXPONENT_BYTES],
                              struct token_public_key *out, struct err *err)
{
    uint32_t big = (uint32_t)exponent[0] << 24 | (uint32_t)exponent[1] << 16 |
                   (uint32_t)exponent[2] << 8 | (uint32_t)exponent[3];
    uint32_t value = big % 2 == 1 ? big : __builtin_bswap32(big);
    if (value % 2 == 0 || value < 3 || value >= 1U << 24)
        return err_set(err, ERR_TOKEN_ANSWER, "an RSA exponent of %08X", big);
    if ((modulus[0] & 0x80) == 0 || modulus[RSA_BYTES - 1] % 2 == 0)
        return err_set(err, ERR_TOKEN_ANSWER, "no RSA modulus of %d bits", RSA_BITS);
    *out = (struct token_public_key){.algorithm = TOKEN_RSA2048, .exponent = value};
    memcpy(out->modulus, modulus, RSA_BYTES);
    return ERR_NONE;
}

/* ---- reading ---- */

enum err_code gmt0017_key_read_public(struct gmt0017 *key, const char *container,
                                      enum token_slot slot, struct token_public_key *out,
                                      struct err *err)
{
    struct gmt0017_command command = {
        .name = "ExportPublicKey",
        .cla = 0x80,
        .ins = 0x88,
        .p1 = slot == TOKEN_SIGN ? 1 : 0,
        .le = APDU_LE_ALL,
    };
    AUTO(bytes_freep) struct bytes *answer = NULL;
    if (gmt0017_container_read(key, container, &command, PUBLIC_KEY_BYTES_MAX, &answer, err) !=
        ERR_NONE)
        return err->code;
    const uint8_t *at = answer->at;
    if (answer->len == 4 + ECC_POINT_BYTES && gmt0017_u32(key, at) == ECC_BITS)
        return take_point(at + 4, out, err);
    if (answer->len == 2 + RSA_EXPONENT_BYTES + RSA_BYTES && gmt0017_u16(key, at) == RSA_BITS)
        return take_rsa(at + 2 + RSA_EXPONENT_BYTES, at + 2, out, err);
    return err_set(err, ERR_TOKEN_ANSWER, "%s: %zu bytes are no public key", command.name,
                   answer->len);
}

/* ---- making ---- */

static enum err_code generate_ecc(struct gmt0017 *key, const char *container,
                                  struct token_public_key *out, struct err *err)
{
    AUTO(buf_done) struct buf data = BUF_INIT(4);
    gmt0017_add_u32(key, &data, ECC_BITS);
    struct gmt0017_command command = {
        .name = "GenECCKeyPair",
        .cla = 0x80,
        .ins = 0x70,
        .data = buf_span(&data),
        .le = ECC_POINT_BYTES,
    };
    AUTO(bytes_freep) struct bytes *answer = NULL;
    if (gmt0017_container_send(key, container, &command, ECC_POINT_BYTES, &answer, err) != ERR_NONE)
        return err->code;
    return take_point(answer->at, out, err);
}

static enum err_code generate_rsa(struct gmt0017 *key, const char *container,
                                  struct token_public_key *out, struct err *err)
{
    AUTO(buf_done) struct buf data = BUF_INIT(2);
    gmt0017_add_u16(key, &data, RSA_BITS);
    struct gmt0017_command command = {
        .name = "GenRSAKeyPair",
        .cla = 0x80,
        .ins = 0x54,
        .p1 = 1,
        .data = buf_span(&data),
        .le = RSA_BYTES + RSA_EXPONENT_BYTES,
    };
    AUTO(bytes_freep) struct bytes *answer = NULL;
    if (gmt0017_container_send(key, container, &command, RSA_BYTES + RSA_EXPONENT_BYTES, &answer,
                               err) != ERR_NONE)
        return err->code;
    return take_rsa(answer->at, answer->at + RSA_BYTES, out, err);
}

enum err_code gmt0017_key_create(struct gmt0017 *key, const char *container,
                                 enum token_algorithm algorithm, struct token_public_key *out,
                                 struct err *err)
{
    if (gmt0017_container_create(key, container, err) != ERR_NONE)
        return err->code;
    enum err_code code = algorithm == TOKEN_SM2 ? generate_ecc(key, container, out, err)
                                                : generate_rsa(key, container, out, err);
    if (code == ERR_NONE) {
        struct gmt0017_container_info info = {
            .algorithm = algorithm,
            .sign_bits = algorithm == TOKEN_SM2 ? ECC_BITS : RSA_BITS,
        };
        gmt0017_container_remember(key, container, &info);
        return ERR_NONE;
    }
    struct err second = ERR_INIT; /* on a broken line it stays behind, empty */
    if (gmt0017_container_delete(key, container, &second) != ERR_NONE)
        return err_add(err, "and the new container could not be removed");
    return code;
}

/* ---- the enveloped encryption key ---- */

static void add_private(const struct gmt0017 *key, struct buf *data,
                        const struct token_envelope *envelope)
{
    gmt0017_add_u32(key, data, ENVELOPE_PRIVATE_BYTES);
    buf_add_zeros(data, ENVELOPE_PRIVATE_BYTES - sizeof envelope->encrypted_private);
    buf_add(data, SPAN_ARRAY(envelope->encrypted_private));
}

static void add_public(const struct gmt0017 *key, struct buf *data,
                       const struct token_envelope *envelope)
{
    buf_add(data, SPAN_ARRAY(envelope->public_x));
    buf_add(data, SPAN_ARRAY(envelope->public_y));
}

static void add_symmetric(const struct gmt0017 *key, struct buf *data,
                          const struct token_envelope *envelope)
{
    buf_add(data, SPAN_ARRAY(envelope->c1_x));
    buf_add(data, SPAN_ARRAY(envelope->c1_y));
    buf_add(data, SPAN_ARRAY(envelope->c3));
    gmt0017_add_u32(key, data, sizeof envelope->c2);
    buf_add(data, SPAN_ARRAY(envelope->c2));
}

/* ImportECCKeyPair behind application and container, in the issued order or in that of the draft. */
static void add_envelope(const struct gmt0017 *key, struct buf *data,
                         const struct token_envelope *envelope)
{
    gmt0017_add_u32(key, data, ENVELOPE_VERSION);
    gmt0017_add_u32(key, data, envelope->cipher_id);
    gmt0017_add_u32(key, data, ECC_BITS);
    if (key->profile.draft_envelope) {
        add_private(key, data, envelope);
        add_public(key, data, envelope);
        gmt0017_add_u32(key, data, ECC_BITS);
        add_symmetric(key, data, envelope);
        return;
    }
    add_symmetric(key, data, envelope);
    gmt0017_add_u32(key, data, ECC_BITS);
    add_public(key, data, envelope);
    add_private(key, data, envelope);
}

static enum err_code check_importable(struct gmt0017 *key, const char *container,
                                      struct gmt0017_container_info *info, struct err *err)
{
    if (gmt0017_container_info(key, container, info, err) != ERR_NONE)
        return err->code;
    if (info->encrypt_bits != 0)
        return err_set(err, ERR_TOKEN_EXISTS, "the container %s has an encryption key", container);
    if (info->algorithm != TOKEN_SM2 || info->sign_bits == 0)
        return err_set(err, ERR_TOKEN_NO_KEY, "the container %s has no SM2 signing key", container);
    return ERR_NONE;
}

enum err_code gmt0017_key_import(struct gmt0017 *key, const char *container,
                                 const struct token_envelope *envelope, struct err *err)
{
    if (envelope->cipher_id != ENVELOPE_SM4_ECB)
        return err_set(err, ERR_ENVELOPE, "cipher %08X is not SM4-ECB", envelope->cipher_id);
    struct gmt0017_container_info info;
    if (check_importable(key, container, &info, err) != ERR_NONE)
        return err->code;
    AUTO(buf_done) struct buf data = BUF_INIT(ENVELOPE_BYTES_MAX);
    add_envelope(key, &data, envelope);
    struct gmt0017_command command = {
        .name = "ImportECCKeyPair",
        .cla = 0x80,
        .ins = 0x72,
        .data = buf_span(&data),
        .le = APDU_LE_NONE,
    };
    gmt0017_container_forget_info(key, container);
    if (gmt0017_container_send(key, container, &command, 0, NULL, err) != ERR_NONE)
        return err->code;
    info.encrypt_bits = ECC_BITS;
    gmt0017_container_remember(key, container, &info);
    return ERR_NONE;
}

/* ---- signing ---- */

static enum err_code sign_sm2(struct gmt0017 *key, const char *container, struct span digest,
                              struct bytes **out, struct err *err)
{
    if (digest.len != ECC_BYTES)
        return err_set(err, ERR_FIELD_VALUE, "%zu bytes to sign with SM2 instead of %d", digest.len,
                       ECC_BYTES);
    struct gmt0017_command command = {
        .name = "ECCSignData",
        .cla = 0x80,
        .ins = 0x74,
        .p1 = SIGN_DIGEST,
        .data = digest,
        .le = APDU_LE_ALL,
    };
    AUTO(bytes_freep) struct bytes *answer = NULL;
    if (gmt0017_container_read(key, container, &command, ECC_SIGNATURE_BYTES, &answer, err) !=
        ERR_NONE)
        return err->code;
    const uint8_t *at = answer->at;
    if (answer->len != ECC_SIGNATURE_BYTES || gmt0017_u32(key, at) != ECC_BITS ||
        is_zero(at + 4, ECC_BYTES) || is_zero(at + 4 + ECC_BYTES, ECC_BYTES))
        return err_set(err, ERR_TOKEN_ANSWER, "%s: %zu bytes are no signature", command.name,
                       answer->len);
    *out = bytes_new(span_of(at + 4, 2 * ECC_BYTES));
    return ERR_NONE;
}

static enum err_code sign_rsa(struct gmt0017 *key, const char *container, struct span digest_info,
                              struct bytes **out, struct err *err)
{
    struct gmt0017_command command = {
        .name = "RSASignData",
        .cla = 0x80,
        .ins = 0x58,
        .p1 = SIGN_DIGEST,
        .data = digest_info,
        .le = APDU_LE_ALL,
    };
    AUTO(bytes_freep) struct bytes *answer = NULL;
    if (gmt0017_container_read(key, container, &command, RSA_BYTES, &answer, err) != ERR_NONE)
        return err->code;
    if (answer->len != RSA_BYTES)
        return err_set(err, ERR_TOKEN_ANSWER, "%s: %zu bytes instead of %d", command.name,
                       answer->len, RSA_BYTES);
    *out = TAKE(answer);
    return ERR_NONE;
}

enum err_code gmt0017_key_sign(struct gmt0017 *key, const char *container, struct span input,
                               struct bytes **out, struct err *err)
{
    struct gmt0017_container_info info;
    if (gmt0017_container_known_info(key, container, &info, err) != ERR_NONE)
        return err->code;
    if (info.sign_bits == 0 || info.algorithm == TOKEN_ALGORITHM_NONE)
        return err_set(err, ERR_TOKEN_NO_KEY, "the container %s has no signing key for us",
                       container);
    if (info.algorithm == TOKEN_SM2)
        return sign_sm2(key, container, input, out, err);
    return sign_rsa(key, container, input, out, err);
}
