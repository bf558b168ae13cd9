/* What a family of cards supplies to virtual_card. Only for files of the card. */
#pragma once

#include "base/buf.h"
#include "token/virtual/virtual_card.h"

#define VIRTUAL_STATUS_BYTES 2
#define VIRTUAL_DATA_BYTES_MAX (VIRTUAL_ANSWER_BYTES_MAX - VIRTUAL_STATUS_BYTES)

/* Every entry is there but where it says so. A family's card begins with struct virtual_card. */
struct virtual_family {
    const char *name; /* member "family" of its state files */
    /* The content of a state file. Fails as the family's parser. */
    enum err_code (*parse)(struct span text, const char *path, struct virtual_card **out,
                           struct err *err);
    /* Frees what is behind the base; the base's memory is freed by the caller. */
    void (*done)(struct virtual_card *card);
    struct span (*atr)(const struct virtual_card *card); /* static */
    /* Ends log-ins and forgets what is under way. */
    void (*lose_power)(struct virtual_card *card);
    /* The whole answer. Calls virtual_card_count_command and, after a lasting change,
     * virtual_card_save_change. */
    struct bytes *(*process)(struct virtual_card *card, struct span command);
    /* The state file's text; the caller wipes and frees. */
    enum err_code (*print)(const struct virtual_card *card, char **out, struct err *err);
    const char *(*peek_serial)(const struct virtual_card *card);
    /* NULL: no command of this family. */
    const char *(*command_name)(uint8_t ins);
    uint32_t (*latency_ms)(uint8_t ins);
    char *(*describe)(const struct virtual_card *card);
    enum err_code (*put_file)(struct virtual_card *card, const char *name, struct span content,
                              struct err *err);
    const struct virtual_pair *(*pair_for)(const struct virtual_card *card,
                                           struct span certificate);
};

extern const struct virtual_family virtual_gmt0017_family;
extern const struct virtual_family virtual_piv_family;

struct virtual_card {
    const struct virtual_family *family;
    char *path; /* NULL: in memory only */
    bool powered;
    bool unsaved_count;
    uint8_t forced_random[VIRTUAL_FORCED_RANDOM_BYTES_MAX];
    size_t forced_random_len;
    uint64_t counts[256]; /* commands answered, by INS */
};

/* Fills the base in. path may be NULL. */
void virtual_card_init(struct virtual_card *card, const struct virtual_family *family,
                       const char *path);
/* Saves the card, when it has a file; false when that failed. */
bool virtual_card_save_change(struct virtual_card *card);
/* data and status, as one answer. */
struct bytes *virtual_card_answer(struct span data, uint16_t status);
