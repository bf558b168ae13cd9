#include "tests/fault/fault_disk.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

struct file {
    sqlite3_file base; /* first */
    bool counts;
    sqlite3_file *real; /* behind this struct */
};

static struct fault_plan *plan;
static sqlite3_vfs *system_vfs;
static sqlite3_vfs vfs;

static sqlite3_file *real_of(sqlite3_file *file)
{
    return ((struct file *)file)->real;
}

/* One write, fsync or truncation; *out_code is set when it must not happen. */
static bool strikes(const sqlite3_file *file, int *out_code)
{
    if (!((const struct file *)file)->counts || !fault_strikes(plan, FAULT_DISK))
        return false;
    if (plan->kind->way == FAULT_WRITE_FAILS)
        *out_code = SQLITE_IOERR_WRITE;
    if (plan->kind->way == FAULT_DISK_FULL)
        *out_code = SQLITE_FULL;
    return true;
}

static int write_file(sqlite3_file *file, const void *at, int len, sqlite3_int64 offset)
{
    int code = SQLITE_OK;
    bool struck = strikes(file, &code);
    if (code == SQLITE_OK)
        code = real_of(file)->pMethods->xWrite(real_of(file), at, len, offset);
    fault_after(plan, struck);
    return code;
}

static int sync_file(sqlite3_file *file, int flags)
{
    int code = SQLITE_OK;
    bool struck = strikes(file, &code);
    if (code == SQLITE_OK)
        code = real_of(file)->pMethods->xSync(real_of(file), flags);
    fault_after(plan, struck);
    return code;
}

static int truncate_file(sqlite3_file *file, sqlite3_int64 size)
{
    int code = SQLITE_OK;
    bool struck = strikes(file, &code);
    if (code == SQLITE_OK)
        code = real_of(file)->pMethods->xTruncate(real_of(file), size);
    fault_after(plan, struck);
    return code;
}

static int close_file(sqlite3_file *file)
{
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
    return real_of(file)->pMethods->xShmMap(real_of(file), region, size, extend, out);
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

static int open_file(sqlite3_vfs *self, const char *path, sqlite3_file *base, int flags,
                     int *out_flags)
{
    (void)self;
    struct file *file = (struct file *)base;
    file->real = (sqlite3_file *)(file + 1);
    file->counts = is_journal(path);
    int code = system_vfs->xOpen(system_vfs, path, file->real, flags, out_flags);
    base->pMethods = file->real->pMethods != NULL ? &methods : NULL;
    return code;
}

void fault_disk_install(struct fault_plan *wanted)
{
    plan = wanted;
    system_vfs = sqlite3_vfs_find(NULL);
    if (system_vfs == NULL)
        abort();
    vfs = *system_vfs;
    vfs.zName = "faulty";
    vfs.szOsFile = (int)sizeof(struct file) + system_vfs->szOsFile;
    vfs.xOpen = open_file;
    if (sqlite3_vfs_register(&vfs, 1) != SQLITE_OK)
        abort();
}
