/* CA锁密码重置: who may have a key's PIN reset. A request is made by a user and approved by a reviewer or,
 * where the platform's policy says so, at once; the approval is good for a day and for one reset. What the
 * key is told then: portal_reset_answer.h. */
#pragma once

#include "base/json.h"
#include "portal/portal.h"

/* An approval is for the call that was made or the desk that was visited, not for next week. */
#define PORTAL_RESET_APPROVAL_S 86400
#define PORTAL_RESET_REASON_BYTES_MAX 512

/* ---- the policy ---- */

enum portal_reset_approval {
    PORTAL_RESET_AUTOMATIC, /* at the request: the user is logged in, and has the key in hand */
    PORTAL_RESET_REVIEWER,
    PORTAL_RESET_APPROVAL_COUNT
};
/* "automatic", "reviewer". */
const char *portal_reset_approval_text(enum portal_reset_approval approval);
/* PORTAL_RESET_AUTOMATIC unless it was set. */
MUST_CHECK enum err_code portal_reset_policy(struct portal *portal, enum portal_reset_approval *out,
                                             struct err *err);
MUST_CHECK enum err_code portal_reset_set_policy(struct portal *portal,
                                                 enum portal_reset_approval approval,
                                                 struct err *err);

/* ---- requests ---- */

struct portal_reset_wish {
    const char *serial;
    const char *user; /* who is logged in at the platform */
    int64_t organisation_id; /* that the key must belong to; 0: any, for an operator */
};
struct portal_reset_noted {
    int64_t id;
    const char *state; /* "requested" or "approved"; static */
};
/* Notes that the user asks for it, and approves it where that is the policy. While a request of the user
 * for this key is open (requested, or approved and good) the answer is that one. ERR_NO_SUCH_RECORD (key,
 * also one of another organisation), ERR_FIELD_VALUE (user). */
MUST_CHECK enum err_code portal_reset_request(struct portal *portal,
                                              const struct portal_reset_wish *wish,
                                              struct portal_reset_noted *out, struct err *err);
/* By the portal's actor, for PORTAL_RESET_APPROVAL_S. ERR_NO_SUCH_RECORD, ERR_RESET_STATE unless it is
 * requested. */
MUST_CHECK enum err_code portal_reset_approve(struct portal *portal, int64_t id, struct err *err);
/* The same for a refusal, for good. ERR_FIELD_VALUE (reason: 1 to PORTAL_RESET_REASON_BYTES_MAX). */
MUST_CHECK enum err_code portal_reset_reject(struct portal *portal, int64_t id, const char *reason,
                                             struct err *err);

/* The user's newest request for this key that is approved, good and not done. ERR_NO_SUCH_RECORD (key),
 * ERR_ORDER_NOT_APPROVED when there is none. */
MUST_CHECK enum err_code portal_reset_find(struct portal *portal, const char *serial,
                                           const char *user, int64_t *out_id, struct err *err);
/* ERR_NO_SUCH_RECORD; ERR_ORDER_NOT_APPROVED unless it is approved and good. */
MUST_CHECK enum err_code portal_reset_check_approved(struct portal *portal, int64_t id,
                                                     struct err *err);
/* Which key it is for, and who asked; the caller frees *out_user. ERR_NO_SUCH_RECORD. */
MUST_CHECK enum err_code portal_reset_subject(struct portal *portal, int64_t id,
                                              int64_t *out_key_id, char **out_user,
                                              struct err *err);
/* Inside the caller's transaction: the key was reset. The approval may have ended meanwhile, and another
 * job may have done it before. ERR_RESET_STATE when it was never approved. */
MUST_CHECK enum err_code portal_reset_finish(struct portal *portal, int64_t id, struct err *err);
/* What a person calls the request; the caller frees. */
char *portal_reset_number(int64_t id);

/* ---- lists ---- */

#define PORTAL_RESET_PAGE_MAX 101 /* a page of 100, and one row to know whether there are more */

/* Rows behind from_id in the order of ids, or those before it in the opposite order. */
struct portal_reset_page {
    int64_t organisation_id; /* 0: all */
    const char *search; /* part of a serial, number or name; NULL: all */
    int64_t from_id; /* the cursor of the row that the page begins behind; 0: the first page */
    bool backwards;
    int64_t limit; /* 1 to PORTAL_RESET_PAGE_MAX */
};
/* The keys: 使用者姓名 holder, 证书单位名称 organisation, 证书KEY号 number, 介质硬件号 serial, 证书有效期
 * not_after, and request: the latest one {id, state, user, at, reason} or null; reason: why it was
 * refused, else empty. cursor: for the next page. */
MUST_CHECK enum err_code portal_reset_keys(struct portal *portal,
                                           const struct portal_reset_page *page, struct json **out,
                                           struct err *err);
/* The requests that wait for a reviewer, in the same form. */
MUST_CHECK enum err_code portal_reset_waiting(struct portal *portal,
                                              const struct portal_reset_page *page,
                                              struct json **out, struct err *err);
/* All requests: {id, serial, user, state, approved_by, reason, expires, created, changed}. */
MUST_CHECK enum err_code portal_reset_list(struct portal *portal, struct json **out,
                                           struct err *err);
