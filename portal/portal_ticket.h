/* One-time tickets: what the platform's page hands to the agent so that it may do one thing for one
 * order or one key. 256 random bits; only their hash is kept. */
#pragma once

#include "portal/portal.h"

#define PORTAL_TICKET_TTL_S_DEFAULT 300
#define PORTAL_TICKET_TTL_S_MAX 3600 /* a ticket is for the click that it was made for */
#define PORTAL_TICKET_BYTES_MAX 256 /* what is looked at; ours have 64 */
#define PORTAL_KIND_CHECK "check"
#define PORTAL_KIND_RENEW "renew"
#define PORTAL_KIND_EXTEND_SEAL "extend-seal"
#define PORTAL_KIND_RESET_PIN "reset-pin"

/* check and renew. The caller frees *out_ticket. ERR_NO_SUCH_RECORD (order), ERR_FIELD_VALUE (kind,
 * time). */
MUST_CHECK enum err_code portal_ticket_add(struct portal *portal, const char *order_number,
                                           const char *kind, int64_t ttl_s, char **out_ticket,
                                           struct err *err);
/* extend-seal. ERR_NO_SUCH_RECORD (key), ERR_FIELD_VALUE (kind, time). */
MUST_CHECK enum err_code portal_ticket_add_for_key(struct portal *portal, const char *serial,
                                                   const char *kind, int64_t ttl_s,
                                                   char **out_ticket, struct err *err);
/* extend-seal of the seal of this identity (esID), for a key that carries several.
 * ERR_NO_SUCH_RECORD (key, or no such seal was made for it), ERR_FIELD_VALUE (time). */
MUST_CHECK enum err_code portal_ticket_add_for_seal(struct portal *portal, const char *serial,
                                                    const char *identity, int64_t ttl_s,
                                                    char **out_ticket, struct err *err);
/* reset-pin: for the one request of this id. user: who wants the ticket, and must be the one who asked;
 * NULL: an operator. ERR_NO_SUCH_RECORD (request, also another user's), ERR_ORDER_NOT_APPROVED unless it
 * is approved and the approval good, ERR_FIELD_VALUE (time). */
MUST_CHECK enum err_code portal_ticket_add_for_reset(struct portal *portal, int64_t reset_id,
                                                     const char *user, int64_t ttl_s,
                                                     char **out_ticket, struct err *err);

/* A ticket's record; owned. */
struct portal_ticket {
    uint8_t sha256[32];
    int64_t key_id;
    char *order_number; /* NULL: it is for the key */
    int64_t reset_id; /* the request of a PIN reset; else 0 */
    char *seal_identity; /* NULL: none is named */
    char *kind;
    int64_t expires_utc;
    char *job_id; /* NULL: not redeemed */
    char *redeemed_serial; /* NULL: not redeemed */
};
/* ERR_TICKET_UNKNOWN. */
MUST_CHECK enum err_code portal_ticket_find(struct portal *portal, const char *ticket,
                                            struct portal_ticket **out, struct err *err);
void portal_ticket_free(struct portal_ticket *ticket);
void portal_ticket_freep(struct portal_ticket **ticket);
/* Binds it to a job and a key for good, in the caller's transaction. */
MUST_CHECK enum err_code portal_ticket_redeemed(struct portal *portal,
                                                const struct portal_ticket *ticket,
                                                const char *job_id, const char *serial,
                                                struct err *err);
