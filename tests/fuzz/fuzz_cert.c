/* Certificates: one, and PEM with roots; what is read is written and read the same, and trusts nobody. */
#include "certs/cert.h"
#include "certs/chain.h"
#include "fuzz.h"
#include "fuzz_input.h"

/* 2027-01-01 */
#define NOW INT64_C(1798761600)

static void check_facts(const struct cert_facts *facts)
{
    fuzz_require(strlen(facts->subject) <= CERT_TEXT_BYTES_MAX && facts->usage <= CERT_USAGE_OTHER);
    fuzz_require(strlen(facts->common_name) <= CERT_TEXT_BYTES_MAX);
    fuzz_require(strlen(facts->organisation) <= CERT_TEXT_BYTES_MAX);
    fuzz_require(strlen(facts->sha256) == 64);
    fuzz_touch(facts->der);
    fuzz_touch(facts->public_key);
    fuzz_touch(facts->subject_der);
}

static void try_as_cert(struct span der)
{
    AUTO(cert_freep) struct cert *cert = NULL;
    AUTO(chain_roots_freep) struct chain_roots *roots = NULL;
    struct err err = ERR_INIT;
    if (cert_parse(der, &cert, &err) != ERR_NONE) {
        fuzz_require(err.detail[0] != '\0' && err.code != ERR_INTERNAL);
        return;
    }
    check_facts(cert_peek(cert));
    fuzz_require(span_equal(cert_peek(cert)->der, der) && cert_same_subject(cert, cert));
    AUTO(memory_freep) char *pem = cert_pem(cert);
    bool root = chain_roots_from_pem(span_text(pem), &roots, &err) == ERR_NONE;
    fuzz_require(!root || cert_peek(cert)->usage == CERT_USAGE_CA);
    if (root) {
        enum err_code code = chain_check(cert, &der, 1, roots, NOW, &err);
        fuzz_require(code == ERR_NONE || err.detail[0] != '\0');
    }
    fuzz_require(cert_verify(cert, der, der, &err) != ERR_NONE);
}

static void try_as_pem(struct span pem)
{
    AUTO(chain_roots_freep) struct chain_roots *roots = NULL;
    struct err err = ERR_INIT;
    if (chain_roots_from_pem(pem, &roots, &err) != ERR_NONE)
        fuzz_require(roots == NULL && err.detail[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_as_cert(span_of(data, size));
    try_as_pem(span_of(data, size));
    return 0;
}
