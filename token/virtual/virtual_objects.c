#include "token/virtual/virtual_objects.h"

#include <assert.h>
#include <stdlib.h>

#include "base/memory.h"
#include "token/virtual/virtual_crypto.h"

/* Ids as a GM3000 gives them: applications from 1000, containers from 3001. */
#define FIRST_APPLICATION_ID 0x1000
#define FIRST_CONTAINER_ID 0x3001
#define DEVICE_TRIES 8

static const char device_key[] = "1234567812345678";

bool virtual_objects_set_name(struct virtual_name *name, struct span text, size_t limit)
{
    assert(limit <= VIRTUAL_NAME_BYTES_MAX);
    if (text.len == 0 || text.len > limit || memchr(text.at, 0, text.len) != NULL)
        return false;
    *name = (struct virtual_name){.len = text.len};
    memcpy(name->at, text.at, text.len);
    return true;
}

static bool name_is(const struct virtual_name *name, struct span text)
{
    return span_equal(span_of(name->at, name->len), text);
}

struct virtual_objects *virtual_objects_new(const struct virtual_profile *profile,
                                            const char *serial, const char *label)
{
    AUTO(virtual_objects_freep) struct virtual_objects *objects = memory_new(sizeof *objects);
    objects->profile = profile;
    objects->device_max = DEVICE_TRIES;
    objects->device_left = DEVICE_TRIES;
    memcpy(objects->device_key, device_key, sizeof objects->device_key);
    if (!virtual_objects_set_name(&objects->serial, span_text(serial), VIRTUAL_SERIAL_BYTES_MAX))
        return NULL;
    if (label != NULL && *label != '\0' &&
        !virtual_objects_set_name(&objects->label, span_text(label), VIRTUAL_LABEL_BYTES_MAX))
        return NULL;
    return TAKE(objects);
}

static void free_container(struct virtual_container *container)
{
    for (size_t i = 0; i < ARRAY_SIZE(container->slots); i++) {
        virtual_pair_free(container->slots[i].pair);
        bytes_free(container->slots[i].certificate);
    }
    free(container);
}

static void free_file(struct virtual_file *file)
{
    bytes_free(file->content);
    free(file);
}

static void free_application(struct virtual_application *application)
{
    for (size_t i = 0; i < application->container_count; i++)
        free_container(application->containers[i]);
    for (size_t i = 0; i < application->file_count; i++)
        free_file(application->files[i]);
    virtual_crypto_wipe(application, sizeof *application);
    free(application);
}

void virtual_objects_free(struct virtual_objects *objects)
{
    if (objects == NULL)
        return;
    for (size_t i = 0; i < objects->application_count; i++)
        free_application(objects->applications[i]);
    virtual_crypto_wipe(objects, sizeof *objects);
    free(objects);
}

void virtual_objects_freep(struct virtual_objects **objects)
{
    virtual_objects_free(*objects);
    *objects = NULL;
}

bool virtual_objects_rights_known(int64_t rights)
{
    return rights == VIRTUAL_RIGHTS_ANYONE ||
           (rights & ~(int64_t)(VIRTUAL_RIGHTS_ADMIN | VIRTUAL_RIGHTS_USER)) == 0;
}

enum virtual_pair_kind virtual_objects_container_kind(const struct virtual_container *container)
{
    enum virtual_pair_kind sign = virtual_pair_kind(container->slots[VIRTUAL_SLOT_SIGN].pair);
    return sign != VIRTUAL_PAIR_NONE
               ? sign
               : virtual_pair_kind(container->slots[VIRTUAL_SLOT_ENCRYPT].pair);
}

static size_t slot_bytes(const struct virtual_slot *slot)
{
    size_t pair = slot->pair != NULL ? VIRTUAL_PAIR_BYTES : 0;
    return pair + span_bytes(slot->certificate).len;
}

static size_t application_bytes(const struct virtual_application *application)
{
    size_t sum = VIRTUAL_OBJECT_BYTES;
    for (size_t i = 0; i < application->container_count; i++)
        sum += VIRTUAL_OBJECT_BYTES + slot_bytes(&application->containers[i]->slots[0]) +
               slot_bytes(&application->containers[i]->slots[1]);
    for (size_t i = 0; i < application->file_count; i++)
        sum += VIRTUAL_OBJECT_BYTES + application->files[i]->content->len;
    return sum;
}

size_t virtual_objects_used(const struct virtual_objects *objects)
{
    size_t sum = 0;
    for (size_t i = 0; i < objects->application_count; i++)
        sum += application_bytes(objects->applications[i]);
    return sum;
}

bool virtual_objects_fit(const struct virtual_objects *objects, size_t more)
{
    size_t used = virtual_objects_used(objects);
    return used <= objects->profile->space_bytes && more <= objects->profile->space_bytes - used;
}

size_t virtual_objects_certificates(const struct virtual_application *application)
{
    size_t count = 0;
    for (size_t i = 0; i < application->container_count; i++)
        for (size_t k = 0; k < ARRAY_SIZE(application->containers[i]->slots); k++)
            if (application->containers[i]->slots[k].certificate != NULL)
                count++;
    return count;
}

struct virtual_application *virtual_objects_application(const struct virtual_objects *objects,
                                                        struct span name)
{
    for (size_t i = 0; i < objects->application_count; i++)
        if (name_is(&objects->applications[i]->name, name))
            return objects->applications[i];
    return NULL;
}

struct virtual_application *virtual_objects_application_by_id(const struct virtual_objects *objects,
                                                              uint16_t id)
{
    for (size_t i = 0; i < objects->application_count; i++)
        if (objects->applications[i]->id == id)
            return objects->applications[i];
    return NULL;
}

struct virtual_container *virtual_objects_container(const struct virtual_application *application,
                                                    struct span name)
{
    for (size_t i = 0; i < application->container_count; i++)
        if (name_is(&application->containers[i]->name, name))
            return application->containers[i];
    return NULL;
}

struct virtual_container *virtual_objects_container_by_id(
    const struct virtual_application *application, uint16_t id)
{
    for (size_t i = 0; i < application->container_count; i++)
        if (application->containers[i]->id == id)
            return application->containers[i];
    return NULL;
}

struct virtual_file *virtual_objects_file(const struct virtual_application *application,
                                          struct span name)
{
    for (size_t i = 0; i < application->file_count; i++)
        if (name_is(&application->files[i]->name, name))
            return application->files[i];
    return NULL;
}

struct virtual_application *virtual_objects_add_application(struct virtual_objects *objects,
                                                            const struct virtual_name *name)
{
    assert(objects->application_count < VIRTUAL_APPLICATIONS_MAX);
    struct virtual_application *application = memory_new(sizeof *application);
    application->name = *name;
    application->id = FIRST_APPLICATION_ID;
    while (virtual_objects_application_by_id(objects, application->id) != NULL)
        application->id++;
    objects->applications[objects->application_count++] = application;
    return application;
}

struct virtual_container *virtual_objects_add_container(struct virtual_application *application,
                                                        const struct virtual_name *name)
{
    assert(application->container_count < VIRTUAL_CONTAINERS_MAX);
    struct virtual_container *container = memory_new(sizeof *container);
    container->name = *name;
    container->id = FIRST_CONTAINER_ID;
    while (virtual_objects_container_by_id(application, container->id) != NULL)
        container->id++;
    application->containers[application->container_count++] = container;
    return container;
}

struct virtual_file *virtual_objects_add_file(struct virtual_application *application,
                                              const struct virtual_name *name,
                                              struct bytes *content)
{
    assert(application->file_count < VIRTUAL_FILES_MAX);
    struct virtual_file *file = memory_new(sizeof *file);
    *file = (struct virtual_file){.name = *name, .content = content};
    application->files[application->file_count++] = file;
    return file;
}

/* Takes item out of the list of *count pointers. */
static void take_out(void **list, size_t *count, const void *item)
{
    size_t at = 0;
    while (at < *count && list[at] != item)
        at++;
    assert(at < *count);
    memmove(list + at, list + at + 1, (*count - at - 1) * sizeof *list);
    (*count)--;
}

void virtual_objects_remove_application(struct virtual_objects *objects,
                                        struct virtual_application *application)
{
    take_out((void **)objects->applications, &objects->application_count, application);
    free_application(application);
}

void virtual_objects_remove_container(struct virtual_application *application,
                                      struct virtual_container *container)
{
    take_out((void **)application->containers, &application->container_count, container);
    free_container(container);
}

void virtual_objects_remove_file(struct virtual_application *application, struct virtual_file *file)
{
    take_out((void **)application->files, &application->file_count, file);
    free_file(file);
}

void virtual_objects_set_pair(struct virtual_slot *slot, struct virtual_pair *pair,
                              bool drop_certificate)
{
    virtual_pair_free(slot->pair);
    slot->pair = pair;
    if (drop_certificate)
        bytes_freep(&slot->certificate);
}

void virtual_objects_set_certificate(struct virtual_slot *slot, struct span der)
{
    struct bytes *certificate = bytes_new(der);
    bytes_free(slot->certificate);
    slot->certificate = certificate;
}

void virtual_objects_power_lost(struct virtual_objects *objects)
{
    for (size_t i = 0; i < objects->application_count; i++) {
        struct virtual_application *application = objects->applications[i];
        application->open = false;
        application->logged_in[VIRTUAL_PIN_ADMIN] = false;
        application->logged_in[VIRTUAL_PIN_USER] = false;
        for (size_t k = 0; k < application->container_count; k++)
            application->containers[k]->open = false;
    }
}
