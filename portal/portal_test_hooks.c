#include "portal/portal_test_hooks.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "certs/ossl.h"
#include "certs/public_key.h"
#include "portal/portal_ca_private.h"

#define DAY_S 86400

void portal_test_hooks_init(void)
{
    clock_init_from_environment();
}

static const char *asked_for(void)
{
    const char *value = getenv("UKEYD_TEST_ISSUE");
    return value == NULL ? "" : value;
}

bool portal_test_hooks_pending(const struct portal_job *job)
{
    static char answered[2 * PORTAL_JOB_ID_BYTES + 1]; /* the job that was put off last */
    if (strcmp(asked_for(), "pending") != 0 || strcmp(answered, job->id) == 0)
        return false;
    memcpy(answered, job->id, sizeof answered);
    return true;
}

/* ---- changes to the signing certificate, before it is signed again ---- */

static enum err_code wrong_public_key(X509 *x509, struct err *err)
{
    AUTO(ossl_pkey_freep) EVP_PKEY *key = NULL;
    enum cert_algorithm algorithm = CERT_SM2;
    while (algorithm + 1 < CERT_ALGORITHM_COUNT &&
           !public_key_is(X509_get0_pubkey(x509), algorithm))
        algorithm++;
    if (algorithm == CERT_P384)
        key = EVP_EC_gen("P-384");
    else if (ca_signer_generate(algorithm, &key, err) != ERR_NONE)
        return err->code;
    return X509_set_pubkey(x509, key) == 1 ? ERR_NONE : ossl_failed(err, ERR_CRYPTO, "set the key");
}

static enum err_code wrong_subject(X509 *x509, struct err *err)
{
    AUTO(ossl_name_freep) X509_NAME *name = NULL;
    if (portal_x509_name("另一个单位", "李四", &name, err) != ERR_NONE)
        return err->code;
    return X509_set_subject_name(x509, name) == 1 ? ERR_NONE
                                                  : ossl_failed(err, ERR_CRYPTO, "set the subject");
}

static enum err_code early_end(X509 *x509, struct err *err)
{
    time_t end = (time_t)(clock_now_utc() + DAY_S);
    return ASN1_TIME_set(X509_getm_notAfter(x509), end) != NULL
               ? ERR_NONE
               : ossl_failed(err, ERR_CRYPTO, "set the end");
}

static enum err_code wrong_usage(X509 *x509, struct err *err)
{
    X509_EXTENSION_free(X509_delete_ext(x509, X509_get_ext_by_NID(x509, NID_key_usage, -1)));
    X509_EXTENSION *usage = X509V3_EXT_conf_nid(
        NULL, NULL, NID_key_usage, "critical,keyEncipherment,dataEncipherment,keyAgreement");
    bool added = usage != NULL && X509_add_ext(x509, usage, -1) == 1;
    X509_EXTENSION_free(usage);
    return added ? ERR_NONE : ossl_failed(err, ERR_CRYPTO, "set the usage");
}

static enum err_code unchanged(X509 *x509, struct err *err)
{
    return ERR_NONE;
}

/* signer: the authority's, or a stranger's who takes its name. */
static enum err_code reissue(struct portal_issued *issue, struct ca_signer *signer,
                             enum err_code (*change)(X509 *x509, struct err *err), struct err *err)
{
    const uint8_t *at = issue->sign_cert->at;
    AUTO(ossl_x509_freep) X509 *x509 = d2i_X509(NULL, &at, (long)issue->sign_cert->len);
    AUTO(bytes_freep) struct bytes *der = NULL;
    if (x509 == NULL)
        return ossl_failed(err, ERR_CRYPTO, "read the issued certificate");
    if (change(x509, err) != ERR_NONE ||
        signer->class->sign_certificate(signer, x509, err) != ERR_NONE ||
        portal_x509_der(x509, &der, err) != ERR_NONE)
        return err->code;
    bytes_free(issue->sign_cert);
    issue->sign_cert = TAKE(der);
    return ERR_NONE;
}

/* ---- changes to the rest of the answer ---- */

static enum cert_algorithm authority_of(const struct portal *portal,
                                        const struct portal_issued *issue)
{
    enum cert_algorithm algorithm = CERT_SM2;
    portal_ca_issued(portal->ca, span_bytes(issue->sign_cert), &algorithm);
    return algorithm;
}

static enum err_code unknown_ca(struct portal *portal, struct portal_issued *issue, struct err *err)
{
    AUTO(ossl_pkey_freep) EVP_PKEY *key = NULL;
    if (ca_signer_generate(authority_of(portal, issue), &key, err) != ERR_NONE)
        return err->code;
    AUTO(ca_signer_freep) struct ca_signer *stranger = ca_signer_from_key(key);
    return reissue(issue, stranger, unchanged, err);
}

static enum err_code trailing_bytes(struct portal *portal, struct portal_issued *issue,
                                    struct err *err)
{
    struct bytes *longer = bytes_new_size(issue->sign_cert->len + 1);
    memcpy(longer->at, issue->sign_cert->at, issue->sign_cert->len);
    bytes_free(issue->sign_cert);
    issue->sign_cert = longer;
    return ERR_NONE;
}

/* A good envelope of another key pair, which is forgotten again with the transaction. */
static enum err_code wrong_envelope(struct portal *portal, struct portal_issued *issue,
                                    struct err *err)
{
    if (issue->enveloped_key == NULL)
        return ERR_NONE;
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    AUTO(cert_freep) struct cert *cert = NULL;
    AUTO(bytes_freep) struct bytes *public_key = NULL;
    struct bytes *envelope = NULL;
    if (cert_parse(span_bytes(issue->sign_cert), &cert, err) != ERR_NONE ||
        portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE)
        return err->code;
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(portal->db, "SELECT max(number) FROM renewal_order", PORTAL_NO_VALUES,
                        &query, err) != ERR_NONE ||
        portal_query_one(query, err) != ERR_NONE ||
        portal_key_manager_issue(portal->key_manager, portal->db, portal_query_text(query, 0),
                                 cert_peek(cert)->public_key, &public_key, &envelope,
                                 err) != ERR_NONE)
        return err->code;
    bytes_free(issue->enveloped_key);
    issue->enveloped_key = envelope;
    return ERR_NONE;
}

/* One of the two is set. */
static const struct spoiler {
    const char *name;
    enum err_code (*certificate)(X509 *x509, struct err *err);
    enum err_code (*answer)(struct portal *portal, struct portal_issued *issue, struct err *err);
} spoilers[] = {
    {.name = "wrong-public-key", .certificate = wrong_public_key},
    {.name = "wrong-subject", .certificate = wrong_subject},
    {.name = "early-end", .certificate = early_end},
    {.name = "wrong-usage", .certificate = wrong_usage},
    {.name = "unknown-ca", .answer = unknown_ca},
    {.name = "trailing-bytes", .answer = trailing_bytes},
    {.name = "wrong-envelope", .answer = wrong_envelope},
};

void portal_test_hooks_spoil(struct portal *portal, struct portal_issued *issue)
{
    for (size_t i = 0; i < ARRAY_SIZE(spoilers); i++) {
        if (strcmp(spoilers[i].name, asked_for()) != 0)
            continue;
        struct err err = ERR_INIT;
        enum err_code result =
            spoilers[i].answer != NULL
                ? spoilers[i].answer(portal, issue, &err)
                : reissue(issue, portal->ca->authorities[authority_of(portal, issue)].signer,
                          spoilers[i].certificate, &err);
        if (result != ERR_NONE)
            log_err("portal", "spoil the answer", &err);
    }
}
