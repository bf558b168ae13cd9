/* What the tests of payment share: a folder, keys of a merchant and of a service, and an HTTPS server in a
 * thread of its own. */
#pragma once

#include "base/loop.h"
#include "http/http_server.h"
#include "portal/pay/pay_message.h"
#include "portal/pay/sandbox_folder.h"

#define STAND_NOW INT64_C(1795357800) /* 2026-11-22T14:30:00Z */

/* A folder of a sandbox service that trusts a merchant, and the merchant's key. */
struct stand {
    char folder[64]; /* the service's; the merchant's key is merchant.key in it */
    struct pay_key *merchant;
    struct pay_key *service;
    struct pay_parties as_merchant, as_service;
};
/* Group fixtures: *state is a struct stand. The clock stands at STAND_NOW. */
int stand_setup(void **state);
int stand_teardown(void **state);
/* Fails the test with the error's text unless it is ERR_NONE. */
void stand_must(enum err_code code, const struct err *err);
/* folder/name; the caller frees. */
char *stand_path(const struct stand *stand, const char *name);
/* A notification, answer or request, signed; takes content over, the caller frees. */
char *stand_envelope(const struct pay_parties *parties, enum pay_kind kind, struct json *content);
struct json *stand_fact(const char *trade, int64_t amount_fen, enum payment_state state);

/* Serves with the stand's TLS identity on a free port of 127.0.0.1, until it is stopped. */
struct stand_server;
struct stand_server *stand_server_start(const struct stand *stand, struct loop *loop,
                                        const struct http_route *routes, size_t count,
                                        void *context);
/* Headers that the server adds from now on: call it before the first one is started. */
void stand_server_decorate(void (*decorate)(void *context, struct http_request *request));
/* "https://127.0.0.1:PORT" */
const char *stand_server_origin(const struct stand_server *server);
/* Ends the loop; the loop is the caller's again. */
void stand_server_stop(struct stand_server *server);
