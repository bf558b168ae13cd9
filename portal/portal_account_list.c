#include "portal/portal_account_list.h"

#include "portal/portal_like.h"

static enum err_code user_row(void *context, const struct portal_query *query, struct json **out,
                              struct err *err)
{
    struct json *json = json_new_object();
    json_add_text(json, "login", portal_query_text(query, 1));
    json_add_text(json, "name", portal_query_text(query, 2));
    json_add_text(json, "role", portal_query_text(query, 3));
    json_add_text(json, "organisation",
                  portal_query_is_null(query, 4) ? NULL : portal_query_text(query, 4));
    json_add_bool(json, "disabled", !portal_query_is_null(query, 5));
    json_add_utc(json, "created", portal_query_integer(query, 6));
    *out = json;
    return ERR_NONE;
}

static enum err_code organisation_row(void *context, const struct portal_query *query,
                                      struct json **out, struct err *err)
{
    struct json *json = json_new_object();
    json_add_integer(json, "id", portal_query_integer(query, 0));
    json_add_text(json, "name", portal_query_text(query, 1));
    json_add_integer(json, "users", portal_query_integer(query, 2));
    *out = json;
    return ERR_NONE;
}

/* A list's statements: values are the key, the pattern and the limit. */
struct list {
    const char *forwards, *backwards;
    portal_page_row row;
};

static enum err_code read_page(struct portal *portal, const struct list *list,
                               const struct portal_page *page, const char *search,
                               struct json **out, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    AUTO(memory_freep) char *pattern = NULL;
    if (portal_like_pattern(search, &pattern, err) != ERR_NONE ||
        portal_db_query(portal->db, page->backwards ? list->backwards : list->forwards,
                        PORTAL_VALUES(PORTAL_INTEGER(portal_like_from(page)), PORTAL_TEXT(pattern),
                                      PORTAL_INTEGER(page->limit + 1)),
                        &query, err) != ERR_NONE)
        return err->code;
    return portal_page_collect(page, query, list->row, NULL, out, err);
}

#define USERS \
    "SELECT user.id, login, user.name, role, organisation.name, disabled_utc, user.created_utc " \
    "FROM user LEFT JOIN organisation ON organisation.id = organisation_id WHERE "
#define USER_MATCHES \
    " AND (?2 IS NULL OR login LIKE ?2 ESCAPE '\\' OR user.name LIKE ?2 ESCAPE '\\' " \
    "OR organisation.name LIKE ?2 ESCAPE '\\') ORDER BY user.id "

enum err_code portal_account_list_users(struct portal *portal, const struct portal_page *page,
                                        const char *search, struct json **out, struct err *err)
{
    static const struct list list = {
        USERS "user.id < ?1" USER_MATCHES "DESC LIMIT ?3",
        USERS "user.id > ?1" USER_MATCHES "LIMIT ?3",
        user_row,
    };
    return read_page(portal, &list, page, search, out, err);
}

enum err_code portal_account_list_user(struct portal *portal, const char *login, struct json **out,
                                       struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(portal->db, USERS "login = ?", PORTAL_VALUES(PORTAL_TEXT(login)), &query,
                        err) != ERR_NONE ||
        portal_query_one(query, err) != ERR_NONE)
        return err_add(err, "find the user");
    return user_row(NULL, query, out, err);
}

#define ORGANISATIONS \
    "SELECT id, name, (SELECT count(*) FROM user WHERE organisation_id = organisation.id) " \
    "FROM organisation WHERE "
#define ORGANISATION_MATCHES " AND (?2 IS NULL OR name LIKE ?2 ESCAPE '\\') ORDER BY id "

enum err_code portal_account_list_organisations(struct portal *portal,
                                                const struct portal_page *page, const char *search,
                                                struct json **out, struct err *err)
{
    static const struct list list = {
        ORGANISATIONS "id < ?1" ORGANISATION_MATCHES "DESC LIMIT ?3",
        ORGANISATIONS "id > ?1" ORGANISATION_MATCHES "LIMIT ?3",
        organisation_row,
    };
    return read_page(portal, &list, page, search, out, err);
}
