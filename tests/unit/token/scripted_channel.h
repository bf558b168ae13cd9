/* A channel for tests that expects given commands and gives given answers. The test fails at the first
 * command that is not the expected one, and at closing when expected ones did not come. */
#pragma once

#include "token/channel.h"

struct scripted_channel;

struct scripted_channel *scripted_channel_new(void);
struct channel *scripted_channel_channel(struct scripted_channel *script);
/* One that is never closed by a token. */
void scripted_channel_free(struct scripted_channel *script);

/* Hexadecimal, spaces allowed. Without it the ATR is the virtual GM/T 0017 key's. */
void scripted_channel_set_atr(struct scripted_channel *script, const char *hex);

/* What the reader says that it takes; 0: it does not say, as without this call. */
void scripted_channel_set_command_bytes_max(struct scripted_channel *script, size_t bytes);

/* Hexadecimal, spaces allowed. The answer ends with its status word. */
void scripted_channel_expect(struct scripted_channel *script, const char *command,
                             const char *answer);
/* The command is sent and the line breaks: transmit fails with code. */
void scripted_channel_expect_failure(struct scripted_channel *script, const char *command,
                                     enum err_code code);
/* The next begin() fails with code. */
void scripted_channel_fail_begin(struct scripted_channel *script, enum err_code code);

/* How many expected commands are still to come. */
size_t scripted_channel_left(const struct scripted_channel *script);
/* begin() calls so far, and whether end() is due. */
unsigned scripted_channel_begins(const struct scripted_channel *script);
bool scripted_channel_is_held(const struct scripted_channel *script);

/* Bytes of hexadecimal with spaces. */
struct bytes *scripted_channel_bytes(const char *hex);
