/* What a key's status words mean. */
#pragma once

#include "base/err.h"

#include <stdint.h>

/* ERR_NONE for 9000. Else sets the error with the status word as err->foreign, and err->tries_left
 * where the word says it (63Cx: x tries; 6983: none). A miss that leaves no try is ERR_PIN_LOCKED
 * whichever of the two words the key chose for it. ins: the command's instruction, since some words
 * mean something else after some commands. doing: the command's name, for the detail.
 * Words that are not in the table give ERR_TOKEN_STATUS.
 * Source: GM/T 0017-2012, status words and table 118; ISO/IEC 7816-4 5.6. */
MUST_CHECK enum err_code status_word_check(uint16_t status, uint8_t ins, const char *doing,
                                           struct err *err);

/* 6Cxx: the length that the key wants for Le, else -1 (also for 6C00, which names none). */
int status_word_wanted_le(uint16_t status);
