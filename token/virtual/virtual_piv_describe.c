#include "token/virtual/virtual_piv_describe.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/memory.h"
#include "token/virtual/virtual_certificate.h"
#include "token/virtual/virtual_piv_tlv.h"

/* MSCUID. Source: SP 800-73-4 Part 1, Appendix A, Table 10. */
#define NAME_BYTES_MAX 38
#define FILE_NAME_BYTES_MAX 32
#define COMPRESSED 0x01

/* ---- the words ---- */

static const char *kind_text(enum virtual_pair_kind kind)
{
    switch (kind) {
    case VIRTUAL_PAIR_P256:
        return "p256";
    case VIRTUAL_PAIR_P384:
        return "p384";
    case VIRTUAL_PAIR_RSA:
        return "rsa2048";
    case VIRTUAL_PAIR_SM2:
        return "sm2";
    default:
        return NULL;
    }
}

static struct span field_of(const struct bytes *object, uint32_t tag)
{
    struct span value = SPAN_NONE;
    virtual_piv_tlv_find(span_bytes(object), tag, &value);
    return value;
}

static bool is_printable(struct span name)
{
    for (size_t i = 0; i < name.len; i++)
        if (name.at[i] < 0x20 || name.at[i] > 0x7E)
            return false;
    return name.len > 0 && name.len <= NAME_BYTES_MAX;
}

/* What a renewal called it, else the slot. */
static void name_of(const struct virtual_piv_slot *slot, const struct bytes *object,
                    char out[NAME_BYTES_MAX + 1])
{
    struct span name = field_of(object, VIRTUAL_PIV_CERTIFICATE_NAME);
    if (is_printable(name))
        snprintf(out, NAME_BYTES_MAX + 1, "%.*s", (int)name.len, (const char *)name.at);
    else
        snprintf(out, NAME_BYTES_MAX + 1, "%02X", slot->reference);
}

/* A certificate that somebody signed; the empty span for placeholders, and for compressed ones. */
static struct span certificate_of(const struct bytes *object)
{
    struct span certificate = field_of(object, VIRTUAL_PIV_CERTIFICATE);
    struct span info = field_of(object, VIRTUAL_PIV_CERTIFICATE_INFO);
    bool compressed = info.len > 0 && (info.at[0] & COMPRESSED) != 0;
    return !compressed && virtual_certificate_is_signed(certificate) ? certificate : SPAN_NONE;
}

/* ---- describing ---- */

static void describe_slot(const struct virtual_piv_objects *objects,
                          const struct virtual_piv_slot *slot, struct json *list)
{
    char name[NAME_BYTES_MAX + 1];
    char reference[3];
    const struct bytes *object =
        virtual_piv_objects_get(objects, virtual_piv_objects_certificate_tag(slot->reference));
    struct span certificate = certificate_of(object);
    if (slot->pair == NULL && certificate.len == 0)
        return;
    name_of(slot, object, name);
    snprintf(reference, sizeof reference, "%02X", slot->reference);
    struct json *out = json_new_object();
    json_add_text(out, "name", name);
    json_add_text(out, "slot", reference);
    json_add_text(out, "algorithm", kind_text(virtual_pair_kind(slot->pair)));
    json_add_bool(out, "sign_key", slot->pair != NULL);
    json_add_bool(out, "encrypt_key", false);
    virtual_certificate_add_pem(out, "sign_cert", certificate);
    json_add_text(out, "encrypt_cert", NULL);
    json_append(list, out);
}

static void describe_file(const struct bytes *object, struct json *list)
{
    struct virtual_name name;
    struct span content = field_of(object, VIRTUAL_PIV_FILE_CONTENT);
    if (!virtual_objects_set_name(&name, field_of(object, VIRTUAL_PIV_FILE_NAME),
                                  VIRTUAL_NAME_BYTES_MAX))
        return;
    struct json *out = json_new_object();
    json_add_text(out, "name", name.at);
    json_add_integer(out, "size", (int64_t)content.len);
    json_add_base64(out, "content", content);
    json_append(list, out);
}

static struct json *describe_objects(const struct virtual_piv_objects *objects)
{
    struct json *list = json_new_array();
    for (size_t i = 0; i < objects->object_count; i++) {
        char tag[8];
        if (objects->objects[i].content->len == 0)
            continue; /* emptied */
        struct json *out = json_new_object();
        snprintf(tag, sizeof tag, "%X", (unsigned)objects->objects[i].tag);
        json_add_text(out, "tag", tag);
        json_add_integer(out, "size", (int64_t)objects->objects[i].content->len);
        json_append(list, out);
    }
    return list;
}

static struct json *describe_pin(const struct virtual_piv_pin *pin, bool is_default)
{
    struct json *out = json_new_object();
    json_add_integer(out, "max", pin->max);
    json_add_integer(out, "left", pin->left);
    json_add_bool(out, "default", is_default);
    return out;
}

char *virtual_piv_describe(const struct virtual_piv_objects *objects)
{
    AUTO(json_freep) struct json *out = json_new_object();
    struct json *pins = json_new_object();
    struct json *containers = json_new_array();
    struct json *files = json_new_array();
    for (size_t i = 0; i < VIRTUAL_PIV_SLOTS; i++)
        describe_slot(objects, &objects->slots[i], containers);
    for (uint32_t i = 0; i < VIRTUAL_PIV_FILES; i++)
        describe_file(virtual_piv_objects_get(objects, VIRTUAL_PIV_FILE_FIRST + i), files);
    json_add_text(out, "serial", objects->serial.at);
    json_add_text(out, "label", objects->label.len > 0 ? objects->label.at : NULL);
    json_add_text(out, "family", "piv");
    json_add_text(out, "profile", objects->profile->name);
    json_add_integer(out, "commands", (int64_t)objects->commands);
    json_add_integer(out, "space_used", (int64_t)virtual_piv_objects_used(objects));
    json_add(pins, "user",
             describe_pin(&objects->pin, virtual_piv_objects_pin_is_default(objects)));
    json_add(pins, "admin",
             describe_pin(&objects->puk, virtual_piv_objects_puk_is_default(objects)));
    json_add_text(out, "application", "");
    json_add(out, "pin", pins);
    json_add(out, "containers", containers);
    json_add(out, "files", files);
    json_add(out, "objects", describe_objects(objects));
    return json_print_pretty(out);
}

/* ---- files ---- */

/* The object of this name, else one that is free; 0 when there is none. */
static uint32_t place_for(const struct virtual_piv_objects *objects, struct span name)
{
    uint32_t empty = 0;
    for (uint32_t tag = VIRTUAL_PIV_FILE_FIRST + VIRTUAL_PIV_FILES;
         tag-- > VIRTUAL_PIV_FILE_FIRST;) {
        const struct bytes *object = virtual_piv_objects_get(objects, tag);
        if (object == NULL || object->len == 0)
            empty = tag;
        else if (span_equal(field_of(object, VIRTUAL_PIV_FILE_NAME), name))
            return tag;
    }
    return empty;
}

enum err_code virtual_piv_describe_put_file(struct virtual_piv_objects *objects, const char *name,
                                            struct span content, struct err *err)
{
    size_t name_bytes = strlen(name);
    if (name_bytes == 0 || name_bytes > FILE_NAME_BYTES_MAX)
        return err_set(err, ERR_FIELD_VALUE, "file's name: 1 to %d bytes", FILE_NAME_BYTES_MAX);
    if (content.len == 0 || content.len > VIRTUAL_FILE_BYTES_MAX)
        return err_set(err, ERR_FIELD_VALUE, "file: 1 to %d bytes", VIRTUAL_FILE_BYTES_MAX);
    uint32_t tag = place_for(objects, span_text(name));
    AUTO(buf_done) struct buf object = BUF_INIT(VIRTUAL_FILE_BYTES_MAX);
    virtual_piv_tlv_put(&object, VIRTUAL_PIV_FILE_NAME, span_text(name));
    virtual_piv_tlv_put(&object, VIRTUAL_PIV_FILE_CONTENT, content);
    if (object.bad || tag == 0 || !virtual_piv_objects_knows(objects, tag) ||
        !virtual_piv_objects_put(objects, tag, buf_span(&object)))
        return err_set(err, ERR_TOKEN_NO_SPACE, "no object for %zu bytes on a %s", content.len,
                       objects->profile->name);
    return ERR_NONE;
}

/* ---- finding ---- */

const struct virtual_pair *virtual_piv_describe_pair_for(const struct virtual_piv_objects *objects,
                                                         struct span certificate)
{
    for (size_t i = 0; i < VIRTUAL_PIV_SLOTS; i++) {
        const struct virtual_pair *pair = objects->slots[i].pair;
        if (pair != NULL && virtual_certificate_is_of(certificate, pair))
            return pair;
    }
    return NULL;
}
