/* The DER reader below all others, and the small objects that are read with it: signatures, public keys. */
#include "certs/der.h"
#include "certs/public_key.h"
#include "certs/sm2.h"
#include "fuzz.h"
#include "fuzz_input.h"

static void walk(struct span from, int depth)
{
    struct der_item item;
    fuzz_require(depth <= DER_DEPTH_MAX);
    while (der_next(&from, &item)) {
        fuzz_require(item.whole.len > item.value.len);
        fuzz_touch(item.whole);
        if ((item.tag & 0x20) != 0)
            walk(item.value, depth + 1);
    }
}

static void try_as_signature(struct span der)
{
    uint8_t raw[64];
    struct err err = ERR_INIT;
    AUTO(bytes_freep) struct bytes *again = NULL;
    if (sm2_signature_from_der(der, raw, &err) != ERR_NONE)
        return;
    fuzz_require(sm2_signature_to_der(SPAN_ARRAY(raw), &again, &err) == ERR_NONE);
    fuzz_require(span_equal(span_bytes(again), der));
}

static void try_as_key(struct span der)
{
    enum cert_algorithm algorithm;
    AUTO(ossl_pkey_freep) EVP_PKEY *key = NULL;
    struct err err = ERR_INIT;
    if (public_key_open(der, &algorithm, &key, &err) != ERR_NONE)
        fuzz_require(key == NULL && err.detail[0] != '\0');
    else
        fuzz_require(public_key_verify(key, algorithm, der, der, &err) != ERR_NONE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span der = span_of(data, size);
    struct err err = ERR_INIT;
    if (der_check(der, &err) == ERR_NONE)
        walk(der, 0);
    else
        fuzz_require(err.code == ERR_DER || err.code == ERR_DER_TRAILING);
    try_as_signature(der);
    try_as_key(der);
    return 0;
}
