/* File management. */
#include "token/virtual/virtual_call.h"

#define READ_BYTES_MAX (VIRTUAL_ANSWER_BYTES_MAX - 2)

static bool rights_held(const struct virtual_application *application, uint32_t rights)
{
    if (rights == VIRTUAL_RIGHTS_ANYONE)
        return true;
    return ((rights & VIRTUAL_RIGHTS_ADMIN) != 0 && application->logged_in[VIRTUAL_PIN_ADMIN]) ||
           ((rights & VIRTUAL_RIGHTS_USER) != 0 && application->logged_in[VIRTUAL_PIN_USER]);
}

/* The name field of fixed width. */
static bool read_name(struct virtual_call *call, struct virtual_name *out)
{
    struct span field = virtual_apdu_part(&call->in, call->profile->name_width);
    size_t len = field.len == 0 ? 0 : strnlen((const char *)field.at, field.len);
    for (size_t i = len; i < field.len; i++)
        if (field.at[i] != 0)
            return false;
    return virtual_objects_set_name(out, span_of(field.at, len), call->profile->name_width);
}

uint16_t virtual_file_create(struct virtual_call *call)
{
    struct virtual_application *application = call->application;
    struct virtual_name name;
    bool named = read_name(call, &name);
    uint32_t size = virtual_apdu_u32(&call->in);
    uint32_t read_rights = virtual_apdu_u32(&call->in);
    uint32_t write_rights = virtual_apdu_u32(&call->in);
    if (!virtual_apdu_ended(&call->in))
        return VIRTUAL_SW_LENGTH;
    if (!named || size == 0 || size > VIRTUAL_FILE_BYTES_MAX ||
        !virtual_objects_rights_known(read_rights) || !virtual_objects_rights_known(write_rights))
        return VIRTUAL_SW_DATA;
    if (!rights_held(application, application->create_file_rights))
        return VIRTUAL_SW_SECURITY;
    if (virtual_objects_file(application, span_text(name.at)) != NULL)
        return VIRTUAL_SW_FILE_EXISTS;
    if (application->file_count >= application->files_max ||
        !virtual_objects_fit(call->objects, VIRTUAL_OBJECT_BYTES + size))
        return VIRTUAL_SW_NO_SPACE;
    struct virtual_file *file = virtual_objects_add_file(application, &name, bytes_new_size(size));
    file->read_rights = read_rights;
    file->write_rights = write_rights;
    call->changed = true;
    return VIRTUAL_SW_OK;
}

uint16_t virtual_file_delete(struct virtual_call *call)
{
    struct virtual_file *file =
        virtual_objects_file(call->application, virtual_apdu_rest(&call->in));
    if (file == NULL)
        return VIRTUAL_SW_NO_FILE;
    if (!rights_held(call->application, call->application->create_file_rights))
        return VIRTUAL_SW_SECURITY;
    virtual_objects_remove_file(call->application, file);
    call->changed = true;
    return VIRTUAL_SW_OK;
}

static const struct virtual_name *name_at(const struct virtual_call *call, size_t index)
{
    return index < call->application->file_count ? &call->application->files[index]->name : NULL;
}

uint16_t virtual_file_enumerate(struct virtual_call *call)
{
    if (!virtual_apdu_ended(&call->in))
        return VIRTUAL_SW_LENGTH;
    virtual_call_put_names(call, name_at);
    return VIRTUAL_SW_OK;
}

uint16_t virtual_file_info(struct virtual_call *call)
{
    const struct virtual_file *file =
        virtual_objects_file(call->application, virtual_apdu_rest(&call->in));
    if (file == NULL)
        return VIRTUAL_SW_NO_FILE;
    bool little = call->profile->little_endian;
    virtual_apdu_put_u32(call->out, little, (uint32_t)file->content->len);
    virtual_apdu_put_u32(call->out, little, file->read_rights);
    virtual_apdu_put_u32(call->out, little, file->write_rights);
    return VIRTUAL_SW_OK;
}

/* Offset and name at the front of ReadFile and WriteFile. NULL and a status when there is no file. */
static struct virtual_file *read_place(struct virtual_call *call, size_t *offset, uint16_t *status)
{
    *offset = virtual_apdu_u16(&call->in);
    size_t len = virtual_apdu_u16(&call->in);
    struct span name = virtual_apdu_part(&call->in, len);
    *status = call->in.bad ? VIRTUAL_SW_LENGTH : VIRTUAL_SW_NO_FILE;
    return call->in.bad ? NULL : virtual_objects_file(call->application, name);
}

uint16_t virtual_file_read(struct virtual_call *call)
{
    size_t offset = 0;
    uint16_t status = 0;
    const struct virtual_file *file = read_place(call, &offset, &status);
    if (file == NULL)
        return status;
    if (!virtual_apdu_ended(&call->in))
        return VIRTUAL_SW_LENGTH;
    if (!rights_held(call->application, file->read_rights))
        return VIRTUAL_SW_SECURITY;
    if (offset >= file->content->len)
        return VIRTUAL_SW_OFFSET;
    size_t wanted = call->command->le == 0 ? READ_BYTES_MAX : call->command->le;
    size_t left = file->content->len - offset;
    size_t len = wanted < left ? wanted : left;
    buf_add(call->out, span_part(span_bytes(file->content), offset,
                                 len < READ_BYTES_MAX ? len : READ_BYTES_MAX));
    return VIRTUAL_SW_OK;
}

uint16_t virtual_file_write(struct virtual_call *call)
{
    size_t offset = 0;
    uint16_t status = 0;
    struct virtual_file *file = read_place(call, &offset, &status);
    if (file == NULL)
        return status;
    size_t len = virtual_apdu_u16(&call->in);
    struct span data = virtual_apdu_part(&call->in, len);
    if (!virtual_apdu_ended(&call->in))
        return VIRTUAL_SW_LENGTH;
    if (!rights_held(call->application, file->write_rights))
        return VIRTUAL_SW_SECURITY;
    if (offset > file->content->len || len > file->content->len - offset)
        return VIRTUAL_SW_OFFSET;
    if (len > 0)
        memcpy(file->content->at + offset, data.at, len);
    call->changed = len > 0;
    return VIRTUAL_SW_OK;
}
