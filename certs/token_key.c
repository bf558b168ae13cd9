#include "certs/token_key.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <stdlib.h>

#include "certs/public_key.h"
#include "certs/signing.h"

/* In-process only: the value is the address of a struct token_key. */
#define PARAM_TOKEN_KEY "token-key"

/* ---- the key ---- */

struct provider_key {
    struct token_key *binding;
    EVP_PKEY *public_key; /* of the default provider: answers what OpenSSL asks about the key */
};

static void key_free(void *self)
{
    struct provider_key *key = self;
    if (key == NULL)
        return;
    ossl_pkey_freep(&key->public_key);
    free(key);
}

static void key_freep(struct provider_key **key)
{
    key_free(*key);
    *key = NULL;
}

static int key_has(const void *self, int selection)
{
    (void)selection;
    return self != NULL;
}

static int key_get_params(void *self, OSSL_PARAM params[])
{
    struct provider_key *key = self;
    return EVP_PKEY_get_params(key->public_key, params);
}

static const OSSL_PARAM *key_gettable_params(void *provider)
{
    static const OSSL_PARAM table[] = {
        OSSL_PARAM_int(OSSL_PKEY_PARAM_BITS, NULL),
        OSSL_PARAM_int(OSSL_PKEY_PARAM_SECURITY_BITS, NULL),
        OSSL_PARAM_int(OSSL_PKEY_PARAM_MAX_SIZE, NULL),
        OSSL_PARAM_END,
    };
    (void)provider;
    return table;
}

/* A key is "generated" from the signer that it stands for: that is the way on which OpenSSL 3.0 gives
 * an SM2 key its type number (other ways leave -1). */
static void *gen_init(void *provider, int selection, const OSSL_PARAM params[])
{
    (void)provider;
    (void)selection;
    (void)params;
    return memory_new(sizeof(struct token_key *));
}

static int gen_set_params(void *self, const OSSL_PARAM params[])
{
    struct token_key **binding = self;
    const OSSL_PARAM *param = OSSL_PARAM_locate_const(params, PARAM_TOKEN_KEY);
    if (param == NULL)
        return 1;
    if (param->data_type != OSSL_PARAM_OCTET_STRING || param->data_size != sizeof(void *))
        return 0;
    memcpy(binding, param->data, sizeof(void *));
    return 1;
}

static const OSSL_PARAM *gen_settable_params(void *self, void *provider)
{
    static const OSSL_PARAM table[] = {
        OSSL_PARAM_octet_string(PARAM_TOKEN_KEY, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)self;
    (void)provider;
    return table;
}

static void *gen(void *self, OSSL_CALLBACK *progress, void *argument)
{
    struct token_key **binding = self;
    AUTO(key_freep) struct provider_key *key = memory_new(sizeof *key);
    enum cert_algorithm algorithm;
    (void)progress;
    (void)argument;
    key->binding = *binding;
    if (key->binding == NULL)
        return NULL;
    const struct signer *signer = key->binding->signer;
    if (public_key_open(signer->public_key, &algorithm, &key->public_key, &key->binding->err) !=
        ERR_NONE)
        return NULL;
    if (algorithm != signer->algorithm) {
        err_set(&key->binding->err, ERR_CERT_ALGORITHM, "the signer's key is of another kind");
        return NULL;
    }
    return TAKE(key);
}

static const char *signature_of_sm2(int operation)
{
    return operation == OSSL_OP_SIGNATURE ? "SM2" : NULL;
}

static const char *signature_of_rsa(int operation)
{
    return operation == OSSL_OP_SIGNATURE ? "RSA" : NULL;
}

static const char *signature_of_ec(int operation)
{
    return operation == OSSL_OP_SIGNATURE ? "ECDSA" : NULL;
}

/* There is no export: OpenSSL would otherwise make a key of the default provider out of the public part
 * and try to sign with that. */
#define KEY_FUNCTIONS \
    {OSSL_FUNC_KEYMGMT_GEN_INIT, (void (*)(void))gen_init}, \
        {OSSL_FUNC_KEYMGMT_GEN_SET_PARAMS, (void (*)(void))gen_set_params}, \
        {OSSL_FUNC_KEYMGMT_GEN_SETTABLE_PARAMS, (void (*)(void))gen_settable_params}, \
        {OSSL_FUNC_KEYMGMT_GEN, (void (*)(void))gen}, \
        {OSSL_FUNC_KEYMGMT_GEN_CLEANUP, (void (*)(void))free}, \
        {OSSL_FUNC_KEYMGMT_FREE, (void (*)(void))key_free}, \
        {OSSL_FUNC_KEYMGMT_HAS, (void (*)(void))key_has}, \
        {OSSL_FUNC_KEYMGMT_GET_PARAMS, (void (*)(void))key_get_params}, \
    { \
        OSSL_FUNC_KEYMGMT_GETTABLE_PARAMS, (void (*)(void))key_gettable_params \
    }

static const OSSL_DISPATCH sm2_keys[] = {
    KEY_FUNCTIONS,
    {OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, (void (*)(void))signature_of_sm2},
    {0, NULL},
};

static const OSSL_DISPATCH rsa_keys[] = {
    KEY_FUNCTIONS,
    {OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, (void (*)(void))signature_of_rsa},
    {0, NULL},
};

static const OSSL_DISPATCH ec_keys[] = {
    KEY_FUNCTIONS,
    {OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME, (void (*)(void))signature_of_ec},
    {0, NULL},
};

/* ---- the signature ---- */

struct signature {
    struct provider_key *key; /* the EVP_PKEY keeps it alive */
    EVP_MD_CTX *digest;
};

static void *signature_new(void *provider, const char *properties)
{
    (void)provider;
    (void)properties;
    return memory_new(sizeof(struct signature));
}

static void signature_free(void *self)
{
    struct signature *signature = self;
    if (signature == NULL)
        return;
    ossl_md_ctx_freep(&signature->digest);
    free(signature);
}

/* EVP_DigestSignFinal works on a copy. */
static void *signature_dup(void *self)
{
    struct signature *from = self;
    struct signature *copy = memory_new(sizeof *copy);
    copy->key = from->key;
    if (from->digest == NULL)
        return copy;
    copy->digest = EVP_MD_CTX_new();
    if (copy->digest != NULL && EVP_MD_CTX_copy_ex(copy->digest, from->digest) == 1)
        return copy;
    signature_free(copy);
    return NULL;
}

static bool digest_fits(enum cert_algorithm algorithm, const char *name)
{
    const char *ours = public_key_digest(algorithm);
    AUTO(ossl_md_freep) EVP_MD *md = EVP_MD_fetch(ossl_context(), name, NULL);
    return md != NULL && EVP_MD_is_a(md, ours);
}

static int signature_init(void *self, const char *digest, void *key, const OSSL_PARAM params[])
{
    struct signature *signature = self;
    (void)params;
    if (key != NULL)
        signature->key = key;
    if (signature->key == NULL)
        return 0;
    struct token_key *binding = signature->key->binding;
    if (digest != NULL && !digest_fits(binding->signer->algorithm, digest))
        return 0;
    ossl_md_ctx_freep(&signature->digest);
    return signing_start(binding->signer, &signature->digest, &binding->err) == ERR_NONE;
}

static int signature_update(void *self, const unsigned char *data, size_t size)
{
    struct signature *signature = self;
    return EVP_DigestUpdate(signature->digest, data, size);
}

/* out is NULL when only the room that is needed is asked for: then the token is left alone. */
static int signature_final(void *self, unsigned char *out, size_t *out_size, size_t room)
{
    struct signature *signature = self;
    AUTO(bytes_freep) struct bytes *made = NULL;
    if (out == NULL) {
        *out_size = SIGNING_BYTES_MAX;
        return 1;
    }
    struct token_key *binding = signature->key->binding;
    if (signing_finish(binding->signer, signature->digest, &made, &binding->err) != ERR_NONE)
        return 0;
    if (made->len > room)
        return 0;
    memcpy(out, made->at, made->len);
    *out_size = made->len;
    return 1;
}

static int signature_get_params(void *self, OSSL_PARAM params[])
{
    struct signature *signature = self;
    OSSL_PARAM *param = OSSL_PARAM_locate(params, OSSL_SIGNATURE_PARAM_ALGORITHM_ID);
    if (param == NULL)
        return 1;
    struct span der = public_key_signature_algorithm(signature->key->binding->signer->algorithm);
    return OSSL_PARAM_set_octet_string(param, der.at, der.len);
}

static const OSSL_PARAM *signature_gettable_params(void *self, void *provider)
{
    static const OSSL_PARAM table[] = {
        OSSL_PARAM_octet_string(OSSL_SIGNATURE_PARAM_ALGORITHM_ID, NULL, 0),
        OSSL_PARAM_END,
    };
    (void)self;
    (void)provider;
    return table;
}

static const OSSL_DISPATCH signatures[] = {
    {OSSL_FUNC_SIGNATURE_NEWCTX, (void (*)(void))signature_new},
    {OSSL_FUNC_SIGNATURE_FREECTX, (void (*)(void))signature_free},
    {OSSL_FUNC_SIGNATURE_DUPCTX, (void (*)(void))signature_dup},
    {OSSL_FUNC_SIGNATURE_DIGEST_SIGN_INIT, (void (*)(void))signature_init},
    {OSSL_FUNC_SIGNATURE_DIGEST_SIGN_UPDATE, (void (*)(void))signature_update},
    {OSSL_FUNC_SIGNATURE_DIGEST_SIGN_FINAL, (void (*)(void))signature_final},
    {OSSL_FUNC_SIGNATURE_GET_CTX_PARAMS, (void (*)(void))signature_get_params},
    {OSSL_FUNC_SIGNATURE_GETTABLE_CTX_PARAMS, (void (*)(void))signature_gettable_params},
    {0, NULL},
};

/* ---- the provider ---- */

#define PROPERTIES "provider=" TOKEN_KEY_PROVIDER

static const OSSL_ALGORITHM *query(void *provider, int operation, int *no_cache)
{
    static const OSSL_ALGORITHM key_managers[] = {
        {"SM2:1.2.156.10197.1.301", PROPERTIES, sm2_keys, NULL},
        {"RSA:rsaEncryption:1.2.840.113549.1.1.1", PROPERTIES, rsa_keys, NULL},
        {"EC:id-ecPublicKey:1.2.840.10045.2.1", PROPERTIES, ec_keys, NULL},
        {NULL, NULL, NULL, NULL},
    };
    static const OSSL_ALGORITHM signers[] = {
        {"SM2:1.2.156.10197.1.301", PROPERTIES, signatures, NULL},
        {"RSA:rsaEncryption:1.2.840.113549.1.1.1", PROPERTIES, signatures, NULL},
        {"ECDSA", PROPERTIES, signatures, NULL},
        {NULL, NULL, NULL, NULL},
    };
    (void)provider;
    *no_cache = 0;
    if (operation == OSSL_OP_KEYMGMT)
        return key_managers;
    return operation == OSSL_OP_SIGNATURE ? signers : NULL;
}

int token_key_provider_init(const OSSL_CORE_HANDLE *core, const OSSL_DISPATCH *in,
                            const OSSL_DISPATCH **out, void **provider)
{
    static const OSSL_DISPATCH functions[] = {
        {OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query},
        {0, NULL},
    };
    (void)in;
    *out = functions;
    *provider = (void *)(uintptr_t)core;
    return 1;
}

/* ---- for our own use ---- */

enum err_code token_key_open(struct token_key *key, EVP_PKEY **out, struct err *err)
{
    const char *type = public_key_type(key->signer->algorithm);
    AUTO(ossl_pkey_ctx_freep)
    EVP_PKEY_CTX *ctx =
        EVP_PKEY_CTX_new_from_name(ossl_context(), type, "provider=" TOKEN_KEY_PROVIDER);
    AUTO(ossl_pkey_freep) EVP_PKEY *made = NULL;
    struct token_key *address = key;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(PARAM_TOKEN_KEY, &address, sizeof address),
        OSSL_PARAM_construct_end(),
    };
    key->err = ERR_INIT;
    if (ctx == NULL || EVP_PKEY_keygen_init(ctx) != 1 ||
        EVP_PKEY_CTX_set_params(ctx, params) != 1 || EVP_PKEY_generate(ctx, &made) != 1)
        return token_key_failed(key, "open a key on a token", err);
    *out = TAKE(made);
    return ERR_NONE;
}

enum err_code token_key_failed(const struct token_key *key, const char *doing, struct err *err)
{
    if (key->err.code == ERR_NONE)
        return ossl_failed(err, ERR_CRYPTO, doing);
    ERR_clear_error();
    *err = key->err;
    return err->code;
}
