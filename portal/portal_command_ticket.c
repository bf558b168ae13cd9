#include "portal/portal_command_ticket.h"

#include "base/clock.h"
#include "portal/portal_command.h"
#include "portal/portal_reset.h"
#include "portal/portal_ticket.h"

static bool is_kind(const char *kind, const char *wanted)
{
    return strcmp(kind, wanted) == 0;
}

/* What a ticket of each kind is for, on the command line. */
static enum err_code check_options(const struct portal_arguments *arguments, const char *kind,
                                   struct err *err)
{
    bool order = portal_arguments_has(arguments, "order");
    bool serial = portal_arguments_has(arguments, "serial");
    bool user = portal_arguments_has(arguments, "user");
    bool id = portal_arguments_has(arguments, "id");
    if (portal_arguments_has(arguments, "seal") && !is_kind(kind, PORTAL_KIND_EXTEND_SEAL))
        return err_set(err, ERR_USAGE, "--seal goes with --kind " PORTAL_KIND_EXTEND_SEAL);
    if (is_kind(kind, PORTAL_KIND_RESET_PIN))
        return !order && (id ? !serial && !user : serial && user)
                   ? ERR_NONE
                   : err_set(err, ERR_USAGE, "--id, or --serial and --user, go with --kind %s",
                             kind);
    bool for_key = is_kind(kind, PORTAL_KIND_EXTEND_SEAL);
    return serial == for_key && order != for_key && !user && !id
               ? ERR_NONE
               : err_set(err, ERR_USAGE, "--%s alone goes with --kind %s",
                         for_key ? "serial" : "order", kind);
}

static enum err_code add_for_reset(struct portal *portal, const struct portal_arguments *arguments,
                                   int64_t ttl_s, char **out_ticket, struct err *err)
{
    const char *user = portal_arguments_get(arguments, "user");
    int64_t id = 0;
    if ((portal_arguments_has(arguments, "id")
             ? portal_arguments_integer(arguments, "id", PORTAL_COMMAND_ID_MAX, &id, err)
             : portal_reset_find(portal, portal_arguments_get(arguments, "serial"), user, &id,
                                 err)) != ERR_NONE)
        return err->code;
    return portal_ticket_add_for_reset(portal, id, user, ttl_s, out_ticket, err);
}

static enum err_code add_for_key(struct portal *portal, const struct portal_arguments *arguments,
                                 int64_t ttl_s, char **out_ticket, struct err *err)
{
    const char *serial = portal_arguments_get(arguments, "serial");
    const char *seal = portal_arguments_get(arguments, "seal");
    return seal == NULL ? portal_ticket_add_for_key(portal, serial, PORTAL_KIND_EXTEND_SEAL, ttl_s,
                                                    out_ticket, err)
                        : portal_ticket_add_for_seal(portal, serial, seal, ttl_s, out_ticket, err);
}

static enum err_code add_ticket(const struct portal_arguments *arguments, int64_t ttl_s, char **out,
                                struct err *err)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    const char *kind = portal_arguments_get(arguments, "kind");
    if (check_options(arguments, kind, err) != ERR_NONE ||
        portal_command_open(arguments, &portal, err) != ERR_NONE)
        return err->code;
    if (is_kind(kind, PORTAL_KIND_RESET_PIN))
        return add_for_reset(portal, arguments, ttl_s, out, err);
    if (is_kind(kind, PORTAL_KIND_EXTEND_SEAL))
        return add_for_key(portal, arguments, ttl_s, out, err);
    return portal_ticket_add(portal, portal_arguments_get(arguments, "order"), kind, ttl_s, out,
                             err);
}

enum err_code portal_command_ticket_add(const struct portal_arguments *arguments, struct err *err)
{
    AUTO(memory_freep) char *ticket = NULL;
    int64_t ttl_s = 0;
    if (portal_arguments_integer(arguments, "ttl", PORTAL_TICKET_TTL_S_MAX, &ttl_s, err) !=
            ERR_NONE ||
        add_ticket(arguments, ttl_s, &ticket, err) != ERR_NONE)
        return err->code;
    AUTO(json_freep) struct json *json = json_new_object();
    json_add_text(json, "ticket", ticket);
    json_add_utc(json, "expires", clock_now_utc() + ttl_s);
    return portal_command_print(json);
}
