/* Small files: read whole with a limit, replaced atomically, folders of our own. */
#pragma once

#include <sys/types.h>

#include "base/err.h"
#include "base/span.h"

/* Reads a regular file of at most limit_bytes. Fails with ERR_FILE_MISSING and ERR_FILE (also when it
 * is larger). */
MUST_CHECK enum err_code file_read(const char *path, size_t limit_bytes, struct bytes **out,
                                   struct err *err);
/* Writes a new file beside it, fsyncs, renames it over path, fsyncs the folder: after a power cut
 * there is the old content or the new one. mode: of the new file, whatever the umask. */
MUST_CHECK enum err_code file_write_atomic(const char *path, struct span content, mode_t mode,
                                           struct err *err);
/* Makes the folder and its parents where they are missing, with mode. */
MUST_CHECK enum err_code file_make_folder(const char *path, mode_t mode, struct err *err);
/* folder + "/" + name. The caller frees. */
char *file_join(const char *folder, const char *name);
void file_closep(int *fd);
