/* Text on a terminal: in one of two languages, and without the control characters that a key's label or
 * a certificate's name may hold. */
#pragma once

#include <stdio.h>

#include "base/text.h"

/* Text from elsewhere: control characters (C0, DEL, C1) become '?'. NULL prints nothing. */
void ctl_text_print(FILE *out, const char *text);
/* "  label: value" and a line feed; nothing when value is NULL or empty. indent: blanks. */
void ctl_text_line(FILE *out, int indent, struct text label, enum lang lang, const char *value);
