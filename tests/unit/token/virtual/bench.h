/* A card on the bench: one application "APP" (administrator's PIN 12345678, user's 123456), one
 * container "box", and commands in hexadecimal. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hex.h"
#include "base/memory.h"
#include "token/virtual/virtual_card.h"

/* The challenge of every known answer below. */
#define CHALLENGE "0102030405060708"
/* Answers to it. "zeros": the challenge, then zeros; "length": its length, itself, 80, zeros. The key is
 * SHA-1 of the zero-padded PIN. */
#define USER_ZEROS "920EE2F758A377F47711FEA261F14D1C"
#define USER_LENGTH "0566E5EB3B4A1E76864236FB8BEF7594"
#define ADMIN_ZEROS "5B21F57370D6ADE8B84EF018F616013E"
#define ADMIN_LENGTH "88D761037516258B23E09503E327A5AB"
#define WRONG_ANSWER "00000000000000000000000000000000"

/* The example keys of GB/T 32918.5. */
#define SIGN_SCALAR "3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8"
#define SIGN_POINT \
    "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020" \
    "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
#define EXAMPLE_E "F0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640"
#define EXAMPLE_SIGNATURE \
    "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3" \
    "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"

/* An enveloped key for SIGN_SCALAR, in its parts. */
#define ENVELOPED_SCALAR "128B2FA8BD433C6C068C8D803DFF79792A519A55171B1B650C23661D15897263"
#define ENVELOPED_POINT \
    "D5548C7825CBB56150A3506CD57464AF8A1AE0519DFAF3C58221DC810CAF28DD" \
    "921073768FE3D59CE54E79A49445CF73FED23086537027264D168946D479533E"
#define ENVELOPE_C1 \
    "11C88AE04CEC1BA554D03D5B5970333A83585826C2A985DE5520D9E934389EFB" \
    "84B52D344FB21AA8EA38A4940C8332692B8D4DA2393549212EAFDC0F11CA5C9C"
#define ENVELOPE_C3 "15D9E4D803966411BDA0C1CAA1CA12FE30F887A3C57EDAD418FB60407BEA2590"
#define ENVELOPE_C2 "9FC075DCF83B264F74FD38CE164EFA21"
#define ENVELOPE_KEY "21F292BEEF9C7E928502516378A45AEA943E2398F31672EF73D059644959F7C4"

struct bench {
    struct virtual_card *card;
    struct virtual_objects *objects; /* the card's own, to be looked at and changed */
    struct virtual_application *application;
    struct virtual_container *container;
    struct bytes *answer; /* data of the last answer, without its status */
};

/* profile is borrowed for as long as the bench. */
void bench_init(struct bench *bench, const struct virtual_profile *profile);
void bench_done(struct bench *bench);

/* Sends a command in hexadecimal, where blanks are free, and gives the status word. */
unsigned bench_send(struct bench *bench, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The data of the last answer. */
void bench_expect(const struct bench *bench, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* GenRandom(8), with CHALLENGE for an answer. */
void bench_challenge(struct bench *bench);
/* Opens the application; with the user's or administrator's PIN verified; and the container opened. */
void bench_open(struct bench *bench);
void bench_log_in(struct bench *bench);
void bench_log_in_admin(struct bench *bench);
void bench_open_container(struct bench *bench);
/* Proves the device key to the card. */
void bench_authenticate(struct bench *bench);
/* Puts SIGN_SCALAR into the container, as its signing pair. */
void bench_put_sign_pair(struct bench *bench);
/* The bytes of a hexadecimal constant. */
struct bytes *bench_bytes(const char *hex);
