#include "token/piv/piv_slot.h"

#include <stdio.h>
#include <string.h>

#include "token/piv/piv_cert.h"
#include "token/piv/piv_copy.h"
#include "token/piv/piv_guard.h"
#include "token/piv/piv_history.h"
#include "token/piv/piv_key.h"
#include "token/piv/piv_metadata.h"
#include "token/piv/piv_object.h"
#include "token/piv/piv_x509.h"

#define STATUS_SECURITY 0x6982
#define STATUS_CONDITIONS 0x6985

uint32_t piv_slot_object(size_t slot)
{
    return slot == PIV_SIGNATURE ? PIV_OBJECT_SIGNATURE : PIV_OBJECT_RETIRED + (uint32_t)slot - 1;
}

/* ---- what is in a slot ---- */

void piv_slot_forget(struct piv_slot *slot)
{
    bytes_free(slot->cert);
    *slot = (struct piv_slot){.state = PIV_SLOT_UNKNOWN, .pin_always = slot->pin_always};
}

/* Some cards write long objects block by block. One in a retired slot that begins with a name is ours. A guard that is
 * not whole guards nothing: what it stands for was not touched yet. */
static void take_cut_off(struct piv_slot *slot, struct span content)
{
    piv_cert_first_name(content, slot->element);
    bool is_mark = strcmp(slot->element, PIV_SLOT_FREE_MARK) == 0 ||
                   strncmp(slot->element, PIV_GUARD_PREFIX, strlen(PIV_GUARD_PREFIX)) == 0;
    slot->state = is_mark ? PIV_SLOT_OURS_FREE : PIV_SLOT_OTHER;
    slot->is_cut_off = !is_mark;
    slot->is_placeholder = piv_x509_begins_placeholder(content);
}

/* content: of the certificate object, empty when there is none. */
static void take(struct piv *piv, size_t index, struct span content)
{
    AUTO(piv_cert_done) struct piv_cert cert = {NULL};
    struct piv_slot *slot = &piv->slot[index];
    piv_slot_forget(slot);
    slot->key_slot = index;
    slot->state = content.len == 0 ? PIV_SLOT_EMPTY : PIV_SLOT_OTHER;
    if (piv_cert_is_cut_off(content)) {
        take_cut_off(slot, content);
        return;
    }
    if (content.len == 0 || !piv_cert_parse(content, &cert))
        return;
    memcpy(slot->element, cert.element, sizeof slot->element);
    if (cert.der == NULL && strcmp(cert.element, PIV_SLOT_FREE_MARK) == 0)
        slot->state = PIV_SLOT_OURS_FREE;
    if (cert.der == NULL)
        return;
    slot->state = PIV_SLOT_PAIR;
    slot->cert = TAKE(cert.der);
    slot->is_placeholder = piv_x509_is_placeholder(span_bytes(slot->cert));
    if (!piv_x509_public_key(span_bytes(slot->cert), &slot->key))
        slot->key = (struct token_public_key){.algorithm = TOKEN_ALGORITHM_NONE};
}

/* The key is there, and its certificate is not yet: as if the placeholder still were. */
static void take_key(struct piv_slot *slot, const struct token_public_key *key)
{
    AUTO(buf_done) struct buf placeholder = BUF_INIT(PIV_X509_PLACEHOLDER_BYTES_MAX);
    piv_x509_placeholder(key, &placeholder);
    slot->state = PIV_SLOT_PAIR;
    slot->cert = buf_bytes(&placeholder);
    slot->is_placeholder = true;
    slot->key = *key;
}

/* Before its placeholder is written to the end nobody asks for a key's certificate. */
static bool is_of_nobody(const struct piv *piv, size_t slot, const struct piv_metadata *found)
{
    if (piv->metadata == PIV_NO)
        return slot != PIV_SIGNATURE && piv->slot[slot].is_placeholder;
    return found->known && !found->has_key;
}

/* What no copy tells of an object whose writing broke off the metadata may: whether there is a key, and which. */
static enum err_code settle_cut_off(struct piv *piv, size_t index, struct err *err)
{
    struct piv_slot *slot = &piv->slot[index];
    struct piv_metadata found;
    if (!slot->is_cut_off || (index != PIV_SIGNATURE && slot->element[0] == '\0'))
        return ERR_NONE;
    if (piv_metadata_ask(piv, piv_key_reference(index), &found, err) != ERR_NONE)
        return err->code;
    if (is_of_nobody(piv, index, &found)) {
        slot->state = index == PIV_SIGNATURE ? PIV_SLOT_EMPTY : PIV_SLOT_OURS_FREE;
        slot->element[0] = '\0';
    } else if (found.known && found.key.algorithm != TOKEN_ALGORITHM_NONE) {
        take_key(slot, &found.key);
    }
    slot->is_cut_off = slot->state == PIV_SLOT_OTHER;
    return ERR_NONE;
}

/* A retired slot whose object can't be read is nobody's, and no more. But without knowing what is in 9C nothing
 * says which pair is in use, unless the card says that it is not to be known. */
static bool is_a_failure(size_t slot, const struct piv_object *object)
{
    return slot == PIV_SIGNATURE && object->unread.code != ERR_NONE && object->cut_off == NULL &&
           object->unread.foreign != STATUS_SECURITY && object->unread.foreign != STATUS_CONDITIONS;
}

enum err_code piv_slot_read(struct piv *piv, size_t slot, struct err *err)
{
    AUTO(piv_object_done) struct piv_object object = {NULL};
    if (piv_object_look(piv, piv_slot_object(slot), &object, err) != ERR_NONE)
        return err_add(err, "read slot %02X", piv_key_reference(slot));
    if (is_a_failure(slot, &object)) {
        *err = object.unread;
        return err_add(err, "read slot %02X", piv_key_reference(slot));
    }
    take(piv, slot, span_bytes(object.content));
    if (object.unread.code != ERR_NONE)
        piv->slot[slot].state = PIV_SLOT_OTHER;
    if (object.cut_off != NULL)
        take_cut_off(&piv->slot[slot], span_bytes(object.cut_off));
    return ERR_NONE;
}

/* ---- names ---- */

bool piv_slot_is_pair(const struct piv *piv, size_t slot)
{
    return piv->slot[slot].state == PIV_SLOT_PAIR;
}

static bool is_unique(const struct piv *piv, size_t slot)
{
    for (size_t i = 0; i < PIV_SLOTS; i++)
        if (i != slot && piv_slot_is_pair(piv, i) &&
            strcmp(piv->slot[i].element, piv->slot[slot].element) == 0)
            return false;
    return true;
}

static void name_all(struct piv *piv)
{
    for (size_t i = 0; i < PIV_SLOTS; i++) {
        struct piv_slot *slot = &piv->slot[i];
        if (slot->element[0] != '\0' && is_unique(piv, i))
            memcpy(slot->name, slot->element, sizeof slot->name);
        else
            snprintf(slot->name, sizeof slot->name, "%02X", piv_key_reference(i));
    }
}

/* ---- looking ---- */

static enum err_code scan_retired(struct piv *piv, struct err *err)
{
    size_t with_cert = piv->history.on_card;
    size_t listed = with_cert + piv->history.off_card;
    for (size_t i = 1; i < PIV_SLOTS; i++) {
        if (i > with_cert && i <= listed) {
            piv->slot[i].state = PIV_SLOT_OTHER;
            continue;
        }
        if (piv_slot_read(piv, i, err) != ERR_NONE)
            return err->code;
        if (i > listed && piv->slot[i].state == PIV_SLOT_EMPTY && !piv->history.unreadable)
            break;
    }
    return ERR_NONE;
}

/* Nothing tells what was in 9C: the only pair is one that has lost its certificate, and can be given it again. Where
 * there are others, which may be older ones, it can't be told which is in use. */
static enum err_code take_lost(struct piv *piv, struct err *err)
{
    if (!piv->slot[PIV_SIGNATURE].is_cut_off)
        return ERR_NONE;
    for (size_t i = 1; i < PIV_SLOTS; i++)
        if (piv_slot_is_pair(piv, i))
            return err_set(err, ERR_TOKEN_ANSWER,
                           "the certificate in 9C was not written to its end");
    piv->slot[PIV_SIGNATURE].state = PIV_SLOT_PAIR;
    return ERR_NONE;
}

static enum err_code settle_all_cut_off(struct piv *piv, struct err *err)
{
    piv_guard_settle(piv);
    for (size_t i = 0; i < PIV_SLOTS; i++)
        if (settle_cut_off(piv, i, err) != ERR_NONE)
            return err->code;
    return take_lost(piv, err);
}

enum err_code piv_slot_scan(struct piv *piv, struct err *err)
{
    piv->slots_known = false;
    for (size_t i = 0; i < PIV_SLOTS; i++)
        piv_slot_forget(&piv->slot[i]);
    if (piv_history_read(piv, err) != ERR_NONE ||
        piv_slot_read(piv, PIV_SIGNATURE, err) != ERR_NONE || scan_retired(piv, err) != ERR_NONE)
        return err->code;
    if (settle_all_cut_off(piv, err) != ERR_NONE)
        return err->code;
    if (piv_copy_settle(piv, err) != ERR_NONE)
        return err->code;
    name_all(piv);
    piv->slots_known = true;
    return ERR_NONE;
}

enum err_code piv_slot_need(struct piv *piv, struct err *err)
{
    return piv->slots_known ? ERR_NONE : piv_slot_scan(piv, err);
}

enum err_code piv_slot_find(struct piv *piv, const char *pair, size_t *out, struct err *err)
{
    if (piv_slot_need(piv, err) != ERR_NONE)
        return err->code;
    for (size_t i = 0; i < PIV_SLOTS; i++)
        if (piv_slot_is_pair(piv, i) && strcmp(piv->slot[i].name, pair) == 0) {
            *out = i;
            return ERR_NONE;
        }
    return err_set(err, ERR_TOKEN_NO_CONTAINER, "no pair of this name");
}

enum err_code piv_slot_look_again(struct piv *piv, size_t slot, struct err *err)
{
    if (piv_slot_read(piv, slot, err) != ERR_NONE)
        return err->code;
    piv_guard_settle(piv);
    if (settle_cut_off(piv, slot, err) != ERR_NONE)
        return err->code;
    name_all(piv);
    return ERR_NONE;
}

/* ---- writing ---- */

enum err_code piv_slot_write_object(struct piv *piv, size_t slot, struct span content,
                                    struct err *err)
{
    piv->slots_known = false; /* until the card has said that it is written */
    if (piv_object_write(piv, piv_slot_object(slot), content, err) != ERR_NONE)
        return err_add(err, "write the certificate object of slot %02X", piv_key_reference(slot));
    take(piv, slot, content);
    name_all(piv);
    piv->slots_known = true;
    return ERR_NONE;
}

enum err_code piv_slot_write(struct piv *piv, size_t slot, struct span der, const char *element,
                             struct err *err)
{
    AUTO(buf_done) struct buf content = BUF_INIT(PIV_CERT_CONTENT_BYTES_MAX);
    if (slot == PIV_SIGNATURE) /* as the standard lists them, for others */
        piv_cert_build(&content, der, element);
    else
        piv_cert_build_named(&content, der, element);
    return piv_slot_write_object(piv, slot, buf_span(&content), err);
}

/* Without noting what is there. */
static enum err_code shows(struct piv *piv, size_t slot, struct span der, const char *element,
                           bool *out, struct err *err)
{
    AUTO(piv_object_done) struct piv_object object = {NULL};
    AUTO(piv_cert_done) struct piv_cert cert = {NULL};
    if (piv_object_look(piv, piv_slot_object(slot), &object, err) != ERR_NONE)
        return err->code;
    *out = object.content != NULL && piv_cert_parse(span_bytes(object.content), &cert) &&
           cert.der != NULL && span_equal(span_bytes(cert.der), der) &&
           strcmp(cert.element, element) == 0;
    return ERR_NONE;
}

enum err_code piv_slot_ensure(struct piv *piv, size_t slot, struct span der, const char *element,
                              struct err *err)
{
    bool good = false;
    if (shows(piv, slot, der, element, &good, err) != ERR_NONE)
        return err->code;
    if (good)
        return ERR_NONE;
    if (piv_slot_write(piv, slot, der, element, err) != ERR_NONE ||
        shows(piv, slot, der, element, &good, err) != ERR_NONE)
        return err->code;
    if (!good)
        return err_set(err, ERR_TOKEN_MEMORY, "slot %02X does not keep its certificate",
                       piv_key_reference(slot));
    return ERR_NONE;
}

/* A gap that no history covers hides what lies behind it. */
static bool would_hide_others(const struct piv *piv, size_t slot)
{
    if (slot <= piv->history.on_card + piv->history.off_card)
        return false;
    for (size_t i = slot + 1; i < PIV_SLOTS; i++)
        if (piv->slot[i].state != PIV_SLOT_UNKNOWN && piv->slot[i].state != PIV_SLOT_EMPTY)
            return true;
    return false;
}

enum err_code piv_slot_clear(struct piv *piv, size_t slot, struct err *err)
{
    if (!piv_history_is_ours(piv) || would_hide_others(piv, slot))
        return piv_slot_write(piv, slot, SPAN_NONE, PIV_SLOT_FREE_MARK, err);
    enum err_code code = piv_slot_write_object(piv, slot, SPAN_NONE, err);
    if (code != ERR_TOKEN_NO_SPACE)
        return code;
    *err = ERR_INIT; /* the card empties no object */
    return piv_slot_write(piv, slot, SPAN_NONE, PIV_SLOT_FREE_MARK, err);
}

/* What others have listed stays listed, whether it can be read or not. */
static bool is_listed(const struct piv *piv, size_t slot)
{
    const struct piv_slot *found = &piv->slot[slot];
    bool others = found->state == PIV_SLOT_OTHER && !found->hides_others;
    return (piv_slot_is_pair(piv, slot) && found->key_slot == slot) ||
           (others && slot <= piv->history.on_card);
}

enum err_code piv_slot_write_history(struct piv *piv, struct err *err)
{
    size_t count = 0;
    for (size_t i = 1; i < PIV_SLOTS; i++)
        if (is_listed(piv, i))
            count = i;
    return piv_history_write(piv, count, err);
}
