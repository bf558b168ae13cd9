/* What must be true of the world of a case, whatever went wrong. Each finds what is lost and notes it in the
 * record. */
#pragma once

#include "tests/fault/fault_scene.h"

#define FAULT_CONTENT_BYTES 32
/* A digest of what a person uses of the key: certificates, files, PIN. */
void fault_oracle_content(const struct fault_world *world, uint8_t out[FAULT_CONTENT_BYTES]);

/* At any instant: the key has a pair that the platform has not revoked, what was enciphered earlier can be
 * deciphered, and no PIN try is gone that was not typed. */
void fault_oracle_between(struct fault_world *world);
/* When the newest operation is over without success: if it says that the key was not changed, that is so. */
void fault_oracle_claim(struct fault_world *world);
/* When an agent has started anew: what has changed the key is in its journal, and what was written is confirmed
 * without anybody's help. */
void fault_oracle_resumed(struct fault_world *world);
/* After the repair, when the operation has succeeded: all of that, and the key signs with the certificate
 * that is in force, one issue is confirmed and none is open, the seal verifies, nothing temporary is left. */
void fault_oracle_end(struct fault_world *world);
/* After the agent has ended: neither PIN nor job secret is in what is left of the journal. */
void fault_oracle_journal(struct fault_world *world);
