#include "token/virtual/virtual_piv_apdu.h"

#define HEADER_BYTES 4
#define SHORT_MAX VIRTUAL_PIV_ANSWER_SHORT_MAX
#define EXTENDED_MAX 65536

static size_t u16_at(struct span body, size_t offset)
{
    return (size_t)(body.at[offset] << 8 | body.at[offset + 1]);
}

/* body is not empty and not extended. */
static bool parse_short(struct span body, struct virtual_piv_command *command)
{
    size_t length = body.at[0];
    if (body.len == 1) { /* 2 */
        command->le = length == 0 ? SHORT_MAX : length;
        return true;
    }
    if (length == 0 || body.len < 1 + length || body.len > 2 + length)
        return false;
    command->data = span_part(body, 1, length);
    if (body.len == 2 + length) /* 4 */
        command->le = body.at[1 + length] == 0 ? SHORT_MAX : body.at[1 + length];
    return true;
}

/* body begins with 00, and goes on. */
static bool parse_extended(struct span body, struct virtual_piv_command *command)
{
    if (body.len < 3)
        return false;
    size_t length = u16_at(body, 1);
    command->extended = true;
    if (body.len == 3) { /* 2 */
        command->le = length == 0 ? EXTENDED_MAX : length;
        return true;
    }
    if (length == 0 || (body.len != 3 + length && body.len != 5 + length))
        return false;
    command->data = span_part(body, 3, length);
    if (body.len == 5 + length) { /* 4 */
        size_t le = u16_at(body, 3 + length);
        command->le = le == 0 ? EXTENDED_MAX : le;
    }
    return true;
}

bool virtual_piv_apdu_parse(struct span apdu, bool extended, struct virtual_piv_command *out)
{
    if (apdu.len < HEADER_BYTES)
        return false;
    struct virtual_piv_command command = {apdu.at[0], apdu.at[1], apdu.at[2], apdu.at[3]};
    struct span body = span_of(apdu.at + HEADER_BYTES, apdu.len - HEADER_BYTES);
    if (body.len > 1 && body.at[0] == 0) {
        if (!extended || !parse_extended(body, &command))
            return false;
    } else if (body.len > 0 && !parse_short(body, &command)) {
        return false;
    }
    *out = command;
    return true;
}
