#include "portal/portal_key_manager.h"

#include <openssl/rand.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "certs/envelope.h"
#include "certs/ossl.h"
#include "certs/sm2.h"
#include "portal/portal_secret_file.h"

#define PRIVATE_BYTES 32
#define COORDINATE_BYTES 32
#define IV_BYTES 16
#define MAC_BYTES 32
#define SM4_KEY_BYTES 16
/* A SubjectPublicKeyInfo of SM2 has 91 bytes. */
#define MAC_INPUT_BYTES_MAX 256

struct portal_key_manager {
    struct secret *cipher_key; /* SM4: its first SM4_KEY_BYTES */
    struct secret *mac_key;
};

struct pair {
    struct secret *private_key;
    uint8_t x[COORDINATE_BYTES], y[COORDINATE_BYTES];
    struct bytes *public_key; /* DER SubjectPublicKeyInfo */
};

static void pair_done(struct pair *pair)
{
    secret_free(pair->private_key);
    bytes_free(pair->public_key);
}

/* ---- the master key ---- */

static char *master_path(const char *folder)
{
    return memory_printf("%s/key-manager/master.key", folder);
}

enum err_code portal_key_manager_make(const char *folder, struct err *err)
{
    AUTO(memory_freep) char *own_folder = file_join(folder, "key-manager");
    AUTO(memory_freep) char *path = master_path(folder);
    if (file_make_folder(own_folder, 0700, err) != ERR_NONE ||
        portal_secret_file_make(path, err) != ERR_NONE)
        return err_add(err, "make the key manager");
    return ERR_NONE;
}

enum err_code portal_key_manager_open(const char *folder, struct portal_key_manager **out,
                                      struct err *err)
{
    AUTO(memory_freep) char *path = master_path(folder);
    AUTO(secret_freep) struct secret *master = NULL;
    AUTO(portal_key_manager_freep) struct portal_key_manager *manager = memory_new(sizeof *manager);
    if (portal_secret_file_read(path, &master, err) != ERR_NONE ||
        portal_secret_derive(master, "ukey-portal escrow cipher v1", SPAN_NONE,
                             &manager->cipher_key, err) != ERR_NONE ||
        portal_secret_derive(master, "ukey-portal escrow mac v1", SPAN_NONE, &manager->mac_key,
                             err) != ERR_NONE)
        return err_add(err, "open the key manager");
    *out = TAKE(manager);
    return ERR_NONE;
}

void portal_key_manager_free(struct portal_key_manager *manager)
{
    if (manager == NULL)
        return;
    secret_free(manager->cipher_key);
    secret_free(manager->mac_key);
    free(manager);
}

void portal_key_manager_freep(struct portal_key_manager **manager)
{
    portal_key_manager_free(*manager);
    *manager = NULL;
}

/* ---- key pairs ---- */

static enum err_code export_private(const EVP_PKEY *key, struct secret **out, struct err *err)
{
    AUTO(secret_freep) struct secret *secret = NULL;
    AUTO(ossl_bn_clear_freep) BIGNUM *number = NULL;
    if (secret_new(PRIVATE_BYTES, &secret, err) != ERR_NONE)
        return err->code;
    if (EVP_PKEY_get_bn_param(key, "priv", &number) != 1 ||
        BN_bn2binpad(number, secret_room(secret), PRIVATE_BYTES) != PRIVATE_BYTES)
        return ossl_failed(err, ERR_CRYPTO, "read the new private key");
    secret_set_length(secret, PRIVATE_BYTES);
    *out = TAKE(secret);
    return ERR_NONE;
}

static int export_coordinate(const EVP_PKEY *key, const char *name, uint8_t out[COORDINATE_BYTES])
{
    AUTO(ossl_bn_freep) BIGNUM *number = NULL;
    return EVP_PKEY_get_bn_param(key, name, &number) == 1 &&
           BN_bn2binpad(number, out, COORDINATE_BYTES) == COORDINATE_BYTES;
}

static enum err_code make_pair(struct pair *pair, struct err *err)
{
    AUTO(ossl_pkey_freep) EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "SM2");
    if (key == NULL || export_coordinate(key, "qx", pair->x) != 1 ||
        export_coordinate(key, "qy", pair->y) != 1)
        return ossl_failed(err, ERR_CRYPTO, "make an encryption key pair");
    if (export_private(key, &pair->private_key, err) != ERR_NONE ||
        sm2_public_key(pair->x, pair->y, &pair->public_key, err) != ERR_NONE)
        return err_add(err, "make an encryption key pair");
    return ERR_NONE;
}

/* ---- escrow: SM4-CBC of the 32 bytes (whole blocks, no padding), then HMAC-SM3 over all ---- */

static enum err_code crypt(const struct portal_key_manager *manager, bool encrypt,
                           const uint8_t *iv, const uint8_t *in, uint8_t *out, struct err *err)
{
    AUTO(ossl_cipher_ctx_freep) EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    const uint8_t *key = secret_peek(manager->cipher_key).at;
    int length = 0;
    int tail = 0;
    if (context == NULL ||
        EVP_CipherInit_ex2(context, EVP_sm4_cbc(), key, iv, encrypt, NULL) != 1 ||
        EVP_CIPHER_CTX_set_padding(context, 0) != 1 ||
        EVP_CipherUpdate(context, out, &length, in, PRIVATE_BYTES) != 1 ||
        EVP_CipherFinal_ex(context, out + length, &tail) != 1 || length + tail != PRIVATE_BYTES)
        return ossl_failed(err, ERR_CRYPTO, "SM4 of an escrowed key");
    return ERR_NONE;
}

static enum err_code mac_of(const struct portal_key_manager *manager, struct span public_key,
                            struct span iv, struct span ciphertext, uint8_t out[MAC_BYTES],
                            struct err *err)
{
    AUTO(buf_done) struct buf input = BUF_INIT(MAC_INPUT_BYTES_MAX);
    buf_add(&input, iv);
    buf_add(&input, ciphertext);
    buf_add(&input, public_key);
    struct span message = buf_span(&input);
    struct span key = secret_peek(manager->mac_key);
    size_t length = 0;
    if (message.len == 0)
        return err_set(err, ERR_CRYPTO, "the escrow record is too long");
    if (EVP_Q_mac(NULL, "HMAC", NULL, "SM3", NULL, key.at, key.len, message.at, message.len, out,
                  MAC_BYTES, &length) == NULL ||
        length != MAC_BYTES)
        return ossl_failed(err, ERR_CRYPTO, "HMAC-SM3 of an escrowed key");
    return ERR_NONE;
}

static enum err_code escrow(const struct portal_key_manager *manager, struct portal_db *db,
                            const char *order_number, const struct pair *pair, struct err *err)
{
    uint8_t iv[IV_BYTES];
    uint8_t ciphertext[PRIVATE_BYTES];
    uint8_t mac[MAC_BYTES];
    if (RAND_bytes(iv, sizeof iv) != 1)
        return ossl_failed(err, ERR_CRYPTO, "draw an IV");
    if (crypt(manager, true, iv, secret_peek(pair->private_key).at, ciphertext, err) != ERR_NONE ||
        mac_of(manager, span_bytes(pair->public_key), SPAN_ARRAY(iv), SPAN_ARRAY(ciphertext), mac,
               err) != ERR_NONE)
        return err->code;
    return portal_db_run(
        db,
        "INSERT INTO escrow_key (order_number, public_key, iv, ciphertext, mac, created_utc) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        PORTAL_VALUES(PORTAL_TEXT(order_number), PORTAL_BLOB(span_bytes(pair->public_key)),
                      PORTAL_BLOB(SPAN_ARRAY(iv)), PORTAL_BLOB(SPAN_ARRAY(ciphertext)),
                      PORTAL_BLOB(SPAN_ARRAY(mac)), PORTAL_INTEGER(clock_now_utc())),
        err);
}

enum err_code portal_key_manager_issue(struct portal_key_manager *manager, struct portal_db *db,
                                       const char *order_number, struct span recipient,
                                       struct bytes **out_public_key, struct bytes **out_envelope,
                                       struct err *err)
{
    AUTO(pair_done) struct pair pair = {0};
    AUTO(bytes_freep) struct bytes *envelope = NULL;
    if (make_pair(&pair, err) != ERR_NONE ||
        envelope_make(secret_peek(pair.private_key), pair.x, pair.y, recipient, &envelope, err) !=
            ERR_NONE ||
        escrow(manager, db, order_number, &pair, err) != ERR_NONE)
        return err_add(err, "issue an encryption key");
    *out_envelope = TAKE(envelope);
    *out_public_key = TAKE(pair.public_key);
    return ERR_NONE;
}

/* The row: public_key, iv, ciphertext, mac. */
static enum err_code open_row(const struct portal_key_manager *manager,
                              const struct portal_query *query, struct secret **out,
                              struct err *err)
{
    struct span iv = portal_query_blob(query, 1);
    struct span ciphertext = portal_query_blob(query, 2);
    struct span stored = portal_query_blob(query, 3);
    uint8_t mac[MAC_BYTES];
    if (iv.len != IV_BYTES || ciphertext.len != PRIVATE_BYTES || stored.len != MAC_BYTES)
        return err_set(err, ERR_CRYPTO, "the escrow record has wrong lengths");
    if (mac_of(manager, portal_query_blob(query, 0), iv, ciphertext, mac, err) != ERR_NONE)
        return err->code;
    if (CRYPTO_memcmp(mac, stored.at, MAC_BYTES) != 0)
        return err_set(err, ERR_CRYPTO, "the escrow record was changed");
    AUTO(secret_freep) struct secret *secret = NULL;
    if (secret_new(PRIVATE_BYTES, &secret, err) != ERR_NONE ||
        crypt(manager, false, iv.at, ciphertext.at, secret_room(secret), err) != ERR_NONE)
        return err->code;
    secret_set_length(secret, PRIVATE_BYTES);
    *out = TAKE(secret);
    return ERR_NONE;
}

enum err_code portal_key_manager_recover(struct portal_key_manager *manager, struct portal_db *db,
                                         struct span public_key, struct secret **out,
                                         struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(db,
                        "SELECT public_key, iv, ciphertext, mac FROM escrow_key "
                        "WHERE public_key = ?",
                        PORTAL_VALUES(PORTAL_BLOB(public_key)), &query, err) != ERR_NONE ||
        portal_query_one(query, err) != ERR_NONE)
        return err_add(err, "find the escrowed key");
    return open_row(manager, query, out, err);
}

/* The MAC binds private to public key, so an opened record is the right one. */
enum err_code portal_key_manager_verify(struct portal_key_manager *manager, struct portal_db *db,
                                        int64_t *out_count, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(db, "SELECT public_key, iv, ciphertext, mac FROM escrow_key ORDER BY id",
                        PORTAL_NO_VALUES, &query, err) != ERR_NONE)
        return err->code;
    int64_t count = 0;
    for (bool row = true; row;) {
        if (portal_query_next(query, &row, err) != ERR_NONE)
            return err->code;
        if (!row)
            break;
        AUTO(secret_freep) struct secret *secret = NULL;
        count++;
        if (open_row(manager, query, &secret, err) != ERR_NONE)
            return err_add(err, "escrowed key %lld", (long long)count);
    }
    *out_count = count;
    return ERR_NONE;
}
