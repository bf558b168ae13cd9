#include "token/piv/piv_guard.h"

#include <stdio.h>
#include <string.h>

#include "token/piv/piv_key.h"
#include "token/piv/piv_place.h"
#include "token/piv/piv_slot.h"

#define PREFIX PIV_GUARD_PREFIX
#define NAME_BYTES_MAX (PIV_NAME_BYTES_MAX + 1 - sizeof "guard-9C:")
#define FRAME_BYTES (PIV_NAME_BYTES_MAX + 32) /* around a certificate in PUT DATA, with its name */

static void name_guard(const struct piv *piv, size_t slot, char out[PIV_NAME_BYTES_MAX + 1])
{
    const char *name = piv->slot[slot].element;
    bool fits = name[0] != '\0' && strlen(name) <= NAME_BYTES_MAX;
    snprintf(out, PIV_NAME_BYTES_MAX + 1, PREFIX "%02X%s%.*s", piv_key_reference(slot),
             fits ? ":" : "", fits ? (int)NAME_BYTES_MAX : 0, name);
}

/* The name behind the slot that the guard stands for, "" when it had none; NULL: it is no guard of it. */
static const char *guarded_name(const struct piv *piv, size_t guard, size_t slot)
{
    char prefix[sizeof "guard-9C"];
    const struct piv_slot *found = &piv->slot[guard];
    snprintf(prefix, sizeof prefix, PREFIX "%02X", piv_key_reference(slot));
    if (guard == slot || found->cert == NULL ||
        strncmp(found->element, prefix, strlen(prefix)) != 0)
        return NULL;
    const char *rest = found->element + strlen(prefix);
    if (rest[0] != '\0' && rest[0] != ':')
        return NULL;
    return rest[0] == ':' ? rest + 1 : rest;
}

/* ---- afterwards ---- */

static void restore(struct piv_slot *slot, const struct piv_slot *guard, const char *name)
{
    slot->state = PIV_SLOT_PAIR;
    slot->is_cut_off = false;
    slot->is_restored = true;
    slot->cert = bytes_new(span_bytes(guard->cert));
    slot->is_placeholder = guard->is_placeholder;
    slot->key = guard->key;
    snprintf(slot->element, sizeof slot->element, "%s", name);
}

static void settle(struct piv *piv, size_t guard, size_t slot, const char *name)
{
    struct piv_slot *lost = &piv->slot[slot];
    struct piv_slot *keeper = &piv->slot[guard];
    bool is_whole = lost->state == PIV_SLOT_PAIR && !lost->is_restored;
    keeper->state = is_whole ? PIV_SLOT_OURS_FREE : PIV_SLOT_COPY;
    if (lost->is_cut_off)
        restore(lost, keeper, name);
    if (is_whole)
        bytes_freep(&keeper->cert);
}

void piv_guard_settle(struct piv *piv)
{
    for (size_t guard = 1; guard < PIV_SLOTS; guard++)
        for (size_t slot = 0; slot < PIV_SLOTS; slot++) {
            const char *name = guarded_name(piv, guard, slot);
            if (name != NULL)
                settle(piv, guard, slot, name);
        }
}

/* ---- writing ---- */

/* Where the metadata tell the key of a retired slot, its name and that key are all that a half certificate lacks. */
static bool needs_guard(const struct piv *piv, size_t slot, struct span der)
{
    return !piv_in_one_piece(piv, der.len + FRAME_BYTES) && piv->slot[slot].cert != NULL &&
           (slot == PIV_SIGNATURE || piv->metadata != PIV_YES);
}

static enum err_code put_guard(struct piv *piv, size_t slot, size_t *out_place, struct err *err)
{
    char element[PIV_NAME_BYTES_MAX + 1];
    AUTO(bytes_freep) struct bytes *der = bytes_new(span_bytes(piv->slot[slot].cert));
    size_t place = 0;
    name_guard(piv, slot, element);
    for (size_t i = 1; i < PIV_SLOTS; i++)
        if (guarded_name(piv, i, slot) != NULL)
            place = i;
    if ((place == 0 && piv_place_claim(piv, &place, err) != ERR_NONE) ||
        piv_slot_ensure(piv, place, span_bytes(der), element, err) != ERR_NONE)
        return err->code;
    *out_place = place;
    return ERR_NONE;
}

enum err_code piv_guard_write(struct piv *piv, size_t slot, struct span der, struct err *err)
{
    char element[PIV_NAME_BYTES_MAX + 1];
    struct err failure = ERR_INIT;
    size_t place = 0;
    memcpy(element, piv->slot[slot].element, sizeof element);
    enum err_code code =
        needs_guard(piv, slot, der) ? put_guard(piv, slot, &place, &failure) : ERR_NONE;
    if (piv_line_failed(code) || code == ERR_TOKEN_LOGIN_LOST || code == ERR_TOKEN_COMMANDS_SHORT) {
        *err = failure;
        return err_add(err, "keep the present certificate meanwhile");
    }
    if (piv_slot_write(piv, slot, der, element, err) != ERR_NONE)
        return err->code;
    if (place == 0)
        return ERR_NONE;
    if (piv_slot_ensure(piv, slot, der, element, err) != ERR_NONE)
        return err_add(err, "look at the new certificate before the former one goes");
    return piv_slot_clear(piv, place, err);
}

enum err_code piv_guard_repair(struct piv *piv, size_t slot, struct err *err)
{
    if (!piv->slot[slot].is_restored)
        return ERR_NONE;
    AUTO(bytes_freep) struct bytes *der = bytes_new(span_bytes(piv->slot[slot].cert));
    return piv_guard_write(piv, slot, span_bytes(der), err);
}
