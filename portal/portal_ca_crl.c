#include <openssl/pem.h>
#include <stdlib.h>

#include "base/clock.h"
#include "certs/ossl.h"
#include "portal/portal_ca_private.h"

#define DAY_S 86400

struct portal_ca_crl {
    const struct portal_authority *authority;
    X509_CRL *crl;
};

/* Source: RFC 5280 5.3.1. */
static const struct {
    const char *text;
    long code;
} reasons[] = {
    {"keyCompromise", 1},
    {"affiliationChanged", 3},
    {"superseded", 4},
    {"cessationOfOperation", 5},
};

static void integer_freep(ASN1_INTEGER **integer)
{
    ASN1_INTEGER_free(*integer);
}

static void enumerated_freep(ASN1_ENUMERATED **enumerated)
{
    ASN1_ENUMERATED_free(*enumerated);
}

static void time_freep(ASN1_TIME **time)
{
    ASN1_TIME_free(*time);
}

static void revoked_freep(X509_REVOKED **revoked)
{
    X509_REVOKED_free(*revoked);
}

static void key_id_freep(AUTHORITY_KEYID **key_id)
{
    AUTHORITY_KEYID_free(*key_id);
}

/* The issuing CA's own key identifier, and the number. */
static int add_extensions(X509_CRL *crl, X509 *issuer, int64_t number)
{
    const ASN1_OCTET_STRING *key = X509_get0_subject_key_id(issuer);
    AUTO(integer_freep) ASN1_INTEGER *crl_number = ASN1_INTEGER_new();
    AUTO(key_id_freep) AUTHORITY_KEYID *key_id = AUTHORITY_KEYID_new();
    if (key == NULL || crl_number == NULL || key_id == NULL ||
        ASN1_INTEGER_set_int64(crl_number, number) != 1)
        return 0;
    key_id->keyid = ASN1_OCTET_STRING_dup(key);
    return key_id->keyid != NULL &&
           X509_CRL_add1_ext_i2d(crl, NID_authority_key_identifier, key_id, 0, 0) == 1 &&
           X509_CRL_add1_ext_i2d(crl, NID_crl_number, crl_number, 0, 0) == 1;
}

enum err_code portal_ca_crl_new(struct portal_ca *ca, enum cert_algorithm authority, int64_t number,
                                struct portal_ca_crl **out, struct err *err)
{
    AUTO(portal_ca_crl_freep) struct portal_ca_crl *crl = memory_new(sizeof *crl);
    crl->authority = &ca->authorities[authority];
    crl->crl = X509_CRL_new();
    int64_t now = clock_now_utc();
    AUTO(time_freep) ASN1_TIME *from = ASN1_TIME_set(NULL, (time_t)now);
    AUTO(time_freep)
    ASN1_TIME *to = ASN1_TIME_set(NULL, (time_t)(now + (int64_t)PORTAL_CA_CRL_DAYS * DAY_S));
    if (crl->crl == NULL || from == NULL || to == NULL ||
        X509_CRL_set_version(crl->crl, X509_CRL_VERSION_2) != 1 ||
        X509_CRL_set_issuer_name(crl->crl, X509_get_subject_name(crl->authority->certificate)) !=
            1 ||
        X509_CRL_set1_lastUpdate(crl->crl, from) != 1 ||
        X509_CRL_set1_nextUpdate(crl->crl, to) != 1 ||
        add_extensions(crl->crl, crl->authority->certificate, number) != 1)
        return ossl_failed(err, ERR_CRYPTO, "start a revocation list");
    *out = TAKE(crl);
    return ERR_NONE;
}

void portal_ca_crl_free(struct portal_ca_crl *crl)
{
    if (crl == NULL)
        return;
    X509_CRL_free(crl->crl);
    free(crl);
}

void portal_ca_crl_freep(struct portal_ca_crl **crl)
{
    portal_ca_crl_free(*crl);
    *crl = NULL;
}

static int set_serial(X509_REVOKED *revoked, const char *serial)
{
    AUTO(ossl_bn_freep) BIGNUM *number = NULL;
    if (*serial == '\0' || BN_hex2bn(&number, serial) != (int)strlen(serial))
        return 0;
    AUTO(integer_freep) ASN1_INTEGER *integer = BN_to_ASN1_INTEGER(number, NULL);
    return integer != NULL && X509_REVOKED_set_serialNumber(revoked, integer) == 1;
}

static int set_reason(X509_REVOKED *revoked, const char *reason)
{
    for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
        if (strcmp(reasons[i].text, reason) != 0)
            continue;
        AUTO(enumerated_freep) ASN1_ENUMERATED *code = ASN1_ENUMERATED_new();
        return code != NULL && ASN1_ENUMERATED_set(code, reasons[i].code) == 1 &&
               X509_REVOKED_add1_ext_i2d(revoked, NID_crl_reason, code, 0, 0) == 1;
    }
    return 1;
}

enum err_code portal_ca_crl_add(struct portal_ca_crl *crl, const char *serial, int64_t revoked_utc,
                                const char *reason, struct err *err)
{
    AUTO(revoked_freep) X509_REVOKED *revoked = X509_REVOKED_new();
    AUTO(time_freep) ASN1_TIME *at = ASN1_TIME_set(NULL, (time_t)revoked_utc);
    if (revoked == NULL || at == NULL || set_serial(revoked, serial) != 1 ||
        X509_REVOKED_set_revocationDate(revoked, at) != 1 || set_reason(revoked, reason) != 1 ||
        X509_CRL_add0_revoked(crl->crl, revoked) != 1)
        return ossl_failed(err, ERR_CRYPTO, "add to a revocation list");
    revoked = NULL; /* the list has it */
    return ERR_NONE;
}

enum err_code portal_ca_crl_sign(struct portal_ca_crl *crl, char **out_pem, struct err *err)
{
    X509_CRL_sort(crl->crl);
    struct ca_signer *signer = crl->authority->signer;
    if (signer->class->sign_crl(signer, crl->crl, err) != ERR_NONE)
        return err->code;
    AUTO(ossl_bio_freep) BIO *bio = BIO_new(BIO_s_mem());
    char *at = NULL;
    if (bio == NULL || PEM_write_bio_X509_CRL(bio, crl->crl) != 1)
        return ossl_failed(err, ERR_CRYPTO, "encode a revocation list");
    long length = BIO_get_mem_data(bio, &at);
    *out_pem = memory_printf("%.*s", (int)length, at);
    return ERR_NONE;
}
