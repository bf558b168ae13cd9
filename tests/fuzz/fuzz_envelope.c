/* Envelopes of encryption keys: what is read is written to the same bytes, or to those of its other form. */
#include "certs/envelope.h"
#include "fuzz.h"
#include "fuzz_input.h"

static bool same(const struct envelope *a, const struct envelope *b)
{
    return a->cipher_id == b->cipher_id && memcmp(a->c1_x, b->c1_x, sizeof a->c1_x) == 0 &&
           memcmp(a->c1_y, b->c1_y, sizeof a->c1_y) == 0 &&
           memcmp(a->c3, b->c3, sizeof a->c3) == 0 && memcmp(a->c2, b->c2, sizeof a->c2) == 0 &&
           memcmp(a->public_x, b->public_x, sizeof a->public_x) == 0 &&
           memcmp(a->public_y, b->public_y, sizeof a->public_y) == 0 &&
           memcmp(a->encrypted_private, b->encrypted_private, sizeof a->encrypted_private) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct envelope envelope, again;
    struct err err = ERR_INIT;
    if (envelope_parse(span_of(data, size), &envelope, &err) != ERR_NONE) {
        fuzz_require(err.code == ERR_ENVELOPE || err.code == ERR_DER_TRAILING);
        fuzz_require(err.detail[0] != '\0');
        return 0;
    }
    fuzz_require(size <= ENVELOPE_BYTES_MAX);
    fuzz_require(envelope.cipher_id == ENVELOPE_SM4_ECB || envelope.cipher_id == ENVELOPE_SM1_ECB);
    AUTO(bytes_freep) struct bytes *der = envelope_encode(&envelope);
    fuzz_require(envelope_parse(span_bytes(der), &again, &err) == ERR_NONE);
    fuzz_require(same(&envelope, &again));
    return 0;
}
