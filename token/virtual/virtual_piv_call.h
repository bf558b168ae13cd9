/* Between a PIV token's dispatcher and its command handlers: one command under way. Only for files of
 * the token. */
#pragma once

#include "base/buf.h"
#include "token/virtual/virtual_piv_apdu.h"
#include "token/virtual/virtual_piv_objects.h"
#include "token/virtual/virtual_piv_status.h"

/* What the management key's challenge is for. */
enum virtual_piv_proof {
    VIRTUAL_PIV_PROOF_NONE,
    VIRTUAL_PIV_PROOF_EXTERNAL, /* the terminal enciphers the challenge */
    VIRTUAL_PIV_PROOF_MUTUAL, /* the terminal deciphers the witness */
};

/* What lasts until the application is selected again, or the power goes. */
struct virtual_piv_session {
    bool selected;
    bool pin_verified;
    bool pin_fresh; /* good for one signature of a key that wants the PIN always */
    bool managed; /* the management key was proved */
    enum virtual_piv_proof proof; /* which challenge is open */
    uint8_t challenge[VIRTUAL_PIV_BLOCK_BYTES_MAX]; /* in clear */
};

struct virtual_piv_call {
    struct virtual_piv_objects *objects;
    const struct virtual_piv_profile *profile;
    struct virtual_piv_session *session;
    const struct virtual_piv_command *command; /* data: of the whole chain */
    struct buf *out;
    struct span forced_random; /* what random bytes begin with */
    bool changed; /* set by a handler that changed what lasts, also when it refuses */
};

/* Gives a status word. On any but 9000 what is in out is dropped. */
typedef uint16_t (*virtual_piv_handler)(struct virtual_piv_call *call);

struct virtual_piv_instruction {
    const char *name;
    uint8_t ins;
    bool chains; /* may come in several blocks */
    enum virtual_piv_extension extension;
    virtual_piv_handler handler;
};

/* By INS; NULL for what this token does not have. profile NULL: of all tokens. */
const struct virtual_piv_instruction *virtual_piv_instruction_find(
    const struct virtual_piv_profile *profile, uint8_t ins);

#define VIRTUAL_PIV_INS_VERIFY 0x20
#define VIRTUAL_PIV_INS_AUTHENTICATE 0x87
#define VIRTUAL_PIV_INS_SELECT 0xA4
#define VIRTUAL_PIV_INS_GET_RESPONSE 0xC0

/* ---- for handlers ---- */

/* Fills with random bytes; in tests with those that were set before. */
void virtual_piv_call_random(struct virtual_piv_call *call, uint8_t *out, size_t len);

uint16_t virtual_piv_data_select(struct virtual_piv_call *call);
uint16_t virtual_piv_data_get(struct virtual_piv_call *call);
uint16_t virtual_piv_data_put(struct virtual_piv_call *call);
/* What a chain of PUT DATA has brought so far. */
uint16_t virtual_piv_data_put_beginning(struct virtual_piv_call *call);

uint16_t virtual_piv_pin_verify(struct virtual_piv_call *call);
uint16_t virtual_piv_pin_change(struct virtual_piv_call *call);
uint16_t virtual_piv_pin_reset(struct virtual_piv_call *call);
uint16_t virtual_piv_pin_set_retries(struct virtual_piv_call *call);

/* GENERAL AUTHENTICATE, which asks virtual_piv_management for the key 9B. */
uint16_t virtual_piv_sign_authenticate(struct virtual_piv_call *call);
/* template: the content of the command's 7C. */
uint16_t virtual_piv_management_prove(struct virtual_piv_call *call, struct span template);

uint16_t virtual_piv_key_generate(struct virtual_piv_call *call);
uint16_t virtual_piv_key_move(struct virtual_piv_call *call);

uint16_t virtual_piv_info_metadata(struct virtual_piv_call *call);
uint16_t virtual_piv_info_serial(struct virtual_piv_call *call);
uint16_t virtual_piv_info_version(struct virtual_piv_call *call);
