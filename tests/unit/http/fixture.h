/* A server with one route of each kind, in a thread of its own. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "http/http_server.h"

#define FIXTURE_ECHO_BYTES_MAX 100
#define FIXTURE_BIG_BYTES (3 << 20)

struct fixture {
    struct loop *loop;
    struct http_server *server;
    pthread_t thread;
    bool running;
    uint16_t tls_port;
    uint16_t plain_port;
    char *folder;
    char *socket_path;
    struct http_request *later; /* waits for /release */
    atomic_int handled; /* calls of handlers */
    atomic_int gone; /* of on_gone */
    atomic_int sockets; /* open WebSockets */
};

/* times: 0 takes the default. */
void fixture_start(struct fixture *fixture, struct http_times times, unsigned connections_max);
void fixture_stop(struct fixture *fixture);
/* Waits until the counter has the value; fails the test after CLIENT_WAIT_MS. */
void fixture_wait_for(atomic_int *counter, int value);
