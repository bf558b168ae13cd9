#include "token/piv/piv_current.h"

#include <stdio.h>
#include <string.h>

#include "token/piv/piv_algorithm.h"
#include "token/piv/piv_application.h"
#include "token/piv/piv_guard.h"
#include "token/piv/piv_key.h"
#include "token/piv/piv_metadata.h"
#include "token/piv/piv_place.h"
#include "token/piv/piv_slot.h"

static bool same_cert(const struct piv *piv, size_t a, size_t b)
{
    return piv->slot[a].cert != NULL && piv->slot[b].cert != NULL &&
           span_equal(span_bytes(piv->slot[a].cert), span_bytes(piv->slot[b].cert));
}

/* ---- what the card says of its keys, asked each time ---- */

static enum err_code ask_key(struct piv *piv, size_t slot, struct piv_metadata *out,
                             struct err *err)
{
    if (piv_metadata_read(piv, piv_key_reference(slot), out, err) != ERR_NONE)
        return err->code;
    if (!out->known)
        return err_set(err, ERR_TOKEN_STATUS, "the card does not tell which key is in slot %02X",
                       piv_key_reference(slot));
    return ERR_NONE;
}

/* key: NULL: none. */
static enum err_code check_key(struct piv *piv, size_t slot, const struct token_public_key *key,
                               struct err *err)
{
    struct piv_metadata found;
    if (ask_key(piv, slot, &found, err) != ERR_NONE)
        return err->code;
    bool good =
        key == NULL ? !found.has_key : found.has_key && piv_algorithm_same_key(&found.key, key);
    if (!good)
        return err_set(err, ERR_TOKEN_STATUS, "slot %02X does not have the key that it should",
                       piv_key_reference(slot));
    return ERR_NONE;
}

/* Cards are not believed that say that they have moved a key. */
static enum err_code move_key(struct piv *piv, size_t from, size_t to,
                              const struct token_public_key *key, struct err *err)
{
    if (check_key(piv, to, NULL, err) != ERR_NONE || piv_key_move(piv, from, to, err) != ERR_NONE ||
        check_key(piv, from, NULL, err) != ERR_NONE || check_key(piv, to, key, err) != ERR_NONE)
        return err_add(err, "move a key");
    return ERR_NONE;
}

/* ---- the pair that is in 9C ---- */

/* A pair's certificate outside of its slot. */
struct keepsake {
    struct bytes *der;
    char element[PIV_NAME_BYTES_MAX + 1];
};

static void keepsake_done(struct keepsake *kept)
{
    bytes_freep(&kept->der);
}

static struct keepsake keepsake_of(const struct piv_slot *slot)
{
    struct keepsake kept = {.der = bytes_new(span_bytes(slot->cert))};
    memcpy(kept.element, slot->element, sizeof kept.element);
    return kept;
}

/* A free slot for the certificate that is in 9C; one that had no name is named by its new place. */
static enum err_code copy_cert(struct piv *piv, size_t *out_place, struct err *err)
{
    size_t place;
    if (piv_place_claim(piv, &place, err) != ERR_NONE)
        return err->code;
    bool may_hold_a_key = piv->slot[place].state == PIV_SLOT_OURS_FREE;
    if (may_hold_a_key && piv_key_delete(piv, place, err) != ERR_NONE)
        return err->code;
    AUTO(keepsake_done) struct keepsake old = keepsake_of(&piv->slot[PIV_SIGNATURE]);
    if (old.element[0] == '\0')
        snprintf(old.element, sizeof old.element, PIV_SLOT_KEPT "%02X", piv_key_reference(place));
    if (piv_slot_ensure(piv, place, span_bytes(old.der), old.element, err) != ERR_NONE)
        return err->code;
    *out_place = place;
    return ERR_NONE;
}

/* The slot for the key that is in 9C: where its certificate lies already, else one to which it is copied. */
static enum err_code find_place(struct piv *piv, const struct token_public_key *key, size_t *out,
                                bool *out_copied, struct err *err)
{
    *out_copied = false;
    for (size_t i = 1; i < PIV_SLOTS; i++) {
        const struct piv_slot *slot = &piv->slot[i];
        bool waits = slot->state == PIV_SLOT_COPY || slot->key_slot == PIV_SIGNATURE;
        if (waits && slot->cert != NULL && piv_algorithm_same_key(&slot->key, key)) {
            *out = i;
            return ERR_NONE;
        }
    }
    const struct piv_slot *present = &piv->slot[PIV_SIGNATURE];
    if (present->cert == NULL || !piv_algorithm_same_key(&present->key, key))
        return err_set(err, ERR_TOKEN_NOT_SUPPORTED, "the key in 9C would be without certificate");
    *out_copied = true;
    return copy_cert(piv, out, err);
}

/* Its certificate lies there before the key comes, and still does afterwards: some cards move it along. */
static enum err_code move_away(struct piv *piv, const struct token_public_key *key, struct err *err)
{
    size_t place;
    bool copied;
    if (find_place(piv, key, &place, &copied, err) != ERR_NONE)
        return err->code;
    AUTO(keepsake_done) struct keepsake old = keepsake_of(&piv->slot[place]);
    if (piv_slot_ensure(piv, place, span_bytes(old.der), old.element, err) != ERR_NONE)
        return err->code;
    enum err_code code = move_key(piv, PIV_SIGNATURE, place, key, err);
    struct err ignored = ERR_INIT;
    if (code == ERR_TOKEN_NOT_SUPPORTED && copied &&
        piv_slot_clear(piv, place, &ignored) != ERR_NONE)
        return err_add(err, "%s", ignored.detail);
    if (code != ERR_NONE ||
        piv_slot_ensure(piv, place, span_bytes(old.der), old.element, err) != ERR_NONE)
        return err->code;
    piv->slot[place].state = PIV_SLOT_PAIR;
    piv->slot[place].key_slot = place;
    return ERR_NONE;
}

/* Its key is gone, by the card's word: the certificate is overwritten only where another slot has it too. */
static enum err_code keep_cert(struct piv *piv, size_t slot, struct err *err)
{
    size_t ignored;
    const struct piv_slot *present = &piv->slot[PIV_SIGNATURE];
    if (present->cert == NULL || same_cert(piv, slot, PIV_SIGNATURE))
        return ERR_NONE;
    for (size_t i = 1; i < PIV_SLOTS; i++)
        if (same_cert(piv, i, PIV_SIGNATURE)) {
            AUTO(keepsake_done) struct keepsake old = keepsake_of(&piv->slot[i]);
            return piv_slot_ensure(piv, i, span_bytes(old.der), old.element, err);
        }
    return copy_cert(piv, &ignored, err);
}

/* Brings the key in 9C to a retired slot; there may be none when this was interrupted before. */
static enum err_code make_room(struct piv *piv, size_t slot, struct err *err)
{
    struct piv_metadata present;
    if (piv_metadata_read(piv, piv_key_reference(PIV_SIGNATURE), &present, err) != ERR_NONE)
        return err->code;
    if (!present.known)
        return err_set(err, ERR_TOKEN_NOT_SUPPORTED, "the card does not tell what is in 9C");
    return present.has_key ? move_away(piv, &present.key, err) : keep_cert(piv, slot, err);
}

/* ---- the new one ---- */

/* The certificate is in 9C before the key comes: at no instant lies another one beside it there. */
static enum err_code move_to_signature(struct piv *piv, size_t slot, struct err *err)
{
    struct piv_slot *found = &piv->slot[slot];
    bool elsewhere = found->key_slot != PIV_SIGNATURE;
    struct token_public_key key = found->key;
    size_t from = found->key_slot;
    AUTO(keepsake_done) struct keepsake new = keepsake_of(found);
    if (elsewhere && make_room(piv, slot, err) != ERR_NONE)
        return err->code;
    if (piv_slot_ensure(piv, PIV_SIGNATURE, span_bytes(new.der), new.element, err) != ERR_NONE ||
        (elsewhere && move_key(piv, from, PIV_SIGNATURE, &key, err) != ERR_NONE))
        return err->code;
    found->key_slot = PIV_SIGNATURE;
    piv->slot[PIV_SIGNATURE].state = PIV_SLOT_PAIR;
    piv->slot[PIV_SIGNATURE].key_slot = PIV_SIGNATURE;
    return ERR_NONE;
}

/* Certificates whose keys have gone to 9C. That it has both is looked at before the others go. */
static enum err_code clear_copies(struct piv *piv, struct err *err)
{
    AUTO(keepsake_done) struct keepsake present = keepsake_of(&piv->slot[PIV_SIGNATURE]);
    struct token_public_key key = piv->slot[PIV_SIGNATURE].key;
    if (check_key(piv, PIV_SIGNATURE, &key, err) != ERR_NONE ||
        piv_slot_ensure(piv, PIV_SIGNATURE, span_bytes(present.der), present.element, err) !=
            ERR_NONE)
        return err_add(err, "look at 9C before its copies go");
    for (size_t i = 1; i < PIV_SLOTS; i++) {
        const struct piv_slot *slot = &piv->slot[i];
        bool gone = slot->state == PIV_SLOT_COPY || slot->key_slot == PIV_SIGNATURE;
        if (gone && same_cert(piv, i, PIV_SIGNATURE) && piv_slot_clear(piv, i, err) != ERR_NONE)
            return err->code;
    }
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
    enum err_code code = piv_guard_repair(piv, PIV_SIGNATURE, err);
    if (code == ERR_NONE)
        code = put_in_place(piv, slot, err);
    if (code != ERR_NONE)
        piv->slots_known = false; /* where it broke off the card tells */
    return code;
}
