#include "portal/portal_unlock.h"

#include <openssl/evp.h>

#include "base/buf.h"
#include "certs/ossl.h"

#define BLOCK_BYTES 16
#define KEY_BYTES 16
#define MAC_BYTES 4
/* Length, the longest PIN, 80: two blocks. */
#define PLAIN_BYTES_MAX 32
/* Header, Lc, Le, application, the enciphered PIN; then 80, zeros, and a block more. */
#define MAC_INPUT_BYTES_MAX 96
#define PAD 0x80

static const struct portal_unlock_profile profiles[] = {
    {
        .name = "gmt0017-2012",
        .pin_hash = "SHA1",
        .pin_padded = true,
        .verify_block = PORTAL_UNLOCK_ZEROS,
        .new_pin_block = PORTAL_UNLOCK_ZEROS,
        .mac = PORTAL_UNLOCK_MAC_COMMAND,
        .initial_pin = "123456",
    },
    {
        .name = "longmai",
        .pin_hash = "SHA1",
        .pin_padded = true,
        .verify_block = PORTAL_UNLOCK_LENGTH,
        .new_pin_block = PORTAL_UNLOCK_LENGTH,
        .mac = PORTAL_UNLOCK_MAC_PIN,
        .initial_pin = "123456",
    },
    {
        .name = "syno",
        .pin_hash = "SHA1",
        .pin_padded = true,
        .needs_login = true,
        .verify_block = PORTAL_UNLOCK_ZEROS,
        .new_pin_block = PORTAL_UNLOCK_ZEROS,
        .mac = PORTAL_UNLOCK_MAC_COMMAND,
        .mac_extra_block = true,
        .initial_pin = "123456",
    },
};

const struct portal_unlock_profile *portal_unlock_profile_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(profiles); i++)
        if (strcmp(profiles[i].name, name) == 0)
            return &profiles[i];
    return NULL;
}

/* ---- cryptography ---- */

/* K, which is as secret as the PIN. */
static enum err_code pin_key(const struct portal_unlock_profile *profile, const struct secret *pin,
                             struct secret **out, struct err *err)
{
    struct span value = secret_peek(pin);
    AUTO(secret_freep) struct secret *padded = NULL;
    AUTO(secret_freep) struct secret *key = NULL;
    size_t length = 0;
    if (value.len == 0 || value.len > PORTAL_UNLOCK_PIN_BYTES_MAX)
        return err_set(err, ERR_FIELD_VALUE, "an administrator PIN of %zu bytes", value.len);
    if (secret_new(PORTAL_UNLOCK_PIN_BYTES_MAX, &padded, err) != ERR_NONE ||
        secret_new(EVP_MAX_MD_SIZE, &key, err) != ERR_NONE)
        return err->code;
    memset(secret_room(padded), 0, PORTAL_UNLOCK_PIN_BYTES_MAX);
    memcpy(secret_room(padded), value.at, value.len);
    secret_set_length(padded, profile->pin_padded ? PORTAL_UNLOCK_PIN_BYTES_MAX : value.len);
    struct span input = secret_peek(padded);
    if (EVP_Q_digest(NULL, profile->pin_hash, NULL, input.at, input.len, secret_room(key),
                     &length) != 1 ||
        length < KEY_BYTES)
        return ossl_failed(err, ERR_CRYPTO, "digest of an administrator PIN");
    secret_set_length(key, KEY_BYTES);
    *out = TAKE(key);
    return ERR_NONE;
}

/* Whole blocks. */
static enum err_code sm4(const EVP_CIPHER *cipher, const struct secret *key, const uint8_t *iv,
                         struct span in, uint8_t *out, struct err *err)
{
    AUTO(ossl_cipher_ctx_freep) EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int length = 0;
    if (context == NULL ||
        EVP_EncryptInit_ex2(context, cipher, secret_peek(key).at, iv, NULL) != 1 ||
        EVP_CIPHER_CTX_set_padding(context, 0) != 1 ||
        EVP_EncryptUpdate(context, out, &length, in.at, (int)in.len) != 1 || length != (int)in.len)
        return ossl_failed(err, ERR_CRYPTO, "SM4");
    return ERR_NONE;
}

static size_t block_of(enum portal_unlock_block kind, struct span value,
                       uint8_t out[PLAIN_BYTES_MAX])
{
    memset(out, 0, PLAIN_BYTES_MAX);
    if (kind == PORTAL_UNLOCK_ZEROS) {
        memcpy(out, value.at, value.len);
        return BLOCK_BYTES;
    }
    out[0] = (uint8_t)value.len;
    memcpy(out + 2, value.at, value.len);
    out[2 + value.len] = PAD;
    return (2 + value.len + 1 + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
}

/* ---- the MAC ---- */

static void add_command(struct buf *input, const struct portal_unlock_request *request,
                        struct span enciphered)
{
    static const uint8_t header[] = {0x84, 0x1A, 0x00, 0x00}; /* UnblockPIN */
    buf_add(input, SPAN_ARRAY(header));
    buf_add_u16_be(input, (uint16_t)(PORTAL_UNLOCK_APPLICATION_BYTES + enciphered.len));
    buf_add_u16_be(input, 0);
    buf_add(input, SPAN_ARRAY(request->application));
    buf_add(input, enciphered);
}

static void pad(const struct portal_unlock_profile *profile, struct buf *input)
{
    buf_add_u8(input, PAD);
    bool ends_block = input->len % BLOCK_BYTES == 0;
    buf_add_zeros(input, (BLOCK_BYTES - input->len % BLOCK_BYTES) % BLOCK_BYTES);
    if (profile->mac_extra_block && ends_block)
        buf_add_zeros(input, BLOCK_BYTES);
}

/* SM4 CBC-MAC from IV = challenge || zeros, cut to 4 bytes. */
static enum err_code mac_of(const struct portal_unlock_profile *profile, const struct secret *key,
                            const struct portal_unlock_request *request, struct span enciphered,
                            uint8_t out[MAC_BYTES], struct err *err)
{
    AUTO(buf_done) struct buf input = BUF_INIT(MAC_INPUT_BYTES_MAX);
    uint8_t iv[BLOCK_BYTES] = {0};
    uint8_t blocks[MAC_INPUT_BYTES_MAX];
    memcpy(iv, request->challenge, sizeof request->challenge);
    if (profile->mac == PORTAL_UNLOCK_MAC_COMMAND)
        add_command(&input, request, enciphered);
    else
        buf_add_text(&input, profile->initial_pin);
    pad(profile, &input);
    struct span message = buf_span(&input);
    if (message.len == 0)
        return err_set(err, ERR_INTERNAL, "the MAC's input is too long");
    if (sm4(EVP_sm4_cbc(), key, iv, message, blocks, err) != ERR_NONE)
        return err->code;
    memcpy(out, blocks + message.len - BLOCK_BYTES, MAC_BYTES);
    return ERR_NONE;
}

/* ---- the answers ---- */

enum err_code portal_unlock_login(const struct portal_unlock_profile *profile,
                                  const struct secret *admin_pin,
                                  const struct portal_unlock_request *request, struct bytes **out,
                                  struct err *err)
{
    AUTO(secret_freep) struct secret *key = NULL;
    AUTO(bytes_freep) struct bytes *answer = NULL;
    uint8_t plain[PLAIN_BYTES_MAX];
    size_t length = block_of(profile->verify_block, SPAN_ARRAY(request->challenge), plain);
    answer = bytes_new_size(length);
    if (pin_key(profile, admin_pin, &key, err) != ERR_NONE ||
        sm4(EVP_sm4_ecb(), key, NULL, span_of(plain, length), answer->at, err) != ERR_NONE)
        return err_add(err, "compute the administrator's log-in");
    *out = TAKE(answer);
    return ERR_NONE;
}

enum err_code portal_unlock_pin(const struct portal_unlock_profile *profile,
                                const struct secret *admin_pin,
                                const struct portal_unlock_request *request, struct bytes **out,
                                struct err *err)
{
    AUTO(secret_freep) struct secret *key = NULL;
    uint8_t plain[PLAIN_BYTES_MAX];
    size_t length = block_of(profile->new_pin_block, span_text(profile->initial_pin), plain);
    AUTO(bytes_freep) struct bytes *answer = bytes_new_size(length + MAC_BYTES);
    if (pin_key(profile, admin_pin, &key, err) != ERR_NONE ||
        sm4(EVP_sm4_ecb(), key, NULL, span_of(plain, length), answer->at, err) != ERR_NONE ||
        mac_of(profile, key, request, span_of(answer->at, length), answer->at + length, err) !=
            ERR_NONE)
        return err_add(err, "compute what unblocks the PIN");
    *out = TAKE(answer);
    return ERR_NONE;
}
