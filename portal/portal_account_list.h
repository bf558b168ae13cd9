/* Pages of users and organisations, newest first. */
#pragma once

#include "portal/portal.h"
#include "portal/portal_page.h"

/* {login, name, role, organisation, disabled, created}. search: a part of login, name or organisation; NULL:
 * all. ERR_FIELD_VALUE. */
MUST_CHECK enum err_code portal_account_list_users(struct portal *portal,
                                                   const struct portal_page *page,
                                                   const char *search, struct json **out,
                                                   struct err *err);
/* The row of one user. ERR_NO_SUCH_RECORD. */
MUST_CHECK enum err_code portal_account_list_user(struct portal *portal, const char *login,
                                                  struct json **out, struct err *err);
/* {id, name, users}: how many users it has. */
MUST_CHECK enum err_code portal_account_list_organisations(struct portal *portal,
                                                           const struct portal_page *page,
                                                           const char *search, struct json **out,
                                                           struct err *err);
