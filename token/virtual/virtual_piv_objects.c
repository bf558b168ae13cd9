#include "token/virtual/virtual_piv_objects.h"

#include <stdlib.h>

#include "base/hex.h"
#include "base/memory.h"
#include "token/virtual/virtual_crypto.h"
#include "token/virtual/virtual_piv_tlv.h"

/* GET SERIAL has four bytes. */
#define SERIAL_DIGITS_MAX 10
#define GUID_DIGITS (2 * VIRTUAL_PIV_GUID_BYTES)

static const uint8_t references[VIRTUAL_PIV_SLOTS - VIRTUAL_PIV_RETIRED_SLOTS] = {
    VIRTUAL_PIV_SIGNATURE,
    VIRTUAL_PIV_AUTHENTICATION,
    VIRTUAL_PIV_KEY_MANAGEMENT,
    VIRTUAL_PIV_CARD_AUTHENTICATION,
};

static const uint8_t first_pin[] = {'1', '2', '3', '4', '5', '6', 0xFF, 0xFF};
static const uint8_t first_puk[] = {'1', '2', '3', '4', '5', '6', '7', '8'};
static const uint8_t first_key[VIRTUAL_PIV_MANAGEMENT_BYTES_MAX] = {
    1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8,
};

static bool only_of(const char *text, const char *characters)
{
    return text[strspn(text, characters)] == '\0';
}

static bool serial_fits(const struct virtual_piv_profile *profile, const char *serial)
{
    size_t length = strlen(serial);
    if (!virtual_piv_profile_has(profile, VIRTUAL_PIV_SERIAL))
        return length == GUID_DIGITS && only_of(serial, "0123456789ABCDEF") &&
               !only_of(serial, "0");
    return length > 0 && length <= SERIAL_DIGITS_MAX && serial[0] != '0' &&
           only_of(serial, "0123456789") && strtoull(serial, NULL, 10) <= UINT32_MAX;
}

static void make_slots(struct virtual_piv_objects *objects)
{
    for (size_t i = 0; i < VIRTUAL_PIV_SLOTS; i++) {
        struct virtual_piv_slot *slot = &objects->slots[i];
        slot->reference = i < ARRAY_SIZE(references)
                              ? references[i]
                              : (uint8_t)(VIRTUAL_PIV_RETIRED_FIRST + i - ARRAY_SIZE(references));
        slot->policy = virtual_piv_objects_policy(slot->reference);
    }
}

struct virtual_piv_objects *virtual_piv_objects_new(const struct virtual_piv_profile *profile,
                                                    const char *serial, const char *label)
{
    AUTO(virtual_piv_objects_freep)
    struct virtual_piv_objects *objects = memory_new(sizeof *objects);
    objects->profile = profile;
    if (!serial_fits(profile, serial) ||
        !virtual_objects_set_name(&objects->serial, span_text(serial), GUID_DIGITS) ||
        (label != NULL &&
         !virtual_objects_set_name(&objects->label, span_text(label), VIRTUAL_LABEL_BYTES_MAX)))
        return NULL;
    make_slots(objects);
    objects->pin.max = profile->pin_tries;
    objects->puk.max = profile->puk_tries;
    virtual_piv_objects_set_pin(&objects->pin, first_pin);
    virtual_piv_objects_set_pin(&objects->puk, first_puk);
    objects->cipher = profile->management;
    memcpy(objects->management_key, first_key, virtual_piv_crypto_key_bytes(objects->cipher));
    return TAKE(objects);
}

void virtual_piv_objects_free(struct virtual_piv_objects *objects)
{
    if (objects == NULL)
        return;
    for (size_t i = 0; i < VIRTUAL_PIV_SLOTS; i++)
        virtual_pair_free(objects->slots[i].pair);
    for (size_t i = 0; i < objects->object_count; i++)
        bytes_free(objects->objects[i].content);
    virtual_crypto_wipe(objects, sizeof *objects);
    free(objects);
}

void virtual_piv_objects_freep(struct virtual_piv_objects **objects)
{
    virtual_piv_objects_free(*objects);
    *objects = NULL;
}

void virtual_piv_objects_guid(const struct virtual_piv_objects *objects,
                              uint8_t out[VIRTUAL_PIV_GUID_BYTES])
{
    memset(out, 0, VIRTUAL_PIV_GUID_BYTES);
    if (!virtual_piv_profile_has(objects->profile, VIRTUAL_PIV_SERIAL)) {
        AUTO(bytes_freep) struct bytes *guid = hex_decode(objects->serial.at);
        memcpy(out, guid->at, VIRTUAL_PIV_GUID_BYTES);
        return;
    }
    memcpy(out, objects->serial.at, objects->serial.len);
}

/* ---- slots ---- */

bool virtual_piv_objects_is_retired(uint8_t reference)
{
    return reference >= VIRTUAL_PIV_RETIRED_FIRST &&
           reference < VIRTUAL_PIV_RETIRED_FIRST + VIRTUAL_PIV_RETIRED_SLOTS;
}

struct virtual_piv_slot *virtual_piv_objects_slot(struct virtual_piv_objects *objects,
                                                  uint8_t reference)
{
    if (virtual_piv_objects_is_retired(reference) &&
        reference >= VIRTUAL_PIV_RETIRED_FIRST + objects->profile->retired_slots)
        return NULL;
    for (size_t i = 0; i < VIRTUAL_PIV_SLOTS; i++)
        if (objects->slots[i].reference == reference)
            return &objects->slots[i];
    return NULL;
}

enum virtual_piv_pin_policy virtual_piv_objects_policy(uint8_t reference)
{
    switch (reference) {
    case VIRTUAL_PIV_SIGNATURE:
        return VIRTUAL_PIV_PIN_ALWAYS;
    case VIRTUAL_PIV_CARD_AUTHENTICATION:
        return VIRTUAL_PIV_PIN_NEVER;
    default:
        return VIRTUAL_PIV_PIN_ONCE;
    }
}

uint32_t virtual_piv_objects_certificate_tag(uint8_t reference)
{
    switch (reference) {
    case VIRTUAL_PIV_AUTHENTICATION:
        return 0x5FC105;
    case VIRTUAL_PIV_SIGNATURE:
        return 0x5FC10A;
    case VIRTUAL_PIV_KEY_MANAGEMENT:
        return 0x5FC10B;
    case VIRTUAL_PIV_CARD_AUTHENTICATION:
        return 0x5FC101;
    default:
        return 0x5FC10D + (uint32_t)(reference - VIRTUAL_PIV_RETIRED_FIRST);
    }
}

/* ---- objects ---- */

/* Where the object is, or would be. */
static size_t place_of(const struct virtual_piv_objects *objects, uint32_t tag)
{
    size_t at = 0;
    while (at < objects->object_count && objects->objects[at].tag < tag)
        at++;
    return at;
}

static bool is_at(const struct virtual_piv_objects *objects, size_t at, uint32_t tag)
{
    return at < objects->object_count && objects->objects[at].tag == tag;
}

const struct bytes *virtual_piv_objects_get(const struct virtual_piv_objects *objects, uint32_t tag)
{
    size_t at = place_of(objects, tag);
    return is_at(objects, at, tag) ? objects->objects[at].content : NULL;
}

/* An emptied one takes nothing. */
static size_t price_of(size_t content_bytes)
{
    return content_bytes == 0 ? 0 : VIRTUAL_PIV_OBJECT_PRICE + content_bytes;
}

bool virtual_piv_objects_put(struct virtual_piv_objects *objects, uint32_t tag, struct span content)
{
    size_t at = place_of(objects, tag);
    struct virtual_piv_object *place = &objects->objects[at];
    bool known = is_at(objects, at, tag);
    size_t freed = known ? price_of(place->content->len) : 0;
    size_t wanted = price_of(content.len);
    if (content.len > objects->profile->object_bytes_max ||
        virtual_piv_objects_used(objects) - freed + wanted > objects->profile->space_bytes ||
        (!known && objects->object_count == VIRTUAL_PIV_OBJECTS_MAX))
        return false;
    if (!known) {
        memmove(place + 1, place, (objects->object_count - at) * sizeof *place);
        *place = (struct virtual_piv_object){.tag = tag};
        objects->object_count++;
    }
    bytes_free(place->content);
    place->content = bytes_new(content);
    place->missing = 0;
    return true;
}

void virtual_piv_objects_cut_off(struct virtual_piv_objects *objects, uint32_t tag, size_t missing)
{
    size_t at = place_of(objects, tag);
    if (is_at(objects, at, tag))
        objects->objects[at].missing = missing;
}

size_t virtual_piv_objects_missing(const struct virtual_piv_objects *objects, uint32_t tag)
{
    size_t at = place_of(objects, tag);
    return is_at(objects, at, tag) ? objects->objects[at].missing : 0;
}

void virtual_piv_objects_remove(struct virtual_piv_objects *objects, uint32_t tag)
{
    size_t at = place_of(objects, tag);
    if (!is_at(objects, at, tag))
        return;
    struct virtual_piv_object *place = &objects->objects[at];
    bytes_free(place->content);
    objects->object_count--;
    memmove(place, place + 1, (objects->object_count - at) * sizeof *place);
}

bool virtual_piv_objects_knows(const struct virtual_piv_objects *objects, uint32_t tag)
{
    if (tag == VIRTUAL_PIV_DISCOVERY || tag == VIRTUAL_PIV_BIOMETRIC_GROUP)
        return true;
    if (tag >= VIRTUAL_PIV_STANDARD_FIRST && tag <= VIRTUAL_PIV_STANDARD_LAST)
        return true;
    return objects->profile->any_object && tag >= 0x5F0000 && tag <= 0x5FFFFF;
}

size_t virtual_piv_objects_used(const struct virtual_piv_objects *objects)
{
    size_t used = 0;
    for (size_t i = 0; i < objects->object_count; i++)
        used += price_of(objects->objects[i].content->len);
    return used;
}

/* ---- PIN, PUK, management key ---- */

bool virtual_piv_objects_padded(struct span value)
{
    size_t typed = 0;
    if (value.len != VIRTUAL_PIV_PIN_BYTES)
        return false;
    while (typed < value.len && value.at[typed] != VIRTUAL_PIV_PIN_PADDING)
        typed++;
    for (size_t i = typed; i < value.len; i++)
        if (value.at[i] != VIRTUAL_PIV_PIN_PADDING)
            return false;
    return typed >= VIRTUAL_PIV_PIN_BYTES_MIN;
}

bool virtual_piv_objects_pad(struct span typed, uint8_t out[VIRTUAL_PIV_PIN_BYTES])
{
    uint8_t padded[VIRTUAL_PIV_PIN_BYTES];
    if (typed.len < VIRTUAL_PIV_PIN_BYTES_MIN || typed.len > VIRTUAL_PIV_PIN_BYTES)
        return false;
    memset(padded, VIRTUAL_PIV_PIN_PADDING, sizeof padded);
    memcpy(padded, typed.at, typed.len);
    if (memchr(typed.at, VIRTUAL_PIV_PIN_PADDING, typed.len) != NULL)
        return false;
    memcpy(out, padded, sizeof padded);
    return true;
}

void virtual_piv_objects_set_pin(struct virtual_piv_pin *pin,
                                 const uint8_t value[VIRTUAL_PIV_PIN_BYTES])
{
    memcpy(pin->value, value, VIRTUAL_PIV_PIN_BYTES);
    pin->left = pin->max;
}

bool virtual_piv_objects_pin_is_default(const struct virtual_piv_objects *objects)
{
    return virtual_crypto_equal(objects->pin.value, first_pin, sizeof first_pin);
}

bool virtual_piv_objects_puk_is_default(const struct virtual_piv_objects *objects)
{
    return virtual_crypto_equal(objects->puk.value, first_puk, sizeof first_puk);
}

bool virtual_piv_objects_key_is_default(const struct virtual_piv_objects *objects)
{
    return virtual_crypto_equal(objects->management_key, first_key,
                                virtual_piv_crypto_key_bytes(objects->cipher));
}
