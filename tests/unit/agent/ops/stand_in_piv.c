#include "tests/unit/agent/ops/stand_in_piv.h"

#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define PUK_BYTES 8

static const struct cipher {
    const char *algorithm, *name;
    size_t key_bytes, block_bytes;
} ciphers[] = {
    {"3des", "DES-EDE3-ECB", 24, 8},
    {"aes128", "AES-128-ECB", 16, 16},
    {"aes192", "AES-192-ECB", 24, 16},
    {"aes256", "AES-256-ECB", 32, 16},
};

static const struct cipher *cipher_of(const char *algorithm)
{
    for (size_t i = 0; i < ARRAY_SIZE(ciphers); i++)
        if (strcmp(ciphers[i].algorithm, algorithm) == 0)
            return &ciphers[i];
    fail_msg("no such cipher: \"%s\"", algorithm);
    return NULL;
}

void stand_in_piv_init(struct stand_in_piv *piv)
{
    *piv = (struct stand_in_piv){.puk = STAND_IN_PIV_PUK, .next_puk = "20270101", .tries = -2};
}

struct span stand_in_piv_key(const char *algorithm)
{
    static const uint8_t key[32] = {0x19, 0x28, 0x37, 0x46, 0x55, 0x64, 0x73, 0x82,
                                    0x91, 0xA0, 0xBF, 0xCE, 0xDD, 0xEC, 0xFB, 0x0A,
                                    0x1B, 0x2C, 0x3D, 0x4E, 0x5F, 0x60, 0x71, 0x81,
                                    0x92, 0xA3, 0xB4, 0xC5, 0xD6, 0xE7, 0xF8, 0x09};
    return span_of(key, cipher_of(algorithm)->key_bytes);
}

static struct bytes *encipher(const struct cipher *cipher, struct span key, struct span block)
{
    int length = 0;
    struct bytes *out = bytes_new_size(block.len);
    EVP_CIPHER *fetched = EVP_CIPHER_fetch(NULL, cipher->name, NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    assert_int_equal(EVP_EncryptInit_ex2(ctx, fetched, key.at, NULL, NULL), 1);
    assert_int_equal(EVP_CIPHER_CTX_set_padding(ctx, 0), 1);
    assert_int_equal(EVP_EncryptUpdate(ctx, out->at, &length, block.at, (int)block.len), 1);
    assert_int_equal(length, block.len);
    EVP_CIPHER_CTX_free(ctx);
    EVP_CIPHER_free(fetched);
    return out;
}

static enum err_code answer_challenge(struct stand_in_piv *piv,
                                      const struct remote_unblock_request *request,
                                      struct bytes **out, struct err *err)
{
    const struct cipher *cipher = cipher_of(request->algorithm);
    piv->managed++;
    snprintf(piv->algorithm, sizeof piv->algorithm, "%s", request->algorithm);
    if (request->challenge.len != cipher->block_bytes)
        return err_set(err, ERR_FIELD_VALUE, "a challenge of %zu bytes for %s",
                       request->challenge.len, request->algorithm);
    *out = encipher(cipher, stand_in_piv_key(request->algorithm), request->challenge);
    (*out)->at[0] ^= piv->wrong_key ? 1 : 0;
    return ERR_NONE;
}

enum err_code stand_in_piv_answer(struct stand_in_piv *piv,
                                  const struct remote_unblock_request *request, struct bytes **out,
                                  struct err *err)
{
    assert_int_equal(request->application.len, 0);
    if (request->purpose == REMOTE_UNBLOCK_MANAGE)
        return answer_challenge(piv, request, out, err);
    assert_int_equal(request->challenge.len, 0);
    const char *puk = request->refused && piv->other_puk != NULL ? piv->other_puk : piv->puk;
    piv->unblocked++;
    piv->refused += request->refused ? 1 : 0;
    piv->tries = request->administrator_tries;
    *out = bytes_new_size(3 * PUK_BYTES);
    memset((*out)->at, 0xFF, (*out)->len);
    memcpy((*out)->at, puk, PUK_BYTES);
    memcpy((*out)->at + PUK_BYTES, piv->next_puk, PUK_BYTES);
    memcpy((*out)->at + 2 * PUK_BYTES, "123456", 6);
    return ERR_NONE;
}
