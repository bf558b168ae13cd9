/* JSON in and out, over cJSON. Reading is strict: size and depth are limited, duplicate members, NUL
 * characters and broken UTF-8 are refused, and fields are fetched through a table of what is expected.
 * No secret travels as JSON: cJSON copies what it holds and does not wipe. */
#pragma once

#include "base/err.h"
#include "base/span.h"

/* Nesting that any of our own messages needs is 5. */
#define JSON_DEPTH_MAX 12
/* Members and items of one document: 200 certificates with 20 members each, and room. */
#define JSON_NODES_MAX 8192

struct json; /* a node; the root is owned, what is inside is borrowed from it */

/* Fails with ERR_JSON_LIMIT, ERR_JSON_SYNTAX (also trailing bytes, NUL, bad UTF-8) and
 * ERR_JSON_DUPLICATE. */
MUST_CHECK enum err_code json_parse(struct span text, size_t limit_bytes, struct json **out,
                                    struct err *err);
void json_free(struct json *json);
/* Overwrites every text inside with zeros, for an answer that held what nobody else may read. NULL is fine. */
void json_wipe(struct json *json);
void json_freep(struct json **json);

enum json_type {
    JSON_TEXT, /* out: const char **, borrowed; limit: bytes; never empty */
    JSON_INTEGER, /* out: int64_t *; 0 to limit */
    JSON_BOOL, /* out: bool * */
    JSON_OBJECT, /* out: const struct json **, borrowed */
    JSON_ARRAY, /* out: const struct json **, borrowed; limit: items */
    JSON_BASE64, /* out: struct bytes **, the caller's; limit: decoded bytes */
};

/* One expected member. Optional members that are absent or null leave *out as it is. */
struct json_field {
    const char *name;
    enum json_type type;
    bool optional;
    size_t limit;
    void *out;
};

enum json_unknown { JSON_UNKNOWN_REFUSED, JSON_UNKNOWN_IGNORED };

/* Reads the members that fields names. Fails with ERR_FIELD_MISSING, _UNKNOWN, _TYPE, _VALUE; the
 * detail names the field. Everything is checked before the first *out is written. */
MUST_CHECK enum err_code json_read(const struct json *object, const struct json_field *fields,
                                   size_t count, enum json_unknown unknown, struct err *err);

bool json_is_object(const struct json *json);
bool json_is_array(const struct json *json);
size_t json_count(const struct json *array);
/* NULL past the end. */
const struct json *json_item(const struct json *array, size_t index);
/* The member of an object, NULL when there is none. */
const struct json *json_member(const struct json *object, const char *name);
/* The text of a string node, NULL for other nodes. */
const char *json_text_of(const struct json *json);
/* Whether a member of this name stands anywhere inside (any depth). */
bool json_has_member_anywhere(const struct json *json, const char *name);

/* Building. Values are copied; a NULL text adds null; json_add takes the child over. */
struct json *json_new_object(void);
struct json *json_new_array(void);
void json_add(struct json *object, const char *name, struct json *child);
void json_add_text(struct json *object, const char *name, const char *value);
/* Any value; readers that hold numbers as doubles know up to 2^53 - 1 exactly. */
void json_add_integer(struct json *object, const char *name, int64_t value);
void json_add_bool(struct json *object, const char *name, bool value);
void json_add_base64(struct json *object, const char *name, struct span value);
void json_add_utc(struct json *object, const char *name, int64_t utc);
void json_append(struct json *array, struct json *child);
void json_append_text(struct json *array, const char *value);
void json_append_base64(struct json *array, struct span value);
struct json *json_copy(const struct json *json);
/* Changing what was read: the member of an object, NULL when there is none. */
struct json *json_member_to_change(struct json *object, const char *name);
/* Nothing happens when there is none. */
void json_remove_member(struct json *object, const char *name);
/* Every item that is this text. */
void json_remove_text(struct json *array, const char *value);
/* Without white space; the caller frees. */
char *json_print(const struct json *json);
/* Indented, for people. */
char *json_print_pretty(const struct json *json);
