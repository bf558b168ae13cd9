/* A PIV token seen from outside, in the words that all families share: a slot with its certificate is a
 * container, an object with a name is a file. */
#pragma once

#include "token/virtual/virtual_piv_objects.h"

/* JSON, as virtual_card_describe. The caller frees. */
char *virtual_piv_describe(const struct virtual_piv_objects *objects);
/* As virtual_card_put_file. */
MUST_CHECK enum err_code virtual_piv_describe_put_file(struct virtual_piv_objects *objects,
                                                       const char *name, struct span content,
                                                       struct err *err);
/* As virtual_card_pair_for. */
const struct virtual_pair *virtual_piv_describe_pair_for(const struct virtual_piv_objects *objects,
                                                         struct span certificate);
