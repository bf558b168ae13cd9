/* Commands and answers as bytes. In the extended form Lc is 00 hi lo and stands only before data; Le is
 * hi lo after data and 00 hi lo without. In the short form each is one byte.
 * Source: GM/T 0017-2012 (APDU format: extended throughout); ISO/IEC 7816-4 5.2. */
#pragma once

#include "base/err.h"
#include "base/span.h"

#define APDU_HEADER_BYTES 4 /* CLA INS P1 P2 */
/* What fits the largest command that a channel takes, with Lc and Le. */
#define APDU_DATA_BYTES_MAX 64900
#define APDU_SHORT_DATA_BYTES_MAX 255
#define APDU_LE_NONE (-1)
#define APDU_LE_ALL 0 /* everything that there is */
#define APDU_LE_MAX 65535

#define APDU_STATUS_OK 0x9000

struct apdu {
    uint8_t cla, ins, p1, p2;
    struct span data;
    int le; /* APDU_LE_NONE, APDU_LE_ALL, or 1 to APDU_LE_MAX */
};

/* The command's bytes. They may carry a cryptogram of a PIN: free them with bytes_wipe_freep. Fails with
 * ERR_TOKEN_NO_SPACE when the data are longer than APDU_DATA_BYTES_MAX. */
MUST_CHECK enum err_code apdu_build(const struct apdu *apdu, struct bytes **out, struct err *err);
/* The same in the short form. le is at most 256; APDU_LE_ALL asks for 256 bytes at most. Fails with
 * ERR_TOKEN_NO_SPACE when the data are longer than APDU_SHORT_DATA_BYTES_MAX. */
MUST_CHECK enum err_code apdu_build_short(const struct apdu *apdu, struct bytes **out,
                                          struct err *err);

/* Data and status word of an answer. Fails with ERR_TOKEN_TRANSPORT when it is shorter than two bytes. */
MUST_CHECK enum err_code apdu_split(struct span answer, struct span *out_data, uint16_t *out_status,
                                    struct err *err);

/* Whether the command's data must not be shown: it carries a PIN, or a cryptogram from which a short
 * PIN could be found by trying. Judged by the instruction alone, whatever the class (chaining and
 * secure messaging change its bits). A command too short to tell does. */
bool apdu_carries_pin(struct span command);
/* Whether the command opens a log-in that no command ends: the management key of a PIV card (GENERAL
 * AUTHENTICATE 9B). Source: SP 800-73-4 Part 2 3.2.4 and 3.1.1 (selecting again leaves it open). */
bool apdu_needs_reset(struct span command);
