/* The file of a GM/T 0017 key: one JSON document with everything that it remembers without power.
 *
 * It holds PINs and private keys in clear: a simulator's file, for test material only. Loading is
 * strict: what the card itself could not have written is refused. */
#pragma once

#include "token/virtual/virtual_objects.h"

/* All the room of the roomiest profile in Base64, and the rest. */
#define VIRTUAL_STATE_BYTES_MAX (1024 * 1024)
#define VIRTUAL_STATE_FORMAT "ukey-sim 1"
#define VIRTUAL_STATE_MODE 0600

/* Fails with ERR_FILE_MISSING, ERR_FILE and as virtual_state_parse; the detail says where. */
MUST_CHECK enum err_code virtual_state_load(const char *path, struct virtual_objects **out,
                                            struct err *err);
/* Fails with ERR_JSON_*, ERR_FIELD_*, ERR_DER. */
MUST_CHECK enum err_code virtual_state_parse(struct span text, struct virtual_objects **out,
                                             struct err *err);
/* Atomically, mode 0600. Fails with ERR_FILE, ERR_CRYPTO. */
MUST_CHECK enum err_code virtual_state_save(const struct virtual_objects *objects, const char *path,
                                            struct err *err);
/* The caller wipes and frees with virtual_state_wipe_text. */
MUST_CHECK enum err_code virtual_state_print(const struct virtual_objects *objects, char **out,
                                             struct err *err);
void virtual_state_wipe_text(char **text);
