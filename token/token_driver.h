/* What a family of keys must provide. token.c checks lengths, names, the state of the log-in and the
 * PIN rules before it calls a driver, and counts and times every exchange; a driver only makes
 * commands and reads answers. */
#pragma once

#include "token/channel.h"
#include "token/token.h"

/* The driver's end of a token: it sends through exchange() and keeps its own state behind self. */
struct token_link;

/* One command in one token's line, counted, timed and bounded by the token's deadline. answer holds
 * the data without the status word, which goes to *status. */
MUST_CHECK enum err_code token_link_exchange(struct token_link *link, struct span command,
                                             struct bytes **answer, uint16_t *status,
                                             struct err *err);

/* The largest command in bytes that the reader takes; 0: it does not say. */
size_t token_link_command_bytes_max(const struct token_link *link);

/* Device profiles and other settings that an administrator may extend; NULL: built-in only. */
struct token_settings {
    const char *profile_folder; /* folder of *.ini device profiles, NULL: none */
};

/* All entries are mandatory unless it is said; signatures follow token.h. */
struct token_driver {
    const char *name;
    /* Whether the settings can be used, so that a mistake in them is found at the start: ERR_CONFIG.
     * NULL: the driver uses none. */
    enum err_code (*check_settings)(const struct token_settings *settings, struct err *err);
    /* Whether keys with this ATR are of the family for sure, so that it is asked before the others.
     * NULL: never. */
    bool (*knows_atr)(const struct token_settings *settings, struct span atr);
    /* Recognises the card by harmless commands only, opens its application and fills facts (but for
     * driver); facts stay valid until close. ERR_TOKEN_UNSUPPORTED when it is not of this family or not known: the next driver is
     * asked. *self is the driver's, also on failure NULL or freed. */
    enum err_code (*open)(struct token_link *link, struct span atr,
                          const struct token_settings *settings, struct token_facts *facts,
                          void **self, struct err *err);
    void (*close)(void *self); /* frees self; the card is not spoken to */
    /* Closes on the card what open opened, before close, while the line is sound; its failure matters
     * to nobody. NULL: there is nothing to close. */
    void (*leave)(void *self);
    /* Brings the driver back in step after a reset of the card or a broken exchange (application opened
     * again, nothing remembered); fails with ERR_WRONG_TOKEN when the serial differs. May change
     * application_id in the facts that it got. */
    enum err_code (*reopen)(void *self, struct err *err);
    enum err_code (*read_pairs)(void *self, struct token_pairs **out, struct err *err);
    enum err_code (*read_cert)(void *self, const char *pair, enum token_slot slot,
                               struct bytes **out, struct err *err);
    enum err_code (*read_public_key)(void *self, const char *pair, enum token_slot slot,
                                     struct token_public_key *out, struct err *err);
    enum err_code (*read_pin_state)(void *self, enum token_role role, struct token_pin_state *out,
                                    struct err *err);
    enum err_code (*read_serial)(void *self, char out[TOKEN_TEXT_BYTES_MAX + 1], struct err *err);
    enum err_code (*login)(void *self, const struct secret *pin, struct err *err);
    enum err_code (*logout)(void *self, struct err *err);
    enum err_code (*sign)(void *self, const char *pair, struct span input, struct bytes **out,
                          struct err *err);
    enum err_code (*create_pair)(void *self, const char *pair, enum token_algorithm algorithm,
                                 struct token_public_key *out, struct err *err);
    enum err_code (*import_encryption_key)(void *self, const char *pair,
                                           const struct token_envelope *envelope, struct err *err);
    enum err_code (*write_cert)(void *self, const char *pair, enum token_slot slot, struct span der,
                                struct err *err);
    enum err_code (*delete_pair)(void *self, const char *pair, struct err *err);
    /* NULL: the newest certificate is the one in use, and nothing else says so. */
    enum err_code (*make_current)(void *self, const char *pair, struct err *err);
    enum err_code (*list_files)(void *self, struct token_files **out, struct err *err);
    /* size: of the file in bytes; 0: not known. */
    enum err_code (*read_file)(void *self, const char *name, size_t size, struct bytes **out,
                               struct err *err);
    enum err_code (*write_file)(void *self, const char *name, struct span content, struct err *err);
    enum err_code (*delete_file)(void *self, const char *name, struct err *err);
    enum err_code (*change_pin)(void *self, const struct secret *old_pin,
                                const struct secret *new_pin, struct err *err);
    enum err_code (*challenge)(void *self, enum token_purpose purpose, struct token_challenge *out,
                               struct err *err);
    /* NULL: the family has no such log-in. */
    enum err_code (*admin_login)(void *self, struct span cryptogram, struct err *err);
    enum err_code (*unblock)(void *self, struct span blob, struct err *err);
};

/* Opens the card behind channel with the first driver that knows it; takes the channel over, also on
 * failure. reader: for messages. */
MUST_CHECK enum err_code token_open(struct channel *channel, const char *reader,
                                    const struct token_settings *settings, struct deadline deadline,
                                    struct token **out, struct err *err);

/* The drivers in the order in which they are asked, and their number. */
const struct token_driver *const *token_drivers(size_t *out_count);

/* The driver that knows the ATR for sure, NULL: none. */
const struct token_driver *token_driver_for_atr(const struct token_settings *settings,
                                                struct span atr);

/* Asks every driver whether it can use the settings: ERR_CONFIG with the file and line. */
MUST_CHECK enum err_code token_settings_check(const struct token_settings *settings,
                                              struct err *err);
