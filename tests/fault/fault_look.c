#include "tests/fault/fault_look.h"

static struct fault_look_half half_of(const struct virtual_slot *slot)
{
    return (struct fault_look_half){slot->pair, span_bytes(slot->certificate)};
}

static struct fault_look_pin pin_of(const struct virtual_pin *pin)
{
    return (struct fault_look_pin){virtual_pin_peek(pin), pin->left, pin->max};
}

void fault_look_at(const struct virtual_card *card, struct fault_look *out)
{
    const struct virtual_application *application = virtual_card_objects(card)->applications[0];
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
