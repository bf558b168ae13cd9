/* The pages' server over a portal, in the test's own thread: the loop runs while a client thread waits for
 * its answer, so that a test may look at the database between two requests. */
#pragma once

#include "base/json.h"
#include "portal/portal_account.h"
#include "portal/web/web_server.h"

#define WEB_WORLD_ORIGIN "https://portal.example"
#define WEB_WORLD_HOST "portal.example"
#define WEB_WORLD_ORGANISATION "测试1023"
#define WEB_WORLD_PASSWORD "correct horse battery"

struct web_world {
    struct portal *portal; /* the test's */
    struct loop *loop;
    struct http_server *http;
    struct web_server *web;
    uint16_t port;
    char *token, *csrf; /* of the session that requests carry; NULL: none */
};

/* Over a portal of the test's, with a payment provider or NULL. */
struct web_world *web_world_new(struct portal *portal, const struct payment_provider *payment);
void web_world_free(struct web_world *world);

/* Adds a user whose password is WEB_WORLD_PASSWORD; organisation: NULL where the role has none, else made
 * when it is new. */
int64_t web_world_user(struct web_world *world, const char *login, enum portal_role role,
                       const char *organisation);
/* Opens a session that the requests that follow carry, with its CSRF token; NULL: none any more. */
void web_world_become(struct web_world *world, const char *login);

/* An answer; its texts are the result's. */
struct web_result {
    int status;
    char *head; /* status line and headers */
    char *body;
    size_t body_bytes;
    struct json *json; /* NULL: the body is none */
};
void web_result_done(struct web_result *result);
/* A member of the answer; NULL when it is no text. */
const char *web_result_text(const struct web_result *result, const char *name);
/* The value of a header, the caller's; NULL when there is none. */
char *web_result_header(const struct web_result *result, const char *name);

/* What our page would send. path: below WEB_BASE. body: NULL, or JSON. */
void web_world_ask(struct web_world *world, const char *method, const char *path, const char *body,
                   struct web_result *out);
/* The same, which must be answered with the status; fails the test otherwise. */
void web_world_expect(struct web_world *world, const char *method, const char *path,
                      const char *body, int status, struct web_result *out);
/* The same, which must be refused with the code. */
void web_world_refused(struct web_world *world, const char *method, const char *path,
                       const char *body, const char *code);
/* Exactly these bytes. */
void web_world_say(struct web_world *world, struct span request, struct web_result *out);
/* Sends it and leaves before there is an answer. */
void web_world_leave(struct web_world *world, struct span request);
/* The head of a request of our page, up to the empty line that ends it; the caller frees. more: further
 * header lines, each with CRLF. */
char *web_world_head(const struct web_world *world, const char *method, const char *path,
                     const char *more);
