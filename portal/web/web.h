/* The interface for the portal's own pages (docs/protocol/web.md): who may call what, and the tables of
 * handlers by subject. One thread. */
#pragma once

#include "base/json.h"
#include "base/loop.h"
#include "http/http_server.h"
#include "portal/pay/payment.h"
#include "portal/portal.h"

#define WEB_BASE "/web/v1"
#define WEB_BODY_BYTES_MAX 16384 /* the largest form has eight texts of 256 bytes */

enum web_role {
    WEB_BIDDER = 1 << 0,
    WEB_REVIEWER = 1 << 1,
    WEB_ADMINISTRATOR = 1 << 2,
};
#define WEB_ANYONE 0 /* no session needed */
#define WEB_ALL (WEB_BIDDER | WEB_REVIEWER | WEB_ADMINISTRATOR)

/* Who is logged in. */
struct web_user {
    int64_t id;
    const char *login;
    const char *name;
    enum web_role role;
    int64_t organisation_id; /* 0: of none */
};

struct web_pool;

struct web {
    struct portal *portal;
    struct loop *loop;
    const struct payment_provider *payment; /* NULL: this portal takes no payments */
    struct payment_worker *payment_worker; /* NULL when payment is */
    const char *origin; /* "https://host:port", as browsers name it */
    struct web_pool *passwords; /* threads for scrypt: portal/web/web_pool.h */
    struct web_pool *readers; /* threads for long reads: portal/web/web_reader.h */
    struct web_audit *audit; /* what web_audit.c remembers; NULL at first */
};

/* One request that passed the guard: session, role, CSRF, size, content type. */
struct web_call {
    struct web *web;
    struct http_request *request;
    const struct web_user *user; /* NULL where anyone may call */
    const char *token; /* of the session; NULL without one */
    const struct json *body; /* an object; NULL for GET, DELETE and raw routes */
    struct span raw; /* of a raw route */
};

/* What a handler answers. Taken over by the caller. */
struct web_answer {
    int status; /* 0: 200 */
    struct json *json; /* NULL: no body */
    char *cookie; /* Set-Cookie */
    int retry_after_s; /* also beside a refusal */
    bool later; /* the handler has taken the request over and answers it itself */
};

/* Answers a request that was taken over (answer->later), once, from the loop's thread: with the answer, or
 * with the refusal when result is not ERR_NONE. Takes over what answer holds. What a call borrowed (user,
 * body, token) is gone by then, and portal->actor may be another's: see web_act_as. web_pool_start does
 * slow work on a thread and looks after clients that leave. */
void web_reply(struct http_request *request, enum err_code result, struct web_answer *answer,
               struct err *err);
/* Sets portal->actor to "user:<login>". */
void web_act_as(struct web *web, const char *login);

typedef enum err_code (*web_handler)(const struct web_call *call, struct web_answer *out,
                                     struct err *err);

struct web_route {
    enum http_method method;
    const char *pattern; /* below WEB_BASE: "/orders/{number}" */
    int roles; /* of enum web_role, or WEB_ANYONE */
    web_handler handler;
    size_t raw_bytes_max; /* not 0: the body is taken as it is, up to so many bytes */
    bool unguarded; /* no CSRF check: log-in, and who brings a signature of its own */
    bool uncounted; /* beside the limit on changes: logging out */
};

struct web_table {
    const struct web_route *routes;
    size_t count;
};

/* By subject: each in the file of its name. */
extern const struct web_table web_session_table; /* web_session.c: log-in, profile, password */
extern const struct web_table web_account_table; /* web_account.c: users, organisations */
extern const struct web_table web_audit_table; /* web_audit.c: the audit trail */
extern const struct web_table web_download_table; /* web_download.c */
extern const struct web_table web_order_table; /* web_order.c: orders, review */
extern const struct web_table web_attachment_table; /* web_attachment.c */
extern const struct web_table web_key_table; /* web_key.c: keys, resets, tickets */
extern const struct web_table web_payment_table; /* web_payment.c */
