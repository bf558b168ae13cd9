#include "token/piv/piv_copy.h"

#include "token/piv/piv_algorithm.h"
#include "token/piv/piv_key.h"
#include "token/piv/piv_metadata.h"
#include "token/piv/piv_slot.h"

static bool same_cert(const struct piv *piv, size_t a, size_t b)
{
    return a != b && piv_slot_is_pair(piv, a) && piv_slot_is_pair(piv, b) &&
           span_equal(span_bytes(piv->slot[a].cert), span_bytes(piv->slot[b].cert));
}

static bool same_key(const struct piv *piv, size_t a, size_t b)
{
    return a != b && piv_slot_is_pair(piv, a) && piv_slot_is_pair(piv, b) &&
           piv_algorithm_same_key(&piv->slot[a].key, &piv->slot[b].key);
}

static bool has_copies(const struct piv *piv)
{
    for (size_t i = 0; i < PIV_SLOTS; i++)
        for (size_t j = i + 1; j < PIV_SLOTS; j++)
            if (same_cert(piv, i, j) || same_key(piv, i, j))
                return true;
    return false;
}

static bool holds(const struct piv_metadata *found, const struct piv_slot *slot)
{
    return found->has_key && piv_algorithm_same_key(&found->key, &slot->key);
}

/* The slot whose key the certificate is of: its own when there is more than one; PIV_SLOTS: none. */
static size_t place_of(const struct piv *piv, const struct piv_metadata found[PIV_SLOTS],
                       size_t slot)
{
    if (holds(&found[slot], &piv->slot[slot]))
        return slot;
    for (size_t i = 0; i < PIV_SLOTS; i++)
        if (holds(&found[i], &piv->slot[slot]))
            return i;
    return PIV_SLOTS;
}

/* A copy of what its key's certificate was, which has been replaced where the key is. */
static void take_stale(struct piv_slot *slot, size_t index, const struct piv_metadata *found)
{
    bool is_free = found->known && !found->has_key;
    piv_slot_forget(slot);
    slot->key_slot = index;
    slot->state = PIV_SLOT_OTHER;
    if (is_free)
        slot->state = index == PIV_SIGNATURE ? PIV_SLOT_EMPTY : PIV_SLOT_OURS_FREE;
}

static void settle(struct piv *piv, const struct piv_metadata found[PIV_SLOTS])
{
    for (size_t i = 0; i < PIV_SLOTS; i++)
        if (piv_slot_is_pair(piv, i))
            piv->slot[i].key_slot = place_of(piv, found, i);
    for (size_t i = 0; i < PIV_SLOTS; i++) {
        bool elsewhere = false, renewed = false;
        for (size_t j = 0; j < PIV_SLOTS; j++) {
            elsewhere |= same_cert(piv, i, j) && piv->slot[j].key_slot == j;
            renewed |= same_key(piv, i, j) && piv->slot[j].key_slot == j;
        }
        if (piv_slot_is_pair(piv, i) && piv->slot[i].key_slot != i && elsewhere)
            piv->slot[i].state = PIV_SLOT_COPY;
        else if (piv_slot_is_pair(piv, i) && piv->slot[i].key_slot != i && renewed)
            take_stale(&piv->slot[i], i, &found[i]);
        else if (piv_slot_is_pair(piv, i) && piv->slot[i].key_slot == PIV_SLOTS)
            piv->slot[i].state = PIV_SLOT_OTHER; /* its key is nowhere */
    }
}

enum err_code piv_copy_settle(struct piv *piv, struct err *err)
{
    struct piv_metadata found[PIV_SLOTS] = {0};
    if (!has_copies(piv))
        return ERR_NONE;
    for (size_t i = 0; i < PIV_SLOTS; i++)
        if (piv_slot_is_pair(piv, i) &&
            piv_metadata_ask(piv, piv_key_reference(i), &found[i], err) != ERR_NONE)
            return err->code;
    if (piv->metadata == PIV_YES)
        settle(piv, found);
    return ERR_NONE;
}
