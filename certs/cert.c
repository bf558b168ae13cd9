#include "certs/cert.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "base/hex.h"
#include "base/memory.h"
#include "certs/cert_name.h"
#include "certs/cert_x509.h"
#include "certs/der.h"
#include "certs/proof.h"
#include "certs/public_key.h"
#include "certs/sm2.h"

/* Source: RFC 5280 4.1.2.2. */
#define SERIAL_BYTES_MAX 20
/* Certificates of GM/T 0015 have about 12. */
#define EXTENSIONS_MAX 40

#define KEY_USAGE_SIGN (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)
#define KEY_USAGE_ENCRYPT (KU_KEY_ENCIPHERMENT | KU_DATA_ENCIPHERMENT | KU_KEY_AGREEMENT)

struct cert {
    struct bytes *der;
    X509 *x509;
    EVP_PKEY *key;
    struct span signature_algorithm;
    char *subject, *common_name, *organisation, *issuer, *serial, *sha256;
    struct cert_facts facts;
};

/* ---- the template, in the order of RFC 5280 4.1; it borrows from the bytes ---- */

struct parts {
    struct span serial;
    struct span signature_algorithm;
    struct span not_before, not_after; /* with tag */
    struct span subject, public_key;
    struct span extensions;
};

static enum err_code malformed(struct err *err, const char *what)
{
    return err_set(err, ERR_DER, "certificate: %s", what);
}

static bool take_version_3(struct span *tbs)
{
    static const uint8_t version_3[] = {0x02, 0x01, 0x02};
    struct span version;
    return der_take(tbs, DER_CONTEXT_0, &version) && span_equal(version, SPAN_ARRAY(version_3));
}

static bool take_validity(struct span *tbs, struct parts *parts)
{
    struct span validity;
    struct der_item before, after;
    if (!der_take(tbs, DER_SEQUENCE, &validity) || !der_next(&validity, &before) ||
        !der_next(&validity, &after) || validity.len > 0)
        return false;
    parts->not_before = before.whole;
    parts->not_after = after.whole;
    return true;
}

static bool take_extensions(struct span *tbs, struct parts *parts)
{
    struct span outer;
    if (tbs->len == 0)
        return true;
    return der_take(tbs, DER_CONTEXT_3, &outer) &&
           der_take(&outer, DER_SEQUENCE, &parts->extensions) && outer.len == 0;
}

static enum err_code split_tbs(struct span tbs, struct parts *parts, struct err *err)
{
    struct span issuer;
    if (!take_version_3(&tbs))
        return malformed(err, "not version 3");
    if (!der_take(&tbs, DER_INTEGER, &parts->serial) || parts->serial.len > SERIAL_BYTES_MAX)
        return malformed(err, "serial number");
    if (!der_take_whole(&tbs, DER_SEQUENCE, &parts->signature_algorithm))
        return malformed(err, "signature algorithm");
    if (!der_take_whole(&tbs, DER_SEQUENCE, &issuer))
        return malformed(err, "issuer");
    if (!take_validity(&tbs, parts))
        return malformed(err, "validity");
    if (!der_take_whole(&tbs, DER_SEQUENCE, &parts->subject))
        return malformed(err, "subject");
    if (!der_take_whole(&tbs, DER_SEQUENCE, &parts->public_key))
        return malformed(err, "public key");
    if (!take_extensions(&tbs, parts) || tbs.len > 0)
        return malformed(err, "extensions, or something unknown in their place");
    return ERR_NONE;
}

static enum err_code split(struct span der, struct parts *parts, struct err *err)
{
    struct span certificate, tbs, algorithm, signature;
    if (!der_take(&der, DER_SEQUENCE, &certificate) ||
        !der_take(&certificate, DER_SEQUENCE, &tbs) ||
        !der_take_whole(&certificate, DER_SEQUENCE, &algorithm) ||
        !der_take_bits(&certificate, &signature) || certificate.len > 0)
        return malformed(err, "the three outer parts");
    if (split_tbs(tbs, parts, err) != ERR_NONE)
        return err->code;
    if (!span_equal(algorithm, parts->signature_algorithm))
        return malformed(err, "its two signature algorithms differ");
    return ERR_NONE;
}

/* Certificate extensions (2.5.29) hold DER; others hold what their maker likes. */
static enum err_code check_extension_value(struct span oid, struct span value, struct err *err)
{
    static const uint8_t certificate_extension[] = {0x55, 0x1D};
    if (!span_equal(span_part(oid, 0, 2), SPAN_ARRAY(certificate_extension)))
        return ERR_NONE;
    return der_check(value, err) == ERR_NONE ? ERR_NONE : err_add(err, "certificate extension");
}

static enum err_code check_extensions(struct span extensions, struct err *err)
{
    struct span seen[EXTENSIONS_MAX];
    for (size_t count = 0; extensions.len > 0; count++) {
        struct span extension, oid, critical, value;
        if (count == EXTENSIONS_MAX)
            return malformed(err, "too many extensions");
        if (!der_take(&extensions, DER_SEQUENCE, &extension) ||
            !der_take(&extension, DER_OID, &oid))
            return malformed(err, "an extension");
        (void)der_take(&extension, DER_BOOLEAN, &critical);
        if (!der_take(&extension, DER_OCTET_STRING, &value) || extension.len > 0)
            return malformed(err, "an extension");
        for (size_t i = 0; i < count; i++)
            if (span_equal(seen[i], oid))
                return malformed(err, "an extension occurs twice");
        if (check_extension_value(oid, value, err) != ERR_NONE)
            return err->code;
        seen[count] = oid;
    }
    return ERR_NONE;
}

/* ---- facts ---- */

/* Only the two forms of RFC 5280 4.1.2.5: UTC with seconds. */
static enum err_code read_time(struct span time, int64_t *out_utc, struct err *err)
{
    struct der_item item;
    struct tm tm = {0};
    AUTO(ossl_time_freep) ASN1_TIME *parsed = NULL;
    const uint8_t *at = time.at;
    if (!der_next(&time, &item))
        return malformed(err, "a time");
    bool short_form = item.tag == DER_UTC_TIME && item.value.len == 13;
    bool long_form = item.tag == DER_GENERALIZED_TIME && item.value.len == 15;
    if ((!short_form && !long_form) || item.value.at[item.value.len - 1] != 'Z')
        return malformed(err, "a time");
    parsed = d2i_ASN1_TIME(NULL, &at, (long)item.whole.len);
    if (parsed == NULL || ASN1_TIME_to_tm(parsed, &tm) != 1) {
        ERR_clear_error();
        return malformed(err, "a time");
    }
    *out_utc = (int64_t)timegm(&tm);
    return ERR_NONE;
}

static enum cert_usage usage_of(X509 *x509)
{
    uint32_t flags = X509_get_extension_flags(x509);
    uint32_t usage = (flags & EXFLAG_KUSAGE) != 0 ? X509_get_key_usage(x509) : 0;
    bool signs = (usage & KEY_USAGE_SIGN) != 0;
    bool encrypts = (usage & KEY_USAGE_ENCRYPT) != 0;
    if ((flags & EXFLAG_CA) != 0)
        return CERT_USAGE_CA;
    if (signs && encrypts)
        return CERT_USAGE_BOTH;
    return signs ? CERT_USAGE_SIGN : encrypts ? CERT_USAGE_ENCRYPT : CERT_USAGE_OTHER;
}

static char *serial_text(struct span serial)
{
    if (serial.len > 1 && serial.at[0] == 0)
        serial = span_of(serial.at + 1, serial.len - 1);
    return hex_encode(serial);
}

static char *fingerprint(struct span der)
{
    uint8_t digest[32];
    proof_sha256(der, digest);
    return hex_encode(SPAN_ARRAY(digest));
}

static void fill_texts(struct cert *cert, struct span serial)
{
    const X509_NAME *subject = X509_get_subject_name(cert->x509);
    cert->subject = cert_name_text(subject);
    cert->common_name = cert_name_attribute(subject, NID_commonName);
    cert->organisation = cert_name_attribute(subject, NID_organizationName);
    cert->issuer = cert_name_text(X509_get_issuer_name(cert->x509));
    cert->serial = serial_text(serial);
    cert->sha256 = fingerprint(span_bytes(cert->der));
    cert->facts.subject = cert->subject;
    cert->facts.common_name = cert->common_name;
    cert->facts.organisation = cert->organisation;
    cert->facts.issuer = cert->issuer;
    cert->facts.serial = cert->serial;
    cert->facts.sha256 = cert->sha256;
}

static enum err_code fill_facts(struct cert *cert, const struct parts *parts, struct err *err)
{
    if (read_time(parts->not_before, &cert->facts.not_before_utc, err) != ERR_NONE ||
        read_time(parts->not_after, &cert->facts.not_after_utc, err) != ERR_NONE)
        return err->code;
    cert->signature_algorithm = parts->signature_algorithm;
    cert->facts.usage = usage_of(cert->x509);
    cert->facts.der = span_bytes(cert->der);
    cert->facts.public_key = parts->public_key;
    cert->facts.subject_der = parts->subject;
    fill_texts(cert, parts->serial);
    return ERR_NONE;
}

/* ---- names of algorithms ---- */

static const char *const algorithm_texts[CERT_ALGORITHM_COUNT] = {
    [CERT_SM2] = "sm2",
    [CERT_RSA] = "rsa2048",
    [CERT_P256] = "p256",
    [CERT_P384] = "p384",
};

const char *cert_algorithm_text(enum cert_algorithm algorithm)
{
    return algorithm_texts[algorithm];
}

bool cert_algorithm_from_text(const char *text, enum cert_algorithm *out)
{
    for (size_t i = 0; i < ARRAY_SIZE(algorithm_texts); i++)
        if (strcmp(algorithm_texts[i], text) == 0) {
            *out = (enum cert_algorithm)i;
            return true;
        }
    return false;
}

/* ---- reading ---- */

/* OpenSSL's own SM2 identifier is the empty one. On a signature by RSA it would be an error. */
static enum err_code set_identifier(X509 *x509, struct span signature_algorithm, struct err *err)
{
    enum cert_algorithm algorithm;
    if (!public_key_algorithm_of(signature_algorithm, &algorithm) || algorithm != CERT_SM2)
        return ERR_NONE;
    ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();
    if (id == NULL || ASN1_OCTET_STRING_set(id, (const uint8_t *)SM2_DEFAULT_ID,
                                            sizeof SM2_DEFAULT_ID - 1) != 1) {
        ASN1_OCTET_STRING_free(id);
        return ossl_failed(err, ERR_CRYPTO, "set the SM2 identifier");
    }
    X509_set0_distinguishing_id(x509, id);
    return ERR_NONE;
}

static enum err_code open_x509(struct span der, const struct parts *parts, X509 **out,
                               struct err *err)
{
    const uint8_t *at = der.at;
    AUTO(ossl_x509_freep) X509 *x509 = X509_new_ex(ossl_context(), NULL);
    if (x509 == NULL)
        return ossl_failed(err, ERR_CRYPTO, "make a certificate object");
    if (d2i_X509(&x509, &at, (long)der.len) == NULL || at != der.at + der.len)
        return ossl_failed(err, ERR_DER, "read a certificate");
    if ((X509_get_extension_flags(x509) & EXFLAG_INVALID) != 0)
        return ossl_failed(err, ERR_DER, "read a certificate's extensions");
    if (set_identifier(x509, parts->signature_algorithm, err) != ERR_NONE)
        return err->code;
    *out = TAKE(x509);
    return ERR_NONE;
}

enum err_code cert_parse(struct span der, struct cert **out, struct err *err)
{
    AUTO(cert_freep) struct cert *cert = memory_new(sizeof *cert);
    struct parts parts = {0};
    if (der.len > CERT_BYTES_MAX)
        return err_set(err, ERR_DER, "certificate of %zu bytes, at most %d", der.len,
                       CERT_BYTES_MAX);
    cert->der = bytes_new(der);
    if (der_check(span_bytes(cert->der), err) != ERR_NONE)
        return err_add(err, "certificate");
    if (split(span_bytes(cert->der), &parts, err) != ERR_NONE ||
        check_extensions(parts.extensions, err) != ERR_NONE)
        return err->code;
    if (public_key_open(parts.public_key, &cert->facts.algorithm, &cert->key, err) != ERR_NONE) {
        err_add(err, "certificate");
        return err->code = err->code == ERR_CRYPTO ? ERR_CRYPTO : ERR_CERT_ALGORITHM;
    }
    if (open_x509(span_bytes(cert->der), &parts, &cert->x509, err) != ERR_NONE ||
        fill_facts(cert, &parts, err) != ERR_NONE)
        return err->code;
    *out = TAKE(cert);
    return ERR_NONE;
}

void cert_free(struct cert *cert)
{
    if (cert == NULL)
        return;
    free(cert->subject);
    free(cert->common_name);
    free(cert->organisation);
    free(cert->issuer);
    free(cert->serial);
    free(cert->sha256);
    ossl_pkey_freep(&cert->key);
    ossl_x509_freep(&cert->x509);
    bytes_free(cert->der);
    free(cert);
}

void cert_freep(struct cert **cert)
{
    cert_free(*cert);
    *cert = NULL;
}

const struct cert_facts *cert_peek(const struct cert *cert)
{
    return &cert->facts;
}

X509 *cert_x509_peek(const struct cert *cert)
{
    return cert->x509;
}

bool cert_signed_with(const struct cert *cert, enum cert_algorithm *out)
{
    return public_key_algorithm_of(cert->signature_algorithm, out);
}

enum err_code cert_check_ca(const struct cert *cert, struct err *err)
{
    uint32_t flags = X509_get_extension_flags(cert->x509);
    if ((flags & EXFLAG_BCONS) == 0 || (flags & EXFLAG_CA) == 0)
        return err_set(err, ERR_CERT_USAGE, "%s is no CA", cert->subject);
    if ((flags & EXFLAG_KUSAGE) != 0 && (X509_get_key_usage(cert->x509) & KU_KEY_CERT_SIGN) == 0)
        return err_set(err, ERR_CERT_USAGE, "%s may not sign certificates", cert->subject);
    return ERR_NONE;
}

bool cert_same_subject(const struct cert *a, const struct cert *b)
{
    return span_equal(a->facts.subject_der, b->facts.subject_der) ||
           X509_NAME_cmp(X509_get_subject_name(a->x509), X509_get_subject_name(b->x509)) == 0;
}

char *cert_pem(const struct cert *cert)
{
    AUTO(ossl_bio_freep) BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    if (bio == NULL ||
        PEM_write_bio(bio, PEM_STRING_X509, "", cert->der->at, (long)cert->der->len) <= 0)
        abort();
    long length = BIO_get_mem_data(bio, &text);
    return memory_printf("%.*s", (int)length, text);
}

enum err_code cert_verify(const struct cert *cert, struct span message, struct span signature,
                          struct err *err)
{
    return public_key_verify(cert->key, cert->facts.algorithm, message, signature, err);
}
