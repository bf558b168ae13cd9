#include "base/json.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/hex.h"

/* Whole numbers up to here are exact in a double. */
#define INTEGER_MAX 9007199254740991.0
/* cJSON prints 15 digits of a number. */
#define PRINTED_EXACTLY 1000000000000000

/* struct json is cJSON's node under another name, so that cJSON is known to this file alone. */
static cJSON *node_of(const struct json *json)
{
    return (cJSON *)(uintptr_t)json;
}

static struct json *json_of(cJSON *node)
{
    return (struct json *)node;
}

static cJSON *must(cJSON *node)
{
    if (node == NULL)
        abort();
    return node;
}

/* ---- what cJSON lets through: depth, NUL, broken UTF-8, lone surrogates ---- */

static size_t digits(const uint8_t *text, size_t left)
{
    size_t count = 0;
    while (count < left && text[count] >= '0' && text[count] <= '9')
        count++;
    return count;
}

/* Length of the number at text, 0 when it is none: cJSON takes "01" and "1." too.
 * Source: RFC 8259 6. */
static size_t number_length(const uint8_t *text, size_t left)
{
    size_t at = text[0] == '-' ? 1 : 0;
    size_t whole = digits(text + at, left - at);
    if (whole == 0 || (whole > 1 && text[at] == '0'))
        return 0;
    at += whole;
    if (at < left && text[at] == '.') {
        size_t fraction = digits(text + at + 1, left - at - 1);
        if (fraction == 0)
            return 0;
        at += 1 + fraction;
    }
    if (at < left && (text[at] == 'e' || text[at] == 'E')) {
        at++;
        at += at < left && (text[at] == '+' || text[at] == '-');
        size_t exponent = digits(text + at, left - at);
        if (exponent == 0)
            return 0;
        at += exponent;
    }
    return at;
}

/* Length of the escape at text, 0 when it is wrong or a NUL character: cJSON takes digits that are not
 * hexadecimal for zero, reads past the closing quote for them, and ends the string there. */
static size_t escape_length(const uint8_t *text, size_t left)
{
    if (left < 2 || text[1] != 'u')
        return left < 2 ? 0 : 2;
    if (left < 6 || memcmp(text + 2, "0000", 4) == 0)
        return 0;
    for (size_t i = 2; i < 6; i++)
        if (!isxdigit(text[i]))
            return 0;
    return 6;
}

/* One pass over the raw text before cJSON sees it. */
static enum err_code check_text(struct span text, struct err *err)
{
    size_t depth = 0;
    size_t nodes = 1;
    bool in_string = false;
    for (size_t i = 0; i < text.len;) {
        uint8_t c = text.at[i];
        size_t length = text_utf8_length(text.at + i, text.len - i);
        if (length == 0)
            return err_set(err, ERR_JSON_SYNTAX, "broken UTF-8 at offset %zu", i);
        if (c < ' ' && (in_string || strchr("\t\n\r", c) == NULL || c == 0))
            return err_set(err, ERR_JSON_SYNTAX, "control character at offset %zu", i);
        if (c >= 0x80 && !in_string)
            return err_set(err, ERR_JSON_SYNTAX, "not JSON at offset %zu", i);
        if (!in_string && (c == '-' || (c >= '0' && c <= '9'))) {
            length = number_length(text.at + i, text.len - i);
            if (length == 0)
                return err_set(err, ERR_JSON_SYNTAX, "a wrong number at offset %zu", i);
        } else if (in_string && c == '\\') {
            length = escape_length(text.at + i, text.len - i);
            if (length == 0)
                return err_set(err, ERR_JSON_SYNTAX, "a wrong escape at offset %zu", i);
        } else if (c == '"') {
            in_string = !in_string;
        } else if (!in_string && (c == '{' || c == '[')) {
            if (++depth > JSON_DEPTH_MAX)
                return err_set(err, ERR_JSON_LIMIT, "deeper than %d levels", JSON_DEPTH_MAX);
        } else if (!in_string && (c == '}' || c == ']') && depth > 0) {
            depth--;
        } else if (!in_string && c == ',' && ++nodes > JSON_NODES_MAX) {
            return err_set(err, ERR_JSON_LIMIT, "more than %d values", JSON_NODES_MAX);
        }
        i += length;
    }
    return ERR_NONE;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorting keeps an object of many members from costing its square. */
static enum err_code check_members(const cJSON *object, struct err *err)
{
    size_t count = (size_t)cJSON_GetArraySize(object);
    AUTO(memory_freep) const char **names = memory_new(count * sizeof *names);
    size_t i = 0;
    for (const cJSON *child = object->child; child != NULL; child = child->next)
        names[i++] = child->string;
    qsort(names, count, sizeof *names, compare_names);
    for (i = 1; i < count; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            return err_set(err, ERR_JSON_DUPLICATE, "member \"%.64s\" occurs twice", names[i]);
    return ERR_NONE;
}

/* Recursion is bounded by JSON_DEPTH_MAX, which check_text has enforced. */
static enum err_code check_duplicates(const cJSON *node, struct err *err)
{
    if (cJSON_IsObject(node) && check_members(node, err) != ERR_NONE)
        return err->code;
    for (const cJSON *child = node->child; child != NULL; child = child->next)
        if (check_duplicates(child, err) != ERR_NONE)
            return err->code;
    return ERR_NONE;
}

enum err_code json_parse(struct span text, size_t limit_bytes, struct json **out, struct err *err)
{
    if (text.len > limit_bytes)
        return err_set(err, ERR_JSON_LIMIT, "%zu bytes, at most %zu", text.len, limit_bytes);
    if (text.len == 0)
        return err_set(err, ERR_JSON_SYNTAX, "empty");
    if (check_text(text, err) != ERR_NONE)
        return err->code;
    const char *end = NULL;
    AUTO(json_freep)
    struct json *json =
        json_of(cJSON_ParseWithLengthOpts((const char *)text.at, text.len, &end, false));
    if (json == NULL)
        return err_set(err, ERR_JSON_SYNTAX, "not JSON near offset %td",
                       end != NULL ? end - (const char *)text.at : 0);
    for (const uint8_t *at = (const uint8_t *)end; at < text.at + text.len; at++)
        if (*at == '\0' || strchr(" \t\r\n", *at) == NULL)
            return err_set(err, ERR_JSON_SYNTAX, "bytes behind the end");
    if (check_duplicates(node_of(json), err) != ERR_NONE)
        return err->code;
    *out = TAKE(json);
    return ERR_NONE;
}

void json_free(struct json *json)
{
    cJSON_Delete(node_of(json));
}

static void wipe_node(cJSON *node)
{
    if (node->valuestring != NULL)
        explicit_bzero(node->valuestring, strlen(node->valuestring));
    for (cJSON *child = node->child; child != NULL; child = child->next)
        wipe_node(child);
}

void json_wipe(struct json *json)
{
    if (json != NULL)
        wipe_node(node_of(json));
}

void json_freep(struct json **json)
{
    json_free(*json);
    *json = NULL;
}

/* ---- reading by table ---- */

static enum err_code check_integer(const struct json_field *field, const cJSON *node,
                                   struct err *err)
{
    double value = node->valuedouble;
    double limit = field->limit > 0 ? (double)field->limit : INTEGER_MAX;
    if (!cJSON_IsNumber(node))
        return err_set(err, ERR_FIELD_TYPE, "%s: not a number", field->name);
    if (!(value >= 0) || value > limit || value > INTEGER_MAX || value != floor(value))
        return err_set(err, ERR_FIELD_VALUE, "%s: not a whole number in range", field->name);
    return ERR_NONE;
}

static enum err_code check_text_field(const struct json_field *field, const cJSON *node,
                                      struct err *err)
{
    if (!cJSON_IsString(node))
        return err_set(err, ERR_FIELD_TYPE, "%s: not a string", field->name);
    size_t length = strlen(node->valuestring);
    if (length == 0 || length > field->limit)
        return err_set(err, ERR_FIELD_VALUE, "%s: %zu bytes, 1 to %zu are allowed", field->name,
                       length, field->limit);
    return ERR_NONE;
}

static enum err_code check_container(const struct json_field *field, const cJSON *node,
                                     struct err *err)
{
    bool object = field->type == JSON_OBJECT;
    if (object ? !cJSON_IsObject(node) : !cJSON_IsArray(node))
        return err_set(err, ERR_FIELD_TYPE, "%s: not an %s", field->name,
                       object ? "object" : "array");
    if (!object && (size_t)cJSON_GetArraySize(node) > field->limit)
        return err_set(err, ERR_FIELD_VALUE, "%s: more than %zu items", field->name, field->limit);
    return ERR_NONE;
}

static enum err_code check_base64(const struct json_field *field, const cJSON *node,
                                  struct err *err)
{
    if (!cJSON_IsString(node))
        return err_set(err, ERR_FIELD_TYPE, "%s: not a string", field->name);
    AUTO(bytes_freep) struct bytes *bytes = NULL;
    if (base64_decode(node->valuestring, field->limit, &bytes, err) != ERR_NONE) {
        err_add(err, "%s", field->name);
        return err->code = ERR_FIELD_VALUE;
    }
    return ERR_NONE;
}

static enum err_code check_bool(const struct json_field *field, const cJSON *node, struct err *err)
{
    if (!cJSON_IsBool(node))
        return err_set(err, ERR_FIELD_TYPE, "%s: not true or false", field->name);
    return ERR_NONE;
}

static enum err_code (*const checks[])(const struct json_field *, const cJSON *, struct err *) = {
    [JSON_TEXT] = check_text_field,  [JSON_INTEGER] = check_integer, [JSON_BOOL] = check_bool,
    [JSON_OBJECT] = check_container, [JSON_ARRAY] = check_container, [JSON_BASE64] = check_base64,
};

static void store(const struct json_field *field, cJSON *node)
{
    struct err ignored = ERR_INIT; /* checked before */
    switch (field->type) {
    case JSON_TEXT:
        *(const char **)field->out = node->valuestring;
        break;
    case JSON_INTEGER:
        *(int64_t *)field->out = (int64_t)node->valuedouble;
        break;
    case JSON_BOOL:
        *(bool *)field->out = cJSON_IsTrue(node);
        break;
    case JSON_OBJECT:
    case JSON_ARRAY:
        *(const struct json **)field->out = json_of(node);
        break;
    case JSON_BASE64:
        if (base64_decode(node->valuestring, field->limit, field->out, &ignored) != ERR_NONE)
            abort();
        break;
    }
}

static const struct json_field *field_named(const struct json_field *fields, size_t count,
                                            const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(fields[i].name, name) == 0)
            return &fields[i];
    return NULL;
}

static cJSON *present(const struct json *object, const char *name)
{
    cJSON *node = cJSON_GetObjectItemCaseSensitive(node_of(object), name);
    return cJSON_IsNull(node) ? NULL : node;
}

enum err_code json_read(const struct json *object, const struct json_field *fields, size_t count,
                        enum json_unknown unknown, struct err *err)
{
    if (!json_is_object(object))
        return err_set(err, ERR_FIELD_TYPE, "not an object");
    for (const cJSON *child = node_of(object)->child; child != NULL; child = child->next)
        if (unknown == JSON_UNKNOWN_REFUSED && field_named(fields, count, child->string) == NULL)
            return err_set(err, ERR_FIELD_UNKNOWN, "unknown field \"%.64s\"", child->string);
    for (size_t i = 0; i < count; i++) {
        const cJSON *node = present(object, fields[i].name);
        if (node == NULL && !fields[i].optional)
            return err_set(err, ERR_FIELD_MISSING, "field \"%s\" is missing", fields[i].name);
        if (node != NULL && checks[fields[i].type](&fields[i], node, err) != ERR_NONE)
            return err->code;
    }
    for (size_t i = 0; i < count; i++) {
        cJSON *node = present(object, fields[i].name);
        if (node != NULL)
            store(&fields[i], node);
    }
    return ERR_NONE;
}

bool json_is_object(const struct json *json)
{
    return json != NULL && cJSON_IsObject(node_of(json));
}

bool json_is_array(const struct json *json)
{
    return json != NULL && cJSON_IsArray(node_of(json));
}

size_t json_count(const struct json *array)
{
    return array == NULL ? 0 : (size_t)cJSON_GetArraySize(node_of(array));
}

const struct json *json_item(const struct json *array, size_t index)
{
    return index > INT32_MAX ? NULL : json_of(cJSON_GetArrayItem(node_of(array), (int)index));
}

const struct json *json_member(const struct json *object, const char *name)
{
    return json_of(cJSON_GetObjectItemCaseSensitive(node_of(object), name));
}

const char *json_text_of(const struct json *json)
{
    return json == NULL ? NULL : cJSON_GetStringValue(node_of(json));
}

bool json_has_member_anywhere(const struct json *json, const char *name)
{
    if (json == NULL)
        return false;
    for (const cJSON *child = node_of(json)->child; child != NULL; child = child->next) {
        if (child->string != NULL && strcasecmp(child->string, name) == 0)
            return true;
        if (json_has_member_anywhere(json_of((cJSON *)(uintptr_t)child), name))
            return true;
    }
    return false;
}

/* ---- building ---- */

struct json *json_new_object(void)
{
    return json_of(must(cJSON_CreateObject()));
}

struct json *json_new_array(void)
{
    return json_of(must(cJSON_CreateArray()));
}

void json_add(struct json *object, const char *name, struct json *child)
{
    if (!cJSON_AddItemToObject(node_of(object), name, node_of(child)))
        abort();
}

static cJSON *text_node(const char *value)
{
    return must(value == NULL ? cJSON_CreateNull() : cJSON_CreateString(value));
}

void json_add_text(struct json *object, const char *name, const char *value)
{
    json_add(object, name, json_of(text_node(value)));
}

void json_add_integer(struct json *object, const char *name, int64_t value)
{
    char text[24];
    if (value > -PRINTED_EXACTLY && value < PRINTED_EXACTLY) {
        json_add(object, name, json_of(must(cJSON_CreateNumber((double)value))));
        return;
    }
    snprintf(text, sizeof text, "%" PRId64, value);
    json_add(object, name, json_of(must(cJSON_CreateRaw(text))));
}

void json_add_bool(struct json *object, const char *name, bool value)
{
    json_add(object, name, json_of(must(cJSON_CreateBool(value))));
}

void json_add_base64(struct json *object, const char *name, struct span value)
{
    AUTO(memory_freep) char *text = base64_encode(value);
    json_add_text(object, name, text);
}

void json_add_utc(struct json *object, const char *name, int64_t utc)
{
    char text[CLOCK_TEXT_BYTES];
    clock_format_utc(utc, text);
    json_add_text(object, name, text);
}

void json_append(struct json *array, struct json *child)
{
    if (!cJSON_AddItemToArray(node_of(array), node_of(child)))
        abort();
}

void json_append_text(struct json *array, const char *value)
{
    json_append(array, json_of(text_node(value)));
}

void json_append_base64(struct json *array, struct span value)
{
    AUTO(memory_freep) char *text = base64_encode(value);
    json_append_text(array, text);
}

struct json *json_copy(const struct json *json)
{
    return json_of(must(cJSON_Duplicate(node_of(json), true)));
}

struct json *json_member_to_change(struct json *object, const char *name)
{
    return json_of(cJSON_GetObjectItemCaseSensitive(node_of(object), name));
}

void json_remove_member(struct json *object, const char *name)
{
    cJSON_DeleteItemFromObjectCaseSensitive(node_of(object), name);
}

void json_remove_text(struct json *array, const char *value)
{
    for (size_t i = json_count(array); i > 0; i--) {
        const char *text = json_text_of(json_item(array, i - 1));
        if (text != NULL && strcmp(text, value) == 0)
            cJSON_DeleteItemFromArray(node_of(array), (int)(i - 1));
    }
}

char *json_print(const struct json *json)
{
    char *text = cJSON_PrintUnformatted(node_of(json));
    if (text == NULL)
        abort();
    return text;
}

char *json_print_pretty(const struct json *json)
{
    char *text = cJSON_Print(node_of(json));
    if (text == NULL)
        abort();
    return text;
}
