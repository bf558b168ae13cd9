#include "portal/portal_tls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "certs/ossl.h"
#include "portal/portal_x509.h"
#include "world.h"

static X509 *read_pem(const struct world *world, const char *name)
{
    AUTO(memory_freep) char *path = file_join(world->folder, name);
    X509 *x509 = NULL;
    struct err err = ERR_INIT;
    world_must(portal_x509_read(path, &x509, &err), &err);
    return x509;
}

static void the_server_is_known_by_address_and_name(void **state)
{
    AUTO(ossl_x509_freep) X509 *server = read_pem(*state, "tls/server.pem");
    assert_int_equal(X509_check_ip_asc(server, "127.0.0.1", 0), 1);
    assert_int_equal(X509_check_ip_asc(server, "::1", 0), 1);
    assert_int_equal(X509_check_host(server, "localhost", 0, 0, NULL), 1);
    assert_int_equal(X509_check_host(server, "example.org", 0, 0, NULL), 0);
    assert_int_equal(X509_check_purpose(server, X509_PURPOSE_SSL_SERVER, 0), 1);
    assert_int_equal(X509_check_ca(server), 0);
}

static void its_own_ca_signed_it_and_kept_no_key(void **state)
{
    const struct world *world = *state;
    AUTO(ossl_x509_freep) X509 *server = read_pem(world, "tls/server.pem");
    AUTO(ossl_x509_freep) X509 *ca = read_pem(world, "tls/ca.pem");
    AUTO(memory_freep) char *ca_key = file_join(world->folder, "tls/ca.key");
    struct stat status;
    assert_int_equal(X509_verify(server, X509_get0_pubkey(ca)), 1);
    assert_int_equal(X509_check_ca(ca), 1);
    assert_int_equal(stat(ca_key, &status), -1);
}

static void the_key_is_private_and_the_servers(void **state)
{
    const struct world *world = *state;
    AUTO(ossl_x509_freep) X509 *server = read_pem(world, "tls/server.pem");
    AUTO(memory_freep) char *path = file_join(world->folder, "tls/server.key");
    AUTO(ossl_pkey_freep) EVP_PKEY *key = NULL;
    struct err err = ERR_INIT;
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    world_must(portal_x509_read_key(path, &key, &err), &err);
    assert_int_equal(X509_check_private_key(server, key), 1);
}

static void a_host_that_is_none_changes_nothing(void **state)
{
    static const char *const hosts[] = {"",    "a,DNS:evil.example", "a b", "IP:1.2.3.4", "a:b",
                                        "名字"};
    const struct world *world = *state;
    AUTO(ossl_x509_freep) X509 *before = read_pem(world, "tls/server.pem");
    for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
        struct err err = ERR_INIT;
        assert_int_equal(portal_tls_make(world->folder, hosts[i], &err), ERR_FIELD_VALUE);
    }
    AUTO(ossl_x509_freep) X509 *after = read_pem(world, "tls/server.pem");
    assert_int_equal(X509_cmp(before, after), 0);
}

static void a_given_host_is_in_it(void **state)
{
    const struct world *world = *state;
    struct err err = ERR_INIT;
    world_must(portal_tls_make(world->folder, "ca.example.org", &err), &err);
    AUTO(ossl_x509_freep) X509 *named = read_pem(world, "tls/server.pem");
    assert_int_equal(X509_check_host(named, "ca.example.org", 0, 0, NULL), 1);
    world_must(portal_tls_make(world->folder, "2001:db8::1", &err), &err);
    AUTO(ossl_x509_freep) X509 *numbered = read_pem(world, "tls/server.pem");
    assert_int_equal(X509_check_ip_asc(numbered, "2001:db8::1", 0), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_server_is_known_by_address_and_name),
        cmocka_unit_test(its_own_ca_signed_it_and_kept_no_key),
        cmocka_unit_test(the_key_is_private_and_the_servers),
        cmocka_unit_test(a_host_that_is_none_changes_nothing),
        cmocka_unit_test(a_given_host_is_in_it),
    };
    return cmocka_run_group_tests(tests, world_setup, world_teardown);
}
