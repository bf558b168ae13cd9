/* For the tests of the configuration: a folder of files. */
#pragma once

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include "base/span.h"

#define PLATFORM_NAMED(id, name, origin) \
    "[platform " id "]\nname = " name "\norigin = " origin "\nroots = /etc/ukeyd/roots.pem\n"
#define PLATFORM(id, origin) PLATFORM_NAMED(id, "阳光采购服务平台", origin)

/* For cmocka: *state is the folder's path. */
int files_start(void **state);
int files_stop(void **state);
/* The path of a file in it; the caller frees. */
char *files_path(const char *folder, const char *name);
void files_put(const char *folder, const char *name, struct span content);

#define WITH_FILES(test) cmocka_unit_test_setup_teardown(test, files_start, files_stop)
