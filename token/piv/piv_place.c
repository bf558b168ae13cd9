#include "token/piv/piv_place.h"

#include "token/piv/piv_cert.h"
#include "token/piv/piv_history.h"
#include "token/piv/piv_key.h"
#include "token/piv/piv_metadata.h"
#include "token/piv/piv_slot.h"

/* Of a reserved slot: more than a short command holds, about the smallest certificate there is. */
#define ROOM_BYTES_MIN 256
/* By which the next certificate may be longer: its serial number, its signature, its name. */
#define MORE_BYTES 64

static void leave_alone(struct piv *piv, size_t slot)
{
    piv->slot[slot].state = PIV_SLOT_OTHER;
    piv->slot[slot].hides_others = true;
}

/* A slot without a certificate may have another program's key all the same. Only metadata tell; where they
 * could, nothing but their word is good enough. */
static enum err_code check_no_key(struct piv *piv, size_t slot, bool *out_has_key, struct err *err)
{
    struct piv_metadata found;
    if (piv_metadata_ask(piv, piv_key_reference(slot), &found, err) != ERR_NONE)
        return err->code;
    bool unknown = piv->metadata == PIV_YES && !found.known;
    *out_has_key = found.has_key;
    if (unknown || found.has_key)
        leave_alone(piv, slot);
    return ERR_NONE;
}

static bool is_free(const struct piv *piv, size_t slot)
{
    return piv->slot[slot].state == PIV_SLOT_EMPTY || piv->slot[slot].state == PIV_SLOT_OURS_FREE;
}

/* What was found free may have been taken since, by another agent: the metadata tell, else the object does. */
static enum err_code check_free(struct piv *piv, size_t slot, struct err *err)
{
    bool looked = piv->slot[slot].state == PIV_SLOT_UNKNOWN;
    bool has_key = false;
    if (looked && piv_slot_look_again(piv, slot, err) != ERR_NONE)
        return err->code;
    if (!is_free(piv, slot))
        return ERR_NONE;
    if (piv->slot[slot].state == PIV_SLOT_EMPTY &&
        check_no_key(piv, slot, &has_key, err) != ERR_NONE)
        return err->code;
    bool told = piv->slot[slot].state == PIV_SLOT_EMPTY && piv->metadata == PIV_YES;
    if (looked || told || (!has_key && !is_free(piv, slot)))
        return ERR_NONE;
    if (piv_slot_look_again(piv, slot, err) != ERR_NONE)
        return err->code;
    if (has_key && is_free(piv, slot)) /* else it is a pair by now, of a name */
        leave_alone(piv, slot);
    return ERR_NONE;
}

static enum err_code find_free(struct piv *piv, size_t *out, struct err *err)
{
    for (size_t i = 1; i < PIV_SLOTS; i++) {
        if (check_free(piv, i, err) != ERR_NONE)
            return err->code;
        if (is_free(piv, i)) {
            *out = i;
            return ERR_NONE;
        }
    }
    return err_set(err, ERR_TOKEN_CANNOT_REPLACE, "all %d retired slots are taken",
                   PIV_RETIRED_MAX);
}

static bool is_hidden(const struct piv *piv, size_t slot)
{
    for (size_t i = piv->history.on_card + piv->history.off_card + 1; i < slot; i++)
        if (piv->slot[i].hides_others && !piv->history.unreadable)
            return true;
    return false;
}

enum err_code piv_place_claim(struct piv *piv, size_t *out, struct err *err)
{
    size_t slot = 0;
    if (piv_slot_need(piv, err) != ERR_NONE || find_free(piv, &slot, err) != ERR_NONE)
        return err->code;
    if (is_hidden(piv, slot) && !piv_history_is_ours(piv))
        return err_set(err, ERR_TOKEN_CANNOT_REPLACE, "a key in slot %02X would not be found again",
                       piv_key_reference(slot));
    if (is_hidden(piv, slot) && piv_history_write(piv, slot, err) != ERR_NONE)
        return err->code;
    *out = slot;
    return ERR_NONE;
}

enum err_code piv_place_reserve(struct piv *piv, size_t slot, struct err *err)
{
    AUTO(buf_done) struct buf content = BUF_INIT(PIV_CERT_CONTENT_BYTES_MAX);
    const struct bytes *present = piv->slot[PIV_SIGNATURE].cert;
    size_t room = present != NULL && present->len > ROOM_BYTES_MIN ? present->len : ROOM_BYTES_MIN;
    room += MORE_BYTES;
    piv_cert_build(&content, SPAN_NONE, PIV_SLOT_FREE_MARK);
    buf_add_zeros(&content, room);
    return piv_slot_write_object(piv, slot, buf_span(&content), err);
}
