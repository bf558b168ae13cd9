#include "portal/portal_command_seal.h"

#include "base/file.h"
#include "portal/portal_command.h"
#include "portal/portal_seal.h"

/* Seal types are opaque; those in use have one digit. */
#define TYPE_MAX 1000

static enum err_code read_numbers(const struct portal_arguments *arguments,
                                  struct portal_seal_new *out, struct err *err)
{
    if (portal_arguments_integer(arguments, "type", TYPE_MAX, &out->type, err) != ERR_NONE ||
        portal_arguments_integer(arguments, "width", SEAL_PICTURE_MM_MAX, &out->width_mm, err) !=
            ERR_NONE)
        return err->code;
    return portal_arguments_integer(arguments, "height", SEAL_PICTURE_MM_MAX, &out->height_mm, err);
}

static enum err_code read_choices(const struct portal_arguments *arguments,
                                  struct portal_seal_new *out, struct err *err)
{
    bool v1 = false;
    bool digests = false;
    if (portal_command_choose(portal_arguments_get(arguments, "version"), "version", "4", "1", &v1,
                              err) != ERR_NONE ||
        portal_command_choose(portal_arguments_get(arguments, "list"), "list", "certificates",
                              "digests", &digests, err) != ERR_NONE)
        return err->code;
    if (v1 && digests)
        return err_set(err, ERR_USAGE, "--list: a seal of version 1 has certificates only");
    out->version = v1 ? SEAL_V1 : SEAL_V4;
    out->list = digests ? SEAL_LIST_DIGESTS : SEAL_LIST_CERTIFICATES;
    return ERR_NONE;
}

static enum err_code print_made(const char *serial, const char *out_path, struct span der)
{
    AUTO(json_freep) struct json *json = json_new_object();
    json_add_text(json, "serial", serial);
    json_add_text(json, "out", out_path);
    json_add_integer(json, "bytes", (int64_t)der.len);
    return portal_command_print(json);
}

enum err_code portal_command_seal_make(const struct portal_arguments *arguments, struct err *err)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    AUTO(bytes_freep) struct bytes *picture = NULL;
    AUTO(bytes_freep) struct bytes *der = NULL;
    const char *out_path = portal_arguments_get(arguments, "out");
    struct portal_seal_new new = {.serial = portal_arguments_get(arguments, "serial"),
                                  .name = portal_arguments_get(arguments, "name")};
    if (read_numbers(arguments, &new, err) != ERR_NONE ||
        read_choices(arguments, &new, err) != ERR_NONE ||
        file_read(portal_arguments_get(arguments, "picture"), PORTAL_SEAL_PICTURE_BYTES_MAX,
                  &picture, err) != ERR_NONE ||
        portal_command_open_keys(arguments, &portal, err) != ERR_NONE)
        return err->code;
    new.picture = span_bytes(picture);
    if (portal_seal_add(portal, &new, &der, err) != ERR_NONE ||
        file_write_atomic(out_path, span_bytes(der), 0644, err) != ERR_NONE)
        return err->code;
    return print_made(new.serial, out_path, span_bytes(der));
}

enum err_code portal_command_seal_list(const struct portal_arguments *arguments, struct err *err)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    AUTO(json_freep) struct json *json = NULL;
    if (portal_command_open(arguments, &portal, err) != ERR_NONE ||
        portal_seal_list(portal, portal_arguments_get(arguments, "serial"), &json, err) != ERR_NONE)
        return err->code;
    return portal_command_print(json);
}
