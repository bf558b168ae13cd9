#include "portal/portal_test_hooks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "base/clock.h"
#include "certs/chain.h"
#include "certs/envelope.h"
#include "world.h"

static struct world_key *key;
static struct portal_job *job;
static struct fixture_key *fresh;
static char *order;

static int setup(void **state)
{
    if (world_setup(state) != 0)
        return -1;
    key = world_key_new(*state, CERT_SM2, true, 20);
    order = world_order(*state, key, true, true);
    job = world_job(*state, key, order);
    fresh = fixture_key_new(CERT_SM2, 0);
    return 0;
}

static int teardown(void **state)
{
    unsetenv("UKEYD_TEST_ISSUE");
    free(order);
    portal_job_freep(&job);
    world_key_freep(&key);
    fixture_key_freep(&fresh);
    return world_teardown(state);
}

static struct portal_issued *spoiled(struct world *world, const char *how)
{
    struct portal_issued *issue = NULL;
    struct err err = ERR_INIT;
    world_must(world_request(world, job, key, fresh, &issue, &err), &err);
    setenv("UKEYD_TEST_ISSUE", how, 1);
    portal_test_hooks_spoil(world->portal, issue);
    return issue;
}

static bool is_ours(struct world *world, const struct portal_issued *issue)
{
    enum cert_algorithm algorithm;
    return portal_ca_issued(world->portal->ca, span_bytes(issue->sign_cert), &algorithm);
}

/* Each answer is wrong in one way, and signed as well as the right one. */
static void each_changes_what_it_says(void **state)
{
    AUTO(portal_issued_freep) struct portal_issued *right = spoiled(*state, "");
    AUTO(portal_issued_freep) struct portal_issued *key_issue = spoiled(*state, "wrong-public-key");
    AUTO(portal_issued_freep)
    struct portal_issued *subject_issue = spoiled(*state, "wrong-subject");
    AUTO(portal_issued_freep) struct portal_issued *end_issue = spoiled(*state, "early-end");
    AUTO(portal_issued_freep) struct portal_issued *usage_issue = spoiled(*state, "wrong-usage");
    AUTO(cert_freep) struct cert *good = fixture_parse(span_bytes(right->sign_cert));
    AUTO(cert_freep) struct cert *other_key = fixture_parse(span_bytes(key_issue->sign_cert));
    AUTO(cert_freep) struct cert *subject = fixture_parse(span_bytes(subject_issue->sign_cert));
    AUTO(cert_freep) struct cert *early = fixture_parse(span_bytes(end_issue->sign_cert));
    AUTO(cert_freep) struct cert *usage = fixture_parse(span_bytes(usage_issue->sign_cert));
    assert_false(span_equal(cert_peek(good)->public_key, cert_peek(other_key)->public_key));
    assert_true(cert_same_subject(good, other_key));
    assert_false(cert_same_subject(good, subject));
    assert_true(cert_peek(early)->not_after_utc < cert_peek(key->sign_cert)->not_after_utc);
    assert_int_equal(cert_peek(usage)->usage, CERT_USAGE_ENCRYPT);
    assert_true(is_ours(*state, key_issue) && is_ours(*state, subject_issue) &&
                is_ours(*state, end_issue) && is_ours(*state, usage_issue));
}

/* What is wrong is the key and not its kind; a stranger's signature is of its authority's kind too. */
static void other_algorithms_are_spoiled_alike(void **state)
{
    static const enum cert_algorithm algorithms[] = {CERT_RSA, CERT_P256, CERT_P384};
    for (size_t i = 0; i < ARRAY_SIZE(algorithms); i++) {
        struct world *world = *state;
        AUTO(world_key_freep)
        struct world_key *piv = world_piv_key_new(world, algorithms[i], 20);
        AUTO(memory_freep) char *number = world_order(world, piv, false, false);
        AUTO(portal_job_freep) struct portal_job *renewal = world_job(world, piv, number);
        static const char *const ways[] = {"wrong-public-key", "unknown-ca"};
        for (size_t way = 0; way < ARRAY_SIZE(ways); way++) {
            AUTO(portal_issued_freep) struct portal_issued *issue = NULL;
            struct err err = ERR_INIT;
            world_must(world_request(world, renewal, piv, piv->sign, &issue, &err), &err);
            setenv("UKEYD_TEST_ISSUE", ways[way], 1);
            portal_test_hooks_spoil(world->portal, issue);
            AUTO(cert_freep) struct cert *cert = fixture_parse(span_bytes(issue->sign_cert));
            assert_int_equal(cert_peek(cert)->algorithm, algorithms[i]);
            assert_true(span_equal(cert_peek(cert)->public_key,
                                   span_bytes(piv->sign->public_key)) == (way == 1));
            assert_true(is_ours(world, issue) == (way == 0));
        }
    }
    unsetenv("UKEYD_TEST_ISSUE");
}

static void a_stranger_signs_in_the_cas_name(void **state)
{
    AUTO(portal_issued_freep) struct portal_issued *right = spoiled(*state, "");
    AUTO(portal_issued_freep) struct portal_issued *issue = spoiled(*state, "unknown-ca");
    AUTO(cert_freep) struct cert *good = fixture_parse(span_bytes(right->sign_cert));
    AUTO(cert_freep) struct cert *cert = fixture_parse(span_bytes(issue->sign_cert));
    assert_string_equal(cert_peek(cert)->issuer, cert_peek(good)->issuer);
    assert_false(is_ours(*state, issue));
}

static void a_byte_too_many_and_another_keys_envelope(void **state)
{
    AUTO(portal_issued_freep) struct portal_issued *trailing = spoiled(*state, "trailing-bytes");
    AUTO(portal_issued_freep) struct portal_issued *issue = spoiled(*state, "wrong-envelope");
    AUTO(cert_freep) struct cert *none = NULL;
    AUTO(cert_freep) struct cert *encrypt = fixture_parse(span_bytes(issue->encrypt_cert));
    struct envelope envelope;
    struct err err = ERR_INIT;
    assert_int_equal(cert_parse(span_bytes(trailing->sign_cert), &none, &err), ERR_DER_TRAILING);
    err = ERR_INIT;
    world_must(envelope_parse(span_bytes(issue->enveloped_key), &envelope, &err), &err);
    assert_int_equal(envelope_check(&envelope, encrypt, &err), ERR_ENVELOPE_KEY);
}

static void what_is_stored_stays_right(void **state)
{
    AUTO(portal_issued_freep) struct portal_issued *before = spoiled(*state, "");
    AUTO(portal_issued_freep) struct portal_issued *wrong = spoiled(*state, "wrong-subject");
    AUTO(portal_issued_freep) struct portal_issued *after = spoiled(*state, "");
    assert_false(span_equal(span_bytes(before->sign_cert), span_bytes(wrong->sign_cert)));
    assert_true(span_equal(span_bytes(before->sign_cert), span_bytes(after->sign_cert)));
    assert_int_equal(
        world_count(((struct world *)*state)->portal, "SELECT count(*) FROM escrow_key"), 1);
}

static void the_first_answer_of_a_job_is_put_off(void **state)
{
    setenv("UKEYD_TEST_ISSUE", "pending", 1);
    assert_true(portal_test_hooks_pending(job));
    assert_false(portal_test_hooks_pending(job));
    unsetenv("UKEYD_TEST_ISSUE");
    assert_false(portal_test_hooks_pending(job));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_changes_what_it_says),
        cmocka_unit_test(other_algorithms_are_spoiled_alike),
        cmocka_unit_test(a_stranger_signs_in_the_cas_name),
        cmocka_unit_test(a_byte_too_many_and_another_keys_envelope),
        cmocka_unit_test(what_is_stored_stays_right),
        cmocka_unit_test(the_first_answer_of_a_job_is_put_off),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
