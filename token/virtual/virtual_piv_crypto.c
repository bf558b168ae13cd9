#include "token/virtual/virtual_piv_crypto.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdlib.h>

#include "base/memory.h"
#include "token/virtual/virtual_crypto.h"
#include "token/virtual/virtual_piv_tlv.h"

/* Two 49-byte integers of P-384 and their heads; an RSA block is longer. */
#define OUTPUT_BYTES_MAX VIRTUAL_RSA_BYTES
/* An uncompressed point of P-384. */
#define POINT_BYTES_MAX 97

static const struct cipher {
    enum virtual_piv_management cipher;
    const char *name;
    const char *openssl;
    uint8_t key_bytes;
    uint8_t block_bytes;
} ciphers[] = {
    {VIRTUAL_PIV_3DES, "3des", "DES-EDE3-ECB", 24, 8},
    {VIRTUAL_PIV_AES128, "aes128", "AES-128-ECB", 16, 16},
    {VIRTUAL_PIV_AES192, "aes192", "AES-192-ECB", 24, 16},
    {VIRTUAL_PIV_AES256, "aes256", "AES-256-ECB", 32, 16},
};

static const struct {
    enum virtual_pair_kind kind;
    uint8_t algorithm;
    uint16_t bytes;
} kinds[] = {
    {VIRTUAL_PAIR_P256, VIRTUAL_PAIR_P256, 32},
    {VIRTUAL_PAIR_P384, VIRTUAL_PAIR_P384, 48},
    {VIRTUAL_PAIR_RSA, VIRTUAL_PIV_RSA2048, VIRTUAL_RSA_BYTES},
    {VIRTUAL_PAIR_SM2, VIRTUAL_PIV_SM2, VIRTUAL_SM2_BYTES},
};

static void free_cipher(EVP_CIPHER **cipher)
{
    EVP_CIPHER_free(*cipher);
}

static void free_cipher_context(EVP_CIPHER_CTX **context)
{
    EVP_CIPHER_CTX_free(*context);
}

static void free_key(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}

static void free_key_context(EVP_PKEY_CTX **context)
{
    EVP_PKEY_CTX_free(*context);
}

/* ---- the management key ---- */

static const struct cipher *row_of(enum virtual_piv_management cipher)
{
    for (size_t i = 0; i < ARRAY_SIZE(ciphers); i++)
        if (ciphers[i].cipher == cipher)
            return &ciphers[i];
    return NULL;
}

size_t virtual_piv_crypto_key_bytes(enum virtual_piv_management cipher)
{
    const struct cipher *row = row_of(cipher);
    return row == NULL ? 0 : row->key_bytes;
}

size_t virtual_piv_crypto_block_bytes(enum virtual_piv_management cipher)
{
    const struct cipher *row = row_of(cipher);
    return row == NULL ? 0 : row->block_bytes;
}

const char *virtual_piv_crypto_name(enum virtual_piv_management cipher)
{
    const struct cipher *row = row_of(cipher);
    return row == NULL ? NULL : row->name;
}

enum virtual_piv_management virtual_piv_crypto_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(ciphers); i++)
        if (strcmp(ciphers[i].name, name) == 0)
            return ciphers[i].cipher;
    return (enum virtual_piv_management)0;
}

static void must(bool good)
{
    if (!good)
        abort();
}

void virtual_piv_crypto_encrypt(enum virtual_piv_management cipher, const uint8_t *key,
                                const uint8_t *in, uint8_t *out)
{
    const struct cipher *row = row_of(cipher);
    if (row == NULL)
        abort();
    AUTO(free_cipher) EVP_CIPHER *found = EVP_CIPHER_fetch(NULL, row->openssl, NULL);
    AUTO(free_cipher_context) EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int length = 0;
    must(found != NULL && context != NULL);
    must(EVP_EncryptInit_ex2(context, found, key, NULL, NULL) == 1);
    must(EVP_CIPHER_CTX_set_padding(context, 0) == 1);
    must(EVP_EncryptUpdate(context, out, &length, in, row->block_bytes) == 1);
    must(length == row->block_bytes);
}

/* ---- key pairs ---- */

uint8_t virtual_piv_crypto_algorithm(enum virtual_pair_kind kind)
{
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (kinds[i].kind == kind)
            return kinds[i].algorithm;
    return 0;
}

enum virtual_pair_kind virtual_piv_crypto_kind(uint8_t algorithm)
{
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (kinds[i].algorithm == algorithm)
            return kinds[i].kind;
    return VIRTUAL_PAIR_NONE;
}

size_t virtual_piv_crypto_pair_bytes(enum virtual_pair_kind kind)
{
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (kinds[i].kind == kind)
            return kinds[i].bytes;
    return 0;
}

static bool put_rsa_key(const struct virtual_pair *pair, struct buf *out)
{
    uint8_t modulus[VIRTUAL_RSA_BYTES];
    uint32_t exponent = 0;
    struct err ignored = ERR_INIT;
    if (virtual_pair_modulus(pair, modulus, &exponent, &ignored) != ERR_NONE)
        return false;
    const uint8_t bytes[] = {(uint8_t)(exponent >> 16), (uint8_t)(exponent >> 8),
                             (uint8_t)exponent};
    virtual_piv_tlv_put(out, 0x81, SPAN_ARRAY(modulus));
    virtual_piv_tlv_put(out, 0x82, SPAN_ARRAY(bytes));
    return true;
}

bool virtual_piv_crypto_public_key(const struct virtual_pair *pair, struct buf *out)
{
    uint8_t point[POINT_BYTES_MAX];
    size_t length = 0;
    if (virtual_pair_kind(pair) == VIRTUAL_PAIR_RSA)
        return put_rsa_key(pair, out);
    bool good = EVP_PKEY_get_octet_string_param(virtual_pair_peek(pair), OSSL_PKEY_PARAM_PUB_KEY,
                                                point, sizeof point, &length) == 1 &&
                point[0] == POINT_CONVERSION_UNCOMPRESSED;
    ERR_clear_error();
    if (good)
        virtual_piv_tlv_put(out, 0x86, span_of(point, length));
    return good;
}

bool virtual_piv_crypto_sign(const struct virtual_pair *pair, struct span digest, struct buf *out)
{
    uint8_t der[OUTPUT_BYTES_MAX];
    size_t length = sizeof der;
    AUTO(free_key_context)
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(virtual_pair_peek(pair), NULL);
    bool good = context != NULL && EVP_PKEY_sign_init(context) == 1 &&
                EVP_PKEY_sign(context, der, &length, digest.at, digest.len) == 1;
    ERR_clear_error();
    if (good)
        buf_add(out, span_of(der, length));
    return good;
}

/* NULL when the point is not on the curve of key. */
static EVP_PKEY *peer_of(const EVP_PKEY *key, struct span point)
{
    EVP_PKEY *peer = EVP_PKEY_new();
    if (peer != NULL && EVP_PKEY_copy_parameters(peer, key) == 1 &&
        EVP_PKEY_set1_encoded_public_key(peer, point.at, point.len) == 1)
        return peer;
    EVP_PKEY_free(peer);
    return NULL;
}

bool virtual_piv_crypto_agree(const struct virtual_pair *pair, struct span point, struct buf *out)
{
    uint8_t shared[OUTPUT_BYTES_MAX];
    size_t length = sizeof shared;
    EVP_PKEY *key = virtual_pair_peek(pair);
    AUTO(free_key) EVP_PKEY *peer = peer_of(key, point);
    AUTO(free_key_context)
    EVP_PKEY_CTX *context = peer == NULL ? NULL : EVP_PKEY_CTX_new(key, NULL);
    bool good = context != NULL && EVP_PKEY_derive_init(context) == 1 &&
                EVP_PKEY_derive_set_peer(context, peer) == 1 &&
                EVP_PKEY_derive(context, shared, &length) == 1;
    ERR_clear_error();
    if (good)
        buf_add(out, span_of(shared, length));
    virtual_crypto_wipe(shared, sizeof shared);
    return good;
}

bool virtual_piv_crypto_rsa(const struct virtual_pair *pair, struct span block, struct buf *out)
{
    uint8_t result[OUTPUT_BYTES_MAX];
    size_t length = sizeof result;
    AUTO(free_key_context)
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(virtual_pair_peek(pair), NULL);
    bool good = context != NULL && EVP_PKEY_decrypt_init(context) == 1 &&
                EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING) == 1 &&
                EVP_PKEY_decrypt(context, result, &length, block.at, block.len) == 1;
    ERR_clear_error();
    if (good)
        buf_add(out, span_of(result, length));
    virtual_crypto_wipe(result, sizeof result);
    return good;
}
