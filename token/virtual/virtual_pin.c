#include "token/virtual/virtual_pin.h"

#include <assert.h>

#include "token/virtual/virtual_crypto.h"

bool virtual_pin_allowed(const struct virtual_profile *profile, struct span value)
{
    return value.len >= profile->pin_min && value.len <= profile->pin_max &&
           memchr(value.at, 0, value.len) == NULL;
}

struct span virtual_pin_peek(const struct virtual_pin *pin)
{
    return span_of(pin->value, pin->len);
}

static void set_value(struct virtual_pin *pin, struct span value)
{
    assert(value.len > 0 && value.len <= VIRTUAL_PIN_BYTES_MAX);
    virtual_crypto_wipe(pin->value, sizeof pin->value);
    memcpy(pin->value, value.at, value.len);
    pin->len = (uint8_t)value.len;
    pin->left = pin->max;
}

void virtual_pin_make(struct virtual_pin *pin, struct span value, uint8_t tries)
{
    assert(tries > 0 && tries <= VIRTUAL_TRIES_MAX);
    pin->max = tries;
    set_value(pin, value);
    memcpy(pin->first, pin->value, sizeof pin->first);
    pin->first_len = pin->len;
    pin->changed = false;
}

void virtual_pin_change(struct virtual_pin *pin, struct span value)
{
    set_value(pin, value);
    pin->changed = true;
}

bool virtual_pin_is_default(const struct virtual_pin *pin, const struct virtual_profile *profile)
{
    if (!profile->default_means_original)
        return !pin->changed;
    return pin->len == pin->first_len && virtual_crypto_equal(pin->value, pin->first, pin->len);
}

uint16_t virtual_pin_miss(struct virtual_pin *pin, const struct virtual_profile *profile)
{
    if (pin->left > 0)
        pin->left--;
    if (pin->left == 0 && !profile->last_miss_is_63c0)
        return 0x6983;
    return 0x63C0 | pin->left;
}

bool virtual_pin_hit(struct virtual_pin *pin)
{
    if (pin->left == pin->max)
        return false;
    pin->left = pin->max;
    return true;
}
