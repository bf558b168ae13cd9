#include "portal/portal_piv_secret.h"

#include <openssl/evp.h>

#include "base/buf.h"
#include "base/clock.h"
#include "certs/ossl.h"
#include "portal/portal_audit.h"
#include "portal/portal_piv_version.h"
#include "portal/portal_secret_file.h"

#define PUK_LABEL "piv-puk/v1"
/* Serial, a zero byte, two numbers. */
#define CONTEXT_BYTES_MAX (PORTAL_SERIAL_BYTES_MAX + 9)
/* Another block is needed once in 2^45 keys, or once in 10^28 PUKs. */
#define BLOCKS_MAX 16
#define DES_KEY_BYTES 8

static const struct portal_piv_cipher ciphers[] = {
    {"3des", "DES-EDE3-ECB", "piv-management/v1/3des", 24, 8},
    {"aes128", "AES-128-ECB", "piv-management/v1/aes128", 16, 16},
    {"aes192", "AES-192-ECB", "piv-management/v1/aes192", 24, 16},
    {"aes256", "AES-256-ECB", "piv-management/v1/aes256", 32, 16},
};

const struct portal_piv_cipher *portal_piv_cipher_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(ciphers); i++)
        if (strcmp(ciphers[i].name, name) == 0)
            return &ciphers[i];
    return NULL;
}

static enum err_code derive(const struct portal *portal, const char *label, const char *serial,
                            int64_t version, uint32_t block, struct secret **out, struct err *err)
{
    AUTO(buf_done) struct buf context = BUF_INIT(CONTEXT_BYTES_MAX);
    size_t length = strlen(serial);
    if (length == 0 || length > PORTAL_SERIAL_BYTES_MAX)
        return err_set(err, ERR_FIELD_VALUE, "serial: %zu bytes, 1 to %d are allowed", length,
                       PORTAL_SERIAL_BYTES_MAX);
    buf_add_text(&context, serial);
    buf_add_u8(&context, 0);
    buf_add_u32_be(&context, (uint32_t)version);
    buf_add_u32_be(&context, block);
    return portal_secret_derive(portal->admin_pin_key, label, buf_span(&context), out, err);
}

/* ---- the management key ---- */

/* With odd parity, in the order of SP 800-67: weak, then semi-weak. */
static const uint8_t weak_keys[][DES_KEY_BYTES] = {
    {0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01},
    {0xFE, 0xFE, 0xFE, 0xFE, 0xFE, 0xFE, 0xFE, 0xFE},
    {0xE0, 0xE0, 0xE0, 0xE0, 0xF1, 0xF1, 0xF1, 0xF1},
    {0x1F, 0x1F, 0x1F, 0x1F, 0x0E, 0x0E, 0x0E, 0x0E},
    {0x01, 0x1F, 0x01, 0x1F, 0x01, 0x0E, 0x01, 0x0E},
    {0x1F, 0x01, 0x1F, 0x01, 0x0E, 0x01, 0x0E, 0x01},
    {0x01, 0xE0, 0x01, 0xE0, 0x01, 0xF1, 0x01, 0xF1},
    {0xE0, 0x01, 0xE0, 0x01, 0xF1, 0x01, 0xF1, 0x01},
    {0x01, 0xFE, 0x01, 0xFE, 0x01, 0xFE, 0x01, 0xFE},
    {0xFE, 0x01, 0xFE, 0x01, 0xFE, 0x01, 0xFE, 0x01},
    {0x1F, 0xE0, 0x1F, 0xE0, 0x0E, 0xF1, 0x0E, 0xF1},
    {0xE0, 0x1F, 0xE0, 0x1F, 0xF1, 0x0E, 0xF1, 0x0E},
    {0x1F, 0xFE, 0x1F, 0xFE, 0x0E, 0xFE, 0x0E, 0xFE},
    {0xFE, 0x1F, 0xFE, 0x1F, 0xFE, 0x0E, 0xFE, 0x0E},
    {0xE0, 0xFE, 0xE0, 0xFE, 0xF1, 0xFE, 0xF1, 0xFE},
    {0xFE, 0xE0, 0xFE, 0xE0, 0xFE, 0xF1, 0xFE, 0xF1},
};

static bool is_weak(const uint8_t part[DES_KEY_BYTES])
{
    for (size_t i = 0; i < ARRAY_SIZE(weak_keys); i++)
        if (secret_equal_spans(span_of(part, DES_KEY_BYTES), SPAN_ARRAY(weak_keys[i])))
            return true;
    return false;
}

bool portal_piv_3des_key_good(const uint8_t key[24])
{
    for (size_t i = 0; i < 3; i++) {
        struct span part = span_of(key + i * DES_KEY_BYTES, DES_KEY_BYTES);
        struct span next = span_of(key + (i + 1) % 3 * DES_KEY_BYTES, DES_KEY_BYTES);
        if (is_weak(part.at) || secret_equal_spans(part, next))
            return false;
    }
    return true;
}

static void set_odd_parity(uint8_t *key, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned high = key[i] & 0xFEU;
        key[i] = (uint8_t)(high | (__builtin_parity(high) ^ 1U));
    }
}

enum err_code portal_piv_management_key(const struct portal *portal, const char *serial,
                                        int64_t version, const struct portal_piv_cipher *cipher,
                                        struct secret **out, struct err *err)
{
    bool des = cipher->block_bytes == DES_KEY_BYTES;
    if (version < 1 || version > UINT32_MAX)
        return err_set(err, ERR_INTERNAL, "management key of version %lld", (long long)version);
    for (uint32_t block = 1; block <= BLOCKS_MAX; block++) {
        AUTO(secret_freep) struct secret *key = NULL;
        if (derive(portal, cipher->label, serial, version, block, &key, err) != ERR_NONE)
            return err_add(err, "derive a management key");
        secret_set_length(key, cipher->key_bytes);
        if (des)
            set_odd_parity(secret_room(key), cipher->key_bytes);
        if (des && !portal_piv_3des_key_good(secret_peek(key).at))
            continue;
        *out = TAKE(key);
        return ERR_NONE;
    }
    return err_set(err, ERR_CRYPTO, "no management key comes out of %d blocks", BLOCKS_MAX);
}

enum err_code portal_piv_encipher(const struct portal_piv_cipher *cipher, const struct secret *key,
                                  struct span challenge, struct bytes **out, struct err *err)
{
    AUTO(ossl_cipher_ctx_freep) EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int length = 0;
    if (challenge.len != cipher->block_bytes)
        return err_set(err, ERR_FIELD_VALUE, "challenge: %zu bytes, %zu for %s", challenge.len,
                       cipher->block_bytes, cipher->name);
    AUTO(bytes_freep) struct bytes *answer = bytes_new_size(challenge.len);
    if (context == NULL ||
        EVP_EncryptInit_ex2(context, EVP_get_cipherbyname(cipher->openssl), secret_peek(key).at,
                            NULL, NULL) != 1 ||
        EVP_CIPHER_CTX_set_padding(context, 0) != 1 ||
        EVP_EncryptUpdate(context, answer->at, &length, challenge.at, (int)challenge.len) != 1 ||
        length != (int)challenge.len)
        return ossl_failed(err, ERR_CRYPTO, "encipher a challenge");
    *out = TAKE(answer);
    return ERR_NONE;
}

/* ---- the PUK ---- */

/* Adds the digits of one block. */
static void take_digits(struct span block, uint8_t *puk, size_t *count)
{
    for (size_t i = 0; i < block.len && *count < PORTAL_PIV_PUK_BYTES; i++)
        if (block.at[i] < 250)
            puk[(*count)++] = (uint8_t)('0' + block.at[i] % 10);
}

enum err_code portal_piv_puk(const struct portal *portal, const char *serial, int64_t version,
                             struct secret **out, struct err *err)
{
    AUTO(secret_freep) struct secret *puk = NULL;
    size_t count = 0;
    if (version < 1 || version > UINT32_MAX)
        return err_set(err, ERR_INTERNAL, "PUK of version %lld", (long long)version);
    if (secret_new(PORTAL_PIV_PUK_BYTES, &puk, err) != ERR_NONE)
        return err->code;
    for (uint32_t block = 1; count < PORTAL_PIV_PUK_BYTES; block++) {
        AUTO(secret_freep) struct secret *bytes = NULL;
        if (derive(portal, PUK_LABEL, serial, version, block, &bytes, err) != ERR_NONE)
            return err_add(err, "derive a PUK");
        take_digits(secret_peek(bytes), secret_room(puk), &count);
    }
    secret_set_length(puk, PORTAL_PIV_PUK_BYTES);
    *out = TAKE(puk);
    return ERR_NONE;
}

/* ---- which cipher ---- */

enum err_code portal_piv_cipher_choose(struct portal *portal, const char *serial,
                                       const struct portal_piv_cipher *told,
                                       const struct portal_piv_cipher **out, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    bool row = false;
    if (portal_db_query(portal->db, "SELECT algorithm FROM piv_cipher WHERE serial = ?",
                        PORTAL_VALUES(PORTAL_TEXT(serial)), &query, err) != ERR_NONE ||
        portal_query_next(query, &row, err) != ERR_NONE)
        return err_add(err, "look for a PIV token's cipher");
    const struct portal_piv_cipher *made =
        row ? portal_piv_cipher_find(portal_query_text(query, 0)) : NULL;
    bool unsaid = strcmp(told->name, "aes128") == 0;
    *out = unsaid && made != NULL && made->block_bytes == told->block_bytes ? made : told;
    return ERR_NONE;
}

static enum err_code note_cipher(struct portal *portal, const char *serial,
                                 const struct portal_piv_cipher *cipher, struct err *err)
{
    return portal_db_run(portal->db,
                         "INSERT INTO piv_cipher (serial, algorithm, at_utc) VALUES (?1, ?2, ?3) "
                         "ON CONFLICT (serial) DO UPDATE SET algorithm = ?2, at_utc = ?3",
                         PORTAL_VALUES(PORTAL_TEXT(serial), PORTAL_TEXT(cipher->name),
                                       PORTAL_INTEGER(clock_now_utc())),
                         err);
}

/* ---- showing ---- */

void portal_piv_secrets_done(struct portal_piv_secrets *secrets)
{
    secret_freep(&secrets->management_key);
    secret_freep(&secrets->puk);
}

static enum err_code choose_puk(struct portal_piv_version *now, int64_t wanted, struct err *err)
{
    if (wanted < 0 || wanted > now->highest)
        return err_set(err, ERR_FIELD_VALUE, "PUK: not 1 to %lld", (long long)now->highest);
    if (wanted != 0)
        now->puk = wanted;
    return ERR_NONE;
}

enum err_code portal_piv_secrets_show(struct portal *portal, const char *serial,
                                      const struct portal_piv_cipher *cipher, int64_t puk_version,
                                      struct portal_piv_secrets *out, struct err *err)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    AUTO(portal_piv_secrets_done) struct portal_piv_secrets secrets = {0};
    struct portal_piv_version now = {0};
    if (portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        portal_piv_version_find(portal, serial, &now, err) != ERR_NONE ||
        choose_puk(&now, puk_version, err) != ERR_NONE ||
        portal_piv_management_key(portal, serial, now.management, cipher, &secrets.management_key,
                                  err) != ERR_NONE ||
        portal_piv_puk(portal, serial, now.puk, &secrets.puk, err) != ERR_NONE ||
        note_cipher(portal, serial, cipher, err) != ERR_NONE)
        return err_add(err, "show a PIV token's secrets");
    AUTO(memory_freep)
    char *detail = memory_printf("%s, management key %lld, PUK %lld", cipher->name,
                                 (long long)now.management, (long long)now.puk);
    if (portal_audit_add(portal, "piv-secrets.shown", serial, detail, err) != ERR_NONE ||
        portal_transaction_commit(&transaction, err) != ERR_NONE)
        return err_add(err, "show a PIV token's secrets");
    out->management_key = TAKE(secrets.management_key);
    out->puk = TAKE(secrets.puk);
    return ERR_NONE;
}
