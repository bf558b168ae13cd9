/* Container management, and the certificates in containers. */
#include "token/virtual/virtual_call.h"

uint16_t virtual_container_create(struct virtual_call *call)
{
    struct virtual_application *application = call->application;
    struct virtual_name name;
    if (!virtual_objects_set_name(&name, virtual_apdu_rest(&call->in), VIRTUAL_NAME_BYTES_MAX))
        return VIRTUAL_SW_DATA;
    if (virtual_objects_container(application, span_text(name.at)) != NULL)
        return VIRTUAL_SW_CONTAINER_EXISTS;
    if (application->container_count >= application->containers_max ||
        !virtual_objects_fit(call->objects, VIRTUAL_OBJECT_BYTES))
        return VIRTUAL_SW_NO_SPACE;
    struct virtual_container *container = virtual_objects_add_container(application, &name);
    container->open = true;
    call->changed = true;
    virtual_apdu_put_u16(call->out, call->profile->little_endian, container->id);
    return VIRTUAL_SW_OK;
}

uint16_t virtual_container_open(struct virtual_call *call)
{
    struct virtual_container *container =
        virtual_objects_container(call->application, virtual_apdu_rest(&call->in));
    if (container == NULL)
        return VIRTUAL_SW_NO_CONTAINER_NAME;
    container->open = true;
    virtual_apdu_put_u16(call->out, call->profile->little_endian, container->id);
    return VIRTUAL_SW_OK;
}

uint16_t virtual_container_close(struct virtual_call *call)
{
    if (!virtual_apdu_ended(&call->in))
        return VIRTUAL_SW_LENGTH;
    call->container->open = false;
    return VIRTUAL_SW_OK;
}

static const struct virtual_name *name_at(const struct virtual_call *call, size_t index)
{
    return index < call->application->container_count ? &call->application->containers[index]->name
                                                      : NULL;
}

uint16_t virtual_container_enumerate(struct virtual_call *call)
{
    if (!virtual_apdu_ended(&call->in))
        return VIRTUAL_SW_LENGTH;
    virtual_call_put_names(call, name_at);
    return VIRTUAL_SW_OK;
}

uint16_t virtual_container_delete(struct virtual_call *call)
{
    struct virtual_container *container =
        virtual_objects_container(call->application, virtual_apdu_rest(&call->in));
    if (container == NULL)
        return VIRTUAL_SW_NO_CONTAINER_NAME;
    virtual_objects_remove_container(call->application, container);
    call->changed = true;
    return VIRTUAL_SW_OK;
}

uint16_t virtual_container_info(struct virtual_call *call)
{
    const struct virtual_container *container =
        virtual_objects_container(call->application, virtual_apdu_rest(&call->in));
    if (container == NULL)
        return VIRTUAL_SW_NO_CONTAINER_NAME;
    const struct virtual_slot *sign = &container->slots[VIRTUAL_SLOT_SIGN];
    const struct virtual_slot *encrypt = &container->slots[VIRTUAL_SLOT_ENCRYPT];
    bool little = call->profile->little_endian;
    buf_add_u8(call->out, (uint8_t)virtual_objects_container_kind(container));
    virtual_apdu_put_u32(call->out, little, virtual_pair_bits(sign->pair));
    virtual_apdu_put_u32(call->out, little, virtual_pair_bits(encrypt->pair));
    buf_add_u8(call->out, sign->certificate != NULL ? 1 : 0);
    buf_add_u8(call->out, encrypt->certificate != NULL ? 1 : 0);
    return VIRTUAL_SW_OK;
}

static bool room_for(const struct virtual_call *call, const struct virtual_slot *slot, size_t len)
{
    size_t old = span_bytes(slot->certificate).len;
    bool one_more = slot->certificate == NULL;
    return (!one_more || virtual_objects_certificates(call->application) <
                             call->application->certificates_max) &&
           (len <= old || virtual_objects_fit(call->objects, len - old));
}

uint16_t virtual_container_import_certificate(struct virtual_call *call)
{
    uint8_t which = virtual_apdu_u8(&call->in);
    uint32_t len = virtual_apdu_u32(&call->in);
    struct span der = virtual_apdu_rest(&call->in);
    if (call->in.bad)
        return VIRTUAL_SW_LENGTH;
    if (which > VIRTUAL_SLOT_SIGN || len != der.len || len == 0 ||
        len > VIRTUAL_CERTIFICATE_BYTES_MAX)
        return VIRTUAL_SW_DATA;
    struct virtual_slot *slot = &call->container->slots[which];
    if (slot->pair == NULL)
        return VIRTUAL_SW_NO_PAIR;
    if (!room_for(call, slot, len))
        return VIRTUAL_SW_NO_SPACE;
    virtual_objects_set_certificate(slot, der);
    call->changed = true;
    return VIRTUAL_SW_OK;
}

uint16_t virtual_container_export_certificate(struct virtual_call *call)
{
    if (!virtual_apdu_ended(&call->in))
        return VIRTUAL_SW_LENGTH;
    struct span der = span_bytes(call->container->slots[call->command->p1].certificate);
    if (der.len == 0)
        return VIRTUAL_SW_NO_CERTIFICATE;
    virtual_apdu_put_u32(call->out, call->profile->little_endian, (uint32_t)der.len);
    buf_add(call->out, der);
    return VIRTUAL_SW_OK;
}
