/* File management: CreateFile, DeleteFile, EnumFiles, GetFileInfo, ReadFile, WriteFile. */
#pragma once

#include "token/gmt0017/gmt0017.h"

MUST_CHECK enum err_code gmt0017_file_list(struct gmt0017 *key, struct token_files **out,
                                           struct err *err);
/* size: of the file in bytes; 0: not known, the key is asked. */
MUST_CHECK enum err_code gmt0017_file_read(struct gmt0017 *key, const char *name, size_t size,
                                           struct bytes **out, struct err *err);
/* A new file, which is gone again when it could not be written whole. Readable by anyone, writable by
 * the user. ERR_FIELD_VALUE for a name that is longer than the key's. */
MUST_CHECK enum err_code gmt0017_file_write(struct gmt0017 *key, const char *name,
                                            struct span content, struct err *err);
MUST_CHECK enum err_code gmt0017_file_delete(struct gmt0017 *key, const char *name,
                                             struct err *err);
