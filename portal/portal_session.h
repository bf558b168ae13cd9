/* Sessions of logged-in users: a random token in the browser, its hash here. */
#pragma once

#include "portal/portal.h"

#define PORTAL_SESSION_TOKEN_BYTES 32
#define PORTAL_SESSION_TOKEN_CHARACTERS (2 * PORTAL_SESSION_TOKEN_BYTES) /* hexadecimal */
#define PORTAL_SESSION_IDLE_S 1800
#define PORTAL_SESSION_S 43200 /* a working day; then the password is asked for again */
#define PORTAL_SESSION_USER_MAX 10 /* the longest unused one makes room for a further one */

/* Opens one, in the caller's transaction; the caller frees *out_token. */
MUST_CHECK enum err_code portal_session_open(struct portal *portal, int64_t user_id,
                                             char **out_token, struct err *err);
/* Whose it is, and notes the use where the database can be written. ERR_NOT_LOGGED_IN: none such, over, or the user is disabled. */
MUST_CHECK enum err_code portal_session_find(struct portal *portal, const char *token,
                                             int64_t *out_user_id, struct err *err);
/* No error when there is none. */
MUST_CHECK enum err_code portal_session_close(struct portal *portal, const char *token,
                                              struct err *err);
/* All of a user's but the one of token (NULL: all), in the caller's transaction. */
MUST_CHECK enum err_code portal_session_close_others(struct portal *portal, int64_t user_id,
                                                     const char *token, struct err *err);
/* What a page must send beside the cookie; from the token, so that nothing is stored. The caller frees. */
char *portal_session_csrf(const char *token);
/* Whether it has a token's form. */
bool portal_session_is_token(struct span text);
