/* What the command groups of the GM/T 0017 driver share: the key's state and how a command is sent. */
#pragma once

#include "base/buf.h"
#include "token/apdu.h"
#include "token/gmt0017/gmt0017_profile.h"
#include "token/token_driver.h"

#define GMT0017_ID_BYTES 2
/* Lists of names: at most 64 of 64 bytes and their ends. */
#define GMT0017_LIST_BYTES_MAX ((TOKEN_PAIRS_MAX + 1) * (TOKEN_NAME_BYTES_MAX + 1))
#define GMT0017_APPLICATIONS_MAX 64
/* Identifiers, lengths and names around file data and certificates. */
#define GMT0017_FRAME_BYTES_MAX 128

/* GetContainerInfo. */
struct gmt0017_container_info {
    enum token_algorithm algorithm; /* TOKEN_ALGORITHM_NONE: empty, or a kind that we don't serve */
    uint32_t sign_bits, encrypt_bits; /* 0: no such key */
    bool has_sign_cert, has_encrypt_cert;
};

/* What was learnt about a container since the application was opened. */
struct gmt0017_container {
    char name[TOKEN_NAME_BYTES_MAX + 1];
    bool is_open;
    uint8_t id[GMT0017_ID_BYTES];
    bool info_known;
    struct gmt0017_container_info info;
};

struct gmt0017 {
    struct token_link *link;
    struct token_facts *facts; /* token.c's; lives longer */
    struct gmt0017_profile profile;
    size_t data_bytes_max; /* of one command, as the key says; 0: it does not */
    bool application_known;
    bool application_open;
    uint8_t application_id[GMT0017_ID_BYTES];
    size_t container_count;
    struct gmt0017_container containers[TOKEN_PAIRS_MAX];
};

struct gmt0017_command {
    const char *name; /* of the standard, for messages */
    uint8_t cla, ins, p1, p2;
    struct span data;
    int le; /* as in struct apdu */
};

/* One command that must be answered with 9000. out may be NULL when no data are due; they are refused
 * then. Fails with ERR_TOKEN_ANSWER for data of another length than want_bytes, and as
 * status_word_check does. */
MUST_CHECK enum err_code gmt0017_send(struct gmt0017 *key, const struct gmt0017_command *command,
                                      size_t want_bytes, struct bytes **out, struct err *err);
/* A command that changes nothing and whose answer may come in parts: repeats it with the Le that the
 * key wants (6Cxx) and while it says that there is more. ERR_TOKEN_ANSWER past limit_bytes. */
MUST_CHECK enum err_code gmt0017_read(struct gmt0017 *key, const struct gmt0017_command *command,
                                      size_t limit_bytes, struct bytes **out, struct err *err);

/* Integers inside data are in the key's own byte order. */
void gmt0017_add_u16(const struct gmt0017 *key, struct buf *buf, uint16_t value);
void gmt0017_add_u32(const struct gmt0017 *key, struct buf *buf, uint32_t value);
uint16_t gmt0017_u16(const struct gmt0017 *key, const uint8_t *at);
uint32_t gmt0017_u32(const struct gmt0017 *key, const uint8_t *at);

typedef enum err_code (*gmt0017_name_fn)(void *context, const char *name, struct err *err);
/* Calls function for each name of a list. Names are separated by zero bytes, and none, one or two end
 * it. ERR_TOKEN_ANSWER for a name that is too long or has control characters, and for bytes behind the
 * end. */
MUST_CHECK enum err_code gmt0017_each_name(struct span list, gmt0017_name_fn function,
                                           void *context, struct err *err);
