/* Renewal orders (延期续费订单): their states in the manual's words, which step each state allows, and the
 * record of who decided what (流程审批记录). Adding: portal_order_new.h; lists: portal_order_view.h. */
#pragma once

#include "base/json.h"
#include "certs/cert.h"
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
    PORTAL_ORDER_REFUND, /* 退款: the payment that counted went back */
    PORTAL_ORDER_REFRESH, /* 刷新支付状态 */
    PORTAL_ORDER_EDIT, /* 开票信息, CA办理电子件 */
    PORTAL_ORDER_MONTHS, /* 延期续费时长, and the fee with it */
    PORTAL_ORDER_RENEW, /* 延期: a ticket for the agent */
    PORTAL_ORDER_ACTION_COUNT
};

/* The manual's word. */
const char *portal_order_state_text(enum portal_order_state state);
/* false when there is no such word. */
bool portal_order_state_from_text(const char *text, enum portal_order_state *out);

/* What the renewed certificates are to be. */
struct portal_order_policy {
    bool replace_key; /* a new key pair, else the present one is kept */
    enum cert_algorithm algorithm;
    bool dual; /* a signing and an encryption certificate */
};

/* An order with what it is about; owned. */
struct portal_order {
    char *number;
    int64_t key_id;
    int64_t organisation_id;
    char *serial; /* 介质硬件号 */
    char *organisation; /* 单位名称 */
    int64_t months;
    int64_t fee_fen;
    bool paid;
    char *paid_reference; /* the payment's number; "" until then and for what an operator noted */
    bool invoice_complete; /* has a title and a tax number */
    bool issued; /* there are certificates for it that did not fail */
    int64_t renewed_utc; /* when a key confirmed the renewal; 0: not yet */
    enum portal_order_state state;
    struct portal_order_policy policy;
};
/* ERR_NO_SUCH_RECORD. */
MUST_CHECK enum err_code portal_order_load(struct portal *portal, const char *number,
                                           struct portal_order **out, struct err *err);
/* The same for a user's eyes: another organisation's order is as if it were not there. organisation_id 0:
 * all are seen. */
MUST_CHECK enum err_code portal_order_load_own(struct portal *portal, const char *number,
                                               int64_t organisation_id, struct portal_order **out,
                                               struct err *err);
void portal_order_free(struct portal_order *order);
void portal_order_freep(struct portal_order **order);

/* Whether the step is the manual's next one; changes nothing. ERR_ORDER_STATE, ERR_ORDER_UNPAID,
 * ERR_ORDER_PAID, ERR_ORDER_NOT_APPROVED (renew), ERR_ORDER_FINISHED (renew; refund, once certificates were
 * issued). */
MUST_CHECK enum err_code portal_order_check(const struct portal_order *order,
                                            enum portal_order_action action, struct err *err);

/* Does one step (pay, submit, approve, reject, refund) and records it. reason: "" or why (kept with a rejection,
 * which needs one: ERR_FIELD_MISSING). Refusals: portal_order_check; nothing is changed then. Without
 * demands on the invoice: for an operator. */
MUST_CHECK enum err_code portal_order_act(struct portal *portal, const char *number,
                                          enum portal_order_action action, const char *reason,
                                          struct err *err);
/* 提交信息 as a bidder does it: ERR_ORDER_INVOICE until the invoice is complete. */
MUST_CHECK enum err_code portal_order_submit(struct portal *portal, const char *number,
                                             struct err *err);
/* Inside the caller's transaction: this payment has paid the order. Told again it changes nothing.
 * ERR_ORDER_AMOUNT unless amount_fen is the order's fee now, ERR_ORDER_PAID when another payment has paid
 * it, ERR_NO_SUCH_RECORD. */
MUST_CHECK enum err_code portal_order_paid(struct portal *portal, const char *number,
                                           int64_t amount_fen, const char *reference,
                                           struct err *err);
/* Inside the caller's transaction: the money of this payment went back, or is about to. The order that it
 * paid is unpaid again, in 编辑中; once certificates were issued for it it stays as it is, with a line in the
 * audit trail. Changes nothing when another payment counts. ERR_NO_SUCH_RECORD. */
MUST_CHECK enum err_code portal_order_refunded(struct portal *portal, const char *number,
                                               const char *reference, const char *reason,
                                               struct err *err);
/* Inside the caller's transaction: the certificate of an order for a new pair was issued for the present one, with
 * a line among its records and in the audit trail. reason: a stable word. */
MUST_CHECK enum err_code portal_order_note_kept(struct portal *portal,
                                                const struct portal_order *order,
                                                const char *reason, struct err *err);
/* Inside the caller's transaction, which changed the order: it becomes the newest change of the list. */
MUST_CHECK enum err_code portal_order_touch(struct portal *portal, const char *number,
                                            struct err *err);
