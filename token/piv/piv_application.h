/* Selecting the application, and which card it is. Source: SP 800-73-4 Part 2 3.1.1, Part 1 3.1.2. */
#pragma once

#include "token/piv/piv.h"

/* Selects the PIV application on a card that may be anything, and tells its serial number: the vendor's
 * where the card knows GET SERIAL, else the card holder's GUID, else the FASC-N. atr: tells whether the
 * card takes extended lengths. ERR_TOKEN_UNSUPPORTED when it has no PIV application, ERR_TOKEN_NO_SERIAL
 * when it can't be told from another one. */
MUST_CHECK enum err_code piv_application_open(struct piv *piv, struct span atr,
                                              char serial[TOKEN_TEXT_BYTES_MAX + 1],
                                              struct err *err);
/* The same of a card that is known to be of this family. Ends the log-ins on most cards. */
MUST_CHECK enum err_code piv_application_select(struct piv *piv, struct err *err);
MUST_CHECK enum err_code piv_application_read_serial(struct piv *piv,
                                                     char out[TOKEN_TEXT_BYTES_MAX + 1],
                                                     struct err *err);
/* Whether our application is still the one that answers: only it gives our serial number. Ends no log-in.
 * ERR_TOKEN_LOGIN_LOST when another one was selected meanwhile. */
MUST_CHECK enum err_code piv_application_check(struct piv *piv, struct err *err);
/* Whether the card has MOVE KEY (and with it DELETE KEY), as its version says. Asked once. */
MUST_CHECK enum err_code piv_application_has_move(struct piv *piv, bool *out, struct err *err);

/* Whether the historical bytes promise extended lengths. Source: ISO/IEC 7816-4 12.1.1.9. */
bool piv_application_atr_extended(struct span atr);
