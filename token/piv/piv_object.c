#include "token/piv/piv_object.h"

#include "token/status_word.h"

#define INS_GET_DATA 0xCB
#define INS_PUT_DATA 0xDB
#define TAG_LIST 0x5C
#define TAG_CONTENT 0x53
#define STATUS_SECURITY 0x6982
#define FRAME_BYTES 16 /* tag list, tag and length of the content */

/* What keys answer for an object that they don't have: not found in the standard's words, and the other
 * ways to say that they don't know such a number. */
static const uint16_t absent[] = {0x6300, 0x6982, 0x6985, 0x6A80, 0x6A81,
                                  0x6A82, 0x6A83, 0x6A86, 0x6A88, 0x6B00};
/* What they answer when they won't store it: no such object, none so large. */
static const uint16_t unstorable[] = {0x6700, 0x6A80, 0x6A81, 0x6A82, 0x6A83, 0x6A84,
                                      0x6A85, 0x6A86, 0x6A87, 0x6A88, 0x6B00, 0x6D00};

static bool is_one_of(uint16_t status, const uint16_t *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (list[i] == status)
            return true;
    return false;
}

static void add_id(struct buf *buf, uint32_t id)
{
    const uint8_t bytes[] = {(uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id};
    piv_tlv_add(buf, TAG_LIST, SPAN_ARRAY(bytes));
}

enum err_code piv_object_read(struct piv *piv, uint32_t id, struct bytes **out, struct err *err)
{
    bool ignored;
    return piv_object_look(piv, id, out, &ignored, err);
}

enum err_code piv_object_look(struct piv *piv, uint32_t id, struct bytes **out, bool *out_hidden,
                              struct err *err)
{
    AUTO(buf_done) struct buf data = BUF_INIT(FRAME_BYTES);
    add_id(&data, id);
    struct piv_command command = {
        .name = "GET DATA",
        .ins = INS_GET_DATA,
        .p1 = 0x3F,
        .p2 = 0xFF,
        .data = buf_span(&data),
        .answer_bytes_max = PIV_OBJECT_BYTES_MAX + FRAME_BYTES,
    };
    AUTO(bytes_freep) struct bytes *answer = NULL;
    uint16_t status = 0;
    if (piv_send(piv, &command, &answer, &status, err) != ERR_NONE)
        return err->code;
    *out_hidden = status == STATUS_SECURITY;
    if (is_one_of(status, absent, ARRAY_SIZE(absent)))
        return ERR_NONE;
    if (status_word_check(status, command.ins, command.name, err) != ERR_NONE)
        return err_add(err, "object %06X", id);
    struct span content;
    if (answer->len == 0)
        return ERR_NONE;
    if (!piv_tlv_only_padded(span_bytes(answer), TAG_CONTENT, &content))
        return err_set(err, ERR_TOKEN_ANSWER, "%s: object %06X is not one data object",
                       command.name, id);
    if (content.len > 0)
        *out = bytes_new(content);
    return ERR_NONE;
}

enum err_code piv_object_write(struct piv *piv, uint32_t id, struct span content, struct err *err)
{
    if (content.len > PIV_OBJECT_BYTES_MAX)
        return err_set(err, ERR_TOKEN_NO_SPACE, "an object of %zu bytes, at most %d", content.len,
                       PIV_OBJECT_BYTES_MAX);
    AUTO(buf_done) struct buf data = BUF_INIT(FRAME_BYTES + PIV_OBJECT_BYTES_MAX);
    add_id(&data, id);
    piv_tlv_add(&data, TAG_CONTENT, content);
    struct piv_command command = {
        .name = "PUT DATA", .ins = INS_PUT_DATA, .p1 = 0x3F, .p2 = 0xFF, .data = buf_span(&data)};
    uint16_t status = 0;
    if (piv_send(piv, &command, NULL, &status, err) != ERR_NONE)
        return err->code;
    if (is_one_of(status, unstorable, ARRAY_SIZE(unstorable)))
        return err_set_foreign(err, ERR_TOKEN_NO_SPACE, status,
                               "%s: status %04X: object %06X with %zu bytes", command.name, status,
                               id, content.len);
    if (status_word_check(status, command.ins, command.name, err) != ERR_NONE)
        return err_add(err, "object %06X", id);
    return ERR_NONE;
}
