#include "chain_paths.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

struct chain_paths_keys chain_paths_keys;

struct chain_roots *chain_paths_roots(struct span der)
{
    AUTO(memory_freep) char *pem = fixture_pem(&der, 1);
    struct chain_roots *roots = NULL;
    struct err err = ERR_INIT;
    if (chain_roots_from_pem(span_text(pem), &roots, &err) != ERR_NONE)
        fail_msg("%s: %s", err_code_text(err.code), err.detail);
    return roots;
}

enum err_code chain_paths_check(struct span end, const struct span *intermediates, size_t count,
                                struct span root, int64_t now_utc)
{
    AUTO(chain_roots_freep) struct chain_roots *roots = chain_paths_roots(root);
    AUTO(cert_freep) struct cert *cert = fixture_parse(end);
    struct err err = ERR_INIT;
    enum err_code code = chain_check(cert, intermediates, count, roots, now_utc, &err);
    assert_int_equal(code, err.code);
    return code;
}

void chain_paths_done(struct chain_path *path)
{
    bytes_freep(&path->root);
    bytes_freep(&path->issuer);
    bytes_freep(&path->end);
}

struct chain_path chain_paths_make(const struct fixture_key *root, const struct fixture_key *issuer,
                                   const struct fixture_key *end)
{
    struct chain_path path = {.root = fixture_ca("root", root, NULL, SPAN_NONE)};
    path.issuer = fixture_ca("issuer", issuer, root, span_bytes(path.root));
    path.end = fixture_end("end", end, issuer, span_bytes(path.issuer));
    return path;
}

enum err_code chain_paths_check_all(const struct chain_path *path, int64_t now_utc)
{
    struct span issuer = span_bytes(path->issuer);
    return chain_paths_check(span_bytes(path->end), &issuer, 1, span_bytes(path->root), now_utc);
}

int chain_paths_setup(void **state)
{
    (void)state;
    chain_paths_keys.root = fixture_key_new(CERT_SM2, 0);
    chain_paths_keys.issuer = fixture_key_new(CERT_SM2, 0);
    chain_paths_keys.end = fixture_key_new(CERT_SM2, 0);
    chain_paths_keys.other = fixture_key_new(CERT_SM2, 0);
    chain_paths_keys.rsa_root = fixture_key_new(CERT_RSA, 2048);
    chain_paths_keys.rsa = fixture_key_new(CERT_RSA, 3072);
    chain_paths_keys.p256 = fixture_key_new(CERT_P256, 0);
    chain_paths_keys.p384 = fixture_key_new(CERT_P384, 0);
    return 0;
}

int chain_paths_teardown(void **state)
{
    (void)state;
    fixture_key_freep(&chain_paths_keys.root);
    fixture_key_freep(&chain_paths_keys.issuer);
    fixture_key_freep(&chain_paths_keys.end);
    fixture_key_freep(&chain_paths_keys.other);
    fixture_key_freep(&chain_paths_keys.rsa_root);
    fixture_key_freep(&chain_paths_keys.rsa);
    fixture_key_freep(&chain_paths_keys.p256);
    fixture_key_freep(&chain_paths_keys.p384);
    return 0;
}
