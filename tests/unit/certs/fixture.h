/* Keys, certificates and signers for the tests of certs, made when a test runs. */
#pragma once

#include <openssl/evp.h>
#include <stdbool.h>

#include "certs/csr.h"

/* 2026-01-01T00:00:00Z: the certificates' middle, unless a test says otherwise. */
#define FIXTURE_NOW 1767225600
#define FIXTURE_DAY 86400

struct fixture_key {
    EVP_PKEY *key;
    struct bytes *public_key; /* DER SubjectPublicKeyInfo */
    struct signer signer; /* signs in software */
    int calls;
    enum err_code refuse_with; /* when set, the signer fails so */
};

/* bits: of RSA. */
struct fixture_key *fixture_key_new(enum cert_algorithm algorithm, unsigned bits);
struct fixture_key *fixture_key_from(EVP_PKEY *key, enum cert_algorithm algorithm);
void fixture_key_free(struct fixture_key *key);
void fixture_key_freep(struct fixture_key **key);

struct fixture_cert {
    const char *organisation; /* may be NULL */
    const char *common_name;
    const struct fixture_key *key;
    const struct fixture_key *issuer_key; /* NULL: self-signed */
    struct span issuer; /* DER certificate of the issuer */
    int64_t not_before_utc, not_after_utc; /* 0: 30 days around FIXTURE_NOW */
    const char *basic_constraints; /* "critical,CA:TRUE,pathlen:0"; NULL: none */
    const char *key_usage; /* "critical,digitalSignature"; NULL: none */
    const char *sm2_id; /* NULL: 1234567812345678 */
    const char *digest; /* NULL: that of the issuer's algorithm */
    const char *extra_oid; /* one more extension */
    const char *extra_value; /* "critical,DER:0500" */
};

/* DER; the caller frees. */
struct bytes *fixture_cert(const struct fixture_cert *wish);
/* A CA or an end certificate with the usual extensions. */
struct bytes *fixture_ca(const char *name, const struct fixture_key *key,
                         const struct fixture_key *issuer_key, struct span issuer);
struct bytes *fixture_end(const char *name, const struct fixture_key *key,
                          const struct fixture_key *issuer_key, struct span issuer);
/* Parsed, for a test that needs one that is right. */
struct cert *fixture_parse(struct span der);
/* PEM of several certificates; the caller frees. */
char *fixture_pem(const struct span *ders, size_t count);

/* RFC 2253 "O=a,CN=b" order as given; DER Name; the caller frees. */
struct bytes *fixture_name(const char *organisation, const char *common_name);
struct bytes *fixture_hex(const char *hex);

/* For teardown: nothing of OpenSSL's errors may be left for a TLS connection to stumble over. */
int fixture_no_errors_left(void **state);
