/* The calls of token.h as a numbered list, over any channel: what fuzz_key.c makes with answers that lie, and
 * record_corpus.c with those of the virtual key. */
#pragma once

#include "token/token_driver.h"

const char *key_call_name(size_t number);
size_t key_call_count(void);
/* Opens the key behind the channel, which is taken over, logs in, makes the call and closes. */
void key_call(size_t number, struct channel *channel);
