#include "portal/portal_command_reset.h"

#include <stdio.h>
#include <unistd.h>

#include "portal/portal_admin_pin.h"
#include "portal/portal_command.h"
#include "portal/portal_reset.h"

enum err_code portal_command_reset_add(const struct portal_arguments *arguments, struct err *err)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    AUTO(json_freep) struct json *json = json_new_object();
    const struct portal_reset_wish wish = {portal_arguments_get(arguments, "serial"),
                                           portal_arguments_get(arguments, "user"), 0};
    struct portal_reset_noted noted = {0};
    if (portal_command_open(arguments, &portal, err) != ERR_NONE ||
        portal_reset_request(portal, &wish, &noted, err) != ERR_NONE)
        return err->code;
    json_add_integer(json, "id", noted.id);
    json_add_text(json, "state", noted.state);
    return portal_command_print(json);
}

enum err_code portal_command_reset_approve(const struct portal_arguments *arguments,
                                           struct err *err)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    int64_t id = 0;
    if (portal_arguments_integer(arguments, "id", PORTAL_COMMAND_ID_MAX, &id, err) != ERR_NONE ||
        portal_command_open(arguments, &portal, err) != ERR_NONE ||
        portal_reset_approve(portal, id, err) != ERR_NONE)
        return err->code;
    return portal_command_print_id(id);
}

enum err_code portal_command_reset_reject(const struct portal_arguments *arguments, struct err *err)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    int64_t id = 0;
    if (portal_arguments_integer(arguments, "id", PORTAL_COMMAND_ID_MAX, &id, err) != ERR_NONE ||
        portal_command_open(arguments, &portal, err) != ERR_NONE ||
        portal_reset_reject(portal, id, portal_arguments_get(arguments, "reason"), err) != ERR_NONE)
        return err->code;
    return portal_command_print_id(id);
}

static enum err_code set_policy(struct portal *portal, const struct portal_arguments *arguments,
                                struct err *err)
{
    bool reviewer = false;
    if (!portal_arguments_has(arguments, "approval"))
        return ERR_NONE;
    if (portal_command_choose(portal_arguments_get(arguments, "approval"), "approval", "automatic",
                              "reviewer", &reviewer, err) != ERR_NONE)
        return err->code;
    return portal_reset_set_policy(portal,
                                   reviewer ? PORTAL_RESET_REVIEWER : PORTAL_RESET_AUTOMATIC, err);
}

enum err_code portal_command_reset_policy(const struct portal_arguments *arguments, struct err *err)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    AUTO(json_freep) struct json *json = json_new_object();
    enum portal_reset_approval approval;
    if (portal_command_open(arguments, &portal, err) != ERR_NONE ||
        set_policy(portal, arguments, err) != ERR_NONE ||
        portal_reset_policy(portal, &approval, err) != ERR_NONE)
        return err->code;
    json_add_text(json, "approval", portal_reset_approval_text(approval));
    return portal_command_print(json);
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
