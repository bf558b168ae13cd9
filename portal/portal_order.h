/* Renewal orders (延期续费订单): their states in the manual's words, the transitions that are allowed,
 * and the record of who decided what (流程审批记录). */
#pragma once

#include "base/json.h"
#include "certs/signer.h"
#include "portal/portal.h"

#define PORTAL_ORDER_MONTHS_DEFAULT 12 /* 延期续费时长 */
#define PORTAL_ORDER_MONTHS_MAX 60 /* longer than the five years that GM CAs give a key */
#define PORTAL_ORDER_REASON_BYTES_MAX 512
#define PORTAL_ORDER_NUMBER_BYTES_MAX 32
#define PORTAL_ORDER_FEE_KIND "续费" /* CA费用类别 */

enum portal_order_state {
    PORTAL_ORDER_EDITING, /* 编辑中 */
    PORTAL_ORDER_REVIEW, /* 待审核 */
    PORTAL_ORDER_APPROVED, /* 审核通过 */
    PORTAL_ORDER_REJECTED, /* 审核不通过 */
    PORTAL_ORDER_STATE_COUNT
};

enum portal_order_action {
    PORTAL_ORDER_PAY, /* 支付费用: what the payment service reports, never the browser */
    PORTAL_ORDER_SUBMIT, /* 提交信息 */
    PORTAL_ORDER_APPROVE, /* 审核通过 */
    PORTAL_ORDER_REJECT, /* 审核不通过 */
    PORTAL_ORDER_ACTION_COUNT
};

/* The manual's word. */
const char *portal_order_state_text(enum portal_order_state state);

/* What the renewed certificates are to be. */
struct portal_order_policy {
    bool replace_key; /* a new key pair, else the present one is kept */
    enum cert_algorithm algorithm;
    bool dual; /* a signing and an encryption certificate */
};
/* "sm2", "rsa2048". */
const char *portal_order_algorithm_text(enum cert_algorithm algorithm);

struct portal_order_new {
    const char *serial; /* of the key */
    int64_t months; /* 1 to PORTAL_ORDER_MONTHS_MAX */
    struct portal_order_policy policy;
};
/* Adds an order in 编辑中. ERR_NO_SUCH_RECORD (key), ERR_FIELD_VALUE (months), ERR_POLICY when the
 * policy does not fit the key or can't be carried out. The caller frees *out_number. */
MUST_CHECK enum err_code portal_order_add(struct portal *portal, const struct portal_order_new *new,
                                          char **out_number, struct err *err);

/* An order with what it is about; owned. */
struct portal_order {
    char *number;
    int64_t key_id;
    char *serial; /* 介质硬件号 */
    char *organisation; /* 单位名称 */
    int64_t months;
    int64_t fee_fen;
    bool paid;
    enum portal_order_state state;
    struct portal_order_policy policy;
};
/* ERR_NO_SUCH_RECORD. */
MUST_CHECK enum err_code portal_order_load(struct portal *portal, const char *number,
                                           struct portal_order **out, struct err *err);
void portal_order_free(struct portal_order *order);
void portal_order_freep(struct portal_order **order);

/* Does one step and records it. reason: "" or why (kept with a rejection). ERR_ORDER_STATE when the
 * order's state or payment doesn't allow it; nothing is changed then. */
MUST_CHECK enum err_code portal_order_act(struct portal *portal, const char *number,
                                          enum portal_order_action action, const char *reason,
                                          struct err *err);

/* One order with its 流程审批记录, and all of them without. */
MUST_CHECK enum err_code portal_order_show(struct portal *portal, const char *number,
                                           struct json **out, struct err *err);
MUST_CHECK enum err_code portal_order_list(struct portal *portal, struct json **out,
                                           struct err *err);
