/* Logging in: limits that survive a restart, and the same answer and cost whether or not there is such a
 * user. In three steps, for the middle one is slow and belongs to another thread:
 * portal_login_begin, portal_password_matches, portal_login_end. */
#pragma once

#include "portal/portal_account.h"

#define PORTAL_LOGIN_WINDOW_S 900 /* what is counted is forgotten after so long */
/* Of a login, from each place that it logged in from before, and from all others together: nobody
 * mistypes a password oftener, and who guesses elsewhere does not keep a user out. */
#define PORTAL_LOGIN_FAILURES_MAX 10
#define PORTAL_LOGIN_PLACE_S 2592000 /* 30 days: so long a place is remembered */
#define PORTAL_LOGIN_PLACES_MAX 20 /* of a user, the last ones */
#define PORTAL_LOGIN_ADDRESS_FAILURES_MAX \
    100 /* from an address: a whole office may stand behind it */
#define PORTAL_LOGIN_SUCCESSES_MAX 100 /* of a login: bounds what it adds to the audit trail */
#define PORTAL_LOGIN_ADDRESS_BYTES 64

/* One attempt; owned. */
struct portal_login {
    char *login; /* as it was typed, lower case */
    char *address; /* of the client: portal_login_address */
    char *place; /* login and address, when the user has logged in from there; else NULL */
    int64_t user_id; /* 0: there is no such user */
    struct portal_password kept; /* of the user */
};
void portal_login_free(struct portal_login *attempt);
void portal_login_freep(struct portal_login **attempt);
/* What portal_password_matches is to compare with: NULL when there is no such user. */
const struct portal_password *portal_login_kept(const struct portal_login *attempt);

/* Counts the attempt as a failure until it ends well, so that many at once are counted too.
 * ERR_LOGIN_LIMIT with *out_retry_after_s; ERR_LOGIN_FAILED when login can't be one. */
MUST_CHECK enum err_code portal_login_begin(struct portal *portal, const char *login,
                                            const char *address, struct portal_login **out,
                                            int *out_retry_after_s, struct err *err);
/* matched: what portal_password_matches said. Gives a session's token, the caller's; the session of
 * old_token (may be NULL) ends. ERR_LOGIN_FAILED: wrong, no such user, disabled, or changed meanwhile. */
MUST_CHECK enum err_code portal_login_end(struct portal *portal, const struct portal_login *attempt,
                                          bool matched, const char *old_token, char **out_token,
                                          struct err *err);
/* The same limits where a logged-in user proves the password again; no session. ERR_PASSWORD_WRONG. */
MUST_CHECK enum err_code portal_login_prove(struct portal *portal,
                                            const struct portal_login *attempt, bool matched,
                                            struct err *err);

/* Whom to count: an IPv4 address, the /64 of an IPv6 address, "local" for a Unix socket. */
struct sockaddr;
void portal_login_address(const struct sockaddr *peer, char out[PORTAL_LOGIN_ADDRESS_BYTES]);
