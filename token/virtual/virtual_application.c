/* Application management. */
#include "token/virtual/virtual_call.h"

/* A field of fixed width: text, then zeros. */
static struct span text_of(struct span field)
{
    size_t len = field.len == 0 ? 0 : strnlen((const char *)field.at, field.len);
    for (size_t i = len; i < field.len; i++)
        if (field.at[i] != 0)
            return SPAN_NONE;
    return span_of(field.at, len);
}

struct new_application {
    struct virtual_name name;
    struct span pins[2];
    uint32_t tries[2];
    uint32_t rights;
    uint8_t containers_max;
    uint8_t certificates_max;
    uint16_t files_max;
};

static uint16_t read_new(struct virtual_call *call, struct new_application *new)
{
    struct virtual_reader *in = &call->in;
    struct span name = text_of(virtual_apdu_part(in, call->profile->name_width));
    for (size_t i = 0; i < 2; i++) {
        new->pins[i] = text_of(virtual_apdu_part(in, VIRTUAL_PIN_BYTES_MAX));
        new->tries[i] = virtual_apdu_u32(in);
    }
    new->rights = virtual_apdu_u32(in);
    new->containers_max = virtual_apdu_u8(in);
    new->certificates_max = virtual_apdu_u8(in);
    new->files_max = virtual_apdu_u16(in);
    if (!virtual_apdu_ended(in))
        return VIRTUAL_SW_LENGTH;
    if (!virtual_objects_set_name(&new->name, name, call->profile->name_width))
        return VIRTUAL_SW_DATA;
    return VIRTUAL_SW_OK;
}

static bool acceptable(const struct virtual_profile *profile, const struct new_application *new)
{
    for (size_t i = 0; i < 2; i++)
        if (!virtual_pin_allowed(profile, new->pins[i]) || new->tries[i] == 0 ||
            new->tries[i] > VIRTUAL_TRIES_MAX)
            return false;
    return virtual_objects_rights_known(new->rights);
}

static uint16_t room_for(const struct virtual_call *call, const struct new_application *new)
{
    const struct virtual_profile *profile = call->profile;
    if (call->objects->application_count >= profile->applications_max)
        return profile->applications_max == 1 ? VIRTUAL_SW_ONE_APPLICATION_ONLY
                                              : VIRTUAL_SW_NO_SPACE;
    bool fits = new->containers_max <= profile->containers_max &&new->certificates_max <=
                profile->certificates_max &&new->files_max <=
                profile->files_max &&virtual_objects_fit(call->objects, VIRTUAL_OBJECT_BYTES);
    return fits ? VIRTUAL_SW_OK : VIRTUAL_SW_NO_SPACE;
}

uint16_t virtual_application_create(struct virtual_call *call)
{
    struct new_application new = {0};
    uint16_t status = read_new(call, &new);
    if (status != VIRTUAL_SW_OK)
        return status;
    if (!acceptable(call->profile, &new))
        return VIRTUAL_SW_DATA;
    if (virtual_objects_application(call->objects, span_text(new.name.at)) != NULL)
        return VIRTUAL_SW_APPLICATION_EXISTS;
    status = room_for(call, &new);
    if (status != VIRTUAL_SW_OK)
        return status;
    struct virtual_application *application =
        virtual_objects_add_application(call->objects, &new.name);
    for (size_t i = 0; i < 2; i++)
        virtual_pin_make(&application->pins[i], new.pins[i], (uint8_t) new.tries[i]);
    application->create_file_rights = new.rights;
    application->containers_max = new.containers_max;
    application->certificates_max = new.certificates_max;
    application->files_max = new.files_max;
    call->changed = true;
    return VIRTUAL_SW_OK;
}

static const struct virtual_name *name_at(const struct virtual_call *call, size_t index)
{
    return index < call->objects->application_count ? &call->objects->applications[index]->name
                                                    : NULL;
}

uint16_t virtual_application_enumerate(struct virtual_call *call)
{
    if (!virtual_apdu_ended(&call->in))
        return VIRTUAL_SW_LENGTH;
    virtual_call_put_names(call, name_at);
    return VIRTUAL_SW_OK;
}

uint16_t virtual_application_delete(struct virtual_call *call)
{
    struct virtual_application *application =
        virtual_objects_application(call->objects, virtual_apdu_rest(&call->in));
    if (application == NULL)
        return call->profile->unknown_application;
    virtual_objects_remove_application(call->objects, application);
    call->changed = true;
    return VIRTUAL_SW_OK;
}

static void end_login(struct virtual_application *application)
{
    application->logged_in[VIRTUAL_PIN_ADMIN] = false;
    application->logged_in[VIRTUAL_PIN_USER] = false;
}

uint16_t virtual_application_open(struct virtual_call *call)
{
    struct virtual_application *application =
        virtual_objects_application(call->objects, virtual_apdu_rest(&call->in));
    if (application == NULL)
        return call->profile->unknown_application;
    if (application->open && call->profile->reopen == VIRTUAL_REOPEN_REFUSED)
        return VIRTUAL_SW_APPLICATION_OPEN;
    if (application->open && call->profile->reopen == VIRTUAL_REOPEN_ENDS_LOGIN)
        end_login(application);
    application->open = true;
    bool little = call->profile->little_endian;
    virtual_apdu_put_u32(call->out, little, application->create_file_rights);
    buf_add_u8(call->out, application->containers_max);
    buf_add_u8(call->out, application->certificates_max);
    virtual_apdu_put_u16(call->out, little, application->files_max);
    virtual_apdu_put_u16(call->out, little, application->id);
    return VIRTUAL_SW_OK;
}

uint16_t virtual_application_close(struct virtual_call *call)
{
    if (!virtual_apdu_ended(&call->in))
        return VIRTUAL_SW_LENGTH;
    if (call->profile->close_ends_login)
        end_login(call->application);
    call->application->open = false;
    for (size_t i = 0; i < call->application->container_count; i++)
        call->application->containers[i]->open = false;
    return VIRTUAL_SW_OK;
}
