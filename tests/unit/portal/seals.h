/* Seals for the tests of the portal. */
#pragma once

#include "portal/portal_seal.h"
#include "world.h"

#define SEALS_PNG_BYTES 11
/* A picture: the start of one is all that the portal looks at. */
extern const uint8_t seals_png[SEALS_PNG_BYTES];

struct portal_seal_new seals_wish_for(const struct world_key *key);
/* The key's first seal, made and recorded. The caller frees it. */
struct bytes *seals_first(struct world *world, const struct world_key *key);
struct seal *seals_parsed(const struct bytes *der);
/* wanted: "superseded,current", a key's seals in the order of their making. */
void seals_check_states(struct world *world, const struct world_key *key, const char *wanted);
