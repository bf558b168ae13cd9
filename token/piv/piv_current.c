#include "token/piv/piv_current.h"

#include <stdio.h>
#include <string.h>

#include "token/piv/piv_algorithm.h"
#include "token/piv/piv_application.h"
#include "token/piv/piv_key.h"
#include "token/piv/piv_metadata.h"
#include "token/piv/piv_slot.h"

static bool same_cert(const struct piv *piv, size_t a, size_t b)
{
    return piv->slot[a].cert != NULL && piv->slot[b].cert != NULL &&
           span_equal(span_bytes(piv->slot[a].cert), span_bytes(piv->slot[b].cert));
}

/* The slot for the key that is in 9C: the one where a copy of its certificate lies already. */
static enum err_code find_place(struct piv *piv, size_t *out, struct err *err)
{
    for (size_t i = 1; i < PIV_SLOTS; i++)
        if (piv->slot[i].state == PIV_SLOT_COPY && same_cert(piv, i, PIV_SIGNATURE)) {
            *out = i;
            return ERR_NONE;
        }
    return piv_slot_claim(piv, out, err);
}

/* The old certificate's name stays; one that had none is named by its new place. */
static enum err_code copy_cert(struct piv *piv, size_t place, struct err *err)
{
    const struct piv_slot *old = &piv->slot[PIV_SIGNATURE];
    char element[PIV_NAME_BYTES_MAX + 1];
    if (same_cert(piv, place, PIV_SIGNATURE))
        return ERR_NONE;
    memcpy(element, old->element, sizeof element);
    if (element[0] == '\0')
        snprintf(element, sizeof element, "kept-%02X", piv_key_reference(place));
    AUTO(bytes_freep) struct bytes *der = bytes_new(span_bytes(old->cert));
    return piv_slot_write(piv, place, span_bytes(der), element, err);
}

/* A card that can't move keys after all keeps no copy of the certificate either. */
static enum err_code move_away(struct piv *piv, size_t place, struct err *err)
{
    enum err_code code = piv_key_move(piv, PIV_SIGNATURE, place, err);
    struct err ignored = ERR_INIT;
    if (code == ERR_TOKEN_NOT_SUPPORTED && piv_slot_clear(piv, place, &ignored) != ERR_NONE)
        return err_add(err, "%s", ignored.detail);
    return code;
}

/* Brings the key in 9C to a retired slot; there may be none when this was interrupted before. */
static enum err_code make_room(struct piv *piv, struct err *err)
{
    struct piv_metadata present;
    size_t place;
    if (piv_metadata_read(piv, piv_key_reference(PIV_SIGNATURE), &present, err) != ERR_NONE)
        return err->code;
    if (!present.known)
        return err_set(err, ERR_TOKEN_NOT_SUPPORTED, "the card does not tell what is in 9C");
    if (!present.has_key)
        return ERR_NONE;
    if (piv->slot[PIV_SIGNATURE].cert == NULL)
        return err_set(err, ERR_TOKEN_NOT_SUPPORTED, "the key in 9C would be without certificate");
    if (find_place(piv, &place, err) != ERR_NONE)
        return err->code;
    bool may_hold_a_key = piv->slot[place].state == PIV_SLOT_OURS_FREE;
    if ((may_hold_a_key && piv_key_delete(piv, place, err) != ERR_NONE) ||
        copy_cert(piv, place, err) != ERR_NONE)
        return err->code;
    if (move_away(piv, place, err) != ERR_NONE)
        return err->code;
    piv->slot[place].state = PIV_SLOT_PAIR;
    piv->slot[place].key_slot = place;
    return ERR_NONE;
}

/* Certificates whose keys have gone to 9C. */
static enum err_code clear_copies(struct piv *piv, struct err *err)
{
    for (size_t i = 1; i < PIV_SLOTS; i++) {
        const struct piv_slot *slot = &piv->slot[i];
        bool gone = slot->state == PIV_SLOT_COPY || slot->key_slot == PIV_SIGNATURE;
        if (gone && same_cert(piv, i, PIV_SIGNATURE) && piv_slot_clear(piv, i, err) != ERR_NONE)
            return err->code;
    }
    return ERR_NONE;
}

/* The certificate is in 9C before the key comes: at no instant lies another one beside it there. */
static enum err_code move_to_signature(struct piv *piv, size_t slot, struct err *err)
{
    struct piv_slot *found = &piv->slot[slot];
    bool elsewhere = found->key_slot != PIV_SIGNATURE;
    AUTO(bytes_freep) struct bytes *der = bytes_new(span_bytes(found->cert));
    char element[PIV_NAME_BYTES_MAX + 1];
    memcpy(element, found->element, sizeof element);
    if (elsewhere && make_room(piv, err) != ERR_NONE)
        return err->code;
    if (!same_cert(piv, slot, PIV_SIGNATURE) &&
        piv_slot_write(piv, PIV_SIGNATURE, span_bytes(der), element, err) != ERR_NONE)
        return err->code;
    if (elsewhere && piv_key_move(piv, slot, PIV_SIGNATURE, err) != ERR_NONE)
        return err->code;
    found->key_slot = PIV_SIGNATURE;
    piv->slot[PIV_SIGNATURE].state = PIV_SLOT_PAIR;
    piv->slot[PIV_SIGNATURE].key_slot = PIV_SIGNATURE;
    return ERR_NONE;
}

static bool has_copies(const struct piv *piv)
{
    for (size_t i = 0; i < PIV_SLOTS; i++)
        if (piv->slot[i].state == PIV_SLOT_COPY)
            return true;
    return false;
}

/* A certificate in 9C that can't be read could not be kept either. */
static bool is_ours_to_replace(const struct piv *piv)
{
    const struct piv_slot *present = &piv->slot[PIV_SIGNATURE];
    return present->state == PIV_SLOT_EMPTY || present->cert != NULL;
}

/* Without metadata nothing would tell which keys are where when the switch is broken off. */
static enum err_code ask_can_move(struct piv *piv, bool *out, struct err *err)
{
    struct piv_metadata ignored;
    bool has_move;
    if (piv_application_has_move(piv, &has_move, err) != ERR_NONE ||
        (has_move && piv->metadata == PIV_NOT_ASKED &&
         piv_metadata_read(piv, PIV_REFERENCE_PIN, &ignored, err) != ERR_NONE))
        return err->code;
    *out = has_move && piv->metadata == PIV_YES && is_ours_to_replace(piv);
    return ERR_NONE;
}

/* Its version promised it, and the card knows no such command: the newest certificate is the switch. */
static enum err_code move_if_it_can(struct piv *piv, size_t slot, bool *can_move, struct err *err)
{
    struct err refusal = ERR_INIT;
    enum err_code code = move_to_signature(piv, slot, &refusal);
    if (code == ERR_TOKEN_NOT_SUPPORTED) {
        piv->move = PIV_NO;
        *can_move = false;
        return piv_slot_scan(piv, err);
    }
    *err = refusal;
    return code == ERR_NONE ? ERR_NONE : err_add(err, "bring the new key to slot 9C");
}

static enum err_code put_in_place(struct piv *piv, size_t slot, struct err *err)
{
    bool can_move = false;
    if ((slot != PIV_SIGNATURE || has_copies(piv)) && ask_can_move(piv, &can_move, err) != ERR_NONE)
        return err->code;
    if (can_move && slot != PIV_SIGNATURE && move_if_it_can(piv, slot, &can_move, err) != ERR_NONE)
        return err->code;
    if (piv_slot_write_history(piv, err) != ERR_NONE)
        return err->code;
    return can_move ? clear_copies(piv, err) : ERR_NONE;
}

enum err_code piv_current_make(struct piv *piv, const char *pair, struct err *err)
{
    size_t slot;
    if (piv_slot_find(piv, pair, &slot, err) != ERR_NONE)
        return err->code;
    if (piv->slot[slot].is_placeholder)
        return err_set(err, ERR_TOKEN_NO_CERTIFICATE, "the pair has no certificate yet");
    enum err_code code = put_in_place(piv, slot, err);
    if (code != ERR_NONE)
        piv->slots_known = false; /* where it broke off the card tells */
    return code;
}
