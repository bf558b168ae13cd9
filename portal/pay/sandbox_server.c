#include "portal/pay/sandbox_server.h"

#include <string.h>

#include "portal/pay/pay_http.h"
#include "portal/pay/payment.h"
#include "portal/pay/sandbox_service.h"
#include "portal/portal_listener.h"

#define CONNECTIONS_MAX 64

/* In the order in which they must go. */
struct serving {
    struct http_server *server;
    struct sandbox_service *service;
    struct portal_listener listener;
};

static void serving_done(struct serving *serving)
{
    http_server_free(serving->server);
    sandbox_service_free(serving->service);
    portal_listener_done(&serving->listener);
}

static enum err_code open_server(struct serving *serving, struct err *err)
{
    const struct http_server_options options = {
        .loop = serving->listener.loop,
        .routes = sandbox_service_routes,
        .route_count = sandbox_service_route_count,
        .context = serving->service,
        .decorate = sandbox_service_decorate,
        .connections_max = CONNECTIONS_MAX,
    };
    return http_server_new(&options, &serving->server, err);
}

static enum err_code check_origin(const char *origin, struct err *err)
{
    if (origin == NULL || (pay_http_url_is_valid(origin, PAYMENT_URL_BYTES_MAX) &&
                           pay_http_origin_bytes(origin) == strlen(origin)))
        return ERR_NONE;
    return err_set(err, ERR_USAGE, "--portal: not https://HOST[:PORT]");
}

enum err_code sandbox_server_run(const char *folder, const char *listen,
                                 const char *merchant_origin, struct err *err)
{
    AUTO(serving_done)
    struct serving serving = {.listener = {.signals = -1, .socket = -1}};
    struct sandbox_folder *opened = NULL;
    if (check_origin(merchant_origin, err) != ERR_NONE ||
        portal_listener_open(&serving.listener, listen, err) != ERR_NONE ||
        sandbox_folder_open(folder, &opened, err) != ERR_NONE ||
        sandbox_service_new(serving.listener.loop, opened, merchant_origin, &serving.service,
                            err) != ERR_NONE ||
        open_server(&serving, err) != ERR_NONE ||
        portal_listener_serve(&serving.listener, serving.server, folder, err) != ERR_NONE)
        return err_add(err, "serve on %s", listen);
    return ERR_NONE;
}
