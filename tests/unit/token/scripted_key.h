/* A scripted channel that plays a key of each built-in profile, opened. Answers are written out by hand
 * from the standard's tables. */
#pragma once

#include "tests/unit/token/scripted_channel.h"
#include "token/token_driver.h"

#define SCRIPTED_KEY_PLAIN "GM/T 0017 reference"
#define SCRIPTED_KEY_LONGMAI "Longmai"
#define SCRIPTED_KEY_SYNO "Syno"

#define SCRIPTED_KEY_OPEN_DEV_INFO "80 04 00 00 00 01 20"
/* What a card is asked that is not of this family. */
#define SCRIPTED_KEY_OTHER_DRIVER "00 A4 04 00 09 A0 00 00 03 08 00 00 10 00 00"
#define SCRIPTED_KEY_CLOSE_APPLICATION "80 28 00 00 00 00 02 10 00"

struct scripted_key {
    struct scripted_channel *script; /* NULL once the token is closed */
    struct token *token;
    struct err err;
};

/* GetDevInfo's answer with its status word, in hexadecimal: the caller frees. little: byte order. */
char *scripted_key_dev_info(const char *manufacturer, const char *label, const char *serial,
                            bool little);
/* The three commands of opening: application "APP", id 1000, 4 containers at most. */
void scripted_key_expect_open(struct scripted_channel *script, const char *manufacturer);
/* An opened key; serial "SN0001". */
struct scripted_key scripted_key_new(const char *manufacturer);
/* Expects CloseApplication (and ClearSecureState before it when logged_in) and closes. */
void scripted_key_close(struct scripted_key *key, bool logged_in);
/* After an answer that made no sense the log-in can be ended only once the token is back in step. */
void scripted_key_close_stale(struct scripted_key *key, bool logged_in);
/* Logs in with 123456; the challenge is 0102030405060708. */
void scripted_key_login(struct scripted_key *key);

void scripted_key_expect(struct scripted_key *key, const char *command, const char *answer);
struct secret *scripted_key_secret(const char *text);
/* count bytes 00 01 02 ... starting with first, as hexadecimal; the caller frees. */
char *scripted_key_bytes(uint8_t first, size_t count);
