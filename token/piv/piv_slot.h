/* The slots that make pairs, and what lies in them. */
#pragma once

#include "token/piv/piv.h"

/* The number of the slot's certificate object. */
uint32_t piv_slot_object(size_t slot);

/* Looks at the signature key's slot and at the retired ones: those of the key history, then on up to the
 * first without a certificate. Where the same certificate lies in two slots (a switch of keys was
 * interrupted) the card says in which of them the key is. What a certificate was whose writing broke off its guard
 * says (piv_guard.h), or else the metadata: a placeholder's place, or none where there is no key. */
MUST_CHECK enum err_code piv_slot_scan(struct piv *piv, struct err *err);
/* The same unless it is known. */
MUST_CHECK enum err_code piv_slot_need(struct piv *piv, struct err *err);
/* Reads one slot's certificate object again; what a broken-off one stands for only a scan finds out. One that
 * can't be read makes a retired slot nobody's; in 9C it is an error unless the card refuses it for want of rights. */
MUST_CHECK enum err_code piv_slot_read(struct piv *piv, size_t slot, struct err *err);
/* The same, and what a broken-off one stands for, and the names: for one slot of those that were looked at. */
MUST_CHECK enum err_code piv_slot_look_again(struct piv *piv, size_t slot, struct err *err);
void piv_slot_forget(struct piv_slot *slot);
bool piv_slot_is_pair(const struct piv *piv, size_t slot);
/* The pair's slot: ERR_TOKEN_NO_CONTAINER. */
MUST_CHECK enum err_code piv_slot_find(struct piv *piv, const char *pair, size_t *out,
                                       struct err *err);
/* Keeps the key history right. Before a slot is emptied: a gap that no history covers would hide what lies
 * behind it. */
MUST_CHECK enum err_code piv_slot_write_history(struct piv *piv, struct err *err);
/* Writes content as a slot's certificate object, and notes what then is there. */
MUST_CHECK enum err_code piv_slot_write_object(struct piv *piv, size_t slot, struct span content,
                                               struct err *err);
/* The same of a certificate and its name. der may be empty. */
MUST_CHECK enum err_code piv_slot_write(struct piv *piv, size_t slot, struct span der,
                                        const char *element, struct err *err);
/* The same unless the card shows this object already, and it is read back: ERR_TOKEN_MEMORY when the card does
 * not keep it. */
MUST_CHECK enum err_code piv_slot_ensure(struct piv *piv, size_t slot, struct span der,
                                         const char *element, struct err *err);
/* Empties a slot's certificate object; where the history is not ours to write, or does not cover the gap, it is
 * marked as free instead, which is none. */
MUST_CHECK enum err_code piv_slot_clear(struct piv *piv, size_t slot, struct err *err);

/* Element 72 of a slot that is ours to use again, on cards without DELETE KEY. */
#define PIV_SLOT_FREE_MARK "ukeyd-free"
/* Begins element 72 of a certificate that had none in 9C. */
#define PIV_SLOT_KEPT "kept-"
