#include "token/piv/piv_application.h"

#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "token/piv/piv_object.h"
#include "token/status_word.h"

#define INS_SELECT 0xA4
#define INS_GET_SERIAL 0xF8
#define INS_GET_VERSION 0xFD
#define TEMPLATE_BYTES_MAX 256 /* of the application's properties */
#define SERIAL_BYTES 4
#define VERSION_BYTES 3
#define MOVE_KEY_VERSION 0x050700 /* Yubico's extension, from 5.7.0 on */
#define TAG_GUID 0x34
#define TAG_FASC_N 0x30
#define GUID_BYTES 16
#define FASC_N_BYTES 25

/* With the version behind it: SP 800-73-4 Part 1 2.2. */
static const uint8_t application[] = {0xA0, 0x00, 0x00, 0x03, 0x08, 0x00,
                                      0x00, 0x10, 0x00, 0x01, 0x00};
#define VERSION_IN_NAME_BYTES 2
#define TAG_PROPERTIES 0x61
#define STATUS_NOT_FOUND 0x6A82
#define STATUS_NO_INSTRUCTION 0x6D00
#define STATUS_NO_CLASS 0x6E00 /* of another family */

/* ---- the ATR ---- */

#define COMPACT_TLV 0x80 /* category indicator */
#define COMPACT_TLV_STATUS 0x00 /* the same with three bytes of status behind it */
#define CAPABILITIES 7 /* tag of the card's capabilities */
#define EXTENDED_LENGTHS 0x40 /* in their third byte */

/* Where the historical bytes begin: behind T0 and the interface bytes that each Y announces. */
static struct span historical_bytes(struct span atr)
{
    size_t at = 1;
    if (atr.len < 2)
        return SPAN_NONE;
    size_t count = atr.at[1] & 0xF;
    while (at < atr.len) {
        uint8_t announced = atr.at[at] >> 4;
        bool more = (announced & 8) != 0;
        size_t here = (size_t)__builtin_popcount(announced);
        if (!more)
            return span_part(atr, at + here + 1, count);
        at += here;
    }
    return SPAN_NONE;
}

bool piv_application_atr_extended(struct span atr)
{
    struct span bytes = historical_bytes(atr);
    size_t end = bytes.len;
    if (end == 0 || (bytes.at[0] != COMPACT_TLV && bytes.at[0] != COMPACT_TLV_STATUS))
        return false;
    if (bytes.at[0] == COMPACT_TLV_STATUS)
        end = end > 3 ? end - 3 : 0;
    for (size_t at = 1; at < end;) {
        size_t length = bytes.at[at] & 0xF;
        if (length >= end - at)
            return false;
        if (bytes.at[at] >> 4 == CAPABILITIES && length >= 3)
            return (bytes.at[at + 3] & EXTENDED_LENGTHS) != 0;
        at += 1 + length;
    }
    return false;
}

/* ---- selecting ---- */

/* Whether the answer is the template of the application's properties: no other application gives it. */
static bool is_template(struct span answer)
{
    struct span ignored;
    return piv_tlv_only_padded(answer, TAG_PROPERTIES, &ignored);
}

static enum err_code send_select(struct piv *piv, bool whole, uint16_t *status, struct err *err)
{
    AUTO(bytes_freep) struct bytes *answer = NULL;
    struct span name = SPAN_ARRAY(application);
    struct piv_command command = {
        .name = "SELECT",
        .ins = INS_SELECT,
        .p1 = 0x04,
        .data = whole ? name : span_part(name, 0, name.len - VERSION_IN_NAME_BYTES),
        .answer_bytes_max = TEMPLATE_BYTES_MAX,
    };
    if (piv_send(piv, &command, &answer, status, err) != ERR_NONE)
        return err->code;
    piv->tells_properties = *status == APDU_STATUS_OK && is_template(span_bytes(answer));
    return ERR_NONE;
}

static enum err_code selected(struct piv *piv, uint16_t status, struct err *err)
{
    if (status_word_check(status, INS_SELECT, "SELECT", err) != ERR_NONE)
        return err->code;
    piv->select_again = false;
    return ERR_NONE;
}

/* By the name without its version, which fits each; some cards know only the whole one. Where no application
 * has the name the one that was selected before may answer for itself: what came without a template may not
 * be ours yet. */
enum err_code piv_application_select(struct piv *piv, struct err *err)
{
    uint16_t by_part = STATUS_NOT_FOUND, by_whole = 0;
    if (!piv->by_whole_name && send_select(piv, false, &by_part, err) != ERR_NONE)
        return err->code;
    if ((by_part == APDU_STATUS_OK && piv->tells_properties) || by_part == STATUS_NO_CLASS)
        return selected(piv, by_part, err);
    if (send_select(piv, true, &by_whole, err) != ERR_NONE)
        return err->code;
    piv->by_whole_name = by_whole == APDU_STATUS_OK;
    return selected(piv, by_part == APDU_STATUS_OK ? by_part : by_whole, err);
}

/* ---- the serial number ---- */

static bool all_zero(struct span bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        if (bytes.at[i] != 0)
            return false;
    return true;
}

/* What some cards say all alike: none, and the constant of a widespread implementation. */
static bool is_nobodys(uint32_t number)
{
    static const uint32_t made_up[] = {0, 0x0052F743};
    for (size_t i = 0; i < ARRAY_SIZE(made_up); i++)
        if (made_up[i] == number)
            return true;
    return false;
}

/* *out is empty when the card has no such command, or no number of its own. */
static enum err_code ask_serial(struct piv *piv, char out[TOKEN_TEXT_BYTES_MAX + 1],
                                struct err *err)
{
    struct piv_command command = {
        .name = "GET SERIAL", .ins = INS_GET_SERIAL, .answer_bytes_max = TEMPLATE_BYTES_MAX};
    AUTO(bytes_freep) struct bytes *answer = NULL;
    uint16_t status = 0;
    if (piv_send(piv, &command, &answer, &status, err) != ERR_NONE)
        return err->code;
    out[0] = '\0';
    piv->no_extensions = status == STATUS_NO_INSTRUCTION;
    if (status != APDU_STATUS_OK || answer->len != SERIAL_BYTES)
        return ERR_NONE;
    uint32_t number = 0;
    for (size_t i = 0; i < SERIAL_BYTES; i++)
        number = number << 8 | answer->at[i];
    if (!is_nobodys(number))
        snprintf(out, TOKEN_TEXT_BYTES_MAX + 1, "%u", number);
    return ERR_NONE;
}

static bool take_number(struct span holder, uint32_t tag, size_t bytes,
                        char out[TOKEN_TEXT_BYTES_MAX + 1])
{
    struct span number;
    if (!piv_tlv_find(holder, tag, &number) || number.len != bytes || all_zero(number))
        return false;
    AUTO(memory_freep) char *hex = hex_encode(number);
    snprintf(out, TOKEN_TEXT_BYTES_MAX + 1, "%s", hex);
    return true;
}

/* *out is empty when the card does not tell. */
static enum err_code read_holder(struct piv *piv, char out[TOKEN_TEXT_BYTES_MAX + 1],
                                 struct err *err)
{
    AUTO(piv_object_done) struct piv_object holder = {NULL};
    if (piv_object_look(piv, PIV_OBJECT_CHUID, &holder, err) != ERR_NONE)
        return err->code;
    if (!take_number(span_bytes(holder.content), TAG_GUID, GUID_BYTES, out) &&
        !take_number(span_bytes(holder.content), TAG_FASC_N, FASC_N_BYTES, out))
        out[0] = '\0';
    return ERR_NONE;
}

enum err_code piv_application_read_serial(struct piv *piv, char out[TOKEN_TEXT_BYTES_MAX + 1],
                                          struct err *err)
{
    char serial[TOKEN_TEXT_BYTES_MAX + 1] = "";
    enum err_code code =
        piv->serial_by_command ? ask_serial(piv, serial, err) : read_holder(piv, serial, err);
    if (code != ERR_NONE)
        return code;
    if (serial[0] == '\0')
        return err_set(err, ERR_TOKEN_ANSWER, "the PIV card no longer tells its serial number");
    memcpy(out, serial, sizeof serial);
    return ERR_NONE;
}

enum err_code piv_application_check(struct piv *piv, struct err *err)
{
    struct err odd = ERR_INIT;
    char serial[TOKEN_TEXT_BYTES_MAX + 1] = "";
    enum err_code code = piv_application_read_serial(piv, serial, &odd);
    if (code == ERR_NONE && strcmp(serial, piv->facts->serial) == 0)
        return ERR_NONE;
    if (piv_line_failed(code)) {
        *err = odd;
        return code;
    }
    piv->admin_in = false;
    piv->select_again = true;
    return err_set(err, ERR_TOKEN_LOGIN_LOST, "another application was selected");
}

/* ---- opening ---- */

/* The line is sound and the card has answered: what it answered is not what a PIV card does. */
static enum err_code not_of_this_family(struct err *err)
{
    if (!piv_line_failed(err->code))
        err->code = ERR_TOKEN_UNSUPPORTED;
    return err_add(err, "not a PIV card");
}

enum err_code piv_application_open(struct piv *piv, struct span atr,
                                   char serial[TOKEN_TEXT_BYTES_MAX + 1], struct err *err)
{
    char found[TOKEN_TEXT_BYTES_MAX + 1] = "";
    if (piv_application_select(piv, err) != ERR_NONE)
        return not_of_this_family(err);
    piv->extended = piv_application_atr_extended(atr);
    if (ask_serial(piv, found, err) != ERR_NONE)
        return not_of_this_family(err);
    piv->serial_by_command = found[0] != '\0';
    if (!piv->serial_by_command && read_holder(piv, found, err) != ERR_NONE)
        return err_add(err, "read the card holder's identifier");
    if (found[0] == '\0' && !piv->tells_properties)
        return err_set(err, ERR_TOKEN_UNSUPPORTED,
                       "not a PIV card: it took SELECT and tells neither the application's "
                       "properties nor a serial number");
    if (found[0] == '\0')
        return err_set(err, ERR_TOKEN_NO_SERIAL,
                       "the PIV card has no serial number, no GUID and no FASC-N: it could not be "
                       "told from another one");
    memcpy(serial, found, sizeof found);
    return ERR_NONE;
}

enum err_code piv_application_has_move(struct piv *piv, bool *out, struct err *err)
{
    struct piv_command command = {
        .name = "GET VERSION", .ins = INS_GET_VERSION, .answer_bytes_max = TEMPLATE_BYTES_MAX};
    AUTO(bytes_freep) struct bytes *answer = NULL;
    uint16_t status = 0;
    if (piv->move == PIV_NOT_ASKED) {
        if (piv_send(piv, &command, &answer, &status, err) != ERR_NONE)
            return err->code;
        uint32_t version = 0;
        if (status == APDU_STATUS_OK && answer->len == VERSION_BYTES)
            version = (uint32_t)answer->at[0] << 16 | (uint32_t)answer->at[1] << 8 | answer->at[2];
        piv->move = version >= MOVE_KEY_VERSION ? PIV_YES : PIV_NO;
    }
    *out = piv->move == PIV_YES;
    return ERR_NONE;
}
