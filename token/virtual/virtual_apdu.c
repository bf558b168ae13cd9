#include "token/virtual/virtual_apdu.h"

#include <assert.h>

#define HEADER_BYTES 4
#define LENGTH_BYTES 3 /* 00 hi lo */
#define LE_BYTES 2 /* behind data */

static uint16_t u16_at(struct span apdu, size_t offset)
{
    return (uint16_t)(apdu.at[offset] << 8 | apdu.at[offset + 1]);
}

static bool parse_body(struct span apdu, struct virtual_command *command)
{
    const size_t data_at = HEADER_BYTES + LENGTH_BYTES;
    if (apdu.len < data_at || apdu.at[HEADER_BYTES] != 0)
        return false;
    uint16_t length = u16_at(apdu, HEADER_BYTES + 1);
    if (apdu.len == data_at) { /* 2E */
        command->has_le = true;
        command->le = length;
        return true;
    }
    if (length == 0 || apdu.len - data_at < length)
        return false;
    size_t behind = apdu.len - data_at - length;
    if (behind != 0 && behind != LE_BYTES)
        return false;
    command->data = span_part(apdu, data_at, length);
    command->has_le = behind == LE_BYTES;
    command->le = command->has_le ? u16_at(apdu, data_at + length) : 0;
    return true;
}

bool virtual_apdu_parse(struct span apdu, struct virtual_command *out)
{
    if (apdu.len < HEADER_BYTES)
        return false;
    struct virtual_command command = {apdu.at[0], apdu.at[1], apdu.at[2], apdu.at[3]};
    if (apdu.len > HEADER_BYTES && !parse_body(apdu, &command))
        return false;
    *out = command;
    return true;
}

struct span virtual_apdu_part(struct virtual_reader *reader, size_t len)
{
    if (reader->bad || len > reader->rest.len) {
        reader->bad = true;
        return SPAN_NONE;
    }
    if (len == 0)
        return SPAN_NONE;
    struct span part = span_of(reader->rest.at, len);
    reader->rest = span_of(reader->rest.at + len, reader->rest.len - len);
    return part;
}

static uint32_t number(struct virtual_reader *reader, size_t len)
{
    struct span part = virtual_apdu_part(reader, len);
    uint32_t value = 0;
    for (size_t i = 0; i < part.len; i++)
        value = value << 8 | part.at[reader->little_endian ? part.len - 1 - i : i];
    return value;
}

uint8_t virtual_apdu_u8(struct virtual_reader *reader)
{
    return (uint8_t)number(reader, 1);
}

uint16_t virtual_apdu_u16(struct virtual_reader *reader)
{
    return (uint16_t)number(reader, 2);
}

uint32_t virtual_apdu_u32(struct virtual_reader *reader)
{
    return number(reader, 4);
}

struct span virtual_apdu_rest(struct virtual_reader *reader)
{
    return virtual_apdu_part(reader, reader->rest.len);
}

bool virtual_apdu_ended(const struct virtual_reader *reader)
{
    return !reader->bad && reader->rest.len == 0;
}

static void put_number(struct buf *out, bool little_endian, uint32_t value, unsigned len)
{
    for (unsigned i = 0; i < len; i++)
        buf_add_u8(out, (uint8_t)(value >> 8 * (little_endian ? i : len - 1 - i)));
}

void virtual_apdu_put_u16(struct buf *out, bool little_endian, uint16_t value)
{
    put_number(out, little_endian, value, 2);
}

void virtual_apdu_put_u32(struct buf *out, bool little_endian, uint32_t value)
{
    put_number(out, little_endian, value, 4);
}

void virtual_apdu_put_text(struct buf *out, struct span text, size_t width)
{
    assert(text.len <= width);
    buf_add(out, text);
    buf_add_zeros(out, width - text.len);
}
