#include "token/piv/piv_algorithm.h"

#include <string.h>

#define TAG_MODULUS 0x81
#define TAG_EXPONENT 0x82
#define TAG_POINT 0x86
#define UNCOMPRESSED 0x04

static const struct {
    uint8_t number;
    enum token_algorithm algorithm;
} pairs[] = {{0x07, TOKEN_RSA2048}, {0x11, TOKEN_P256}, {0x14, TOKEN_P384}};

static const struct {
    uint8_t number;
    const char *name;
    size_t block_bytes;
} admins[] = {
    {0x00, "3des", 8}, /* the standard's other number for it */
    {PIV_3DES, "3des", 8},      {PIV_AES128, "aes128", 16},
    {PIV_AES192, "aes192", 16}, {PIV_AES256, "aes256", 16},
};

uint8_t piv_algorithm_number(enum token_algorithm algorithm)
{
    for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
        if (pairs[i].algorithm == algorithm)
            return pairs[i].number;
    return 0;
}

static enum token_algorithm by_number(uint8_t number)
{
    for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
        if (pairs[i].number == number)
            return pairs[i].algorithm;
    return TOKEN_ALGORITHM_NONE;
}

const char *piv_algorithm_admin_name(uint8_t number)
{
    for (size_t i = 0; i < ARRAY_SIZE(admins); i++)
        if (admins[i].number == number)
            return admins[i].name;
    return NULL;
}

size_t piv_algorithm_admin_block_bytes(uint8_t number)
{
    for (size_t i = 0; i < ARRAY_SIZE(admins); i++)
        if (admins[i].number == number)
            return admins[i].block_bytes;
    return 0;
}

bool piv_algorithm_point(enum token_algorithm algorithm, struct span point,
                         struct token_public_key *out)
{
    size_t bytes = token_point_bytes(algorithm);
    if (bytes == 0 || point.len != 1 + 2 * bytes || point.at[0] != UNCOMPRESSED)
        return false;
    *out = (struct token_public_key){.algorithm = algorithm};
    memcpy(out->x, point.at + 1, bytes);
    memcpy(out->y, point.at + 1 + bytes, bytes);
    return true;
}

static struct span without_zeros(struct span number)
{
    while (number.len > 0 && number.at[0] == 0)
        number = span_of(number.at + 1, number.len - 1);
    return number;
}

bool piv_algorithm_rsa(struct span modulus, struct span exponent, struct token_public_key *out)
{
    struct token_public_key key = {.algorithm = TOKEN_RSA2048};
    modulus = without_zeros(modulus);
    exponent = without_zeros(exponent);
    if (modulus.len != sizeof key.modulus || (modulus.at[0] & 0x80) == 0 || exponent.len == 0 ||
        exponent.len > sizeof key.exponent)
        return false;
    memcpy(key.modulus, modulus.at, sizeof key.modulus);
    for (size_t i = 0; i < exponent.len; i++)
        key.exponent = key.exponent << 8 | exponent.at[i];
    *out = key;
    return true;
}

bool piv_algorithm_public_key(uint8_t number, struct span list, struct token_public_key *out)
{
    struct span modulus, exponent, point;
    if (!piv_tlv_find(list, TAG_MODULUS, &modulus) ||
        !piv_tlv_find(list, TAG_EXPONENT, &exponent) || !piv_tlv_find(list, TAG_POINT, &point))
        return false;
    enum token_algorithm algorithm = by_number(number);
    if (point.at == NULL)
        return (number == 0 || algorithm == TOKEN_RSA2048) &&
               piv_algorithm_rsa(modulus, exponent, out);
    if (number == 0)
        algorithm = point.len == 1 + 2 * 48 ? TOKEN_P384 : TOKEN_P256;
    if (algorithm == TOKEN_ALGORITHM_NONE)
        algorithm = TOKEN_SM2; /* a number of the token's own: another curve of this size */
    return piv_algorithm_point(algorithm, point, out);
}

bool piv_algorithm_same_key(const struct token_public_key *a, const struct token_public_key *b)
{
    size_t bytes = token_point_bytes(a->algorithm);
    if (a->algorithm == TOKEN_ALGORITHM_NONE || a->algorithm != b->algorithm)
        return false;
    if (bytes > 0)
        return memcmp(a->x, b->x, bytes) == 0 && memcmp(a->y, b->y, bytes) == 0;
    return memcmp(a->modulus, b->modulus, sizeof a->modulus) == 0 && a->exponent == b->exponent;
}
