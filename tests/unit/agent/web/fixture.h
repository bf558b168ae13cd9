/* The web side over the stand-in for the operations, in a thread of its own. */
#pragma once

#include <pthread.h>

#include "agent/web/web.h"
#include "tests/unit/agent/web/stand_in_ops.h"
#include "tests/unit/http/client.h"

#define LISTED "https://portal.test"
#define OTHER_LISTED "https://other.test:8443"

struct fixture {
    struct loop *loop;
    struct ops ops;
    struct web *web;
    pthread_t thread;
    char *folder;
    char *socket_path;
    uint16_t https;
    uint16_t http;
};

/* For cmocka: the state is the fixture. */
int fixture_start(void **state);
int fixture_stop(void **state);
/* Runs function(context) in the loop's thread and waits for its end. */
void fixture_call(struct fixture *fixture, void (*function)(void *context), void *context);
void fixture_wait_for(atomic_int *counter, int value);
/* "Host: 127.0.0.1:PORT\r\nOrigin: ...\r\n" of the HTTPS port; the caller frees. */
char *fixture_headers(const struct fixture *fixture, const char *origin);
/* Sends over HTTPS with a good Host and this origin, and reads the answer. body: NULL for none. */
void fixture_ask(const struct fixture *fixture, const char *origin, const char *method,
                 const char *path, const char *body, struct answer *out);
/* The "code" of a problem answer, the caller's; fails the test when it is none. */
char *fixture_code(const struct answer *answer);
