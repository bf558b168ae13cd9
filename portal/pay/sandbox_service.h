/* The sandbox payment service over HTTPS: its page for payers, query and refund for the merchant. */
#pragma once

#include "base/loop.h"
#include "http/http_server.h"
#include "portal/pay/sandbox_folder.h"

struct sandbox_service;

/* merchant_origin: "https://host:port" that every address of a payment must begin with; NULL: any that
 * the merchant signed. folder: taken over. Sends what notifications are left. */
MUST_CHECK enum err_code sandbox_service_new(struct loop *loop, struct sandbox_folder *folder,
                                             const char *merchant_origin,
                                             struct sandbox_service **out, struct err *err);
void sandbox_service_free(struct sandbox_service *service);

/* The context of both is the service. */
extern const struct http_route sandbox_service_routes[];
extern const size_t sandbox_service_route_count;
void sandbox_service_decorate(void *context, struct http_request *request);
