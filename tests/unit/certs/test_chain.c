#include "certs/chain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "fixture.h"

/* The keys of a path: a root, an issuing CA, an end entity, and a stranger. */
static struct fixture_key *root_key, *issuer_key, *end_key, *other_key, *rsa_root_key, *rsa_key,
    *p256_key, *p384_key;

static struct chain_roots *roots_of(struct span der)
{
    AUTO(memory_freep) char *pem = fixture_pem(&der, 1);
    struct chain_roots *roots = NULL;
    struct err err = ERR_INIT;
    if (chain_roots_from_pem(span_text(pem), &roots, &err) != ERR_NONE)
        fail_msg("%s: %s", err_code_text(err.code), err.detail);
    return roots;
}

static enum err_code check(struct span end, const struct span *intermediates, size_t count,
                           struct span root, int64_t now_utc)
{
    AUTO(chain_roots_freep) struct chain_roots *roots = roots_of(root);
    AUTO(cert_freep) struct cert *cert = fixture_parse(end);
    struct err err = ERR_INIT;
    enum err_code code = chain_check(cert, intermediates, count, roots, now_utc, &err);
    assert_int_equal(code, err.code);
    return code;
}

struct path {
    struct bytes *root, *issuer, *end;
};

static void path_done(struct path *path)
{
    bytes_freep(&path->root);
    bytes_freep(&path->issuer);
    bytes_freep(&path->end);
}

static struct path make_path(const struct fixture_key *root, const struct fixture_key *issuer,
                             const struct fixture_key *end)
{
    struct path path = {.root = fixture_ca("root", root, NULL, SPAN_NONE)};
    path.issuer = fixture_ca("issuer", issuer, root, span_bytes(path.root));
    path.end = fixture_end("end", end, issuer, span_bytes(path.issuer));
    return path;
}

static enum err_code check_path(const struct path *path, int64_t now_utc)
{
    struct span issuer = span_bytes(path->issuer);
    return check(span_bytes(path->end), &issuer, 1, span_bytes(path->root), now_utc);
}

static void an_sm2_path_is_good(void **state)
{
    (void)state;
    AUTO(path_done) struct path path = make_path(root_key, issuer_key, end_key);
    assert_int_equal(check_path(&path, FIXTURE_NOW), ERR_NONE);
}

static void an_rsa_path_is_good(void **state)
{
    (void)state;
    AUTO(path_done) struct path path = make_path(rsa_root_key, rsa_key, rsa_key);
    assert_int_equal(check_path(&path, FIXTURE_NOW), ERR_NONE);
}

static void paths_of_the_nist_curves_are_good(void **state)
{
    (void)state;
    AUTO(path_done) struct path p256 = make_path(p256_key, p256_key, p256_key);
    AUTO(path_done) struct path p384 = make_path(p384_key, p384_key, p384_key);
    AUTO(path_done) struct path both = make_path(p384_key, p256_key, p384_key);
    assert_int_equal(check_path(&p256, FIXTURE_NOW), ERR_NONE);
    assert_int_equal(check_path(&p384, FIXTURE_NOW), ERR_NONE);
    assert_int_equal(check_path(&both, FIXTURE_NOW), ERR_NONE);
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
        struct fixture_key *key = cases[i].p384 ? p384_key : p256_key;
        AUTO(path_done) struct path path = make_path(key, key, key);
        struct span issuer = span_bytes(path.issuer);
        AUTO(bytes_freep)
        struct bytes *end = fixture_cert(&(struct fixture_cert){
            .common_name = "end",
            .key = end_key,
            .issuer_key = key,
            .issuer = issuer,
            .digest = cases[i].digest,
        });
        assert_int_equal(check(span_bytes(end), &issuer, 1, span_bytes(path.root), FIXTURE_NOW),
                         cases[i].code);
    }
}

/* Each signature is of its issuer's kind, so kinds may change on the way. */
static void a_path_may_be_of_both_kinds(void **state)
{
    (void)state;
    AUTO(path_done) struct path path = make_path(rsa_root_key, issuer_key, end_key);
    AUTO(path_done) struct path other = make_path(root_key, rsa_key, end_key);
    assert_int_equal(check_path(&path, FIXTURE_NOW), ERR_NONE);
    assert_int_equal(check_path(&other, FIXTURE_NOW), ERR_NONE);
}

static void the_order_given_does_not_matter(void **state)
{
    (void)state;
    AUTO(fixture_key_freep) struct fixture_key *middle_key = fixture_key_new(CERT_SM2, 0);
    AUTO(bytes_freep) struct bytes *root = fixture_ca("root", root_key, NULL, SPAN_NONE);
    AUTO(bytes_freep) struct bytes *a = fixture_ca("a", middle_key, root_key, span_bytes(root));
    AUTO(bytes_freep) struct bytes *b = fixture_ca("b", issuer_key, middle_key, span_bytes(a));
    AUTO(bytes_freep) struct bytes *end = fixture_end("end", end_key, issuer_key, span_bytes(b));
    AUTO(bytes_freep) struct bytes *stray = fixture_ca("stray", other_key, NULL, SPAN_NONE);
    const struct span orders[][4] = {
        {span_bytes(b), span_bytes(a)},
        {span_bytes(a), span_bytes(b)},
        {span_bytes(stray), span_bytes(a), span_bytes(root), span_bytes(b)},
        {span_bytes(a), span_bytes(a), span_bytes(b), span_bytes(b)},
    };
    const size_t counts[] = {2, 2, 4, 4};
    for (size_t i = 0; i < ARRAY_SIZE(orders); i++)
        assert_int_equal(
            check(span_bytes(end), orders[i], counts[i], span_bytes(root), FIXTURE_NOW), ERR_NONE);
    assert_int_equal(check(span_bytes(end), &orders[0][0], 1, span_bytes(root), FIXTURE_NOW),
                     ERR_CERT_UNTRUSTED);
    assert_int_equal(check(span_bytes(end), &orders[1][0], 1, span_bytes(root), FIXTURE_NOW),
                     ERR_CERT_UNTRUSTED);
    assert_int_equal(check(span_bytes(end), NULL, 0, span_bytes(root), FIXTURE_NOW),
                     ERR_CERT_UNTRUSTED);
}

static void another_root_of_the_same_name_is_not_trusted(void **state)
{
    (void)state;
    AUTO(path_done) struct path path = make_path(root_key, issuer_key, end_key);
    AUTO(bytes_freep) struct bytes *other = fixture_ca("root", other_key, NULL, SPAN_NONE);
    struct span issuer = span_bytes(path.issuer);
    assert_int_equal(check(span_bytes(path.end), &issuer, 1, span_bytes(other), FIXTURE_NOW),
                     ERR_CERT_UNTRUSTED);
    /* nor does a root that came with the chain become one */
    struct span both[] = {issuer, span_bytes(path.root)};
    assert_int_equal(check(span_bytes(path.end), both, 2, span_bytes(other), FIXTURE_NOW),
                     ERR_CERT_UNTRUSTED);
}

static void a_self_signed_certificate_is_not_trusted(void **state)
{
    (void)state;
    AUTO(bytes_freep) struct bytes *root = fixture_ca("root", root_key, NULL, SPAN_NONE);
    AUTO(bytes_freep) struct bytes *end = fixture_end("end", end_key, NULL, SPAN_NONE);
    AUTO(bytes_freep) struct bytes *ca = fixture_ca("end", end_key, NULL, SPAN_NONE);
    struct span given = span_bytes(ca);
    assert_int_equal(check(span_bytes(end), NULL, 0, span_bytes(root), FIXTURE_NOW),
                     ERR_CERT_UNTRUSTED);
    assert_int_equal(check(span_bytes(ca), &given, 1, span_bytes(root), FIXTURE_NOW),
                     ERR_CERT_UNTRUSTED);
}

/* Two CAs that issued each other. */
static void a_loop_ends(void **state)
{
    (void)state;
    AUTO(bytes_freep) struct bytes *root = fixture_ca("root", root_key, NULL, SPAN_NONE);
    AUTO(bytes_freep) struct bytes *b_name = fixture_ca("b", issuer_key, NULL, SPAN_NONE);
    AUTO(bytes_freep) struct bytes *a = fixture_ca("a", other_key, issuer_key, span_bytes(b_name));
    AUTO(bytes_freep) struct bytes *b = fixture_ca("b", issuer_key, other_key, span_bytes(a));
    AUTO(bytes_freep) struct bytes *end = fixture_end("end", end_key, issuer_key, span_bytes(b));
    struct span given[] = {span_bytes(a), span_bytes(b)};
    assert_int_equal(check(span_bytes(end), given, 2, span_bytes(root), FIXTURE_NOW),
                     ERR_CERT_UNTRUSTED);
}

static void the_wrong_identifier_is_refused(void **state)
{
    (void)state;
    static const char *const ids[] = {"", "1234567812345679", "123456781234567"};
    AUTO(path_done) struct path path = make_path(root_key, issuer_key, end_key);
    struct span issuer = span_bytes(path.issuer);
    for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
        AUTO(bytes_freep)
        struct bytes *end = fixture_cert(&(struct fixture_cert){
            .common_name = "end",
            .key = end_key,
            .issuer_key = issuer_key,
            .issuer = issuer,
            .sm2_id = ids[i],
        });
        assert_int_equal(check(span_bytes(end), &issuer, 1, span_bytes(path.root), FIXTURE_NOW),
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
    AUTO(path_done) struct path path = make_path(rsa_root_key, rsa_key, rsa_key);
    struct span issuer = span_bytes(path.issuer);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO(bytes_freep)
        struct bytes *end = fixture_cert(&(struct fixture_cert){
            .common_name = "end",
            .key = end_key,
            .issuer_key = rsa_key,
            .issuer = issuer,
            .digest = cases[i].digest,
        });
        assert_int_equal(check(span_bytes(end), &issuer, 1, span_bytes(path.root), FIXTURE_NOW),
                         cases[i].code);
    }
}

/* ---- what a CA is ---- */

static enum err_code check_with_issuer(const char *constraints, const char *usage)
{
    AUTO(bytes_freep) struct bytes *root = fixture_ca("root", root_key, NULL, SPAN_NONE);
    AUTO(bytes_freep)
    struct bytes *issuer = fixture_cert(&(struct fixture_cert){
        .common_name = "issuer",
        .key = issuer_key,
        .issuer_key = root_key,
        .issuer = span_bytes(root),
        .basic_constraints = constraints,
        .key_usage = usage,
    });
    AUTO(bytes_freep)
    struct bytes *end = fixture_end("end", end_key, issuer_key, span_bytes(issuer));
    struct span given = span_bytes(issuer);
    return check(span_bytes(end), &given, 1, span_bytes(root), FIXTURE_NOW);
}

static void an_issuer_must_be_a_ca(void **state)
{
    (void)state;
    assert_int_equal(check_with_issuer("critical,CA:TRUE", "critical,keyCertSign"), ERR_NONE);
    assert_int_equal(check_with_issuer("CA:TRUE", NULL), ERR_NONE);
    assert_int_equal(check_with_issuer("critical,CA:TRUE,pathlen:0", "keyCertSign"), ERR_NONE);
    assert_int_equal(check_with_issuer(NULL, "critical,keyCertSign"), ERR_CERT_USAGE);
    assert_int_equal(check_with_issuer(NULL, NULL), ERR_CERT_USAGE);
    assert_int_equal(check_with_issuer("critical,CA:FALSE", "critical,keyCertSign"),
                     ERR_CERT_USAGE);
    assert_int_equal(check_with_issuer("critical,CA:TRUE", "critical,digitalSignature"),
                     ERR_CERT_USAGE);
}

static enum err_code check_path_length(const char *constraints)
{
    AUTO(bytes_freep)
    struct bytes *root = fixture_cert(&(struct fixture_cert){
        .common_name = "root",
        .key = root_key,
        .basic_constraints = constraints,
        .key_usage = "critical,keyCertSign",
    });
    AUTO(bytes_freep)
    struct bytes *a = fixture_ca("a", other_key, root_key, span_bytes(root));
    AUTO(bytes_freep) struct bytes *b = fixture_ca("b", issuer_key, other_key, span_bytes(a));
    AUTO(bytes_freep) struct bytes *end = fixture_end("end", end_key, issuer_key, span_bytes(b));
    struct span given[] = {span_bytes(a), span_bytes(b)};
    return check(span_bytes(end), given, 2, span_bytes(root), FIXTURE_NOW);
}

static void the_path_length_is_kept(void **state)
{
    (void)state;
    assert_int_equal(check_path_length("critical,CA:TRUE"), ERR_NONE);
    assert_int_equal(check_path_length("critical,CA:TRUE,pathlen:3"), ERR_NONE);
    assert_int_equal(check_path_length("critical,CA:TRUE,pathlen:2"), ERR_NONE);
    assert_int_equal(check_path_length("critical,CA:TRUE,pathlen:1"), ERR_CERT_USAGE);
    assert_int_equal(check_path_length("critical,CA:TRUE,pathlen:0"), ERR_CERT_USAGE);
}

static void an_unknown_critical_extension_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        enum err_code code;
    } cases[] = {{"DER:0500", ERR_NONE}, {"critical,DER:0500", ERR_CERT_UNTRUSTED}};
    AUTO(bytes_freep) struct bytes *root = fixture_ca("root", root_key, NULL, SPAN_NONE);
    for (size_t i = 0; i < 4; i++) {
        bool in_issuer = i % 2 == 1;
        const char *value = cases[i / 2].value;
        AUTO(bytes_freep)
        struct bytes *issuer = fixture_cert(&(struct fixture_cert){
            .common_name = "issuer",
            .key = issuer_key,
            .issuer_key = root_key,
            .issuer = span_bytes(root),
            .basic_constraints = "critical,CA:TRUE",
            .extra_oid = in_issuer ? "1.2.156.99999.1" : NULL,
            .extra_value = value,
        });
        AUTO(bytes_freep)
        struct bytes *end = fixture_cert(&(struct fixture_cert){
            .common_name = "end",
            .key = end_key,
            .issuer_key = issuer_key,
            .issuer = span_bytes(issuer),
            .extra_oid = in_issuer ? NULL : "1.2.156.99999.1",
            .extra_value = value,
        });
        struct span given = span_bytes(issuer);
        assert_int_equal(check(span_bytes(end), &given, 1, span_bytes(root), FIXTURE_NOW),
                         cases[i / 2].code);
    }
}

/* Even where it is not needed for the path. */
static void only_cas_may_come_with_the_chain(void **state)
{
    (void)state;
    AUTO(path_done) struct path path = make_path(root_key, issuer_key, end_key);
    struct span given[] = {span_bytes(path.issuer), span_bytes(path.end)};
    assert_int_equal(check(span_bytes(path.end), given, 2, span_bytes(path.root), FIXTURE_NOW),
                     ERR_CERT_USAGE);
    given[1] = span_part(given[0], 0, given[0].len - 1);
    assert_int_equal(check(span_bytes(path.end), given, 2, span_bytes(path.root), FIXTURE_NOW),
                     ERR_DER);
}

/* ---- time ---- */

static void every_certificate_must_be_valid_now(void **state)
{
    (void)state;
    AUTO(path_done) struct path path = make_path(root_key, issuer_key, end_key);
    assert_int_equal(check_path(&path, FIXTURE_NOW - 30 * FIXTURE_DAY - 1), ERR_CERT_TIME);
    assert_int_equal(check_path(&path, FIXTURE_NOW - 30 * FIXTURE_DAY), ERR_NONE);
    assert_int_equal(check_path(&path, FIXTURE_NOW + 30 * FIXTURE_DAY - 1), ERR_NONE);
    assert_int_equal(check_path(&path, FIXTURE_NOW + 30 * FIXTURE_DAY + 1), ERR_CERT_TIME);
}

static void an_expired_issuer_or_root_is_found(void **state)
{
    (void)state;
    for (int which = 0; which < 3; which++) {
        int64_t ends[3] = {0, 0, 0};
        ends[which] = FIXTURE_NOW - 1;
        AUTO(bytes_freep)
        struct bytes *root = fixture_cert(&(struct fixture_cert){.common_name = "root",
                                                                 .key = root_key,
                                                                 .not_after_utc = ends[0],
                                                                 .basic_constraints = "CA:TRUE"});
        AUTO(bytes_freep)
        struct bytes *issuer = fixture_cert(&(struct fixture_cert){.common_name = "issuer",
                                                                   .key = issuer_key,
                                                                   .issuer_key = root_key,
                                                                   .issuer = span_bytes(root),
                                                                   .not_after_utc = ends[1],
                                                                   .basic_constraints = "CA:TRUE"});
        AUTO(bytes_freep)
        struct bytes *end = fixture_cert(&(struct fixture_cert){.common_name = "end",
                                                                .key = end_key,
                                                                .issuer_key = issuer_key,
                                                                .issuer = span_bytes(issuer),
                                                                .not_after_utc = ends[2]});
        struct span given = span_bytes(issuer);
        assert_int_equal(check(span_bytes(end), &given, 1, span_bytes(root), FIXTURE_NOW),
                         ERR_CERT_TIME);
        assert_int_equal(check(span_bytes(end), &given, 1, span_bytes(root), FIXTURE_NOW - 2),
                         ERR_NONE);
    }
}

/* ---- hostile chains ---- */

static void every_flipped_bit_of_the_end_certificate_is_refused(void **state)
{
    (void)state;
    AUTO(path_done) struct path path = make_path(root_key, issuer_key, end_key);
    AUTO(chain_roots_freep) struct chain_roots *roots = roots_of(span_bytes(path.root));
    struct span issuer = span_bytes(path.issuer);
    for (size_t bit = 0; bit < path.end->len * 8; bit++) {
        AUTO(cert_freep) struct cert *cert = NULL;
        struct err err = ERR_INIT;
        path.end->at[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (cert_parse(span_bytes(path.end), &cert, &err) == ERR_NONE) {
            enum err_code code = chain_check(cert, &issuer, 1, roots, FIXTURE_NOW, &err);
            assert_true(code == ERR_CERT_UNTRUSTED || code == ERR_CERT_TIME);
        }
        path.end->at[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void every_flipped_bit_of_an_issuer_is_refused(void **state)
{
    (void)state;
    AUTO(path_done) struct path path = make_path(root_key, issuer_key, end_key);
    AUTO(chain_roots_freep) struct chain_roots *roots = roots_of(span_bytes(path.root));
    AUTO(cert_freep) struct cert *cert = fixture_parse(span_bytes(path.end));
    struct span issuer = span_bytes(path.issuer);
    for (size_t bit = 0; bit < path.issuer->len * 8; bit++) {
        struct err err = ERR_INIT;
        path.issuer->at[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_not_equal(chain_check(cert, &issuer, 1, roots, FIXTURE_NOW, &err), ERR_NONE);
        path.issuer->at[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void at_most_8_intermediates(void **state)
{
    (void)state;
    AUTO(path_done) struct path path = make_path(root_key, issuer_key, end_key);
    struct span given[CHAIN_INTERMEDIATES_MAX + 1];
    for (size_t i = 0; i < ARRAY_SIZE(given); i++)
        given[i] = span_bytes(path.issuer);
    for (size_t count = CHAIN_INTERMEDIATES_MAX - 1; count <= CHAIN_INTERMEDIATES_MAX; count++)
        assert_int_equal(
            check(span_bytes(path.end), given, count, span_bytes(path.root), FIXTURE_NOW),
            ERR_NONE);
    assert_int_equal(check(span_bytes(path.end), given, CHAIN_INTERMEDIATES_MAX + 1,
                           span_bytes(path.root), FIXTURE_NOW),
                     ERR_CERT_UNTRUSTED);
}

static void the_longest_path_is_good(void **state)
{
    (void)state;
    struct bytes *cas[CHAIN_INTERMEDIATES_MAX + 1];
    struct span given[CHAIN_INTERMEDIATES_MAX];
    cas[0] = fixture_ca("root", root_key, NULL, SPAN_NONE);
    for (size_t i = 1; i < ARRAY_SIZE(cas); i++) {
        AUTO(memory_freep) char *name = memory_printf("ca %zu", i);
        cas[i] = fixture_ca(name, i % 2 == 1 ? issuer_key : root_key,
                            i % 2 == 1 ? root_key : issuer_key, span_bytes(cas[i - 1]));
        given[i - 1] = span_bytes(cas[i]);
    }
    AUTO(bytes_freep)
    struct bytes *end =
        fixture_end("end", end_key, root_key, span_bytes(cas[CHAIN_INTERMEDIATES_MAX]));
    assert_int_equal(
        check(span_bytes(end), given, ARRAY_SIZE(given), span_bytes(cas[0]), FIXTURE_NOW),
        ERR_NONE);
    for (size_t i = 0; i < ARRAY_SIZE(cas); i++)
        bytes_free(cas[i]);
}

/* ---- roots ---- */

static enum err_code read_roots(const char *pem)
{
    AUTO(chain_roots_freep) struct chain_roots *roots = NULL;
    struct err err = ERR_INIT;
    enum err_code code = chain_roots_from_pem(span_text(pem), &roots, &err);
    assert_true((roots != NULL) == (code == ERR_NONE));
    return code;
}

static char *pem_of(struct bytes *der)
{
    struct span span = span_bytes(der);
    char *pem = fixture_pem(&span, 1);
    bytes_free(der);
    return pem;
}

static void roots_of_both_kinds_are_read(void **state)
{
    (void)state;
    AUTO(path_done) struct path sm2 = make_path(root_key, issuer_key, end_key);
    AUTO(path_done) struct path rsa = make_path(rsa_root_key, rsa_key, rsa_key);
    struct span both[] = {span_bytes(rsa.root), span_bytes(sm2.root)};
    AUTO(memory_freep) char *pem = fixture_pem(both, 2);
    AUTO(memory_freep) char *text = memory_printf("# 根证书\n%s\n\n", pem);
    AUTO(chain_roots_freep) struct chain_roots *roots = NULL;
    AUTO(cert_freep) struct cert *end = fixture_parse(span_bytes(sm2.end));
    AUTO(cert_freep) struct cert *rsa_end = fixture_parse(span_bytes(rsa.end));
    struct err err = ERR_INIT;
    struct span issuer = span_bytes(sm2.issuer);
    struct span rsa_issuer = span_bytes(rsa.issuer);
    assert_int_equal(chain_roots_from_pem(span_text(text), &roots, &err), ERR_NONE);
    assert_int_equal(chain_check(end, &issuer, 1, roots, FIXTURE_NOW, &err), ERR_NONE);
    assert_int_equal(chain_check(rsa_end, &rsa_issuer, 1, roots, FIXTURE_NOW, &err), ERR_NONE);
}

static void wrong_roots_are_refused(void **state)
{
    (void)state;
    AUTO(memory_freep) char *good = pem_of(fixture_ca("root", root_key, NULL, SPAN_NONE));
    AUTO(memory_freep) char *end = pem_of(fixture_end("end", end_key, NULL, SPAN_NONE));
    AUTO(path_done) struct path path = make_path(root_key, issuer_key, end_key);
    AUTO(memory_freep) char *issuer = pem_of(bytes_new(span_bytes(path.issuer)));
    AUTO(memory_freep)
    char *wrong_id = pem_of(fixture_cert(&(struct fixture_cert){
        .common_name = "root", .key = root_key, .basic_constraints = "CA:TRUE", .sm2_id = ""}));
    AUTO(memory_freep)
    char *sha1 = pem_of(fixture_cert(&(struct fixture_cert){.common_name = "root",
                                                            .key = rsa_root_key,
                                                            .basic_constraints = "CA:TRUE",
                                                            .digest = "SHA1"}));
    AUTO(memory_freep) char *cut = memory_printf("%.200s", good);
    AUTO(memory_freep) char *broken = memory_text(good);
    broken[100] = broken[100] == 'A' ? 'B' : 'A';
    AUTO(memory_freep) char *second_cut = memory_printf("%s%.200s", good, good);
    AUTO(memory_freep)
    char *key =
        memory_printf("%s-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n", good);
    assert_int_equal(read_roots(good), ERR_NONE);
    assert_int_equal(read_roots(""), ERR_CONFIG);
    assert_int_equal(read_roots("nothing here\n"), ERR_CONFIG);
    assert_int_equal(read_roots(end), ERR_CERT_USAGE);
    assert_int_equal(read_roots(issuer), ERR_CERT_USAGE);
    assert_int_equal(read_roots(wrong_id), ERR_DER);
    assert_int_equal(read_roots(sha1), ERR_CERT_ALGORITHM);
    assert_int_equal(read_roots(cut), ERR_DER);
    assert_int_equal(read_roots(broken), ERR_DER);
    assert_int_equal(read_roots(second_cut), ERR_DER);
    assert_int_equal(read_roots(key), ERR_DER);
}

static void at_most_64_roots(void **state)
{
    (void)state;
    AUTO(memory_freep) char *one = pem_of(fixture_ca("root", root_key, NULL, SPAN_NONE));
    size_t length = strlen(one);
    AUTO(memory_freep) char *many = memory_new(length * (CHAIN_ROOTS_MAX + 1) + 1);
    for (size_t i = 0; i <= CHAIN_ROOTS_MAX; i++)
        memcpy(many + i * length, one, length);
    assert_int_equal(read_roots(many), ERR_CONFIG);
    many[length * CHAIN_ROOTS_MAX] = '\0';
    assert_int_equal(read_roots(many), ERR_NONE);
    many[length * (CHAIN_ROOTS_MAX - 1)] = '\0';
    assert_int_equal(read_roots(many), ERR_NONE);
}

static int make_keys(void **state)
{
    (void)state;
    root_key = fixture_key_new(CERT_SM2, 0);
    issuer_key = fixture_key_new(CERT_SM2, 0);
    end_key = fixture_key_new(CERT_SM2, 0);
    other_key = fixture_key_new(CERT_SM2, 0);
    rsa_root_key = fixture_key_new(CERT_RSA, 2048);
    rsa_key = fixture_key_new(CERT_RSA, 3072);
    p256_key = fixture_key_new(CERT_P256, 0);
    p384_key = fixture_key_new(CERT_P384, 0);
    return 0;
}

static int free_keys(void **state)
{
    (void)state;
    fixture_key_freep(&root_key);
    fixture_key_freep(&issuer_key);
    fixture_key_freep(&end_key);
    fixture_key_freep(&other_key);
    fixture_key_freep(&rsa_root_key);
    fixture_key_freep(&rsa_key);
    fixture_key_freep(&p256_key);
    fixture_key_freep(&p384_key);
    return 0;
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
        cmocka_unit_test_teardown(an_issuer_must_be_a_ca, fixture_no_errors_left),
        cmocka_unit_test_teardown(the_path_length_is_kept, fixture_no_errors_left),
        cmocka_unit_test_teardown(an_unknown_critical_extension_is_refused, fixture_no_errors_left),
        cmocka_unit_test_teardown(only_cas_may_come_with_the_chain, fixture_no_errors_left),
        cmocka_unit_test_teardown(every_certificate_must_be_valid_now, fixture_no_errors_left),
        cmocka_unit_test_teardown(an_expired_issuer_or_root_is_found, fixture_no_errors_left),
        cmocka_unit_test_teardown(every_flipped_bit_of_the_end_certificate_is_refused,
                                  fixture_no_errors_left),
        cmocka_unit_test_teardown(every_flipped_bit_of_an_issuer_is_refused,
                                  fixture_no_errors_left),
        cmocka_unit_test_teardown(at_most_8_intermediates, fixture_no_errors_left),
        cmocka_unit_test_teardown(the_longest_path_is_good, fixture_no_errors_left),
        cmocka_unit_test_teardown(roots_of_both_kinds_are_read, fixture_no_errors_left),
        cmocka_unit_test_teardown(wrong_roots_are_refused, fixture_no_errors_left),
        cmocka_unit_test_teardown(at_most_64_roots, fixture_no_errors_left),
    };
    return cmocka_run_group_tests_name("certs/chain", tests, make_keys, free_keys);
}
