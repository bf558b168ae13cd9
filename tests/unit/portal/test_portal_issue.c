#include "portal/portal_issue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "base/clock.h"
#include "certs/envelope.h"
#include "certs/proof.h"
#include "portal/portal_certificate.h"
#include "world.h"

static int reset_clock(void **state)
{
    clock_set_for_test(FIXTURE_NOW);
    return 0;
}

/* One renewal up to the request. */
struct renewal {
    struct world_key *key;
    char *order;
    struct portal_job *job;
    struct fixture_key *fresh; /* the new signing key of a replacement */
};

static void renewal_done(struct renewal *renewal)
{
    world_key_freep(&renewal->key);
    free(renewal->order);
    portal_job_free(renewal->job);
    fixture_key_free(renewal->fresh);
}

static struct renewal begin(struct world *world, enum cert_algorithm algorithm, bool replace,
                            bool dual)
{
    struct renewal renewal = {.key = world_key_new(world, algorithm, dual, 20)};
    renewal.order = world_order(world, renewal.key, replace, dual);
    renewal.job = world_job(world, renewal.key, renewal.order);
    renewal.fresh = fixture_key_new(algorithm, 2048);
    return renewal;
}

static int64_t certificates(struct world *world)
{
    return world_count(world->portal, "SELECT count(*) FROM certificate");
}

static void same(const struct portal_issued *a, const struct portal_issued *b)
{
    assert_true(span_equal(span_bytes(a->sign_cert), span_bytes(b->sign_cert)));
    assert_true(span_equal(span_bytes(a->encrypt_cert), span_bytes(b->encrypt_cert)));
    assert_true(span_equal(span_bytes(a->enveloped_key), span_bytes(b->enveloped_key)));
    assert_true(span_equal(span_bytes(a->chain), span_bytes(b->chain)));
}

static void a_kept_key_gets_certificates_for_its_own_keys(void **state)
{
    for (enum cert_algorithm algorithm = CERT_SM2; algorithm < CERT_ALGORITHM_COUNT; algorithm++) {
        AUTO(renewal_done) struct renewal renewal = begin(*state, algorithm, false, true);
        AUTO(portal_issued_freep) struct portal_issued *issue = NULL;
        struct err err = ERR_INIT;
        world_must(world_request(*state, renewal.job, renewal.key, renewal.key->sign, &issue, &err),
                   &err);
        AUTO(cert_freep) struct cert *sign = fixture_parse(span_bytes(issue->sign_cert));
        AUTO(cert_freep) struct cert *encrypt = fixture_parse(span_bytes(issue->encrypt_cert));
        assert_true(
            span_equal(cert_peek(sign)->public_key, span_bytes(renewal.key->sign->public_key)));
        assert_true(span_equal(cert_peek(encrypt)->public_key,
                               span_bytes(renewal.key->encrypt->public_key)));
        assert_true(span_equal(cert_peek(sign)->subject_der,
                               cert_peek(renewal.key->sign_cert)->subject_der));
        assert_int_equal(cert_peek(sign)->usage, CERT_USAGE_SIGN);
        assert_int_equal(cert_peek(encrypt)->usage, CERT_USAGE_ENCRYPT);
        assert_true(cert_peek(sign)->not_after_utc == renewal.job->not_after_utc);
        assert_true(cert_peek(encrypt)->not_after_utc == renewal.job->not_after_utc);
        assert_true(cert_peek(sign)->not_before_utc == FIXTURE_NOW - 300);
        assert_null(issue->enveloped_key);
        assert_true(span_equal(span_bytes(issue->chain),
                               portal_ca_issuing(((struct world *)*state)->portal->ca, algorithm)));
    }
}

static void a_replaced_key_gets_a_new_encryption_key_in_an_envelope(void **state)
{
    AUTO(renewal_done) struct renewal renewal = begin(*state, CERT_SM2, true, true);
    AUTO(portal_issued_freep) struct portal_issued *issue = NULL;
    struct err err = ERR_INIT;
    world_must(world_request(*state, renewal.job, renewal.key, renewal.fresh, &issue, &err), &err);
    AUTO(cert_freep) struct cert *sign = fixture_parse(span_bytes(issue->sign_cert));
    AUTO(cert_freep) struct cert *encrypt = fixture_parse(span_bytes(issue->encrypt_cert));
    struct envelope envelope;
    assert_true(span_equal(cert_peek(sign)->public_key, span_bytes(renewal.fresh->public_key)));
    assert_false(
        span_equal(cert_peek(encrypt)->public_key, span_bytes(renewal.key->encrypt->public_key)));
    world_must(envelope_parse(span_bytes(issue->enveloped_key), &envelope, &err), &err);
    world_must(envelope_check(&envelope, encrypt, &err), &err);
}

static void a_single_certificate_comes_alone(void **state)
{
    AUTO(renewal_done) struct renewal renewal = begin(*state, CERT_RSA, true, false);
    AUTO(portal_issued_freep) struct portal_issued *issue = NULL;
    struct err err = ERR_INIT;
    world_must(world_request(*state, renewal.job, renewal.key, renewal.fresh, &issue, &err), &err);
    assert_null(issue->encrypt_cert);
    assert_null(issue->enveloped_key);
}

static void a_single_key_on_a_nist_curve_is_replaced(void **state)
{
    for (enum cert_algorithm algorithm = CERT_P256; algorithm <= CERT_P384; algorithm++) {
        AUTO(renewal_done) struct renewal renewal = begin(*state, algorithm, true, false);
        AUTO(portal_issued_freep) struct portal_issued *issue = NULL;
        struct err err = ERR_INIT;
        world_must(world_request(*state, renewal.job, renewal.key, renewal.fresh, &issue, &err),
                   &err);
        AUTO(cert_freep) struct cert *sign = fixture_parse(span_bytes(issue->sign_cert));
        assert_null(issue->encrypt_cert);
        assert_int_equal(cert_peek(sign)->algorithm, algorithm);
        assert_int_equal(cert_peek(sign)->usage, CERT_USAGE_BOTH);
        assert_true(span_equal(span_bytes(issue->chain),
                               portal_ca_issuing(((struct world *)*state)->portal->ca, CERT_P256)));
        world_must(world_confirm(*state, renewal.job, renewal.fresh, "written", issue, &err), &err);
    }
}

/* ---- a kept key, with its reason ---- */

static enum err_code request_kept(struct world *world, const struct renewal *renewal,
                                  const struct fixture_key *pair, const char *kept,
                                  struct portal_issued **out)
{
    AUTO(bytes_freep)
    struct bytes *csr = world_csr(pair, cert_peek(renewal->key->sign_cert)->subject_der);
    AUTO(bytes_freep)
    struct bytes *proof = world_request_proof(renewal->job, renewal->key->sign, span_bytes(csr));
    const struct portal_issue_request request = {span_bytes(csr), span_bytes(proof), kept};
    struct err err = ERR_INIT;
    return portal_issue_request(world->portal, renewal->job, &request, out, &err);
}

static int64_t records_of_kept(struct world *world, const char *order)
{
    AUTO(memory_freep)
    char *sql =
        memory_printf("SELECT (SELECT count(*) FROM approval_record WHERE order_number = "
                      "'%s' AND action = '沿用原密钥' AND reason = 'key-cannot-replace' AND "
                      "from_state = '审核通过' AND to_state = '审核通过') + (SELECT count(*) "
                      "FROM audit WHERE event = 'order.key-kept' AND subject = '%s')",
                      order, order);
    return world_count(world->portal, sql);
}

static void a_new_pair_that_can_not_be_is_replaced_by_the_present_one(void **state)
{
    struct world *world = *state;
    AUTO(renewal_done) struct renewal renewal = begin(world, CERT_P256, true, false);
    AUTO(portal_issued_freep) struct portal_issued *issue = NULL;
    AUTO(portal_issued_freep) struct portal_issued *again = NULL;
    const struct fixture_key *present = renewal.key->sign;
    struct err err = ERR_INIT;
    assert_int_equal(request_kept(world, &renewal, present, PORTAL_ISSUE_KEPT, &issue), ERR_NONE);
    AUTO(cert_freep) struct cert *sign = fixture_parse(span_bytes(issue->sign_cert));
    assert_true(span_equal(cert_peek(sign)->public_key, span_bytes(present->public_key)));
    assert_int_equal(records_of_kept(world, renewal.order), 2);
    assert_int_equal(request_kept(world, &renewal, present, PORTAL_ISSUE_KEPT, &again), ERR_NONE);
    same(issue, again);
    assert_int_equal(records_of_kept(world, renewal.order), 2);
    world_must(world_confirm(world, renewal.job, present, "written", issue, &err), &err);
}

/* Its encryption pair stays with it: there is no envelope for a key that is kept. */
static void a_kept_key_keeps_its_encryption_key_too(void **state)
{
    struct world *world = *state;
    AUTO(renewal_done) struct renewal renewal = begin(world, CERT_SM2, true, true);
    AUTO(portal_issued_freep) struct portal_issued *issue = NULL;
    assert_int_equal(request_kept(world, &renewal, renewal.key->sign, PORTAL_ISSUE_KEPT, &issue),
                     ERR_NONE);
    AUTO(cert_freep) struct cert *encrypt = fixture_parse(span_bytes(issue->encrypt_cert));
    assert_null(issue->enveloped_key);
    assert_true(
        span_equal(cert_peek(encrypt)->public_key, span_bytes(renewal.key->encrypt->public_key)));
}

static void a_reason_is_one_that_is_known_and_true(void **state)
{
    struct world *world = *state;
    AUTO(renewal_done) struct renewal replace = begin(world, CERT_P256, true, false);
    AUTO(renewal_done) struct renewal keep = begin(world, CERT_P256, false, false);
    static const char *const unknown[] = {"", "because", "key-cannot-replace ", "policy"};
    struct portal_issued *issue = NULL;
    int64_t before = certificates(world);
    for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
        assert_int_equal(request_kept(world, &replace, replace.key->sign, unknown[i], &issue),
                         ERR_FIELD_VALUE);
    assert_int_equal(request_kept(world, &replace, replace.fresh, PORTAL_ISSUE_KEPT, &issue),
                     ERR_CSR);
    assert_int_equal(request_kept(world, &keep, keep.key->sign, PORTAL_ISSUE_KEPT, &issue),
                     ERR_CSR);
    assert_int_equal(request_kept(world, &replace, replace.key->sign, NULL, &issue), ERR_CSR);
    assert_null(issue);
    assert_true(certificates(world) == before);
    assert_int_equal(records_of_kept(world, replace.order), 0);
}

/* The agent signs anew each time: other CSR bytes, the same public key. */
static void repeating_gives_the_same_bytes_and_issues_nothing(void **state)
{
    AUTO(renewal_done) struct renewal renewal = begin(*state, CERT_SM2, true, true);
    AUTO(portal_issued_freep) struct portal_issued *first = NULL;
    struct err err = ERR_INIT;
    world_must(world_request(*state, renewal.job, renewal.key, renewal.fresh, &first, &err), &err);
    int64_t before = certificates(*state);
    for (int i = 0; i < 3; i++) {
        AUTO(portal_issued_freep) struct portal_issued *again = NULL;
        world_must(world_request(*state, renewal.job, renewal.key, renewal.fresh, &again, &err),
                   &err);
        same(first, again);
    }
    assert_true(certificates(*state) == before);
    assert_int_equal(world_count(((struct world *)*state)->portal,
                                 "SELECT count(*) FROM escrow_key GROUP BY order_number"),
                     1);
}

static void another_public_key_after_issue_is_a_conflict(void **state)
{
    AUTO(renewal_done) struct renewal renewal = begin(*state, CERT_SM2, true, true);
    AUTO(fixture_key_freep) struct fixture_key *other = fixture_key_new(CERT_SM2, 0);
    struct err err = ERR_INIT;
    world_must(world_request(*state, renewal.job, renewal.key, renewal.fresh, NULL, &err), &err);
    int64_t before = certificates(*state);
    assert_int_equal(world_request(*state, renewal.job, renewal.key, other, NULL, &err),
                     ERR_JOB_CONFLICT);
    assert_true(certificates(*state) == before);
}

static void a_second_ticket_of_the_order_finds_what_was_issued(void **state)
{
    AUTO(renewal_done) struct renewal renewal = begin(*state, CERT_SM2, false, true);
    AUTO(portal_job_freep)
    struct portal_job *second = world_job(*state, renewal.key, renewal.order);
    AUTO(portal_issued_freep) struct portal_issued *first_issue = NULL;
    AUTO(portal_issued_freep) struct portal_issued *second_issue = NULL;
    struct err err = ERR_INIT;
    world_must(
        world_request(*state, renewal.job, renewal.key, renewal.key->sign, &first_issue, &err),
        &err);
    world_must(world_request(*state, second, renewal.key, renewal.key->sign, &second_issue, &err),
               &err);
    same(first_issue, second_issue);
}

static void a_lost_replacement_is_a_conflict_until_it_is_reported_as_failed(void **state)
{
    AUTO(renewal_done) struct renewal renewal = begin(*state, CERT_SM2, true, true);
    AUTO(fixture_key_freep) struct fixture_key *other = fixture_key_new(CERT_SM2, 0);
    AUTO(portal_job_freep)
    struct portal_job *second = world_job(*state, renewal.key, renewal.order);
    AUTO(portal_issued_freep) struct portal_issued *issue = NULL;
    struct err err = ERR_INIT;
    world_must(world_request(*state, renewal.job, renewal.key, renewal.fresh, NULL, &err), &err);
    assert_int_equal(world_request(*state, second, renewal.key, other, NULL, &err),
                     ERR_JOB_CONFLICT);
    err = ERR_INIT;
    world_must(world_confirm(*state, renewal.job, renewal.key->sign, "failed", NULL, &err), &err);
    world_must(world_request(*state, second, renewal.key, other, &issue, &err), &err);
    assert_false(issue->confirmed);
}

/* Written but not confirmed, and the journal lost: the key itself can say that it has them. */
static void a_key_that_holds_what_was_issued_may_prove_itself_with_it(void **state)
{
    struct world *world = *state;
    AUTO(renewal_done) struct renewal renewal = begin(world, CERT_SM2, true, true);
    AUTO(portal_job_freep) struct portal_job *second = world_job(world, renewal.key, renewal.order);
    AUTO(portal_issued_freep) struct portal_issued *first = NULL;
    AUTO(portal_issued_freep) struct portal_issued *again = NULL;
    struct err err = ERR_INIT;
    world_must(world_request(world, renewal.job, renewal.key, renewal.fresh, &first, &err), &err);
    AUTO(bytes_freep)
    struct bytes *csr = world_csr(renewal.fresh, cert_peek(renewal.key->sign_cert)->subject_der);
    AUTO(bytes_freep)
    struct bytes *proof = world_request_proof(second, renewal.fresh, span_bytes(csr));
    struct portal_issue_request request = {span_bytes(csr), span_bytes(proof)};
    world_must(portal_issue_request(world->portal, second, &request, &again, &err), &err);
    same(first, again);
}

static enum err_code request_with(struct world *world, const struct portal_job *job,
                                  struct span csr, struct span proof)
{
    AUTO(portal_issued_freep) struct portal_issued *issue = NULL;
    struct portal_issue_request request = {csr, proof};
    struct err err = ERR_INIT;
    return portal_issue_request(world->portal, job, &request, &issue, &err);
}

/* The person pays for a second order where the first only waits for its confirmation. */
static void a_key_with_an_earlier_order_s_certificate_is_told_so(void **state)
{
    struct world *world = *state;
    AUTO(renewal_done) struct renewal renewal = begin(world, CERT_SM2, true, true);
    AUTO(memory_freep) char *number = world_order(world, renewal.key, true, true);
    AUTO(portal_job_freep) struct portal_job *second = world_job(world, renewal.key, number);
    AUTO(fixture_key_freep) struct fixture_key *fresh = fixture_key_new(CERT_SM2, 0);
    AUTO(fixture_key_freep) struct fixture_key *stranger = fixture_key_new(CERT_SM2, 0);
    struct err err = ERR_INIT;
    world_must(world_request(world, renewal.job, renewal.key, renewal.fresh, NULL, &err), &err);
    AUTO(bytes_freep)
    struct bytes *csr = world_csr(fresh, cert_peek(renewal.key->sign_cert)->subject_der);
    const struct {
        const struct fixture_key *by;
        enum err_code code;
    } cases[] = {{renewal.fresh, ERR_ORDER_BEFORE}, {stranger, ERR_PROOF}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(bytes_freep)
        struct bytes *proof = world_request_proof(second, cases[i].by, span_bytes(csr));
        AUTO(portal_issued_freep) struct portal_issued *issue = NULL;
        struct portal_issue_request request = {span_bytes(csr), span_bytes(proof), NULL};
        err = ERR_INIT;
        assert_int_equal(portal_issue_request(world->portal, second, &request, &issue, &err),
                         cases[i].code);
    }
}

static void a_policy_is_kept_to(void **state)
{
    struct world *world = *state;
    AUTO(renewal_done) struct renewal keep = begin(world, CERT_SM2, false, true);
    AUTO(renewal_done) struct renewal replace = begin(world, CERT_SM2, true, true);
    AUTO(fixture_key_freep) struct fixture_key *rsa = fixture_key_new(CERT_RSA, 2048);
    struct err err = ERR_INIT;
    int64_t before = certificates(world);
    assert_int_equal(world_request(world, keep.job, keep.key, keep.fresh, NULL, &err), ERR_CSR);
    assert_int_equal(world_request(world, replace.job, replace.key, replace.key->sign, NULL, &err),
                     ERR_CSR);
    assert_int_equal(world_request(world, replace.job, replace.key, rsa, NULL, &err), ERR_CSR);
    assert_true(certificates(world) == before);
}

static void the_subject_is_the_present_one(void **state)
{
    struct world *world = *state;
    AUTO(renewal_done) struct renewal renewal = begin(world, CERT_SM2, false, true);
    AUTO(bytes_freep) struct bytes *subject = fixture_name(WORLD_ORGANISATION, "李四");
    AUTO(bytes_freep) struct bytes *csr = world_csr(renewal.key->sign, span_bytes(subject));
    AUTO(bytes_freep)
    struct bytes *proof = world_request_proof(renewal.job, renewal.key->sign, span_bytes(csr));
    assert_int_equal(request_with(world, renewal.job, span_bytes(csr), span_bytes(proof)), ERR_CSR);
}

static void proofs_are_by_the_present_key_over_this_request_of_this_job(void **state)
{
    struct world *world = *state;
    AUTO(renewal_done) struct renewal renewal = begin(world, CERT_SM2, true, true);
    AUTO(portal_job_freep) struct portal_job *other = world_job(world, renewal.key, renewal.order);
    struct span subject = cert_peek(renewal.key->sign_cert)->subject_der;
    AUTO(bytes_freep) struct bytes *csr = world_csr(renewal.fresh, subject);
    AUTO(bytes_freep) struct bytes *other_csr = world_csr(renewal.fresh, subject);
    AUTO(bytes_freep)
    struct bytes *by_new = world_request_proof(renewal.job, renewal.fresh, span_bytes(csr));
    AUTO(bytes_freep)
    struct bytes *of_other_csr =
        world_request_proof(renewal.job, renewal.key->sign, span_bytes(other_csr));
    AUTO(bytes_freep)
    struct bytes *of_other_job = world_request_proof(other, renewal.key->sign, span_bytes(csr));
    const uint8_t zeros[32] = {0};
    AUTO(bytes_freep)
    struct bytes *of_other_label =
        world_confirm_proof(renewal.job, renewal.key->sign, "written", zeros);
    const struct bytes *const wrong[] = {by_new, of_other_csr, of_other_job, of_other_label, NULL};
    int64_t before = certificates(world);
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
        assert_int_equal(request_with(world, renewal.job, span_bytes(csr), span_bytes(wrong[i])),
                         ERR_PROOF);
    assert_true(certificates(world) == before);
}

static void broken_requests_are_one_code_and_change_nothing(void **state)
{
    struct world *world = *state;
    AUTO(renewal_done) struct renewal renewal = begin(world, CERT_SM2, false, true);
    AUTO(bytes_freep)
    struct bytes *csr =
        world_csr(renewal.key->sign, cert_peek(renewal.key->sign_cert)->subject_der);
    AUTO(bytes_freep) struct bytes *longer = bytes_new_size(csr->len + 1);
    memcpy(longer->at, csr->at, csr->len);
    int64_t before = certificates(world);
    assert_int_equal(request_with(world, renewal.job, SPAN_NONE, SPAN_NONE), ERR_CSR);
    assert_int_equal(request_with(world, renewal.job, span_bytes(longer), SPAN_NONE), ERR_CSR);
    assert_int_equal(request_with(world, renewal.job, span_of(csr->at, csr->len - 1), SPAN_NONE),
                     ERR_CSR);
    for (size_t i = 0; i < csr->len; i += 7) {
        AUTO(bytes_freep) struct bytes *flipped = bytes_new(span_bytes(csr));
        flipped->at[i] ^= 0x01;
        AUTO(bytes_freep)
        struct bytes *proof =
            world_request_proof(renewal.job, renewal.key->sign, span_bytes(flipped));
        assert_int_equal(request_with(world, renewal.job, span_bytes(flipped), span_bytes(proof)),
                         ERR_CSR);
    }
    assert_true(certificates(world) == before);
}

static void a_job_that_may_not_issue_does_not(void **state)
{
    struct world *world = *state;
    AUTO(renewal_done) struct renewal renewal = begin(world, CERT_SM2, false, true);
    AUTO(memory_freep) char *ticket = world_ticket(world, renewal.order, "check");
    AUTO(portal_job_freep) struct portal_job *check = NULL;
    struct err err = ERR_INIT;
    world_must(portal_job_redeem(world->portal, ticket, renewal.key->serial, &check, &err), &err);
    assert_int_equal(world_request(world, check, renewal.key, renewal.key->sign, NULL, &err),
                     ERR_TICKET_KIND);
    clock_set_for_test(renewal.job->expires_utc);
    assert_int_equal(world_request(world, renewal.job, renewal.key, renewal.key->sign, NULL, &err),
                     ERR_JOB_EXPIRED);
}

#define TEST(test) cmocka_unit_test_setup(test, reset_clock)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_kept_key_gets_certificates_for_its_own_keys),
        TEST(a_replaced_key_gets_a_new_encryption_key_in_an_envelope),
        TEST(a_single_certificate_comes_alone),
        TEST(a_single_key_on_a_nist_curve_is_replaced),
        TEST(a_new_pair_that_can_not_be_is_replaced_by_the_present_one),
        TEST(a_kept_key_keeps_its_encryption_key_too),
        TEST(a_reason_is_one_that_is_known_and_true),
        TEST(repeating_gives_the_same_bytes_and_issues_nothing),
        TEST(another_public_key_after_issue_is_a_conflict),
        TEST(a_second_ticket_of_the_order_finds_what_was_issued),
        TEST(a_lost_replacement_is_a_conflict_until_it_is_reported_as_failed),
        TEST(a_key_that_holds_what_was_issued_may_prove_itself_with_it),
        TEST(a_key_with_an_earlier_order_s_certificate_is_told_so),
        TEST(a_policy_is_kept_to),
        TEST(the_subject_is_the_present_one),
        TEST(proofs_are_by_the_present_key_over_this_request_of_this_job),
        TEST(broken_requests_are_one_code_and_change_nothing),
        TEST(a_job_that_may_not_issue_does_not),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
