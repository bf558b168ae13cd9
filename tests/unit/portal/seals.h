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

/* A renewed key with the seal of before, and a job to extend it. */
struct seals_extension {
    struct world_key *key;
    struct bytes *present;
    struct portal_job *job;
};
struct seals_extension seals_begin(struct world *world);
void seals_extension_done(struct seals_extension *extension);
/* What the agent asks and tells, proved by this key; out may be NULL. seal NULL: nothing was written. */
enum err_code seals_extend_by(struct world *world, const struct portal_job *job,
                              const struct fixture_key *by, const struct bytes *present,
                              struct bytes **out);
enum err_code seals_confirm_by(struct world *world, const struct portal_job *job,
                               const struct fixture_key *by, const char *outcome,
                               const struct bytes *seal);
/* The extension's own job and key. */
enum err_code seals_extend(struct world *world, const struct seals_extension *extension,
                           struct bytes **out);
/* The same for one that must succeed. */
struct bytes *seals_extended(struct world *world, const struct seals_extension *extension);
