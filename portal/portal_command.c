#include "portal/portal_command.h"

#include <stdio.h>
#include <unistd.h>

char *portal_command_actor(void)
{
    return memory_printf("uid:%lu", (unsigned long)getuid());
}

enum err_code portal_command_open(const struct portal_arguments *arguments, struct portal **out,
                                  struct err *err)
{
    AUTO(memory_freep) char *who = portal_command_actor();
    return portal_open(arguments->folder, who, out, err);
}

enum err_code portal_command_open_keys(const struct portal_arguments *arguments,
                                       struct portal **out, struct err *err)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    if (portal_command_open(arguments, &portal, err) != ERR_NONE ||
        portal_open_keys(portal, err) != ERR_NONE)
        return err->code;
    *out = TAKE(portal);
    return ERR_NONE;
}

enum err_code portal_command_choose(const char *value, const char *option, const char *first,
                                    const char *second, bool *out_second, struct err *err)
{
    if (strcmp(value, first) != 0 && strcmp(value, second) != 0)
        return err_set(err, ERR_USAGE, "--%s: neither %s nor %s", option, first, second);
    *out_second = strcmp(value, second) == 0;
    return ERR_NONE;
}

enum err_code portal_command_print(const struct json *json)
{
    AUTO(memory_freep) char *text = json_print(json);
    puts(text);
    return ERR_NONE;
}

enum err_code portal_command_print_id(int64_t id)
{
    AUTO(json_freep) struct json *json = json_new_object();
    json_add_integer(json, "id", id);
    return portal_command_print(json);
}
