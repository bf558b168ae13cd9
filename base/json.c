#include "base/json.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/hex.h"

/* Whole numbers up to here are exact in a double. */
#define INTEGER_MAX 9007199254740991.0

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

/* Length of the UTF-8 sequence at text, 0 when it is broken. Source: RFC 3629 4. */
static size_t utf8_length(const uint8_t *text, size_t left)
{
    static const struct {
        uint8_t first_low, first_high, second_low, second_high;
        size_t length;
    } forms[] = {
        {0x00, 0x7F, 0, 0, 1},       {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
        {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3},
        {0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
    };
    for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
        if (text[0] < forms[i].first_low || text[0] > forms[i].first_high)
            continue;
        if (forms[i].length > left)
            return 0;
        if (forms[i].length > 1 &&
            (text[1] < forms[i].second_low || text[1] > forms[i].second_high))
            return 0;
        for (size_t k = 2; k < forms[i].length; k++)
            if (text[k] < 0x80 || text[k] > 0xBF)
                return 0;
        return forms[i].length;
    }
    return 0;
}

/* One pass over the raw text before cJSON sees it. */
static enum err_code check_text(struct span text, struct err *err)
{
    size_t depth = 0;
    size_t nodes = 1;
    bool in_string = false;
    for (size_t i = 0; i < text.len;) {
        uint8_t c = text.at[i];
        size_t length = utf8_length(text.at + i, text.len - i);
        if (length == 0)
            return err_set(err, ERR_JSON_SYNTAX, "broken UTF-8 at offset %zu", i);
        if (c < ' ' && (in_string || strchr("\t\n\r", c) == NULL || c == 0))
            return err_set(err, ERR_JSON_SYNTAX, "control character at offset %zu", i);
        if (in_string && c == '\\') {
            if (text.len - i >= 6 && memcmp(text.at + i + 1, "u0000", 5) == 0)
                return err_set(err, ERR_JSON_SYNTAX, "NUL character at offset %zu", i);
            length = 2;
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
    json_add(object, name, json_of(must(cJSON_CreateNumber((double)value))));
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
