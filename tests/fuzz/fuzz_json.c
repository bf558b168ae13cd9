/* Any bytes as JSON: what is read is written and read the same, and a table of fields gets values within
 * its limits or none at all. */
#include "base/json.h"
#include "fuzz.h"
#include "fuzz_input.h"

#define LIMIT_BYTES 65536
#define FIELD_LIMIT 40

struct values {
    const char *text;
    int64_t integer;
    bool truth;
    const struct json *object;
    const struct json *array;
    struct bytes *base64;
};

static void check_values(const struct values *values)
{
    if (values->text != NULL)
        fuzz_require(values->text[0] != '\0' && strlen(values->text) <= FIELD_LIMIT);
    fuzz_require(values->integer >= 0 && values->integer <= FIELD_LIMIT);
    fuzz_require(values->object == NULL || json_is_object(values->object));
    fuzz_require(json_count(values->array) <= FIELD_LIMIT);
    fuzz_require(values->base64 == NULL || values->base64->len <= FIELD_LIMIT);
}

static void read_fields(const struct json *json, enum json_unknown unknown)
{
    struct values values = {0};
    const struct json_field fields[] = {
        {"text", JSON_TEXT, true, FIELD_LIMIT, &values.text},
        {"integer", JSON_INTEGER, true, FIELD_LIMIT, &values.integer},
        {"bool", JSON_BOOL, true, 0, &values.truth},
        {"object", JSON_OBJECT, true, 0, &values.object},
        {"array", JSON_ARRAY, true, FIELD_LIMIT, &values.array},
        {"base64", JSON_BASE64, true, FIELD_LIMIT, &values.base64},
    };
    struct err err = ERR_INIT;
    if (json_read(json, fields, ARRAY_SIZE(fields), unknown, &err) != ERR_NONE) {
        fuzz_require(err.detail[0] != '\0' && values.text == NULL && values.base64 == NULL);
        return;
    }
    check_values(&values);
    bytes_free(values.base64);
}

static void check_round(const struct json *json)
{
    AUTO(memory_freep) char *text = json_print(json);
    AUTO(json_freep) struct json *again = NULL;
    struct err err = ERR_INIT;
    fuzz_require(json_parse(span_text(text), SIZE_MAX, &again, &err) == ERR_NONE);
    AUTO(memory_freep) char *twice = json_print(again);
    fuzz_require(strcmp(text, twice) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(json_freep) struct json *json = NULL;
    struct err err = ERR_INIT;
    if (json_parse(span_of(data, size), LIMIT_BYTES, &json, &err) != ERR_NONE) {
        fuzz_require(err.code == ERR_JSON_LIMIT || err.code == ERR_JSON_SYNTAX ||
                     err.code == ERR_JSON_DUPLICATE);
        fuzz_require(json == NULL && err.detail[0] != '\0');
        return 0;
    }
    fuzz_require(size <= LIMIT_BYTES && memchr(data, 0, size) == NULL);
    check_round(json);
    read_fields(json, JSON_UNKNOWN_REFUSED);
    read_fields(json, JSON_UNKNOWN_IGNORED);
    return 0;
}
