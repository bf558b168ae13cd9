#include "token/virtual/virtual_piv_state.h"

#include "base/json.h"
#include "base/memory.h"
#include "token/virtual/virtual_state.h"

/* A made-up tag of 3 bytes at most. */
#define TAG_MAX 0xFFFFFF

/* ---- out ---- */

static struct json *pin_out(const struct virtual_piv_pin *pin)
{
    struct json *out = json_new_object();
    json_add_base64(out, "value", SPAN_ARRAY(pin->value));
    json_add_integer(out, "max", pin->max);
    json_add_integer(out, "left", pin->left);
    return out;
}

static struct json *management_out(const struct virtual_piv_objects *objects)
{
    struct json *out = json_new_object();
    json_add_text(out, "algorithm", virtual_piv_crypto_name(objects->cipher));
    json_add_base64(
        out, "key",
        span_of(objects->management_key, virtual_piv_crypto_key_bytes(objects->cipher)));
    return out;
}

static enum err_code slots_out(const struct virtual_piv_objects *objects, struct json *out,
                               struct err *err)
{
    for (size_t i = 0; i < VIRTUAL_PIV_SLOTS; i++) {
        const struct virtual_piv_slot *slot = &objects->slots[i];
        AUTO(virtual_pair_wipe_der) struct bytes *der = NULL;
        if (slot->pair == NULL)
            continue;
        if (virtual_pair_to_der(slot->pair, &der, err) != ERR_NONE)
            return err_add(err, "slot %02X", slot->reference);
        struct json *item = json_new_object();
        json_append(out, item);
        json_add_integer(item, "slot", slot->reference);
        json_add_integer(item, "pin_policy", slot->policy);
        json_add_base64(item, "key", span_bytes(der));
    }
    return ERR_NONE;
}

static struct json *objects_out(const struct virtual_piv_objects *objects)
{
    struct json *out = json_new_array();
    for (size_t i = 0; i < objects->object_count; i++) {
        struct json *item = json_new_object();
        json_add_integer(item, "tag", objects->objects[i].tag);
        json_add_base64(item, "content", span_bytes(objects->objects[i].content));
        if (objects->objects[i].missing > 0)
            json_add_integer(item, "missing", (int64_t)objects->objects[i].missing);
        json_append(out, item);
    }
    return out;
}

enum err_code virtual_piv_state_print(const struct virtual_piv_objects *objects, char **out,
                                      struct err *err)
{
    AUTO(json_freep) struct json *root = json_new_object();
    struct json *slots = json_new_array();
    json_add_text(root, "format", VIRTUAL_STATE_FORMAT);
    json_add_text(root, "family", VIRTUAL_PIV_FAMILY);
    json_add_text(root, "profile", objects->profile->name);
    json_add_text(root, "serial", objects->serial.at);
    json_add_text(root, "label", objects->label.len > 0 ? objects->label.at : NULL);
    json_add_integer(root, "commands", (int64_t)objects->commands);
    json_add(root, "pin", pin_out(&objects->pin));
    json_add(root, "puk", pin_out(&objects->puk));
    json_add(root, "management", management_out(objects));
    json_add(root, "slots", slots);
    json_add(root, "objects", objects_out(objects));
    if (slots_out(objects, slots, err) != ERR_NONE)
        return err->code;
    *out = json_print(root);
    return ERR_NONE;
}

/* ---- in ---- */

static enum err_code refuse(struct err *err, const char *what)
{
    return err_set(err, ERR_FIELD_VALUE, "%s", what);
}

static enum err_code pin_in(const struct json *json, struct virtual_piv_pin *out, struct err *err)
{
    AUTO(virtual_pair_wipe_der) struct bytes *value = NULL;
    int64_t max = 0;
    int64_t left = 0;
    const struct json_field fields[] = {
        {"value", JSON_BASE64, .limit = VIRTUAL_PIV_PIN_BYTES, .out = &value},
        {"max", JSON_INTEGER, .limit = VIRTUAL_TRIES_MAX, .out = &max},
        {"left", JSON_INTEGER, .limit = VIRTUAL_TRIES_MAX, .out = &left},
    };
    if (json_read(json, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_REFUSED, err) != ERR_NONE)
        return err->code;
    if (!virtual_piv_objects_padded(span_bytes(value)))
        return refuse(err, "6 to 8 bytes, padded with FF");
    if (max == 0 || left > max)
        return refuse(err, "more tries left than there are, or none at all");
    out->max = (uint8_t)max;
    virtual_piv_objects_set_pin(out, value->at);
    out->left = (uint8_t)left;
    return ERR_NONE;
}

static enum err_code management_in(const struct json *json, struct virtual_piv_objects *objects,
                                   struct err *err)
{
    const char *name = NULL;
    AUTO(virtual_pair_wipe_der) struct bytes *key = NULL;
    const struct json_field fields[] = {
        {"algorithm", JSON_TEXT, .limit = 16, .out = &name},
        {"key", JSON_BASE64, .limit = VIRTUAL_PIV_MANAGEMENT_BYTES_MAX, .out = &key},
    };
    if (json_read(json, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_REFUSED, err) != ERR_NONE)
        return err->code;
    enum virtual_piv_management cipher = virtual_piv_crypto_find(name);
    if (virtual_piv_crypto_key_bytes(cipher) == 0 ||
        virtual_piv_crypto_key_bytes(cipher) != key->len)
        return refuse(err, "an unknown cipher, or a key of another length");
    objects->cipher = cipher;
    memcpy(objects->management_key, key->at, key->len);
    return ERR_NONE;
}

static enum err_code slot_in(const struct json *json, struct virtual_piv_objects *objects,
                             struct err *err)
{
    int64_t reference = 0;
    int64_t policy = 0;
    AUTO(virtual_pair_wipe_der) struct bytes *key = NULL;
    const struct json_field fields[] = {
        {"slot", JSON_INTEGER, .limit = UINT8_MAX, .out = &reference},
        {"pin_policy", JSON_INTEGER, .limit = VIRTUAL_PIV_PIN_ALWAYS, .out = &policy},
        {"key", JSON_BASE64, .limit = VIRTUAL_PAIR_DER_BYTES_MAX, .out = &key},
    };
    if (json_read(json, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_REFUSED, err) != ERR_NONE)
        return err->code;
    struct virtual_piv_slot *slot = virtual_piv_objects_slot(objects, (uint8_t)reference);
    if (slot == NULL || slot->pair != NULL || policy < VIRTUAL_PIV_PIN_NEVER)
        return refuse(err, "no such slot, the same slot twice, or an unknown policy");
    if (virtual_pair_from_der(span_bytes(key), &slot->pair, err) != ERR_NONE)
        return err->code;
    slot->policy = (enum virtual_piv_pin_policy)policy;
    if (!virtual_piv_profile_makes(objects->profile, virtual_pair_kind(slot->pair)))
        return refuse(err, "a key pair of an algorithm that the token does not have");
    return ERR_NONE;
}

static enum err_code object_in(const struct json *json, struct virtual_piv_objects *objects,
                               struct err *err)
{
    int64_t tag = 0;
    int64_t missing = 0;
    AUTO(bytes_freep) struct bytes *content = NULL;
    const size_t limit = objects->profile->object_bytes_max;
    const struct json_field fields[] = {
        {"tag", JSON_INTEGER, .limit = TAG_MAX, .out = &tag},
        {"content", JSON_BASE64, .limit = limit, .out = &content},
        {"missing", JSON_INTEGER, .optional = true, .limit = UINT16_MAX, .out = &missing},
    };
    if (json_read(json, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_REFUSED, err) != ERR_NONE)
        return err->code;
    if (!virtual_piv_objects_knows(objects, (uint32_t)tag) ||
        virtual_piv_objects_get(objects, (uint32_t)tag) != NULL)
        return refuse(err, "an object that the token does not know, or the same one twice");
    if (content->len == 0 && objects->profile->emptied == VIRTUAL_PIV_EMPTIED_MISSING)
        return refuse(err, "an empty object");
    if (missing > 0 && !objects->profile->written_in_blocks)
        return refuse(err, "an object that is cut off");
    if (!virtual_piv_objects_put(objects, (uint32_t)tag, span_bytes(content)))
        return refuse(err, "more content than there is room");
    virtual_piv_objects_cut_off(objects, (uint32_t)tag, (size_t)missing);
    return ERR_NONE;
}

static enum err_code token_in(const struct json *root, struct virtual_piv_objects **out,
                              const struct json **out_slots, const struct json **out_objects,
                              struct err *err)
{
    const char *format = NULL, *family = NULL, *name = NULL, *serial = NULL, *label = NULL;
    const struct json *pin = NULL, *puk = NULL, *management = NULL;
    int64_t commands = 0;
    const struct json_field fields[] = {
        {"format", JSON_TEXT, .limit = 32, .out = &format},
        {"family", JSON_TEXT, .limit = 32, .out = &family},
        {"profile", JSON_TEXT, .limit = 64, .out = &name},
        {"serial", JSON_TEXT, .limit = VIRTUAL_SERIAL_BYTES_MAX, .out = &serial},
        {"label", JSON_TEXT, .optional = true, .limit = VIRTUAL_LABEL_BYTES_MAX, .out = &label},
        {"commands", JSON_INTEGER, .out = &commands},
        {"pin", JSON_OBJECT, .out = &pin},
        {"puk", JSON_OBJECT, .out = &puk},
        {"management", JSON_OBJECT, .out = &management},
        {"slots", JSON_ARRAY, .limit = VIRTUAL_PIV_SLOTS, .out = out_slots},
        {"objects", JSON_ARRAY, .limit = VIRTUAL_PIV_OBJECTS_MAX, .out = out_objects},
    };
    if (json_read(root, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_REFUSED, err) != ERR_NONE)
        return err->code;
    const struct virtual_piv_profile *profile = virtual_piv_profile_find(name);
    if (strcmp(format, VIRTUAL_STATE_FORMAT) != 0 || strcmp(family, VIRTUAL_PIV_FAMILY) != 0 ||
        profile == NULL)
        return refuse(err, "an unknown format, family or profile");
    AUTO(virtual_piv_objects_freep)
    struct virtual_piv_objects *objects = virtual_piv_objects_new(profile, serial, label);
    if (objects == NULL)
        return refuse(err, "the serial number or the label");
    objects->commands = (uint64_t)commands;
    if (pin_in(pin, &objects->pin, err) != ERR_NONE)
        return err_add(err, "PIN");
    if (pin_in(puk, &objects->puk, err) != ERR_NONE)
        return err_add(err, "PUK");
    if (management_in(management, objects, err) != ERR_NONE)
        return err_add(err, "management key");
    *out = TAKE(objects);
    return ERR_NONE;
}

enum err_code virtual_piv_state_parse(struct span text, struct virtual_piv_objects **out,
                                      struct err *err)
{
    AUTO(json_freep) struct json *root = NULL;
    AUTO(virtual_piv_objects_freep) struct virtual_piv_objects *read = NULL;
    const struct json *slots = NULL;
    const struct json *objects = NULL;
    if (json_parse(text, VIRTUAL_STATE_BYTES_MAX, &root, err) != ERR_NONE ||
        token_in(root, &read, &slots, &objects, err) != ERR_NONE)
        return err->code;
    for (size_t i = 0; i < json_count(slots); i++)
        if (slot_in(json_item(slots, i), read, err) != ERR_NONE)
            return err_add(err, "slot %zu", i);
    for (size_t i = 0; i < json_count(objects); i++)
        if (object_in(json_item(objects, i), read, err) != ERR_NONE)
            return err_add(err, "object %zu", i);
    *out = TAKE(read);
    return ERR_NONE;
}
