/* The seal reader on any bytes: what it accepts is judged in every way that the programs judge a seal. */
#include <openssl/pem.h>
#include <stdlib.h>

#include "base/file.h"
#include "certs/ossl.h"
#include "certs/seal.h"
#include "fuzz.h"

/* 2027-01-01: the seals of the corpus are valid. */
#define NOW INT64_C(1798761600)
#define PEM_BYTES_MAX 10000

static struct chain_roots *roots;
static struct cert *holder;

static struct bytes *read_beside_the_corpus(const char *name)
{
    AUTO(memory_freep) char *path = file_join(FUZZ_CORPUS, name);
    struct bytes *content = NULL;
    struct err err = ERR_INIT;
    fuzz_require(file_read(path, PEM_BYTES_MAX, &content, &err) == ERR_NONE);
    return content;
}

static struct cert *read_holder(void)
{
    AUTO(bytes_freep) struct bytes *pem = read_beside_the_corpus("seal_holder_sm2.pem");
    AUTO(ossl_bio_freep) BIO *bio = BIO_new_mem_buf(pem->at, (int)pem->len);
    char *name = NULL, *header = NULL;
    unsigned char *der = NULL;
    long length = 0;
    struct cert *cert = NULL;
    struct err err = ERR_INIT;
    fuzz_require(PEM_read_bio(bio, &name, &header, &der, &length) == 1);
    fuzz_require(cert_parse(span_of(der, (size_t)length), &cert, &err) == ERR_NONE);
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(der);
    return cert;
}

static void start(void)
{
    AUTO(bytes_freep) struct bytes *pem = read_beside_the_corpus("seal_roots.pem");
    struct err err = ERR_INIT;
    fuzz_require(chain_roots_from_pem(span_bytes(pem), &roots, &err) == ERR_NONE);
    holder = read_holder();
}

/* Each byte is looked at, so that a sanitizer sees where it lies. */
static void touch(struct span span, struct span inside)
{
    static volatile uint8_t seen;
    for (size_t i = 0; i < span.len; i++)
        seen = seen ^ span.at[i];
    fuzz_require(span.len == 0 ||
                 (span.at >= inside.at && span.at + span.len <= inside.at + inside.len));
}

static void check_facts(const struct seal_facts *facts, struct span der)
{
    fuzz_require(span_equal(facts->der, der));
    fuzz_require(facts->holder_count >= 1 && facts->holder_count <= SEAL_HOLDERS_MAX);
    fuzz_require((facts->holder_digests != NULL) == (facts->list == SEAL_LIST_DIGESTS));
    fuzz_require(strlen(facts->vendor) <= SEAL_TEXT_BYTES_MAX && facts->id[0] != '\0');
    fuzz_require(strlen(facts->name) <= SEAL_TEXT_BYTES_MAX && facts->picture_type[0] != '\0');
    for (size_t i = 0; i < facts->holder_count; i++)
        touch(facts->holders[i], facts->der);
    for (size_t i = 0; i < facts->extension_count; i++)
        touch(facts->extensions[i].value, facts->der);
    touch(facts->picture, facts->der);
    touch(facts->maker_cert, facts->der);
    touch(facts->time_stamp, facts->der);
}

static void judge(const struct seal *seal)
{
    const struct seal_check check = {.roots = roots, .signer = holder, .now_utc = NOW};
    struct err err = ERR_INIT;
    bool good = seal_verify(seal, &check, &err) == ERR_NONE;
    fuzz_require(!good || seal_binds(seal, holder));
    fuzz_require(good || (err.code != ERR_INTERNAL && err.detail[0] != '\0'));
    err = ERR_INIT;
    fuzz_require(seal_check_extension(seal, seal, &err) == ERR_SEAL_END);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(seal_freep) struct seal *seal = NULL;
    struct err err = ERR_INIT;
    if (roots == NULL)
        start();
    if (seal_parse(span_of(data, size), &seal, &err) != ERR_NONE) {
        fuzz_require(err.code == ERR_SEAL_FORMAT || err.code == ERR_SEAL_VERSION);
        fuzz_require(seal == NULL && err.detail[0] != '\0');
        return 0;
    }
    check_facts(seal_peek(seal), span_of(data, size));
    judge(seal);
    return 0;
}
