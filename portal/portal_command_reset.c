#include "portal/portal_command_reset.h"

#include <stdio.h>
#include <unistd.h>

#include "portal/portal_admin_pin.h"
#include "portal/portal_command.h"
#include "portal/portal_reset.h"

#define ID_MAX INT64_C(999999999999)

enum err_code portal_command_reset_add(const struct portal_arguments *arguments, struct err *err)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    int64_t id = 0;
    if (portal_command_open(arguments, &portal, err) != ERR_NONE ||
        portal_reset_add(portal, portal_arguments_get(arguments, "serial"),
                         portal_arguments_get(arguments, "user"), &id, err) != ERR_NONE)
        return err->code;
    return portal_command_print_id(id);
}

enum err_code portal_command_reset_approve(const struct portal_arguments *arguments,
                                           struct err *err)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    int64_t id = 0;
    if (portal_arguments_integer(arguments, "id", ID_MAX, &id, err) != ERR_NONE ||
        portal_command_open(arguments, &portal, err) != ERR_NONE ||
        portal_reset_approve(portal, id, err) != ERR_NONE)
        return err->code;
    return portal_command_print_id(id);
}

enum err_code portal_command_reset_list(const struct portal_arguments *arguments, struct err *err)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    AUTO(json_freep) struct json *json = NULL;
    if (portal_command_open(arguments, &portal, err) != ERR_NONE ||
        portal_reset_list(portal, &json, err) != ERR_NONE)
        return err->code;
    return portal_command_print(json);
}

/* {"admin_pin":"..."}, not through cJSON or stdio, which would keep copies. The alphabet needs no
 * escaping. */
static enum err_code print_pin(const struct secret *pin, struct err *err)
{
    static const char before[] = "{\"admin_pin\":\"";
    static const char after[] = "\"}\n";
    struct span value = secret_peek(pin);
    AUTO(secret_freep) struct secret *line = NULL;
    size_t length = sizeof before - 1 + value.len + sizeof after - 1;
    if (secret_new(length, &line, err) != ERR_NONE)
        return err->code;
    memcpy(secret_room(line), before, sizeof before - 1);
    memcpy(secret_room(line) + sizeof before - 1, value.at, value.len);
    memcpy(secret_room(line) + sizeof before - 1 + value.len, after, sizeof after - 1);
    secret_set_length(line, length);
    fflush(stdout);
    if (write(STDOUT_FILENO, secret_peek(line).at, length) != (ssize_t)length)
        return err_set_errno(err, ERR_FILE, "print the administrator PIN");
    return ERR_NONE;
}

enum err_code portal_command_reset_admin_pin(const struct portal_arguments *arguments,
                                             struct err *err)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    AUTO(secret_freep) struct secret *pin = NULL;
    if (portal_command_open_keys(arguments, &portal, err) != ERR_NONE ||
        portal_admin_pin_show(portal, portal_arguments_get(arguments, "serial"), &pin, err) !=
            ERR_NONE)
        return err->code;
    return print_pin(pin, err);
}
