/* 开票信息: what an order's invoice is made out to. */
#pragma once

#include "base/json.h"
#include "portal/portal.h"

#define PORTAL_INVOICE_TEXT_BYTES_MAX 256 /* 85 Chinese characters: the tax service prints 50 */
#define PORTAL_INVOICE_TAX_NUMBER_BYTES_MAX 32 /* they have 15 to 20 */

/* Replaces the order's invoice as a whole by a JSON object of the members kind ("normal", "special"), title,
 * tax_number, address, phone, bank, account and email; what is absent or blank is empty. Inside the
 * caller's transaction, which has checked that the order may be edited. ERR_FIELD_UNKNOWN, _TYPE, _VALUE. */
MUST_CHECK enum err_code portal_invoice_put(struct portal *portal, const char *order_number,
                                            const struct json *invoice, struct err *err);
/* The same object; *out is NULL when there is none yet. */
MUST_CHECK enum err_code portal_invoice_show(struct portal *portal, const char *order_number,
                                             struct json **out, struct err *err);
