#include "agent/ops/op_renew_check.h"

/* The parts that the policy promises are there, and no others. */
static enum err_code check_parts(const struct op_renew_expected *expected,
                                 const struct remote_issued *issued, struct err *err)
{
    const struct remote_job *job = expected->job;
    bool wants_envelope = job->dual && expected->new_pair;
    if ((issued->encrypt_cert != NULL) != job->dual)
        return err_set(err, ERR_PLATFORM_ANSWER, "encryption certificate: %s",
                       job->dual ? "missing" : "not asked for");
    if ((issued->envelope != NULL) != wants_envelope)
        return err_set(err, ERR_PLATFORM_ANSWER, "enveloped key: %s",
                       wants_envelope ? "missing" : "not asked for");
    return ERR_NONE;
}

static enum err_code check_usage(const struct cert_facts *facts, bool dual, bool sign,
                                 struct err *err)
{
    bool fits = facts->usage == (sign ? CERT_USAGE_SIGN : CERT_USAGE_ENCRYPT) ||
                (!dual && sign && facts->usage == CERT_USAGE_BOTH);
    return fits ? ERR_NONE
                : err_set(err, ERR_CERT_USAGE, "%s certificate has usage %d",
                          sign ? "signing" : "encryption", (int)facts->usage);
}

/* The present certificate itself comes again when an earlier attempt has written it and nobody heard of
 * it: then its end is the very one that the platform announced. */
static enum err_code check_end(const struct op_renew_expected *expected, const struct cert *cert,
                               const struct cert *old, struct err *err)
{
    int64_t end = cert_peek(cert)->not_after_utc;
    bool is_old = old != NULL && strcmp(cert_peek(cert)->sha256, cert_peek(old)->sha256) == 0;
    if (end < expected->job->not_after_utc)
        return err_set(err, ERR_CERT_VALIDITY, "ends before what the platform announced");
    if (is_old && end > expected->job->not_after_utc)
        return err_set(err, ERR_CERT_VALIDITY, "it is the present certificate");
    if (!is_old && old != NULL && end <= cert_peek(old)->not_after_utc)
        return err_set(err, ERR_CERT_VALIDITY, "ends no later than the present one");
    return ERR_NONE;
}

/* Everything that holds for both certificates alike. */
static enum err_code check_common(const struct op_renew_expected *expected,
                                  const struct remote_issued *issued, const struct cert *cert,
                                  const struct cert *old, struct err *err)
{
    if (!cert_same_subject(cert, expected->old_sign))
        return err_set(err, ERR_CERT_SUBJECT, "subject is \"%.200s\"", cert_peek(cert)->subject);
    if (check_end(expected, cert, old, err) != ERR_NONE)
        return err->code;
    struct span chain[REMOTE_CHAIN_MAX];
    for (size_t i = 0; i < issued->chain_count; i++)
        chain[i] = span_bytes(issued->chain[i]);
    return chain_check(cert, chain, issued->chain_count, expected->roots, expected->now_utc, err);
}

static enum err_code check_sign(const struct op_renew_expected *expected,
                                const struct remote_issued *issued, struct cert **out,
                                struct err *err)
{
    AUTO(cert_freep) struct cert *cert = NULL;
    if (cert_parse(span_bytes(issued->sign_cert), &cert, err) != ERR_NONE)
        return err->code;
    const struct cert_facts *facts = cert_peek(cert);
    if (!span_equal(facts->public_key, expected->public_key))
        return err_set(err, ERR_CERT_PUBLIC_KEY, "not the key of the request");
    if (check_usage(facts, expected->job->dual, true, err) != ERR_NONE ||
        check_common(expected, issued, cert, expected->old_sign, err) != ERR_NONE)
        return err->code;
    *out = TAKE(cert);
    return ERR_NONE;
}

/* The kept encryption key, or the one in the envelope. */
static enum err_code check_encrypt_key(const struct op_renew_expected *expected,
                                       const struct remote_issued *issued, const struct cert *cert,
                                       struct err *err)
{
    struct envelope envelope;
    const struct cert_facts *facts = cert_peek(cert);
    if (span_equal(facts->public_key, expected->public_key))
        return err_set(err, ERR_CERT_PUBLIC_KEY, "the signing key serves for encryption too");
    if (issued->envelope == NULL)
        return span_equal(facts->public_key, cert_peek(expected->old_encrypt)->public_key)
                   ? ERR_NONE
                   : err_set(err, ERR_CERT_PUBLIC_KEY, "not the key's encryption key");
    if (envelope_parse(span_bytes(issued->envelope), &envelope, err) != ERR_NONE)
        return err->code;
    return envelope_check(&envelope, cert, err);
}

static enum err_code check_encrypt(const struct op_renew_expected *expected,
                                   const struct remote_issued *issued, struct err *err)
{
    AUTO(cert_freep) struct cert *cert = NULL;
    if (issued->encrypt_cert == NULL)
        return ERR_NONE;
    if (cert_parse(span_bytes(issued->encrypt_cert), &cert, err) != ERR_NONE ||
        check_encrypt_key(expected, issued, cert, err) != ERR_NONE ||
        check_usage(cert_peek(cert), true, false, err) != ERR_NONE)
        return err->code;
    return check_common(expected, issued, cert, expected->old_encrypt, err);
}

enum err_code op_renew_check(const struct op_renew_expected *expected,
                             const struct remote_issued *issued, int64_t *out_not_after_utc,
                             struct err *err)
{
    AUTO(cert_freep) struct cert *sign = NULL;
    if (check_parts(expected, issued, err) != ERR_NONE)
        return err_add(err, "check what the platform issued");
    if (check_sign(expected, issued, &sign, err) != ERR_NONE)
        return err_add(err, "check the signing certificate");
    if (check_encrypt(expected, issued, err) != ERR_NONE)
        return err_add(err, "check the encryption certificate");
    *out_not_after_utc = cert_peek(sign)->not_after_utc;
    return ERR_NONE;
}
