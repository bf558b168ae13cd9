#include "portal/portal_account.h"

#include <stdlib.h>

#include "base/clock.h"
#include "portal/portal_audit.h"
#include "portal/portal_session.h"

static const char *const role_texts[] = {
    [PORTAL_ROLE_BIDDER] = "bidder",
    [PORTAL_ROLE_REVIEWER] = "reviewer",
    [PORTAL_ROLE_ADMINISTRATOR] = "administrator",
};

const char *portal_role_text(enum portal_role role)
{
    return role_texts[role];
}

enum err_code portal_role_from_text(const char *text, enum portal_role *out, struct err *err)
{
    for (int role = 0; role < PORTAL_ROLE_COUNT; role++)
        if (strcmp(role_texts[role], text) == 0) {
            *out = (enum portal_role)role;
            return ERR_NONE;
        }
    return err_set(err, ERR_FIELD_VALUE, "role: none of bidder, reviewer, administrator");
}

/* ---- checks ---- */

enum err_code portal_account_check_login(const char *login, struct err *err)
{
    static const char first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    static const char all[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
    size_t length = strlen(login);
    if (length < PORTAL_LOGIN_BYTES_MIN || length > PORTAL_LOGIN_BYTES_MAX ||
        strspn(login, first) == 0 || strspn(login, all) != length)
        return err_set(err, ERR_FIELD_VALUE,
                       "login: %d to %d letters, digits, \"_.-\" behind the first",
                       PORTAL_LOGIN_BYTES_MIN, PORTAL_LOGIN_BYTES_MAX);
    return ERR_NONE;
}

/* Text of one line. */
static enum err_code check_text(const char *what, const char *text, size_t bytes_min,
                                size_t bytes_max, struct err *err)
{
    size_t length = strlen(text);
    if (length < bytes_min || length > bytes_max)
        return err_set(err, ERR_FIELD_VALUE, "%s: %zu bytes, %zu to %zu are allowed", what, length,
                       bytes_min, bytes_max);
    for (size_t at = 0, size; at < length; at += size) {
        size = text_utf8_length(text + at, length - at);
        if (size == 0 || (unsigned char)text[at] < ' ' || text[at] == 0x7F)
            return err_set(err, ERR_FIELD_VALUE, "%s: a control character, or not UTF-8", what);
    }
    return ERR_NONE;
}

static enum err_code check_name(const char *name, struct err *err)
{
    return check_text("name", name, 1, PORTAL_NAME_BYTES_MAX, err);
}

/* ---- reading ---- */

void portal_account_free(struct portal_account *account)
{
    if (account == NULL)
        return;
    free(account->login);
    free(account->name);
    free(account->organisation);
    free(account->department);
    free(account->office_phone);
    free(account->mobile_phone);
    free(account->email);
    free(account);
}

void portal_account_freep(struct portal_account **account)
{
    portal_account_free(*account);
    *account = NULL;
}

static enum err_code copy_blob(struct span blob, uint8_t *out, size_t size, struct err *err)
{
    if (blob.len != size)
        return err_set(err, ERR_DATABASE, "%zu bytes of a password, not %zu", blob.len, size);
    memcpy(out, blob.at, size);
    return ERR_NONE;
}

static enum err_code read_row(const struct portal_query *query, struct portal_account **out,
                              struct err *err)
{
    AUTO(portal_account_freep) struct portal_account *account = memory_new(sizeof *account);
    *account = (struct portal_account){
        .id = portal_query_integer(query, 0),
        .login = memory_text(portal_query_text(query, 1)),
        .name = memory_text(portal_query_text(query, 2)),
        .organisation_id = portal_query_integer(query, 4),
        .organisation = memory_text(portal_query_text(query, 5)),
        .department = memory_text(portal_query_text(query, 6)),
        .office_phone = memory_text(portal_query_text(query, 7)),
        .mobile_phone = memory_text(portal_query_text(query, 8)),
        .email = memory_text(portal_query_text(query, 9)),
        .disabled = !portal_query_is_null(query, 10),
        .password = {.n = portal_query_integer(query, 11),
                     .r = portal_query_integer(query, 12),
                     .p = portal_query_integer(query, 13)},
    };
    if (portal_role_from_text(portal_query_text(query, 3), &account->role, err) != ERR_NONE ||
        copy_blob(portal_query_blob(query, 14), account->password.salt,
                  sizeof account->password.salt, err) != ERR_NONE ||
        copy_blob(portal_query_blob(query, 15), account->password.hash,
                  sizeof account->password.hash, err) != ERR_NONE)
        return err->code;
    *out = TAKE(account);
    return ERR_NONE;
}

#define SELECT_ACCOUNT \
    "SELECT user.id, login, user.name, role, organisation_id, organisation.name, department, " \
    "office_phone, mobile_phone, email, disabled_utc, password_n, password_r, password_p, " \
    "password_salt, password_hash " \
    "FROM user LEFT JOIN organisation ON organisation.id = organisation_id "

static enum err_code load(struct portal *portal, const char *sql, struct portal_value by,
                          struct portal_account **out, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(portal->db, sql, PORTAL_VALUES(by), &query, err) != ERR_NONE ||
        portal_query_one(query, err) != ERR_NONE)
        return err_add(err, "find the account");
    return read_row(query, out, err);
}

enum err_code portal_account_find(struct portal *portal, const char *login,
                                  struct portal_account **out, struct err *err)
{
    return load(portal, SELECT_ACCOUNT "WHERE login = ?", PORTAL_TEXT(login), out, err);
}

enum err_code portal_account_load(struct portal *portal, int64_t id, struct portal_account **out,
                                  struct err *err)
{
    return load(portal, SELECT_ACCOUNT "WHERE user.id = ?", PORTAL_INTEGER(id), out, err);
}

static struct json *account_json(const struct portal_query *query)
{
    struct json *json = json_new_object();
    json_add_text(json, "login", portal_query_text(query, 0));
    json_add_text(json, "name", portal_query_text(query, 1));
    json_add_text(json, "role", portal_query_text(query, 2));
    json_add_text(json, "organisation",
                  portal_query_is_null(query, 3) ? NULL : portal_query_text(query, 3));
    json_add_bool(json, "disabled", !portal_query_is_null(query, 4));
    json_add_utc(json, "created", portal_query_integer(query, 5));
    return json;
}

enum err_code portal_account_list(struct portal *portal, struct json **out, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(portal->db,
                        "SELECT login, user.name, role, organisation.name, disabled_utc, "
                        "user.created_utc FROM user "
                        "LEFT JOIN organisation ON organisation.id = organisation_id "
                        "ORDER BY login",
                        PORTAL_NO_VALUES, &query, err) != ERR_NONE)
        return err->code;
    return portal_query_list(query, account_json, out, err);
}

/* ---- adding ---- */

/* NULL where the role has none. */
static enum err_code organisation_of(struct portal *portal, const struct portal_account_new *new,
                                     struct portal_value *out, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if ((new->role == PORTAL_ROLE_BIDDER) != (new->organisation != NULL))
        return err_set(err, ERR_FIELD_VALUE, "organisation: a bidder has one, nobody else has");
    if (new->organisation == NULL) {
        *out = PORTAL_NULL;
        return ERR_NONE;
    }
    if (portal_db_query(portal->db, "SELECT id FROM organisation WHERE name = ?",
                        PORTAL_VALUES(PORTAL_TEXT(new->organisation)), &query, err) != ERR_NONE ||
        portal_query_one(query, err) != ERR_NONE)
        return err_add(err, "find the organisation");
    *out = PORTAL_INTEGER(portal_query_integer(query, 0));
    return ERR_NONE;
}

static enum err_code insert(struct portal *portal, const struct portal_account_new *new,
                            struct portal_value organisation, struct err *err)
{
    const struct portal_password *password = new->password;
    int64_t now = clock_now_utc();
    return portal_db_run(
        portal->db,
        "INSERT INTO user (login, name, role, organisation_id, password_n, password_r, "
        "password_p, password_salt, password_hash, created_utc, changed_utc) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        PORTAL_VALUES(PORTAL_TEXT(new->login), PORTAL_TEXT(new->name),
                      PORTAL_TEXT(portal_role_text(new->role)), organisation,
                      PORTAL_INTEGER(password->n), PORTAL_INTEGER(password->r),
                      PORTAL_INTEGER(password->p), PORTAL_BLOB(SPAN_ARRAY(password->salt)),
                      PORTAL_BLOB(SPAN_ARRAY(password->hash)), PORTAL_INTEGER(now),
                      PORTAL_INTEGER(now)),
        err);
}

enum err_code portal_account_add(struct portal *portal, const struct portal_account_new *new,
                                 int64_t *out_id, struct err *err)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    struct portal_value organisation = PORTAL_NULL;
    if (portal_account_check_login(new->login, err) != ERR_NONE ||
        check_name(new->name, err) != ERR_NONE ||
        portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        organisation_of(portal, new, &organisation, err) != ERR_NONE ||
        insert(portal, new, organisation, err) != ERR_NONE)
        return err_add(err, "add the account");
    int64_t id = portal_db_last_id(portal->db);
    if (portal_audit_add(portal, "account.added", new->login, portal_role_text(new->role), err) !=
            ERR_NONE ||
        portal_transaction_commit(&transaction, err) != ERR_NONE)
        return err_add(err, "add the account");
    *out_id = id;
    return ERR_NONE;
}

/* ---- changing; all inside the caller's transaction ---- */

static enum err_code set_name(struct portal *portal, const struct portal_account *account,
                              const char *name, struct err *err)
{
    if (check_name(name, err) != ERR_NONE ||
        portal_db_run(portal->db, "UPDATE user SET name = ?, changed_utc = ? WHERE id = ?",
                      PORTAL_VALUES(PORTAL_TEXT(name), PORTAL_INTEGER(clock_now_utc()),
                                    PORTAL_INTEGER(account->id)),
                      err) != ERR_NONE)
        return err->code;
    return portal_audit_add(portal, "account.renamed", account->login, name, err);
}

static enum err_code check_others(struct portal *portal, const struct portal_account *account,
                                  struct err *err)
{
    int64_t others = 0;
    if (account->role != PORTAL_ROLE_ADMINISTRATOR)
        return ERR_NONE;
    if (portal_db_number(portal->db,
                         "SELECT count(*) FROM user "
                         "WHERE role = 'administrator' AND disabled_utc IS NULL AND id <> ?",
                         PORTAL_VALUES(PORTAL_INTEGER(account->id)), &others, err) != ERR_NONE)
        return err_add(err, "count the administrators");
    return others > 0 ? ERR_NONE
                      : err_set(err, ERR_LAST_ADMINISTRATOR, "%s is the last one", account->login);
}

static enum err_code set_disabled(struct portal *portal, const struct portal_account *account,
                                  bool disabled, struct err *err)
{
    int64_t now = clock_now_utc();
    if (disabled == account->disabled)
        return ERR_NONE;
    if ((disabled && check_others(portal, account, err) != ERR_NONE) ||
        portal_db_run(portal->db, "UPDATE user SET disabled_utc = ?, changed_utc = ? WHERE id = ?",
                      PORTAL_VALUES(disabled ? PORTAL_INTEGER(now) : PORTAL_NULL,
                                    PORTAL_INTEGER(now), PORTAL_INTEGER(account->id)),
                      err) != ERR_NONE ||
        portal_session_close_others(portal, account->id, NULL, err) != ERR_NONE)
        return err->code;
    return portal_audit_add(portal, disabled ? "account.disabled" : "account.enabled",
                            account->login, "", err);
}

static enum err_code set_password(struct portal *portal, const struct portal_account *account,
                                  const struct portal_password *password, const char *token,
                                  struct err *err)
{
    if (portal_db_run(portal->db,
                      "UPDATE user SET password_n = ?, password_r = ?, password_p = ?, "
                      "password_salt = ?, password_hash = ?, changed_utc = ? WHERE id = ?",
                      PORTAL_VALUES(PORTAL_INTEGER(password->n), PORTAL_INTEGER(password->r),
                                    PORTAL_INTEGER(password->p),
                                    PORTAL_BLOB(SPAN_ARRAY(password->salt)),
                                    PORTAL_BLOB(SPAN_ARRAY(password->hash)),
                                    PORTAL_INTEGER(clock_now_utc()), PORTAL_INTEGER(account->id)),
                      err) != ERR_NONE ||
        portal_session_close_others(portal, account->id, token, err) != ERR_NONE)
        return err->code;
    return portal_audit_add(portal, "account.password-changed", account->login, "", err);
}

enum err_code portal_account_change(struct portal *portal, const char *login,
                                    const struct portal_account_change *change, struct err *err)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    AUTO(portal_account_freep) struct portal_account *account = NULL;
    if (portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        portal_account_find(portal, login, &account, err) != ERR_NONE ||
        (change->name != NULL && set_name(portal, account, change->name, err) != ERR_NONE) ||
        (change->password != NULL &&
         set_password(portal, account, change->password, NULL, err) != ERR_NONE) ||
        (change->disabled != NULL &&
         set_disabled(portal, account, *change->disabled, err) != ERR_NONE))
        return err_add(err, "change the account");
    return portal_transaction_commit(&transaction, err);
}

enum err_code portal_account_set_password(struct portal *portal, int64_t id,
                                          const struct portal_password *password, const char *token,
                                          struct err *err)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    AUTO(portal_account_freep) struct portal_account *account = NULL;
    if (portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        portal_account_load(portal, id, &account, err) != ERR_NONE ||
        set_password(portal, account, password, token, err) != ERR_NONE)
        return err_add(err, "change the password");
    return portal_transaction_commit(&transaction, err);
}

static enum err_code check_profile(const struct portal_profile *profile, struct err *err)
{
    const struct {
        const char *name, *text;
    } fields[] = {{"department", profile->department},
                  {"office_phone", profile->office_phone},
                  {"mobile_phone", profile->mobile_phone},
                  {"email", profile->email}};
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
        if (fields[i].text != NULL && check_text(fields[i].name, fields[i].text, 0,
                                                 PORTAL_PROFILE_TEXT_BYTES_MAX, err) != ERR_NONE)
            return err->code;
    return ERR_NONE;
}

/* Whether the profile says anything else than is kept. */
static bool differs(const struct portal_profile *profile, const struct portal_account *account)
{
    const struct {
        const char *said, *kept;
    } texts[] = {{profile->department, account->department},
                 {profile->office_phone, account->office_phone},
                 {profile->mobile_phone, account->mobile_phone},
                 {profile->email, account->email}};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
        if (texts[i].said != NULL && strcmp(texts[i].said, texts[i].kept) != 0)
            return true;
    return false;
}

enum err_code portal_account_set_profile(struct portal *portal, int64_t id,
                                         const struct portal_profile *profile, struct err *err)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    AUTO(portal_account_freep) struct portal_account *account = NULL;
    if (check_profile(profile, err) != ERR_NONE ||
        portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        portal_account_load(portal, id, &account, err) != ERR_NONE)
        return err_add(err, "change the profile");
    if (!differs(profile, account))
        return ERR_NONE;
    if (portal_db_run(portal->db,
                      "UPDATE user SET department = coalesce(?, department), "
                      "office_phone = coalesce(?, office_phone), "
                      "mobile_phone = coalesce(?, mobile_phone), email = coalesce(?, email), "
                      "changed_utc = ? WHERE id = ?",
                      PORTAL_VALUES(PORTAL_TEXT(profile->department),
                                    PORTAL_TEXT(profile->office_phone),
                                    PORTAL_TEXT(profile->mobile_phone), PORTAL_TEXT(profile->email),
                                    PORTAL_INTEGER(clock_now_utc()), PORTAL_INTEGER(id)),
                      err) != ERR_NONE ||
        portal_audit_add(portal, "account.profile-changed", account->login, "", err) != ERR_NONE)
        return err_add(err, "change the profile");
    return portal_transaction_commit(&transaction, err);
}
