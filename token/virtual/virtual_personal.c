#include "token/virtual/virtual_personal.h"

#include "base/json.h"
#include "base/memory.h"
#include "token/virtual/virtual_certificate.h"

static enum err_code set_pins(const struct virtual_personal *wish,
                              struct virtual_application *application, struct err *err)
{
    const struct virtual_profile *profile = wish->profile;
    const char *pins[] = {wish->admin_pin, wish->pin};
    const uint8_t tries[] = {profile->admin_tries, profile->user_tries};
    for (size_t i = 0; i < ARRAY_SIZE(pins); i++) {
        if (!virtual_pin_allowed(profile, span_text(pins[i])))
            return err_set(err, ERR_FIELD_VALUE, "%s: %d to %d characters are allowed",
                           i == VIRTUAL_PIN_USER ? "PIN" : "administrator's PIN", profile->pin_min,
                           profile->pin_max);
        virtual_pin_make(&application->pins[i], span_text(pins[i]), tries[i]);
    }
    return ERR_NONE;
}

static enum err_code fill_slot(struct virtual_container *container, enum virtual_usage usage,
                               const struct virtual_personal *wish,
                               const struct virtual_issuer *issuer, struct err *err)
{
    struct virtual_slot *slot = &container->slots[usage];
    if (virtual_pair_generate(wish->kind, &slot->pair, err) != ERR_NONE)
        return err->code;
    return virtual_issuer_sign(issuer, slot->pair, &wish->subject, usage, &slot->certificate, err);
}

static enum err_code add_application(struct virtual_objects *objects,
                                     const struct virtual_personal *wish,
                                     struct virtual_application **out, struct err *err)
{
    const struct virtual_profile *profile = wish->profile;
    struct virtual_name name;
    if (!virtual_objects_set_name(&name, span_text(profile->application), profile->name_width))
        return err_set(err, ERR_FIELD_VALUE, "the application's name");
    struct virtual_application *application = virtual_objects_add_application(objects, &name);
    application->create_file_rights = VIRTUAL_RIGHTS_USER;
    application->containers_max = profile->containers_max;
    application->certificates_max = profile->certificates_max;
    application->files_max = profile->files_max;
    *out = application;
    return set_pins(wish, application, err);
}

enum err_code virtual_personal_make(const struct virtual_personal *wish,
                                    const struct virtual_issuer *issuer,
                                    struct virtual_objects **out, struct err *err)
{
    AUTO(virtual_objects_freep)
    struct virtual_objects *objects = virtual_objects_new(wish->profile, wish->serial, wish->label);
    struct virtual_application *application = NULL;
    struct virtual_name name;
    if (objects == NULL)
        return err_set(err, ERR_FIELD_VALUE, "serial number or label: at most %d bytes",
                       VIRTUAL_SERIAL_BYTES_MAX);
    if (add_application(objects, wish, &application, err) != ERR_NONE)
        return err->code;
    if (!virtual_objects_set_name(&name, span_text(wish->container), VIRTUAL_NAME_BYTES_MAX))
        return err_set(err, ERR_FIELD_VALUE, "container: 1 to %d bytes", VIRTUAL_NAME_BYTES_MAX);
    struct virtual_container *container = virtual_objects_add_container(application, &name);
    if (fill_slot(container, VIRTUAL_USAGE_SIGN, wish, issuer, err) != ERR_NONE)
        return err->code;
    if (!wish->single && fill_slot(container, VIRTUAL_USAGE_ENCRYPT, wish, issuer, err) != ERR_NONE)
        return err->code;
    *out = TAKE(objects);
    return ERR_NONE;
}

/* ---- files ---- */

static enum err_code check_file(const struct virtual_objects *objects,
                                const struct virtual_file *old, struct span content,
                                struct err *err)
{
    size_t freed = old == NULL ? 0 : VIRTUAL_OBJECT_BYTES + old->content->len;
    size_t needed = VIRTUAL_OBJECT_BYTES + content.len;
    if (content.len == 0 || content.len > VIRTUAL_FILE_BYTES_MAX)
        return err_set(err, ERR_FIELD_VALUE, "file: 1 to %d bytes", VIRTUAL_FILE_BYTES_MAX);
    if (old == NULL && objects->applications[0]->file_count >= objects->applications[0]->files_max)
        return err_set(err, ERR_TOKEN_NO_SPACE, "%d files at most",
                       objects->applications[0]->files_max);
    if (needed > freed && !virtual_objects_fit(objects, needed - freed))
        return err_set(err, ERR_TOKEN_NO_SPACE, "no room for %zu bytes", content.len);
    return ERR_NONE;
}

enum err_code virtual_personal_put_file(struct virtual_objects *objects, const char *name,
                                        struct span content, struct err *err)
{
    struct virtual_name wanted;
    if (objects->application_count == 0)
        return err_set(err, ERR_FIELD_VALUE, "there is no application on the key");
    if (!virtual_objects_set_name(&wanted, span_text(name), objects->profile->name_width))
        return err_set(err, ERR_FIELD_VALUE, "file's name: 1 to %zu bytes",
                       (size_t)objects->profile->name_width);
    struct virtual_application *application = objects->applications[0];
    struct virtual_file *old = virtual_objects_file(application, span_text(name));
    if (check_file(objects, old, content, err) != ERR_NONE)
        return err->code;
    if (old != NULL)
        virtual_objects_remove_file(application, old);
    struct virtual_file *file = virtual_objects_add_file(application, &wanted, bytes_new(content));
    file->read_rights = VIRTUAL_RIGHTS_ANYONE;
    file->write_rights = VIRTUAL_RIGHTS_USER;
    return ERR_NONE;
}

/* ---- describing ---- */

static const char *kind_text(enum virtual_pair_kind kind)
{
    return kind == VIRTUAL_PAIR_SM2 ? "sm2" : kind == VIRTUAL_PAIR_RSA ? "rsa2048" : NULL;
}

static struct json *describe_container(const struct virtual_container *container)
{
    const struct virtual_slot *sign = &container->slots[VIRTUAL_SLOT_SIGN];
    const struct virtual_slot *encrypt = &container->slots[VIRTUAL_SLOT_ENCRYPT];
    struct json *out = json_new_object();
    json_add_text(out, "name", container->name.at);
    json_add_text(out, "algorithm", kind_text(virtual_objects_container_kind(container)));
    json_add_bool(out, "sign_key", sign->pair != NULL);
    json_add_bool(out, "encrypt_key", encrypt->pair != NULL);
    virtual_certificate_add_pem(out, "sign_cert", span_bytes(sign->certificate));
    virtual_certificate_add_pem(out, "encrypt_cert", span_bytes(encrypt->certificate));
    return out;
}

static struct json *describe_file(const struct virtual_file *file)
{
    struct json *out = json_new_object();
    json_add_text(out, "name", file->name.at);
    json_add_integer(out, "size", (int64_t)file->content->len);
    json_add_integer(out, "read_rights", file->read_rights);
    json_add_integer(out, "write_rights", file->write_rights);
    json_add_base64(out, "content", span_bytes(file->content));
    return out;
}

static struct json *describe_pin(const struct virtual_pin *pin,
                                 const struct virtual_profile *profile)
{
    struct json *out = json_new_object();
    json_add_integer(out, "max", pin->max);
    json_add_integer(out, "left", pin->left);
    json_add_bool(out, "default", virtual_pin_is_default(pin, profile));
    return out;
}

/* A bidder's key has one application: its PINs, containers and files stand at the top. */
static void describe_application(struct json *out, const struct virtual_application *application,
                                 const struct virtual_profile *profile)
{
    struct json *pins = json_new_object();
    json_add(pins, "user", describe_pin(&application->pins[VIRTUAL_PIN_USER], profile));
    json_add(pins, "admin", describe_pin(&application->pins[VIRTUAL_PIN_ADMIN], profile));
    struct json *containers = json_new_array();
    for (size_t i = 0; i < application->container_count; i++)
        json_append(containers, describe_container(application->containers[i]));
    struct json *files = json_new_array();
    for (size_t i = 0; i < application->file_count; i++)
        json_append(files, describe_file(application->files[i]));
    json_add_text(out, "application", application->name.at);
    json_add(out, "pin", pins);
    json_add(out, "containers", containers);
    json_add(out, "files", files);
}

char *virtual_personal_describe(const struct virtual_objects *objects)
{
    AUTO(json_freep) struct json *out = json_new_object();
    json_add_text(out, "serial", objects->serial.at);
    json_add_text(out, "label", objects->label.len > 0 ? objects->label.at : NULL);
    json_add_text(out, "profile", objects->profile->name);
    json_add_integer(out, "commands", (int64_t)objects->commands);
    json_add_integer(out, "space_used", (int64_t)virtual_objects_used(objects));
    if (objects->application_count > 0)
        describe_application(out, objects->applications[0], objects->profile);
    return json_print_pretty(out);
}

/* ---- finding ---- */

static const struct virtual_pair *pair_in(const struct virtual_application *application,
                                          struct span certificate)
{
    for (size_t i = 0; i < application->container_count; i++)
        for (size_t k = 0; k < 2; k++) {
            const struct virtual_pair *pair = application->containers[i]->slots[k].pair;
            if (pair != NULL && virtual_certificate_is_of(certificate, pair))
                return pair;
        }
    return NULL;
}

const struct virtual_pair *virtual_personal_pair_for(const struct virtual_objects *objects,
                                                     struct span certificate)
{
    const struct virtual_pair *found = NULL;
    for (size_t i = 0; found == NULL && i < objects->application_count; i++)
        found = pair_in(objects->applications[i], certificate);
    return found;
}
