#include "certs/loopback.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "certs/der.h"
#include "certs/ossl.h"

#define CURVE "prime256v1"
/* Longer than any name of a curve that is known. */
#define CURVE_BYTES_MAX 64

static bool is_self_issued(X509 *x509)
{
    return X509_get_version(x509) == X509_VERSION_3 &&
           X509_NAME_cmp(X509_get_subject_name(x509), X509_get_issuer_name(x509)) == 0;
}

static bool is_on_p256(X509 *x509)
{
    char name[CURVE_BYTES_MAX];
    const EVP_PKEY *key = X509_get0_pubkey(x509);
    return key != NULL && EVP_PKEY_get_group_name(key, name, sizeof name, NULL) == 1 &&
           strcmp(name, CURVE) == 0;
}

static bool is_self_signed(X509 *x509)
{
    return X509_get_signature_nid(x509) == NID_ecdsa_with_SHA256 &&
           X509_verify(x509, X509_get0_pubkey(x509)) == 1;
}

static bool is_short_lived(X509 *x509)
{
    int days, seconds;
    return ASN1_TIME_diff(&days, &seconds, X509_get0_notBefore(x509), X509_get0_notAfter(x509)) ==
               1 &&
           days >= 0 && seconds >= 0 &&
           (days < LOOPBACK_DAYS_MAX || (days == LOOPBACK_DAYS_MAX && seconds == 0));
}

/* Also refuses those that occur twice or can't be read. */
static bool has_known_extensions(X509 *x509)
{
    static const int known[] = {NID_basic_constraints, NID_key_usage, NID_ext_key_usage,
                                NID_subject_alt_name, NID_subject_key_identifier};
    if ((X509_get_extension_flags(x509) & EXFLAG_INVALID) != 0)
        return false;
    for (int i = 0; i < X509_get_ext_count(x509); i++) {
        int nid = OBJ_obj2nid(X509_EXTENSION_get_object(X509_get_ext(x509, i)));
        bool found = false;
        for (size_t k = 0; k < ARRAY_SIZE(known); k++)
            found = found || known[k] == nid;
        if (!found)
            return false;
    }
    return true;
}

static bool is_no_ca(X509 *x509)
{
    uint32_t flags = X509_get_extension_flags(x509);
    return (flags & EXFLAG_BCONS) != 0 && (flags & EXFLAG_CA) == 0;
}

static bool is_a_servers(X509 *x509)
{
    return X509_get_key_usage(x509) == KU_DIGITAL_SIGNATURE &&
           X509_get_extended_key_usage(x509) == XKU_SSL_SERVER;
}

static const struct {
    int type;
    struct span value;
} wanted_names[] = {
    {GEN_DNS, {(const uint8_t *)"localhost", 9}},
    {GEN_IPADD, {(const uint8_t[]){127, 0, 0, 1}, 4}},
    {GEN_IPADD, {(const uint8_t[]){0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 16}},
};

static bool has_name(const GENERAL_NAMES *names, int type, struct span value)
{
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        int found_type;
        const ASN1_STRING *found =
            GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &found_type);
        if (found_type == type && span_equal(value, span_of(ASN1_STRING_get0_data(found),
                                                            (size_t)ASN1_STRING_length(found))))
            return true;
    }
    return false;
}

static void names_freep(GENERAL_NAMES **names)
{
    GENERAL_NAMES_free(*names);
}

/* As many as wanted, and each wanted one is there: then there is no other. */
static bool names_this_computer(X509 *x509)
{
    AUTO(names_freep)
    GENERAL_NAMES *names = X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);
    if (names == NULL || sk_GENERAL_NAME_num(names) != (int)ARRAY_SIZE(wanted_names))
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(wanted_names); i++)
        if (!has_name(names, wanted_names[i].type, wanted_names[i].value))
            return false;
    return true;
}

static const struct {
    bool (*holds)(X509 *x509);
    const char *otherwise;
} checks[] = {
    {is_self_issued, "its issuer is another one"},
    {is_on_p256, "its key is not on P-256"},
    {has_known_extensions, "it has an extension that is unknown, damaged or there twice"},
    {is_no_ca, "it does not say that it is no CA"},
    {is_a_servers, "its usage is not a TLS server's alone"},
    {names_this_computer, "its names are not localhost, 127.0.0.1 and ::1"},
    {is_short_lived, "it is valid for too long"},
    {is_self_signed, "it is not signed by itself"},
};

static enum err_code check_all(X509 *x509, struct err *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(checks); i++)
        if (!checks[i].holds(x509)) {
            ERR_clear_error();
            return err_set(err, ERR_CERT_NOT_LOOPBACK, "%s", checks[i].otherwise);
        }
    return ERR_NONE;
}

enum err_code loopback_check(struct span der, struct err *err)
{
    const uint8_t *at = der.at;
    if (der.len > LOOPBACK_BYTES_MAX)
        return err_set(err, ERR_CERT_NOT_LOOPBACK, "%zu bytes, at most %d", der.len,
                       LOOPBACK_BYTES_MAX);
    if (der_check(der, err) != ERR_NONE)
        return err->code = ERR_CERT_NOT_LOOPBACK;
    AUTO(ossl_x509_freep) X509 *x509 = X509_new_ex(ossl_context(), NULL);
    if (x509 == NULL)
        return ossl_failed(err, ERR_CRYPTO, "make a certificate object");
    if (d2i_X509(&x509, &at, (long)der.len) == NULL || at != der.at + der.len)
        return ossl_failed(err, ERR_CERT_NOT_LOOPBACK, "read a certificate");
    return check_all(x509, err);
}
