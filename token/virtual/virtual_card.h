/* A GM/T 0017-2012 key in software: command APDU in, answer out.
 *
 * Written from the standard's tables of commands, formats and status words, and from what is public
 * about the keys that the profiles follow. One thread at a time. */
#pragma once

#include "token/virtual/virtual_objects.h"

/* Data and status word of one answer: what fits a frame of vpcd. */
#define VIRTUAL_ANSWER_BYTES_MAX 65535
#define VIRTUAL_FORCED_RANDOM_BYTES_MAX 64

struct virtual_card;

/* Takes objects over. path: where every lasting change is saved before the answer leaves; NULL for a
 * card that lives in memory only. */
struct virtual_card *virtual_card_new(struct virtual_objects *objects, const char *path);
/* From its file. Fails as virtual_state_load. */
MUST_CHECK enum err_code virtual_card_load(const char *path, struct virtual_card **out,
                                           struct err *err);
void virtual_card_free(struct virtual_card *card);
void virtual_card_freep(struct virtual_card **card);

/* T=0 and T=1. */
struct span virtual_card_atr(const struct virtual_card *card);
void virtual_card_power_on(struct virtual_card *card);
/* Ends log-ins, forgets the challenge, saves the number of commands. */
void virtual_card_power_off(struct virtual_card *card);
void virtual_card_reset(struct virtual_card *card);

/* One command, at any length; the answer (2 to VIRTUAL_ANSWER_BYTES_MAX bytes) is the caller's. When the
 * file can't be written the answer is 6581 and the card has changed in memory only. */
struct bytes *virtual_card_process(struct virtual_card *card, struct span command);

/* The next GenRandom gives these bytes first, then real ones: for known-answer tests. At most
 * VIRTUAL_FORCED_RANDOM_BYTES_MAX. */
void virtual_card_set_random(struct virtual_card *card, struct span bytes);

/* What is on it; borrowed, valid until the next call. */
const struct virtual_objects *virtual_card_objects(const struct virtual_card *card);
/* Commands answered since it was made, by INS. */
uint64_t virtual_card_count(const struct virtual_card *card, uint8_t ins);
void virtual_card_clear_counts(struct virtual_card *card);
/* The command's name in the standard's table, "unknown" for others. */
const char *virtual_card_command_name(uint8_t ins);
