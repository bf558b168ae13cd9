#include "tests/unit/agent/ops/stand_in_platform.h"

#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "certs/csr.h"
#include "certs/envelope.h"
#include "certs/proof.h"
#include "certs/seal.h"
#include "portal/portal_unlock.h"

static const char sign_usage[] = "critical,digitalSignature,nonRepudiation";
static const char encrypt_usage[] = "critical,keyEncipherment,dataEncipherment,keyAgreement";

/* ---- certificates ---- */

struct bytes *stand_in_platform_issue(const struct stand_in_platform *platform,
                                      const struct fixture_key *key, const char *name,
                                      const char *usage, int64_t not_after_utc)
{
    const struct fixture_cert wish = {
        .organisation = "Org",
        .common_name = name,
        .key = key,
        .issuer_key = platform->ca_key,
        .issuer = span_bytes(platform->ca),
        .not_before_utc = FIXTURE_NOW - 345 * FIXTURE_DAY,
        .not_after_utc = not_after_utc,
        .key_usage = usage,
    };
    return fixture_cert(&wish);
}

static struct bytes *issue_maker(const struct stand_in_platform *platform)
{
    const struct fixture_cert wish = {
        .organisation = "Org",
        .common_name = "maker",
        .key = platform->maker_key,
        .issuer_key = platform->ca_key,
        .issuer = span_bytes(platform->ca),
        .not_before_utc = FIXTURE_NOW - 345 * FIXTURE_DAY,
        .not_after_utc = FIXTURE_NOW + 3000 * (int64_t)FIXTURE_DAY,
        .key_usage = "critical,digitalSignature",
        .extra_oid = "extendedKeyUsage",
        .extra_value = "critical," SEAL_MAKER_PURPOSE,
    };
    return fixture_cert(&wish);
}

static enum cert_algorithm algorithm_of(const EVP_PKEY *key)
{
    char group[32] = "";
    if (EVP_PKEY_is_a(key, "RSA"))
        return CERT_RSA;
    EVP_PKEY_get_group_name(key, group, sizeof group, NULL);
    if (strcmp(group, "prime256v1") == 0)
        return CERT_P256;
    return strcmp(group, "secp384r1") == 0 ? CERT_P384 : CERT_SM2;
}

static struct bytes *issue_for(const struct stand_in_platform *platform, struct span public_key,
                               const char *usage)
{
    const unsigned char *at = public_key.at;
    EVP_PKEY *evp = d2i_PUBKEY(NULL, &at, (long)public_key.len);
    enum cert_algorithm algorithm = algorithm_of(evp);
    AUTO(fixture_key_freep) struct fixture_key *key = fixture_key_from(evp, algorithm);
    return stand_in_platform_issue(platform, key, platform->wrong_subject ? "someone" : "holder",
                                   usage, platform->not_after_utc);
}

/* The private key, which only the key manager knows. */
static void envelope_key(struct stand_in_platform *platform, struct span recipient)
{
    BIGNUM *number = NULL;
    uint8_t private_key[32];
    struct err err = ERR_INIT;
    platform->encrypt_key = fixture_key_new(CERT_SM2, 0);
    const struct bytes *public_key = platform->encrypt_key->public_key;
    const uint8_t *point = public_key->at + public_key->len - 64;
    assert_int_equal(EVP_PKEY_get_bn_param(platform->encrypt_key->key, "priv", &number), 1);
    assert_int_equal(BN_bn2binpad(number, private_key, sizeof private_key), 32);
    BN_clear_free(number);
    assert_int_equal(envelope_make(SPAN_ARRAY(private_key), point, point + 32, recipient,
                                   &platform->envelope, &err),
                     ERR_NONE);
}

static void issue(struct stand_in_platform *platform, struct span public_key)
{
    platform->issued++;
    platform->first_public_key = bytes_new(public_key);
    platform->sign_cert = issue_for(platform, public_key, sign_usage);
    if (!platform->dual)
        return;
    if (platform->replace_key)
        envelope_key(platform, public_key);
    const struct bytes *key =
        platform->replace_key ? platform->encrypt_key->public_key : platform->present_encrypt_key;
    platform->encrypt_cert = issue_for(platform, span_bytes(key), encrypt_usage);
}

static void take_back(struct stand_in_platform *platform)
{
    struct bytes **const parts[] = {&platform->first_public_key, &platform->sign_cert,
                                    &platform->encrypt_cert, &platform->envelope};
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
        bytes_freep(parts[i]);
    fixture_key_freep(&platform->encrypt_key);
}

/* ---- the calls ---- */

static enum err_code redeem(struct remote *remote, const struct remote_call *call,
                            const struct remote_redeem *redeem, struct remote_job **out,
                            struct err *err)
{
    struct stand_in_platform *platform = (struct stand_in_platform *)remote;
    platform->redeemed++;
    if (platform->redeem_fails_with != ERR_NONE)
        return err_set(err, platform->redeem_fails_with, "the platform said no");
    if (redeem->cert_count == 2 && platform->present_encrypt_key == NULL) {
        AUTO(cert_freep) struct cert *cert = fixture_parse(redeem->certs[1]);
        platform->present_encrypt_key = bytes_new(cert_peek(cert)->public_key);
    }
    bytes_free(platform->present_sign_cert);
    platform->present_sign_cert = bytes_new(redeem->certs[0]);
    struct remote_job *job = memory_new(sizeof *job);
    *job = (struct remote_job){
        .id = memory_text("0123456789abcdef0123456789abcdef"),
        .secret = memory_text("a secret of the job"),
        .kind = memory_text(platform->kind),
        .challenge = bytes_new(span_text("0123456789abcdef0123456789abcdef")),
        .expires_utc = FIXTURE_NOW + 3600,
        .order = memory_text(platform->order != NULL ? platform->order : "20260101000001"),
        .holder = memory_text("holder"),
        .serial = memory_text(platform->serial),
        .approved = platform->approved,
        .replace_key = platform->replace_key,
        .algorithm = memory_text(platform->algorithm),
        .dual = platform->dual,
        .not_after_utc = platform->not_after_utc,
        .seal = memory_text(platform->job_seal),
    };
    *out = job;
    return ERR_NONE;
}

static struct bytes *copy(const struct bytes *bytes)
{
    return bytes == NULL ? NULL : bytes_new(span_bytes(bytes));
}

static enum err_code request(struct remote *remote, const struct remote_call *call,
                             const struct remote_job *job, const struct remote_request *request,
                             struct remote_issued **out, int *out_retry_s, struct err *err)
{
    struct stand_in_platform *platform = (struct stand_in_platform *)remote;
    AUTO(csr_freep) struct csr *csr = NULL;
    platform->requested++;
    platform->kept_reason = request->kept;
    if (platform->on_request != NULL)
        platform->on_request(platform->on_request_context);
    assert_int_equal(csr_parse(request->csr, &csr, err), ERR_NONE);
    if (platform->pendings > 0) {
        platform->pendings--;
        *out_retry_s = 1;
        return err_set(err, ERR_PLATFORM_PENDING, "under way");
    }
    struct span public_key = csr_peek(csr)->public_key;
    if (platform->first_public_key == NULL)
        issue(platform, public_key);
    if (!span_equal(public_key, span_bytes(platform->first_public_key)))
        return err_set(err, ERR_JOB_CONFLICT, "issued for another key");
    if (platform->request_fails_with != ERR_NONE)
        return err_set(err, platform->request_fails_with, "the answer was lost");
    struct remote_issued *issued = memory_new(sizeof *issued);
    issued->sign_cert = copy(platform->sign_cert);
    issued->encrypt_cert = copy(platform->encrypt_cert);
    issued->envelope = copy(platform->envelope);
    *out = issued;
    return ERR_NONE;
}

static enum err_code confirm(struct remote *remote, const struct remote_call *call,
                             const struct remote_job *job,
                             const struct remote_confirmation *confirmation, struct err *err)
{
    struct stand_in_platform *platform = (struct stand_in_platform *)remote;
    if (strcmp(confirmation->outcome, "failed") == 0) {
        platform->reported_failed++;
        take_back(platform);
        return ERR_NONE;
    }
    if (platform->confirm_failures > 0) {
        platform->confirm_failures--;
        if (call->retry_after_s != NULL)
            *call->retry_after_s = platform->confirm_retry_after_s;
        return err_set(err, platform->confirm_fails_with, "not now");
    }
    const struct bytes *der =
        platform->sign_cert != NULL ? platform->sign_cert : platform->present_sign_cert;
    if (confirmation->proof.len == 0) { /* of a PIN reset: the key can't sign */
        assert_string_equal(job->kind, "reset-pin");
        platform->confirmed++;
        return ERR_NONE;
    }
    AUTO(cert_freep) struct cert *cert = fixture_parse(span_bytes(der));
    AUTO(bytes_freep)
    struct bytes *body = proof_confirmation_body("written", confirmation->digest.at);
    AUTO(bytes_freep) struct bytes *message = NULL;
    assert_int_equal(proof_message(PROOF_CONFIRMATION, job->id, span_bytes(job->challenge),
                                   span_bytes(body), &message, err),
                     ERR_NONE);
    if (cert_verify(cert, span_bytes(message), confirmation->proof, err) != ERR_NONE)
        return err_set(err, ERR_PROOF, "the confirmation is not by the new key");
    platform->confirmed++;
    return ERR_NONE;
}

/* ---- seals ---- */

struct bytes *stand_in_platform_seal(const struct stand_in_platform *platform, struct span holder,
                                     int64_t valid_until_utc)
{
    AUTO(bytes_freep) struct bytes *picture = bytes_new_size(platform->seal_picture_bytes);
    picture->at[0] = platform->seal_other_picture ? 1 : 0;
    const struct seal_wish wish = {
        .version = SEAL_V4,
        .vendor = "ukeyd",
        .id = platform->seal_id != NULL ? platform->seal_id : "370100000001",
        .name = "测试单位公章",
        .type = 1,
        .created_utc = FIXTURE_NOW - FIXTURE_DAY,
        .valid_from_utc = FIXTURE_NOW - FIXTURE_DAY,
        .valid_until_utc = valid_until_utc,
        .list = SEAL_LIST_CERTIFICATES,
        .holder_count = 1,
        .holders = &holder,
        .picture_type = "PNG",
        .picture = span_bytes(picture),
        .picture_width_mm = 40,
        .picture_height_mm = 40,
        .maker_cert = span_bytes(platform->maker_cert),
    };
    struct bytes *out = NULL;
    struct err err = ERR_INIT;
    if (seal_make(&wish, &platform->maker_key->signer, &out, &err) != ERR_NONE)
        fail_msg("make a seal: %s", err.detail);
    return out;
}

static enum err_code seal(struct remote *remote, const struct remote_call *call,
                          const struct remote_job *job, const struct remote_seal_request *request,
                          struct remote_new_seal **out, struct err *err)
{
    struct stand_in_platform *platform = (struct stand_in_platform *)remote;
    struct span holder = span_bytes(platform->seal_other_holder ? platform->maker_cert
                                                                : platform->present_sign_cert);
    if (platform->new_seal == NULL)
        platform->new_seal = stand_in_platform_seal(platform, holder, platform->seal_until_utc);
    platform->seals_made++;
    struct remote_new_seal *made = memory_new(sizeof *made);
    made->seal = copy(platform->new_seal);
    *out = made;
    return ERR_NONE;
}

/* ---- PIN reset ---- */

static enum err_code compute_blob(const struct stand_in_platform *platform,
                                  const struct remote_unblock_request *request, struct bytes **out,
                                  struct err *err)
{
    const char *pin = platform->wrong_admin_pin != NULL ? platform->wrong_admin_pin : "12345678";
    const struct portal_unlock_profile *profile = portal_unlock_profile_find(request->profile);
    struct portal_unlock_request from_key;
    AUTO(secret_freep) struct secret *admin_pin = NULL;
    assert_int_equal(secret_new(16, &admin_pin, err), ERR_NONE);
    memcpy(secret_room(admin_pin), pin, strlen(pin));
    secret_set_length(admin_pin, strlen(pin));
    memcpy(from_key.challenge, request->challenge.at, sizeof from_key.challenge);
    memcpy(from_key.application, request->application.at, sizeof from_key.application);
    return request->purpose == REMOTE_UNBLOCK_LOGIN
               ? portal_unlock_login(profile, admin_pin, &from_key, out, err)
               : portal_unlock_pin(profile, admin_pin, &from_key, out, err);
}

static enum err_code unblock(struct remote *remote, const struct remote_call *call,
                             const struct remote_job *job,
                             const struct remote_unblock_request *request, struct secret **out,
                             struct err *err)
{
    struct stand_in_platform *platform = (struct stand_in_platform *)remote;
    AUTO(bytes_freep) struct bytes *blob = NULL;
    platform->unblocks++;
    if (platform->on_unblock != NULL)
        platform->on_unblock(platform->on_unblock_context);
    bool is_piv = strcmp(request->profile, "piv") == 0;
    if ((is_piv ? stand_in_piv_answer(&platform->piv, request, &blob, err)
                : compute_blob(platform, request, &blob, err)) != ERR_NONE)
        return err->code;
    if (request->purpose == REMOTE_UNBLOCK_PIN && platform->first_blob == NULL)
        platform->first_blob = bytes_new(span_bytes(blob));
    if (request->purpose == REMOTE_UNBLOCK_PIN && platform->replay_blob) {
        bytes_free(blob);
        blob = bytes_new(span_bytes(platform->first_blob));
    }
    if (request->purpose == REMOTE_UNBLOCK_PIN && platform->spoil_blob)
        blob->at[blob->len - 1] ^= 1;
    assert_int_equal(secret_new(blob->len, out, err), ERR_NONE);
    memcpy(secret_room(*out), blob->at, blob->len);
    secret_set_length(*out, blob->len);
    return ERR_NONE;
}

static const struct remote_class class = {redeem, request, confirm, seal, unblock};

void stand_in_platform_next_order(struct stand_in_platform *platform, const char *order)
{
    take_back(platform);
    bytes_freep(&platform->present_encrypt_key);
    free(platform->order);
    platform->order = memory_text(order);
}

void stand_in_platform_init(struct stand_in_platform *platform)
{
    *platform = (struct stand_in_platform){
        .remote = {&class},
        .kind = "renew",
        .approved = true,
        .dual = true,
        .algorithm = "sm2",
        .not_after_utc = FIXTURE_NOW + 385 * FIXTURE_DAY,
        .seal_picture_bytes = 2048,
    };
    struct err err = ERR_INIT;
    stand_in_piv_init(&platform->piv);
    platform->ca_key = fixture_key_new(CERT_SM2, 0);
    const struct fixture_cert ca = {
        .common_name = "Root",
        .key = platform->ca_key,
        .not_before_utc = FIXTURE_NOW - 3650 * (int64_t)FIXTURE_DAY,
        .not_after_utc = FIXTURE_NOW + 3650 * (int64_t)FIXTURE_DAY,
        .basic_constraints = "critical,CA:TRUE",
        .key_usage = "critical,keyCertSign,cRLSign",
        .extra_oid = "2.5.29.14", /* subjectKeyIdentifier */
        .extra_value = "DER:04:04:01:02:03:04",
    };
    platform->ca = fixture_cert(&ca);
    const struct span ders[] = {span_bytes(platform->ca)};
    AUTO(memory_freep) char *pem = fixture_pem(ders, 1);
    platform->maker_key = fixture_key_new(CERT_SM2, 0);
    platform->maker_cert = issue_maker(platform);
    platform->seal_until_utc = FIXTURE_NOW + 385 * FIXTURE_DAY;
    assert_int_equal(chain_roots_from_pem(span_text(pem), &platform->roots, &err), ERR_NONE);
}

void stand_in_platform_done(struct stand_in_platform *platform)
{
    take_back(platform);
    memory_freep(&platform->order);
    bytes_freep(&platform->present_encrypt_key);
    bytes_freep(&platform->ca);
    bytes_freep(&platform->maker_cert);
    bytes_freep(&platform->present_sign_cert);
    bytes_freep(&platform->new_seal);
    bytes_freep(&platform->first_blob);
    fixture_key_freep(&platform->maker_key);
    fixture_key_freep(&platform->ca_key);
    chain_roots_freep(&platform->roots);
}
