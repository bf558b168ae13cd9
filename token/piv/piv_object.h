/* Data objects: GET DATA and PUT DATA. Source: SP 800-73-4 Part 2 3.1.2 and 3.3.2. */
#pragma once

#include "token/piv/piv.h"

#define PIV_OBJECT_CHUID 0x5FC102
#define PIV_OBJECT_SIGNATURE 0x5FC10A
#define PIV_OBJECT_HISTORY 0x5FC10C
#define PIV_OBJECT_RETIRED 0x5FC10D /* of slot 82; the others follow */
#define PIV_OBJECT_FILE 0x5FFF10 /* ours; the next one too */

/* The content of the object (what tag 53 frames). *out stays NULL when it is absent or empty: cards say
 * that in several ways. An object that can't be read is not absent: ERR_TOKEN_STATUS when the card refuses
 * (6982 and 6985: for want of rights), ERR_TOKEN_ANSWER when what it gives is not one well-formed object. */
MUST_CHECK enum err_code piv_object_read(struct piv *piv, uint32_t id, struct bytes **out,
                                         struct err *err);
/* What a card shows of an object. */
struct piv_object {
    struct bytes *content; /* NULL: absent or empty, unless it could not be read */
    struct bytes *
        cut_off; /* what there is of one that says that it is longer: its writing broke off; else NULL */
    struct err unread; /* why it can't be read; its code is ERR_NONE when it could */
};
/* The same, and it fails only when the line does. */
MUST_CHECK enum err_code piv_object_look(struct piv *piv, uint32_t id, struct piv_object *out,
                                         struct err *err);
void piv_object_done(struct piv_object *object);
/* Replaces the content; an empty one removes it. ERR_TOKEN_NO_SPACE when the card has no such object or
 * not that much room, ERR_TOKEN_COMMANDS_SHORT when it takes no command so long: then it is as before.
 * ERR_TOKEN_LOGIN_LOST when the manager's log-in is gone, or another application was selected. */
MUST_CHECK enum err_code piv_object_write(struct piv *piv, uint32_t id, struct span content,
                                          struct err *err);
