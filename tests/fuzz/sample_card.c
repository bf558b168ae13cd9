#include "sample_card.h"

#include "fuzz.h"

#define CERT_BYTES 700

/* The example keys of GB/T 32918.5, and one more. */
static const uint8_t scalars[2][VIRTUAL_SM2_BYTES] = {
    {[0] = 0x11, [31] = 0x22},
    {0x39, 0x45, 0x20, 0x8F, 0x7B, 0x21, 0x44, 0xB1, 0x3F, 0x36, 0xE3,
     0x8A, 0xC6, 0xD3, 0x9F, 0x95, 0x88, 0x93, 0x93, 0x69, 0x28, 0x60,
     0xB5, 0x1A, 0x42, 0xFB, 0x81, 0xEF, 0x4D, 0xF7, 0xC5, 0xB8},
};

static struct virtual_name name_of(const char *text)
{
    struct virtual_name name;
    fuzz_require(virtual_objects_set_name(&name, span_text(text), VIRTUAL_NAME_BYTES_MAX));
    return name;
}

static void fill(struct virtual_container *container)
{
    /* a sequence of one octet string: what the driver looks at in a certificate is its length */
    uint8_t der[CERT_BYTES] = {0x30, 0x82, 0x02, 0xB8, 0x04, 0x82, 0x02, 0xB4};
    struct err err = ERR_INIT;
    for (size_t slot = 0; slot < ARRAY_SIZE(scalars); slot++) {
        struct virtual_pair *pair = NULL;
        fuzz_require(virtual_pair_from_scalar(scalars[slot], &pair, &err) == ERR_NONE);
        virtual_objects_set_pair(&container->slots[slot], pair, false);
        virtual_objects_set_certificate(&container->slots[slot], SPAN_ARRAY(der));
    }
}

static struct virtual_application *add_application(struct virtual_objects *objects)
{
    const struct virtual_profile *profile = objects->profile;
    struct virtual_name name = name_of(profile->application);
    struct virtual_application *application = virtual_objects_add_application(objects, &name);
    virtual_pin_make(&application->pins[VIRTUAL_PIN_ADMIN], span_text("12345678"),
                     profile->admin_tries);
    virtual_pin_make(&application->pins[VIRTUAL_PIN_USER], span_text("123456"),
                     profile->user_tries);
    application->create_file_rights = VIRTUAL_RIGHTS_USER;
    application->containers_max = profile->containers_max;
    application->certificates_max = profile->certificates_max;
    application->files_max = profile->files_max;
    return application;
}

struct virtual_card *sample_card(void)
{
    struct virtual_objects *objects =
        virtual_objects_new(virtual_profile_find("gmt0017-2012"), "KEY00001", "CLIENT");
    fuzz_require(objects != NULL);
    struct virtual_application *application = add_application(objects);
    struct virtual_name box = name_of("box");
    struct virtual_name seal = name_of("seal");
    fill(virtual_objects_add_container(application, &box));
    struct virtual_file *file =
        virtual_objects_add_file(application, &seal, bytes_new_size(CERT_BYTES));
    file->read_rights = VIRTUAL_RIGHTS_ANYONE;
    file->write_rights = VIRTUAL_RIGHTS_USER;
    return virtual_card_new(objects, NULL);
}
