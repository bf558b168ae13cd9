#include "agent/ops/op_journal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define LOCK_SUFFIX "-lock"
#define SCHEMA_VERSION 1
#define BUSY_TIMEOUT_MS 2000

struct op_journal {
    int lock_fd; /* held open: whose journal this is */
    sqlite3 *db;
    sqlite3_stmt *put;
    pthread_mutex_t lock; /* guards db and put */
};

/* Alone with the file, SQLite keeps the index of its log in memory: no "-shm" file, for which a full disk has no room
 * and which a folder on the network can't map. Source: sqlite.org/wal.html, 8. */
static const char settings_sql[] = "PRAGMA locking_mode = EXCLUSIVE;"
                                   "PRAGMA journal_mode = WAL;"
                                   "PRAGMA trusted_schema = OFF;"
                                   "PRAGMA secure_delete = ON;"
                                   "PRAGMA cache_size = -64;";

/* In write-ahead mode a commit is on the disk with FULL, and in the system's memory with NORMAL. */
static const char *const durability_sql[] = {
    [OP_OUTLIVES_US] = "PRAGMA synchronous = NORMAL",
    [OP_OUTLIVES_POWER] = "PRAGMA synchronous = FULL",
};

static const char schema_sql[] = "BEGIN;"
                                 "CREATE TABLE operation ("
                                 " id TEXT PRIMARY KEY, kind TEXT NOT NULL, origin TEXT,"
                                 " platform TEXT, state TEXT NOT NULL, step TEXT NOT NULL,"
                                 " serial TEXT, created INTEGER NOT NULL, updated INTEGER NOT NULL,"
                                 " facts TEXT NOT NULL"
                                 ") STRICT, WITHOUT ROWID;"
                                 "CREATE INDEX operation_created ON operation (created);"
                                 "PRAGMA user_version = 1;"
                                 "COMMIT;";

static const char put_sql[] = "INSERT INTO operation"
                              " (id, kind, origin, platform, state, step, serial, created, updated,"
                              "  facts) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
                              " ON CONFLICT (id) DO UPDATE SET state = ?5, step = ?6, serial = ?7,"
                              "  updated = ?9, facts = ?10, platform = ?4";

static const char each_sql[] = "SELECT id, kind, origin, platform, state, step, serial, created,"
                               " updated, facts FROM operation ORDER BY created, id";

static const char prune_sql[] = "DELETE FROM operation WHERE id IN (SELECT id FROM operation"
                                " WHERE state IN ('done', 'failed', 'cancelled')"
                                " ORDER BY created DESC LIMIT -1 OFFSET ?1)";

static enum err_code fail(struct op_journal *journal, const char *doing, struct err *err)
{
    return err_set_foreign(err, ERR_JOURNAL, sqlite3_extended_errcode(journal->db), "%s: %s", doing,
                           sqlite3_errmsg(journal->db));
}

static void finalizep(sqlite3_stmt **statement)
{
    sqlite3_finalize(*statement);
}

static enum err_code read_version(struct op_journal *journal, int *out, struct err *err)
{
    AUTO(finalizep) sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(journal->db, "PRAGMA user_version", -1, &statement, NULL) != SQLITE_OK ||
        sqlite3_step(statement) != SQLITE_ROW)
        return fail(journal, "read the schema's version", err);
    *out = sqlite3_column_int(statement, 0);
    return ERR_NONE;
}

static enum err_code prepare_schema(struct op_journal *journal, struct err *err)
{
    int version = 0;
    if (read_version(journal, &version, err) != ERR_NONE)
        return err->code;
    if (version > SCHEMA_VERSION)
        return err_set(err, ERR_JOURNAL, "made by a later version (schema %d)", version);
    if (version == 0 && sqlite3_exec(journal->db, schema_sql, NULL, NULL, NULL) != SQLITE_OK)
        return fail(journal, "make the schema", err);
    return ERR_NONE;
}

static enum err_code prune(struct op_journal *journal, struct err *err)
{
    AUTO(finalizep) sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(journal->db, prune_sql, -1, &statement, NULL) != SQLITE_OK ||
        sqlite3_bind_int(statement, 1, OP_JOURNAL_ROWS_MAX) != SQLITE_OK ||
        sqlite3_step(statement) != SQLITE_DONE)
        return fail(journal, "forget old operations", err);
    return ERR_NONE;
}

/* Two agents in one folder would take each other's operations for interrupted ones. Ends with the process. */
static enum err_code take_lock(struct op_journal *journal, const char *path, struct err *err)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    AUTO(memory_freep) char *lock_path = memory_printf("%s" LOCK_SUFFIX, path);
    journal->lock_fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (journal->lock_fd < 0)
        return err_set_errno(err, ERR_JOURNAL, "open the lock");
    if (fcntl(journal->lock_fd, F_OFD_SETLK, &whole) == 0)
        return ERR_NONE;
    if (errno == EAGAIN || errno == EACCES)
        return err_set(err, ERR_ALREADY_RUNNING, "another agent keeps its journal here");
    return err_set_errno(err, ERR_JOURNAL, "lock");
}

/* Without memory there is no connection at all. */
static int open_db(const char *path, int flags, sqlite3 **out)
{
    int result = sqlite3_open_v2(path, out, flags, NULL);
    return result == SQLITE_OK ? sqlite3_busy_timeout(*out, BUSY_TIMEOUT_MS) : result;
}

static enum err_code open_file(struct op_journal *journal, const char *path, struct err *err)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    mode_t mask = umask(0077);
    int result = open_db(path, flags, &journal->db);
    if (result == SQLITE_OK)
        result = sqlite3_exec(journal->db, settings_sql, NULL, NULL, NULL);
    umask(mask);
    return result == SQLITE_OK ? ERR_NONE : fail(journal, "open", err);
}

static struct op_journal *journal_new(void)
{
    struct op_journal *journal = memory_new(sizeof *journal);
    journal->lock_fd = -1;
    pthread_mutex_init(&journal->lock, NULL);
    return journal;
}

enum err_code op_journal_open(const char *path, struct op_journal **out, struct err *err)
{
    AUTO(op_journal_closep) struct op_journal *journal = journal_new();
    if (take_lock(journal, path, err) != ERR_NONE || open_file(journal, path, err) != ERR_NONE ||
        prepare_schema(journal, err) != ERR_NONE || prune(journal, err) != ERR_NONE)
        return err_add(err, "%s", path);
    if (sqlite3_prepare_v3(journal->db, put_sql, -1, SQLITE_PREPARE_PERSISTENT, &journal->put,
                           NULL) != SQLITE_OK)
        return fail(journal, "prepare", err);
    *out = TAKE(journal);
    return ERR_NONE;
}

/* Asks without taking it: an agent that starts meanwhile is not kept out. */
static bool is_locked(const char *path)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    AUTO(memory_freep) char *lock_path = memory_printf("%s" LOCK_SUFFIX, path);
    AUTO(file_closep) int fd = open(lock_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    return fd >= 0 && fcntl(fd, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
}

/* Into memory, at once: whoever reads holds up an agent that starts for as long as this takes and no longer. */
static int copy_file(const char *path, sqlite3 *out)
{
    sqlite3 *file = NULL;
    int result = open_db(path, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, &file);
    sqlite3_backup *copy =
        result == SQLITE_OK ? sqlite3_backup_init(out, "main", file, "main") : NULL;
    if (copy != NULL)
        sqlite3_backup_step(copy, -1);
    if (result == SQLITE_OK)
        result = copy == NULL ? sqlite3_errcode(out) : sqlite3_backup_finish(copy);
    sqlite3_close(file);
    return result;
}

static enum err_code open_copy(struct op_journal *journal, const char *path, struct err *err)
{
    int result = open_db(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, &journal->db);
    if (result == SQLITE_OK)
        result = copy_file(path, journal->db);
    if (result == SQLITE_OK)
        return ERR_NONE;
    return err_set_foreign(err, ERR_JOURNAL, result, "copy: %s", sqlite3_errstr(result));
}

/* One that has no schema yet holds no row. */
static enum err_code each_read(struct op_journal *journal, op_journal_take_fn take, void *context,
                               struct err *err)
{
    int version = 0;
    if (read_version(journal, &version, err) != ERR_NONE)
        return err->code;
    if (version > SCHEMA_VERSION)
        return err_set(err, ERR_JOURNAL, "made by a later version (schema %d)", version);
    return version == 0 ? ERR_NONE : op_journal_each(journal, take, context, err);
}

enum err_code op_journal_read(const char *path, op_journal_take_fn take, void *context,
                              struct err *err)
{
    AUTO(op_journal_closep) struct op_journal *journal = journal_new();
    if (!is_locked(path) && open_copy(journal, path, err) == ERR_NONE &&
        each_read(journal, take, context, err) == ERR_NONE)
        return ERR_NONE;
    /* Also when one has started since. */
    if (is_locked(path))
        err_set(err, ERR_ALREADY_RUNNING, "an agent has it");
    return err_add(err, "%s", path);
}

void op_journal_close(struct op_journal *journal)
{
    if (journal == NULL)
        return;
    sqlite3_finalize(journal->put);
    sqlite3_close(journal->db);
    if (journal->lock_fd >= 0)
        close(journal->lock_fd);
    pthread_mutex_destroy(&journal->lock);
    free(journal);
}

void op_journal_closep(struct op_journal **journal)
{
    op_journal_close(*journal);
    *journal = NULL;
}

static bool bind_row(sqlite3_stmt *statement, const struct op_row *row)
{
    const char *const texts[] = {row->id,    row->kind, row->origin, row->platform,
                                 row->state, row->step, row->serial};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        if (sqlite3_bind_text(statement, (int)i + 1, texts[i], -1, SQLITE_STATIC) != SQLITE_OK)
            return false;
    return sqlite3_bind_int64(statement, 8, row->created_utc) == SQLITE_OK &&
           sqlite3_bind_int64(statement, 9, row->updated_utc) == SQLITE_OK &&
           sqlite3_bind_text(statement, 10, row->facts, -1, SQLITE_STATIC) == SQLITE_OK;
}

enum err_code op_journal_put(struct op_journal *journal, const struct op_row *row,
                             enum op_durability durability, struct err *err)
{
    enum err_code code = ERR_NONE;
    pthread_mutex_lock(&journal->lock);
    if (sqlite3_exec(journal->db, durability_sql[durability], NULL, NULL, NULL) != SQLITE_OK ||
        !bind_row(journal->put, row) || sqlite3_step(journal->put) != SQLITE_DONE)
        code = fail(journal, "write an operation", err);
    sqlite3_reset(journal->put);
    sqlite3_clear_bindings(journal->put);
    pthread_mutex_unlock(&journal->lock);
    return code;
}

enum err_code op_journal_forget(struct op_journal *journal, struct err *err)
{
    enum err_code code = ERR_NONE;
    pthread_mutex_lock(&journal->lock);
    code = prune(journal, err);
    if (sqlite3_wal_checkpoint_v2(journal->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) !=
        SQLITE_OK)
        code = fail(journal, "forget what was replaced", err);
    pthread_mutex_unlock(&journal->lock);
    return code;
}

static const char *column_text(sqlite3_stmt *statement, int column)
{
    return (const char *)sqlite3_column_text(statement, column);
}

/* A row that someone else wrote or damaged is passed over: texts have limits, and some must be there. */
static bool row_is_sound(const struct op_row *row)
{
    const char *const texts[] = {row->id,     row->kind,     row->state, row->step,
                                 row->origin, row->platform, row->serial};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        if (texts[i] == NULL ? i < 4 : strlen(texts[i]) > OP_JOURNAL_TEXT_BYTES_MAX)
            return false;
    return row->facts != NULL && strlen(row->facts) <= OP_JOURNAL_FACTS_BYTES_MAX;
}

enum err_code op_journal_each(struct op_journal *journal, op_journal_take_fn take, void *context,
                              struct err *err)
{
    AUTO(finalizep) sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(journal->db, each_sql, -1, &statement, NULL) != SQLITE_OK)
        return fail(journal, "read operations", err);
    int result;
    while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
        struct op_row row = {
            .id = column_text(statement, 0),
            .kind = column_text(statement, 1),
            .origin = column_text(statement, 2),
            .platform = column_text(statement, 3),
            .state = column_text(statement, 4),
            .step = column_text(statement, 5),
            .serial = column_text(statement, 6),
            .created_utc = sqlite3_column_int64(statement, 7),
            .updated_utc = sqlite3_column_int64(statement, 8),
            .facts = column_text(statement, 9),
        };
        if (row_is_sound(&row))
            take(context, &row);
    }
    return result == SQLITE_DONE ? ERR_NONE : fail(journal, "read operations", err);
}
