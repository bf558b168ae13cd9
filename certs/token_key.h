/* A key that lives on a token, as OpenSSL sees it: an EVP_PKEY of the built-in provider "tok", whose
 * private part is a signer. It signs, and can do nothing else. */
#pragma once

#include <openssl/core.h>

#include "certs/ossl.h"
#include "certs/signer.h"

#define TOKEN_KEY_PROVIDER "tok"
/* To be given with every OpenSSL call that signs with such a key. */
#define TOKEN_KEY_PROPERTIES "?provider=" TOKEN_KEY_PROVIDER

OSSL_provider_init_fn token_key_provider_init;

/* Where the error of the signer is kept on its way through OpenSSL. */
struct token_key {
    const struct signer *signer;
    struct err err;
};

/* A key that signs through key->signer. *key must outlive it and belong to one thread at a time. */
MUST_CHECK enum err_code token_key_open(struct token_key *key, EVP_PKEY **out, struct err *err);
/* After an OpenSSL call with the key has failed: the signer's own error, unchanged; ERR_CRYPTO with
 * OpenSSL's reason when the signer was not to blame. */
enum err_code token_key_failed(const struct token_key *key, const char *doing, struct err *err);
