#include "token/virtual/virtual_crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>

#include "base/memory.h"

#define BLOCK VIRTUAL_CIPHER_BYTES

/* Fixed algorithms on lengths that were checked: they fail only without memory or providers. */
static void must(bool good)
{
    if (!good)
        abort();
}

static void free_cipher(EVP_CIPHER_CTX **context)
{
    EVP_CIPHER_CTX_free(*context);
}

static void free_digest(EVP_MD_CTX **context)
{
    EVP_MD_CTX_free(*context);
}

void virtual_crypto_pin_key(enum virtual_pin_hash hash, struct span pin, uint8_t out[BLOCK])
{
    uint8_t padded[BLOCK] = {0};
    uint8_t digest[EVP_MAX_MD_SIZE];
    must(pin.len <= BLOCK);
    if (pin.len > 0)
        memcpy(padded, pin.at, pin.len);
    size_t len = hash == VIRTUAL_HASH_SHA1_PADDED ? BLOCK : pin.len;
    const EVP_MD *algorithm = hash == VIRTUAL_HASH_SM3 ? EVP_sm3() : EVP_sha1();
    must(EVP_Digest(padded, len, digest, NULL, algorithm, NULL) == 1);
    memcpy(out, digest, BLOCK);
    OPENSSL_cleanse(padded, sizeof padded);
    OPENSSL_cleanse(digest, sizeof digest);
}

static void crypt(const uint8_t key[BLOCK], int encrypt, struct span in, uint8_t *out)
{
    AUTO(free_cipher) EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int written = 0;
    must(in.len % BLOCK == 0 && context != NULL);
    must(EVP_CipherInit_ex(context, EVP_sm4_ecb(), NULL, key, NULL, encrypt) == 1);
    EVP_CIPHER_CTX_set_padding(context, 0);
    must(EVP_CipherUpdate(context, out, &written, in.at, (int)in.len) == 1);
    must((size_t)written == in.len);
}

void virtual_crypto_encrypt(const uint8_t key[BLOCK], struct span in, uint8_t *out)
{
    crypt(key, 1, in, out);
}

void virtual_crypto_decrypt(const uint8_t key[BLOCK], struct span in, uint8_t *out)
{
    crypt(key, 0, in, out);
}

/* With extra_block the input and its 80 are followed by 1 to 16 zeros, else by 0 to 15. */
static size_t padded_length(size_t len, bool extra_block)
{
    return ((len + 1 + (extra_block ? BLOCK : BLOCK - 1)) / BLOCK) * BLOCK;
}

void virtual_crypto_mac(const uint8_t key[BLOCK], const uint8_t challenge[VIRTUAL_CHALLENGE_BYTES],
                        struct span input, bool extra_block, uint8_t out[VIRTUAL_MAC_BYTES])
{
    uint8_t state[BLOCK] = {0};
    memcpy(state, challenge, VIRTUAL_CHALLENGE_BYTES);
    size_t len = padded_length(input.len, extra_block);
    for (size_t i = 0; i < len; i++) {
        if (i < input.len)
            state[i % BLOCK] ^= input.at[i];
        else if (i == input.len)
            state[i % BLOCK] ^= 0x80;
        if (i % BLOCK == BLOCK - 1)
            virtual_crypto_encrypt(key, SPAN_ARRAY(state), state);
    }
    memcpy(out, state, VIRTUAL_MAC_BYTES);
    OPENSSL_cleanse(state, sizeof state);
}

static bool all_zero(const uint8_t *at, size_t len)
{
    uint8_t all = 0;
    for (size_t i = 0; i < len; i++)
        all |= at[i];
    return all == 0;
}

static struct span unwrap_zeros(struct span plain)
{
    size_t len = strnlen((const char *)plain.at, plain.len);
    return all_zero(plain.at + len, plain.len - len) ? span_of(plain.at, len) : SPAN_NONE;
}

static struct span unwrap_length(struct span plain)
{
    size_t len = (size_t)(plain.at[0] | plain.at[1] << 8);
    if (plain.len < 3 || len > plain.len - 3 || plain.len - len - 3 >= BLOCK)
        return SPAN_NONE;
    const uint8_t *end = plain.at + 2 + len;
    if (*end != 0x80 || !all_zero(end + 1, plain.len - len - 3))
        return SPAN_NONE;
    return span_of(plain.at + 2, len);
}

struct span virtual_crypto_unwrap(enum virtual_block block, struct span plain)
{
    if (plain.len < BLOCK)
        return SPAN_NONE;
    return block == VIRTUAL_BLOCK_LENGTH ? unwrap_length(plain) : unwrap_zeros(plain);
}

/* a, b, Gx, Gy of the SM2 curve. Source: GB/T 32918.5. */
static const uint8_t curve[128] = {
    0xFF, 0xFF, 0xFF, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFC,
    0x28, 0xE9, 0xFA, 0x9E, 0x9D, 0x9F, 0x5E, 0x34, 0x4D, 0x5A, 0x9E, 0x4B, 0xCF, 0x65, 0x09, 0xA7,
    0xF3, 0x97, 0x89, 0xF5, 0x15, 0xAB, 0x8F, 0x92, 0xDD, 0xBC, 0xBD, 0x41, 0x4D, 0x94, 0x0E, 0x93,
    0x32, 0xC4, 0xAE, 0x2C, 0x1F, 0x19, 0x81, 0x19, 0x5F, 0x99, 0x04, 0x46, 0x6A, 0x39, 0xC9, 0x94,
    0x8F, 0xE3, 0x0B, 0xBF, 0xF2, 0x66, 0x0B, 0xE1, 0x71, 0x5A, 0x45, 0x89, 0x33, 0x4C, 0x74, 0xC7,
    0xBC, 0x37, 0x36, 0xA2, 0xF4, 0xF6, 0x77, 0x9C, 0x59, 0xBD, 0xCE, 0xE3, 0x6B, 0x69, 0x21, 0x53,
    0xD0, 0xA9, 0x87, 0x7C, 0xC6, 0x2A, 0x47, 0x40, 0x02, 0xDF, 0x32, 0xE5, 0x21, 0x39, 0xF0, 0xA0,
};

void virtual_crypto_sm2_digest(const uint8_t public_key[64], struct span id, struct span message,
                               uint8_t out[32])
{
    AUTO(free_digest) EVP_MD_CTX *context = EVP_MD_CTX_new();
    uint8_t bits[2] = {(uint8_t)(id.len * 8 >> 8), (uint8_t)(id.len * 8)};
    must(id.len < 8192 && context != NULL);
    must(EVP_DigestInit_ex(context, EVP_sm3(), NULL) == 1);
    must(EVP_DigestUpdate(context, bits, sizeof bits) == 1);
    must(EVP_DigestUpdate(context, id.at, id.len) == 1);
    must(EVP_DigestUpdate(context, curve, sizeof curve) == 1);
    must(EVP_DigestUpdate(context, public_key, 64) == 1);
    must(EVP_DigestFinal_ex(context, out, NULL) == 1);
    must(EVP_DigestInit_ex(context, EVP_sm3(), NULL) == 1);
    must(EVP_DigestUpdate(context, out, 32) == 1);
    must(EVP_DigestUpdate(context, message.at, message.len) == 1);
    must(EVP_DigestFinal_ex(context, out, NULL) == 1);
}

void virtual_crypto_random(uint8_t *out, size_t len)
{
    must(RAND_bytes(out, (int)len) == 1);
}

bool virtual_crypto_equal(const void *a, const void *b, size_t len)
{
    return CRYPTO_memcmp(a, b, len) == 0;
}

void virtual_crypto_wipe(void *at, size_t len)
{
    OPENSSL_cleanse(at, len);
}
