/* The portal's database: opening and migrating, transactions by scope, prepared statements. SQLite is
 * known to this file alone. Belongs to one thread; other processes (administration commands) may use
 * the same database at the same time. */
#pragma once

#include "base/err.h"
#include "base/json.h"
#include "base/span.h"

/* Another process's transaction takes milliseconds; a loop that waits longer would hold up requests. */
#define PORTAL_DB_BUSY_MS 2000

struct portal_db;

/* Opens the database, makes it when it is missing (mode 0600), and brings it to this program's schema
 * version. ":memory:" is for tests. ERR_DATABASE, also when the schema is newer than the program. */
MUST_CHECK enum err_code portal_db_open(const char *path, struct portal_db **out, struct err *err);
void portal_db_free(struct portal_db *db);
void portal_db_freep(struct portal_db **db);

/* A value that is bound to a "?" of a statement; texts and bytes are borrowed until the call returns. */
struct portal_value {
    enum { PORTAL_VALUE_NULL, PORTAL_VALUE_INTEGER, PORTAL_VALUE_TEXT, PORTAL_VALUE_BLOB } type;
    int64_t integer;
    const char *text; /* NULL gives null */
    struct span blob;
};
#define PORTAL_INTEGER(value) ((struct portal_value){PORTAL_VALUE_INTEGER, .integer = (value)})
#define PORTAL_TEXT(value) ((struct portal_value){PORTAL_VALUE_TEXT, .text = (value)})
#define PORTAL_BLOB(value) ((struct portal_value){PORTAL_VALUE_BLOB, .blob = (value)})
#define PORTAL_NULL ((struct portal_value){PORTAL_VALUE_NULL})
/* Two arguments: the array and its count. */
#define PORTAL_VALUES(...) \
    ((const struct portal_value[]){__VA_ARGS__}), \
        (sizeof((const struct portal_value[]){__VA_ARGS__}) / sizeof(struct portal_value))
#define PORTAL_NO_VALUES NULL, 0

/* Runs a statement that gives no rows. ERR_RECORD_EXISTS when a unique index refuses, else
 * ERR_DATABASE. */
MUST_CHECK enum err_code portal_db_run(struct portal_db *db, const char *sql,
                                       const struct portal_value *values, size_t count,
                                       struct err *err);
/* The rowid of the last insertion. */
int64_t portal_db_last_id(const struct portal_db *db);
/* Rows that the last statement changed. */
int64_t portal_db_changed(const struct portal_db *db);

/* A statement whose rows are read one by one. */
struct portal_query;
MUST_CHECK enum err_code portal_db_query(struct portal_db *db, const char *sql,
                                         const struct portal_value *values, size_t count,
                                         struct portal_query **out, struct err *err);
void portal_query_free(struct portal_query *query);
void portal_query_freep(struct portal_query **query);
/* Goes to the next row; *out_row is false behind the last one. */
MUST_CHECK enum err_code portal_query_next(struct portal_query *query, bool *out_row,
                                           struct err *err);
/* Goes to the first row; ERR_NO_SUCH_RECORD when there is none. */
MUST_CHECK enum err_code portal_query_one(struct portal_query *query, struct err *err);
/* The first row's first column, such as a count; 0 where that is null or there is no row. */
MUST_CHECK enum err_code portal_db_number(struct portal_db *db, const char *sql,
                                          const struct portal_value *values, size_t count,
                                          int64_t *out, struct err *err);
/* Columns count from 0. Borrowed until the next row; "" and empty for null. */
int64_t portal_query_integer(const struct portal_query *query, int column);
const char *portal_query_text(const struct portal_query *query, int column);
struct span portal_query_blob(const struct portal_query *query, int column);
bool portal_query_is_null(const struct portal_query *query, int column);

/* All rows as a JSON array; row makes the object of one. */
MUST_CHECK enum err_code portal_query_list(struct portal_query *query,
                                           struct json *(*row)(const struct portal_query *query),
                                           struct json **out, struct err *err);

/* A transaction of one scope: rolled back by portal_transaction_end unless it was committed.
 *     AUTO(portal_transaction_end) struct portal_transaction transaction = {0};  */
struct portal_transaction {
    struct portal_db *db; /* NULL: none is open */
};
/* Takes the write lock at once, so that what is read inside stays true until the commit. */
MUST_CHECK enum err_code portal_transaction_begin(struct portal_transaction *transaction,
                                                  struct portal_db *db, struct err *err);
MUST_CHECK enum err_code portal_transaction_commit(struct portal_transaction *transaction,
                                                   struct err *err);
void portal_transaction_end(struct portal_transaction *transaction);
bool portal_db_in_transaction(const struct portal_db *db);

/* A setting's text, the caller frees; ERR_NO_SUCH_RECORD. */
MUST_CHECK enum err_code portal_db_setting(struct portal_db *db, const char *name, char **out,
                                           struct err *err);
MUST_CHECK enum err_code portal_db_set_setting(struct portal_db *db, const char *name,
                                               const char *value, struct err *err);
