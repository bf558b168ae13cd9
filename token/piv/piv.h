/* What the command groups of the PIV driver share: the key's state and how a command is sent. */
#pragma once

#include "base/buf.h"
#include "token/apdu.h"
#include "token/piv/piv_tlv.h"
#include "token/token_driver.h"

/* The signature key's slot and the retired ones, 82 to 95: SP 800-73-4 Part 1 table 4b. */
#define PIV_RETIRED_MAX 20
#define PIV_SLOTS (1 + PIV_RETIRED_MAX)
#define PIV_SIGNATURE 0 /* index of the signature key's slot; 1 is 82 */
#define PIV_NAME_BYTES_MAX 38 /* MSCUID: SP 800-73-4 Part 1 table 10 */
#define PIV_FILES_MAX 2
/* An object's largest content: a file, its name and what frames them. */
#define PIV_OBJECT_BYTES_MAX 65400
#define PIV_PIN_BYTES 8 /* padded: SP 800-73-4 Part 2 2.4.3 */
#define PIV_PIN_BYTES_MIN 6

/* What is found out by asking, once. */
enum piv_known { PIV_NOT_ASKED, PIV_NO, PIV_YES };

enum piv_slot_state {
    PIV_SLOT_UNKNOWN, /* not looked at */
    PIV_SLOT_EMPTY, /* no certificate object */
    PIV_SLOT_OURS_FREE, /* marked by us: the key in it, if any, was deleted or half made */
    PIV_SLOT_PAIR, /* a key with its certificate, or with its placeholder */
    PIV_SLOT_OTHER, /* not ours to touch: a key without a certificate, or what can't be read or told */
    PIV_SLOT_COPY, /* a certificate whose key is in another slot, where the same one lies */
};

struct piv_slot {
    enum piv_slot_state state;
    struct bytes *cert; /* PIV_SLOT_PAIR and _COPY: DER; NULL of a pair in 9C that has lost it */
    bool is_placeholder;
    bool
        is_cut_off; /* PIV_SLOT_OTHER: the object's writing broke off; element is known if it came first */
    bool is_restored; /* PIV_SLOT_PAIR: the object is cut off, and this is what its guard keeps */
    char element[PIV_NAME_BYTES_MAX + 1]; /* element 72, "" when it names no pair */
    char name[PIV_NAME_BYTES_MAX + 1]; /* of the pair */
    struct token_public_key key; /* as the certificate says */
    size_t key_slot; /* where the key is: an index; its own unless a switch was interrupted */
    bool pin_always; /* the PIN is wanted right before each signature */
    /* It has a key and no object: looking ends here unless the history goes on. */
    bool hides_others;
};

struct piv_history {
    size_t on_card; /* keys in the retired slots from 82 on, with their certificates */
    size_t off_card; /* and behind them without */
    bool unreadable; /* something is there, and it is not known what */
};

struct piv_file {
    enum piv_known exists;
    char name[TOKEN_NAME_BYTES_MAX + 1];
    size_t size_bytes;
    struct bytes *content; /* as listed, for the next read; NULL: the key is asked */
};

struct piv {
    struct token_link *link;
    struct token_facts *facts; /* token.c's; lives longer */
    bool extended; /* commands and answers of more than 255 bytes in one piece */
    bool
        no_chaining; /* what is too long for a short command goes into an extended one, if it can */
    bool no_le; /* commands with data must not name how long an answer may be */
    bool by_whole_name; /* the application is selected by its name with the version */
    bool tells_properties; /* its template came when it was selected: it is PIV */
    bool select_again; /* another application may be selected */
    bool serial_by_command; /* GET SERIAL; else the card holder's identifier */
    bool no_extensions; /* it does not know GET SERIAL, and hardly what else makers have added */
    enum piv_known metadata, move;
    uint8_t admin_algorithm; /* 0: not known */
    struct secret *pin; /* of the log-in, padded; NULL: none */
    bool admin_in; /* the card accepted its manager, and has not said since that it is gone */
    bool pin_fresh; /* nothing was sent since the PIN was accepted */
    bool slots_known;
    struct piv_history history;
    struct piv_slot slot[PIV_SLOTS];
    struct piv_file file[PIV_FILES_MAX];
};

/* Forgets what was learnt of the card's content and of the log-in. */
void piv_forget(struct piv *piv);

struct piv_command {
    const char *name; /* of the standard, for messages */
    uint8_t ins, p1, p2;
    struct span data;
    size_t answer_bytes_max; /* 0: none are due */
    bool
        after_pin; /* a refused form may have spent the PIN: the caller is told 6700, nothing is repeated */
};

/* Whether the card has not answered at all, or not to us: everything else is about one command. */
bool piv_line_failed(enum err_code code);

/* One command, in several pieces where it or its answer is too long for one: chaining, GET RESPONSE, and
 * the Le that the key wants. *out_status is its last status word; any is fine. *out (may be NULL when
 * none is due) holds the answer, empty when there was none. ERR_TOKEN_ANSWER past answer_bytes_max;
 * ERR_TOKEN_COMMANDS_SHORT when the card takes nothing so long in any form: then it has done nothing.
 * A command whose long answer is broken off after an extended form is repeated once in the short one.
 * Source: SP 800-73-4 Part 2 2.4, ISO/IEC 7816-4 5.3.3 and 5.3.4. */
MUST_CHECK enum err_code piv_send(struct piv *piv, const struct piv_command *command,
                                  struct bytes **out, uint16_t *out_status, struct err *err);
/* Whether so much data goes in one piece, as far as is known by now; else the card gets it in blocks. */
bool piv_in_one_piece(const struct piv *piv, size_t data_bytes);
/* What the status word of a command for the card's manager means: as status_word_check, and a log-in that
 * is gone is noted as gone. */
MUST_CHECK enum err_code piv_check_managed(struct piv *piv, const struct piv_command *command,
                                           uint16_t status, struct err *err);
/* The same, and it must be answered with 9000: else fails as status_word_check does. */
MUST_CHECK enum err_code piv_call(struct piv *piv, const struct piv_command *command,
                                  struct bytes **out, struct err *err);
