/* The numbered migrations of portal/schema, embedded at build time. */
#pragma once

/* portal_schema[n] leads from version n to n + 1. */
extern const char *const portal_schema[];
/* The version that this program works with: how many migrations there are. */
extern const int portal_schema_version;
