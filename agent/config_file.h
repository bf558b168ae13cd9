/* One file of the configuration: its sections, keys and their values. */
#pragma once

#include "agent/config.h"

/* Adds what the file says to config. platforms_only: it may hold no [agent]. ERR_CONFIG names file, line and key;
 * ERR_FILE, ERR_FILE_MISSING. When it fails config has no platform of the file. */
MUST_CHECK enum err_code config_file_read(const char *file, bool platforms_only,
                                          struct config *config, struct err *err);
/* What no file has said. */
void config_file_defaults(struct config *config);
/* Frees all that files have said, but not config itself. */
void config_file_done(struct config *config);
