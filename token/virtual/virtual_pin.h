/* One PIN of an application: its value, its tries, whether it is still the one it was made with. */
#pragma once

#include "base/span.h"
#include "token/virtual/virtual_profile.h"

#define VIRTUAL_PIN_BYTES_MAX 16
/* Status 63Cx has four bits for the tries. */
#define VIRTUAL_TRIES_MAX 15

struct virtual_pin {
    uint8_t value[VIRTUAL_PIN_BYTES_MAX];
    uint8_t len;
    uint8_t first[VIRTUAL_PIN_BYTES_MAX]; /* what it was made or unblocked with */
    uint8_t first_len;
    bool changed; /* since then */
    uint8_t max;
    uint8_t left;
};

/* Whether the profile takes a PIN of this form: its length, no zero byte (blocks are zero-padded). */
bool virtual_pin_allowed(const struct virtual_profile *profile, struct span value);
struct span virtual_pin_peek(const struct virtual_pin *pin);
/* A PIN that was just made, or was unblocked: full tries, a default PIN. value is allowed. */
void virtual_pin_make(struct virtual_pin *pin, struct span value, uint8_t tries);
/* A PIN that its owner changed: full tries. value is allowed. */
void virtual_pin_change(struct virtual_pin *pin, struct span value);
bool virtual_pin_is_default(const struct virtual_pin *pin, const struct virtual_profile *profile);
/* Counts a miss and gives its status word. */
uint16_t virtual_pin_miss(struct virtual_pin *pin, const struct virtual_profile *profile);
/* Fills the tries up; returns whether that changed anything. */
bool virtual_pin_hit(struct virtual_pin *pin);
