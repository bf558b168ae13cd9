#include "agent/ops/op_renew_check.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/unit/certs/fixture.h"

/* A small world: an SM2 CA, a key with two certificates, and what a good platform issues for it. */
struct world {
    struct fixture_key *ca_key, *other_ca_key, *sign_key, *encrypt_key, *new_sign_key,
        *new_encrypt_key;
    struct bytes *ca, *other_ca, *old_sign, *old_encrypt;
    struct cert *old_sign_cert, *old_encrypt_cert;
    struct chain_roots *roots;
    struct remote_job job;
};

static const char sign_usage[] = "critical,digitalSignature,nonRepudiation";
static const char encrypt_usage[] = "critical,keyEncipherment,dataEncipherment,keyAgreement";

#define OLD_END (FIXTURE_NOW + 20 * FIXTURE_DAY)
#define NEW_END (FIXTURE_NOW + 385 * FIXTURE_DAY)

static struct bytes *issue(const struct world *world, const struct fixture_key *key,
                           const char *usage, int64_t end, const char *name, bool other_ca)
{
    const struct fixture_cert wish = {
        .organisation = "Org",
        .common_name = name,
        .key = key,
        .issuer_key = other_ca ? world->other_ca_key : world->ca_key,
        .issuer = span_bytes(other_ca ? world->other_ca : world->ca),
        .not_before_utc = FIXTURE_NOW - FIXTURE_DAY,
        .not_after_utc = end,
        .key_usage = usage,
    };
    return fixture_cert(&wish);
}

static int set_up(void **state)
{
    static struct world world;
    struct err err = ERR_INIT;
    struct fixture_key **keys[] = {&world.ca_key,      &world.other_ca_key, &world.sign_key,
                                   &world.encrypt_key, &world.new_sign_key, &world.new_encrypt_key};
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        *keys[i] = fixture_key_new(CERT_SM2, 0);
    world.ca = fixture_ca("Root", world.ca_key, NULL, SPAN_NONE);
    world.other_ca = fixture_ca("Root", world.other_ca_key, NULL, SPAN_NONE);
    world.old_sign = issue(&world, world.sign_key, sign_usage, OLD_END, "holder", false);
    world.old_encrypt = issue(&world, world.encrypt_key, encrypt_usage, OLD_END, "holder", false);
    world.old_sign_cert = fixture_parse(span_bytes(world.old_sign));
    world.old_encrypt_cert = fixture_parse(span_bytes(world.old_encrypt));
    const struct span ders[] = {span_bytes(world.ca)};
    AUTO(memory_freep) char *pem = fixture_pem(ders, 1);
    world.job = (struct remote_job){.dual = true, .not_after_utc = NEW_END};
    *state = &world;
    return (int)chain_roots_from_pem(span_text(pem), &world.roots, &err);
}

static int tear_down(void **state)
{
    struct world *world = *state;
    struct fixture_key **keys[] = {&world->ca_key,       &world->other_ca_key,
                                   &world->sign_key,     &world->encrypt_key,
                                   &world->new_sign_key, &world->new_encrypt_key};
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        fixture_key_freep(keys[i]);
    struct bytes **const ders[] = {&world->ca, &world->other_ca, &world->old_sign,
                                   &world->old_encrypt};
    for (size_t i = 0; i < ARRAY_SIZE(ders); i++)
        bytes_freep(ders[i]);
    cert_freep(&world->old_sign_cert);
    cert_freep(&world->old_encrypt_cert);
    chain_roots_freep(&world->roots);
    return 0;
}

static enum err_code check(const struct world *world, const struct remote_job *job,
                           const struct fixture_key *key, const struct remote_issued *issued)
{
    const struct op_renew_expected expected = {
        .job = job,
        .new_pair = job->replace_key,
        .roots = world->roots,
        .public_key = span_bytes(key->public_key),
        .old_sign = world->old_sign_cert,
        .old_encrypt = world->old_encrypt_cert,
        .now_utc = FIXTURE_NOW,
    };
    int64_t end = 0;
    struct err err = ERR_INIT;
    enum err_code code = op_renew_check(&expected, issued, &end, &err);
    assert_int_equal(end, code == ERR_NONE ? NEW_END : 0);
    return code;
}

static void issued_done(struct remote_issued *issued)
{
    bytes_freep(&issued->sign_cert);
    bytes_freep(&issued->encrypt_cert);
    bytes_freep(&issued->envelope);
}

/* Good certificates for the kept keys, apart from what a case makes wrong. */
struct wrong {
    const char *what;
    enum err_code expected;
    bool other_sign_key, other_encrypt_key, encrypt_with_sign_key;
    const char *sign_name, *encrypt_name;
    int64_t sign_end, encrypt_end;
    const char *sign_usage, *encrypt_usage;
    bool sign_other_ca, encrypt_other_ca;
    bool trailing_sign, trailing_encrypt;
    bool no_encrypt, with_envelope;
};

static void add_byte(struct bytes **der)
{
    struct bytes *longer = bytes_new_size((*der)->len + 1);
    memcpy(longer->at, (*der)->at, (*der)->len);
    bytes_free(*der);
    *der = longer;
}

static const char *or_text(const char *text, const char *usual)
{
    return text != NULL ? text : usual;
}

static void issue_wrongly(const struct world *world, const struct wrong *wrong,
                          struct remote_issued *out)
{
    const struct fixture_key *sign = wrong->other_sign_key ? world->new_sign_key : world->sign_key;
    const struct fixture_key *encrypt = wrong->other_encrypt_key       ? world->new_encrypt_key
                                        : wrong->encrypt_with_sign_key ? world->sign_key
                                                                       : world->encrypt_key;
    out->sign_cert = issue(world, sign, or_text(wrong->sign_usage, sign_usage),
                           wrong->sign_end ? wrong->sign_end : NEW_END,
                           or_text(wrong->sign_name, "holder"), wrong->sign_other_ca);
    if (!wrong->no_encrypt)
        out->encrypt_cert = issue(world, encrypt, or_text(wrong->encrypt_usage, encrypt_usage),
                                  wrong->encrypt_end ? wrong->encrypt_end : NEW_END,
                                  or_text(wrong->encrypt_name, "holder"), wrong->encrypt_other_ca);
    if (wrong->with_envelope)
        out->envelope = bytes_new(span_text("an envelope"));
    if (wrong->trailing_sign)
        add_byte(&out->sign_cert);
    if (wrong->trailing_encrypt)
        add_byte(&out->encrypt_cert);
}

static void each_wrong_answer_is_refused_by_its_code(void **state)
{
    const struct wrong cases[] = {
        {"nothing wrong", ERR_NONE},
        {"other signing key", ERR_CERT_PUBLIC_KEY, .other_sign_key = true},
        {"other encryption key", ERR_CERT_PUBLIC_KEY, .other_encrypt_key = true},
        {"one key for both", ERR_CERT_PUBLIC_KEY, .encrypt_with_sign_key = true},
        {"other subject", ERR_CERT_SUBJECT, .sign_name = "someone"},
        {"other subject of the second", ERR_CERT_SUBJECT, .encrypt_name = "someone"},
        {"end a second early", ERR_CERT_VALIDITY, .sign_end = NEW_END - 1},
        {"end a second early, second", ERR_CERT_VALIDITY, .encrypt_end = NEW_END - 1},
        {"unknown CA of the same name", ERR_CERT_UNTRUSTED, .sign_other_ca = true},
        {"unknown CA for the second", ERR_CERT_UNTRUSTED, .encrypt_other_ca = true},
        {"trailing byte", ERR_DER_TRAILING, .trailing_sign = true},
        {"trailing byte, second", ERR_DER_TRAILING, .trailing_encrypt = true},
        {"signing certificate for encryption", ERR_CERT_USAGE, .sign_usage = encrypt_usage},
        {"encryption certificate for signing", ERR_CERT_USAGE, .encrypt_usage = sign_usage},
        {"second one missing", ERR_PLATFORM_ANSWER, .no_encrypt = true},
        {"envelope not asked for", ERR_PLATFORM_ANSWER, .with_envelope = true},
    };
    const struct world *world = *state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(issued_done) struct remote_issued issued = {0};
        issue_wrongly(world, &cases[i], &issued);
        enum err_code code = check(world, &world->job, world->sign_key, &issued);
        if (code != cases[i].expected)
            print_error("%s: %s\n", cases[i].what, err_code_text(code));
        assert_int_equal(code, cases[i].expected);
    }
}

static void the_present_certificate_is_no_renewal(void **state)
{
    const struct world *world = *state;
    struct remote_job job = world->job;
    AUTO(issued_done) struct remote_issued issued = {0};
    job.not_after_utc = 0;
    issued.sign_cert = bytes_new(span_bytes(world->old_sign));
    issued.encrypt_cert = bytes_new(span_bytes(world->old_encrypt));
    assert_int_equal(check(world, &job, world->sign_key, &issued), ERR_CERT_VALIDITY);
}

static void a_single_certificate_may_serve_for_both(void **state)
{
    const struct world *world = *state;
    struct remote_job job = world->job;
    AUTO(issued_done) struct remote_issued issued = {0};
    job.dual = false;
    issued.sign_cert = issue(world, world->sign_key, "critical,digitalSignature,keyEncipherment",
                             NEW_END, "holder", false);
    assert_int_equal(check(world, &job, world->sign_key, &issued), ERR_NONE);
    assert_int_equal(check(world, &world->job, world->sign_key, &issued), ERR_PLATFORM_ANSWER);
}

/* An envelope that carries key, for a replaced pair. */
static struct bytes *envelope_of(const struct world *world, const struct fixture_key *key)
{
    BIGNUM *number = NULL;
    uint8_t private_key[32];
    struct bytes *out = NULL;
    struct err err = ERR_INIT;
    assert_int_equal(EVP_PKEY_get_bn_param(key->key, "priv", &number), 1);
    assert_int_equal(BN_bn2binpad(number, private_key, sizeof private_key), 32);
    BN_clear_free(number);
    const uint8_t *point = key->public_key->at + key->public_key->len - 64;
    assert_int_equal(envelope_make(SPAN_ARRAY(private_key), point, point + 32,
                                   span_bytes(world->new_sign_key->public_key), &out, &err),
                     ERR_NONE);
    return out;
}

static void a_replaced_pair_needs_the_envelope_of_its_certificate(void **state)
{
    const struct world *world = *state;
    struct remote_job job = world->job;
    job.replace_key = true;
    AUTO(issued_done) struct remote_issued issued = {0};
    issued.sign_cert = issue(world, world->new_sign_key, sign_usage, NEW_END, "holder", false);
    issued.encrypt_cert =
        issue(world, world->new_encrypt_key, encrypt_usage, NEW_END, "holder", false);
    assert_int_equal(check(world, &job, world->new_sign_key, &issued), ERR_PLATFORM_ANSWER);
    issued.envelope = envelope_of(world, world->encrypt_key);
    assert_int_equal(check(world, &job, world->new_sign_key, &issued), ERR_ENVELOPE_KEY);
    bytes_freep(&issued.envelope);
    issued.envelope = envelope_of(world, world->new_encrypt_key);
    assert_int_equal(check(world, &job, world->new_sign_key, &issued), ERR_NONE);
    /* A key that was kept against the policy gets none. */
    struct remote_job kept = job;
    kept.replace_key = false;
    assert_int_equal(check(world, &kept, world->new_sign_key, &issued), ERR_PLATFORM_ANSWER);
    add_byte(&issued.envelope);
    assert_int_not_equal(check(world, &job, world->new_sign_key, &issued), ERR_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_wrong_answer_is_refused_by_its_code),
        cmocka_unit_test(the_present_certificate_is_no_renewal),
        cmocka_unit_test(a_single_certificate_may_serve_for_both),
        cmocka_unit_test(a_replaced_pair_needs_the_envelope_of_its_certificate),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
