/* The agent's own folders: nobody else may put things there. */
#pragma once

#include "base/err.h"

/* Makes it with what is missing above it, all for the user alone. Refused (ERR_FOLDER_UNSAFE) is one that is a link, belongs to
 * another user, or that others can write, and one whose parent everybody can write without a sticky bit; what is there
 * then is left as it is. One that others can only read is closed to them. ERR_FILE. */
MUST_CHECK enum err_code sandbox_folder_own(const char *path, struct err *err);
