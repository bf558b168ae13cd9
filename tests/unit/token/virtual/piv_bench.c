#include "piv_bench.h"

#include <stdio.h>

#include "base/buf.h"
#include "token/virtual/virtual_piv_crypto.h"

#define ANSWER_BYTES_MAX 65535

void piv_bench_init(struct piv_bench *bench, const struct virtual_piv_profile *profile)
{
    bool has_serial = virtual_piv_profile_has(profile, VIRTUAL_PIV_SERIAL);
    *bench = (struct piv_bench){0};
    bench->objects = virtual_piv_objects_new(
        profile, has_serial ? "305419896" : "00112233445566778899AABBCCDDEEFF", "label");
    assert_non_null(bench->objects);
    bench->bench.card = virtual_card_new_piv(bench->objects, NULL);
    piv_bench_select(bench);
}

void piv_bench_done(struct piv_bench *bench)
{
    bench_done(&bench->bench);
}

unsigned piv_bench_select(struct piv_bench *bench)
{
    return piv_bench_fetch(bench, "00A40400 09 A00000030800001000");
}

unsigned piv_bench_verify(struct piv_bench *bench)
{
    return bench_send(&bench->bench, "00200080 08 " PIN);
}

unsigned piv_bench_manage(struct piv_bench *bench)
{
    uint8_t cryptogram[VIRTUAL_PIV_BLOCK_BYTES_MAX];
    enum virtual_piv_management cipher = bench->objects->cipher;
    size_t bytes = virtual_piv_crypto_block_bytes(cipher);
    unsigned status = piv_bench_fetch(bench, "0087%02X9B 04 7C028100 00", (unsigned)cipher);
    if (status != 0x9000)
        return status;
    assert_int_equal(bench->bench.answer->len, 4 + bytes);
    virtual_piv_crypto_encrypt(cipher, bench->objects->management_key, bench->bench.answer->at + 4,
                               cryptogram);
    AUTO(memory_freep) char *hex = hex_encode(span_of(cryptogram, bytes));
    return bench_send(&bench->bench, "0087%02X9B %02X 7C%02X 82%02X %s", (unsigned)cipher,
                      (unsigned)bytes + 4, (unsigned)bytes + 2, (unsigned)bytes, hex);
}

unsigned piv_bench_generate(struct piv_bench *bench, unsigned slot, unsigned algorithm)
{
    return piv_bench_fetch(bench, "004700%02X 05 AC038001%02X 00", slot, algorithm);
}

unsigned piv_bench_fetch(struct piv_bench *bench, const char *format, ...)
{
    AUTO(memory_freep) char *text = NULL;
    AUTO(buf_done) struct buf all = BUF_INIT(ANSWER_BYTES_MAX);
    va_list arguments;
    va_start(arguments, format);
    assert_true(vasprintf(&text, format, arguments) >= 0);
    va_end(arguments);
    unsigned status = bench_send(&bench->bench, "%s", text);
    buf_add(&all, span_bytes(bench->bench.answer));
    while (status >> 8 == 0x61) {
        status = bench_send(&bench->bench, "00C00000 %02X", status & 0xFF);
        buf_add(&all, span_bytes(bench->bench.answer));
    }
    bytes_freep(&bench->bench.answer);
    bench->bench.answer = buf_bytes(&all);
    return status;
}
