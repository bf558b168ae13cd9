/* Application management: EnumApplication, OpenApplication, CloseApplication. */
#pragma once

#include "token/gmt0017/gmt0017.h"

/* Opens the only application, or of several the first that has a container, else the first; notes it
 * in key and key->facts. ERR_TOKEN_NO_APPLICATION when there is none; ERR_READER_BUSY when the key
 * says that another program has it open and doesn't let us in. */
MUST_CHECK enum err_code gmt0017_application_open(struct gmt0017 *key, struct err *err);
/* Opens the one that was open before a reset. */
MUST_CHECK enum err_code gmt0017_application_reopen(struct gmt0017 *key, struct err *err);
/* Closes it; nothing may be remembered of it afterwards. */
MUST_CHECK enum err_code gmt0017_application_close(struct gmt0017 *key, struct err *err);
