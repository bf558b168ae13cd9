/* What the commands of ukey-portal share. */
#pragma once

#include "base/json.h"
#include "portal/portal.h"
#include "portal/portal_cli.h"

/* Of a record, as an option. */
#define PORTAL_COMMAND_ID_MAX INT64_C(999999999999)

/* "uid:1000", for the audit trail; the caller frees. */
char *portal_command_actor(void);
/* The database of --folder alone; with what issues and derives. */
MUST_CHECK enum err_code portal_command_open(const struct portal_arguments *arguments,
                                             struct portal **out, struct err *err);
MUST_CHECK enum err_code portal_command_open_keys(const struct portal_arguments *arguments,
                                                  struct portal **out, struct err *err);
/* One of two words. ERR_USAGE. */
MUST_CHECK enum err_code portal_command_choose(const char *value, const char *option,
                                               const char *first, const char *second,
                                               bool *out_second, struct err *err);
/* To standard output; ERR_NONE. */
enum err_code portal_command_print(const struct json *json);
/* {"id": id} */
enum err_code portal_command_print_id(int64_t id);
