/* The routes of docs/api/local.md; their context is a struct web_context. */
#pragma once

#include "http/http_server.h"

#define WEB_ROUTES_COUNT 16

extern const struct http_route web_routes[WEB_ROUTES_COUNT];
