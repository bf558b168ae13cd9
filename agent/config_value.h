/* What a value of the configuration must be. Each says what is wrong with it, in words that follow the key's name; NULL
 * when nothing is. */
#pragma once

#include <stdbool.h>

/* Of a platform. */
#define CONFIG_ID_BYTES_MAX 32

/* For people. */
const char *config_value_name(const char *value);
/* Absolute. */
const char *config_value_path(const char *value);
/* Exact, as a browser sends it. Source: RFC 6454 6.2: lower case, the default port left out, no path. */
const char *config_value_origin(const char *value);
/* Below an origin. */
const char *config_value_api(const char *value);
/* As libcurl takes it, without a log-in: everybody can read this file. */
const char *config_value_proxy(const char *value);
/* Whether it can be a platform's: 1 to CONFIG_ID_BYTES_MAX lower-case letters, digits, - _ . */
bool config_value_is_id(const char *id);
