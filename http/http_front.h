/* Accepting: the listeners, the limit on connections, and whose turn it is to leave. */
#pragma once

#include "http/http_connection.h"

struct http_front;

struct http_front_options {
    struct loop *loop;
    unsigned connections_max;
    const struct http_times *times; /* no member is 0; outlives the front */
    struct http_connection_hooks hooks; /* over: before the connection is freed */
};

struct http_front *http_front_new(const struct http_front_options *options);
void http_front_free(struct http_front *front);
/* For the connections that come from now on. */
MUST_CHECK enum err_code http_front_set_identity(struct http_front *front, struct span cert_pem,
                                                 struct span key_pem, struct err *err);
/* Takes fd over. */
MUST_CHECK enum err_code http_front_listen(struct http_front *front, int fd, bool tls,
                                           struct err *err);
