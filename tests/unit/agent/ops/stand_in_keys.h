/* Virtual keys in the test's own process, as a source of tokens, and a person who answers dialogs. */
#pragma once

#include "agent/prompt/prompt.h"
#include "tests/unit/agent/ops/stand_in_platform.h"
#include "token/token_monitor.h"
#include "token/virtual/virtual_channel.h"

#define STAND_IN_KEYS_MAX 4

struct stand_in_keys {
    struct token_source source;
    enum token_service_state service;
    _Atomic size_t count; /* what is plugged in changes while operations look */
    struct virtual_card *cards[STAND_IN_KEYS_MAX];
    /* "FAULT,FAULT": put onto the next channel that is opened, then forgotten. */
    _Atomic(const char *) next_fault;
    /* The reader with this number (1: the first; 0: none) says nothing, whatever the deadline. */
    _Atomic size_t silent;
};

void stand_in_keys_init(struct stand_in_keys *keys);
void stand_in_keys_done(struct stand_in_keys *keys);
/* Personalises one more key by the platform's CA; profile: of GM/T 0017 or PIV. */
void stand_in_keys_add(struct stand_in_keys *keys, const struct stand_in_platform *platform,
                       const char *serial, const char *profile, bool rsa);
/* What another program does to a key while nobody looks: content becomes a file of this name; empty, of GM/T keys
 * only: the file goes. */
void stand_in_keys_put_file(struct stand_in_keys *keys, size_t index, const char *name,
                            struct span content);
/* What is on it, apart from what changes with use: for comparing. The caller frees. */
char *stand_in_keys_describe(const struct stand_in_keys *keys, size_t index);

/* Answers in turn: a PIN; "yes" to a question; "cancel", "timeout" or NULL past the end, which waits for
 * the withdrawal. */
struct stand_in_person {
    struct prompt prompt;
    const char *answers[8];
    _Atomic bool holds; /* thinks about a PIN or a question as long as this is true */
    unsigned asked;
    unsigned confirms;
    unsigned new_pins;
    int last_quality; /* of the new PIN, as the dialog would show it */
    char last_description[2048];
    char last_error[256];
};

void stand_in_person_init(struct stand_in_person *person);
