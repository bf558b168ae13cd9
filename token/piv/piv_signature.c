#include "token/piv/piv_signature.h"

#include <string.h>

#define SEQUENCE 0x30
#define INTEGER 0x02
#define PADDING_BYTES_MIN 11 /* 00 01, eight FF, 00 */

static enum err_code pad(struct span info, struct buf *out, struct err *err)
{
    if (info.len + PADDING_BYTES_MIN > PIV_SIGNATURE_BYTES_MAX)
        return err_set(err, ERR_FIELD_VALUE, "%zu bytes to sign with RSA", info.len);
    buf_add_u8(out, 0);
    buf_add_u8(out, 1);
    for (size_t i = info.len + 3; i < PIV_SIGNATURE_BYTES_MAX; i++)
        buf_add_u8(out, 0xFF);
    buf_add_u8(out, 0);
    buf_add(out, info);
    return ERR_NONE;
}

enum err_code piv_signature_input(enum token_algorithm algorithm, struct span input,
                                  struct buf *out, struct err *err)
{
    size_t bytes = token_point_bytes(algorithm);
    if (algorithm == TOKEN_RSA2048)
        return pad(input, out, err);
    if (bytes == 0 || input.len != bytes)
        return err_set(err, ERR_FIELD_VALUE, "a digest of %zu bytes instead of %zu", input.len,
                       bytes);
    buf_add(out, input);
    return ERR_NONE;
}

static bool take_number(struct span *list, size_t bytes, uint8_t *out)
{
    struct piv_tlv number;
    if (!piv_tlv_next(list, &number) || number.tag != INTEGER)
        return false;
    struct span value = number.value;
    while (value.len > 0 && value.at[0] == 0)
        value = span_of(value.at + 1, value.len - 1);
    if (value.len == 0 || value.len > bytes)
        return false;
    memcpy(out + bytes - value.len, value.at, value.len);
    return true;
}

enum err_code piv_signature_output(enum token_algorithm algorithm, struct span answer,
                                   struct bytes **out, struct err *err)
{
    size_t bytes = token_point_bytes(algorithm);
    struct span list;
    if (algorithm == TOKEN_RSA2048 && answer.len == PIV_SIGNATURE_BYTES_MAX) {
        *out = bytes_new(answer);
        return ERR_NONE;
    }
    AUTO(bytes_freep) struct bytes *plain = bytes_new_size(2 * bytes);
    if (bytes == 0 || !piv_tlv_only(answer, SEQUENCE, &list) ||
        !take_number(&list, bytes, plain->at) || !take_number(&list, bytes, plain->at + bytes) ||
        list.len != 0)
        return err_set(err, ERR_TOKEN_ANSWER, "%zu bytes that are no signature", answer.len);
    *out = TAKE(plain);
    return ERR_NONE;
}
