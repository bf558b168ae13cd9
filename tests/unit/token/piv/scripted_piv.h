/* A scripted channel that plays a PIV card, opened. Commands and answers are written out by hand from the
 * standard's tables. */
#pragma once

#include "tests/unit/token/scripted_channel.h"
#include "token/piv/piv.h"
#include "token/token_driver.h"

#define SCRIPTED_PIV_ATR "3B 80 80 01 01"
/* Its historical bytes promise extended lengths. */
#define SCRIPTED_PIV_ATR_EXTENDED "3B 8C 80 01 80 73 C0 21 C0 56 53 49 4D 50 49 56 91"
#define SCRIPTED_PIV_SELECT "00 A4 04 00 09 A0 00 00 03 08 00 00 10 00 00"
#define SCRIPTED_PIV_SELECT_WHOLE "00 A4 04 00 0B A0 00 00 03 08 00 00 10 00 01 00 00"
#define SCRIPTED_PIV_PROPERTIES "61 04 4F 02 10 00 9000"
#define SCRIPTED_PIV_SERIAL "00 F8 00 00 00"
#define SCRIPTED_PIV_SERIAL_ANSWER "00 BC 61 4E 9000"
#define SCRIPTED_PIV_LOGOUT "00 20 FF 80"
#define SCRIPTED_PIV_VERIFY "00 20 00 80 08 31 32 33 34 35 36 FF FF"
#define SCRIPTED_PIV_EMPTY_VERIFY "00 20 00 80"
#define SCRIPTED_PIV_METADATA "00 F7 00 80 00"

/* The objects of the key history and of certificates; what a history of one says, and a mark of ours. */
#define SCRIPTED_PIV_HISTORY "5FC10C"
#define SCRIPTED_PIV_OBJECT_9C "5FC10A"
#define SCRIPTED_PIV_OBJECT_82 "5FC10D"
#define SCRIPTED_PIV_OBJECT_83 "5FC10E"
#define SCRIPTED_PIV_OBJECT_84 "5FC10F"
#define SCRIPTED_PIV_OBJECT_85 "5FC110"
#define SCRIPTED_PIV_ONE_RETIRED "53 08 C1 01 01 C2 01 00 FE 00 9000"
#define SCRIPTED_PIV_FREE_MARK "53 0E 72 0A 756B6579642D66726565 FE 00 9000"

struct scripted_piv {
    struct scripted_channel *script; /* NULL once the token is closed */
    struct token *token;
    struct piv *piv; /* the driver's */
    struct err err;
};

/* An opened card with the serial number 12345678; two commands. */
struct scripted_piv scripted_piv_new(const char *atr);
void scripted_piv_expect(struct scripted_piv *card, const char *command, const char *answer);
/* GET DATA of an object, "5FC10A", and its whole answer or a status word. */
void scripted_piv_expect_object(struct scripted_piv *card, const char *id, const char *answer);
/* The same of a certificate object whose key is told by one byte. */
void scripted_piv_expect_cert(struct scripted_piv *card, const char *id, uint8_t key_byte,
                              const char *name);
/* What GET METADATA says of that key; the caller frees. */
char *scripted_piv_metadata(uint8_t key_byte);
/* The slot has a pair of this name. */
void scripted_piv_check_name(const struct scripted_piv *card, size_t slot, const char *name);
/* SELECT and VERIFY with 123456. */
void scripted_piv_login(struct scripted_piv *card);
/* The management key's challenge and a cryptogram that the card accepts; there are no metadata. */
void scripted_piv_admin_login(struct scripted_piv *card);
/* logged_in: a log-in was tried and is ended. */
void scripted_piv_close(struct scripted_piv *card, bool logged_in);
struct secret *scripted_piv_secret(const char *text);
