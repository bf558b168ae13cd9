#include "portal/portal_db.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>

#include "base/file.h"
#include "portal/portal_schema.h"

struct portal_db {
    sqlite3 *handle;
};

struct portal_query {
    sqlite3_stmt *statement;
    sqlite3 *handle;
};

static enum err_code db_error(sqlite3 *handle, struct err *err, const char *doing)
{
    int extended = sqlite3_extended_errcode(handle);
    bool exists = extended == SQLITE_CONSTRAINT_UNIQUE || extended == SQLITE_CONSTRAINT_PRIMARYKEY;
    return err_set_foreign(err, exists ? ERR_RECORD_EXISTS : ERR_DATABASE, extended, "%s: %s",
                           doing, sqlite3_errmsg(handle));
}

static enum err_code run_plain(struct portal_db *db, const char *sql, struct err *err)
{
    if (sqlite3_exec(db->handle, sql, NULL, NULL, NULL) != SQLITE_OK)
        return db_error(db->handle, err, "run");
    return ERR_NONE;
}

/* ---- statements ---- */

static int bind(sqlite3_stmt *statement, int index, const struct portal_value *value)
{
    switch (value->type) {
    case PORTAL_VALUE_INTEGER:
        return sqlite3_bind_int64(statement, index, value->integer);
    case PORTAL_VALUE_TEXT:
        return sqlite3_bind_text(statement, index, value->text, -1, SQLITE_TRANSIENT);
    case PORTAL_VALUE_BLOB:
        return value->blob.len == 0 ? sqlite3_bind_zeroblob(statement, index, 0)
                                    : sqlite3_bind_blob64(statement, index, value->blob.at,
                                                          value->blob.len, SQLITE_TRANSIENT);
    case PORTAL_VALUE_NULL:
        break;
    }
    return sqlite3_bind_null(statement, index);
}

enum err_code portal_db_query(struct portal_db *db, const char *sql,
                              const struct portal_value *values, size_t count,
                              struct portal_query **out, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = memory_new(sizeof *query);
    query->handle = db->handle;
    if (sqlite3_prepare_v2(db->handle, sql, -1, &query->statement, NULL) != SQLITE_OK)
        return db_error(db->handle, err, "prepare");
    if ((size_t)sqlite3_bind_parameter_count(query->statement) != count)
        return err_set(err, ERR_INTERNAL, "%zu values for \"%s\"", count, sql);
    for (size_t i = 0; i < count; i++)
        if (bind(query->statement, (int)i + 1, &values[i]) != SQLITE_OK)
            return db_error(db->handle, err, "bind");
    *out = TAKE(query);
    return ERR_NONE;
}

void portal_query_free(struct portal_query *query)
{
    if (query == NULL)
        return;
    sqlite3_finalize(query->statement);
    free(query);
}

void portal_query_freep(struct portal_query **query)
{
    portal_query_free(*query);
    *query = NULL;
}

enum err_code portal_query_next(struct portal_query *query, bool *out_row, struct err *err)
{
    int result = sqlite3_step(query->statement);
    if (result != SQLITE_ROW && result != SQLITE_DONE)
        return db_error(query->handle, err, "step");
    *out_row = result == SQLITE_ROW;
    return ERR_NONE;
}

enum err_code portal_query_one(struct portal_query *query, struct err *err)
{
    bool row = false;
    if (portal_query_next(query, &row, err) != ERR_NONE)
        return err->code;
    return row ? ERR_NONE : err_set(err, ERR_NO_SUCH_RECORD, "no row");
}

enum err_code portal_db_number(struct portal_db *db, const char *sql,
                               const struct portal_value *values, size_t count, int64_t *out,
                               struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    bool row = false;
    if (portal_db_query(db, sql, values, count, &query, err) != ERR_NONE ||
        portal_query_next(query, &row, err) != ERR_NONE)
        return err->code;
    *out = row ? portal_query_integer(query, 0) : 0;
    return ERR_NONE;
}

int64_t portal_query_integer(const struct portal_query *query, int column)
{
    return sqlite3_column_int64(query->statement, column);
}

const char *portal_query_text(const struct portal_query *query, int column)
{
    const unsigned char *text = sqlite3_column_text(query->statement, column);
    return text == NULL ? "" : (const char *)text;
}

struct span portal_query_blob(const struct portal_query *query, int column)
{
    const void *at = sqlite3_column_blob(query->statement, column);
    return span_of(at, (size_t)sqlite3_column_bytes(query->statement, column));
}

bool portal_query_is_null(const struct portal_query *query, int column)
{
    return sqlite3_column_type(query->statement, column) == SQLITE_NULL;
}

enum err_code portal_query_list(struct portal_query *query,
                                struct json *(*row)(const struct portal_query *query),
                                struct json **out, struct err *err)
{
    AUTO(json_freep) struct json *list = json_new_array();
    for (bool more = true; more;) {
        if (portal_query_next(query, &more, err) != ERR_NONE)
            return err->code;
        if (more)
            json_append(list, row(query));
    }
    *out = TAKE(list);
    return ERR_NONE;
}

enum err_code portal_db_run(struct portal_db *db, const char *sql,
                            const struct portal_value *values, size_t count, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(db, sql, values, count, &query, err) != ERR_NONE)
        return err->code;
    bool row = false;
    return portal_query_next(query, &row, err);
}

int64_t portal_db_last_id(const struct portal_db *db)
{
    return sqlite3_last_insert_rowid(db->handle);
}

int64_t portal_db_changed(const struct portal_db *db)
{
    return sqlite3_changes64(db->handle);
}

/* ---- transactions ---- */

enum err_code portal_transaction_begin(struct portal_transaction *transaction, struct portal_db *db,
                                       struct err *err)
{
    if (run_plain(db, "BEGIN IMMEDIATE", err) != ERR_NONE)
        return err_add(err, "begin a transaction");
    transaction->db = db;
    return ERR_NONE;
}

enum err_code portal_transaction_commit(struct portal_transaction *transaction, struct err *err)
{
    if (run_plain(transaction->db, "COMMIT", err) != ERR_NONE)
        return err_add(err, "commit");
    transaction->db = NULL;
    return ERR_NONE;
}

void portal_transaction_end(struct portal_transaction *transaction)
{
    if (transaction->db != NULL && portal_db_in_transaction(transaction->db))
        sqlite3_exec(transaction->db->handle, "ROLLBACK", NULL, NULL, NULL);
    transaction->db = NULL;
}

bool portal_db_in_transaction(const struct portal_db *db)
{
    return sqlite3_get_autocommit(db->handle) == 0;
}

/* ---- opening ---- */

static enum err_code schema_version(struct portal_db *db, int *out, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(db, "PRAGMA user_version", PORTAL_NO_VALUES, &query, err) != ERR_NONE ||
        portal_query_one(query, err) != ERR_NONE)
        return err_add(err, "read the schema version");
    *out = (int)portal_query_integer(query, 0);
    return ERR_NONE;
}

/* One step in the caller's transaction: the version changes with the tables or not at all. */
static enum err_code migrate_step(struct portal_db *db, int version, struct err *err)
{
    AUTO(memory_freep) char *mark = memory_printf("PRAGMA user_version = %d", version + 1);
    if (run_plain(db, portal_schema[version], err) != ERR_NONE ||
        run_plain(db, mark, err) != ERR_NONE)
        return err_add(err, "migrate from schema version %d", version);
    return ERR_NONE;
}

/* Tables that are made anew leave the references to them unchecked until now. */
static enum err_code check_references(struct portal_db *db, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    bool broken = false;
    if (portal_db_query(db, "PRAGMA foreign_key_check", PORTAL_NO_VALUES, &query, err) !=
            ERR_NONE ||
        portal_query_next(query, &broken, err) != ERR_NONE)
        return err_add(err, "check the references");
    return broken ? err_set(err, ERR_DATABASE, "a row of %s refers to what is not there",
                            portal_query_text(query, 0))
                  : ERR_NONE;
}

static enum err_code migrate(struct portal_db *db, struct err *err)
{
    int version = 0;
    if (schema_version(db, &version, err) != ERR_NONE)
        return err->code;
    if (version == portal_schema_version)
        return ERR_NONE;
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    /* Read again under the lock: two programs may start at once. */
    if (portal_transaction_begin(&transaction, db, err) != ERR_NONE ||
        schema_version(db, &version, err) != ERR_NONE)
        return err->code;
    if (version > portal_schema_version)
        return err_set(err, ERR_DATABASE, "schema version %d is newer than this program's %d",
                       version, portal_schema_version);
    for (; version < portal_schema_version; version++)
        if (migrate_step(db, version, err) != ERR_NONE)
            return err->code;
    if (check_references(db, err) != ERR_NONE)
        return err->code;
    return portal_transaction_commit(&transaction, err);
}

/* SQLite makes files with the umask's mode and gives its WAL the mode of the database. */
static enum err_code make_private_file(const char *path, struct err *err)
{
    if (strcmp(path, ":memory:") == 0)
        return ERR_NONE;
    /* Never opened when it exists: closing it would drop SQLite's locks of this process. */
    AUTO(file_closep) int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && errno != EEXIST)
        return err_set_errno(err, ERR_DATABASE, "make the database file");
    return ERR_NONE;
}

enum err_code portal_db_open(const char *path, struct portal_db **out, struct err *err)
{
    static const char settings[] = "PRAGMA journal_mode = WAL;"
                                   "PRAGMA synchronous = FULL;"
                                   "PRAGMA trusted_schema = OFF;";
    /* Behind the migration, which could not replace a table that others refer to. */
    static const char references[] = "PRAGMA foreign_keys = ON;";
    if (make_private_file(path, err) != ERR_NONE)
        return err_add(err, "%s", path);
    AUTO(portal_db_freep) struct portal_db *db = memory_new(sizeof *db);
    if (sqlite3_open_v2(path, &db->handle, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
        return db->handle == NULL ? err_set(err, ERR_DATABASE, "%s: no memory", path)
                                  : db_error(db->handle, err, path);
    sqlite3_extended_result_codes(db->handle, 1);
    sqlite3_busy_timeout(db->handle, PORTAL_DB_BUSY_MS);
    if (run_plain(db, settings, err) != ERR_NONE || migrate(db, err) != ERR_NONE ||
        run_plain(db, references, err) != ERR_NONE)
        return err_add(err, "open %s", path);
    *out = TAKE(db);
    return ERR_NONE;
}

void portal_db_free(struct portal_db *db)
{
    if (db == NULL)
        return;
    sqlite3_close_v2(db->handle);
    free(db);
}

void portal_db_freep(struct portal_db **db)
{
    portal_db_free(*db);
    *db = NULL;
}

/* ---- settings ---- */

enum err_code portal_db_setting(struct portal_db *db, const char *name, char **out, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(db, "SELECT value FROM setting WHERE name = ?",
                        PORTAL_VALUES(PORTAL_TEXT(name)), &query, err) != ERR_NONE ||
        portal_query_one(query, err) != ERR_NONE)
        return err_add(err, "read the setting \"%s\"", name);
    *out = memory_text(portal_query_text(query, 0));
    return ERR_NONE;
}

enum err_code portal_db_set_setting(struct portal_db *db, const char *name, const char *value,
                                    struct err *err)
{
    return portal_db_run(db,
                         "INSERT INTO setting (name, value) VALUES (?, ?) "
                         "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                         PORTAL_VALUES(PORTAL_TEXT(name), PORTAL_TEXT(value)), err);
}
