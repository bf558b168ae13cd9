/* Names from certificates, keys and platforms, as a dialog may show them. Pure. */
#pragma once

/* Stands for each character that is not shown itself. */
#define OP_PLAIN_MARK "\uFFFD"

/* A copy on one line in which OP_PLAIN_MARK stands for everything that could break a line, turn the direction
 * of what follows, or is not seen at all (so that two names which look alike are alike), and for bytes that
 * are not UTF-8. The caller frees. Source: Unicode 15, Default_Ignorable_Code_Point, Bidi_Control, general
 * categories Cc, Zl, Zp. */
char *op_plain(const char *text);
