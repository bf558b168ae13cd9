/* The audit trail: append-only lines, each hashed (SM3) with the one before it. A change and its line
 * stand in one transaction. */
#pragma once

#include "base/json.h"
#include "portal/portal.h"
#include "portal/portal_page.h"

#define PORTAL_AUDIT_HASH_BYTES 32

/* Adds a line for portal->actor. Only inside a transaction. subject: what was changed, an order number,
 * a key's serial. Never a secret, a ticket or a PIN. */
MUST_CHECK enum err_code portal_audit_add(struct portal *portal, const char *event,
                                          const char *subject, const char *detail, struct err *err);

/* What the trail amounts to. Cutting off its end leaves a valid chain, so an operator keeps the count
 * and the last hash elsewhere and compares. */
struct portal_audit_state {
    int64_t count;
    uint8_t last_hash[PORTAL_AUDIT_HASH_BYTES]; /* zeros when it is empty */
};
/* ERR_AUDIT names the first line that doesn't fit. Takes a second or two for a million lines. */
MUST_CHECK enum err_code portal_audit_verify(struct portal *portal, struct portal_audit_state *out,
                                             struct err *err);
/* Goes on from a state that was verified before, to the present end. */
MUST_CHECK enum err_code portal_audit_verify_on(struct portal_db *db,
                                                struct portal_audit_state *state, struct err *err);
/* Whether the line that state ended with is still there as it was: a trail that was cut off or written anew
 * is a chain too. ERR_AUDIT. */
MUST_CHECK enum err_code portal_audit_check_seen(struct portal_db *db,
                                                 const struct portal_audit_state *state,
                                                 struct err *err);
/* All lines, oldest first. */
MUST_CHECK enum err_code portal_audit_list(struct portal *portal, struct json **out,
                                           struct err *err);
/* One page of them, newest first. search: a part of actor, event, subject or detail; NULL: all. */
MUST_CHECK enum err_code portal_audit_page(struct portal_db *db, const struct portal_page *page,
                                           const char *search, struct json **out, struct err *err);
