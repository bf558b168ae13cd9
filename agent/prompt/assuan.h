/* The client's side of the Assuan protocol, as far as pinentry speaks it: one command, one answer.
 *
 * Everything that the other side says may hold a PIN, so it is read straight into one locked area and
 * nowhere else. Source: the Assuan manual, "Server responses"; the pinentry manual, "Protocol". */
#pragma once

#include "base/cancel.h"
#include "base/clock.h"
#include "base/secret.h"

/* A line with its line feed. Source: ASSUAN_LINELENGTH; its readers refuse more. */
#define ASSUAN_COMMAND_BYTES_MAX 1000
/* What pinentry says is short: the longest is a PIN of 64 bytes, each escaped as three. */
#define ASSUAN_LINE_BYTES_MAX SECRET_BYTES_MAX
/* Lines of one answer: a new PIN's quality is asked for at each key stroke. */
#define ASSUAN_LINES_MAX 4096
/* Of a quality, both ways. Source: the pinentry manual, SETQUALITYBAR. */
#define ASSUAN_QUALITY_MAX 100

struct assuan;

/* fd: a connected stream socket, borrowed. ERR_NO_LOCKED_MEMORY. */
MUST_CHECK enum err_code assuan_new(int fd, struct assuan **out, struct err *err);
void assuan_free(struct assuan *assuan);
void assuan_freep(struct assuan **assuan);

/* Judges what was typed so far: 0 to ASSUAN_QUALITY_MAX, negative: not good enough. typed is borrowed from
 * the locked area, gone after the call. */
typedef int (*assuan_quality_fn)(void *context, struct span typed);
/* From now on "INQUIRE QUALITY" is answered by function; all other inquiries, and without it this one too,
 * by an empty answer. */
void assuan_set_quality(struct assuan *assuan, assuan_quality_fn function, void *context);

/* How to wait for an answer. */
struct assuan_wait {
    struct deadline deadline;
    const struct cancel *cancel; /* NULL: can't be cancelled */
};

/* What the other side said in the end. */
struct assuan_answer {
    bool ok;
    unsigned long code; /* of "ERR code": source in the upper bits, reason in the lower 16 */
    bool repeated; /* the dialog had the PIN typed twice: "S PIN_REPEATED" */
};

/* Waits for the greeting, or for the answer to what was sent. data: gets what the D lines carry, decoded;
 * NULL: they are dropped. *out says OK or ERR. Fails with ERR_DEADLINE, ERR_CANCELLED, ERR_PIN_LENGTH
 * (more data than fits) and ERR_PROMPT_UNAVAILABLE (the other side left, or talks nonsense). */
MUST_CHECK enum err_code assuan_receive(struct assuan *assuan, const struct assuan_wait *wait,
                                        struct secret *data, struct assuan_answer *out,
                                        struct err *err);
/* Sends "command" or "command argument": the argument is escaped, and cut before the character with which
 * the line would grow too long. Never for secrets. */
MUST_CHECK enum err_code assuan_send(struct assuan *assuan, const char *command,
                                     const char *argument, struct err *err);
