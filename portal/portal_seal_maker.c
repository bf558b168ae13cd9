#include "portal/portal_seal_maker.h"

#include <stdlib.h>

#include "base/clock.h"
#include "certs/ossl.h"
#include "portal/portal_ca_signer.h"
#include "portal/portal_x509.h"

#define DAY_S 86400
/* A maker's certificate must outlive the seals that it signs: those end with the holders' certificates,
 * after five years at the most. */
#define MAKER_DAYS (10 * 365)
#define COMMON_NAME "电子签章制章人"
#define VENDOR "ukey-portal" /* header.Vid, IA5 */

struct portal_seal_maker {
    struct ca_signer *signer;
    struct cert *cert;
};

static char *cert_path(const char *folder)
{
    return memory_printf("%s/ca/seal-maker.pem", folder);
}

static char *key_path(const char *folder)
{
    return memory_printf("%s/ca/seal-maker.key", folder);
}

/* ---- making ---- */

static void octets_freep(uint8_t **octets)
{
    OPENSSL_free(*octets);
}

static enum err_code subject_der(const char *organisation, struct bytes **out, struct err *err)
{
    AUTO(ossl_name_freep) X509_NAME *name = NULL;
    AUTO(octets_freep) uint8_t *der = NULL;
    if (portal_x509_name(organisation, COMMON_NAME, &name, err) != ERR_NONE)
        return err->code;
    int length = i2d_X509_NAME(name, &der);
    if (length <= 0)
        return ossl_failed(err, ERR_CRYPTO, "encode the seal maker's subject");
    *out = bytes_new(span_of(der, (size_t)length));
    return ERR_NONE;
}

static enum err_code public_key_der(const EVP_PKEY *key, struct bytes **out, struct err *err)
{
    AUTO(octets_freep) uint8_t *der = NULL;
    int length = i2d_PUBKEY(key, &der);
    if (length <= 0)
        return ossl_failed(err, ERR_CRYPTO, "encode the seal maker's public key");
    *out = bytes_new(span_of(der, (size_t)length));
    return ERR_NONE;
}

/* The issuing CA of an older folder may end before. */
static enum err_code end_of(const struct portal_ca *ca, int64_t *out_utc, struct err *err)
{
    AUTO(cert_freep) struct cert *issuing = NULL;
    if (cert_parse(portal_ca_issuing(ca, CERT_SM2), &issuing, err) != ERR_NONE)
        return err->code;
    int64_t end = clock_now_utc() + (int64_t)MAKER_DAYS * DAY_S;
    int64_t last = cert_peek(issuing)->not_after_utc;
    *out_utc = end < last ? end : last;
    return ERR_NONE;
}

static enum err_code certify(const char *organisation, const EVP_PKEY *key, struct portal_ca *ca,
                             struct bytes **out, struct err *err)
{
    AUTO(bytes_freep) struct bytes *subject = NULL;
    AUTO(bytes_freep) struct bytes *public_key = NULL;
    int64_t end = 0;
    if (subject_der(organisation, &subject, err) != ERR_NONE ||
        public_key_der(key, &public_key, err) != ERR_NONE || end_of(ca, &end, err) != ERR_NONE)
        return err->code;
    const struct portal_ca_order order = {
        .subject_der = span_bytes(subject),
        .public_key = span_bytes(public_key),
        .usage = CERT_USAGE_SIGN,
        .seal_maker = true,
        .not_before_utc = clock_now_utc() - PORTAL_X509_CLOCK_SKEW_S,
        .not_after_utc = end,
    };
    return portal_ca_issue(ca, &order, out, err);
}

static enum err_code write_cert(const char *folder, struct span der, struct err *err)
{
    const uint8_t *at = der.at;
    AUTO(memory_freep) char *path = cert_path(folder);
    AUTO(ossl_x509_freep) X509 *x509 = d2i_X509(NULL, &at, (long)der.len);
    if (x509 == NULL)
        return ossl_failed(err, ERR_CRYPTO, "read the seal maker's certificate");
    return portal_x509_write(path, x509, err);
}

/* The key first: a certificate without its key would look like a whole maker. */
enum err_code portal_seal_maker_make(const char *folder, const char *organisation,
                                     struct portal_ca *ca, struct err *err)
{
    AUTO(memory_freep) char *path = key_path(folder);
    AUTO(ossl_pkey_freep) EVP_PKEY *key = NULL;
    AUTO(bytes_freep) struct bytes *der = NULL;
    if (ca_signer_generate(CERT_SM2, &key, err) != ERR_NONE ||
        certify(organisation, key, ca, &der, err) != ERR_NONE ||
        portal_x509_write_key(path, key, err) != ERR_NONE ||
        write_cert(folder, span_bytes(der), err) != ERR_NONE)
        return err_add(err, "make the seal maker");
    return ERR_NONE;
}

/* ---- opening ---- */

static enum err_code read_cert(const char *path, struct cert **out, X509 **out_x509,
                               struct err *err)
{
    AUTO(bytes_freep) struct bytes *der = NULL;
    if (portal_x509_read(path, out_x509, err) != ERR_NONE ||
        portal_x509_der(*out_x509, &der, err) != ERR_NONE)
        return err->code;
    return cert_parse(span_bytes(der), out, err);
}

enum err_code portal_seal_maker_open(const char *folder, struct portal_seal_maker **out,
                                     struct err *err)
{
    AUTO(memory_freep) char *cert_file = cert_path(folder);
    AUTO(memory_freep) char *key_file = key_path(folder);
    AUTO(ossl_x509_freep) X509 *x509 = NULL;
    AUTO(portal_seal_maker_freep) struct portal_seal_maker *maker = memory_new(sizeof *maker);
    if (read_cert(cert_file, &maker->cert, &x509, err) != ERR_NONE ||
        ca_signer_from_file(key_file, &maker->signer, err) != ERR_NONE)
        return err_add(err, "open the seal maker");
    if (!seal_maker_marked(maker->cert))
        return err_set(err, ERR_FILE_MISSING, "%s is not marked as a seal maker's: made anew",
                       cert_file);
    if (!maker->signer->class->fits(maker->signer, x509))
        return err_set(err, ERR_CONFIG, "%s is not the key of %s", key_file, cert_file);
    *out = TAKE(maker);
    return ERR_NONE;
}

void portal_seal_maker_free(struct portal_seal_maker *maker)
{
    if (maker == NULL)
        return;
    ca_signer_free(maker->signer);
    cert_free(maker->cert);
    free(maker);
}

void portal_seal_maker_freep(struct portal_seal_maker **maker)
{
    portal_seal_maker_free(*maker);
    *maker = NULL;
}

/* ---- seals ---- */

static enum err_code sign(void *self, struct span input, struct bytes **out, struct err *err)
{
    struct ca_signer *signer = self;
    return signer->class->sign_digest(signer, input, out, err);
}

enum err_code portal_seal_maker_seal(const struct portal_seal_maker *maker,
                                     const struct seal_wish *wish, struct bytes **out,
                                     struct err *err)
{
    const struct cert_facts *facts = cert_peek(maker->cert);
    const struct signer signer = {CERT_SM2, facts->public_key, sign, maker->signer};
    struct seal_wish whole = *wish;
    whole.vendor = VENDOR;
    whole.maker_cert = facts->der;
    whole.created_utc = clock_now_utc();
    whole.valid_from_utc = whole.created_utc - PORTAL_X509_CLOCK_SKEW_S;
    if (seal_make(&whole, &signer, out, err) != ERR_NONE)
        return err_add(err, "make a seal");
    return ERR_NONE;
}
