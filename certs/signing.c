#include "certs/signing.h"

#include "certs/curve_signature.h"
#include "certs/public_key.h"
#include "certs/sm2.h"

/* DigestInfo of SHA-256 up to the hash. Source: RFC 8017 9.2, note 1. */
static const uint8_t sha256_info[] = {0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                      0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};

static enum err_code start_digest(const char *name, EVP_MD_CTX **out, struct err *err)
{
    AUTO(ossl_md_freep) EVP_MD *md = EVP_MD_fetch(ossl_context(), name, NULL);
    AUTO(ossl_md_ctx_freep) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (md == NULL || ctx == NULL || EVP_DigestInit_ex2(ctx, md, NULL) != 1)
        return ossl_failed(err, ERR_CRYPTO, "start a digest");
    *out = TAKE(ctx);
    return ERR_NONE;
}

/* Z = SM3(ENTL || ID || a || b || xG || yG || xA || yA). Source: GB/T 32918.2 5.5, the curve's
 * parameters: GB/T 32918.5. */
static enum err_code hash_identity(struct span point, uint8_t out[32], struct err *err)
{
    static const uint8_t curve[] = {
        0xFF, 0xFF, 0xFF, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        0xFF, 0xFC, 0x28, 0xE9, 0xFA, 0x9E, 0x9D, 0x9F, 0x5E, 0x34, 0x4D, 0x5A, 0x9E, 0x4B, 0xCF,
        0x65, 0x09, 0xA7, 0xF3, 0x97, 0x89, 0xF5, 0x15, 0xAB, 0x8F, 0x92, 0xDD, 0xBC, 0xBD, 0x41,
        0x4D, 0x94, 0x0E, 0x93, 0x32, 0xC4, 0xAE, 0x2C, 0x1F, 0x19, 0x81, 0x19, 0x5F, 0x99, 0x04,
        0x46, 0x6A, 0x39, 0xC9, 0x94, 0x8F, 0xE3, 0x0B, 0xBF, 0xF2, 0x66, 0x0B, 0xE1, 0x71, 0x5A,
        0x45, 0x89, 0x33, 0x4C, 0x74, 0xC7, 0xBC, 0x37, 0x36, 0xA2, 0xF4, 0xF6, 0x77, 0x9C, 0x59,
        0xBD, 0xCE, 0xE3, 0x6B, 0x69, 0x21, 0x53, 0xD0, 0xA9, 0x87, 0x7C, 0xC6, 0x2A, 0x47, 0x40,
        0x02, 0xDF, 0x32, 0xE5, 0x21, 0x39, 0xF0, 0xA0,
    };
    static const uint8_t id_bits[] = {0x00, 8 * (sizeof SM2_DEFAULT_ID - 1)};
    AUTO(ossl_md_ctx_freep) EVP_MD_CTX *ctx = NULL;
    if (start_digest("SM3", &ctx, err) != ERR_NONE)
        return err->code;
    if (EVP_DigestUpdate(ctx, id_bits, sizeof id_bits) != 1 ||
        EVP_DigestUpdate(ctx, SM2_DEFAULT_ID, sizeof SM2_DEFAULT_ID - 1) != 1 ||
        EVP_DigestUpdate(ctx, curve, sizeof curve) != 1 ||
        EVP_DigestUpdate(ctx, point.at, point.len) != 1 || EVP_DigestFinal_ex(ctx, out, NULL) != 1)
        return ossl_failed(err, ERR_CRYPTO, "hash the SM2 identity");
    return ERR_NONE;
}

static enum err_code start_sm2(struct span public_key, EVP_MD_CTX **out, struct err *err)
{
    struct span point = public_key_sm2_point(public_key);
    AUTO(ossl_md_ctx_freep) EVP_MD_CTX *ctx = NULL;
    uint8_t z[32];
    if (point.len == 0)
        return err_set(err, ERR_CERT_PUBLIC_KEY, "not a public key of SM2");
    if (hash_identity(point, z, err) != ERR_NONE || start_digest("SM3", &ctx, err) != ERR_NONE)
        return err->code;
    if (EVP_DigestUpdate(ctx, z, sizeof z) != 1)
        return ossl_failed(err, ERR_CRYPTO, "add the hashed identity");
    *out = TAKE(ctx);
    return ERR_NONE;
}

enum err_code signing_start(const struct signer *signer, EVP_MD_CTX **out, struct err *err)
{
    return signer->algorithm == CERT_SM2
               ? start_sm2(signer->public_key, out, err)
               : start_digest(public_key_digest(signer->algorithm), out, err);
}

/* Keys on a curve sign the digest itself, that of SM2 over Z and the message. */
static enum err_code ask_curve(const struct signer *signer, struct span hash, struct bytes **out,
                               struct err *err)
{
    AUTO(bytes_freep) struct bytes *raw = NULL;
    enum err_code code = signer->sign(signer->self, hash, &raw, err);
    return code != ERR_NONE ? code
                            : curve_signature_to_der(signer->algorithm, span_bytes(raw), out, err);
}

static enum err_code ask_rsa(const struct signer *signer, struct span hash, struct bytes **out,
                             struct err *err)
{
    AUTO(bytes_freep) struct bytes *signature = NULL;
    uint8_t info[sizeof sha256_info + 32];
    memcpy(info, sha256_info, sizeof sha256_info);
    memcpy(info + sizeof sha256_info, hash.at, 32);
    enum err_code code = signer->sign(signer->self, SPAN_ARRAY(info), &signature, err);
    if (code != ERR_NONE)
        return code;
    if (signature->len < RSA_BITS_MIN / 8 || signature->len > SIGNING_BYTES_MAX)
        return err_set(err, ERR_SIGNATURE, "an RSA signature of %zu bytes", signature->len);
    *out = TAKE(signature);
    return ERR_NONE;
}

enum err_code signing_finish(const struct signer *signer, EVP_MD_CTX *digest, struct bytes **out,
                             struct err *err)
{
    uint8_t hash[EVP_MAX_MD_SIZE];
    int width = signer->algorithm == CERT_P384 ? 48 : 32;
    if (EVP_MD_CTX_get_size(digest) != width || EVP_DigestFinal_ex(digest, hash, NULL) != 1)
        return ossl_failed(err, ERR_CRYPTO, "end a digest");
    struct span hashed = span_of(hash, (size_t)width);
    return signer->algorithm == CERT_RSA ? ask_rsa(signer, hashed, out, err)
                                         : ask_curve(signer, hashed, out, err);
}

enum err_code signer_sign_message(const struct signer *signer, struct span message,
                                  struct bytes **out, struct err *err)
{
    AUTO(ossl_md_ctx_freep) EVP_MD_CTX *digest = NULL;
    if (signing_start(signer, &digest, err) != ERR_NONE)
        return err->code;
    if (EVP_DigestUpdate(digest, message.at, message.len) != 1)
        return ossl_failed(err, ERR_CRYPTO, "digest a message");
    return signing_finish(signer, digest, out, err);
}

enum err_code sm2_message_digest(struct span public_key, struct span message, uint8_t out[32],
                                 struct err *err)
{
    AUTO(ossl_md_ctx_freep) EVP_MD_CTX *digest = NULL;
    if (start_sm2(public_key, &digest, err) != ERR_NONE)
        return err->code;
    if (EVP_DigestUpdate(digest, message.at, message.len) != 1 ||
        EVP_DigestFinal_ex(digest, out, NULL) != 1)
        return ossl_failed(err, ERR_CRYPTO, "digest a message");
    return ERR_NONE;
}
