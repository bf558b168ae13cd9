#include "tests/fault/fault_look.h"

#include <assert.h>

#include "token/virtual/virtual_certificate.h"
#include "token/virtual/virtual_piv_objects.h"
#include "token/virtual/virtual_piv_tlv.h"

/* ---- GM/T 0017 ---- */

static struct fault_look_half half_of(const struct virtual_slot *slot)
{
    return (struct fault_look_half){slot->pair, span_bytes(slot->certificate)};
}

static struct fault_look_pin pin_of(const struct virtual_pin *pin)
{
    return (struct fault_look_pin){virtual_pin_peek(pin), pin->left, pin->max};
}

static void look_at_gmt0017(const struct virtual_objects *objects, struct fault_look *out)
{
    const struct virtual_application *application = objects->applications[0];
    *out = (struct fault_look){
        .pair_count = application->container_count,
        .file_count = application->file_count,
        .user = pin_of(&application->pins[VIRTUAL_PIN_USER]),
        .admin = pin_of(&application->pins[VIRTUAL_PIN_ADMIN]),
    };
    for (size_t i = 0; i < application->container_count; i++) {
        const struct virtual_slot *slots = application->containers[i]->slots;
        out->pairs[i] = (struct fault_look_pair){half_of(&slots[VIRTUAL_SLOT_SIGN]),
                                                 half_of(&slots[VIRTUAL_SLOT_ENCRYPT])};
    }
    for (size_t i = 0; i < application->file_count; i++)
        out->files[i] = span_bytes(application->files[i]->content);
}

/* ---- PIV ---- */

static struct fault_look_pin padded_pin_of(const struct virtual_piv_pin *pin)
{
    size_t len = sizeof pin->value;
    while (len > 0 && pin->value[len - 1] == VIRTUAL_PIV_PIN_PADDING)
        len--;
    return (struct fault_look_pin){span_of(pin->value, len), pin->left, pin->max};
}

static struct span field_of(const struct bytes *object, uint32_t tag)
{
    struct span value = SPAN_NONE;
    virtual_piv_tlv_find(span_bytes(object), tag, &value);
    return value;
}

static struct span cert_in(const struct virtual_piv_objects *objects, uint8_t reference)
{
    uint32_t tag = virtual_piv_objects_certificate_tag(reference);
    struct span cert = field_of(virtual_piv_objects_get(objects, tag), VIRTUAL_PIV_CERTIFICATE);
    return cert.len > 0 && virtual_certificate_is_signed(cert) ? cert : SPAN_NONE;
}

/* The one in its slot's object; while keys move it may lie in another's. A placeholder is none. */
static struct span cert_of(const struct virtual_piv_objects *objects,
                           const struct virtual_piv_slot *slot)
{
    struct span own = cert_in(objects, slot->reference);
    if (own.len > 0 && virtual_certificate_is_of(own, slot->pair))
        return own;
    for (size_t i = 0; i < VIRTUAL_PIV_SLOTS; i++) {
        struct span cert = cert_in(objects, objects->slots[i].reference);
        if (cert.len > 0 && virtual_certificate_is_of(cert, slot->pair))
            return cert;
    }
    return SPAN_NONE;
}

/* A key without an object was made, and nobody has heard of it: a slot is lost, and nothing else. */
static void look_at_slot(const struct virtual_piv_objects *objects,
                         const struct virtual_piv_slot *slot, struct fault_look *out)
{
    uint32_t tag = virtual_piv_objects_certificate_tag(slot->reference);
    const struct bytes *object = virtual_piv_objects_get(objects, tag);
    if (slot->pair == NULL || object == NULL || object->len == 0)
        return;
    assert(out->pair_count < FAULT_LOOK_PAIRS_MAX);
    out->pairs[out->pair_count++].sign =
        (struct fault_look_half){slot->pair, cert_of(objects, slot)};
}

static void look_at_piv(const struct virtual_piv_objects *objects, struct fault_look *out)
{
    *out = (struct fault_look){
        .user = padded_pin_of(&objects->pin),
        .admin = padded_pin_of(&objects->puk),
    };
    for (size_t i = 0; i < VIRTUAL_PIV_SLOTS; i++)
        look_at_slot(objects, &objects->slots[i], out);
    for (uint32_t i = 0; i < VIRTUAL_PIV_FILES; i++) {
        const struct bytes *object = virtual_piv_objects_get(objects, VIRTUAL_PIV_FILE_FIRST + i);
        struct span content = field_of(object, VIRTUAL_PIV_FILE_CONTENT);
        if (content.len > 0)
            out->files[out->file_count++] = content;
    }
}

void fault_look_at(const struct virtual_card *card, struct fault_look *out)
{
    const struct virtual_piv_objects *piv = virtual_card_piv_objects(card);
    if (piv != NULL)
        look_at_piv(piv, out);
    else
        look_at_gmt0017(virtual_card_objects(card), out);
}
