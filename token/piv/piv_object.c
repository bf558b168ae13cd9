#include "token/piv/piv_object.h"

#include "token/piv/piv_application.h"

#define INS_GET_DATA 0xCB
#define INS_PUT_DATA 0xDB
#define TAG_LIST 0x5C
#define TAG_CONTENT 0x53
#define FRAME_BYTES 16 /* tag list, tag and length of the content */

/* What cards answer for an object that they don't have: not found in the standard's words, and the other
 * ways to say that they don't know such a number. Other refusals leave open whether there is one. */
static const uint16_t absent[] = {0x6300, 0x6A80, 0x6A81, 0x6A82, 0x6A83, 0x6A86, 0x6A88, 0x6B00};
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

/* out_cut: what there is of an object that is shorter than it says; NULL when it is not. */
static enum err_code take_content(struct span answer, uint32_t id, struct bytes **out,
                                  struct bytes **out_cut, struct err *err)
{
    struct span content;
    if (answer.len == 0)
        return ERR_NONE;
    if (piv_tlv_only_padded(answer, TAG_CONTENT, &content)) {
        if (content.len > 0)
            *out = bytes_new(content);
        return ERR_NONE;
    }
    if (piv_tlv_cut_off(answer, TAG_CONTENT, &content))
        *out_cut = bytes_new(content);
    return err_set(err, ERR_TOKEN_ANSWER, "GET DATA: object %06X is not one data object", id);
}

static enum err_code get_data(struct piv *piv, uint32_t id, struct bytes **out,
                              struct bytes **out_cut, struct err *err)
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
    if (is_one_of(status, absent, ARRAY_SIZE(absent)))
        return ERR_NONE;
    if (status != APDU_STATUS_OK)
        return err_set_foreign(err, ERR_TOKEN_STATUS, status, "%s: status %04X: object %06X",
                               command.name, status, id);
    return take_content(span_bytes(answer), id, out, out_cut, err);
}

enum err_code piv_object_read(struct piv *piv, uint32_t id, struct bytes **out, struct err *err)
{
    AUTO(bytes_freep) struct bytes *cut = NULL;
    return get_data(piv, id, out, &cut, err);
}

enum err_code piv_object_look(struct piv *piv, uint32_t id, struct piv_object *out, struct err *err)
{
    struct piv_object found = {.unread = ERR_INIT};
    if (get_data(piv, id, &found.content, &found.cut_off, &found.unread) != ERR_NONE &&
        piv_line_failed(found.unread.code)) {
        *err = found.unread;
        return err->code;
    }
    *out = found;
    return ERR_NONE;
}

void piv_object_done(struct piv_object *object)
{
    bytes_freep(&object->content);
    bytes_freep(&object->cut_off);
}

/* Another application would refuse in the same words. */
static enum err_code not_stored(struct piv *piv, uint32_t id, size_t content_bytes, uint16_t status,
                                struct err *err)
{
    if (piv_application_check(piv, err) != ERR_NONE)
        return err->code;
    return err_set_foreign(err, ERR_TOKEN_NO_SPACE, status,
                           "PUT DATA: status %04X: object %06X with %zu bytes", status, id,
                           content_bytes);
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
        return not_stored(piv, id, content.len, status, err);
    enum err_code code = piv_check_managed(piv, &command, status, err);
    if (code == ERR_NONE)
        return ERR_NONE;
    if (code != ERR_TOKEN_LOGIN_LOST && code != ERR_TOKEN_MEMORY)
        err->code = ERR_TOKEN_STATUS; /* what else words may mean they don't after this command */
    return err_add(err, "object %06X", id);
}
