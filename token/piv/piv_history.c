#include "token/piv/piv_history.h"

#include "token/piv/piv_object.h"

#define TAG_ON_CARD 0xC1
#define TAG_OFF_CARD 0xC2
#define TAG_CHECK 0xFE
#define WRITES_MAX 2 /* what is not kept then is a history of the card's own */
#define CONTENT_BYTES_MAX 128 /* SP 800-73-4 Part 1 table 18 */

static size_t count_of(struct span content, uint32_t tag, size_t room)
{
    struct span value;
    if (!piv_tlv_find(content, tag, &value) || value.len != 1)
        return 0;
    return value.at[0] < room ? value.at[0] : room;
}

enum err_code piv_history_read(struct piv *piv, struct err *err)
{
    AUTO(piv_object_done) struct piv_object object = {NULL};
    if (piv_object_look(piv, PIV_OBJECT_HISTORY, &object, err) != ERR_NONE)
        return err->code;
    struct span content = span_bytes(object.content);
    size_t on_card = count_of(content, TAG_ON_CARD, PIV_RETIRED_MAX);
    piv->history = (struct piv_history){
        .on_card = on_card,
        .off_card = count_of(content, TAG_OFF_CARD, PIV_RETIRED_MAX - on_card),
        .unreadable = object.unread.code != ERR_NONE,
    };
    return ERR_NONE;
}

bool piv_history_is_ours(const struct piv *piv)
{
    return piv->history.off_card == 0 && !piv->history.unreadable;
}

static enum err_code write_count(struct piv *piv, size_t count, struct err *err)
{
    const uint8_t on_card = (uint8_t)count;
    const uint8_t off_card = 0;
    AUTO(buf_done) struct buf content = BUF_INIT(CONTENT_BYTES_MAX);
    piv_tlv_add(&content, TAG_ON_CARD, span_of(&on_card, 1));
    piv_tlv_add(&content, TAG_OFF_CARD, span_of(&off_card, 1));
    piv_tlv_add(&content, TAG_CHECK, SPAN_NONE);
    if (piv_object_write(piv, PIV_OBJECT_HISTORY, buf_span(&content), err) != ERR_NONE)
        return err_add(err, "keep the key history right");
    return piv_history_read(piv, err);
}

enum err_code piv_history_write(struct piv *piv, size_t count, struct err *err)
{
    for (int i = 0; i < WRITES_MAX && piv_history_is_ours(piv) && piv->history.on_card != count;
         i++)
        if (write_count(piv, count, err) != ERR_NONE)
            return err->code;
    return ERR_NONE;
}
