#include <stdlib.h>

#include "portal/portal_account.h"
#include "portal/portal_account_list.h"
#include "portal/portal_key.h"
#include "portal/web/web_order.h"
#include "portal/web/web_pool.h"

/* ---- lists ---- */

typedef enum err_code (*lister)(struct portal *portal, const struct portal_page *page,
                                const char *search, struct json **out, struct err *err);

static enum err_code read_list(const struct web_call *call, enum portal_page_list kind, lister list,
                               struct web_answer *out, struct err *err)
{
    struct portal_page page;
    if (web_page_of(call, kind, &page, err) != ERR_NONE)
        return err->code;
    return list(call->web->portal, &page, http_request_query(call->request, "search"), &out->json,
                err);
}

static enum err_code get_users(const struct web_call *call, struct web_answer *out, struct err *err)
{
    return read_list(call, PORTAL_PAGE_USERS, portal_account_list_users, out, err);
}

static enum err_code get_organisations(const struct web_call *call, struct web_answer *out,
                                       struct err *err)
{
    return read_list(call, PORTAL_PAGE_ORGANISATIONS, portal_account_list_organisations, out, err);
}

/* ---- an account that waits for its password ---- */

struct change {
    struct web *web;
    char *actor;
    char *login, *name, *organisation; /* NULL: not given */
    bool adds;
    enum portal_role role; /* of a new one */
    bool sets_disabled, disabled;
    struct secret *password; /* NULL: stays */
    struct portal_password made;
    enum err_code result;
    struct err err;
};

static void change_free(struct change *change)
{
    free(change->actor);
    free(change->login);
    free(change->name);
    free(change->organisation);
    secret_free(change->password);
    free(change);
}

static void change_freep(struct change **change)
{
    if (*change != NULL)
        change_free(*change);
}

static void change_dropped(void *context)
{
    change_free(context);
}

static void make_password(void *context)
{
    struct change *change = context;
    change->result = portal_password_make(change->password, &change->made, &change->err);
}

static enum err_code add_account(const struct change *change, struct err *err)
{
    const struct portal_account_new new = {change->login, change->name, change->role,
                                           change->organisation, &change->made};
    int64_t id = 0;
    return portal_account_add(change->web->portal, &new, &id, err);
}

static enum err_code change_account(const struct change *change, struct err *err)
{
    const struct portal_account_change what = {
        .name = change->name,
        .disabled = change->sets_disabled ? &change->disabled : NULL,
        .password = change->password != NULL ? &change->made : NULL,
    };
    return portal_account_change(change->web->portal, change->login, &what, err);
}

static enum err_code carry_out(const struct change *change, struct web_answer *out, struct err *err)
{
    web_act_as(change->web, change->actor);
    if ((change->adds ? add_account(change, err) : change_account(change, err)) != ERR_NONE ||
        portal_account_list_user(change->web->portal, change->login, &out->json, err) != ERR_NONE)
        return err->code;
    out->status = change->adds ? 201 : 200;
    return ERR_NONE;
}

/* What was asked for is done also when the client has left. */
static void password_made(void *context, struct http_request *request)
{
    AUTO(change_freep) struct change *change = context;
    struct web_answer answer = {0};
    struct err err = change->err;
    enum err_code result = change->result;
    if (result == ERR_NONE)
        result = carry_out(change, &answer, &err);
    if (request != NULL)
        web_reply(request, result, &answer, &err);
    else
        json_free(answer.json);
}

static struct change *new_change(const struct web_call *call)
{
    struct change *change = memory_new(sizeof *change);
    change->web = call->web;
    change->actor = memory_text(call->user->login);
    change->err = ERR_INIT;
    return change;
}

static enum err_code take_password(struct change *change, const char *password, struct err *err)
{
    if (password == NULL)
        return ERR_NONE;
    if (portal_password_check(change->login, span_text(password), err) != ERR_NONE)
        return err->code;
    return portal_password_take(span_text(password), &change->password, err);
}

/* Takes change over when it succeeds with the answer to come later. */
static enum err_code start(const struct web_call *call, struct change **change,
                           struct web_answer *out, struct err *err)
{
    if ((*change)->password == NULL)
        return carry_out(*change, out, err);
    const struct web_work work = {make_password, password_made, change_dropped, *change};
    if (web_pool_start(call->web->passwords, call->request, &work, err) != ERR_NONE)
        return err->code;
    *change = NULL;
    out->later = true;
    return ERR_NONE;
}

static enum err_code post_user(const struct web_call *call, struct web_answer *out, struct err *err)
{
    const char *login = NULL, *name = NULL, *role = NULL, *organisation = NULL, *password = NULL;
    const struct json_field fields[] = {
        {"login", JSON_TEXT, false, PORTAL_LOGIN_BYTES_MAX, &login},
        {"name", JSON_TEXT, false, PORTAL_NAME_BYTES_MAX, &name},
        {"role", JSON_TEXT, false, PORTAL_LOGIN_BYTES_MAX, &role},
        {"organisation", JSON_TEXT, true, PORTAL_NAME_BYTES_MAX, &organisation},
        {"password", JSON_TEXT, false, SECRET_BYTES_MAX, &password},
    };
    AUTO(change_freep) struct change *change = new_change(call);
    change->adds = true;
    if (json_read(call->body, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_REFUSED, err) != ERR_NONE ||
        portal_account_check_login(login, err) != ERR_NONE ||
        portal_role_from_text(role, &change->role, err) != ERR_NONE)
        return err->code;
    change->login = memory_text(login);
    change->name = memory_text(name);
    change->organisation = memory_text(organisation);
    if (take_password(change, password, err) != ERR_NONE)
        return err->code;
    return start(call, &change, out, err);
}

static enum err_code put_user(const struct web_call *call, struct web_answer *out, struct err *err)
{
    const char *name = NULL, *password = NULL;
    bool disabled = false, same = true; /* they differ unless the member is there */
    const struct json_field fields[] = {
        {"name", JSON_TEXT, true, PORTAL_NAME_BYTES_MAX, &name},
        {"password", JSON_TEXT, true, SECRET_BYTES_MAX, &password},
        {"disabled", JSON_BOOL, true, 0, &disabled},
        {"disabled", JSON_BOOL, true, 0, &same},
    };
    AUTO(change_freep) struct change *change = new_change(call);
    if (json_read(call->body, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_REFUSED, err) != ERR_NONE)
        return err->code;
    change->login = memory_text(http_request_segment(call->request, "login"));
    change->name = memory_text(name);
    change->sets_disabled = disabled == same;
    change->disabled = disabled;
    if (take_password(change, password, err) != ERR_NONE)
        return err->code;
    return start(call, &change, out, err);
}

/* ---- organisations ---- */

static enum err_code post_organisation(const struct web_call *call, struct web_answer *out,
                                       struct err *err)
{
    const char *name = NULL;
    const struct json_field fields[] = {{"name", JSON_TEXT, false, PORTAL_NAME_BYTES_MAX, &name}};
    int64_t id = 0;
    if (json_read(call->body, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_REFUSED, err) != ERR_NONE ||
        portal_organisation_add(call->web->portal, name, &id, err) != ERR_NONE)
        return err->code;
    out->status = 201;
    out->json = json_new_object();
    json_add_integer(out->json, "id", id);
    json_add_text(out->json, "name", name);
    json_add_integer(out->json, "users", 0);
    return ERR_NONE;
}

static const struct web_route routes[] = {
    {HTTP_GET, "/users", WEB_ADMINISTRATOR, get_users},
    {HTTP_POST, "/users", WEB_ADMINISTRATOR, post_user},
    {HTTP_PUT, "/users/{login}", WEB_ADMINISTRATOR, put_user},
    {HTTP_GET, "/organisations", WEB_ADMINISTRATOR, get_organisations},
    {HTTP_POST, "/organisations", WEB_ADMINISTRATOR, post_organisation},
};
const struct web_table web_account_table = {routes, ARRAY_SIZE(routes)};
