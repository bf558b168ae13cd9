/* What must not leave the computer: texts, and what stands in their place. A mask belongs to one thread. */
#pragma once

#include "base/json.h"

struct doctor_mask;

struct doctor_mask *doctor_mask_new(void);
void doctor_mask_free(struct doctor_mask *mask);
void doctor_mask_freep(struct doctor_mask **mask);

/* text becomes by. NULL and what is shorter than three bytes, which stands in too many words, is passed over. */
void doctor_mask_text(struct doctor_mask *mask, const char *text, const char *by);
/* It becomes "(name)", as it is and as it stands in JSON; of "CN=...,O=..." each part too, since an error may name
 * one alone. */
void doctor_mask_name(struct doctor_mask *mask, const char *name);
/* Only its first two and last two signs stay; "(serial)" when it is short. */
void doctor_mask_serial(struct doctor_mask *mask, const char *serial);
/* What the text itself shows to be a serial or a name, by where it stands: behind "key" or "serial number", in a
 * reader's name, in a distinguished name. NULL: nothing. */
void doctor_mask_learn(struct doctor_mask *mask, const char *text);
/* The text with all of them replaced, the longest first; the caller frees. */
char *doctor_mask_apply(struct doctor_mask *mask, const char *text);
