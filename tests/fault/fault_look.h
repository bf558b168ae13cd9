/* What is on a virtual key, whatever its family. */
#pragma once

#include "base/span.h"
#include "token/virtual/virtual_card.h"
#include "token/virtual/virtual_objects.h"

#define FAULT_LOOK_PAIRS_MAX VIRTUAL_CONTAINERS_MAX
#define FAULT_LOOK_FILES_MAX VIRTUAL_FILES_MAX

struct fault_look_half {
    const struct virtual_pair *pair; /* NULL: none */
    struct span cert; /* DER, empty: none */
};

struct fault_look_pair {
    struct fault_look_half sign;
    struct fault_look_half encrypt; /* empty on keys with one certificate */
};

struct fault_look_pin {
    struct span value;
    int left, max;
};

struct fault_look {
    struct fault_look_pair pairs[FAULT_LOOK_PAIRS_MAX];
    size_t pair_count;
    struct span
        files[FAULT_LOOK_FILES_MAX]; /* their contents; of GM/T keys the newest is the last */
    size_t file_count;
    struct fault_look_pin user;
    struct fault_look_pin admin; /* who resets the user's PIN */
};

/* Borrowed from the card, valid until its next command. */
void fault_look_at(const struct virtual_card *card, struct fault_look *out);
