#include "tests/fault/fault_disk.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fault/fault_undo.h"

/* A journal, its log, and those of a second agent. */
#define FILES_MAX 16

struct file {
    sqlite3_file base; /* first */
    bool counts;
    struct fault_undo *unsynced; /* newest first; only kept when the power is to be cut */
    sqlite3_file *real; /* behind this struct */
};

static struct fault_plan *plan;
static sqlite3_vfs *system_vfs;
static sqlite3_vfs vfs;
static pthread_mutex_t lock =
    PTHREAD_MUTEX_INITIALIZER; /* guards what follows, and each file's unsynced */
static struct file *files[FILES_MAX]; /* that count and are open */

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((struct file *)file)->real;
}

/* One write, fsync or truncation; *out_code is set when it must not happen. grows: it makes the file longer. */
static bool strikes(const sqlite3_file *file, bool grows, int *out_code)
{
    if (!((const struct file *)file)->counts || !fault_strikes(plan, FAULT_DISK))
        return false;
    if (fault_is(plan, FAULT_WRITE_FAILS))
        *out_code = SQLITE_IOERR_WRITE;
    if (fault_is(plan, FAULT_DISK_FULL) || (fault_is(plan, FAULT_NO_GROWTH) && grows))
        *out_code = SQLITE_FULL;
    return true;
}

/* The file being opened, mapped or removed. */
static bool folder_strikes(bool counts, int failure, int *out_code)
{
    if (!counts || !fault_strikes(plan, FAULT_FOLDER))
        return false;
    if (fault_is(plan, FAULT_WRITE_FAILS))
        *out_code = failure;
    return true;
}

static void note_unsynced(sqlite3_file *base, sqlite3_int64 offset, sqlite3_int64 len)
{
    struct file *file = (struct file *)base;
    if (!file->counts || !fault_is(plan, FAULT_POWER_CUT))
        return;
    pthread_mutex_lock(&lock);
    fault_undo_note(&file->unsynced, file->real, offset, len);
    pthread_mutex_unlock(&lock);
}

static void note_synced(sqlite3_file *base)
{
    pthread_mutex_lock(&lock);
    fault_undo_forget(&((struct file *)base)->unsynced);
    pthread_mutex_unlock(&lock);
}

static sqlite3_int64 size_of(sqlite3_file *file)
{
    sqlite3_int64 size = 0;
    return real_of(file)->pMethods->xFileSize(real_of(file), &size) == SQLITE_OK ? size : 0;
}

static int write_file(sqlite3_file *file, const void *at, int len, sqlite3_int64 offset)
{
    int code = SQLITE_OK;
    bool struck = strikes(file, offset + len > size_of(file), &code);
    note_unsynced(file, offset, len);
    if (code == SQLITE_OK)
        code = real_of(file)->pMethods->xWrite(real_of(file), at, len, offset);
    fault_after(plan, struck);
    return code;
}

static int sync_file(sqlite3_file *file, int flags)
{
    int code = SQLITE_OK;
    bool struck = strikes(file, false, &code);
    if (code == SQLITE_OK)
        code = real_of(file)->pMethods->xSync(real_of(file), flags);
    if (code == SQLITE_OK)
        note_synced(file);
    fault_after(plan, struck);
    return code;
}

static int truncate_file(sqlite3_file *file, sqlite3_int64 size)
{
    int code = SQLITE_OK;
    bool struck = strikes(file, false, &code);
    note_unsynced(file, size, size_of(file) - size);
    if (code == SQLITE_OK)
        code = real_of(file)->pMethods->xTruncate(real_of(file), size);
    fault_after(plan, struck);
    return code;
}

/* ---- what is passed on ---- */

static void forget_file(struct file *file)
{
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < FILES_MAX; i++)
        if (files[i] == file)
            files[i] = NULL;
    fault_undo_forget(&file->unsynced);
    pthread_mutex_unlock(&lock);
}

static int close_file(sqlite3_file *file)
{
    forget_file((struct file *)file);
    return real_of(file)->pMethods->xClose(real_of(file));
}

static int read_file(sqlite3_file *file, void *at, int len, sqlite3_int64 offset)
{
    return real_of(file)->pMethods->xRead(real_of(file), at, len, offset);
}

static int file_size(sqlite3_file *file, sqlite3_int64 *out)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), out);
}

static int lock_file(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xLock(real_of(file), level);
}

static int unlock_file(sqlite3_file *file, int level)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), level);
}

static int check_lock(sqlite3_file *file, int *out)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), out);
}

static int control_file(sqlite3_file *file, int operation, void *argument)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), operation, argument);
}

static int sector_size(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int characteristics(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int shm_map(sqlite3_file *file, int region, int size, int extend, void volatile **out)
{
    int code = SQLITE_OK;
    bool struck = folder_strikes(((struct file *)file)->counts, SQLITE_IOERR_SHMMAP, &code);
    if (code == SQLITE_OK)
        code = real_of(file)->pMethods->xShmMap(real_of(file), region, size, extend, out);
    fault_after(plan, struck);
    return code;
}

static int shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    return real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}

static void shm_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int shm_unmap(sqlite3_file *file, int remove)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), remove);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2, /* with shared memory, without memory-mapped files */
    .xClose = close_file,
    .xRead = read_file,
    .xWrite = write_file,
    .xTruncate = truncate_file,
    .xSync = sync_file,
    .xFileSize = file_size,
    .xLock = lock_file,
    .xUnlock = unlock_file,
    .xCheckReservedLock = check_lock,
    .xFileControl = control_file,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = characteristics,
    .xShmMap = shm_map,
    .xShmLock = shm_lock,
    .xShmBarrier = shm_barrier,
    .xShmUnmap = shm_unmap,
};

static bool is_journal(const char *path)
{
    const char *slash = path != NULL ? strrchr(path, '/') : NULL;
    return slash != NULL && strncmp(slash + 1, FAULT_DISK_FILE, sizeof FAULT_DISK_FILE - 1) == 0;
}

static void note_file(struct file *file)
{
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < FILES_MAX; i++)
        if (files[i] == NULL) {
            files[i] = file;
            break;
        }
    pthread_mutex_unlock(&lock);
}

static int open_file(sqlite3_vfs *self, const char *path, sqlite3_file *base, int flags,
                     int *out_flags)
{
    (void)self;
    struct file *file = (struct file *)base;
    bool counts = is_journal(path);
    int code = SQLITE_OK;
    base->pMethods = NULL;
    bool struck = folder_strikes(counts, SQLITE_CANTOPEN, &code);
    if (code != SQLITE_OK)
        return code;
    file->real = (sqlite3_file *)(file + 1);
    file->counts = counts;
    file->unsynced = NULL;
    code = system_vfs->xOpen(system_vfs, path, file->real, flags, out_flags);
    base->pMethods = file->real->pMethods != NULL ? &methods : NULL;
    if (counts && base->pMethods != NULL)
        note_file(file);
    fault_after(plan, struck);
    return code;
}

static int delete_file(sqlite3_vfs *self, const char *path, int sync_folder)
{
    (void)self;
    int code = SQLITE_OK;
    bool struck = folder_strikes(is_journal(path), SQLITE_IOERR_DELETE, &code);
    if (code == SQLITE_OK)
        code = system_vfs->xDelete(system_vfs, path, sync_folder);
    fault_after(plan, struck);
    return code;
}

_Noreturn void fault_disk_lose_power(void)
{
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < FILES_MAX; i++)
        if (files[i] != NULL)
            fault_undo_all(files[i]->unsynced, files[i]->real);
    fault_die();
}

void fault_disk_install(struct fault_plan *wanted)
{
    plan = wanted;
    if (system_vfs != NULL)
        return;
    system_vfs = sqlite3_vfs_find(NULL);
    if (system_vfs == NULL)
        abort();
    vfs = *system_vfs;
    vfs.zName = "faulty";
    vfs.szOsFile = (int)sizeof(struct file) + system_vfs->szOsFile;
    vfs.xOpen = open_file;
    vfs.xDelete = delete_file;
    if (sqlite3_vfs_register(&vfs, 1) != SQLITE_OK)
        abort();
}
