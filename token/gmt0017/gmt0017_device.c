#include "token/gmt0017/gmt0017_device.h"

#include <string.h>

#include "base/hex.h"
#include "token/status_word.h"

/* GM/T 0017-2012, answer of GetDevInfo: offsets and lengths. */
#define AT_MANUFACTURER 4
#define AT_LABEL 132
#define AT_SERIAL 164
#define AT_FREE_SPACE 220
#define AT_MAX_APDU_DATA 224
#define AT_MAX_CONTAINERS 230
#define LONG_TEXT_BYTES 64
#define SHORT_TEXT_BYTES 32

/* Up to the first zero byte, without spaces (or erased memory, FF) behind it. */
static struct span field(const uint8_t *at, size_t width)
{
    size_t length = strnlen((const char *)at, width);
    while (length > 0 && (at[length - 1] == ' ' || at[length - 1] == 0xFF))
        length--;
    return span_of(at, length);
}

static bool is_plain(uint8_t byte)
{
    return byte >= 0x20 && byte < 0x7F;
}

/* How many bytes a well-formed UTF-8 character at the start of text has; 0 when there is none.
 * Source: RFC 3629 4. */
static size_t utf8_length(struct span text)
{
    uint8_t first = text.at[0];
    size_t length = first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if (first > 0xF4 || length > text.len)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((text.at[i] & 0xC0) != 0x80)
            return 0;
    bool too_long = (first == 0xE0 && text.at[1] < 0xA0) || (first == 0xF0 && text.at[1] < 0x90);
    bool surrogate = first == 0xED && text.at[1] > 0x9F;
    bool too_large = first == 0xF4 && text.at[1] > 0x8F;
    return too_long || surrogate || too_large ? 0 : length;
}

static void copy_text(char out[TOKEN_TEXT_BYTES_MAX + 1], struct span text)
{
    size_t at = 0;
    while (at < text.len) {
        size_t length = utf8_length(span_of(text.at + at, text.len - at));
        if (length > 1 || (length == 1 && is_plain(text.at[at]))) {
            memcpy(out + at, text.at + at, length);
            at += length;
        } else {
            out[at++] = '?';
        }
    }
    out[at] = '\0';
}

static void copy_serial(char out[TOKEN_TEXT_BYTES_MAX + 1], const uint8_t *at)
{
    struct span text = field(at, SHORT_TEXT_BYTES);
    bool plain = true;
    for (size_t i = 0; i < text.len; i++)
        plain = plain && is_plain(text.at[i]);
    AUTO(memory_freep) char *hex = hex_encode(span_of(at, SHORT_TEXT_BYTES));
    if (plain)
        copy_text(out, text);
    else
        memcpy(out, hex, 2 * SHORT_TEXT_BYTES + 1);
}

static struct gmt0017_command get_dev_info(int le)
{
    return (struct gmt0017_command){.name = "GetDevInfo", .cla = 0x80, .ins = 0x04, .le = le};
}

static enum err_code parse(struct span answer, struct gmt0017_device_info *out, struct err *err)
{
    struct gmt0017_device_info info = {0};
    memcpy(info.raw, answer.at, sizeof info.raw);
    copy_text(info.manufacturer, field(info.raw + AT_MANUFACTURER, LONG_TEXT_BYTES));
    copy_text(info.label, field(info.raw + AT_LABEL, SHORT_TEXT_BYTES));
    copy_serial(info.serial, info.raw + AT_SERIAL);
    if (info.serial[0] == '\0')
        return err_set(err, ERR_TOKEN_ANSWER, "GetDevInfo: no serial number");
    *out = info;
    return ERR_NONE;
}

/* Some keys insist on the exact Le; whichever do not take it are asked for everything. */
static enum err_code ask(struct gmt0017 *key, struct bytes **out, struct err *err)
{
    struct gmt0017_command exact = get_dev_info(GMT0017_DEVICE_INFO_BYTES);
    struct gmt0017_command all = get_dev_info(APDU_LE_ALL);
    enum err_code code = gmt0017_send(key, &exact, GMT0017_DEVICE_INFO_BYTES, out, err);
    bool wrong_le = err->foreign == 0x6700 || (err->foreign & 0xFF00) == 0x6C00;
    if (code == ERR_TOKEN_STATUS && wrong_le)
        code = gmt0017_read(key, &all, GMT0017_DEVICE_INFO_BYTES, out, err);
    return code;
}

/* The line is sound and the card has answered: what it answered is not what a key of ours does. */
static bool is_foreign(enum err_code code, const struct err *err)
{
    return code == ERR_TOKEN_ANSWER ||
           (code != ERR_NONE && err->foreign >= 0x6100 && err->foreign <= 0x9FFF);
}

enum err_code gmt0017_device_identify(struct gmt0017 *key, struct gmt0017_device_info *out,
                                      struct err *err)
{
    AUTO(bytes_freep) struct bytes *answer = NULL;
    enum err_code code = ask(key, &answer, err);
    if (is_foreign(code, err)) {
        err->code = ERR_TOKEN_UNSUPPORTED;
        return err_add(err, "not a GM/T 0017 key");
    }
    if (code != ERR_NONE)
        return code;
    if (answer->len != GMT0017_DEVICE_INFO_BYTES)
        return err_set(err, ERR_TOKEN_UNSUPPORTED, "GetDevInfo: %zu bytes: not a GM/T 0017 key",
                       answer->len);
    return parse(span_bytes(answer), out, err);
}

enum err_code gmt0017_device_read(struct gmt0017 *key, struct gmt0017_device_info *out,
                                  struct err *err)
{
    AUTO(bytes_freep) struct bytes *answer = NULL;
    if (ask(key, &answer, err) != ERR_NONE)
        return err->code;
    if (answer->len != GMT0017_DEVICE_INFO_BYTES)
        return err_set(err, ERR_TOKEN_ANSWER, "GetDevInfo: %zu bytes instead of %d", answer->len,
                       GMT0017_DEVICE_INFO_BYTES);
    return parse(span_bytes(answer), out, err);
}

size_t gmt0017_device_free_bytes(const struct gmt0017 *key, const struct gmt0017_device_info *info)
{
    return gmt0017_u32(key, info->raw + AT_FREE_SPACE);
}

size_t gmt0017_device_data_bytes_max(const struct gmt0017 *key,
                                     const struct gmt0017_device_info *info)
{
    return gmt0017_u16(key, info->raw + AT_MAX_APDU_DATA);
}

size_t gmt0017_device_containers_max(const struct gmt0017_device_info *info)
{
    return info->raw[AT_MAX_CONTAINERS];
}

enum err_code gmt0017_device_challenge(struct gmt0017 *key, uint8_t out[GMT0017_CHALLENGE_BYTES],
                                       struct err *err)
{
    struct gmt0017_command command = {
        .name = "GenRandom", .cla = 0x80, .ins = 0x50, .le = GMT0017_CHALLENGE_BYTES};
    AUTO(bytes_freep) struct bytes *answer = NULL;
    if (gmt0017_send(key, &command, GMT0017_CHALLENGE_BYTES, &answer, err) != ERR_NONE)
        return err->code;
    memcpy(out, answer->at, GMT0017_CHALLENGE_BYTES);
    return ERR_NONE;
}
