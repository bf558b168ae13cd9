#include "agent/trust/trust_record.h"

#include <errno.h>
#include <unistd.h>

#include "agent/trust/trust_pem.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/text.h"

#define RECORD_BYTES_MAX 524288
#define RECORD_MODE 0600

void trust_record_done(struct trust_record *record)
{
    for (size_t i = 0; i < record->cert_count; i++)
        bytes_freep(&record->certs[i]);
    for (size_t i = 0; i < record->place_count; i++)
        memory_freep(&record->places[i]);
    for (size_t i = 0; i < record->made_count; i++)
        memory_freep(&record->made[i]);
    *record = (struct trust_record){0};
}

/* ---- changing it ---- */

bool trust_record_has_cert(const struct trust_record *record, struct span der)
{
    for (size_t i = 0; i < record->cert_count; i++)
        if (span_equal(span_bytes(record->certs[i]), der))
            return true;
    return false;
}

static void forget_cert(struct trust_record *record, size_t index)
{
    bytes_freep(&record->certs[index]);
    record->cert_count--;
    for (size_t i = index; i < record->cert_count; i++)
        record->certs[i] = record->certs[i + 1];
    record->certs[record->cert_count] = NULL;
}

void trust_record_add_cert(struct trust_record *record, struct span der)
{
    struct bytes *added = bytes_new(der);
    for (size_t i = record->cert_count; i > 0; i--)
        if (span_equal(span_bytes(record->certs[i - 1]), der))
            forget_cert(record, i - 1);
    if (record->cert_count == TRUST_RECORD_CERTS_MAX)
        forget_cert(record, 0);
    record->certs[record->cert_count++] = added;
}

void trust_record_keep_last(struct trust_record *record)
{
    while (record->cert_count > 1)
        forget_cert(record, 0);
}

static bool is_among(char *const *paths, size_t count, const char *path)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(paths[i], path) == 0)
            return true;
    return false;
}

static enum err_code add_path(char **paths, size_t *count, const char *path, struct err *err)
{
    if (is_among(paths, *count, path))
        return ERR_NONE;
    if (!text_is_utf8(path, strlen(path))) /* a path is bytes, the record is text */
        return err_set(err, ERR_FILE, "a folder whose name is not UTF-8");
    if (*count == TRUST_RECORD_PATHS_MAX)
        return err_set(err, ERR_FILE, "more than %d folders", TRUST_RECORD_PATHS_MAX);
    paths[(*count)++] = memory_text(path);
    return ERR_NONE;
}

enum err_code trust_record_add_place(struct trust_record *record, const char *path, struct err *err)
{
    return add_path(record->places, &record->place_count, path, err);
}

enum err_code trust_record_add_made(struct trust_record *record, const char *path, struct err *err)
{
    return add_path(record->made, &record->made_count, path, err);
}

bool trust_record_made(const struct trust_record *record, const char *path)
{
    return is_among(record->made, record->made_count, path);
}

/* ---- reading and writing ---- */

static enum err_code take_certs(const struct json *array, struct trust_record *out, struct err *err)
{
    for (size_t i = 0; i < json_count(array); i++) {
        AUTO(bytes_freep) struct bytes *der = NULL;
        const char *text = json_text_of(json_item(array, i));
        if (text == NULL)
            return err_set(err, ERR_FILE, "a certificate that is no text");
        if (base64_decode(text, TRUST_PEM_DER_MAX, &der, err) != ERR_NONE)
            return err->code;
        trust_record_add_cert(out, span_bytes(der));
    }
    return ERR_NONE;
}

static enum err_code take_paths(const struct json *array, char **paths, size_t *count,
                                struct err *err)
{
    for (size_t i = 0; i < json_count(array); i++) {
        const char *text = json_text_of(json_item(array, i));
        if (text == NULL || *text != '/')
            return err_set(err, ERR_FILE, "a folder that is no absolute path");
        if (add_path(paths, count, text, err) != ERR_NONE)
            return err->code;
    }
    return ERR_NONE;
}

static enum err_code parse(struct span text, struct trust_record *out, struct err *err)
{
    AUTO(json_freep) struct json *json = NULL;
    const struct json *certs, *places, *made;
    const struct json_field fields[] = {
        {"wanted", JSON_BOOL, .out = &out->wanted},
        {"incomplete", JSON_BOOL, .optional = true, .out = &out->incomplete},
        {"certificates", JSON_ARRAY, .limit = TRUST_RECORD_CERTS_MAX, .out = &certs},
        {"places", JSON_ARRAY, .limit = TRUST_RECORD_PATHS_MAX, .out = &places},
        {"made", JSON_ARRAY, .limit = TRUST_RECORD_PATHS_MAX, .out = &made},
    };
    if (json_parse(text, RECORD_BYTES_MAX, &json, err) != ERR_NONE ||
        json_read(json, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_IGNORED, err) != ERR_NONE ||
        take_certs(certs, out, err) != ERR_NONE ||
        take_paths(places, out->places, &out->place_count, err) != ERR_NONE ||
        take_paths(made, out->made, &out->made_count, err) != ERR_NONE)
        return err->code;
    return ERR_NONE;
}

enum err_code trust_record_read(const char *folder, struct trust_record *out, struct err *err)
{
    AUTO(memory_freep) char *path = file_join(folder, TRUST_RECORD_NAME);
    AUTO(bytes_freep) struct bytes *text = NULL;
    AUTO(trust_record_done) struct trust_record record = {0};
    if (file_read(path, RECORD_BYTES_MAX, &text, err) != ERR_NONE)
        return err->code;
    if (parse(span_bytes(text), &record, err) != ERR_NONE) {
        err->code = ERR_FILE;
        return err_add(err, "%s", path);
    }
    *out = record;
    record = (struct trust_record){0};
    return ERR_NONE;
}

static struct json *paths_json(char *const *paths, size_t count)
{
    struct json *array = json_new_array();
    for (size_t i = 0; i < count; i++)
        json_append_text(array, paths[i]);
    return array;
}

enum err_code trust_record_write(const char *folder, const struct trust_record *record,
                                 struct err *err)
{
    AUTO(memory_freep) char *path = file_join(folder, TRUST_RECORD_NAME);
    AUTO(json_freep) struct json *json = json_new_object();
    struct json *certs = json_new_array();
    for (size_t i = 0; i < record->cert_count; i++)
        json_append_base64(certs, span_bytes(record->certs[i]));
    json_add_bool(json, "wanted", record->wanted);
    json_add_bool(json, "incomplete", record->incomplete);
    json_add(json, "certificates", certs);
    json_add(json, "places", paths_json(record->places, record->place_count));
    json_add(json, "made", paths_json(record->made, record->made_count));
    AUTO(memory_freep) char *text = json_print_pretty(json);
    return file_write_atomic(path, span_text(text), RECORD_MODE, err);
}

enum err_code trust_record_delete(const char *folder, struct err *err)
{
    AUTO(memory_freep) char *path = file_join(folder, TRUST_RECORD_NAME);
    if (unlink(path) != 0 && errno != ENOENT) {
        err_set_errno(err, ERR_FILE, "delete");
        return err_add(err, "%s", path);
    }
    return ERR_NONE;
}
