/* Files of ours: two data objects outside of those that the standard numbers, so that a new file is whole
 * before the old one goes. Content: 80 name, 81 file. */
#pragma once

#include "token/piv/piv.h"

MUST_CHECK enum err_code piv_file_list(struct piv *piv, struct token_files **out, struct err *err);
/* What was just listed is handed out once without asking the card again. ERR_TOKEN_NO_FILE. */
MUST_CHECK enum err_code piv_file_read(struct piv *piv, const char *name, struct bytes **out,
                                       struct err *err);
/* ERR_TOKEN_EXISTS; ERR_TOKEN_NO_SPACE when both objects are taken, or the card has no such objects or
 * none so large: nothing is changed. */
MUST_CHECK enum err_code piv_file_write(struct piv *piv, const char *name, struct span content,
                                        struct err *err);
MUST_CHECK enum err_code piv_file_delete(struct piv *piv, const char *name, struct err *err);
