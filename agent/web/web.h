/* What browsers and terminals reach: the local API (docs/api/local.md) on loopback ports and on a Unix
 * socket. Everything belongs to the loop's thread. */
#pragma once

#include "base/err.h"
#include "base/loop.h"

#include <stdbool.h>

/* A port that is taken makes both of its pair move on by this much, so often. */
#define WEB_PORT_STEP 10
#define WEB_PORT_TRIES 3
#define WEB_SOCKET_NAME "ukeyd.sock"

struct web;
struct ops;

/* A listening socket that the service manager opened, TCP or Unix; see web_listen_sort. */
struct web_inherited {
    int fd;
    bool tls;
};

struct web_options {
    struct loop *loop;
    struct ops *ops; /* outlives the web side */
    const char *state_folder; /* identity/ is made in it */
    const char *runtime_folder; /* made when missing; WEB_SOCKET_NAME is made in it */
    uint16_t port; /* first HTTPS port, plain HTTP is one above; 0: free ones, for tests */
    /* Whether exactly this origin belongs to a platform. */
    bool (*origin_listed)(void *context, const char *origin);
    void *origin_context;
    bool
        unlimited; /* pages may fail as often as they like: for a fuzzer, whose requests are all wrong */
    /* Called when the TLS identity was taken into use: at the start, when all is listened on, and whenever it
     * was looked at again: it may be a new one. May be NULL. */
    loop_fn identity_used;
    void *identity_context;
    const struct web_inherited
        *inherited; /* taken over; what there is of TCP or of Unix sockets is not opened here */
    size_t inherited_count;
};

/* Listens on all of them, and says so in the log. Fails with ERR_PORTS_TAKEN, ERR_ALREADY_RUNNING (another
 * agent holds the Unix socket), ERR_SOCKET, ERR_FILE, ERR_CRYPTO, ERR_TLS. */
MUST_CHECK enum err_code web_new(const struct web_options *options, struct web **out,
                                 struct err *err);
/* Closes everything; whoever waits gets no answer. */
void web_free(struct web *web);
/* The ports that were opened, 0 for none. */
uint16_t web_https_port(const struct web *web);
uint16_t web_http_port(const struct web *web);
