#include "agent/ops/op_pin_rules.h"

#include "base/memory.h"
#include "base/secret.h"

/* What resets and factories leave behind. */
static const char *const known_pins[] = {"123456", "12345678", "111111", "11111111",
                                         "000000", "888888",   "666666"};

static const struct text texts[] = {
    [OP_PIN_GOOD] = {"", ""},
    [OP_PIN_TOO_SHORT] = {"新密码太短", "The new PIN is too short"},
    [OP_PIN_TOO_LONG] = {"新密码太长", "The new PIN is too long"},
    [OP_PIN_INITIAL] = {"新密码不能是初始密码", "The new PIN must not be an initial one"},
    [OP_PIN_OLD] = {"新密码不能与原密码相同", "The new PIN must differ from the old one"},
    [OP_PIN_REPEATED] = {"新密码不能只由一个字符重复组成",
                         "The new PIN must not be one repeated character"},
    [OP_PIN_SEQUENCE] = {"新密码不能是连续的数字或字母",
                         "The new PIN must not be a plain sequence"},
    [OP_PIN_CHARACTERS] = {"新密码只能包含键盘上的字母、数字和符号",
                           "The new PIN may hold printable ASCII characters only"},
};

struct text op_pin_rule_text(enum op_pin_rule rule)
{
    return texts[rule];
}

static bool is_known(struct span pin)
{
    bool known = false;
    for (size_t i = 0; i < ARRAY_SIZE(known_pins); i++)
        known |= secret_equal_spans(span_text(known_pins[i]), pin);
    return known;
}

/* Every character is the one before plus step: 0 repeats, 1 and -1 are sequences. */
static bool runs_by(struct span pin, int step)
{
    for (size_t i = 1; i < pin.len; i++)
        if (pin.at[i] != pin.at[i - 1] + step)
            return false;
    return true;
}

static bool is_printable(struct span pin)
{
    for (size_t i = 0; i < pin.len; i++)
        if (pin.at[i] <= ' ' || pin.at[i] > '~')
            return false;
    return true;
}

enum op_pin_rule op_pin_judge(struct span pin, struct span old_pin,
                              const struct op_pin_limits *limits)
{
    if (pin.len < limits->bytes_min || pin.len == 0)
        return OP_PIN_TOO_SHORT;
    if (pin.len > limits->bytes_max)
        return OP_PIN_TOO_LONG;
    if (!is_printable(pin))
        return OP_PIN_CHARACTERS;
    if (secret_equal_spans(pin, old_pin))
        return OP_PIN_OLD;
    if (is_known(pin))
        return OP_PIN_INITIAL;
    if (runs_by(pin, 0))
        return OP_PIN_REPEATED;
    if (runs_by(pin, 1) || runs_by(pin, -1))
        return OP_PIN_SEQUENCE;
    return OP_PIN_GOOD;
}

/* Kinds of characters: lower, upper, digit, other. */
static int count_kinds(struct span pin)
{
    bool lower = false, upper = false, digit = false, other = false;
    for (size_t i = 0; i < pin.len; i++) {
        uint8_t c = pin.at[i];
        bool is_lower = c >= 'a' && c <= 'z';
        bool is_upper = c >= 'A' && c <= 'Z';
        bool is_digit = c >= '0' && c <= '9';
        lower |= is_lower;
        upper |= is_upper;
        digit |= is_digit;
        other |= !is_lower && !is_upper && !is_digit;
    }
    return lower + upper + digit + other;
}

int op_pin_quality(struct span pin, struct span old_pin, const struct op_pin_limits *limits)
{
    if (op_pin_judge(pin, old_pin, limits) != OP_PIN_GOOD)
        return -1;
    int quality = (int)pin.len * 5 + count_kinds(pin) * 10;
    return quality < 100 ? quality : 100;
}
