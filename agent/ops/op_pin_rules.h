/* What a new PIN must be. Pure; told live in the dialog and checked again before it is used. */
#pragma once

#include "base/span.h"
#include "base/text.h"

enum op_pin_rule {
    OP_PIN_GOOD,
    OP_PIN_TOO_SHORT,
    OP_PIN_TOO_LONG,
    OP_PIN_INITIAL, /* the one that a reset leaves behind, or another that everybody knows */
    OP_PIN_OLD, /* the same as before */
    OP_PIN_REPEATED, /* one character only */
    OP_PIN_SEQUENCE, /* 234567, 987654, abcdef */
    OP_PIN_CHARACTERS, /* something that can't be typed everywhere: only printable ASCII */
};

struct op_pin_limits {
    size_t bytes_min;
    size_t bytes_max;
};

/* The first rule that pin breaks. old_pin: empty when it is not known. Both are secrets, borrowed. */
enum op_pin_rule op_pin_judge(struct span pin, struct span old_pin,
                              const struct op_pin_limits *limits);
/* For the person: what is wrong. Empty for OP_PIN_GOOD. */
struct text op_pin_rule_text(enum op_pin_rule rule);
/* For a quality bar: negative when a rule is broken, else 1 to 100 by length and kinds of characters. */
int op_pin_quality(struct span pin, struct span old_pin, const struct op_pin_limits *limits);
