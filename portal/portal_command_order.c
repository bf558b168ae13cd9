#include "portal/portal_command_order.h"

#include "portal/portal_command.h"
#include "portal/portal_order_new.h"

static enum err_code read_tariff(const struct portal_arguments *arguments,
                                 struct portal_order_tariff *tariff, struct err *err)
{
    if (portal_arguments_has(arguments, "fee-fen") &&
        portal_arguments_integer(arguments, "fee-fen", PORTAL_ORDER_FEE_FEN_PER_MONTH_MAX,
                                 &tariff->fee_fen_per_month, err) != ERR_NONE)
        return err->code;
    if (portal_arguments_has(arguments, "months") &&
        portal_arguments_integer(arguments, "months", PORTAL_ORDER_MONTHS_MAX, &tariff->months,
                                 err) != ERR_NONE)
        return err->code;
    return portal_arguments_has(arguments, "key")
               ? portal_command_choose(portal_arguments_get(arguments, "key"), "key", "keep",
                                       "replace", &tariff->replace_key, err)
               : ERR_NONE;
}

static bool sets_something(const struct portal_arguments *arguments)
{
    return portal_arguments_has(arguments, "fee-fen") ||
           portal_arguments_has(arguments, "months") || portal_arguments_has(arguments, "key");
}

enum err_code portal_command_order_tariff(const struct portal_arguments *arguments, struct err *err)
{
    AUTO(portal_freep) struct portal *portal = NULL;
    AUTO(json_freep) struct json *json = json_new_object();
    struct portal_order_tariff tariff = {0};
    if (portal_command_open(arguments, &portal, err) != ERR_NONE ||
        portal_order_tariff(portal, &tariff, err) != ERR_NONE ||
        read_tariff(arguments, &tariff, err) != ERR_NONE ||
        (sets_something(arguments) && portal_order_set_tariff(portal, &tariff, err) != ERR_NONE))
        return err->code;
    json_add_integer(json, "fee_fen_per_month", tariff.fee_fen_per_month);
    json_add_integer(json, "months", tariff.months);
    json_add_text(json, "key", tariff.replace_key ? "replace" : "keep");
    return portal_command_print(json);
}
