/* A key in software: command APDU in, answer out, whatever its family. One thread at a time. */
#pragma once

#include "token/virtual/virtual_objects.h"
#include "token/virtual/virtual_piv_objects.h"

/* Data and status word of one answer: what fits a frame of vpcd. */
#define VIRTUAL_ANSWER_BYTES_MAX 65535
#define VIRTUAL_FORCED_RANDOM_BYTES_MAX 64

struct virtual_card;

/* A GM/T 0017 card and a PIV card. Each takes objects over. path: where every lasting change is saved
 * before the answer leaves; NULL for a card that lives in memory only. */
struct virtual_card *virtual_card_new(struct virtual_objects *objects, const char *path);
struct virtual_card *virtual_card_new_piv(struct virtual_piv_objects *objects, const char *path);
/* Of any family, from its file. Fails with ERR_FILE_MISSING, ERR_FILE, and as virtual_state_parse or
 * virtual_piv_state_parse; the detail says where. */
MUST_CHECK enum err_code virtual_card_load(const char *path, struct virtual_card **out,
                                           struct err *err);
/* To its file. Fails with ERR_FILE, ERR_CRYPTO. */
MUST_CHECK enum err_code virtual_card_save(const struct virtual_card *card, const char *path,
                                           struct err *err);
void virtual_card_free(struct virtual_card *card);
void virtual_card_freep(struct virtual_card **card);

/* "gmt0017" or "piv"; static. */
const char *virtual_card_family(const struct virtual_card *card);
/* Borrowed, valid until the next call. */
const char *virtual_card_serial(const struct virtual_card *card);
/* What is on it; borrowed, valid until the next call; NULL when the card is of the other family. */
const struct virtual_objects *virtual_card_objects(const struct virtual_card *card);
const struct virtual_piv_objects *virtual_card_piv_objects(const struct virtual_card *card);
/* Everything that may be known about a key, for people and tests, as JSON with the same members for
 * all families where they say the same: no PIN, no private key. The certificates are in PEM. The caller
 * frees. */
char *virtual_card_describe(const struct virtual_card *card);
/* Puts a file onto the key, in place of one of this name, as a seal is put there. Fails with
 * ERR_FIELD_VALUE (name or length), ERR_TOKEN_NO_SPACE. */
MUST_CHECK enum err_code virtual_card_put_file(struct virtual_card *card, const char *name,
                                               struct span content, struct err *err);
/* The pair on the key whose public half is in this certificate (DER or PEM); NULL when there is none. */
const struct virtual_pair *virtual_card_pair_for(const struct virtual_card *card,
                                                 struct span certificate);

/* T=0 and T=1. */
struct span virtual_card_atr(const struct virtual_card *card);
void virtual_card_power_on(struct virtual_card *card);
/* Ends log-ins, forgets the challenge, saves the number of commands. */
void virtual_card_power_off(struct virtual_card *card);
void virtual_card_reset(struct virtual_card *card);

/* One command, at any length; the answer (2 to VIRTUAL_ANSWER_BYTES_MAX bytes) is the caller's. When the
 * file can't be written the answer is 6581 and the card has changed in memory only. */
struct bytes *virtual_card_process(struct virtual_card *card, struct span command);

/* The next random bytes that the card gives are these first, then real ones: for known-answer tests.
 * At most VIRTUAL_FORCED_RANDOM_BYTES_MAX. */
void virtual_card_set_random(struct virtual_card *card, struct span bytes);

/* Commands answered since it was made, by INS. */
uint64_t virtual_card_count(const struct virtual_card *card, uint8_t ins);
void virtual_card_clear_counts(struct virtual_card *card);
/* The command's name in the standard of the card's family, "unknown" for others. */
const char *virtual_card_command_name(const struct virtual_card *card, uint8_t ins);
/* How long a typical real key takes for a command. */
uint32_t virtual_card_latency_ms(const struct virtual_card *card, uint8_t ins);
