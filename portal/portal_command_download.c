#include "portal/portal_command_download.h"

#include "portal/portal_command.h"
#include "portal/portal_download.h"

/* What stands behind the last slash. */
static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

enum err_code portal_command_download_add(const struct portal_arguments *arguments, struct err *err)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    const char *path = portal_arguments_get(arguments, "file");
    const char *name = portal_arguments_get(arguments, "name");
    int64_t id = 0;
    if (portal_command_open(arguments, &portal, err) != ERR_NONE ||
        portal_download_add(portal, portal_arguments_get(arguments, "kind"),
                            name != NULL ? name : name_of(path), path, &id, err) != ERR_NONE)
        return err->code;
    return portal_command_print_id(id);
}

enum err_code portal_command_download_list(const struct portal_arguments *arguments,
                                           struct err *err)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    AUTO(json_freep) struct json *json = NULL;
    if (portal_command_open(arguments, &portal, err) != ERR_NONE ||
        portal_download_list(portal, "/web/v1/downloads/", &json, err) != ERR_NONE)
        return err->code;
    return portal_command_print(json);
}

enum err_code portal_command_download_remove(const struct portal_arguments *arguments,
                                             struct err *err)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    AUTO(json_freep) struct json *json = json_new_object();
    const char *name = portal_arguments_get(arguments, "name");
    if (portal_command_open(arguments, &portal, err) != ERR_NONE ||
        portal_download_remove(portal, name, err) != ERR_NONE)
        return err->code;
    json_add_text(json, "name", name);
    return portal_command_print(json);
}
