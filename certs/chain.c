#include "certs/chain.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "base/memory.h"
#include "certs/cert_x509.h"
#include "certs/public_key.h"

struct chain_roots {
    X509_STORE *store;
    size_t count;
};

/* ---- roots ---- */

void chain_roots_free(struct chain_roots *roots)
{
    if (roots == NULL)
        return;
    X509_STORE_free(roots->store);
    free(roots);
}

void chain_roots_freep(struct chain_roots **roots)
{
    chain_roots_free(*roots);
    *roots = NULL;
}

struct pem_block {
    char *name, *header;
    unsigned char *der;
    long length;
};

static void pem_block_done(struct pem_block *block)
{
    OPENSSL_free(block->name);
    OPENSSL_free(block->header);
    OPENSSL_free(block->der);
}

static enum err_code check_root(const struct cert *cert, struct err *err)
{
    enum cert_algorithm signed_with;
    X509 *x509 = cert_x509_peek(cert);
    const char *subject = cert_peek(cert)->subject;
    if (cert_check_ca(cert, err) != ERR_NONE)
        return err->code;
    if (X509_NAME_cmp(X509_get_subject_name(x509), X509_get_issuer_name(x509)) != 0)
        return err_set(err, ERR_CERT_USAGE, "%s is not self-signed", subject);
    if (!cert_signed_with(cert, &signed_with) || signed_with != cert_peek(cert)->algorithm)
        return err_set(err, ERR_CERT_ALGORITHM, "the signature algorithm of %s", subject);
    if (X509_verify(x509, X509_get0_pubkey(x509)) != 1)
        return ossl_failed(err, ERR_DER, "verify a root's own signature");
    return ERR_NONE;
}

static enum err_code add_root(struct chain_roots *roots, struct span der, struct err *err)
{
    AUTO(cert_freep) struct cert *cert = NULL;
    if (roots->count == CHAIN_ROOTS_MAX)
        return err_set(err, ERR_CONFIG, "more than %d roots", CHAIN_ROOTS_MAX);
    if (cert_parse(der, &cert, err) != ERR_NONE || check_root(cert, err) != ERR_NONE)
        return err_add(err, "root %zu", roots->count + 1);
    if (X509_STORE_add_cert(roots->store, cert_x509_peek(cert)) != 1)
        return ossl_failed(err, ERR_CRYPTO, "keep a root");
    roots->count++;
    return ERR_NONE;
}

/* *out_more becomes false at the end of the text. */
static enum err_code add_next_root(struct chain_roots *roots, BIO *bio, bool *out_more,
                                   struct err *err)
{
    AUTO(pem_block_done) struct pem_block block = {0};
    if (PEM_read_bio(bio, &block.name, &block.header, &block.der, &block.length) != 1) {
        unsigned long cause = ERR_peek_last_error();
        *out_more = false;
        if (ERR_GET_LIB(cause) != ERR_LIB_PEM || ERR_GET_REASON(cause) != PEM_R_NO_START_LINE)
            return ossl_failed(err, ERR_DER, "read PEM");
        ERR_clear_error();
        return ERR_NONE;
    }
    if (strcmp(block.name, PEM_STRING_X509) != 0 || block.header[0] != '\0')
        return err_set(err, ERR_DER, "PEM of \"%.32s\" among the roots", block.name);
    return add_root(roots, span_of(block.der, (size_t)block.length), err);
}

enum err_code chain_roots_from_pem(struct span pem, struct chain_roots **out, struct err *err)
{
    AUTO(chain_roots_freep) struct chain_roots *roots = memory_new(sizeof *roots);
    if (pem.len > INT32_MAX)
        return err_set(err, ERR_CONFIG, "%zu bytes of roots", pem.len);
    AUTO(ossl_bio_freep)
    BIO *bio = BIO_new_mem_buf(pem.len > 0 ? pem.at : (const uint8_t *)"", (int)pem.len);
    roots->store = X509_STORE_new();
    if (roots->store == NULL || bio == NULL)
        return ossl_failed(err, ERR_CRYPTO, "make a certificate store");
    for (bool more = true; more;)
        if (add_next_root(roots, bio, &more, err) != ERR_NONE)
            return err->code;
    if (roots->count == 0)
        return err_set(err, ERR_CONFIG, "no root certificate");
    *out = TAKE(roots);
    return ERR_NONE;
}

/* ---- paths ---- */

struct intermediates {
    struct cert *certs[CHAIN_INTERMEDIATES_MAX];
    STACK_OF(X509) * stack; /* borrows from certs */
};

static void intermediates_done(struct intermediates *intermediates)
{
    sk_X509_free(intermediates->stack);
    for (size_t i = 0; i < CHAIN_INTERMEDIATES_MAX; i++)
        cert_free(intermediates->certs[i]);
}

static enum err_code read_intermediates(const struct span *ders, size_t count,
                                        struct intermediates *into, struct err *err)
{
    if (count > CHAIN_INTERMEDIATES_MAX)
        return err_set(err, ERR_CERT_UNTRUSTED, "%zu intermediate certificates, at most %d", count,
                       CHAIN_INTERMEDIATES_MAX);
    into->stack = sk_X509_new_null();
    if (into->stack == NULL)
        return ossl_failed(err, ERR_CRYPTO, "make a list of certificates");
    for (size_t i = 0; i < count; i++) {
        if (cert_parse(ders[i], &into->certs[i], err) != ERR_NONE ||
            cert_check_ca(into->certs[i], err) != ERR_NONE)
            return err_add(err, "intermediate certificate %zu", i + 1);
        if (sk_X509_push(into->stack, cert_x509_peek(into->certs[i])) <= 0)
            return ossl_failed(err, ERR_CRYPTO, "list a certificate");
    }
    return ERR_NONE;
}

static enum err_code code_of(int reason)
{
    static const struct {
        int reason;
        enum err_code code;
    } table[] = {
        {X509_V_ERR_CERT_NOT_YET_VALID, ERR_CERT_TIME},
        {X509_V_ERR_CERT_HAS_EXPIRED, ERR_CERT_TIME},
        {X509_V_ERR_INVALID_CA, ERR_CERT_USAGE},
        {X509_V_ERR_INVALID_NON_CA, ERR_CERT_USAGE},
        {X509_V_ERR_PATH_LENGTH_EXCEEDED, ERR_CERT_USAGE},
        {X509_V_ERR_KEYUSAGE_NO_CERTSIGN, ERR_CERT_USAGE},
        {X509_V_ERR_OUT_OF_MEM, ERR_CRYPTO},
        {X509_V_ERR_UNSPECIFIED, ERR_CRYPTO},
    };
    for (size_t i = 0; i < ARRAY_SIZE(table); i++)
        if (table[i].reason == reason)
            return table[i].code;
    return ERR_CERT_UNTRUSTED;
}

/* Which certificate of ours an X509 of the path is: the end certificate or an intermediate. Roots were
 * checked when they were read. */
static const struct cert *cert_of(const X509 *x509, const struct cert *end,
                                  const struct intermediates *intermediates)
{
    if (x509 == cert_x509_peek(end))
        return end;
    for (size_t i = 0; i < CHAIN_INTERMEDIATES_MAX && intermediates->certs[i] != NULL; i++)
        if (x509 == cert_x509_peek(intermediates->certs[i]))
            return intermediates->certs[i];
    return NULL;
}

/* OpenSSL has verified the signatures, by whatever digest they name: each must be by one of ours,
 * and of the kind of the issuer's key, which a fitting name alone does not promise. */
static enum err_code check_algorithms(const STACK_OF(X509) * path, const struct cert *end,
                                      const struct intermediates *intermediates, struct err *err)
{
    for (int i = 0; i + 1 < sk_X509_num(path); i++) {
        enum cert_algorithm signed_with;
        const struct cert *cert = cert_of(sk_X509_value(path, i), end, intermediates);
        const EVP_PKEY *issuer_key = X509_get0_pubkey(sk_X509_value(path, i + 1));
        if (cert == NULL)
            continue; /* a root signed by another root */
        if (!cert_signed_with(cert, &signed_with) || !public_key_is(issuer_key, signed_with))
            return err_set(err, ERR_CERT_UNTRUSTED, "the signature algorithm of %s",
                           cert_peek(cert)->subject);
    }
    return ERR_NONE;
}

static enum err_code verify(X509_STORE_CTX *ctx, int64_t now_utc, struct err *err)
{
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
    X509_VERIFY_PARAM_set_time(param, (time_t)now_utc);
    X509_VERIFY_PARAM_set_depth(param, CHAIN_INTERMEDIATES_MAX);
    if (X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_ANY) != 1)
        return ossl_failed(err, ERR_CRYPTO, "start checking a chain");
    bool good = X509_verify_cert(ctx) == 1;
    ERR_clear_error();
    int reason = X509_STORE_CTX_get_error(ctx);
    if (!good)
        return err_set_foreign(err, code_of(reason), reason, "chain, at depth %d: %s",
                               X509_STORE_CTX_get_error_depth(ctx),
                               X509_verify_cert_error_string(reason));
    return ERR_NONE;
}

enum err_code chain_check(const struct cert *cert, const struct span *intermediates, size_t count,
                          const struct chain_roots *roots, int64_t now_utc, struct err *err)
{
    AUTO(intermediates_done) struct intermediates given = {0};
    if (read_intermediates(intermediates, count, &given, err) != ERR_NONE)
        return err->code;
    AUTO(ossl_store_ctx_freep)
    X509_STORE_CTX *ctx = X509_STORE_CTX_new_ex(ossl_context(), NULL);
    if (ctx == NULL ||
        X509_STORE_CTX_init(ctx, roots->store, cert_x509_peek(cert), given.stack) != 1)
        return ossl_failed(err, ERR_CRYPTO, "start checking a chain");
    if (verify(ctx, now_utc, err) != ERR_NONE)
        return err->code;
    return check_algorithms(X509_STORE_CTX_get0_chain(ctx), cert, &given, err);
}
