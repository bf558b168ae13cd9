#include "token/piv/piv_slot.h"

#include <stdio.h>
#include <string.h>

#include "token/piv/piv_algorithm.h"
#include "token/piv/piv_cert.h"
#include "token/piv/piv_guard.h"
#include "token/piv/piv_history.h"
#include "token/piv/piv_key.h"
#include "token/piv/piv_metadata.h"
#include "token/piv/piv_object.h"
#include "token/piv/piv_x509.h"

/* Of a reserved slot: more than a short command holds, about the smallest certificate there is. */
#define ROOM_BYTES_MIN 256
#define MORE_BYTES \
    64 /* by which the next certificate may be longer: its serial number, its signature, its name */
#define STATUS_SECURITY 0x6982
#define STATUS_CONDITIONS 0x6985

uint32_t piv_slot_object(size_t slot)
{
    return slot == PIV_SIGNATURE ? PIV_OBJECT_SIGNATURE : PIV_OBJECT_RETIRED + (uint32_t)slot - 1;
}

/* ---- what is in a slot ---- */

static void forget(struct piv_slot *slot)
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
    forget(slot);
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

static enum err_code ask_metadata(struct piv *piv, size_t slot, struct piv_metadata *out,
                                  struct err *err)
{
    if (piv->metadata == PIV_NOT_ASKED &&
        piv_metadata_read(piv, PIV_REFERENCE_PIN, out, err) != ERR_NONE)
        return err->code;
    return piv_metadata_read(piv, piv_key_reference(slot), out, err);
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
    if (ask_metadata(piv, index, &found, err) != ERR_NONE)
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

static bool is_pair(const struct piv *piv, size_t slot)
{
    return piv->slot[slot].state == PIV_SLOT_PAIR;
}

static bool is_unique(const struct piv *piv, size_t slot)
{
    for (size_t i = 0; i < PIV_SLOTS; i++)
        if (i != slot && is_pair(piv, i) &&
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

/* ---- a switch that was interrupted ---- */

static bool same_cert(const struct piv *piv, size_t a, size_t b)
{
    return a != b && is_pair(piv, a) && is_pair(piv, b) &&
           span_equal(span_bytes(piv->slot[a].cert), span_bytes(piv->slot[b].cert));
}

static bool same_key(const struct piv *piv, size_t a, size_t b)
{
    return a != b && is_pair(piv, a) && is_pair(piv, b) &&
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
    forget(slot);
    slot->key_slot = index;
    slot->state = PIV_SLOT_OTHER;
    if (is_free)
        slot->state = index == PIV_SIGNATURE ? PIV_SLOT_EMPTY : PIV_SLOT_OURS_FREE;
}

static void settle(struct piv *piv, const struct piv_metadata found[PIV_SLOTS])
{
    for (size_t i = 0; i < PIV_SLOTS; i++)
        if (is_pair(piv, i))
            piv->slot[i].key_slot = place_of(piv, found, i);
    for (size_t i = 0; i < PIV_SLOTS; i++) {
        bool elsewhere = false, renewed = false;
        for (size_t j = 0; j < PIV_SLOTS; j++) {
            elsewhere |= same_cert(piv, i, j) && piv->slot[j].key_slot == j;
            renewed |= same_key(piv, i, j) && piv->slot[j].key_slot == j;
        }
        if (is_pair(piv, i) && piv->slot[i].key_slot != i && elsewhere)
            piv->slot[i].state = PIV_SLOT_COPY;
        else if (is_pair(piv, i) && piv->slot[i].key_slot != i && renewed)
            take_stale(&piv->slot[i], i, &found[i]);
        else if (is_pair(piv, i) && piv->slot[i].key_slot == PIV_SLOTS)
            piv->slot[i].state = PIV_SLOT_OTHER; /* its key is nowhere */
    }
}

static enum err_code find_keys(struct piv *piv, struct err *err)
{
    struct piv_metadata found[PIV_SLOTS] = {0};
    for (size_t i = 0; i < PIV_SLOTS; i++)
        if (is_pair(piv, i) && ask_metadata(piv, i, &found[i], err) != ERR_NONE)
            return err->code;
    if (piv->metadata == PIV_YES)
        settle(piv, found);
    return ERR_NONE;
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

static enum err_code settle_all_cut_off(struct piv *piv, struct err *err)
{
    piv_guard_settle(piv);
    for (size_t i = 0; i < PIV_SLOTS; i++)
        if (settle_cut_off(piv, i, err) != ERR_NONE)
            return err->code;
    if (piv->slot[PIV_SIGNATURE].is_cut_off)
        return err_set(err, ERR_TOKEN_ANSWER, "the certificate in 9C was not written to its end");
    return ERR_NONE;
}

enum err_code piv_slot_scan(struct piv *piv, struct err *err)
{
    piv->slots_known = false;
    for (size_t i = 0; i < PIV_SLOTS; i++)
        forget(&piv->slot[i]);
    if (piv_history_read(piv, err) != ERR_NONE ||
        piv_slot_read(piv, PIV_SIGNATURE, err) != ERR_NONE || scan_retired(piv, err) != ERR_NONE)
        return err->code;
    if (settle_all_cut_off(piv, err) != ERR_NONE)
        return err->code;
    if (has_copies(piv) && find_keys(piv, err) != ERR_NONE)
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
        if (is_pair(piv, i) && strcmp(piv->slot[i].name, pair) == 0) {
            *out = i;
            return ERR_NONE;
        }
    return err_set(err, ERR_TOKEN_NO_CONTAINER, "no pair of this name");
}

/* ---- a place for a new key ---- */

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
    if (ask_metadata(piv, slot, &found, err) != ERR_NONE)
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

static enum err_code look_again(struct piv *piv, size_t slot, struct err *err)
{
    if (piv_slot_read(piv, slot, err) != ERR_NONE)
        return err->code;
    piv_guard_settle(piv);
    if (settle_cut_off(piv, slot, err) != ERR_NONE)
        return err->code;
    name_all(piv);
    return ERR_NONE;
}

/* What was found free may have been taken since, by another agent: the metadata tell, else the object does. */
static enum err_code check_free(struct piv *piv, size_t slot, struct err *err)
{
    bool looked = piv->slot[slot].state == PIV_SLOT_UNKNOWN;
    bool has_key = false;
    if (looked && look_again(piv, slot, err) != ERR_NONE)
        return err->code;
    if (!is_free(piv, slot))
        return ERR_NONE;
    if (piv->slot[slot].state == PIV_SLOT_EMPTY &&
        check_no_key(piv, slot, &has_key, err) != ERR_NONE)
        return err->code;
    bool told = piv->slot[slot].state == PIV_SLOT_EMPTY && piv->metadata == PIV_YES;
    if (looked || told || (!has_key && !is_free(piv, slot)))
        return ERR_NONE;
    if (look_again(piv, slot, err) != ERR_NONE)
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

enum err_code piv_slot_claim(struct piv *piv, size_t *out, struct err *err)
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

/* ---- writing ---- */

static enum err_code write_object(struct piv *piv, size_t slot, struct span content,
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
    return write_object(piv, slot, buf_span(&content), err);
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

enum err_code piv_slot_reserve(struct piv *piv, size_t slot, struct err *err)
{
    AUTO(buf_done) struct buf content = BUF_INIT(PIV_CERT_CONTENT_BYTES_MAX);
    const struct bytes *present = piv->slot[PIV_SIGNATURE].cert;
    size_t room = present != NULL && present->len > ROOM_BYTES_MIN ? present->len : ROOM_BYTES_MIN;
    room += MORE_BYTES;
    piv_cert_build(&content, SPAN_NONE, PIV_SLOT_FREE_MARK);
    buf_add_zeros(&content, room);
    return write_object(piv, slot, buf_span(&content), err);
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
    enum err_code code = write_object(piv, slot, SPAN_NONE, err);
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
    return (is_pair(piv, slot) && found->key_slot == slot) ||
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
