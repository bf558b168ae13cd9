/* Certificate requests: what is taken has a key of ours, and its own signature is right. */
#include "certs/csr.h"
#include "fuzz.h"
#include "fuzz_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(csr_freep) struct csr *csr = NULL;
    struct err err = ERR_INIT;
    if (csr_parse(span_of(data, size), &csr, &err) != ERR_NONE) {
        fuzz_require(csr == NULL && err.detail[0] != '\0' && err.code != ERR_INTERNAL);
        return 0;
    }
    const struct csr_facts *facts = csr_peek(csr);
    fuzz_require(size <= CSR_BYTES_MAX && facts->public_key.len > 0 && facts->subject_der.len > 0);
    fuzz_touch(facts->public_key);
    fuzz_touch(facts->subject_der);
    return 0;
}
