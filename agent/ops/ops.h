/* Everything that the web side may see of what the agent does. All calls belong to the loop's thread
 * and return at once; work is done by the operations' own threads.
 *
 * origin is the page's origin; NULL is the user's own terminal (ukeyctl), which sees all operations. */
#pragma once

#include "base/err.h"
#include "base/json.h"
#include "base/loop.h"
#include "base/text.h"

#define OPS_ID_BYTES 33 /* 128 random bits in hexadecimal, and the zero byte */
#define OPS_TICKET_BYTES_MAX 256
#define OPS_SERIAL_BYTES_MAX 64
#define OPS_KIND_BYTES_MAX 32
#define OPS_WAIT_SECONDS_MAX 60

struct ops;

/* Starts an operation; *out_id is its id. Fails with ERR_FIELD_VALUE (kind; ticket missing or not
 * wanted), ERR_OPERATION_BUSY (one at a time and key), ERR_HTTP_ORIGIN (no platform of this origin). */
struct ops_start {
    const char *kind; /* "check", "renew" */
    const char *ticket; /* NULL: none */
    const char *token; /* serial of the key that is meant, NULL: the only one */
    const char *origin; /* of the page: it selects the platform */
    const char
        *platform; /* from the terminal, where there is no origin: the platform's id; NULL: none */
    enum lang lang; /* of the dialog */
};
MUST_CHECK enum err_code ops_start(struct ops *ops, const struct ops_start *start,
                                   char out_id[OPS_ID_BYTES], struct err *err);

/* The operation as docs/api/local.md shows it. ERR_OPERATION_UNKNOWN also for another origin's. */
MUST_CHECK enum err_code ops_operation_json(struct ops *ops, const char *id, const char *origin,
                                            enum lang lang, struct json **out, struct err *err);
/* Changes with every change of the operation; 0 when unknown. For waiting: answer when it differs. */
uint64_t ops_operation_version(struct ops *ops, const char *id, const char *origin);
/* Whether it is over: nothing will change any more. */
bool ops_operation_over(struct ops *ops, const char *id, const char *origin);
/* Newest first, an array. */
struct json *ops_list_json(struct ops *ops, const char *origin, enum lang lang);
/* ERR_OPERATION_UNKNOWN, ERR_OPERATION_TOO_LATE. The operation ends as cancelled soon after. */
MUST_CHECK enum err_code ops_cancel(struct ops *ops, const char *id, const char *origin,
                                    struct err *err);

/* Goes on with one that failed on the way and may still succeed ("resumable"): with its job, and asking for the
 * PIN anew. lang: of the dialog. ERR_OPERATION_UNKNOWN, ERR_OPERATION_NOT_RESUMABLE, ERR_OPERATION_BUSY,
 * ERR_JOURNAL. */
MUST_CHECK enum err_code ops_resume(struct ops *ops, const char *id, const char *origin,
                                    enum lang lang, struct err *err);
/* Gives such a one up: it ends as cancelled and can't be gone on with. Cancels one that is under way.
 * ERR_OPERATION_UNKNOWN, ERR_OPERATION_TOO_LATE. */
MUST_CHECK enum err_code ops_abandon(struct ops *ops, const char *id, const char *origin,
                                     struct err *err);

/* {"agent","version","api","pcsc","keys","busy"}. */
struct json *ops_status_json(struct ops *ops);
/* Reads all plugged-in keys in threads of their own; done(context, array) runs later in the loop's
 * thread and takes the array over. Never more than one reading at a time: callers share it. */
void ops_read_tokens(struct ops *ops, enum lang lang,
                     void (*done)(void *context, struct json *array), void *context);

/* Takes the open dialogs of this origin away (NULL: of terminals): their operations end with why. */
void ops_withdraw_dialogs(struct ops *ops, const char *origin, enum err_code why);

enum ops_event {
    OPS_TOKEN_INSERTED,
    OPS_TOKEN_REMOVED,
    OPS_OPERATION_CHANGED,
    OPS_STATUS_CHANGED,
    OPS_DIALOG_OPENED, /* not for pages */
    OPS_DIALOG_CLOSED, /* not for pages */
};
enum ops_answer {
    OPS_NOT_ASKED, /* it was taken away, or could not be shown */
    OPS_ANSWERED,
    OPS_UNANSWERED, /* the person did not want it, or the page has taken it back or left */
};
/* The observer is told in the loop's thread. id: of the operation, else NULL; origin: whose it or the dialog is.
 * reader: of the key, else NULL. answer: to a dialog that was closed. */
struct ops_change {
    enum ops_event event;
    const char *id;
    const char *origin;
    const char *reader;
    enum ops_answer answer;
    bool over; /* by this change the operation ended; it is told once of each end */
};
typedef void (*ops_observer)(void *context, const struct ops_change *change);
/* One observer (the web side). */
void ops_observe(struct ops *ops, ops_observer observer, void *context);
