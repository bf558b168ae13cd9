#include <stdlib.h>
#include <sys/socket.h>

#include "portal/portal_audit.h"
#include "portal/portal_login.h"
#include "portal/portal_order_new.h"
#include "portal/portal_session.h"
#include "portal/web/web.h"
#include "portal/web/web_guard.h"
#include "portal/web/web_pool.h"

#define COOKIE_ATTRIBUTES "; Path=/; Secure; HttpOnly; SameSite=Strict"

/* ---- the session's answer ---- */

static struct json *user_json(const struct portal_account *account)
{
    struct json *json = json_new_object();
    json_add_text(json, "login", account->login);
    json_add_text(json, "name", account->name);
    json_add_text(json, "role", portal_role_text(account->role));
    json_add_text(json, "organisation",
                  account->organisation_id != 0 ? account->organisation : NULL);
    json_add_text(json, "department", account->department);
    json_add_text(json, "office_phone", account->office_phone);
    json_add_text(json, "mobile_phone", account->mobile_phone);
    json_add_text(json, "email", account->email);
    return json;
}

static enum err_code session_json(struct web *web, int64_t user_id, const char *token,
                                  struct json **out, struct err *err)
{
    AUTO(portal_account_freep) struct portal_account *account = NULL;
    AUTO(memory_freep) char *csrf = portal_session_csrf(token);
    int64_t fee_fen = 0;
    if (portal_account_load(web->portal, user_id, &account, err) != ERR_NONE ||
        portal_order_fee_per_month(web->portal, &fee_fen, err) != ERR_NONE)
        return err->code;
    struct json *json = json_new_object();
    json_add(json, "user", user_json(account));
    json_add_text(json, "csrf", csrf);
    json_add_text(json, "platform", web->portal->name);
    json_add_integer(json, "fee_fen_per_month", fee_fen);
    *out = json;
    return ERR_NONE;
}

static enum err_code get_session(const struct web_call *call, struct web_answer *out,
                                 struct err *err)
{
    return session_json(call->web, call->user->id, call->token, &out->json, err);
}

/* ---- a password that is compared on a thread ---- */

struct proof {
    struct web *web;
    struct portal_login *attempt;
    struct secret *password;
    struct secret *new_password; /* NULL: a log-in */
    char *token; /* of the session that is there already; NULL: none */
    int64_t user_id; /* of that session */
    /* what the thread found */
    bool matched;
    struct portal_password made; /* of new_password, when the old one matched */
    enum err_code result;
    struct err err;
};

static void proof_free(struct proof *proof)
{
    if (proof == NULL)
        return;
    portal_login_free(proof->attempt);
    secret_free(proof->password);
    secret_free(proof->new_password);
    free(proof->token);
    free(proof);
}

static void proof_freep(struct proof **proof)
{
    proof_free(*proof);
    *proof = NULL;
}

static void proof_dropped(void *context)
{
    proof_free(context);
}

static void compare(void *context)
{
    struct proof *proof = context;
    proof->result = portal_password_matches(portal_login_kept(proof->attempt), proof->password,
                                            &proof->matched, &proof->err);
    if (proof->result == ERR_NONE && proof->matched && proof->new_password != NULL)
        proof->result = portal_password_make(proof->new_password, &proof->made, &proof->err);
}

/* Counts the attempt and queues the proof; takes it over when it succeeds. */
static enum err_code start(const struct web_call *call, struct proof **proof, const char *login,
                           void (*done)(void *context, struct http_request *request),
                           struct web_answer *out, struct err *err)
{
    char address[PORTAL_LOGIN_ADDRESS_BYTES];
    struct web *web = call->web;
    if (!web_pool_has_room(web->passwords))
        return err_set(err, ERR_HTTP_TOO_MANY, "too many passwords are waiting");
    portal_login_address(http_request_peer(call->request, NULL), address);
    const struct web_work work = {compare, done, proof_dropped, *proof};
    if (portal_login_begin(web->portal, login, address, &(*proof)->attempt, &out->retry_after_s,
                           err) != ERR_NONE ||
        web_pool_start(web->passwords, call->request, &work, err) != ERR_NONE)
        return err->code;
    *proof = NULL;
    out->later = true;
    return ERR_NONE;
}

static struct proof *new_proof(struct web *web, const char *token)
{
    struct proof *proof = memory_new(sizeof *proof);
    proof->web = web;
    proof->err = ERR_INIT;
    proof->token = memory_text(token);
    return proof;
}

/* ---- logging in ---- */

static enum err_code log_in(struct proof *proof, struct web_answer *answer, struct err *err)
{
    AUTO(memory_freep) char *token = NULL;
    struct portal *portal = proof->web->portal;
    portal_set_actor(portal, "web");
    if (proof->result != ERR_NONE) {
        *err = proof->err;
        return proof->result;
    }
    if (portal_login_end(portal, proof->attempt, proof->matched, proof->token, &token, err) !=
            ERR_NONE ||
        session_json(proof->web, proof->attempt->user_id, token, &answer->json, err) != ERR_NONE)
        return err->code;
    answer->cookie = memory_printf("%s=%s%s", WEB_COOKIE, token, COOKIE_ATTRIBUTES);
    return ERR_NONE;
}

static void logged_in(void *context, struct http_request *request)
{
    AUTO(proof_freep) struct proof *proof = context;
    struct web_answer answer = {0};
    struct err err = ERR_INIT;
    /* A session that nobody waits for is not opened. */
    proof->matched = proof->matched && request != NULL;
    enum err_code result = log_in(proof, &answer, &err);
    if (request != NULL)
        web_reply(request, result, &answer, &err);
}

static enum err_code post_session(const struct web_call *call, struct web_answer *out,
                                  struct err *err)
{
    struct web_headers headers = web_guard_headers(call->request);
    char token[PORTAL_SESSION_TOKEN_CHARACTERS + 1];
    const char *login = NULL, *password = NULL;
    const struct json_field fields[] = {
        {"login", JSON_TEXT, false, PORTAL_LOGIN_BYTES_MAX, &login},
        {"password", JSON_TEXT, false, SECRET_BYTES_MAX, &password},
    };
    if (web_guard_same_origin(&headers, call->web->origin, err) != ERR_NONE ||
        json_read(call->body, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_REFUSED, err) != ERR_NONE)
        return err->code;
    bool has_token = web_guard_token(&headers, token, sizeof token);
    AUTO(proof_freep) struct proof *proof = new_proof(call->web, has_token ? token : NULL);
    if (portal_password_take(span_text(password), &proof->password, err) != ERR_NONE)
        return err->code;
    return start(call, &proof, login, logged_in, out, err);
}

/* ---- another password ---- */

static enum err_code change_password(struct proof *proof, struct err *err)
{
    struct portal *portal = proof->web->portal;
    web_act_as(proof->web, proof->attempt->login);
    if (proof->result != ERR_NONE) {
        *err = proof->err;
        return proof->result;
    }
    if (portal_login_prove(portal, proof->attempt, proof->matched, err) != ERR_NONE)
        return err->code;
    return portal_account_set_password(portal, proof->user_id, &proof->made, proof->token, err);
}

static void password_proved(void *context, struct http_request *request)
{
    AUTO(proof_freep) struct proof *proof = context;
    struct web_answer answer = {.status = 204};
    struct err err = ERR_INIT;
    proof->matched = proof->matched && request != NULL;
    enum err_code result = change_password(proof, &err);
    if (request != NULL)
        web_reply(request, result, &answer, &err);
}

static enum err_code put_password(const struct web_call *call, struct web_answer *out,
                                  struct err *err)
{
    const char *old = NULL, *new = NULL;
    const struct json_field fields[] = {
        {"old", JSON_TEXT, false, SECRET_BYTES_MAX, &old},
        {"new", JSON_TEXT, false, SECRET_BYTES_MAX, &new},
    };
    if (json_read(call->body, fields, ARRAY_SIZE(fields), JSON_UNKNOWN_REFUSED, err) != ERR_NONE ||
        portal_password_check(call->user->login, span_text(new), err) != ERR_NONE)
        return err->code;
    AUTO(proof_freep) struct proof *proof = new_proof(call->web, call->token);
    proof->user_id = call->user->id;
    if (portal_password_take(span_text(old), &proof->password, err) != ERR_NONE ||
        portal_password_take(span_text(new), &proof->new_password, err) != ERR_NONE)
        return err->code;
    return start(call, &proof, call->user->login, password_proved, out, err);
}

/* ---- the rest ---- */

static enum err_code delete_session(const struct web_call *call, struct web_answer *out,
                                    struct err *err)
{
    AUTO(portal_transaction_end) struct portal_transaction transaction = {0};
    struct portal *portal = call->web->portal;
    if (portal_transaction_begin(&transaction, portal->db, err) != ERR_NONE ||
        portal_session_close(portal, call->token, err) != ERR_NONE ||
        portal_audit_add(portal, "logout", call->user->login, "", err) != ERR_NONE ||
        portal_transaction_commit(&transaction, err) != ERR_NONE)
        return err_add(err, "log out");
    out->status = 204;
    out->cookie = memory_printf("%s=%s; Max-Age=0", WEB_COOKIE, COOKIE_ATTRIBUTES);
    return ERR_NONE;
}

/* Its texts may be empty, as those of json_read may not. */
static enum err_code read_profile(const struct json *body, struct portal_profile *out,
                                  struct err *err)
{
    struct portal_profile profile = {0};
    const struct {
        const char *name;
        const char **out;
    } fields[] = {{"department", &profile.department},
                  {"office_phone", &profile.office_phone},
                  {"mobile_phone", &profile.mobile_phone},
                  {"email", &profile.email}};
    size_t known = 0;
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
        const struct json *member = json_member(body, fields[i].name);
        *fields[i].out = json_text_of(member);
        if (member != NULL && *fields[i].out == NULL)
            return err_set(err, ERR_FIELD_TYPE, "%s: not a text", fields[i].name);
        known += member != NULL;
    }
    if (known != json_count(body))
        return err_set(err, ERR_FIELD_UNKNOWN, "a member that a profile has not");
    *out = profile;
    return ERR_NONE;
}

static enum err_code put_profile(const struct web_call *call, struct web_answer *out,
                                 struct err *err)
{
    struct portal_profile profile;
    AUTO(portal_account_freep) struct portal_account *account = NULL;
    struct portal *portal = call->web->portal;
    if (read_profile(call->body, &profile, err) != ERR_NONE ||
        portal_account_set_profile(portal, call->user->id, &profile, err) != ERR_NONE ||
        portal_account_load(portal, call->user->id, &account, err) != ERR_NONE)
        return err->code;
    out->json = user_json(account);
    return ERR_NONE;
}

static const struct web_route routes[] = {
    {HTTP_POST, "/session", WEB_ANYONE, post_session, .unguarded = true},
    {HTTP_GET, "/session", WEB_ALL, get_session},
    {HTTP_DELETE, "/session", WEB_ALL, delete_session, .uncounted = true},
    {HTTP_PUT, "/session/password", WEB_ALL, put_password},
    {HTTP_PUT, "/profile", WEB_ALL, put_profile},
};
const struct web_table web_session_table = {routes, ARRAY_SIZE(routes)};
