/* Data objects: GET DATA and PUT DATA. Source: SP 800-73-4 Part 2 3.1.2 and 3.3.2. */
#pragma once

#include "token/piv/piv.h"

#define PIV_OBJECT_CHUID 0x5FC102
#define PIV_OBJECT_SIGNATURE 0x5FC10A
#define PIV_OBJECT_HISTORY 0x5FC10C
#define PIV_OBJECT_RETIRED 0x5FC10D /* of slot 82; the others follow */
#define PIV_OBJECT_FILE 0x5FFF10 /* ours; the next one too */

/* The content of the object (what tag 53 frames). *out stays NULL when it is absent or empty: keys say
 * that in several ways. ERR_TOKEN_ANSWER when the answer is not one well-formed object. */
MUST_CHECK enum err_code piv_object_read(struct piv *piv, uint32_t id, struct bytes **out,
                                         struct err *err);
/* The same, and *out_hidden says that it is not read for want of rights (6982): something may be there. */
MUST_CHECK enum err_code piv_object_look(struct piv *piv, uint32_t id, struct bytes **out,
                                         bool *out_hidden, struct err *err);
/* Replaces the content; an empty one removes it. ERR_TOKEN_NO_SPACE when the key has no such object or
 * not that much room: then it is as before. */
MUST_CHECK enum err_code piv_object_write(struct piv *piv, uint32_t id, struct span content,
                                          struct err *err);
