#include "token/gmt0017/gmt0017.h"

#include <string.h>

#include "token/status_word.h"

/* Answers of 64 KiB in parts of 256 bytes; more parts than that are a key that never ends. */
#define PARTS_MAX 256

static enum err_code exchange(struct gmt0017 *key, const struct gmt0017_command *command, int le,
                              struct bytes **answer, uint16_t *status, struct err *err)
{
    struct apdu apdu = {command->cla, command->ins, command->p1, command->p2, command->data, le};
    AUTO(bytes_wipe_freep) struct bytes *bytes = NULL;
    if (apdu_build(&apdu, &bytes, err) != ERR_NONE ||
        token_link_exchange(key->link, span_bytes(bytes), answer, status, err) != ERR_NONE)
        return err_add(err, "%s", command->name);
    return ERR_NONE;
}

enum err_code gmt0017_send(struct gmt0017 *key, const struct gmt0017_command *command,
                           size_t want_bytes, struct bytes **out, struct err *err)
{
    AUTO(bytes_freep) struct bytes *answer = NULL;
    uint16_t status = 0;
    if (exchange(key, command, command->le, &answer, &status, err) != ERR_NONE ||
        status_word_check(status, command->ins, command->name, err) != ERR_NONE)
        return err->code;
    if (answer->len != want_bytes)
        return err_set(err, ERR_TOKEN_ANSWER, "%s: %zu bytes instead of %zu", command->name,
                       answer->len, want_bytes);
    if (out != NULL)
        *out = TAKE(answer);
    return ERR_NONE;
}

/* One part of an answer, with the Le that the key wants. Its status word tells only the lower half of
 * the length, so longer ones with the same half are asked for in turn. */
static enum err_code read_part(struct gmt0017 *key, const struct gmt0017_command *command,
                               size_t limit_bytes, struct bytes **answer, uint16_t *status,
                               struct err *err)
{
    if (exchange(key, command, command->le, answer, status, err) != ERR_NONE)
        return err->code;
    int wanted = status_word_wanted_le(*status);
    for (int le = wanted; le > 0 && (size_t)le <= limit_bytes; le += 0x100) {
        bytes_freep(answer);
        if (exchange(key, command, le, answer, status, err) != ERR_NONE)
            return err->code;
        if (status_word_wanted_le(*status) < 0)
            break;
    }
    return ERR_NONE;
}

enum err_code gmt0017_read(struct gmt0017 *key, const struct gmt0017_command *command,
                           size_t limit_bytes, struct bytes **out, struct err *err)
{
    AUTO(buf_done) struct buf whole = BUF_INIT(limit_bytes);
    for (int parts = 0; parts < PARTS_MAX; parts++) {
        AUTO(bytes_freep) struct bytes *part = NULL;
        uint16_t status = 0;
        if (read_part(key, command, limit_bytes, &part, &status, err) != ERR_NONE)
            return err->code;
        bool more = key->profile.continuation != 0 && status == key->profile.continuation;
        if (!more && status_word_check(status, command->ins, command->name, err) != ERR_NONE)
            return err->code;
        buf_add(&whole, span_bytes(part));
        if (whole.bad)
            return err_set(err, ERR_TOKEN_ANSWER, "%s: more than %zu bytes", command->name,
                           limit_bytes);
        if (more && part->len == 0)
            return err_set(err, ERR_TOKEN_ANSWER, "%s: an empty part", command->name);
        if (!more) {
            *out = bytes_new(buf_span(&whole));
            return ERR_NONE;
        }
    }
    return err_set(err, ERR_TOKEN_ANSWER, "%s: more than %d parts", command->name, PARTS_MAX);
}

void gmt0017_add_u16(const struct gmt0017 *key, struct buf *buf, uint16_t value)
{
    buf_add_u16_be(buf, key->profile.little_endian ? __builtin_bswap16(value) : value);
}

void gmt0017_add_u32(const struct gmt0017 *key, struct buf *buf, uint32_t value)
{
    buf_add_u32_be(buf, key->profile.little_endian ? __builtin_bswap32(value) : value);
}

uint16_t gmt0017_u16(const struct gmt0017 *key, const uint8_t *at)
{
    uint16_t value = (uint16_t)(at[0] << 8 | at[1]);
    return key->profile.little_endian ? __builtin_bswap16(value) : value;
}

uint32_t gmt0017_u32(const struct gmt0017 *key, const uint8_t *at)
{
    uint32_t value =
        (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | (uint32_t)at[3];
    return key->profile.little_endian ? __builtin_bswap32(value) : value;
}

static enum err_code check_name(const char *name, struct err *err)
{
    for (const char *at = name; *at != '\0'; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7F)
            return err_set(err, ERR_TOKEN_ANSWER, "a control character in a name");
    return ERR_NONE;
}

enum err_code gmt0017_each_name(struct span list, gmt0017_name_fn function, void *context,
                                struct err *err)
{
    size_t at = 0;
    while (at < list.len && list.at[at] != 0) {
        size_t length = strnlen((const char *)list.at + at, list.len - at);
        char name[TOKEN_NAME_BYTES_MAX + 1] = "";
        if (length > TOKEN_NAME_BYTES_MAX)
            return err_set(err, ERR_TOKEN_ANSWER, "a name of %zu bytes in a list", length);
        memcpy(name, list.at + at, length);
        if (check_name(name, err) != ERR_NONE || function(context, name, err) != ERR_NONE)
            return err->code;
        at += length + 1;
    }
    /* One zero byte has ended the last name; an empty list may have two. */
    size_t ends = at == 0 ? 2 : 1;
    if (at < list.len && (list.len - at > ends || list.at[list.len - 1] != 0))
        return err_set(err, ERR_TOKEN_ANSWER, "%zu bytes behind the end of a list", list.len - at);
    return ERR_NONE;
}
