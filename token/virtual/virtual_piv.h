/* A PIV token in software, as a family of cards.
 *
 * Written from SP 800-73-4 Part 2 (commands), SP 800-78-4 (algorithms), ISO/IEC 7816-4 (chaining,
 * GET RESPONSE) and what makers have published of their additions. */
#pragma once

#include "token/virtual/virtual_card.h"

/* Takes objects over; path as for virtual_card_new_piv. */
struct virtual_card *virtual_piv_new(struct virtual_piv_objects *objects, const char *path);
/* What is on a card of this family; borrowed, valid until the next call. */
const struct virtual_piv_objects *virtual_piv_peek_objects(const struct virtual_card *card);
