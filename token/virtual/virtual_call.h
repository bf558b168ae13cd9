/* Between the card's dispatcher and its command handlers: one command under way. Only for files of the
 * card. */
#pragma once

#include "token/virtual/virtual_apdu.h"
#include "token/virtual/virtual_card.h"
#include "token/virtual/virtual_status.h"

/* What lasts as long as the power. */
struct virtual_session {
    bool device_authenticated;
    bool has_challenge;
    uint8_t challenge[VIRTUAL_CHALLENGE_BYTES];
};

struct virtual_call {
    struct virtual_objects *objects;
    const struct virtual_profile *profile;
    struct virtual_session *session;
    const struct virtual_command *command;
    struct virtual_application *application; /* NULL unless the command names one */
    struct virtual_container *container; /* likewise */
    struct virtual_reader in; /* behind the ids */
    struct buf *out;
    struct span forced_random; /* what GenRandom gives first */
    bool changed; /* set by a handler that changed what lasts, also when it refuses */
};

/* Gives a status word. On any but 9000 what is in out is dropped. */
typedef uint16_t (*virtual_handler)(struct virtual_call *call);

/* Where the ids stand that a command names. */
enum virtual_scope {
    VIRTUAL_SCOPE_DEVICE, /* nowhere */
    VIRTUAL_SCOPE_APPLICATION, /* the application's at the start of the data; it must be open */
    VIRTUAL_SCOPE_APPLICATION_P, /* the application's in P1 and P2; it must be open */
    VIRTUAL_SCOPE_CONTAINER, /* both at the start of the data; both must be open */
};

enum virtual_access {
    VIRTUAL_ACCESS_ANYONE,
    VIRTUAL_ACCESS_DEVICE, /* DevAuth */
    VIRTUAL_ACCESS_USER, /* VerifyPIN of the user, in this application */
};

/* What P1 and P2 may be. */
enum virtual_p {
    VIRTUAL_P_ZERO,
    VIRTUAL_P_ID, /* an application's id */
    VIRTUAL_P_PIN, /* 00 and the kind of PIN, 0 or 1 */
    VIRTUAL_P_SLOT, /* 0 encryption or 1 signing, and 00 */
    VIRTUAL_P_ALGORITHM, /* 00 and the cipher; only SM4 can be had in software */
    VIRTUAL_P_ONE, /* 01 00 */
    VIRTUAL_P_TWO, /* 02 00 */
    VIRTUAL_P_ONE_TWO, /* 01 or 02, and 00 */
};

/* Lengths of answers; others are exact, in bytes. */
#define VIRTUAL_ANSWER_NONE (-1)
#define VIRTUAL_ANSWER_VARIES 0
#define VIRTUAL_ANSWER_LE (-2) /* as many bytes as Le says */

/* One command of the standard's table. */
struct virtual_instruction {
    const char *name;
    virtual_handler handler; /* NULL: a command of the table that this card does not have */
    bool mac; /* class 84 */
    enum virtual_p p;
    enum virtual_scope scope;
    enum virtual_access access;
    int answer;
};

/* By INS; NULL for what is not in the standard's table. */
const struct virtual_instruction *virtual_instruction_find(uint8_t ins);

/* ---- for handlers ---- */

/* Whether a challenge is there; takes it away when the profile's challenges are for one use. */
bool virtual_call_take_challenge(struct virtual_call *call, uint8_t out[VIRTUAL_CHALLENGE_BYTES]);
/* Names with a NUL behind each, and one more at the end. next: name by index, NULL past the end. */
void virtual_call_put_names(struct virtual_call *call,
                            const struct virtual_name *(*next)(const struct virtual_call *,
                                                               size_t));

uint16_t virtual_device_set_label(struct virtual_call *call);
uint16_t virtual_device_get_info(struct virtual_call *call);
uint16_t virtual_device_authenticate(struct virtual_call *call);
uint16_t virtual_device_change_key(struct virtual_call *call);
uint16_t virtual_device_random(struct virtual_call *call);

uint16_t virtual_access_pin_info(struct virtual_call *call);
uint16_t virtual_access_verify_pin(struct virtual_call *call);
uint16_t virtual_access_change_pin(struct virtual_call *call);
uint16_t virtual_access_unblock_pin(struct virtual_call *call);
uint16_t virtual_access_clear(struct virtual_call *call);

uint16_t virtual_application_create(struct virtual_call *call);
uint16_t virtual_application_enumerate(struct virtual_call *call);
uint16_t virtual_application_delete(struct virtual_call *call);
uint16_t virtual_application_open(struct virtual_call *call);
uint16_t virtual_application_close(struct virtual_call *call);

uint16_t virtual_file_create(struct virtual_call *call);
uint16_t virtual_file_delete(struct virtual_call *call);
uint16_t virtual_file_enumerate(struct virtual_call *call);
uint16_t virtual_file_info(struct virtual_call *call);
uint16_t virtual_file_read(struct virtual_call *call);
uint16_t virtual_file_write(struct virtual_call *call);

uint16_t virtual_container_create(struct virtual_call *call);
uint16_t virtual_container_open(struct virtual_call *call);
uint16_t virtual_container_close(struct virtual_call *call);
uint16_t virtual_container_enumerate(struct virtual_call *call);
uint16_t virtual_container_delete(struct virtual_call *call);
uint16_t virtual_container_info(struct virtual_call *call);
uint16_t virtual_container_import_certificate(struct virtual_call *call);
uint16_t virtual_container_export_certificate(struct virtual_call *call);

uint16_t virtual_key_generate_rsa(struct virtual_call *call);
uint16_t virtual_key_generate_ecc(struct virtual_call *call);
uint16_t virtual_key_import_ecc(struct virtual_call *call);
uint16_t virtual_key_export_public(struct virtual_call *call);

uint16_t virtual_sign_rsa(struct virtual_call *call);
uint16_t virtual_sign_ecc(struct virtual_call *call);
uint16_t virtual_sign_verify_ecc(struct virtual_call *call);
