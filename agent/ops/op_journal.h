/* The journal: one row per operation, on disk before anything that can't be repeated happens. Holds no
 * PIN. Thread-safe: it has its lock inside. */
#pragma once

#include "base/err.h"
#include "base/json.h"

/* Older operations that are over are forgotten when there are more: at most 4 MB of them, a year of a busy office. */
#define OP_JOURNAL_ROWS_MAX 200
/* Facts of one operation: certificates, request, proof in Base64. */
#define OP_JOURNAL_FACTS_BYTES_MAX 131072
#define OP_JOURNAL_TEXT_BYTES_MAX 1024

struct op_journal;

/* A row; texts are borrowed, NULL where there is none. */
struct op_row {
    const char *id;
    const char *kind;
    const char *origin;
    const char *platform;
    const char *state;
    const char *step;
    const char *serial;
    int64_t created_utc;
    int64_t updated_utc;
    const char *facts; /* JSON */
};

/* Opens or makes the file (mode 0600) and brings its schema up to date. Nobody else may until it is closed or this
 * process ends ("-lock" beside it). ERR_ALREADY_RUNNING, ERR_JOURNAL. */
MUST_CHECK enum err_code op_journal_open(const char *path, struct op_journal **out,
                                         struct err *err);
void op_journal_close(struct op_journal *journal);
void op_journal_closep(struct op_journal **journal);

/* What a row must outlive when the call returns. */
enum op_durability {
    OP_OUTLIVES_US, /* the death of this process */
    OP_OUTLIVES_POWER, /* a power cut too: costs a sync of the disk */
};

/* Inserts or replaces the row of row->id. ERR_JOURNAL. */
MUST_CHECK enum err_code op_journal_put(struct op_journal *journal, const struct op_row *row,
                                        enum op_durability durability, struct err *err);
/* What rows held before they were replaced is no longer in the files, and of operations that are over only the newest
 * OP_JOURNAL_ROWS_MAX are. ERR_JOURNAL: it still is. */
MUST_CHECK enum err_code op_journal_forget(struct op_journal *journal, struct err *err);
typedef void (*op_journal_take_fn)(void *context, const struct op_row *row);
/* Calls take for every row, oldest first. */
MUST_CHECK enum err_code op_journal_each(struct op_journal *journal, op_journal_take_fn take,
                                         void *context, struct err *err);
/* The same for the file of an agent that does not run: it is only read, and an agent that starts meanwhile is not
 * kept out. ERR_ALREADY_RUNNING: one has it. ERR_JOURNAL: it is damaged, or made by a later version. */
MUST_CHECK enum err_code op_journal_read(const char *path, op_journal_take_fn take, void *context,
                                         struct err *err);
