/* pcsc-lite as we use it, with its return codes as our errors. The one place that knows winscard.
 *
 * Every call may block as long as pcscd likes (a silent card, another program's transaction): whoever
 * needs a deadline calls from a thread that can be given up. See channel_pcsc.h. */
#pragma once

#include <stdatomic.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/span.h"

#define PCSC_READERS_MAX 16 /* PCSCLITE_MAX_READERS_CONTEXTS */
#define PCSC_NAME_BYTES 128 /* MAX_READERNAME, with its zero byte */
#define PCSC_ATR_BYTES_MAX 33 /* ISO/IEC 7816-3 8.2.1 */

/* ---- a card; belongs to one thread ---- */

struct pcsc_card;

/* Connects, shared with other programs, in a context of its own. A card that was put in just now is
 * not there for pcscd until its next look, and many programs that hold one exclusively do so for a
 * moment, so both are tried for a second. While another connection is in a transaction this blocks: before
 * it might, *in_use says whether there are other connections to the card.
 * Fails with ERR_PCSC_NO_SERVICE, ERR_PCSC_NO_PERMISSION, ERR_READER_BUSY (held exclusively),
 * ERR_TOKEN_REMOVED (no such reader, no card), ERR_TOKEN_UNSUPPORTED (its ATR fits no protocol),
 * ERR_TOKEN_HUNG (it does not answer to power-up), ERR_TOKEN_TRANSPORT, ERR_PCSC. */
MUST_CHECK enum err_code pcsc_card_open(const char *reader, atomic_bool *in_use,
                                        struct pcsc_card **out, struct err *err);
/* Ends what log-in the card has when reset is set; else leaves the card as it is. NULL is fine. */
void pcsc_card_close(struct pcsc_card *card, bool reset);
struct span pcsc_card_peek_atr(const struct pcsc_card *card);
/* The largest command in bytes that the reader takes, as its driver says; 0: it does not say. */
size_t pcsc_card_command_bytes_max(const struct pcsc_card *card);

/* After a reset by another program both reconnect, and then fail with ERR_TOKEN_RESET. When the card
 * that is then there has another ATR they fail with ERR_TOKEN_REMOVED. */
MUST_CHECK enum err_code pcsc_card_begin(struct pcsc_card *card, struct err *err);
void pcsc_card_end(struct pcsc_card *card);
/* Never sends twice. An answer without a status word is a failure: pcsc-lite reports success when the
 * card leaves in the middle of a command. */
MUST_CHECK enum err_code pcsc_card_transmit(struct pcsc_card *card, struct span command,
                                            struct bytes **out, struct err *err);

/* ---- the readers; one thread follows them, any thread may cancel ---- */

struct pcsc_reader {
    char name[PCSC_NAME_BYTES];
    bool has_card;
    bool is_exclusive; /* somebody is connected, and nobody else may be */
    unsigned state; /* pcsc-lite's, with the number of insertions and removals in the upper half */
};

struct pcsc_readers {
    size_t count;
    unsigned pnp_state;
    struct pcsc_reader reader[PCSC_READERS_MAX];
};

struct pcsc_watch;

struct pcsc_watch *pcsc_watch_new(void);
void pcsc_watch_free(struct pcsc_watch *watch);
/* ERR_PCSC_NO_SERVICE, ERR_PCSC_NO_PERMISSION, ERR_PCSC. */
MUST_CHECK enum err_code pcsc_watch_connect(struct pcsc_watch *watch, struct err *err);
void pcsc_watch_disconnect(struct pcsc_watch *watch);
/* What is there now; no readers is a success. After a failure disconnect and connect again. */
MUST_CHECK enum err_code pcsc_watch_read(struct pcsc_watch *watch, struct pcsc_readers *out,
                                         struct err *err);
/* Sleeps until a reader or a card comes or goes. Fails with ERR_DEADLINE after timeout_ms (-1:
 * never) and with ERR_CANCELLED. A reader that comes between pcsc_watch_read and the start of this call
 * can be missed by pcsc-lite before 2.3. */
MUST_CHECK enum err_code pcsc_watch_wait(struct pcsc_watch *watch, const struct pcsc_readers *known,
                                         int timeout_ms, struct err *err);
/* Wakes a pcsc_watch_wait that sleeps now, and does nothing to one that is about to start: repeat it
 * until the thread has noticed. */
void pcsc_watch_cancel(struct pcsc_watch *watch);

/* Our error for one of pcsc-lite's codes. */
enum err_code pcsc_err_code(long foreign);
