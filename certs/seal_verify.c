#include <openssl/x509v3.h>

#include "base/clock.h"
#include "certs/cert_x509.h"
#include "certs/seal_inside.h"

/* Longer ones are of no purpose that is asked for. */
#define OID_TEXT_BYTES 128

/* Step 1, what parsing left: an extension that must be understood, and is not. */
static enum err_code check_format(const struct seal_facts *facts, struct err *err)
{
    for (size_t i = 0; i < facts->extension_count; i++)
        if (facts->extensions[i].critical)
            return err_set(err, ERR_SEAL_FORMAT, "extDatas: extension %zu is critical and unknown",
                           i + 1);
    return ERR_NONE;
}

/* ---- step 2 ---- */

/* Whatever is wrong with the certificate, it is the maker's; a failure of ours stays what it is. */
static enum err_code as_maker_error(struct err *err, const char *doing)
{
    err_add(err, "maker's certificate%s", doing);
    return err->code = err->code == ERR_CRYPTO ? ERR_CRYPTO : ERR_SEAL_MAKER;
}

static enum err_code check_maker_usage(const struct cert *maker, struct err *err)
{
    X509 *x509 = cert_x509_peek(maker);
    bool stated = (X509_get_extension_flags(x509) & EXFLAG_KUSAGE) != 0;
    if (!stated || (X509_get_key_usage(x509) & KU_DIGITAL_SIGNATURE) == 0)
        return err_set(err, ERR_SEAL_MAKER, "key usage of %s has no digitalSignature",
                       cert_peek(maker)->subject);
    return ERR_NONE;
}

static void purposes_freep(EXTENDED_KEY_USAGE **purposes)
{
    EXTENDED_KEY_USAGE_free(*purposes);
}

bool seal_maker_marked(const struct cert *cert)
{
    AUTO(purposes_freep)
    EXTENDED_KEY_USAGE *purposes =
        X509_get_ext_d2i(cert_x509_peek(cert), NID_ext_key_usage, NULL, NULL);
    for (int i = 0; i < sk_ASN1_OBJECT_num(purposes); i++) {
        char text[OID_TEXT_BYTES];
        int length = OBJ_obj2txt(text, sizeof text, sk_ASN1_OBJECT_value(purposes, i), 1);
        if (length == (int)strlen(SEAL_MAKER_PURPOSE) && strcmp(text, SEAL_MAKER_PURPOSE) == 0)
            return true;
    }
    return false;
}

static enum err_code check_maker_mark(const struct cert *maker, struct err *err)
{
    return seal_maker_marked(maker)
               ? ERR_NONE
               : err_set(err, ERR_SEAL_MAKER, "extended key usage of %s does not say seal maker",
                         cert_peek(maker)->subject);
}

static enum err_code check_maker_at(const struct cert *maker, const struct seal_check *check,
                                    int64_t utc, struct err *err)
{
    return chain_check(maker, check->intermediates, check->intermediate_count, check->roots, utc,
                       err);
}

static enum err_code check_maker(const struct seal *seal, const struct seal_check *check,
                                 const struct cert *maker, struct err *err)
{
    if (check_maker_at(maker, check, check->now_utc, err) != ERR_NONE)
        return as_maker_error(err, " now");
    if (check_maker_usage(maker, err) != ERR_NONE ||
        (check->marked_maker && check_maker_mark(maker, err) != ERR_NONE))
        return err->code;
    if (check_maker_at(maker, check, seal->facts.created_utc, err) != ERR_NONE)
        return as_maker_error(err, " when the seal was made");
    return ERR_NONE;
}

/* ---- step 3 ---- */

enum err_code seal_check_signature(const struct seal *seal, const struct cert *maker,
                                   struct err *err)
{
    struct span expected = seal_asn1_algorithm(cert_peek(maker)->algorithm);
    if (!span_equal(expected, seal->parts.algorithm_whole))
        return err_set(err, ERR_SEAL_SIGNATURE,
                       "the signature algorithm is not that of the maker's key");
    AUTO(bytes_freep) struct bytes *message = seal_asn1_signed_bytes(&seal->parts);
    if (cert_verify(maker, span_bytes(message), seal->parts.signature, err) == ERR_NONE)
        return ERR_NONE;
    err_add(err, "seal");
    return err->code = err->code == ERR_CRYPTO ? ERR_CRYPTO : ERR_SEAL_SIGNATURE;
}

/* ---- steps 4 and 5 ---- */

static enum err_code check_time(const struct seal_facts *facts, int64_t now_utc, struct err *err)
{
    char from[CLOCK_TEXT_BYTES], until[CLOCK_TEXT_BYTES];
    if (facts->valid_from_utc <= now_utc && now_utc <= facts->valid_until_utc)
        return ERR_NONE;
    clock_format_utc(facts->valid_from_utc, from);
    clock_format_utc(facts->valid_until_utc, until);
    return err_set(err, ERR_SEAL_TIME, "the seal is valid from %s to %s", from, until);
}

static enum err_code check_holder(const struct seal *seal, const struct cert *signer,
                                  struct err *err)
{
    if (signer == NULL || seal_binds(seal, signer))
        return ERR_NONE;
    return err_set(err, ERR_SEAL_HOLDER, "certList does not hold the certificate of %s",
                   cert_peek(signer)->subject);
}

enum err_code seal_verify(const struct seal *seal, const struct seal_check *check, struct err *err)
{
    AUTO(cert_freep) struct cert *maker = NULL;
    if (check_format(&seal->facts, err) != ERR_NONE)
        return err->code;
    if (cert_parse(seal->facts.maker_cert, &maker, err) != ERR_NONE)
        return as_maker_error(err, "");
    if (check_maker(seal, check, maker, err) != ERR_NONE ||
        seal_check_signature(seal, maker, err) != ERR_NONE ||
        check_time(&seal->facts, check->now_utc, err) != ERR_NONE)
        return err->code;
    return check_holder(seal, check->signer, err);
}
