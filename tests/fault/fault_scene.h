/* What is operated on: a key that the portal knows, personalised by its CA, before the operation begins. */
#pragma once

#include "tests/fault/fault_key.h"
#include "tests/fault/fault_world.h"

struct fault_scene {
    const char *name;
    const char *kind; /* of the operation */
    const struct fault_key *key;
    bool replace_key;
    const char *pins[4]; /* that the person may type, NULL behind the last */
};

/* NULL past the end. */
const struct fault_scene *fault_scene_at(size_t index);
/* Ends the process when there is none of this name. */
const struct fault_scene *fault_scene_named(const char *name);
/* Makes everything in folder: "key.json", "other.json", "portal", and for the oracle "message.cipher", enciphered to
 * the certificate that others encipher to, and that certificate as "encrypt.der". */
void fault_scene_make(const struct fault_scene *scene, const char *folder, struct fault_plan *plan);
/* A fresh ticket as the page would get it; NULL when the kind takes none, or with *err. The caller frees. */
char *fault_scene_ticket(struct fault_world *world, struct err *err);

#define FAULT_MESSAGE "a bid that was sealed before the renewal"
