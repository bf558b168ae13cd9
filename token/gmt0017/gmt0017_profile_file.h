/* Device profiles that an administrator adds: one INI file each, in one folder. See README.md. */
#pragma once

#include "token/gmt0017/gmt0017_profile.h"

#define GMT0017_PROFILE_FILES_MAX 64
#define GMT0017_PROFILE_FILE_BYTES_MAX 8192 /* some twenty short lines */

/* Reads one file. Everything that decides how a PIN is sent must be said: nothing has a default.
 * Fails with ERR_CONFIG naming the file, the line and the key. */
MUST_CHECK enum err_code gmt0017_profile_file_read(const char *path, struct gmt0017_profile *out,
                                                   struct err *err);
/* Reads every *.ini of the folder in the order of their names. No folder (NULL, or it does not exist)
 * gives no profiles. Two profiles of one name, also of a built-in one: ERR_CONFIG. */
MUST_CHECK enum err_code gmt0017_profile_file_read_all(const char *folder,
                                                       struct gmt0017_profiles **out,
                                                       struct err *err);
