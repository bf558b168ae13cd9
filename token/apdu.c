#include "token/apdu.h"

#include <assert.h>
#include <string.h>

#define OVERHEAD_BYTES (APDU_HEADER_BYTES + 3 + 3) /* header, Lc, Le */

enum err_code apdu_build(const struct apdu *apdu, struct bytes **out, struct err *err)
{
    assert(apdu->le >= APDU_LE_NONE && apdu->le <= APDU_LE_MAX);
    if (apdu->data.len > APDU_DATA_BYTES_MAX)
        return err_set(err, ERR_TOKEN_NO_SPACE, "%zu bytes of data in a command, at most %d",
                       apdu->data.len, APDU_DATA_BYTES_MAX);
    struct bytes *command = bytes_new_size(OVERHEAD_BYTES + apdu->data.len);
    uint8_t *at = command->at;
    *at++ = apdu->cla;
    *at++ = apdu->ins;
    *at++ = apdu->p1;
    *at++ = apdu->p2;
    if (apdu->data.len > 0) {
        *at++ = 0;
        *at++ = (uint8_t)(apdu->data.len >> 8);
        *at++ = (uint8_t)apdu->data.len;
        memcpy(at, apdu->data.at, apdu->data.len);
        at += apdu->data.len;
    }
    if (apdu->le != APDU_LE_NONE) {
        if (apdu->data.len == 0)
            *at++ = 0;
        *at++ = (uint8_t)(apdu->le >> 8);
        *at++ = (uint8_t)apdu->le;
    }
    command->len = (size_t)(at - command->at);
    *out = command;
    return ERR_NONE;
}

enum err_code apdu_build_short(const struct apdu *apdu, struct bytes **out, struct err *err)
{
    assert(apdu->le >= APDU_LE_NONE && apdu->le <= APDU_SHORT_DATA_BYTES_MAX + 1);
    if (apdu->data.len > APDU_SHORT_DATA_BYTES_MAX)
        return err_set(err, ERR_TOKEN_NO_SPACE, "%zu bytes of data in a short command, at most %d",
                       apdu->data.len, APDU_SHORT_DATA_BYTES_MAX);
    struct bytes *command = bytes_new_size(OVERHEAD_BYTES + apdu->data.len);
    uint8_t *at = command->at;
    *at++ = apdu->cla;
    *at++ = apdu->ins;
    *at++ = apdu->p1;
    *at++ = apdu->p2;
    if (apdu->data.len > 0) {
        *at++ = (uint8_t)apdu->data.len;
        memcpy(at, apdu->data.at, apdu->data.len);
        at += apdu->data.len;
    }
    if (apdu->le != APDU_LE_NONE)
        *at++ = (uint8_t)apdu->le; /* 256 is 00 */
    command->len = (size_t)(at - command->at);
    *out = command;
    return ERR_NONE;
}

enum err_code apdu_split(struct span answer, struct span *out_data, uint16_t *out_status,
                         struct err *err)
{
    if (answer.len < 2)
        return err_set(err, ERR_TOKEN_TRANSPORT, "an answer of %zu bytes has no status word",
                       answer.len);
    const uint8_t *status = answer.at + answer.len - 2;
    *out_data = span_of(answer.at, answer.len - 2);
    *out_status = (uint16_t)(status[0] << 8 | status[1]);
    return ERR_NONE;
}

static const uint8_t pin_instructions[] = {
    0x10, /* DevAuth */
    0x12, /* ChangeDevAuthKey */
    0x16, /* ChangePIN */
    0x18, /* VerifyPIN */
    0x1A, /* UnblockPIN */
    0x20, /* CreateApplication (its PINs); VERIFY of ISO/IEC 7816-4 */
    0x21, /* VERIFY with data objects */
    0x24, /* CHANGE REFERENCE DATA */
    0x2C, /* RESET RETRY COUNTER */
};

bool apdu_carries_pin(struct span command)
{
    if (command.len < APDU_HEADER_BYTES)
        return true;
    for (size_t i = 0; i < ARRAY_SIZE(pin_instructions); i++)
        if (command.at[1] == pin_instructions[i])
            return true;
    return false;
}

#define INS_GENERAL_AUTHENTICATE 0x87
#define MANAGEMENT_KEY 0x9B

bool apdu_needs_reset(struct span command)
{
    return command.len >= APDU_HEADER_BYTES && command.at[1] == INS_GENERAL_AUTHENTICATE &&
           command.at[3] == MANAGEMENT_KEY;
}
