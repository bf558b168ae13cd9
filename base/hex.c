#include "base/hex.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static char *encode_with(struct span span, const char *digits)
{
    char *text = memory_new(span.len * 2 + 1);
    for (size_t i = 0; i < span.len; i++) {
        text[2 * i] = digits[span.at[i] >> 4];
        text[2 * i + 1] = digits[span.at[i] & 0xF];
    }
    return text;
}

char *hex_encode(struct span span)
{
    return encode_with(span, "0123456789ABCDEF");
}

static int digit_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    return -1;
}

struct bytes *hex_decode(const char *text)
{
    size_t length = strlen(text);
    if (length % 2 != 0)
        return NULL;
    AUTO(bytes_freep) struct bytes *bytes = bytes_new_size(length / 2);
    for (size_t i = 0; i < bytes->len; i++) {
        int high = digit_value(text[2 * i]);
        int low = digit_value(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return NULL;
        bytes->at[i] = (uint8_t)(high << 4 | low);
    }
    return TAKE(bytes);
}

char *base64_encode(struct span span)
{
    char *text = memory_new((span.len + 2) / 3 * 4 + 1);
    char *at = text;
    for (size_t i = 0; i < span.len; i += 3) {
        size_t have = span.len - i < 3 ? span.len - i : 3;
        uint32_t group = (uint32_t)span.at[i] << 16;
        if (have > 1)
            group |= (uint32_t)span.at[i + 1] << 8;
        if (have > 2)
            group |= span.at[i + 2];
        *at++ = base64_digits[group >> 18];
        *at++ = base64_digits[group >> 12 & 63];
        *at++ = have > 1 ? base64_digits[group >> 6 & 63] : '=';
        *at++ = have > 2 ? base64_digits[group & 63] : '=';
    }
    return text;
}

static int base64_value(char digit)
{
    const char *at = digit == '\0' ? NULL : strchr(base64_digits, digit);
    return at == NULL ? -1 : (int)(at - base64_digits);
}

/* Decodes a group of which the last pads digits must be '='; -1 when it is not canonical. */
static int decode_group(const char *text, size_t pads, uint8_t *out)
{
    uint32_t group = 0;
    for (size_t i = 0; i < 4; i++) {
        bool pad = i >= 4 - pads;
        int value = pad ? (text[i] == '=' ? 0 : -1) : base64_value(text[i]);
        if (value < 0)
            return -1;
        group = group << 6 | (uint32_t)value;
    }
    if ((pads == 1 && (group & 0xFF) != 0) || (pads == 2 && (group & 0xFFFF) != 0))
        return -1;
    for (size_t i = 0; i < 3 - pads; i++)
        out[i] = (uint8_t)(group >> (16 - 8 * i));
    return 0;
}

enum err_code base64_decode(const char *text, size_t limit_bytes, struct bytes **out,
                            struct err *err)
{
    size_t length = strlen(text);
    if (length % 4 != 0)
        return err_set(err, ERR_BASE64, "length %zu is not a multiple of 4", length);
    size_t pads = 0;
    if (length > 0)
        pads = text[length - 2] == '=' ? 2 : text[length - 1] == '=' ? 1 : 0;
    size_t size = length / 4 * 3 - pads;
    if (size > limit_bytes)
        return err_set(err, ERR_BASE64, "%zu bytes, at most %zu are allowed", size, limit_bytes);
    AUTO(bytes_freep) struct bytes *bytes = bytes_new_size(size);
    for (size_t i = 0; i < length; i += 4)
        if (decode_group(text + i, i + 4 == length ? pads : 0, bytes->at + i / 4 * 3) != 0)
            return err_set(err, ERR_BASE64, "wrong digit near offset %zu", i);
    *out = TAKE(bytes);
    return ERR_NONE;
}

char *hex_random(size_t count)
{
    AUTO(bytes_freep) struct bytes *bytes = bytes_new_size(count);
    if (RAND_bytes(bytes->at, (int)count) != 1) {
        fputs("no random numbers\n", stderr);
        abort();
    }
    return encode_with(span_bytes(bytes), "0123456789abcdef");
}
