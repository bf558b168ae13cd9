#include "certs/csr.h"

#include <stdlib.h>

#include "base/memory.h"
#include "certs/der.h"
#include "certs/public_key.h"
#include "certs/token_key.h"

struct csr {
    struct bytes *der;
    struct csr_facts facts;
};

/* ---- making ---- */

static enum err_code read_name(struct span der, X509_NAME **out, struct err *err)
{
    const uint8_t *at = der.at;
    if (der.len > CSR_BYTES_MAX)
        return err_set(err, ERR_DER, "a name of %zu bytes", der.len);
    if (der_check(der, err) != ERR_NONE)
        return err_add(err, "name");
    AUTO(ossl_name_freep) X509_NAME *name = d2i_X509_NAME(NULL, &at, (long)der.len);
    if (name == NULL || at != der.at + der.len)
        return ossl_failed(err, ERR_DER, "read a name");
    *out = TAKE(name);
    return ERR_NONE;
}

static enum err_code start_request(const X509_NAME *subject, struct span public_key, X509_REQ **out,
                                   struct err *err)
{
    AUTO(ossl_pkey_freep) EVP_PKEY *key = NULL;
    enum cert_algorithm algorithm;
    if (public_key_open(public_key, &algorithm, &key, err) != ERR_NONE)
        return err->code;
    AUTO(ossl_req_freep) X509_REQ *request = X509_REQ_new_ex(ossl_context(), NULL);
    if (request == NULL || X509_REQ_set_version(request, X509_REQ_VERSION_1) != 1 ||
        X509_REQ_set_subject_name(request, subject) != 1 || X509_REQ_set_pubkey(request, key) != 1)
        return ossl_failed(err, ERR_CRYPTO, "fill a certificate request");
    *out = TAKE(request);
    return ERR_NONE;
}

static enum err_code sign_request(X509_REQ *request, const struct signer *signer, struct err *err)
{
    struct token_key token_key = {.signer = signer};
    const char *digest = public_key_digest(signer->algorithm);
    AUTO(ossl_pkey_freep) EVP_PKEY *key = NULL;
    if (token_key_open(&token_key, &key, err) != ERR_NONE)
        return err->code;
    AUTO(ossl_md_ctx_freep) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (ctx == NULL || EVP_DigestSignInit_ex(ctx, NULL, digest, ossl_context(),
                                             TOKEN_KEY_PROPERTIES, key, NULL) != 1)
        return token_key_failed(&token_key, "start signing a request", err);
    if (X509_REQ_sign_ctx(request, ctx) <= 0)
        return token_key_failed(&token_key, "sign a request", err);
    return ERR_NONE;
}

static enum err_code encode_request(const X509_REQ *request, struct bytes **out, struct err *err)
{
    int length = i2d_X509_REQ(request, NULL);
    if (length <= 0 || length > CSR_BYTES_MAX)
        return ossl_failed(err, ERR_CRYPTO, "encode a request");
    AUTO(bytes_freep) struct bytes *der = bytes_new_size((size_t)length);
    uint8_t *at = der->at;
    if (i2d_X509_REQ(request, &at) != length)
        return ossl_failed(err, ERR_CRYPTO, "encode a request");
    *out = TAKE(der);
    return ERR_NONE;
}

/* What the key signed is read like a stranger's request, so that a key that signs wrongly is found here
 * and not by the platform. */
static enum err_code check_made(struct span der, struct span public_key, struct err *err)
{
    AUTO(csr_freep) struct csr *csr = NULL;
    if (csr_parse(der, &csr, err) != ERR_NONE)
        return err_add(err, "check our own request");
    if (!span_equal(csr_peek(csr)->public_key, public_key))
        return err_set(err, ERR_CERT_PUBLIC_KEY, "the key's public part is not in its usual form");
    return ERR_NONE;
}

enum err_code csr_make(struct span subject_der, const struct signer *signer, struct bytes **out,
                       struct err *err)
{
    AUTO(ossl_name_freep) X509_NAME *subject = NULL;
    AUTO(ossl_req_freep) X509_REQ *request = NULL;
    AUTO(bytes_freep) struct bytes *der = NULL;
    if (read_name(subject_der, &subject, err) != ERR_NONE ||
        start_request(subject, signer->public_key, &request, err) != ERR_NONE ||
        sign_request(request, signer, err) != ERR_NONE ||
        encode_request(request, &der, err) != ERR_NONE ||
        check_made(span_bytes(der), signer->public_key, err) != ERR_NONE)
        return err->code;
    *out = TAKE(der);
    return ERR_NONE;
}

/* ---- reading ---- */

struct parts {
    struct span info; /* what is signed */
    struct span subject, public_key, signature_algorithm, signature;
};

static enum err_code malformed(struct err *err, const char *what)
{
    return err_set(err, ERR_CSR, "request: %s", what);
}

/* Source: RFC 2986 4.1. */
static enum err_code split_info(struct span info, struct parts *parts, struct err *err)
{
    struct span content, version, attributes;
    if (!der_take(&info, DER_SEQUENCE, &content))
        return malformed(err, "its outer part");
    if (!der_take(&content, DER_INTEGER, &version) || version.len != 1 || version.at[0] != 0)
        return malformed(err, "not version 1");
    if (!der_take_whole(&content, DER_SEQUENCE, &parts->subject))
        return malformed(err, "subject");
    if (!der_take_whole(&content, DER_SEQUENCE, &parts->public_key))
        return malformed(err, "public key");
    if (!der_take(&content, DER_CONTEXT_0, &attributes) || content.len > 0)
        return malformed(err, "attributes");
    return ERR_NONE;
}

static enum err_code split(struct span der, struct parts *parts, struct err *err)
{
    struct span request;
    if (!der_take(&der, DER_SEQUENCE, &request) ||
        !der_take_whole(&request, DER_SEQUENCE, &parts->info) ||
        !der_take_whole(&request, DER_SEQUENCE, &parts->signature_algorithm) ||
        !der_take_bits(&request, &parts->signature) || request.len > 0)
        return malformed(err, "the three outer parts");
    return split_info(parts->info, parts, err);
}

/* A different wording of the same refusal, unless it is the machine that fails. */
static enum err_code as_csr_error(struct err *err)
{
    bool kept = err->code == ERR_CRYPTO || err->code == ERR_DER_TRAILING;
    err_add(err, "request");
    return err->code = kept ? err->code : ERR_CSR;
}

static enum err_code check_signature(const struct parts *parts, enum cert_algorithm *out_algorithm,
                                     struct err *err)
{
    AUTO(ossl_pkey_freep) EVP_PKEY *key = NULL;
    enum cert_algorithm algorithm, signed_with;
    if (public_key_open(parts->public_key, &algorithm, &key, err) != ERR_NONE)
        return as_csr_error(err);
    if (!public_key_algorithm_of(parts->signature_algorithm, &signed_with) ||
        signed_with != algorithm)
        return malformed(err, "the signature algorithm is not that of the key");
    if (public_key_verify(key, algorithm, parts->info, parts->signature, err) != ERR_NONE)
        return err_add(err, "request");
    *out_algorithm = algorithm;
    return ERR_NONE;
}

enum err_code csr_parse(struct span der, struct csr **out, struct err *err)
{
    AUTO(csr_freep) struct csr *csr = memory_new(sizeof *csr);
    AUTO(ossl_name_freep) X509_NAME *subject = NULL;
    struct parts parts = {0};
    if (der.len > CSR_BYTES_MAX)
        return err_set(err, ERR_CSR, "request of %zu bytes, at most %d", der.len, CSR_BYTES_MAX);
    csr->der = bytes_new(der);
    if (der_check(span_bytes(csr->der), err) != ERR_NONE)
        return as_csr_error(err);
    if (split(span_bytes(csr->der), &parts, err) != ERR_NONE)
        return err->code;
    if (read_name(parts.subject, &subject, err) != ERR_NONE)
        return as_csr_error(err);
    if (check_signature(&parts, &csr->facts.algorithm, err) != ERR_NONE)
        return err->code;
    csr->facts.public_key = parts.public_key;
    csr->facts.subject_der = parts.subject;
    *out = TAKE(csr);
    return ERR_NONE;
}

const struct csr_facts *csr_peek(const struct csr *csr)
{
    return &csr->facts;
}

void csr_free(struct csr *csr)
{
    if (csr == NULL)
        return;
    bytes_free(csr->der);
    free(csr);
}

void csr_freep(struct csr **csr)
{
    csr_free(*csr);
    *csr = NULL;
}
