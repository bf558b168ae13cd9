#include "token/virtual/virtual_certificate.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/buf.h"
#include "base/hex.h"
#include "base/memory.h"
#include "token/virtual/virtual_objects.h"

#define PEM_LINE_CHARACTERS 64
#define PEM_BYTES_MAX (VIRTUAL_CERTIFICATE_BYTES_MAX * 2)
#define UNSIGNED "1.3.6.1.5.5.7.6.36"
#define OID_BYTES_MAX 64

static void free_certificate(X509 **certificate)
{
    X509_free(*certificate);
}

static void free_bio(BIO **bio)
{
    BIO_free(*bio);
}

void virtual_certificate_add_pem(struct json *out, const char *name, struct span der)
{
    if (der.len == 0) {
        json_add_text(out, name, NULL);
        return;
    }
    AUTO(memory_freep) char *base64 = base64_encode(der);
    AUTO(buf_done) struct buf pem = BUF_INIT(PEM_BYTES_MAX);
    buf_add_text(&pem, "-----BEGIN CERTIFICATE-----\n");
    for (const char *at = base64; *at != '\0';) {
        size_t len = strnlen(at, PEM_LINE_CHARACTERS);
        buf_add(&pem, span_of(at, len));
        buf_add_text(&pem, "\n");
        at += len;
    }
    buf_add_text(&pem, "-----END CERTIFICATE-----\n");
    buf_add_u8(&pem, 0);
    json_add_text(out, name, (const char *)pem.at);
}

static X509 *read_certificate(struct span text)
{
    const unsigned char *at = text.at;
    X509 *certificate = d2i_X509(NULL, &at, (long)text.len);
    if (certificate != NULL)
        return certificate;
    AUTO(free_bio) BIO *bio = BIO_new_mem_buf(text.at, (int)text.len);
    return bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, NULL, NULL);
}

bool virtual_certificate_is_of(struct span certificate, const struct virtual_pair *pair)
{
    AUTO(free_certificate) X509 *parsed = read_certificate(certificate);
    const EVP_PKEY *key = parsed == NULL ? NULL : X509_get0_pubkey(parsed);
    bool same = key != NULL && EVP_PKEY_eq(virtual_pair_peek(pair), key) == 1;
    ERR_clear_error();
    return same;
}

bool virtual_certificate_is_signed(struct span der)
{
    const unsigned char *at = der.at;
    char algorithm[OID_BYTES_MAX] = UNSIGNED;
    const X509_ALGOR *named = NULL;
    AUTO(free_certificate) X509 *parsed = d2i_X509(NULL, &at, (long)der.len);
    ERR_clear_error();
    if (parsed == NULL)
        return false;
    X509_get0_signature(NULL, &named, parsed);
    OBJ_obj2txt(algorithm, sizeof algorithm, named->algorithm, 1);
    return strcmp(algorithm, UNSIGNED) != 0;
}
