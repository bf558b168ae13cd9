#include "token/gmt0017/gmt0017_pin.h"

#include <assert.h>
#include <openssl/evp.h>
#include <string.h>

#define BLOCK_BYTES 16
#define HASH_BYTES_MAX 32
/* Header, Lc, Le, application, new PIN, and two blocks of padding. */
#define MAC_INPUT_BYTES_MAX (4 + 3 + 2 + 2 + GMT0017_NEW_PIN_BYTES_MAX + 2 * BLOCK_BYTES)

static void free_cipherp(EVP_CIPHER **cipher)
{
    EVP_CIPHER_free(*cipher);
}

static void free_contextp(EVP_CIPHER_CTX **context)
{
    EVP_CIPHER_CTX_free(*context);
}

static void free_hashp(EVP_MD **hash)
{
    EVP_MD_free(*hash);
}

/* Whole blocks in, as many out. iv: NULL for ECB. */
static enum err_code encipher(const char *name, const struct secret *key, const uint8_t *iv,
                              struct span in, uint8_t *out, struct err *err)
{
    assert(in.len % BLOCK_BYTES == 0 && secret_peek(key).len == GMT0017_PIN_KEY_BYTES);
    AUTO(free_cipherp) EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, name, NULL);
    AUTO(free_contextp) EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int bytes = 0;
    if (cipher == NULL || context == NULL ||
        EVP_EncryptInit_ex2(context, cipher, secret_peek(key).at, iv, NULL) != 1 ||
        EVP_CIPHER_CTX_set_padding(context, 0) != 1 ||
        EVP_EncryptUpdate(context, out, &bytes, in.at, (int)in.len) != 1 || (size_t)bytes != in.len)
        return err_set(err, ERR_CRYPTO, "%s failed", name);
    return ERR_NONE;
}

struct key_kind {
    const char *hash;
    bool padded;
};

static const struct key_kind key_kinds[] = {
    [GMT0017_PIN_KEY_SHA1_PADDED] = {"SHA1", true},
    [GMT0017_PIN_KEY_SHA1_BARE] = {"SHA1", false},
    [GMT0017_PIN_KEY_SM3_BARE] = {"SM3", false},
    [GMT0017_PIN_KEY_SM3_PADDED] = {"SM3", true},
};

enum err_code gmt0017_pin_key(const struct gmt0017_profile *profile, const struct secret *pin,
                              struct secret **out, struct err *err)
{
    const struct key_kind *kind = &key_kinds[profile->pin_key];
    struct span bytes = secret_peek(pin);
    assert(bytes.len <= GMT0017_PIN_BYTES_MAX);
    AUTO(secret_freep) struct secret *input = NULL;
    AUTO(secret_freep) struct secret *hashed = NULL;
    if (secret_new(GMT0017_PIN_BYTES_MAX, &input, err) != ERR_NONE ||
        secret_new(HASH_BYTES_MAX, &hashed, err) != ERR_NONE)
        return err->code;
    memcpy(secret_room(input), bytes.at, bytes.len); /* the rest is zero */
    AUTO(free_hashp) EVP_MD *hash = EVP_MD_fetch(NULL, kind->hash, NULL);
    if (hash == NULL ||
        EVP_Digest(secret_room(input), kind->padded ? GMT0017_PIN_BYTES_MAX : bytes.len,
                   secret_room(hashed), NULL, hash, NULL) != 1)
        return err_set(err, ERR_CRYPTO, "%s failed", kind->hash);
    secret_set_length(hashed, GMT0017_PIN_KEY_BYTES);
    *out = TAKE(hashed);
    return ERR_NONE;
}

/* Fills whole blocks; out has room for the data and two more blocks. Returns their length. */
static size_t make_blocks(enum gmt0017_block kind, struct span data, uint8_t *out)
{
    if (kind == GMT0017_BLOCK_ZEROS) {
        assert(data.len <= BLOCK_BYTES);
        memset(out, 0, BLOCK_BYTES);
        memcpy(out, data.at, data.len);
        return BLOCK_BYTES;
    }
    size_t used = 2 + data.len + 1;
    size_t whole = (used + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
    memset(out, 0, whole);
    out[0] = (uint8_t)data.len;
    out[1] = (uint8_t)(data.len >> 8);
    memcpy(out + 2, data.at, data.len);
    out[2 + data.len] = 0x80;
    return whole;
}

enum err_code gmt0017_pin_verify(const struct gmt0017_profile *profile, const struct secret *key,
                                 const uint8_t challenge[GMT0017_CHALLENGE_BYTES],
                                 uint8_t out[GMT0017_VERIFY_BYTES], struct err *err)
{
    uint8_t block[GMT0017_CHALLENGE_BYTES + 2 * BLOCK_BYTES];
    size_t length =
        make_blocks(profile->verify_block, span_of(challenge, GMT0017_CHALLENGE_BYTES), block);
    assert(length == GMT0017_VERIFY_BYTES);
    return encipher("SM4-ECB", key, NULL, span_of(block, length), out, err);
}

enum err_code gmt0017_pin_wrap(const struct gmt0017_profile *profile, const struct secret *key,
                               const struct secret *new_pin, uint8_t out[GMT0017_NEW_PIN_BYTES_MAX],
                               size_t *out_bytes, struct err *err)
{
    assert(secret_peek(new_pin).len <= GMT0017_PIN_BYTES_MAX);
    AUTO(secret_freep) struct secret *blocks = NULL;
    if (secret_new(GMT0017_PIN_BYTES_MAX + 2 * BLOCK_BYTES, &blocks, err) != ERR_NONE)
        return err->code;
    size_t length = make_blocks(profile->new_pin_block, secret_peek(new_pin), secret_room(blocks));
    if (encipher("SM4-ECB", key, NULL, span_of(secret_room(blocks), length), out, err) != ERR_NONE)
        return err->code;
    *out_bytes = length;
    return ERR_NONE;
}

/* What is authenticated, before its padding. Returns the length. */
static size_t make_mac_input(const struct gmt0017_profile *profile, const uint8_t header[4],
                             struct span data, struct span plain_pin, uint8_t *out)
{
    if (profile->mac_input == GMT0017_MAC_PLAIN_PIN) {
        memcpy(out, plain_pin.at, plain_pin.len);
        return plain_pin.len;
    }
    size_t with_mac = data.len + GMT0017_MAC_BYTES;
    uint8_t *at = out;
    memcpy(at, header, 4);
    at += 4;
    switch (profile->mac_input) {
    case GMT0017_MAC_HEADER_LE:
        memcpy(at, (uint8_t[]){data.len >> 8 & 0xFF, data.len & 0xFF, 0, 0}, 4);
        at += 4;
        break;
    case GMT0017_MAC_HEADER_LE_LC:
        memcpy(at, (uint8_t[]){with_mac & 0xFF, with_mac >> 8 & 0xFF, 0, 0}, 4);
        at += 4;
        break;
    case GMT0017_MAC_AS_SENT:
    case GMT0017_MAC_PLAIN_PIN:
        memcpy(at, (uint8_t[]){0, with_mac >> 8 & 0xFF, with_mac & 0xFF}, 3);
        at += 3;
        break;
    }
    memcpy(at, data.at, data.len);
    return (size_t)(at - out) + data.len;
}

/* 80 00 ... always; room for two more blocks. Returns the new length. */
static size_t pad(const struct gmt0017_profile *profile, uint8_t *input, size_t length)
{
    input[length++] = 0x80;
    bool one_more = profile->mac_extra_block && length % BLOCK_BYTES == 0;
    while (length % BLOCK_BYTES != 0)
        input[length++] = 0;
    if (one_more) {
        memset(input + length, 0, BLOCK_BYTES);
        length += BLOCK_BYTES;
    }
    return length;
}

enum err_code gmt0017_pin_mac(const struct gmt0017_profile *profile, const struct secret *key,
                              const uint8_t challenge[GMT0017_CHALLENGE_BYTES],
                              const uint8_t header[4], struct span data,
                              const struct secret *new_pin, uint8_t out[GMT0017_MAC_BYTES],
                              struct err *err)
{
    assert(data.len <= 2 + GMT0017_NEW_PIN_BYTES_MAX);
    AUTO(secret_freep) struct secret *input = NULL; /* it may hold the PIN */
    if (secret_new(MAC_INPUT_BYTES_MAX, &input, err) != ERR_NONE)
        return err->code;
    size_t length = make_mac_input(profile, header, data, secret_peek(new_pin), secret_room(input));
    length = pad(profile, secret_room(input), length);
    uint8_t iv[BLOCK_BYTES] = {0};
    memcpy(iv, challenge, GMT0017_CHALLENGE_BYTES);
    uint8_t chain[MAC_INPUT_BYTES_MAX];
    if (encipher("SM4-CBC", key, iv, span_of(secret_room(input), length), chain, err) != ERR_NONE)
        return err->code;
    memcpy(out, chain + length - BLOCK_BYTES, GMT0017_MAC_BYTES);
    return ERR_NONE;
}
