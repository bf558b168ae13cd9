#include "portal/portal_ca.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "certs/chain.h"
#include "portal/portal_x509.h"
#include "world.h"

#define YEAR_S ((int64_t)365 * FIXTURE_DAY)

static struct cert *read_cert(const struct world *world, const char *name)
{
    AUTO(memory_freep) char *path = memory_printf("%s/ca/%s", world->folder, name);
    AUTO(bytes_freep) struct bytes *der = NULL;
    struct err err = ERR_INIT;
    world_must(portal_x509_read_der(path, &der, &err), &err);
    return fixture_parse(span_bytes(der));
}

static void all_issuing_cas_chain_to_the_roots_file(void **state)
{
    const struct world *world = *state;
    AUTO(memory_freep) char *path = memory_printf("%s/ca/roots.pem", world->folder);
    AUTO(bytes_freep) struct bytes *pem = NULL;
    AUTO(chain_roots_freep) struct chain_roots *roots = NULL;
    AUTO(cert_freep) struct cert *sm2 = read_cert(world, "sm2-issuing.pem");
    AUTO(cert_freep) struct cert *rsa = read_cert(world, "rsa-issuing.pem");
    AUTO(cert_freep) struct cert *p256 = read_cert(world, "p256-issuing.pem");
    struct err err = ERR_INIT;
    world_must(file_read(path, 65536, &pem, &err), &err);
    world_must(chain_roots_from_pem(span_bytes(pem), &roots, &err), &err);
    world_must(chain_check(sm2, NULL, 0, roots, FIXTURE_NOW, &err), &err);
    world_must(chain_check(rsa, NULL, 0, roots, FIXTURE_NOW, &err), &err);
    world_must(chain_check(p256, NULL, 0, roots, FIXTURE_NOW, &err), &err);
    assert_int_equal(cert_peek(p256)->algorithm, CERT_P256);
    assert_int_equal(cert_peek(sm2)->algorithm, CERT_SM2);
    assert_int_equal(cert_peek(rsa)->algorithm, CERT_RSA);
    assert_int_equal(cert_peek(sm2)->usage, CERT_USAGE_CA);
}

static struct bytes *read_file(const struct world *world, const char *name)
{
    AUTO(memory_freep) char *path = memory_printf("%s/ca/%s", world->folder, name);
    struct bytes *bytes = NULL;
    struct err err = ERR_INIT;
    world_must(file_read(path, 65536, &bytes, &err), &err);
    return bytes;
}

static void remove_file(const struct world *world, const char *name)
{
    AUTO(memory_freep) char *path = memory_printf("%s/ca/%s", world->folder, name);
    assert_int_equal(unlink(path), 0);
}

/* Also where making it was interrupted before its last file. The others stay what they are. */
static void a_folder_of_before_gets_the_third(void **state)
{
    static const char *const files[] = {"p256-issuing.pem", "p256-issuing.key", "p256-root.pem",
                                        "p256-root.key"};
    void *other_state = NULL;
    assert_int_equal(world_setup(&other_state), 0);
    struct world *other = other_state;
    for (size_t missing = 1; missing <= ARRAY_SIZE(files); missing += 3) {
        AUTO(portal_freep) struct portal *portal = NULL;
        struct err err = ERR_INIT;
        AUTO(bytes_freep) struct bytes *before = read_file(other, "sm2-issuing.pem");
        for (size_t i = 0; i < missing; i++)
            remove_file(other, files[i]);
        world_must(portal_open(other->folder, "test", &portal, &err), &err);
        world_must(portal_open_keys(portal, &err), &err);
        AUTO(bytes_freep) struct bytes *after = read_file(other, "sm2-issuing.pem");
        assert_true(span_equal(span_bytes(before), span_bytes(after)));
        void *same = other;
        all_issuing_cas_chain_to_the_roots_file(&same);
        assert_int_equal(world_count(portal, "SELECT count(*) FROM audit WHERE event = 'ca.made'"),
                         missing == 1 ? 1 : 2);
    }
    world_teardown(&other_state);
}

static void they_outlive_what_they_sign_by_years(void **state)
{
    AUTO(cert_freep) struct cert *root = read_cert(*state, "sm2-root.pem");
    AUTO(cert_freep) struct cert *issuing = read_cert(*state, "sm2-issuing.pem");
    assert_true(cert_peek(issuing)->not_after_utc > FIXTURE_NOW + 15 * YEAR_S);
    assert_true(cert_peek(root)->not_after_utc > cert_peek(issuing)->not_after_utc);
    assert_true(cert_peek(root)->not_before_utc < FIXTURE_NOW);
}

static void private_keys_are_private(void **state)
{
    static const char *const names[] = {"sm2-root.key",    "sm2-issuing.key", "rsa-root.key",
                                        "rsa-issuing.key", "p256-root.key",   "p256-issuing.key"};
    const struct world *world = *state;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        AUTO(memory_freep) char *path = memory_printf("%s/ca/%s", world->folder, names[i]);
        struct stat status;
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_mode & 0777, 0600);
    }
}

static void each_portal_has_keys_of_its_own(void **state)
{
    void *other = NULL;
    assert_int_equal(world_setup(&other), 0);
    AUTO(cert_freep) struct cert *ours = read_cert(*state, "sm2-root.pem");
    AUTO(cert_freep) struct cert *theirs = read_cert(other, "sm2-root.pem");
    assert_false(span_equal(cert_peek(ours)->public_key, cert_peek(theirs)->public_key));
    world_teardown(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_issuing_cas_chain_to_the_roots_file),
        cmocka_unit_test(a_folder_of_before_gets_the_third),
        cmocka_unit_test(they_outlive_what_they_sign_by_years),
        cmocka_unit_test(private_keys_are_private),
        cmocka_unit_test(each_portal_has_keys_of_its_own),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
