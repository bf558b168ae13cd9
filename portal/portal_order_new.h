/* Adding orders and pricing them: the number, the months, the fee (支付费用), and what the platform's policy
 * makes of the key. */
#pragma once

#include "portal/portal_order.h"

/* Settings: the tariff, months of a new order, and whether it keeps or replaces the key pair. */
#define PORTAL_ORDER_SETTING_FEE "fee_fen_per_month"
#define PORTAL_ORDER_SETTING_MONTHS "order_months"
#define PORTAL_ORDER_SETTING_KEY "order_key_policy" /* "keep", "replace" */
#define PORTAL_ORDER_FEE_FEN_PER_MONTH_DEFAULT 2000
#define PORTAL_ORDER_FEE_FEN_PER_MONTH_MAX \
    10000000 /* far above any tariff; a fee fits the services */

struct portal_order_new {
    const char *serial; /* of the key */
    int64_t months; /* 1 to PORTAL_ORDER_MONTHS_MAX */
    struct portal_order_policy policy;
};
/* Adds an order in 编辑中, for an operator. ERR_NO_SUCH_RECORD (key), ERR_FIELD_VALUE (months), ERR_POLICY
 * when the policy does not fit the key or can't be carried out. The caller frees *out_number. */
MUST_CHECK enum err_code portal_order_add(struct portal *portal, const struct portal_order_new *new,
                                          char **out_number, struct err *err);
/* 新增延期续费订单 as a bidder does it, with the platform's months and policy, for a key of the organisation
 * (0: any). ERR_ORDER_OPEN, naming it, while the key has an order that is not finished;
 * ERR_NO_SUCH_RECORD (also for another organisation's key), ERR_POLICY. */
MUST_CHECK enum err_code portal_order_open(struct portal *portal, const char *serial,
                                           int64_t organisation_id, char **out_number,
                                           struct err *err);
/* Another 延期续费时长, and the fee that goes with it, inside the caller's transaction, which has checked
 * that the order allows it. ERR_FIELD_VALUE. */
MUST_CHECK enum err_code portal_order_set_months(struct portal *portal, const char *number,
                                                 int64_t months, struct err *err);

/* What the platform asks for a renewal, and makes of the key. */
struct portal_order_tariff {
    int64_t fee_fen_per_month; /* up to PORTAL_ORDER_FEE_FEN_PER_MONTH_MAX */
    int64_t months; /* of a new order, 1 to PORTAL_ORDER_MONTHS_MAX */
    bool replace_key;
};
/* The defaults where nothing was set. ERR_CONFIG when a setting is no such number. */
MUST_CHECK enum err_code portal_order_tariff(struct portal *portal, struct portal_order_tariff *out,
                                             struct err *err);
/* For the orders and months that are chosen from now on. ERR_FIELD_VALUE. */
MUST_CHECK enum err_code portal_order_set_tariff(struct portal *portal,
                                                 const struct portal_order_tariff *tariff,
                                                 struct err *err);
/* The tariff's fee alone. ERR_CONFIG. */
MUST_CHECK enum err_code portal_order_fee_per_month(struct portal *portal, int64_t *out_fen,
                                                    struct err *err);
