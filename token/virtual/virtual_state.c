#include "token/virtual/virtual_state.h"

#include "base/file.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/memory.h"

/* ---- out ---- */

static struct json *pin_out(const struct virtual_pin *pin)
{
    struct json *out = json_new_object();
    json_add_base64(out, "value", span_of(pin->value, pin->len));
    json_add_base64(out, "first", span_of(pin->first, pin->first_len));
    json_add_bool(out, "changed", pin->changed);
    json_add_integer(out, "max", pin->max);
    json_add_integer(out, "left", pin->left);
    return out;
}

static enum err_code slot_out(const struct virtual_slot *slot, struct json *out, struct err *err)
{
    if (slot->pair != NULL) {
        AUTO(virtual_pair_wipe_der) struct bytes *der = NULL;
        if (virtual_pair_to_der(slot->pair, &der, err) != ERR_NONE)
            return err->code;
        json_add_base64(out, "key", span_bytes(der));
    }
    if (slot->certificate != NULL)
        json_add_base64(out, "certificate", span_bytes(slot->certificate));
    return ERR_NONE;
}

static enum err_code container_out(const struct virtual_container *container, struct json *out,
                                   struct err *err)
{
    static const char *const names[] = {"encrypt", "sign"};
    json_add_text(out, "name", container->name.at);
    json_add_integer(out, "id", container->id);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        struct json *slot = json_new_object();
        json_add(out, names[i], slot);
        if (slot_out(&container->slots[i], slot, err) != ERR_NONE)
            return err_add(err, "container %s", container->name.at);
    }
    return ERR_NONE;
}

static struct json *file_out(const struct virtual_file *file)
{
    struct json *out = json_new_object();
    json_add_text(out, "name", file->name.at);
    json_add_integer(out, "read_rights", file->read_rights);
    json_add_integer(out, "write_rights", file->write_rights);
    json_add_base64(out, "content", span_bytes(file->content));
    return out;
}

static enum err_code application_out(const struct virtual_application *application,
                                     struct json *out, struct err *err)
{
    json_add_text(out, "name", application->name.at);
    json_add_integer(out, "id", application->id);
    json_add_integer(out, "create_file_rights", application->create_file_rights);
    json_add_integer(out, "containers_max", application->containers_max);
    json_add_integer(out, "certificates_max", application->certificates_max);
    json_add_integer(out, "files_max", application->files_max);
    json_add(out, "admin_pin", pin_out(&application->pins[VIRTUAL_PIN_ADMIN]));
    json_add(out, "user_pin", pin_out(&application->pins[VIRTUAL_PIN_USER]));
    struct json *containers = json_new_array();
    json_add(out, "containers", containers);
    for (size_t i = 0; i < application->container_count; i++) {
        struct json *container = json_new_object();
        json_append(containers, container);
        if (container_out(application->containers[i], container, err) != ERR_NONE)
            return err->code;
    }
    struct json *files = json_new_array();
    json_add(out, "files", files);
    for (size_t i = 0; i < application->file_count; i++)
        json_append(files, file_out(application->files[i]));
    return ERR_NONE;
}

enum err_code virtual_state_print(const struct virtual_objects *objects, char **out,
                                  struct err *err)
{
    AUTO(json_freep) struct json *root = json_new_object();
    json_add_text(root, "format", VIRTUAL_STATE_FORMAT);
    json_add_text(root, "profile", objects->profile->name);
    json_add_text(root, "serial", objects->serial.at);
    json_add_text(root, "label", objects->label.len > 0 ? objects->label.at : NULL);
    json_add_integer(root, "commands", (int64_t)objects->commands);
    json_add_base64(root, "device_key", SPAN_ARRAY(objects->device_key));
    json_add_integer(root, "device_max", objects->device_max);
    json_add_integer(root, "device_left", objects->device_left);
    struct json *applications = json_new_array();
    json_add(root, "applications", applications);
    for (size_t i = 0; i < objects->application_count; i++) {
        struct json *application = json_new_object();
        json_append(applications, application);
        if (application_out(objects->applications[i], application, err) != ERR_NONE)
            return err->code;
    }
    *out = json_print(root);
    return ERR_NONE;
}

void virtual_state_wipe_text(char **text)
{
    if (*text != NULL)
        virtual_crypto_wipe(*text, strlen(*text));
    memory_freep(text);
}

enum err_code virtual_state_save(const struct virtual_objects *objects, const char *path,
                                 struct err *err)
{
    AUTO(virtual_state_wipe_text) char *text = NULL;
    if (virtual_state_print(objects, &text, err) != ERR_NONE)
        return err->code;
    return file_write_atomic(path, span_text(text), VIRTUAL_STATE_MODE, err);
}

/* ---- in ---- */

static enum err_code refuse(struct err *err, const char *what)
{
    return err_set(err, ERR_FIELD_VALUE, "%s", what);
}

/* A text member as a name. */
static enum err_code name_in(const char *text, size_t limit, struct virtual_name *out,
                             struct err *err)
{
    if (!virtual_objects_set_name(out, span_text(text), limit))
        return err_set(err, ERR_FIELD_VALUE, "the name \"%.64s\" is too long", text);
    return ERR_NONE;
}

static enum err_code pin_in(const struct json *json, const struct virtual_profile *profile,
                            struct virtual_pin *out, struct err *err)
{
    AUTO(virtual_pair_wipe_der) struct bytes *value = NULL;
    AUTO(virtual_pair_wipe_der) struct bytes *first = NULL;
    bool changed = false;
    int64_t max = 0;
    int64_t left = 0;
    const struct json_field fields[] = {
        {"value", JSON_BASE64, .limit = VIRTUAL_PIN_BYTES_MAX, .out = &value},
        {"first", JSON_BASE64, .limit = VIRTUAL_PIN_BYTES_MAX, .out = &first},
        {"changed", JSON_BOOL, .out = &changed},
        {"max", JSON_INTEGER, .limit = VIRTUAL_TRIES_MAX, .out = &max},
        {"left", JSON_INTEGER, .limit = VIRTUAL_TRIES_MAX, .out = &left},
    };
    if (json_read(json, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_REFUSED, err) != ERR_NONE)
        return err->code;
    if (!virtual_pin_allowed(profile, span_bytes(value)) ||
        !virtual_pin_allowed(profile, span_bytes(first)))
        return refuse(err, "a PIN that the profile does not allow");
    if (max == 0 || left > max)
        return refuse(err, "more tries left than there are, or none at all");
    virtual_pin_make(out, span_bytes(first), (uint8_t)max);
    virtual_pin_change(out, span_bytes(value));
    out->changed = changed;
    out->left = (uint8_t)left;
    return ERR_NONE;
}

static enum err_code slot_in(const struct json *json, struct virtual_slot *out, struct err *err)
{
    AUTO(virtual_pair_wipe_der) struct bytes *key = NULL;
    AUTO(bytes_freep) struct bytes *certificate = NULL;
    const struct json_field fields[] = {
        {"key", JSON_BASE64, .optional = true, .limit = VIRTUAL_PAIR_DER_BYTES_MAX, .out = &key},
        {"certificate", JSON_BASE64, .optional = true, .limit = VIRTUAL_CERTIFICATE_BYTES_MAX,
         .out = &certificate},
    };
    if (json_read(json, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_REFUSED, err) != ERR_NONE)
        return err->code;
    if (certificate != NULL && (key == NULL || certificate->len == 0))
        return refuse(err, "a certificate without a key pair, or an empty one");
    if (key != NULL && virtual_pair_from_der(span_bytes(key), &out->pair, err) != ERR_NONE)
        return err->code;
    if (key != NULL && virtual_pair_kind(out->pair) != VIRTUAL_PAIR_SM2 &&
        virtual_pair_kind(out->pair) != VIRTUAL_PAIR_RSA)
        return refuse(err, "a key pair that is neither SM2 nor RSA-2048");
    out->certificate = TAKE(certificate);
    return ERR_NONE;
}

static enum err_code container_in(const struct json *json, struct virtual_application *application,
                                  struct err *err)
{
    const char *text = NULL;
    int64_t id = 0;
    const struct json *sign = NULL;
    const struct json *encrypt = NULL;
    struct virtual_name name;
    const struct json_field fields[] = {
        {"name", JSON_TEXT, .limit = VIRTUAL_NAME_BYTES_MAX, .out = &text},
        {"id", JSON_INTEGER, .limit = UINT16_MAX, .out = &id},
        {"encrypt", JSON_OBJECT, .out = &encrypt},
        {"sign", JSON_OBJECT, .out = &sign},
    };
    if (json_read(json, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_REFUSED, err) != ERR_NONE ||
        name_in(text, VIRTUAL_NAME_BYTES_MAX, &name, err) != ERR_NONE)
        return err->code;
    if (virtual_objects_container(application, span_text(text)) != NULL ||
        virtual_objects_container_by_id(application, (uint16_t)id) != NULL)
        return refuse(err, "two containers with one name or id");
    struct virtual_container *container = virtual_objects_add_container(application, &name);
    container->id = (uint16_t)id;
    struct virtual_slot *slots = container->slots;
    if (slot_in(encrypt, &slots[VIRTUAL_SLOT_ENCRYPT], err) != ERR_NONE ||
        slot_in(sign, &slots[VIRTUAL_SLOT_SIGN], err) != ERR_NONE)
        return err_add(err, "container %s", text);
    if (slots[0].pair != NULL && slots[1].pair != NULL &&
        virtual_pair_kind(slots[0].pair) != virtual_pair_kind(slots[1].pair))
        return refuse(err, "a container with pairs of two algorithms");
    return ERR_NONE;
}

static enum err_code file_in(const struct json *json, const struct virtual_profile *profile,
                             struct virtual_application *application, struct err *err)
{
    const char *text = NULL;
    int64_t read_rights = 0;
    int64_t write_rights = 0;
    AUTO(bytes_freep) struct bytes *content = NULL;
    struct virtual_name name;
    const struct json_field fields[] = {
        {"name", JSON_TEXT, .limit = VIRTUAL_NAME_BYTES_MAX, .out = &text},
        {"read_rights", JSON_INTEGER, .limit = VIRTUAL_RIGHTS_ANYONE, .out = &read_rights},
        {"write_rights", JSON_INTEGER, .limit = VIRTUAL_RIGHTS_ANYONE, .out = &write_rights},
        {"content", JSON_BASE64, .limit = VIRTUAL_FILE_BYTES_MAX, .out = &content},
    };
    if (json_read(json, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_REFUSED, err) != ERR_NONE ||
        name_in(text, profile->name_width, &name, err) != ERR_NONE)
        return err->code;
    if (virtual_objects_file(application, span_text(text)) != NULL)
        return refuse(err, "two files with one name");
    if (!virtual_objects_rights_known(read_rights) || !virtual_objects_rights_known(write_rights) ||
        content->len == 0)
        return refuse(err, "a file with unknown rights or without content");
    struct virtual_file *file = virtual_objects_add_file(application, &name, TAKE(content));
    file->read_rights = (uint32_t)read_rights;
    file->write_rights = (uint32_t)write_rights;
    return ERR_NONE;
}

static enum err_code members_in(const struct json *containers, const struct json *files,
                                const struct virtual_profile *profile,
                                struct virtual_application *application, struct err *err)
{
    for (size_t i = 0; i < json_count(containers); i++)
        if (container_in(json_item(containers, i), application, err) != ERR_NONE)
            return err->code;
    for (size_t i = 0; i < json_count(files); i++)
        if (file_in(json_item(files, i), profile, application, err) != ERR_NONE)
            return err->code;
    if (virtual_objects_certificates(application) > application->certificates_max)
        return refuse(err, "more certificates than the application may hold");
    return ERR_NONE;
}

static enum err_code application_in(const struct json *json, struct virtual_objects *objects,
                                    struct err *err)
{
    const struct virtual_profile *profile = objects->profile;
    const char *text = NULL;
    int64_t id = 0, rights = 0, containers_max = 0, certificates_max = 0, files_max = 0;
    const struct json *admin_pin = NULL, *user_pin = NULL, *containers = NULL, *files = NULL;
    struct virtual_name name;
    const struct json_field fields[] = {
        {"name", JSON_TEXT, .limit = VIRTUAL_NAME_BYTES_MAX, .out = &text},
        {"id", JSON_INTEGER, .limit = UINT16_MAX, .out = &id},
        {"create_file_rights", JSON_INTEGER, .limit = VIRTUAL_RIGHTS_ANYONE, .out = &rights},
        {"containers_max", JSON_INTEGER, .limit = profile->containers_max, .out = &containers_max},
        {"certificates_max", JSON_INTEGER, .limit = profile->certificates_max,
         .out = &certificates_max},
        {"files_max", JSON_INTEGER, .limit = profile->files_max, .out = &files_max},
        {"admin_pin", JSON_OBJECT, .out = &admin_pin},
        {"user_pin", JSON_OBJECT, .out = &user_pin},
        {"containers", JSON_ARRAY, .limit = profile->containers_max, .out = &containers},
        {"files", JSON_ARRAY, .limit = profile->files_max, .out = &files},
    };
    if (json_read(json, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_REFUSED, err) != ERR_NONE ||
        name_in(text, profile->name_width, &name, err) != ERR_NONE)
        return err->code;
    if (virtual_objects_application(objects, span_text(text)) != NULL ||
        virtual_objects_application_by_id(objects, (uint16_t)id) != NULL)
        return refuse(err, "two applications with one name or id");
    if (!virtual_objects_rights_known(rights) || json_count(containers) > (size_t)containers_max ||
        json_count(files) > (size_t)files_max)
        return refuse(err, "unknown rights, or more containers or files than allowed");
    struct virtual_application *application = virtual_objects_add_application(objects, &name);
    application->id = (uint16_t)id;
    application->create_file_rights = (uint32_t)rights;
    application->containers_max = (uint8_t)containers_max;
    application->certificates_max = (uint8_t)certificates_max;
    application->files_max = (uint16_t)files_max;
    if (pin_in(admin_pin, profile, &application->pins[VIRTUAL_PIN_ADMIN], err) != ERR_NONE)
        return err_add(err, "administrator's PIN");
    if (pin_in(user_pin, profile, &application->pins[VIRTUAL_PIN_USER], err) != ERR_NONE)
        return err_add(err, "user's PIN");
    return members_in(containers, files, profile, application, err);
}

static enum err_code device_in(const struct json *root, struct virtual_objects **out,
                               const struct json **out_applications, struct err *err)
{
    const char *format = NULL, *profile_name = NULL, *serial = NULL, *label = NULL;
    int64_t commands = 0, max = 0, left = 0;
    AUTO(virtual_pair_wipe_der) struct bytes *key = NULL;
    const struct json_field fields[] = {
        {"format", JSON_TEXT, .limit = 32, .out = &format},
        {"profile", JSON_TEXT, .limit = 64, .out = &profile_name},
        {"serial", JSON_TEXT, .limit = VIRTUAL_SERIAL_BYTES_MAX, .out = &serial},
        {"label", JSON_TEXT, .optional = true, .limit = VIRTUAL_LABEL_BYTES_MAX, .out = &label},
        {"commands", JSON_INTEGER, .out = &commands},
        {"device_key", JSON_BASE64, .limit = VIRTUAL_CIPHER_BYTES, .out = &key},
        {"device_max", JSON_INTEGER, .limit = VIRTUAL_TRIES_MAX, .out = &max},
        {"device_left", JSON_INTEGER, .limit = VIRTUAL_TRIES_MAX, .out = &left},
        {"applications", JSON_ARRAY, .limit = VIRTUAL_APPLICATIONS_MAX, .out = out_applications},
    };
    if (json_read(root, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_REFUSED, err) != ERR_NONE)
        return err->code;
    const struct virtual_profile *profile = virtual_profile_find(profile_name);
    if (strcmp(format, VIRTUAL_STATE_FORMAT) != 0 || profile == NULL)
        return refuse(err, "an unknown format or profile");
    if (key->len != VIRTUAL_CIPHER_BYTES || max == 0 || left > max)
        return refuse(err, "the device key or its tries");
    struct virtual_objects *objects = virtual_objects_new(profile, serial, label);
    if (objects == NULL)
        return refuse(err, "the serial number or the label");
    memcpy(objects->device_key, key->at, VIRTUAL_CIPHER_BYTES);
    objects->device_max = (uint8_t)max;
    objects->device_left = (uint8_t)left;
    objects->commands = (uint64_t)commands;
    *out = objects;
    return ERR_NONE;
}

enum err_code virtual_state_parse(struct span text, struct virtual_objects **out, struct err *err)
{
    AUTO(json_freep) struct json *root = NULL;
    AUTO(virtual_objects_freep) struct virtual_objects *objects = NULL;
    const struct json *applications = NULL;
    if (json_parse(text, VIRTUAL_STATE_BYTES_MAX, &root, err) != ERR_NONE ||
        device_in(root, &objects, &applications, err) != ERR_NONE)
        return err->code;
    if (json_count(applications) > objects->profile->applications_max)
        return refuse(err, "more applications than the profile allows");
    for (size_t i = 0; i < json_count(applications); i++)
        if (application_in(json_item(applications, i), objects, err) != ERR_NONE)
            return err_add(err, "application %zu", i);
    if (!virtual_objects_fit(objects, 0))
        return refuse(err, "more content than there is room");
    *out = TAKE(objects);
    return ERR_NONE;
}

enum err_code virtual_state_load(const char *path, struct virtual_objects **out, struct err *err)
{
    AUTO(virtual_pair_wipe_der) struct bytes *text = NULL;
    if (file_read(path, VIRTUAL_STATE_BYTES_MAX, &text, err) != ERR_NONE)
        return err->code;
    if (virtual_state_parse(span_bytes(text), out, err) != ERR_NONE)
        return err_add(err, "%s", path);
    return ERR_NONE;
}
