/* Runs commands of ukey-portal inside the test, with standard output caught. */
#pragma once

#include "base/json.h"
#include "world.h"

/* command: words separated by '|', without --folder. What it printed is the caller's. */
enum err_code command_run(struct world *world, const char *command, struct bytes **out);
/* The same for one that must succeed, read as JSON. */
struct json *command_json(struct world *world, const char *command);
/* The same for one that must print nothing. */
enum err_code command_refused(struct world *world, const char *command);
/* A member. */
const char *command_text(const struct json *json, const char *name);
