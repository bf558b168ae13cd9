#include "portal/portal_ca.h"

#include <stdlib.h>
#include <time.h>

#include "certs/ossl.h"
#include "certs/public_key.h"
#include "certs/seal.h"
#include "certs/sm2.h"
#include "portal/portal_ca_private.h"

static const struct portal_x509_extension sign_extensions[] = {
    {NID_basic_constraints, "critical,CA:FALSE"},
    {NID_key_usage, "critical,digitalSignature,nonRepudiation"},
    {NID_subject_key_identifier, "hash"},
    {NID_authority_key_identifier, "keyid:always"},
};

/* PIV tokens agree on keys with their only pair. */
static const struct portal_x509_extension single_extensions[] = {
    {NID_basic_constraints, "critical,CA:FALSE"},
    {NID_key_usage, "critical,digitalSignature,nonRepudiation,keyAgreement"},
    {NID_subject_key_identifier, "hash"},
    {NID_authority_key_identifier, "keyid:always"},
};

/* Good for making seals and for nothing else. */
static const struct portal_x509_extension maker_extensions[] = {
    {NID_basic_constraints, "critical,CA:FALSE"},
    {NID_key_usage, "critical,digitalSignature,nonRepudiation"},
    {NID_ext_key_usage, "critical," SEAL_MAKER_PURPOSE},
    {NID_subject_key_identifier, "hash"},
    {NID_authority_key_identifier, "keyid:always"},
};

static const struct portal_x509_extension encrypt_extensions[] = {
    {NID_basic_constraints, "critical,CA:FALSE"},
    {NID_key_usage, "critical,keyEncipherment,dataEncipherment,keyAgreement"},
    {NID_subject_key_identifier, "hash"},
    {NID_authority_key_identifier, "keyid:always"},
};

/* By what the certificate is for. */
static void choose_extensions(const struct portal_ca_order *order, enum cert_algorithm algorithm,
                              struct portal_x509_template *template)
{
    if (order->seal_maker) {
        template->extensions = maker_extensions;
        template->extension_count = ARRAY_SIZE(maker_extensions);
        return;
    }
    bool agrees = order->single && portal_ca_authority_of(algorithm) == CERT_P256;
    template->extensions = order->usage != CERT_USAGE_SIGN ? encrypt_extensions
                           : agrees                        ? single_extensions
                                                           : sign_extensions;
    template->extension_count = ARRAY_SIZE(sign_extensions);
}

static const char *const authority_texts[PORTAL_CA_COUNT] = {
    [CERT_SM2] = "sm2", [CERT_RSA] = "rsa", [CERT_P256] = "p256"};

enum cert_algorithm portal_ca_authority_of(enum cert_algorithm key)
{
    return key == CERT_P384 ? CERT_P256 : key;
}

const char *portal_ca_authority_text(enum cert_algorithm authority)
{
    return authority_texts[authority];
}

bool portal_ca_authority_from_text(const char *text, enum cert_algorithm *out)
{
    for (size_t i = 0; i < ARRAY_SIZE(authority_texts); i++)
        if (strcmp(authority_texts[i], text) == 0) {
            *out = (enum cert_algorithm)i;
            return true;
        }
    return false;
}

char *portal_ca_path(const char *folder, enum cert_algorithm authority, const char *part)
{
    return memory_printf("%s/ca/%s-%s", folder, portal_ca_authority_text(authority), part);
}

/* ---- opening ---- */

static enum err_code open_authority(const char *folder, enum cert_algorithm algorithm,
                                    struct portal_authority *out, struct err *err)
{
    AUTO(memory_freep) char *cert_path = portal_ca_path(folder, algorithm, "issuing.pem");
    AUTO(memory_freep) char *key_path = portal_ca_path(folder, algorithm, "issuing.key");
    if (portal_x509_read(cert_path, &out->certificate, err) != ERR_NONE ||
        portal_x509_der(out->certificate, &out->der, err) != ERR_NONE ||
        ca_signer_from_file(key_path, &out->signer, err) != ERR_NONE)
        return err_add(err, "open the issuing CA");
    if (!out->signer->class->fits(out->signer, out->certificate))
        return err_set(err, ERR_CONFIG, "%s is not the key of %s", key_path, cert_path);
    return ERR_NONE;
}

enum err_code portal_ca_open(const char *folder, struct portal_ca **out, struct err *err)
{
    AUTO(portal_ca_freep) struct portal_ca *ca = memory_new(sizeof *ca);
    for (size_t i = 0; i < ARRAY_SIZE(ca->authorities); i++)
        if (open_authority(folder, (enum cert_algorithm)i, &ca->authorities[i], err) != ERR_NONE)
            return err->code;
    *out = TAKE(ca);
    return ERR_NONE;
}

void portal_ca_free(struct portal_ca *ca)
{
    if (ca == NULL)
        return;
    for (size_t i = 0; i < ARRAY_SIZE(ca->authorities); i++) {
        X509_free(ca->authorities[i].certificate);
        ca_signer_free(ca->authorities[i].signer);
        bytes_free(ca->authorities[i].der);
    }
    free(ca);
}

void portal_ca_freep(struct portal_ca **ca)
{
    portal_ca_free(*ca);
    *ca = NULL;
}

/* ---- issuing ---- */

static enum err_code name_from_der(struct span der, X509_NAME **out, struct err *err)
{
    const uint8_t *at = der.at;
    X509_NAME *name = d2i_X509_NAME(NULL, &at, (long)der.len);
    if (name == NULL)
        return ossl_failed(err, ERR_CRYPTO, "read the subject");
    *out = name;
    return ERR_NONE;
}

static enum err_code check_outlived(const struct portal_authority *authority, int64_t not_after_utc,
                                    struct err *err)
{
    struct tm end = {0};
    if (ASN1_TIME_to_tm(X509_get0_notAfter(authority->certificate), &end) != 1)
        return ossl_failed(err, ERR_CRYPTO, "read the issuing CA's end");
    if (not_after_utc > (int64_t)timegm(&end))
        return err_set(err, ERR_CONFIG, "the certificate would outlive its issuing CA");
    return ERR_NONE;
}

enum err_code portal_ca_issue(struct portal_ca *ca, const struct portal_ca_order *order,
                              struct bytes **out, struct err *err)
{
    AUTO(ossl_name_freep) X509_NAME *subject = NULL;
    AUTO(ossl_pkey_freep) EVP_PKEY *public_key = NULL;
    enum cert_algorithm algorithm;
    AUTO(ossl_x509_freep) X509 *x509 = NULL;
    if (name_from_der(order->subject_der, &subject, err) != ERR_NONE ||
        public_key_open(order->public_key, &algorithm, &public_key, err) != ERR_NONE)
        return err_add(err, "issue a certificate");
    struct portal_authority *authority = &ca->authorities[portal_ca_authority_of(algorithm)];
    struct portal_x509_template template = {
        .subject = subject,
        .issuer = authority->certificate,
        .public_key = public_key,
        .not_before_utc = order->not_before_utc,
        .not_after_utc = order->not_after_utc,
    };
    choose_extensions(order, algorithm, &template);
    if (check_outlived(authority, order->not_after_utc, err) != ERR_NONE ||
        portal_x509_make(&template, &x509, err) != ERR_NONE ||
        authority->signer->class->sign_certificate(authority->signer, x509, err) != ERR_NONE ||
        portal_x509_der(x509, out, err) != ERR_NONE)
        return err_add(err, "issue a certificate");
    return ERR_NONE;
}

struct span portal_ca_issuing(const struct portal_ca *ca, enum cert_algorithm key)
{
    return span_bytes(ca->authorities[portal_ca_authority_of(key)].der);
}

static void octets_freep(ASN1_OCTET_STRING **octets)
{
    ASN1_OCTET_STRING_free(*octets);
}

/* OpenSSL's default SM2 identifier is empty; set for another algorithm it makes the check fail. */
static bool set_sm2_identifier(X509 *x509)
{
    AUTO(octets_freep) ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();
    if (id == NULL || ASN1_OCTET_STRING_set(id, (const uint8_t *)SM2_DEFAULT_ID, -1) != 1)
        return false;
    X509_set0_distinguishing_id(x509, TAKE(id));
    return true;
}

static bool signed_by(const struct portal_ca *ca, enum cert_algorithm algorithm, X509 *x509)
{
    X509 *issuer = ca->authorities[algorithm].certificate;
    if (X509_NAME_cmp(X509_get_issuer_name(x509), X509_get_subject_name(issuer)) != 0 ||
        (algorithm == CERT_SM2 && !set_sm2_identifier(x509)))
        return false;
    return X509_verify(x509, X509_get0_pubkey(issuer)) == 1;
}

bool portal_ca_issued(const struct portal_ca *ca, struct span der, enum cert_algorithm *out)
{
    const uint8_t *at = der.at;
    AUTO(ossl_x509_freep) X509 *x509 = d2i_X509(NULL, &at, (long)der.len);
    bool found = false;
    for (size_t i = 0; x509 != NULL && !found && i < ARRAY_SIZE(ca->authorities); i++) {
        found = signed_by(ca, (enum cert_algorithm)i, x509);
        if (found)
            *out = (enum cert_algorithm)i;
    }
    struct err ignored = ERR_INIT; /* a foreign certificate leaves reasons in OpenSSL's queue */
    if (!found)
        ossl_failed(&ignored, ERR_CRYPTO, "not ours");
    return found;
}
