/* What must not lead to a root, and roots that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "chain_paths.h"

/* ---- what a CA is ---- */

static enum err_code check_with_issuer(const char *constraints, const char *usage)
{
    AUTO(bytes_freep)
    struct bytes *root = fixture_ca("root", chain_paths_keys.root, NULL, SPAN_NONE);
    AUTO(bytes_freep)
    struct bytes *issuer = fixture_cert(&(struct fixture_cert){
        .common_name = "issuer",
        .key = chain_paths_keys.issuer,
        .issuer_key = chain_paths_keys.root,
        .issuer = span_bytes(root),
        .basic_constraints = constraints,
        .key_usage = usage,
    });
    AUTO(bytes_freep)
    struct bytes *end =
        fixture_end("end", chain_paths_keys.end, chain_paths_keys.issuer, span_bytes(issuer));
    struct span given = span_bytes(issuer);
    return chain_paths_check(span_bytes(end), &given, 1, span_bytes(root), FIXTURE_NOW);
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
        .key = chain_paths_keys.root,
        .basic_constraints = constraints,
        .key_usage = "critical,keyCertSign",
    });
    AUTO(bytes_freep)
    struct bytes *a =
        fixture_ca("a", chain_paths_keys.other, chain_paths_keys.root, span_bytes(root));
    AUTO(bytes_freep)
    struct bytes *b =
        fixture_ca("b", chain_paths_keys.issuer, chain_paths_keys.other, span_bytes(a));
    AUTO(bytes_freep)
    struct bytes *end =
        fixture_end("end", chain_paths_keys.end, chain_paths_keys.issuer, span_bytes(b));
    struct span given[] = {span_bytes(a), span_bytes(b)};
    return chain_paths_check(span_bytes(end), given, 2, span_bytes(root), FIXTURE_NOW);
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
    AUTO(bytes_freep)
    struct bytes *root = fixture_ca("root", chain_paths_keys.root, NULL, SPAN_NONE);
    for (size_t i = 0; i < 4; i++) {
        bool in_issuer = i % 2 == 1;
        const char *value = cases[i / 2].value;
        AUTO(bytes_freep)
        struct bytes *issuer = fixture_cert(&(struct fixture_cert){
            .common_name = "issuer",
            .key = chain_paths_keys.issuer,
            .issuer_key = chain_paths_keys.root,
            .issuer = span_bytes(root),
            .basic_constraints = "critical,CA:TRUE",
            .extra_oid = in_issuer ? "1.2.156.99999.1" : NULL,
            .extra_value = value,
        });
        AUTO(bytes_freep)
        struct bytes *end = fixture_cert(&(struct fixture_cert){
            .common_name = "end",
            .key = chain_paths_keys.end,
            .issuer_key = chain_paths_keys.issuer,
            .issuer = span_bytes(issuer),
            .extra_oid = in_issuer ? NULL : "1.2.156.99999.1",
            .extra_value = value,
        });
        struct span given = span_bytes(issuer);
        assert_int_equal(
            chain_paths_check(span_bytes(end), &given, 1, span_bytes(root), FIXTURE_NOW),
            cases[i / 2].code);
    }
}

/* Even where it is not needed for the path. */
static void only_cas_may_come_with_the_chain(void **state)
{
    (void)state;
    AUTO(chain_paths_done)
    struct chain_path path =
        chain_paths_make(chain_paths_keys.root, chain_paths_keys.issuer, chain_paths_keys.end);
    struct span given[] = {span_bytes(path.issuer), span_bytes(path.end)};
    assert_int_equal(
        chain_paths_check(span_bytes(path.end), given, 2, span_bytes(path.root), FIXTURE_NOW),
        ERR_CERT_USAGE);
    given[1] = span_part(given[0], 0, given[0].len - 1);
    assert_int_equal(
        chain_paths_check(span_bytes(path.end), given, 2, span_bytes(path.root), FIXTURE_NOW),
        ERR_DER);
}

/* ---- hostile chains ---- */

static void every_flipped_bit_of_the_end_certificate_is_refused(void **state)
{
    (void)state;
    AUTO(chain_paths_done)
    struct chain_path path =
        chain_paths_make(chain_paths_keys.root, chain_paths_keys.issuer, chain_paths_keys.end);
    AUTO(chain_roots_freep) struct chain_roots *roots = chain_paths_roots(span_bytes(path.root));
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
    AUTO(chain_paths_done)
    struct chain_path path =
        chain_paths_make(chain_paths_keys.root, chain_paths_keys.issuer, chain_paths_keys.end);
    AUTO(chain_roots_freep) struct chain_roots *roots = chain_paths_roots(span_bytes(path.root));
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
    AUTO(chain_paths_done)
    struct chain_path path =
        chain_paths_make(chain_paths_keys.root, chain_paths_keys.issuer, chain_paths_keys.end);
    struct span given[CHAIN_INTERMEDIATES_MAX + 1];
    for (size_t i = 0; i < ARRAY_SIZE(given); i++)
        given[i] = span_bytes(path.issuer);
    for (size_t count = CHAIN_INTERMEDIATES_MAX - 1; count <= CHAIN_INTERMEDIATES_MAX; count++)
        assert_int_equal(chain_paths_check(span_bytes(path.end), given, count,
                                           span_bytes(path.root), FIXTURE_NOW),
                         ERR_NONE);
    assert_int_equal(chain_paths_check(span_bytes(path.end), given, CHAIN_INTERMEDIATES_MAX + 1,
                                       span_bytes(path.root), FIXTURE_NOW),
                     ERR_CERT_UNTRUSTED);
}

static void the_longest_path_is_good(void **state)
{
    (void)state;
    struct bytes *cas[CHAIN_INTERMEDIATES_MAX + 1];
    struct span given[CHAIN_INTERMEDIATES_MAX];
    cas[0] = fixture_ca("root", chain_paths_keys.root, NULL, SPAN_NONE);
    for (size_t i = 1; i < ARRAY_SIZE(cas); i++) {
        AUTO(memory_freep) char *name = memory_printf("ca %zu", i);
        cas[i] = fixture_ca(name, i % 2 == 1 ? chain_paths_keys.issuer : chain_paths_keys.root,
                            i % 2 == 1 ? chain_paths_keys.root : chain_paths_keys.issuer,
                            span_bytes(cas[i - 1]));
        given[i - 1] = span_bytes(cas[i]);
    }
    AUTO(bytes_freep)
    struct bytes *end = fixture_end("end", chain_paths_keys.end, chain_paths_keys.root,
                                    span_bytes(cas[CHAIN_INTERMEDIATES_MAX]));
    assert_int_equal(chain_paths_check(span_bytes(end), given, ARRAY_SIZE(given),
                                       span_bytes(cas[0]), FIXTURE_NOW),
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
    AUTO(chain_paths_done)
    struct chain_path sm2 =
        chain_paths_make(chain_paths_keys.root, chain_paths_keys.issuer, chain_paths_keys.end);
    AUTO(chain_paths_done)
    struct chain_path rsa =
        chain_paths_make(chain_paths_keys.rsa_root, chain_paths_keys.rsa, chain_paths_keys.rsa);
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
    AUTO(memory_freep)
    char *good = pem_of(fixture_ca("root", chain_paths_keys.root, NULL, SPAN_NONE));
    AUTO(memory_freep)
    char *end = pem_of(fixture_end("end", chain_paths_keys.end, NULL, SPAN_NONE));
    AUTO(chain_paths_done)
    struct chain_path path =
        chain_paths_make(chain_paths_keys.root, chain_paths_keys.issuer, chain_paths_keys.end);
    AUTO(memory_freep) char *issuer = pem_of(bytes_new(span_bytes(path.issuer)));
    AUTO(memory_freep)
    char *wrong_id = pem_of(fixture_cert(&(struct fixture_cert){.common_name = "root",
                                                                .key = chain_paths_keys.root,
                                                                .basic_constraints = "CA:TRUE",
                                                                .sm2_id = ""}));
    AUTO(memory_freep)
    char *sha1 = pem_of(fixture_cert(&(struct fixture_cert){.common_name = "root",
                                                            .key = chain_paths_keys.rsa_root,
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
    AUTO(memory_freep)
    char *one = pem_of(fixture_ca("root", chain_paths_keys.root, NULL, SPAN_NONE));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(an_issuer_must_be_a_ca, fixture_no_errors_left),
        cmocka_unit_test_teardown(the_path_length_is_kept, fixture_no_errors_left),
        cmocka_unit_test_teardown(an_unknown_critical_extension_is_refused, fixture_no_errors_left),
        cmocka_unit_test_teardown(only_cas_may_come_with_the_chain, fixture_no_errors_left),
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
    return cmocka_run_group_tests_name("certs/chain_hostile", tests, chain_paths_setup,
                                       chain_paths_teardown);
}
