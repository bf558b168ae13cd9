/* A GM/T 0017-2012 key in software, as a family of cards.
 *
 * Written from the standard's tables of commands, formats and status words, and from what is public
 * about the keys that the profiles follow. */
#pragma once

#include "token/virtual/virtual_card.h"
#include "token/virtual/virtual_objects.h"

/* Takes objects over. path: where every lasting change is saved before the answer leaves; NULL for a
 * card that lives in memory only. */
struct virtual_card *virtual_gmt0017_new(struct virtual_objects *objects, const char *path);
/* What is on a card of this family; borrowed, valid until the next call. */
const struct virtual_objects *virtual_gmt0017_objects(const struct virtual_card *card);
