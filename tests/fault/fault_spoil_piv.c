#include "tests/fault/fault_spoil_piv.h"

#include <stdlib.h>

#include "portal/portal_piv_secret.h"
#include "tests/fault/fault_scene.h"
#include "token/virtual/virtual_piv_objects.h"

#define UNUSED_SLOT 0x90 /* no operation comes so far */

/* As its maker could change it. */
static struct virtual_piv_objects *objects_of(const struct fault_world *world)
{
    return (struct virtual_piv_objects *)(uintptr_t)virtual_card_piv_objects(world->card.card);
}

static struct virtual_piv_slot *slot_of(const struct fault_world *world, uint8_t reference)
{
    return virtual_piv_objects_slot(objects_of(world), reference);
}

static struct virtual_piv_slot *in_use(const struct fault_world *world)
{
    return slot_of(world, VIRTUAL_PIV_SIGNATURE);
}

/* Where the key of before the renewal has gone. */
static struct virtual_piv_slot *old_one(const struct fault_world *world)
{
    struct virtual_piv_objects *objects = objects_of(world);
    for (size_t i = 0; i < VIRTUAL_PIV_SLOTS; i++)
        if (virtual_piv_objects_is_retired(objects->slots[i].reference) &&
            objects->slots[i].pair != NULL)
            return &objects->slots[i];
    abort();
}

static void generate(struct virtual_piv_slot *slot)
{
    struct err err = ERR_INIT;
    virtual_pair_freep(&slot->pair);
    fault_must(virtual_pair_generate(VIRTUAL_PAIR_P256, &slot->pair, &err), &err, "make a pair");
}

static void put(const struct fault_world *world, uint32_t tag, struct span content)
{
    if (!virtual_piv_objects_put(objects_of(world), tag, content))
        abort();
}

static void put_cert(const struct fault_world *world, const struct virtual_piv_slot *slot,
                     const struct bytes *content)
{
    put(world, virtual_piv_objects_certificate_tag(slot->reference), span_bytes(content));
}

/* The caller's. */
static struct bytes *cert_of(const struct fault_world *world, const struct virtual_piv_slot *slot)
{
    uint32_t tag = virtual_piv_objects_certificate_tag(slot->reference);
    return bytes_new(span_bytes(virtual_piv_objects_get(objects_of(world), tag)));
}

static void remove_cert(const struct fault_world *world, const struct virtual_piv_slot *slot)
{
    virtual_piv_objects_remove(objects_of(world),
                               virtual_piv_objects_certificate_tag(slot->reference));
}

/* ---- keys and certificates ---- */

void fault_spoil_piv_key_in_use(struct fault_world *world)
{
    generate(in_use(world));
}

void fault_spoil_piv_certificate_in_use(struct fault_world *world)
{
    remove_cert(world, in_use(world));
}

/* Both pairs are whole, but the old one is where other programs look. */
void fault_spoil_piv_place(struct fault_world *world)
{
    struct virtual_piv_slot *new = in_use(world), *old = old_one(world);
    AUTO(bytes_freep) struct bytes *new_cert = cert_of(world, new);
    AUTO(bytes_freep) struct bytes *old_cert = cert_of(world, old);
    struct virtual_pair *pair = new->pair;
    new->pair = old->pair;
    old->pair = pair;
    put_cert(world, new, old_cert);
    put_cert(world, old, new_cert);
}

void fault_spoil_piv_old_key(struct fault_world *world)
{
    virtual_pair_freep(&old_one(world)->pair);
}

void fault_spoil_piv_old_certificate(struct fault_world *world)
{
    remove_cert(world, old_one(world));
}

void fault_spoil_piv_certificate_of_another(struct fault_world *world)
{
    AUTO(bytes_freep) struct bytes *cert = cert_of(world, in_use(world));
    put_cert(world, slot_of(world, UNUSED_SLOT), cert);
}

void fault_spoil_piv_history(struct fault_world *world)
{
    static const uint8_t none[] = {0xC1, 0x01, 0x00, 0xC2, 0x01, 0x00, 0xFE, 0x00};
    put(world, VIRTUAL_PIV_KEY_HISTORY, SPAN_ARRAY(none));
}

void fault_spoil_piv_one_pair_more(struct fault_world *world)
{
    static const uint8_t nothing[] = {0x71, 0x01, 0x00};
    struct virtual_piv_slot *slot = slot_of(world, UNUSED_SLOT);
    generate(slot);
    put(world, virtual_piv_objects_certificate_tag(slot->reference), SPAN_ARRAY(nothing));
}

/* ---- secrets ---- */

static void set_pin(struct virtual_piv_pin *pin, struct span typed)
{
    uint8_t padded[VIRTUAL_PIV_PIN_BYTES];
    if (!virtual_piv_objects_pad(typed, padded))
        abort();
    virtual_piv_objects_set_pin(pin, padded);
}

void fault_spoil_piv_pin(struct fault_world *world)
{
    set_pin(&objects_of(world)->pin, span_text("87654321"));
}

void fault_spoil_piv_pin_try(struct fault_world *world)
{
    objects_of(world)->pin.left--;
}

/* A reset may cost one. */
void fault_spoil_piv_puk_try(struct fault_world *world)
{
    objects_of(world)->puk.left -= 2;
}

void fault_spoil_piv_first_puk(struct fault_world *world)
{
    struct err err = ERR_INIT;
    AUTO(secret_freep) struct secret *puk = NULL;
    fault_must(portal_piv_puk(world->platform.portal, world->scene->key->serial, 1, &puk, &err),
               &err, "derive the first PUK");
    set_pin(&objects_of(world)->puk, secret_peek(puk));
}

void fault_spoil_piv_other_puk(struct fault_world *world)
{
    set_pin(&objects_of(world)->puk, span_text("12345678"));
}

void fault_spoil_piv_management_key(struct fault_world *world)
{
    objects_of(world)->management_key[0] ^= 2;
}

/* ---- the seal ---- */

void fault_spoil_piv_seal(struct fault_world *world)
{
    struct virtual_piv_objects *objects = objects_of(world);
    for (uint32_t i = 0; i < VIRTUAL_PIV_FILES; i++) {
        const struct bytes *file = virtual_piv_objects_get(objects, VIRTUAL_PIV_FILE_FIRST + i);
        if (file == NULL || file->len == 0)
            continue;
        AUTO(bytes_freep) struct bytes *spoiled = bytes_new(span_bytes(file));
        spoiled->at[spoiled->len - 1] ^= 1;
        put(world, VIRTUAL_PIV_FILE_FIRST + i, span_bytes(spoiled));
    }
}
