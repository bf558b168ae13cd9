/* Accounts: who may log in to the portal's pages, with which role. */
#pragma once

#include "base/json.h"
#include "portal/portal.h"
#include "portal/portal_password.h"

#define PORTAL_LOGIN_BYTES_MIN 2
#define PORTAL_LOGIN_BYTES_MAX 64
#define PORTAL_PROFILE_TEXT_BYTES_MAX \
    192 /* of a department, a telephone number, an e-mail address */

enum portal_role {
    PORTAL_ROLE_BIDDER, /* 投标人, of one organisation */
    PORTAL_ROLE_REVIEWER, /* 审核人员 */
    PORTAL_ROLE_ADMINISTRATOR, /* 管理员 */
    PORTAL_ROLE_COUNT
};
/* "bidder", "reviewer", "administrator". */
const char *portal_role_text(enum portal_role role);
/* ERR_FIELD_VALUE. */
MUST_CHECK enum err_code portal_role_from_text(const char *text, enum portal_role *out,
                                               struct err *err);

/* What a user says of himself, on the 签章延期 page. */
struct portal_profile {
    const char *department; /* 所在部门 */
    const char *office_phone; /* 办公电话 */
    const char *mobile_phone; /* 手机号码 */
    const char *email; /* 公务邮件 */
};

/* An account; owned. */
struct portal_account {
    int64_t id;
    char *login; /* 用户登录名 */
    char *name;
    enum portal_role role;
    int64_t organisation_id; /* 0: none */
    char *organisation; /* "": none */
    char *department, *office_phone, *mobile_phone, *email;
    bool disabled;
    struct portal_password password;
};
void portal_account_free(struct portal_account *account);
void portal_account_freep(struct portal_account **account);
/* ERR_NO_SUCH_RECORD. A login is found in upper and lower case. */
MUST_CHECK enum err_code portal_account_find(struct portal *portal, const char *login,
                                             struct portal_account **out, struct err *err);
MUST_CHECK enum err_code portal_account_load(struct portal *portal, int64_t id,
                                             struct portal_account **out, struct err *err);

struct portal_account_new {
    const char *login; /* [A-Za-z0-9] and then also "_.-" */
    const char *name;
    enum portal_role role;
    const char *organisation; /* of a bidder, exists; else NULL */
    const struct portal_password *password;
};
/* Whether the login is one; ERR_FIELD_VALUE. */
MUST_CHECK enum err_code portal_account_check_login(const char *login, struct err *err);
/* ERR_FIELD_VALUE, ERR_NO_SUCH_RECORD (organisation), ERR_RECORD_EXISTS (login). */
MUST_CHECK enum err_code portal_account_add(struct portal *portal,
                                            const struct portal_account_new *new, int64_t *out_id,
                                            struct err *err);

/* What is to be changed; NULL: stays. */
struct portal_account_change {
    const char *name;
    const bool *disabled; /* the sessions of a disabled user end */
    const struct portal_password *password; /* the user's sessions end */
};
/* All of it or nothing. ERR_NO_SUCH_RECORD, ERR_FIELD_VALUE, ERR_LAST_ADMINISTRATOR. */
MUST_CHECK enum err_code portal_account_change(struct portal *portal, const char *login,
                                               const struct portal_account_change *change,
                                               struct err *err);
/* The user's own doing: the session of token goes on, the user's others end. */
MUST_CHECK enum err_code portal_account_set_password(struct portal *portal, int64_t id,
                                                     const struct portal_password *password,
                                                     const char *token, struct err *err);
/* NULL members stay. ERR_FIELD_VALUE. */
MUST_CHECK enum err_code portal_account_set_profile(struct portal *portal, int64_t id,
                                                    const struct portal_profile *profile,
                                                    struct err *err);
/* {login, name, role, organisation, disabled, created}, by login: of all. */
MUST_CHECK enum err_code portal_account_list(struct portal *portal, struct json **out,
                                             struct err *err);
