#include "certs/chain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "chain_paths.h"

static void an_sm2_path_is_good(void **state)
{
    (void)state;
    AUTO(chain_paths_done)
    struct chain_path path =
        chain_paths_make(chain_paths_keys.root, chain_paths_keys.issuer, chain_paths_keys.end);
    assert_int_equal(chain_paths_check_all(&path, FIXTURE_NOW), ERR_NONE);
}

static void an_rsa_path_is_good(void **state)
{
    (void)state;
    AUTO(chain_paths_done)
    struct chain_path path =
        chain_paths_make(chain_paths_keys.rsa_root, chain_paths_keys.rsa, chain_paths_keys.rsa);
    assert_int_equal(chain_paths_check_all(&path, FIXTURE_NOW), ERR_NONE);
}

static void paths_of_the_nist_curves_are_good(void **state)
{
    (void)state;
    AUTO(chain_paths_done)
    struct chain_path p256 =
        chain_paths_make(chain_paths_keys.p256, chain_paths_keys.p256, chain_paths_keys.p256);
    AUTO(chain_paths_done)
    struct chain_path p384 =
        chain_paths_make(chain_paths_keys.p384, chain_paths_keys.p384, chain_paths_keys.p384);
    AUTO(chain_paths_done)
    struct chain_path both =
        chain_paths_make(chain_paths_keys.p384, chain_paths_keys.p256, chain_paths_keys.p384);
    assert_int_equal(chain_paths_check_all(&p256, FIXTURE_NOW), ERR_NONE);
    assert_int_equal(chain_paths_check_all(&p384, FIXTURE_NOW), ERR_NONE);
    assert_int_equal(chain_paths_check_all(&both, FIXTURE_NOW), ERR_NONE);
}

static void the_digest_is_that_of_the_curve(void **state)
{
    (void)state;
    static const struct {
        bool p384;
        const char *digest;
        enum err_code code;
    } cases[] = {
        {false, "SHA256", ERR_NONE},          {false, "SHA384", ERR_CERT_UNTRUSTED},
        {false, "SHA1", ERR_CERT_UNTRUSTED},  {true, "SHA384", ERR_NONE},
        {true, "SHA256", ERR_CERT_UNTRUSTED}, {true, "SHA512", ERR_CERT_UNTRUSTED},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct fixture_key *key = cases[i].p384 ? chain_paths_keys.p384 : chain_paths_keys.p256;
        AUTO(chain_paths_done) struct chain_path path = chain_paths_make(key, key, key);
        struct span issuer = span_bytes(path.issuer);
        AUTO(bytes_freep)
        struct bytes *end = fixture_cert(&(struct fixture_cert){
            .common_name = "end",
            .key = chain_paths_keys.end,
            .issuer_key = key,
            .issuer = issuer,
            .digest = cases[i].digest,
        });
        assert_int_equal(
            chain_paths_check(span_bytes(end), &issuer, 1, span_bytes(path.root), FIXTURE_NOW),
            cases[i].code);
    }
}

/* Each signature is of its issuer's kind, so kinds may change on the way. */
static void a_path_may_be_of_both_kinds(void **state)
{
    (void)state;
    AUTO(chain_paths_done)
    struct chain_path path =
        chain_paths_make(chain_paths_keys.rsa_root, chain_paths_keys.issuer, chain_paths_keys.end);
    AUTO(chain_paths_done)
    struct chain_path other =
        chain_paths_make(chain_paths_keys.root, chain_paths_keys.rsa, chain_paths_keys.end);
    assert_int_equal(chain_paths_check_all(&path, FIXTURE_NOW), ERR_NONE);
    assert_int_equal(chain_paths_check_all(&other, FIXTURE_NOW), ERR_NONE);
}

static void the_order_given_does_not_matter(void **state)
{
    (void)state;
    AUTO(fixture_key_freep) struct fixture_key *middle_key = fixture_key_new(CERT_SM2, 0);
    AUTO(bytes_freep)
    struct bytes *root = fixture_ca("root", chain_paths_keys.root, NULL, SPAN_NONE);
    AUTO(bytes_freep)
    struct bytes *a = fixture_ca("a", middle_key, chain_paths_keys.root, span_bytes(root));
    AUTO(bytes_freep)
    struct bytes *b = fixture_ca("b", chain_paths_keys.issuer, middle_key, span_bytes(a));
    AUTO(bytes_freep)
    struct bytes *end =
        fixture_end("end", chain_paths_keys.end, chain_paths_keys.issuer, span_bytes(b));
    AUTO(bytes_freep)
    struct bytes *stray = fixture_ca("stray", chain_paths_keys.other, NULL, SPAN_NONE);
    const struct span orders[][4] = {
        {span_bytes(b), span_bytes(a)},
        {span_bytes(a), span_bytes(b)},
        {span_bytes(stray), span_bytes(a), span_bytes(root), span_bytes(b)},
        {span_bytes(a), span_bytes(a), span_bytes(b), span_bytes(b)},
    };
    const size_t counts[] = {2, 2, 4, 4};
    for (size_t i = 0; i < ARRAY_SIZE(orders); i++)
        assert_int_equal(
            chain_paths_check(span_bytes(end), orders[i], counts[i], span_bytes(root), FIXTURE_NOW),
            ERR_NONE);
    assert_int_equal(
        chain_paths_check(span_bytes(end), &orders[0][0], 1, span_bytes(root), FIXTURE_NOW),
        ERR_CERT_UNTRUSTED);
    assert_int_equal(
        chain_paths_check(span_bytes(end), &orders[1][0], 1, span_bytes(root), FIXTURE_NOW),
        ERR_CERT_UNTRUSTED);
    assert_int_equal(chain_paths_check(span_bytes(end), NULL, 0, span_bytes(root), FIXTURE_NOW),
                     ERR_CERT_UNTRUSTED);
}

static void another_root_of_the_same_name_is_not_trusted(void **state)
{
    (void)state;
    AUTO(chain_paths_done)
    struct chain_path path =
        chain_paths_make(chain_paths_keys.root, chain_paths_keys.issuer, chain_paths_keys.end);
    AUTO(bytes_freep)
    struct bytes *other = fixture_ca("root", chain_paths_keys.other, NULL, SPAN_NONE);
    struct span issuer = span_bytes(path.issuer);
    assert_int_equal(
        chain_paths_check(span_bytes(path.end), &issuer, 1, span_bytes(other), FIXTURE_NOW),
        ERR_CERT_UNTRUSTED);
    /* nor does a root that came with the chain become one */
    struct span both[] = {issuer, span_bytes(path.root)};
    assert_int_equal(
        chain_paths_check(span_bytes(path.end), both, 2, span_bytes(other), FIXTURE_NOW),
        ERR_CERT_UNTRUSTED);
}

static void a_self_signed_certificate_is_not_trusted(void **state)
{
    (void)state;
    AUTO(bytes_freep)
    struct bytes *root = fixture_ca("root", chain_paths_keys.root, NULL, SPAN_NONE);
    AUTO(bytes_freep) struct bytes *end = fixture_end("end", chain_paths_keys.end, NULL, SPAN_NONE);
    AUTO(bytes_freep) struct bytes *ca = fixture_ca("end", chain_paths_keys.end, NULL, SPAN_NONE);
    struct span given = span_bytes(ca);
    assert_int_equal(chain_paths_check(span_bytes(end), NULL, 0, span_bytes(root), FIXTURE_NOW),
                     ERR_CERT_UNTRUSTED);
    assert_int_equal(chain_paths_check(span_bytes(ca), &given, 1, span_bytes(root), FIXTURE_NOW),
                     ERR_CERT_UNTRUSTED);
}

/* Two CAs that issued each other. */
static void a_loop_ends(void **state)
{
    (void)state;
    AUTO(bytes_freep)
    struct bytes *root = fixture_ca("root", chain_paths_keys.root, NULL, SPAN_NONE);
    AUTO(bytes_freep)
    struct bytes *b_name = fixture_ca("b", chain_paths_keys.issuer, NULL, SPAN_NONE);
    AUTO(bytes_freep)
    struct bytes *a =
        fixture_ca("a", chain_paths_keys.other, chain_paths_keys.issuer, span_bytes(b_name));
    AUTO(bytes_freep)
    struct bytes *b =
        fixture_ca("b", chain_paths_keys.issuer, chain_paths_keys.other, span_bytes(a));
    AUTO(bytes_freep)
    struct bytes *end =
        fixture_end("end", chain_paths_keys.end, chain_paths_keys.issuer, span_bytes(b));
    struct span given[] = {span_bytes(a), span_bytes(b)};
    assert_int_equal(chain_paths_check(span_bytes(end), given, 2, span_bytes(root), FIXTURE_NOW),
                     ERR_CERT_UNTRUSTED);
}

static void the_wrong_identifier_is_refused(void **state)
{
    (void)state;
    static const char *const ids[] = {"", "1234567812345679", "123456781234567"};
    AUTO(chain_paths_done)
    struct chain_path path =
        chain_paths_make(chain_paths_keys.root, chain_paths_keys.issuer, chain_paths_keys.end);
    struct span issuer = span_bytes(path.issuer);
    for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
        AUTO(bytes_freep)
        struct bytes *end = fixture_cert(&(struct fixture_cert){
            .common_name = "end",
            .key = chain_paths_keys.end,
            .issuer_key = chain_paths_keys.issuer,
            .issuer = issuer,
            .sm2_id = ids[i],
        });
        assert_int_equal(
            chain_paths_check(span_bytes(end), &issuer, 1, span_bytes(path.root), FIXTURE_NOW),
            ERR_CERT_UNTRUSTED);
    }
}

static void other_digests_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *digest;
        enum err_code code;
    } cases[] = {{"SHA256", ERR_NONE},
                 {"SHA1", ERR_CERT_UNTRUSTED},
                 {"MD5", ERR_CERT_UNTRUSTED},
                 {"SHA512", ERR_CERT_UNTRUSTED}};
    AUTO(chain_paths_done)
    struct chain_path path =
        chain_paths_make(chain_paths_keys.rsa_root, chain_paths_keys.rsa, chain_paths_keys.rsa);
    struct span issuer = span_bytes(path.issuer);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(bytes_freep)
        struct bytes *end = fixture_cert(&(struct fixture_cert){
            .common_name = "end",
            .key = chain_paths_keys.end,
            .issuer_key = chain_paths_keys.rsa,
            .issuer = issuer,
            .digest = cases[i].digest,
        });
        assert_int_equal(
            chain_paths_check(span_bytes(end), &issuer, 1, span_bytes(path.root), FIXTURE_NOW),
            cases[i].code);
    }
}

/* ---- time ---- */

static void every_certificate_must_be_valid_now(void **state)
{
    (void)state;
    AUTO(chain_paths_done)
    struct chain_path path =
        chain_paths_make(chain_paths_keys.root, chain_paths_keys.issuer, chain_paths_keys.end);
    assert_int_equal(chain_paths_check_all(&path, FIXTURE_NOW - 30 * FIXTURE_DAY - 1),
                     ERR_CERT_TIME);
    assert_int_equal(chain_paths_check_all(&path, FIXTURE_NOW - 30 * FIXTURE_DAY), ERR_NONE);
    assert_int_equal(chain_paths_check_all(&path, FIXTURE_NOW + 30 * FIXTURE_DAY - 1), ERR_NONE);
    assert_int_equal(chain_paths_check_all(&path, FIXTURE_NOW + 30 * FIXTURE_DAY + 1),
                     ERR_CERT_TIME);
}

static void an_expired_issuer_or_root_is_found(void **state)
{
    (void)state;
    for (int which = 0; which < 3; which++) {
        int64_t ends[3] = {0, 0, 0};
        ends[which] = FIXTURE_NOW - 1;
        AUTO(bytes_freep)
        struct bytes *root = fixture_cert(&(struct fixture_cert){.common_name = "root",
                                                                 .key = chain_paths_keys.root,
                                                                 .not_after_utc = ends[0],
                                                                 .basic_constraints = "CA:TRUE"});
        AUTO(bytes_freep)
        struct bytes *issuer =
            fixture_cert(&(struct fixture_cert){.common_name = "issuer",
                                                .key = chain_paths_keys.issuer,
                                                .issuer_key = chain_paths_keys.root,
                                                .issuer = span_bytes(root),
                                                .not_after_utc = ends[1],
                                                .basic_constraints = "CA:TRUE"});
        AUTO(bytes_freep)
        struct bytes *end =
            fixture_cert(&(struct fixture_cert){.common_name = "end",
                                                .key = chain_paths_keys.end,
                                                .issuer_key = chain_paths_keys.issuer,
                                                .issuer = span_bytes(issuer),
                                                .not_after_utc = ends[2]});
        struct span given = span_bytes(issuer);
        assert_int_equal(
            chain_paths_check(span_bytes(end), &given, 1, span_bytes(root), FIXTURE_NOW),
            ERR_CERT_TIME);
        assert_int_equal(
            chain_paths_check(span_bytes(end), &given, 1, span_bytes(root), FIXTURE_NOW - 2),
            ERR_NONE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(an_sm2_path_is_good, fixture_no_errors_left),
        cmocka_unit_test_teardown(an_rsa_path_is_good, fixture_no_errors_left),
        cmocka_unit_test_teardown(paths_of_the_nist_curves_are_good, fixture_no_errors_left),
        cmocka_unit_test_teardown(the_digest_is_that_of_the_curve, fixture_no_errors_left),
        cmocka_unit_test_teardown(a_path_may_be_of_both_kinds, fixture_no_errors_left),
        cmocka_unit_test_teardown(the_order_given_does_not_matter, fixture_no_errors_left),
        cmocka_unit_test_teardown(another_root_of_the_same_name_is_not_trusted,
                                  fixture_no_errors_left),
        cmocka_unit_test_teardown(a_self_signed_certificate_is_not_trusted, fixture_no_errors_left),
        cmocka_unit_test_teardown(a_loop_ends, fixture_no_errors_left),
        cmocka_unit_test_teardown(the_wrong_identifier_is_refused, fixture_no_errors_left),
        cmocka_unit_test_teardown(other_digests_are_refused, fixture_no_errors_left),
        cmocka_unit_test_teardown(every_certificate_must_be_valid_now, fixture_no_errors_left),
        cmocka_unit_test_teardown(an_expired_issuer_or_root_is_found, fixture_no_errors_left),
    };
    return cmocka_run_group_tests_name("certs/chain", tests, chain_paths_setup,
                                       chain_paths_teardown);
}
