/* The key history object: which retired slots hold keys. Source: SP 800-73-4 Part 1 3.3.3. */
#pragma once

#include "token/piv/piv.h"

/* An absent object is one without keys; numbers beyond the slots that there are are cut. One that can't be
 * read says nothing, and may be of slots that are not to be touched. */
MUST_CHECK enum err_code piv_history_read(struct piv *piv, struct err *err);
/* Whether it is ours to write: it lists no keys without certificates on the card (then it is another
 * program's, which numbers them behind ours), and could be read. */
bool piv_history_is_ours(const struct piv *piv);
/* Says that the first count retired slots hold keys whose certificates are on the card; nothing is
 * written when it says so already, or when it is not ours. What it says then is read back: some cards keep a
 * history of their own. */
MUST_CHECK enum err_code piv_history_write(struct piv *piv, size_t count, struct err *err);
