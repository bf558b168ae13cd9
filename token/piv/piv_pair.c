#include "token/piv/piv_pair.h"

#include <string.h>

#include "token/piv/piv_application.h"
#include "token/piv/piv_guard.h"
#include "token/piv/piv_key.h"
#include "token/piv/piv_place.h"
#include "token/piv/piv_slot.h"
#include "token/piv/piv_x509.h"

/* Retired slots are where other software leaves decryption keys, whose certificates may be newer than the one in use:
 * what we put there has a name. */
static bool is_listed(const struct piv *piv, size_t index)
{
    const struct piv_slot *slot = &piv->slot[index];
    return slot->state == PIV_SLOT_PAIR && (index == PIV_SIGNATURE || slot->element[0] != '\0');
}

enum err_code piv_pair_read_all(struct piv *piv, struct token_pairs **out, struct err *err)
{
    if (piv_slot_scan(piv, err) != ERR_NONE)
        return err->code;
    AUTO(token_pairs_freep)
    struct token_pairs *pairs = memory_new(sizeof *pairs + PIV_SLOTS * sizeof(struct token_pair));
    for (size_t i = 0; i < PIV_SLOTS; i++) {
        const struct piv_slot *slot = &piv->slot[i];
        if (!is_listed(piv, i))
            continue;
        struct token_pair *pair = &pairs->pairs[pairs->count++];
        memcpy(pair->name, slot->name, sizeof slot->name);
        pair->algorithm = slot->key.algorithm;
        pair->has_sign_key = slot->key.algorithm != TOKEN_ALGORITHM_NONE || slot->cert == NULL;
        if (slot->cert != NULL && !slot->is_placeholder)
            pair->sign_cert = bytes_new(span_bytes(slot->cert));
    }
    *out = TAKE(pairs);
    return ERR_NONE;
}

static enum err_code take_cert(const struct piv *piv, size_t slot, struct bytes **out,
                               struct err *err)
{
    const struct piv_slot *found = &piv->slot[slot];
    if (found->cert == NULL || found->is_placeholder)
        return err_set(err, ERR_TOKEN_NO_CERTIFICATE, "slot %02X has no certificate",
                       piv_key_reference(slot));
    *out = bytes_new(span_bytes(found->cert));
    return ERR_NONE;
}

/* Its writing broke off: what it was the other slots or the metadata tell. */
static enum err_code read_cut_off(struct piv *piv, const char *pair, struct bytes **out,
                                  struct err *err)
{
    size_t slot;
    if (piv_slot_scan(piv, err) != ERR_NONE || piv_slot_find(piv, pair, &slot, err) != ERR_NONE)
        return err->code;
    return take_cert(piv, slot, out, err);
}

enum err_code piv_pair_read_cert(struct piv *piv, const char *pair, enum token_slot slot,
                                 struct bytes **out, struct err *err)
{
    size_t index;
    if (slot != TOKEN_SIGN)
        return err_set(err, ERR_TOKEN_NO_CERTIFICATE, "a PIV pair has one certificate");
    if (piv_slot_find(piv, pair, &index, err) != ERR_NONE)
        return err->code;
    struct piv_slot *found = &piv->slot[index];
    char name[sizeof found->name];
    memcpy(name, found->name, sizeof name);
    size_t key_slot = found->key_slot;
    if (piv_slot_read(piv, index, err) != ERR_NONE)
        return err->code;
    if (found->is_cut_off)
        return read_cut_off(piv, name, out, err);
    memcpy(found->name, name, sizeof name);
    found->key_slot = key_slot;
    piv->slots_known = found->cert != NULL; /* a pair that is gone all at once is looked for anew */
    if (found->cert == NULL && piv_application_check(piv, err) != ERR_NONE)
        return err->code;
    return take_cert(piv, index, out, err);
}

enum err_code piv_pair_read_public(struct piv *piv, const char *pair, enum token_slot slot,
                                   struct token_public_key *out, struct err *err)
{
    size_t index;
    if (slot != TOKEN_SIGN)
        return err_set(err, ERR_TOKEN_NO_KEY, "a PIV pair has no encryption key");
    if (piv_slot_find(piv, pair, &index, err) != ERR_NONE)
        return err->code;
    if (piv->slot[index].key.algorithm == TOKEN_ALGORITHM_NONE)
        return err_set(err, ERR_TOKEN_NO_KEY, "the key in slot %02X is of an unknown kind",
                       piv_key_reference(index));
    *out = piv->slot[index].key;
    return ERR_NONE;
}

/* ---- a new one ---- */

static enum err_code check_name(const char *pair, struct err *err)
{
    if (strlen(pair) > PIV_NAME_BYTES_MAX || strlen(pair) < 3 || strchr(pair, ' ') != NULL)
        return err_set(err, ERR_FIELD_VALUE, "a pair's name of %zu bytes, 3 to %d without spaces",
                       strlen(pair), PIV_NAME_BYTES_MAX);
    return ERR_NONE;
}

static enum err_code check_is_new(const struct piv *piv, const char *pair, struct err *err)
{
    for (size_t i = 0; i < PIV_SLOTS; i++)
        if (strcmp(piv->slot[i].element, pair) == 0)
            return err_set(err, ERR_TOKEN_EXISTS, "slot %02X has a pair of this name",
                           piv_key_reference(i));
    return ERR_NONE;
}

/* No key was made: what was written for it is taken back. */
static void give_slot_back(struct piv *piv, size_t slot, struct err *err)
{
    struct err failure = ERR_INIT;
    if (piv_slot_clear(piv, slot, &failure) != ERR_NONE ||
        piv_slot_write_history(piv, &failure) != ERR_NONE)
        err_add(err, "%s", failure.detail);
}

/* The manager is logged in, for the mark was just written: whatever the card refuses now, it makes no key there. */
static enum err_code make_key(struct piv *piv, size_t slot, enum token_algorithm algorithm,
                              struct token_public_key *out, struct err *err)
{
    enum err_code code = piv_place_reserve(piv, slot, err);
    if (code == ERR_TOKEN_NO_SPACE)
        err->code = ERR_TOKEN_CANNOT_REPLACE;
    if (code != ERR_NONE)
        return err->code;
    code = piv_key_generate(piv, slot, algorithm, out, err);
    if (code == ERR_TOKEN_CANNOT_REPLACE)
        give_slot_back(piv, slot, err);
    return code;
}

enum err_code piv_pair_create(struct piv *piv, const char *pair, enum token_algorithm algorithm,
                              struct token_public_key *out, struct err *err)
{
    AUTO(buf_done) struct buf cert = BUF_INIT(PIV_X509_PLACEHOLDER_BYTES_MAX);
    struct token_public_key key;
    size_t slot;
    if (check_name(pair, err) != ERR_NONE || piv_slot_need(piv, err) != ERR_NONE ||
        check_is_new(piv, pair, err) != ERR_NONE || piv_place_claim(piv, &slot, err) != ERR_NONE ||
        check_is_new(piv, pair, err) != ERR_NONE ||
        make_key(piv, slot, algorithm, &key, err) != ERR_NONE)
        return err->code;
    piv_x509_placeholder(&key, &cert);
    if (piv_slot_write(piv, slot, buf_span(&cert), pair, err) != ERR_NONE)
        return err->code;
    *out = key;
    return ERR_NONE;
}

/* ---- changing ---- */

enum err_code piv_pair_write_cert(struct piv *piv, const char *pair, enum token_slot slot,
                                  struct span der, struct err *err)
{
    size_t index;
    if (slot != TOKEN_SIGN)
        return err_set(err, ERR_TOKEN_NOT_SUPPORTED, "a PIV pair has one certificate");
    enum err_code code = piv_slot_find(piv, pair, &index, err);
    if (code == ERR_TOKEN_NO_CONTAINER)
        err->code = ERR_TOKEN_NO_KEY;
    if (code != ERR_NONE)
        return err->code;
    return piv_guard_write(piv, index, der, err);
}

/* The certificate goes before its key: at no instant is one listed whose key is gone. */
static enum err_code free_slot(struct piv *piv, size_t slot, struct err *err)
{
    bool can_delete;
    if (piv_application_has_move(piv, &can_delete, err) != ERR_NONE ||
        piv_slot_write(piv, slot, SPAN_NONE, PIV_SLOT_FREE_MARK, err) != ERR_NONE ||
        piv_slot_write_history(piv, err) != ERR_NONE)
        return err->code;
    if (!can_delete)
        return ERR_NONE;
    enum err_code code = piv_key_delete(piv, slot, err);
    if (code == ERR_TOKEN_NOT_SUPPORTED) { /* its version promised it */
        piv->move = PIV_NO;
        *err = ERR_INIT;
        return ERR_NONE;
    }
    return code == ERR_NONE ? piv_slot_clear(piv, slot, err) : code;
}

enum err_code piv_pair_delete(struct piv *piv, const char *pair, struct err *err)
{
    size_t slot;
    if (piv_slot_find(piv, pair, &slot, err) != ERR_NONE)
        return err->code;
    const struct piv_slot *found = &piv->slot[slot];
    if (slot == PIV_SIGNATURE || found->element[0] == '\0' || found->key_slot != slot)
        return err_set(err, ERR_TOKEN_NOT_SUPPORTED, "the pair in slot %02X is not ours to delete",
                       piv_key_reference(slot));
    if (free_slot(piv, slot, err) != ERR_NONE)
        return err_add(err, "delete the pair in slot %02X", piv_key_reference(slot));
    return ERR_NONE;
}

enum err_code piv_pair_sign(struct piv *piv, const char *pair, struct span input,
                            struct bytes **out, struct err *err)
{
    size_t slot;
    if (piv_slot_find(piv, pair, &slot, err) != ERR_NONE)
        return err->code;
    const struct piv_slot *found = &piv->slot[slot];
    if (found->key.algorithm == TOKEN_ALGORITHM_NONE)
        return err_set(err, ERR_TOKEN_NO_KEY, "the key in slot %02X is of an unknown kind",
                       piv_key_reference(slot));
    return piv_key_sign(piv, found->key_slot, found->key.algorithm, input, out, err);
}
